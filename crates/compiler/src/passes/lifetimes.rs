//! `lifetimes`: the order of a group's sums, and terms that are accumulated early.
//!
//! A shared term takes room from the first sum that needs it to the last, and a term that is out of reach costs track steps.
//! Two things are done about it, neither of which costs an operation:
//! - The sums are put in a row one by one. Next comes the sum that needs the fewest terms that are not there yet, less the
//!   terms that no other sum needs any more.
//! - A sum of `n` terms takes `n - 1` additions and one into its accumulator, or `n` into its accumulator. So when more
//!   terms are alive than there is room for, the one that would wait longest is added to all accumulators that still want
//!   it, and is gone. It is a register spill that costs a few bits of width instead of an access to memory.

use ap_program::Geometry;
use rayon::prelude::*;

use crate::ir::{Definition, Group, LayerSums, OutputSum, SignedTerm, TermId};
use crate::pass::{Settings, Told, Transform, TransformError};
use crate::passes::Tiling;
use crate::passes::widths::{Span, accumulator_spans};

/// The pass.
pub struct Lifetimes;

impl Transform for Lifetimes {
    const NAME: &'static str = "lifetimes";
    const DESCRIPTION: &'static str =
        "orders sums and accumulates terms early, so that few are alive together";
    type Takes = LayerSums;
    type Makes = LayerSums;
    type Told = Room;

    /// About as many terms as there is room for are alive at a time. The sums of an output may come in several parts; the operations
    /// stay the same.
    fn run(mut sums: LayerSums, room: Room) -> Result<LayerSums, TransformError> {
        let most_alive = room.terms(&sums);
        sums.groups.par_iter_mut().for_each(|group| shorten_lifetimes(group, most_alive));
        Ok(sums)
    }
}

/// Where terms stand that are alive together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    geometry: Geometry,
    tiling: Option<Tiling>,
}

impl Told for Room {
    const OPTIONS: &'static [&'static str] = Geometry::OPTIONS;

    fn of(settings: &Settings) -> Option<Self> {
        Some(Self { geometry: settings.geometry, tiling: settings.tiling })
    }
}

impl Room {
    /// How many terms are to be alive together: one a column along the tracks; across columns as many as fit beside window and accumulators.
    fn terms(self, sums: &LayerSums) -> usize {
        let Some(Tiling { outputs_per_block, window_lanes }) = self.tiling else {
            return self.geometry.columns();
        };
        let spans = accumulator_spans(sums).into_iter();
        let accumulator = spans.map(|span| span.format(sums.input_maximum).bits).max().unwrap_or(1);
        let input = Span { added: 1, subtracted: 0 }.format(sums.input_maximum).bits;
        let taken = outputs_per_block * usize::from(accumulator) + window_lanes * usize::from(input);
        self.geometry.columns().saturating_sub(taken + 1) / usize::from(input + TERM_GROWTH)
    }
}

/// Bits that a shared term has beyond an input's: a sign and the growth of a few additions.
const TERM_GROWTH: u8 = 3;

/// A term that leaves counts for more than one that comes: of two sums that leave as many terms alive, the one that renews
/// more goes first.
const GONE_WEIGHT: i64 = 2;

/// Reorders the sums of a group and accumulates terms early, so that about `most_alive` shared terms are alive at a time;
/// more only where each of them is part of a term to come.
fn shorten_lifetimes(group: &mut Group, most_alive: usize) {
    order_sums(group);
    let sums = EarlyAccumulation::new(group).run(most_alive);
    group.sums = sums;
}

fn order_sums(group: &mut Group) {
    let needs: Vec<Vec<usize>> = needed_definitions(group);
    let mut needed_by = vec![Vec::new(); group.definitions.len()];
    for (sum, definitions) in needs.iter().enumerate() {
        for &definition in definitions {
            needed_by[definition].push(sum);
        }
    }
    let mut present = vec![false; group.definitions.len()];
    let mut remaining: Vec<usize> = needed_by.iter().map(Vec::len).collect();
    // For every sum the terms that it would add, less those that it would be the last to need.
    let mut growth: Vec<i64> = needs.iter().map(|needs| needs.len() as i64).collect();
    let mut waiting: Vec<usize> = (0..group.sums.len()).collect();
    let mut order = Vec::with_capacity(waiting.len());
    while let Some(place) = (0..waiting.len()).min_by_key(|&place| (growth[waiting[place]], waiting[place])) {
        let next = waiting.remove(place);
        order.push(next);
        for &definition in &needs[next] {
            let users = &needed_by[definition];
            if !std::mem::replace(&mut present[definition], true) {
                users.iter().for_each(|&sum| growth[sum] -= 1);
            }
            remaining[definition] -= 1;
            if remaining[definition] == 1 {
                users.iter().for_each(|&sum| growth[sum] -= GONE_WEIGHT);
            }
        }
    }
    let mut sums: Vec<Option<OutputSum>> = std::mem::take(&mut group.sums).into_iter().map(Some).collect();
    group.sums.extend(order.into_iter().filter_map(|sum| sums[sum].take()));
}

/// For every sum the definitions that it needs, directly or through others.
fn needed_definitions(group: &Group) -> Vec<Vec<usize>> {
    let mut seen_by = vec![usize::MAX; group.definitions.len()];
    let collect = |(index, sum): (usize, &OutputSum)| {
        let mut open: Vec<usize> =
            sum.terms.iter().filter_map(|term| definition_of(group, term.id)).collect();
        let mut needed = Vec::new();
        while let Some(definition) = open.pop() {
            if std::mem::replace(&mut seen_by[definition], index) != index {
                needed.push(definition);
                open.extend(operands(group, definition));
            }
        }
        needed
    };
    group.sums.iter().enumerate().map(collect).collect()
}

/// Which definition a term is, if it is not a tap.
fn definition_of(group: &Group, term: TermId) -> Option<usize> {
    term.index().checked_sub(group.taps.len())
}

/// The definitions that a definition uses.
fn operands(group: &Group, definition: usize) -> impl Iterator<Item = usize> + '_ {
    let Definition { left, right, .. } = group.definitions[definition];
    [left, right].into_iter().filter_map(|term| definition_of(group, term))
}

/// A walk over the sums in their order, as `schedule` will make it.
struct EarlyAccumulation<'a> {
    group: &'a Group,
    /// For every sum the terms that it still has to add.
    terms: Vec<Vec<SignedTerm>>,
    /// For every definition the sums to come that have it as a term, the next one last.
    waiting_sums: Vec<Vec<usize>>,
    /// For every definition the number of its uses in definitions to come.
    waiting_definitions: Vec<usize>,
    present: Vec<bool>,
    /// Definitions that are there and have uses to come.
    alive: Vec<usize>,
    result: Vec<OutputSum>,
}

impl<'a> EarlyAccumulation<'a> {
    fn new(group: &'a Group) -> Self {
        let definitions = group.definitions.len();
        let mut waiting_definitions = vec![0; definitions];
        for definition in 0..definitions {
            operands(group, definition).for_each(|operand| waiting_definitions[operand] += 1);
        }
        let mut waiting_sums = vec![Vec::new(); definitions];
        for (index, sum) in group.sums.iter().enumerate().rev() {
            for definition in sum.terms.iter().filter_map(|term| definition_of(group, term.id)) {
                waiting_sums[definition].push(index);
            }
        }
        Self {
            group,
            terms: group.sums.iter().map(|sum| sum.terms.clone()).collect(),
            waiting_sums,
            waiting_definitions,
            present: vec![false; definitions],
            alive: Vec::new(),
            result: Vec::with_capacity(group.sums.len()),
        }
    }

    fn run(mut self, most_alive: usize) -> Vec<OutputSum> {
        for index in 0..self.terms.len() {
            self.add_sum(index);
            let Self { alive, waiting_sums, waiting_definitions, .. } = &mut self;
            alive.retain(|&d| waiting_definitions[d] > 0 || !waiting_sums[d].is_empty());
            while self.alive.len() > most_alive {
                let Some(place) = self.longest_waiting() else { break };
                let definition = self.alive.swap_remove(place);
                self.accumulate(definition);
            }
        }
        self.result
    }

    /// Takes what is left of a sum to the result, and the definitions that it needs among those that are there.
    fn add_sum(&mut self, index: usize) {
        let terms = std::mem::take(&mut self.terms[index]);
        if terms.is_empty() {
            return;
        }
        let mut open = Vec::new();
        for definition in terms.iter().filter_map(|term| definition_of(self.group, term.id)) {
            self.waiting_sums[definition].pop();
            open.push(definition);
        }
        while let Some(definition) = open.pop() {
            if !std::mem::replace(&mut self.present[definition], true) {
                self.alive.push(definition);
                for operand in operands(self.group, definition) {
                    self.waiting_definitions[operand] -= 1;
                    open.push(operand);
                }
            }
        }
        self.result.push(OutputSum { output: self.group.sums[index].output, terms });
    }

    /// The place in `alive` of the definition whose next use is farthest, among those that only sums use.
    fn longest_waiting(&self) -> Option<usize> {
        let next_use = |place: usize| {
            let definition = self.alive[place];
            let next =
                self.waiting_sums[definition].last().filter(|_| self.waiting_definitions[definition] == 0)?;
            Some((*next, definition, place))
        };
        (0..self.alive.len()).filter_map(next_use).max().map(|(_, _, place)| place)
    }

    /// Adds a definition to the accumulators of all sums that wait for it, in the order of the outputs.
    fn accumulate(&mut self, definition: usize) {
        let first = self.result.len();
        for index in std::mem::take(&mut self.waiting_sums[definition]) {
            let terms = &mut self.terms[index];
            if let Some(place) =
                terms.iter().position(|term| definition_of(self.group, term.id) == Some(definition))
            {
                let term = terms.remove(place);
                self.result.push(OutputSum { output: self.group.sums[index].output, terms: vec![term] });
            }
        }
        self.result[first..].sort_by_key(|sum| sum.output);
    }
}

#[cfg(test)]
mod tests {
    use network::TernaryWeights;

    use super::*;
    use crate::{Sharing, share_layer};

    fn group() -> Group {
        let mut state = 1_u64;
        let mut weight = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            [0, 0, 1, -1, 0][(state >> 33) as usize % 5]
        };
        let values = (0..48 * 40).map(|_| weight()).collect();
        let weights = TernaryWeights::new([48, 40, 1, 1], values).unwrap();
        share_layer("random", &weights, 15, Sharing::CrossChannel).groups.swap_remove(0)
    }

    /// The most definitions alive after a sum that still have uses to come in later sums.
    fn most_waiting_for_sums(group: &Group) -> usize {
        let needs = needed_definitions(group);
        let (mut first, mut last) =
            (vec![usize::MAX; group.definitions.len()], vec![0; group.definitions.len()]);
        for (place, sum) in group.sums.iter().enumerate() {
            needs[place].iter().for_each(|&definition| first[definition] = first[definition].min(place));
            sum.terms
                .iter()
                .filter_map(|term| definition_of(group, term.id))
                .for_each(|definition| last[definition] = place);
        }
        let alive =
            |place: usize| first.iter().zip(&last).filter(|&(&f, &l)| f <= place && place < l).count();
        (0..group.sums.len()).map(alive).max().unwrap_or(0)
    }

    /// All terms of every output, whatever the order and however they are split.
    fn terms_by_output(group: &Group) -> Vec<(u32, SignedTerm)> {
        let terms = |sum: &OutputSum| sum.terms.iter().map(|&term| (sum.output, term)).collect::<Vec<_>>();
        let mut all: Vec<_> = group.sums.iter().flat_map(terms).collect();
        all.sort_unstable();
        all
    }

    #[test]
    fn every_output_keeps_its_terms_and_the_operations_stay_the_same() {
        for most_alive in [0, 1, 5, 20, 1000] {
            let (before, mut after) = (group(), group());
            shorten_lifetimes(&mut after, most_alive);
            assert_eq!(terms_by_output(&after), terms_by_output(&before));
            assert_eq!(after.adders() + after.accumulates(), before.adders() + before.accumulates());
        }
    }

    #[test]
    fn fewer_terms_are_alive_the_fewer_may_be() {
        let waiting = |most_alive| {
            let mut group = group();
            shorten_lifetimes(&mut group, most_alive);
            most_waiting_for_sums(&group)
        };
        assert!(waiting(1000) < most_waiting_for_sums(&group()));
        // What is left are mostly terms of terms to come, which cannot go early.
        assert!(2 * waiting(20) < waiting(1000) && waiting(0) <= waiting(20));
    }

    #[test]
    fn a_bound_that_is_never_reached_splits_no_sum() {
        let mut group = group();
        let sums = group.sums.len();
        shorten_lifetimes(&mut group, 1000);
        assert_eq!(group.sums.len(), sums);
    }
}
