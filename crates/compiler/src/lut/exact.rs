//! The cheapest sequence of steps for a bit function on given hardware, by an exact search.
//!
//! **States.** A state records, for every bit pattern that a row can start with, the bits that the row holds now and the
//! tags that it has: one plane of bits for each column and for each tag register, a bit for each starting pattern. What a
//! step does to a row depends on those alone, so steps are the edges of a finite graph, and a schedule is a path from the
//! identity, untagged, to any state whose relevant columns hold the result. The search is A* over that graph; a state that
//! is reached more cheaply later is taken up again. A state comes off the queue in the order of a lower bound of what a
//! whole schedule through it costs, so when the first goal comes off, no schedule is cheaper.
//!
//! **Steps left out**, none of which a cheapest schedule needs: a search that finds the same rows as another with fewer
//! columns in its key; one that finds no row, or every row (a broadcast needs no search, and a tag of every row serves
//! nothing else); one that does not change the tag; one that adds all of a tag's rows and more (it can replace the tag); a
//! write that sets some column to what all its rows hold already (the write without that column leaves the same state and
//! is no dearer). The two tag registers can be exchanged in a whole schedule, so of two states that differ by that exchange
//! one is kept.
//!
//! **Lost states.** Rows with the same bits and the same tags stay the same for ever. If they need different results, no
//! schedule goes on.
//!
//! **Lower bound of what is still to be paid** (wrong: a bit that differs from the result in a relevant column).
//! - Written bits: each wrong bit has to be written.
//! - Writes: at least one if a bit is wrong, and two if some column has to be set to 0 in one row and to 1 in another; if a
//!   write sets one column only, this holds for every column by itself.
//! - Compares: rows with the same tags (a class) are written alike until a compare tells them apart. Without a further
//!   compare, every column of a class is either right in all its rows, or is wanted alike in all of them. A compare cuts a
//!   class by a cube: by the rows that match one key. Writes before that compare treat the class alike, so within it they
//!   only make columns constant: the compare still cuts it by a cube of the present bits, or not at all. Hence the depth of
//!   the shallowest tree of cubes whose leaves all satisfy the condition bounds the compares from below. Depths up to three
//!   are told apart.

use std::cmp::Reverse;
use std::collections::hash_map::Entry;
use std::collections::{BinaryHeap, HashMap};

use ap_program::{LutError, Pattern};

use super::features::{Features, Step, StepSchedule, Tag, TagRegisters};
use super::{BitFunction, ScheduleCost, SynthesisError};

/// The result of an exact search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Synthesis {
    /// A schedule, and no schedule costs less.
    Optimal(StepSchedule),
    /// The search was given up. Every schedule costs at least this.
    Open {
        /// The proven bound.
        at_least: u64,
    },
}

/// The cheapest steps for a function. The search keeps at most `most_states` states before it gives up.
///
/// # Errors
/// If no sequence of steps computes the function, or it has no column or more than four.
pub fn synthesize_steps(
    function: &BitFunction<'_>,
    features: Features,
    cost: ScheduleCost,
    most_states: usize,
) -> Result<Synthesis, SynthesisError> {
    let columns = function.columns.len();
    if columns == 0 || columns > COLUMNS {
        let name = function.name.to_owned();
        return Err(LutError::Columns { name, found: columns }.into());
    }
    let problem = Problem::new(function, features, cost);
    // States dearer than a limit are not kept; the limit rises until a schedule lies within it.
    let mut limit = 0;
    loop {
        match problem.search(limit, most_states) {
            Outcome::Found(steps) => {
                let schedule = StepSchedule { columns, starts: problem.starts, steps };
                return Ok(Synthesis::Optimal(schedule));
            }
            Outcome::Dearer { at_least } => limit = at_least + cost.compare.max(cost.write),
            Outcome::GivenUp { at_least } => return Ok(Synthesis::Open { at_least }),
            Outcome::Exhausted => return Err(SynthesisError::Impossible(function.name.to_owned())),
        }
    }
}

const COLUMNS: usize = 4;

/// A set of starting patterns.
type Rows = u16;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct State {
    /// For each column, the rows that hold a 1.
    planes: [Rows; COLUMNS],
    /// For each register, the rows that it tags.
    tags: [Rows; 2],
}

/// A state on the cheapest known way to it.
struct Node {
    state: State,
    reached: u64,
    /// The node before, the step from it, and whether the tag registers changed names after the step.
    before: Option<(usize, Step, bool)>,
    done: bool,
}

enum Outcome {
    Found(Vec<Step>),
    /// Every schedule costs more than the limit.
    Dearer {
        at_least: u64,
    },
    GivenUp {
        at_least: u64,
    },
    /// Every state that can be reached was, and none is a goal.
    Exhausted,
}

struct Problem {
    features: Features,
    cost: ScheduleCost,
    starts: Vec<u8>,
    columns: usize,
    every: Rows,
    identity: State,
    /// Columns that have to hold a result, and the rows in which that is a 1.
    wanted: Vec<(usize, Rows)>,
    /// The result of each row, relevant columns only.
    results: Vec<u8>,
    writes: Vec<Pattern>,
}

impl Problem {
    fn new(function: &BitFunction<'_>, features: Features, cost: ScheduleCost) -> Self {
        let columns = function.columns.len();
        let starts: Vec<u8> = (0..1_u8 << columns).filter(|state| state & function.cleared == 0).collect();
        let plane = |bits: &dyn Fn(u8) -> u8, column: usize| {
            let ones = starts.iter().enumerate().filter(|&(_, &start)| bits(start) >> column & 1 == 1);
            ones.fold(0, |plane: Rows, (row, _)| plane | 1 << row)
        };
        let relevant = function.writable & !function.unused;
        let mut identity = State { planes: [0; COLUMNS], tags: [0; 2] };
        for column in 0..columns {
            identity.planes[column] = plane(&|state| state, column);
        }
        let wanted = (0..columns)
            .filter(|column| relevant >> column & 1 == 1)
            .map(|column| (column, plane(&function.result, column)))
            .collect();
        let all_patterns = (1..1_u8 << columns).flat_map(|mask| {
            (0..=mask).filter(move |value| value & !mask == 0).map(move |v| Pattern::new(mask, v))
        });
        let writes = all_patterns
            .filter(|pattern| pattern.mask() & !function.writable == 0)
            .filter(|pattern| features.multi_column_write || pattern.width() == 1)
            .collect();
        Self {
            features,
            cost,
            columns,
            every: starts.iter().enumerate().fold(0, |every, (row, _)| every | 1 << row),
            identity,
            wanted,
            results: starts.iter().map(|&start| (function.result)(start) & relevant).collect(),
            starts,
            writes,
        }
    }

    fn is_goal(&self, state: &State) -> bool {
        self.wanted.iter().all(|&(column, ones)| state.planes[column] == ones)
    }

    /// Whether two rows that are alike need different results.
    fn is_lost(&self, state: &State) -> bool {
        let mut result_of = [None; 1 << (COLUMNS + 2)];
        self.results.iter().enumerate().any(|(row, &result)| {
            let planes = state.planes.iter().chain(&state.tags);
            let alike = planes.fold(0, |bits, plane| bits << 1 | usize::from(plane >> row & 1));
            result_of[alike].replace(result).is_some_and(|earlier| earlier != result)
        })
    }

    /// The part of the lower bound that is quickly found: written bits, writes, and whether a compare is needed at all.
    fn quick_bound(&self, state: &State) -> u64 {
        let (mut wrong_bits, mut values, mut most_values) = (0, 0, 0);
        for &(column, ones) in &self.wanted {
            let wrong = state.planes[column] ^ ones;
            wrong_bits += wrong.count_ones();
            let here = u64::from(wrong & ones != 0) + u64::from(wrong & !ones != 0);
            values += here;
            most_values = most_values.max(here);
        }
        let writes = if self.features.multi_column_write { most_values } else { values };
        let settled = classes(state, self.every).iter().all(|&class| self.is_settled(state, class));
        let compares = if settled { 0 } else { self.cost.compare + self.cost.compared_column };
        writes * self.cost.write + u64::from(wrong_bits) * self.cost.written_bit + compares
    }

    /// The other part: the compares after the first, by the depth of cuts.
    fn further_compares_bound(&self, state: &State) -> u64 {
        let classes = classes(state, self.every);
        let mixed: Vec<Rows> = classes.into_iter().filter(|&class| !self.is_settled(state, class)).collect();
        if mixed.is_empty() {
            return 0;
        }
        let cubes = self.cubes(state);
        let within_one = |rows: Rows| {
            let cut = |&(cube, _): &(Rows, Pattern)| {
                self.is_settled(state, rows & cube) && self.is_settled(state, rows & !cube)
            };
            self.is_settled(state, rows) || cubes.iter().any(cut)
        };
        let within_two =
            |rows: Rows| cubes.iter().any(|&(cube, _)| within_one(rows & cube) && within_one(rows & !cube));
        let further = if mixed.iter().all(|&class| within_one(class)) {
            0
        } else if mixed.iter().all(|&class| within_two(class)) {
            1
        } else {
            2
        };
        further * (self.cost.compare + self.cost.compared_column)
    }

    /// Whether rows that are written alike can all get their results: every column is right, or wanted alike.
    fn is_settled(&self, state: &State, rows: Rows) -> bool {
        self.wanted.iter().all(|&(column, ones)| {
            (state.planes[column] ^ ones) & rows == 0 || rows & ones == 0 || rows & !ones == 0
        })
    }

    /// The sets of rows that a search can find, neither none nor all, each with the narrowest key.
    fn cubes(&self, state: &State) -> Vec<(Rows, Pattern)> {
        let mut cubes = vec![(self.every, Pattern::NONE)];
        for (column, &ones) in state.planes.iter().enumerate().take(self.columns) {
            for index in 0..cubes.len() {
                let (rows, key) = cubes[index];
                let bit = 1 << column;
                cubes.push((rows & ones, Pattern::new(key.mask() | bit, key.value() | bit)));
                cubes.push((rows & !ones, Pattern::new(key.mask() | bit, key.value())));
            }
        }
        cubes.retain(|&(rows, key)| rows != 0 && rows != self.every && key != Pattern::NONE);
        cubes.sort_unstable_by_key(|&(rows, key)| (rows, key.width(), key));
        cubes.dedup_by_key(|&mut (rows, _)| rows);
        cubes
    }

    /// The sets of rows that a search for all columns can find.
    fn full_keys(&self, state: &State) -> Vec<(Rows, Pattern)> {
        let all = ((1_u16 << self.columns) - 1) as u8;
        let key = |value: u8| {
            let planes = state.planes.iter().enumerate().take(self.columns);
            let rows = planes.fold(self.every, |rows, (column, &ones)| {
                rows & if value >> column & 1 == 1 { ones } else { !ones }
            });
            (rows, Pattern::new(all, value))
        };
        (0..=all).map(key).filter(|&(rows, _)| rows != 0 && rows != self.every).collect()
    }

    fn search(&self, limit: u64, most_states: usize) -> Outcome {
        let mut nodes = vec![Node { state: self.identity, reached: 0, before: None, done: false }];
        let mut known: HashMap<State, usize> = HashMap::from([(self.identity, 0)]);
        // By bound, then the farther one first, then the older one: the order is the same in every run.
        let start = (self.quick_bound(&self.identity), Reverse(0_u64), 0_usize, false);
        let mut queue = BinaryHeap::from([Reverse(start)]);
        let mut least_beyond = u64::MAX;
        let exchangeable = self.features.tag_registers == TagRegisters::Two;
        while let Some(Reverse((bound, Reverse(reached), index, bounded))) = queue.pop() {
            let node = &mut nodes[index];
            if node.reached < reached || node.done {
                continue;
            }
            let state = node.state;
            if !bounded {
                // The dear part is computed when a state first comes off the queue: most never do.
                let bound = bound + self.further_compares_bound(&state);
                if bound > limit {
                    least_beyond = least_beyond.min(bound);
                } else {
                    queue.push(Reverse((bound, Reverse(reached), index, true)));
                }
                continue;
            }
            node.done = true;
            if self.is_goal(&state) {
                return Outcome::Found(steps_to(&nodes, index));
            }
            if nodes.len() > most_states {
                return Outcome::GivenUp { at_least: bound };
            }
            self.for_each_step(&state, &mut |step, after, price| {
                let (total, swapped) = (reached + price, exchangeable && after.tags[0] > after.tags[1]);
                let after = State {
                    tags: if swapped { [after.tags[1], after.tags[0]] } else { after.tags },
                    ..after
                };
                let bound = total + self.quick_bound(&after);
                if bound > limit {
                    least_beyond = least_beyond.min(bound);
                    return;
                }
                let before = Some((index, step, swapped));
                let next = match known.entry(after) {
                    Entry::Occupied(entry) => {
                        let next = *entry.get();
                        if nodes[next].reached <= total {
                            return;
                        }
                        nodes[next] = Node { state: after, reached: total, before, done: false };
                        next
                    }
                    Entry::Vacant(_) if self.is_lost(&after) => return,
                    Entry::Vacant(entry) => {
                        nodes.push(Node { state: after, reached: total, before, done: false });
                        *entry.insert(nodes.len() - 1)
                    }
                };
                queue.push(Reverse((bound, Reverse(total), next, false)));
            });
        }
        if least_beyond == u64::MAX { Outcome::Exhausted } else { Outcome::Dearer { at_least: least_beyond } }
    }

    /// Every step that may be needed in a state, with the state after it and its price.
    fn for_each_step(&self, state: &State, found: &mut dyn FnMut(Step, State, u64)) {
        let tags = self.features.tag_registers.all();
        let found_by = if self.features.masked_keys { self.cubes(state) } else { self.full_keys(state) };
        for (rows, key) in found_by {
            let price = self.cost.compare + self.cost.compared_column * u64::from(key.width());
            for &tag in tags {
                let tagged = state.tags[tag.index()];
                let mut search = |joins: bool, tagged: Rows| {
                    let mut after = *state;
                    after.tags[tag.index()] = tagged;
                    found(Step::Search { tag, key, joins }, after, price);
                };
                if rows != tagged {
                    search(false, rows);
                }
                if self.features.or_into_tag && rows & !tagged != 0 && tagged & !rows != 0 {
                    search(true, rows | tagged);
                }
            }
        }
        for &tag in tags {
            let step = |pattern| Step::Write { tag, pattern };
            self.writes(state, state.tags[tag.index()], &step, found);
        }
        if self.features.broadcast_past_tags {
            self.writes(state, self.every, &|pattern| Step::Broadcast { through: None, pattern }, found);
        } else {
            for &tag in tags {
                let mut all_tagged = *state;
                all_tagged.tags[tag.index()] = self.every;
                let step = |pattern| Step::Broadcast { through: Some(tag), pattern };
                self.writes(&all_tagged, self.every, &step, found);
            }
        }
    }

    fn writes(
        &self,
        state: &State,
        rows: Rows,
        step: &dyn Fn(Pattern) -> Step,
        found: &mut dyn FnMut(Step, State, u64),
    ) {
        for &pattern in &self.writes {
            let mut after = *state;
            let mut changes_every_column = true;
            for (column, plane) in after.planes.iter_mut().enumerate() {
                if pattern.mask() >> column & 1 == 1 {
                    let before = *plane;
                    *plane = if pattern.value() >> column & 1 == 1 { before | rows } else { before & !rows };
                    changes_every_column &= *plane != before;
                }
            }
            if changes_every_column {
                let written = u64::from(pattern.width() * rows.count_ones());
                found(step(pattern), after, self.cost.write + self.cost.written_bit * written);
            }
        }
    }
}

/// The rows by the tags that they have.
fn classes(state: &State, every: Rows) -> [Rows; 4] {
    let [first, second] = state.tags;
    [first & second, first & !second, second & !first, every & !first & !second]
}

/// The steps to a node, with the registers' names that they had at the start.
fn steps_to(nodes: &[Node], goal: usize) -> Vec<Step> {
    let mut way = Vec::new();
    let mut at = goal;
    while let Some((before, step, swapped)) = nodes[at].before {
        way.push((step, swapped));
        at = before;
    }
    let mut exchanged = false;
    way.into_iter()
        .rev()
        .map(|(step, swapped)| {
            let name = |tag: Tag| if exchanged { tag.other() } else { tag };
            let step = match step {
                Step::Search { tag, key, joins } => Step::Search { tag: name(tag), key, joins },
                Step::Write { tag, pattern } => Step::Write { tag: name(tag), pattern },
                Step::Broadcast { through, pattern } => {
                    Step::Broadcast { through: through.map(name), pattern }
                }
            };
            exchanged ^= swapped;
            step
        })
        .collect()
}
