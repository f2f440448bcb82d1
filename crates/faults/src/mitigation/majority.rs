//! Majority of three: three copies of every row compute the same, on arrays of their own, and the periphery votes on each bit
//! of an accumulator.

use ap_program::Geometry;
use rand_chacha::ChaCha8Rng;
use rtm_ap::{Events, MachineLayer, PerRows};

use super::{Context, Left, Overhead, Protection, RowRuns, by_row};
use crate::models::FaultKind;
use crate::rates::FaultRates;
use crate::sampling::Fault;

/// How many copies.
const COPIES: u32 = 3;

/// Every row three times, and a vote.
#[derive(Debug)]
pub struct MajorityOfThree;

impl Protection for MajorityOfThree {
    fn copies(&self) -> u32 {
        COPIES
    }

    fn treat(&self, faults: &[Vec<Fault>], _: &Context<'_, '_>, _: &mut ChaCha8Rng) -> Left {
        outvote(faults)
    }

    fn overhead(&self, _: Geometry) -> Overhead {
        Overhead { arrays: f64::from(COPIES), ..Overhead::NOTHING }
    }

    fn events(&self, layer: &MachineLayer, events: Events, _: &[FaultKind], _: &FaultRates) -> Events {
        events_of_copies(layer, events)
    }
}

/// A row with a fault in one copy only is outvoted; the others are executed.
fn outvote(copies: &[Vec<Fault>]) -> Left {
    let mut all: Vec<RowRuns> = copies.iter().flat_map(|faults| by_row(faults)).collect();
    let place = |row: &RowRuns| (row.layer, row.program, row.position);
    all.sort_by_key(place);
    let rows = all
        .chunk_by(|a, b| place(a) == place(b))
        .filter(|copies| copies.len() > 1)
        .map(|copies| {
            let runs = copies.iter().flat_map(|copy| copy.runs.iter().cloned()).collect();
            RowRuns { runs, ..copies[0].clone() }
        })
        .collect();
    Left { rows, given_up: 0 }
}

/// The bits on which at least two of three agree.
pub(crate) fn vote(a: i32, b: i32, c: i32) -> i32 {
    (a & b) | (b & c) | (a & c)
}

/// Three times everything but the program's fetch and what follows a layer, and two comparisons for each accumulator.
fn events_of_copies(layer: &MachineLayer, events: Events) -> Events {
    let copies = f64::from(COPIES);
    let stored: usize = layer.compiled().programs.iter().map(|program| program.outputs().count()).sum();
    let votes = 2.0 * stored as f64 * layer.rows().occupied as f64;
    Events {
        words_fetched: events.words_fetched,
        output_bits: events.output_bits,
        requantizations: events.requantizations,
        pool_operations: events.pool_operations + votes,
        processors: events.processors * u64::from(COPIES),
        serial: events.serial,
        ..times(events, copies)
    }
}

/// All counts and steps several times, on the same processors.
pub(super) fn times(events: Events, factor: f64) -> Events {
    let of_rows = |count: PerRows| count * factor;
    let steps = |count: u64| (count as f64 * factor).round() as u64;
    Events {
        row_searches: of_rows(events.row_searches),
        searched_bits: of_rows(events.searched_bits),
        driven_columns: events.driven_columns * factor,
        tagged_bits: of_rows(events.tagged_bits),
        broadcast_bits: of_rows(events.broadcast_bits),
        latch: events.latch.map(of_rows),
        track_steps: of_rows(events.track_steps),
        loaded_bits: events.loaded_bits * factor,
        stored_bits: events.stored_bits * factor,
        words_fetched: events.words_fetched * factor,
        words_broadcast: events.words_broadcast * factor,
        serial: rtm_ap::SerialSteps {
            compares: steps(events.serial.compares),
            writes: steps(events.serial.writes),
            latch_writes: steps(events.serial.latch_writes),
            shifts: steps(events.serial.shifts),
            reads: steps(events.serial.reads),
        },
        ..events
    }
}
