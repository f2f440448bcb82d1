//! The cheapest schedule of passes for a bit function, by exhaustive search.
//!
//! A configuration records, for every bit pattern that a row can start with, what it has become. A pass maps configurations to
//! configurations; the schedule is a cheapest path from the identity to the wanted function (Dijkstra, every masked key and
//! every write mask tried from every configuration). What is returned is therefore optimal under the stated cost: no
//! configuration that is cheaper to reach computes the function.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use ap_program::{Lut, LutError, Pass, Pattern};

/// What passes cost, in arbitrary whole units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ScheduleCost {
    /// Of a pass that searches.
    pub compare: u64,
    /// Of every column that its key does not mask.
    pub compared_column: u64,
    /// Of a write.
    pub write: u64,
    /// Of a bit written, for every starting pattern that the pass tags.
    pub written_bit: u64,
}

impl ScheduleCost {
    /// As few cycles as possible; among those as few bits written, then as few columns searched.
    pub const CYCLES: Self = Self { compare: 10_000, compared_column: 1, write: 10_000, written_bit: 20 };
}

/// What it costs to write the latch instead of a cell, and which column of a function the latch is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LatchCost {
    /// The latch among the columns, one bit.
    pub column: u8,
    /// Of a write of the latch alone.
    pub write: u64,
    /// Of the latch written, for every starting pattern that the pass tags.
    pub written_bit: u64,
}

impl LatchCost {
    /// Beside [`ScheduleCost::CYCLES`]: of schedules of as many cycles that which writes cells in the fewest of them, then the fewest bits.
    pub const fn beside_cycles(column: u8) -> Self {
        Self { column, write: 9_000, written_bit: 1 }
    }
}

/// One bit of an operation: what the columns become.
#[derive(Clone, Copy)]
pub struct BitFunction<'a> {
    /// The name of the table.
    pub name: &'a str,
    /// The columns' names; bit `i` of a state is column `i`.
    pub columns: &'a [&'a str],
    /// The columns that may be written, and whose result is defined by `result`.
    pub writable: u8,
    /// Columns that are 0 when the operation starts.
    pub cleared: u8,
    /// Columns whose result does not matter.
    pub unused: u8,
    /// The state that a state has to become; only the writable columns are looked at.
    pub result: fn(u8) -> u8,
}

/// Why there is no schedule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SynthesisError {
    /// No sequence of passes computes the function.
    #[error("no sequence of passes computes `{0}`: two rows that have to differ cannot be told apart")]
    Impossible(String),
    /// The function's columns are not a table's.
    #[error(transparent)]
    Lut(#[from] LutError),
}

/// The cheapest table for a function, and its cost.
///
/// # Errors
/// If no sequence of passes computes it.
pub fn synthesize(function: &BitFunction<'_>, cost: ScheduleCost) -> Result<(Lut, u64), SynthesisError> {
    synthesize_with(function, cost, None)
}

/// The same where one of the columns is a latch.
///
/// # Errors
/// If no sequence of passes computes it.
pub fn synthesize_with(
    function: &BitFunction<'_>,
    cost: ScheduleCost,
    latch: Option<LatchCost>,
) -> Result<(Lut, u64), SynthesisError> {
    let search = Search::new(function, cost, latch);
    // Ways that cannot end within a limit are not followed; the limit rises until one does.
    let mut limit = search.least_still_to_pay(search.identity);
    loop {
        match search.within(limit) {
            Outcome::Found { passes, cost } => {
                let names = function.columns.iter().map(|&name| name.to_owned()).collect();
                return Ok((Lut::new(function.name, names, passes)?, cost));
            }
            Outcome::Dearer { at_least } => limit = at_least + cost.compare + cost.write,
            Outcome::Exhausted => return Err(SynthesisError::Impossible(function.name.to_owned())),
        }
    }
}

/// The state of the row that started with pattern `i` in the four bits from `4 i` on.
type Configuration = u64;

enum Outcome {
    Found {
        passes: Vec<Pass>,
        cost: u64,
    },
    /// Every schedule costs more than the limit.
    Dearer {
        at_least: u64,
    },
    /// Every configuration that can be reached was, and none is the goal.
    Exhausted,
}

struct Search {
    cost: ScheduleCost,
    /// As cells where there is none.
    latch: LatchCost,
    identity: Configuration,
    goal: Configuration,
    /// The goal's bits that matter.
    relevant: Configuration,
    /// All bits of the rows that there are.
    every: Configuration,
    /// The relevant columns in which the goal differs from row to row.
    varied: Configuration,
    keys: Vec<Pattern>,
    writes: Vec<Pattern>,
}

impl Search {
    fn new(function: &BitFunction<'_>, cost: ScheduleCost, latch: Option<LatchCost>) -> Self {
        let latch =
            latch.unwrap_or(LatchCost { column: 0, write: cost.write, written_bit: cost.written_bit });
        let columns = function.columns.len();
        let starts: Vec<u8> = (0..1_u8 << columns).filter(|state| state & function.cleared == 0).collect();
        let packed = |state_of: &dyn Fn(u8) -> u8| {
            let rows = starts.iter().enumerate();
            rows.fold(0, |packed, (row, &start)| packed | Configuration::from(state_of(start)) << (4 * row))
        };
        let relevant = function.writable & !function.unused;
        let (every, goal) = (packed(&|_| 0xf), packed(&|start| (function.result)(start) & relevant));
        let varied = (0..columns).map(|column| 1 << column).filter(|&column| {
            let ones = goal & repeated(column);
            ones != 0 && ones != every & repeated(column)
        });
        Self {
            cost,
            latch,
            identity: packed(&|start| start),
            goal,
            relevant: repeated(relevant) & every,
            every,
            varied: varied.fold(0, |varied, column| varied | repeated(column)),
            keys: patterns(columns, !0).collect(),
            writes: patterns(columns, function.writable).filter(|write| write.mask() != 0).collect(),
        }
    }

    /// Rows that have become equal stay equal: a configuration that merged two rows with different results is lost.
    fn is_lost(&self, configuration: Configuration) -> bool {
        let mut result_of = [None; 16];
        (0..self.every.count_ones()).step_by(4).any(|row| {
            let seen = &mut result_of[(configuration >> row) as usize & 0xf];
            let result = self.goal >> row & 0xf;
            seen.replace(result).is_some_and(|earlier| earlier != result)
        })
    }

    /// A lower bound: every wrong bit is written; a column that has to become 0 in one row and 1 in another is written twice;
    /// and without a search a column can only become the same in all rows.
    fn least_still_to_pay(&self, configuration: Configuration) -> u64 {
        let wrong = (configuration ^ self.goal) & self.relevant;
        let columns_of = |bits: Configuration| {
            let halves = bits | bits >> 32;
            let quarters = halves | halves >> 16;
            let eighths = quarters | quarters >> 8;
            (eighths | eighths >> 4) & 0xf
        };
        let twice = columns_of(wrong & self.goal) & columns_of(wrong & !self.goal) != 0;
        let writes = u64::from(wrong != 0) + u64::from(twice);
        let compares = u64::from(wrong & self.varied != 0);
        // A latch is no dearer to write than a cell.
        let (write, bits) = if self.latch.column == 0 {
            (self.cost.write, self.cost.written_bit)
        } else {
            (self.latch.write.min(self.cost.write), self.latch.written_bit.min(self.cost.written_bit))
        };
        compares * (self.cost.compare + self.cost.compared_column)
            + writes * write
            + u64::from(wrong.count_ones()) * bits
    }

    /// What a pass pays to write a number of rows.
    fn write_cost(&self, write: Pattern, rows: u64) -> u64 {
        let cells = u64::from(write.within(!self.latch.column).width());
        let latch = u64::from(write.width()) - cells;
        let step = if cells == 0 && latch > 0 { self.latch.write } else { self.cost.write };
        step + (cells * self.cost.written_bit + latch * self.latch.written_bit) * rows
    }

    /// Dijkstra's search over configurations from which a schedule may end within the limit.
    fn within(&self, limit: u64) -> Outcome {
        let mut best: HashMap<Configuration, (u64, Configuration, Option<Pass>)> =
            HashMap::from([(self.identity, (0, self.identity, None))]);
        let mut queue = BinaryHeap::from([Reverse((0, self.identity))]);
        let mut least_beyond = u64::MAX;
        let mut narrowest = Vec::new();
        while let Some(Reverse((reached, configuration))) = queue.pop() {
            if best.get(&configuration).is_some_and(|&(cheapest, ..)| cheapest < reached) {
                continue;
            }
            if (configuration ^ self.goal) & self.relevant == 0 {
                let mut passes = Vec::new();
                let mut at = configuration;
                while let Some(&(_, before, Some(pass))) = best.get(&at) {
                    passes.push(pass);
                    at = before;
                }
                passes.reverse();
                return Outcome::Found { passes, cost: reached };
            }
            self.narrowest_keys(configuration, &mut narrowest);
            for &(rows, key) in &narrowest {
                let compare = if key.mask() == 0 {
                    0
                } else {
                    self.cost.compare + self.cost.compared_column * u64::from(key.width())
                };
                let tagged = u64::from(rows.count_ones() / 4);
                for &write in &self.writes {
                    let next =
                        (configuration & !(rows & repeated(write.mask()))) | (rows & repeated(write.value()));
                    let total = reached + compare + self.write_cost(write, tagged);
                    let at_least = total + self.least_still_to_pay(next);
                    if at_least > limit {
                        least_beyond = least_beyond.min(at_least);
                    } else if next != configuration
                        && best.get(&next).is_none_or(|&(cheapest, ..)| total < cheapest)
                        && !self.is_lost(next)
                    {
                        best.insert(next, (total, configuration, Some(Pass { key, write })));
                        queue.push(Reverse((total, next)));
                    }
                }
            }
        }
        if least_beyond == u64::MAX { Outcome::Exhausted } else { Outcome::Dearer { at_least: least_beyond } }
    }

    /// Of the keys that find the same rows only the first of the narrowest can be on a cheapest way.
    fn narrowest_keys(&self, configuration: Configuration, narrowest: &mut Vec<(Configuration, Pattern)>) {
        narrowest.clear();
        for &key in &self.keys {
            let rows = matching(configuration, key) & self.every;
            match narrowest.iter_mut().find(|(found, _)| *found == rows) {
                Some((_, known)) if key.width() < known.width() => *known = key,
                Some(_) => {}
                None if rows == 0 => {}
                None => narrowest.push((rows, key)),
            }
        }
    }
}

/// The configuration in which all rows are in one state.
const fn repeated(state: u8) -> Configuration {
    state as Configuration * 0x1111_1111_1111_1111
}

/// All four bits of each row that matches a key.
const fn matching(configuration: Configuration, key: Pattern) -> Configuration {
    let differs = (configuration ^ repeated(key.value())) & repeated(key.mask());
    let halves = differs | differs >> 1;
    let any = (halves | halves >> 2) & repeated(1);
    (any ^ repeated(1)) * 0xf
}

/// Every pattern that names none but the given columns.
fn patterns(columns: usize, of: u8) -> impl Iterator<Item = Pattern> {
    let masks = (0..1_u8 << columns).filter(move |mask| mask & !of == 0);
    masks.flat_map(|mask| (0..=mask).filter(move |v| v & !mask == 0).map(move |v| Pattern::new(mask, v)))
}
