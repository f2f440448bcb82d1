//! Detection and re-execution: when a program ends, a transverse read of every track says whether it stands where it should;
//! rows with a track that does not run once more.
//!
//! Detection follows Ollivier et al. (DSN 2019). A slip is missed if the read is wrong, or if the track slipped back before the end.
//! Accumulators are updated in place, so a row can only run again from the layer's start. All rows of a processor receive
//! the program, so its runs end when its last row has passed.

use std::collections::BTreeMap;

use ap_program::Geometry;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rtm_ap::{Effect, Events, MachineLayer, PerRows, Strike};

use super::{Context, Left, MOST_RUNS, Overhead, Protection, RowRuns, by_row};
use crate::models::FaultKind;
use crate::rates::FaultRates;
use crate::sampling::Fault;

/// Runs again until the check passes.
#[derive(Debug)]
pub struct CheckAndRepeat;

impl Protection for CheckAndRepeat {
    fn treat(&self, faults: &[Vec<Fault>], context: &Context<'_, '_>, generator: &mut ChaCha8Rng) -> Left {
        repeated(by_row(faults.first().map_or(&[], Vec::as_slice)), context, generator)
    }

    fn overhead(&self, _: Geometry) -> Overhead {
        super::realignment::pattern()
    }

    fn events(
        &self,
        layer: &MachineLayer,
        events: Events,
        kinds: &[FaultKind],
        rates: &FaultRates,
    ) -> Events {
        with_runs(layer, events, kinds, rates)
    }
}

fn repeated(rows: Vec<RowRuns>, context: &Context<'_, '_>, generator: &mut ChaCha8Rng) -> Left {
    let mut left = Left::default();
    for mut row in rows {
        let hazard = context.hazards.of_row(row.layer, row.program);
        let mut runs = 1;
        while let Some(strikes) = row.runs.pop() {
            if passes(&strikes, context.rates.detector, generator) {
                if !strikes.is_empty() {
                    row.runs.push(strikes);
                    left.rows.push(row);
                }
                break;
            }
            if runs == MOST_RUNS || hopeless(hazard, MOST_RUNS - runs) {
                left.given_up += 1;
                row.runs.push(strikes);
                left.rows.push(row);
                break;
            }
            let mut again = context.hazards.draw_row(row.layer, row.program, generator);
            again.extend(strikes.iter().filter(|strike| matches!(strike.effect, Effect::Stick { .. })));
            row.runs.push(again);
            runs += 1;
        }
    }
    left
}

/// Whether no run of those that are left could be expected to pass: less than one in a million.
fn hopeless(hazard: f64, runs: u32) -> bool {
    libm::exp(-hazard) * f64::from(runs) < 1e-6
}

/// Whether the check at the end finds no displaced track.
fn passes(strikes: &[Strike], detector: f64, generator: &mut ChaCha8Rng) -> bool {
    let mut displaced: BTreeMap<u16, i32> = BTreeMap::new();
    for strike in strikes {
        match strike.effect {
            Effect::Slip { column, by } => *displaced.entry(column).or_default() += i32::from(by),
            Effect::Realign { column } => {
                displaced.insert(column, 0);
            }
            _ => {}
        }
    }
    displaced.values().filter(|&&by| by != 0).all(|_| generator.random::<f64>() < detector)
}

/// Every run costs what the layer costs, and a transverse read of every track.
fn with_runs(layer: &MachineLayer, events: Events, kinds: &[FaultKind], rates: &FaultRates) -> Events {
    let columns = layer.geometry().columns() as u64;
    let mut once = events;
    once.stored_bits += PerRows::uniform(columns, layer.rows()).physical * layer.counts().len() as f64;
    once.serial.reads += columns;
    let runs = (0..layer.counts().len())
        .map(|program| expected_runs(layer, program, kinds, rates))
        .fold(1.0, f64::max);
    super::majority::times(once, runs)
}

/// How often a program is expected to run until every row of a processor has passed.
fn expected_runs(layer: &MachineLayer, program: usize, kinds: &[FaultKind], rates: &FaultRates) -> f64 {
    let moves = &layer.programs()[program].counts().moves;
    let hazard = |of: crate::rates::TrainRates| -> f64 {
        moves.iter().enumerate().map(|(distance, &count)| count as f64 * of.hazard(distance)).sum()
    };
    let mut of_row = rates.detector * layer.geometry().columns() as f64;
    for kind in kinds {
        of_row += match kind {
            FaultKind::OutOfStepByOne => hazard(rates.by_one),
            FaultKind::OutOfStepByTwo => hazard(rates.by_two),
            _ => 0.0,
        };
    }
    let rows = layer.rows().occupied.min(layer.geometry().rows() as u64) as f64;
    let fails = -libm::expm1(-of_row);
    // The processor runs a further time unless all of its rows have passed.
    (0..MOST_RUNS)
        .map(|runs| -libm::expm1(rows * libm::log1p(-libm::pow(fails, f64::from(runs)).min(1.0))))
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::rand_core::SeedableRng;

    fn slip(column: u16, by: i8) -> Strike {
        Strike { instruction: 3, bit: 0, effect: Effect::Slip { column, by } }
    }

    #[test]
    fn a_track_that_slipped_back_passes_the_check_and_one_that_did_not_fails_it() {
        let mut generator = ChaCha8Rng::from_seed([1; 32]);
        assert!(passes(&[], 0.0, &mut generator));
        assert!(passes(&[slip(4, 1), slip(4, -1)], 0.0, &mut generator));
        assert!(!passes(&[slip(4, 1), slip(5, -1)], 0.0, &mut generator));
        assert!(passes(&[slip(4, 1)], 1.0, &mut generator));
    }
}
