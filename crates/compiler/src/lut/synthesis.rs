//! The cheapest schedule of passes for a bit function, by exhaustive search.
//!
//! A configuration records, for every bit pattern that a row can start with, what it has become. A pass maps configurations to
//! configurations; the schedule is a cheapest path from the identity to the wanted function (Dijkstra, every masked key and
//! every write mask tried from every configuration). What is returned is therefore optimal under the stated cost: no
//! configuration that is cheaper to reach computes the function.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use super::{Lut, LutError, Pass, Pattern};

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
    let columns = function.columns.len();
    let starts: Vec<u8> = (0..1_u8 << columns).filter(|state| state & function.cleared == 0).collect();
    let wanted: Vec<u8> = starts.iter().map(|&state| (function.result)(state) & function.writable).collect();
    let relevant = function.writable & !function.unused;
    let passes = candidate_passes(columns, function.writable);

    let identity =
        starts.iter().enumerate().fold(0_u64, |packed, (i, &state)| packed | u64::from(state) << (4 * i));
    let state_of = |configuration: u64, i: usize| (configuration >> (4 * i)) as u8 & 0xf;
    let is_goal = |configuration: u64| {
        wanted.iter().enumerate().all(|(i, &w)| (state_of(configuration, i) ^ w) & relevant == 0)
    };
    // Rows that have become equal stay equal: a configuration that merged two rows with different results is lost.
    let is_lost = |configuration: u64| {
        let mut result_of = [None; 16];
        wanted.iter().enumerate().any(|(i, &w)| {
            let seen = &mut result_of[usize::from(state_of(configuration, i))];
            seen.replace(w & relevant).is_some_and(|earlier| earlier != w & relevant)
        })
    };

    let mut best: HashMap<u64, (u64, u64, Option<usize>)> = HashMap::from([(identity, (0, identity, None))]);
    let mut queue = BinaryHeap::from([Reverse((0_u64, identity))]);
    while let Some(Reverse((reached, configuration))) = queue.pop() {
        if best.get(&configuration).is_some_and(|&(cheapest, ..)| cheapest < reached) {
            continue;
        }
        if is_goal(configuration) {
            let mut schedule = Vec::new();
            let mut at = configuration;
            while let Some(&(_, before, Some(pass))) = best.get(&at) {
                schedule.push(passes[pass]);
                at = before;
            }
            schedule.reverse();
            let names = function.columns.iter().map(|&name| name.to_owned()).collect();
            return Ok((Lut::new(function.name, names, schedule)?, reached));
        }
        for (index, pass) in passes.iter().enumerate() {
            let (mut next, mut tagged) = (0_u64, 0_u64);
            for i in 0..starts.len() {
                let state = state_of(configuration, i);
                let matches = pass.key.matches(state);
                tagged += u64::from(matches);
                next |= u64::from(if matches { pass.write.written_to(state) } else { state }) << (4 * i);
            }
            if next == configuration || is_lost(next) {
                continue;
            }
            let compare = if pass.compares() {
                cost.compare + cost.compared_column * u64::from(pass.key.width())
            } else {
                0
            };
            let total =
                reached + compare + cost.write + cost.written_bit * u64::from(pass.write.width()) * tagged;
            if best.get(&next).is_none_or(|&(cheapest, ..)| total < cheapest) {
                best.insert(next, (total, configuration, Some(index)));
                queue.push(Reverse((total, next)));
            }
        }
    }
    Err(SynthesisError::Impossible(function.name.to_owned()))
}

fn candidate_passes(columns: usize, writable: u8) -> Vec<Pass> {
    let patterns: Vec<Pattern> = (0..1_u8 << columns)
        .flat_map(|mask| {
            (0..1_u8 << columns).filter(move |v| v & !mask == 0).map(move |v| Pattern::new(mask, v))
        })
        .collect();
    patterns
        .iter()
        .flat_map(|&key| {
            patterns
                .iter()
                .filter(move |write| write.mask != 0 && write.mask & !writable == 0)
                .map(move |&write| Pass { key, write })
        })
        .collect()
}
