//! Periodic re-alignment: whenever windows are loaded, every track is brought back into step.
//!
//! How: a track carries a pattern of its own beside the data, whose number of ones under a transverse read says where the track
//! stands (Ollivier et al., "Leveraging Transverse Reads to Correct Alignment Faults in Domain Wall Memories", DSN 2019); it is
//! then moved by the difference, and read again. A reading that is wrong would have to be wrong twice, which is neglected.

use ap_program::Geometry;
use rand_chacha::ChaCha8Rng;
use rtm_ap::{Effect, Events, Machine, MachineLayer, PerRows, Strike};

use super::{Context, Left, Overhead, Protection, RowRuns, by_row};
use crate::models::FaultKind;
use crate::rates::FaultRates;
use crate::sampling::Fault;

/// Domains of the pattern: a transverse read tells up to five domains apart in practice, so two off in either direction.
const PATTERN_DOMAINS: f64 = 5.0;

/// What a track has more of to say where it stands.
pub(super) fn pattern() -> Overhead {
    // The pattern is read between the access port and one more.
    Overhead { domains: PATTERN_DOMAINS, ports: 1.0, ..Overhead::NOTHING }
}

/// Every track back into step at every load.
#[derive(Debug)]
pub struct RealignEachLoad;

impl Protection for RealignEachLoad {
    fn treat(&self, faults: &[Vec<Fault>], context: &Context<'_, '_>, _: &mut ChaCha8Rng) -> Left {
        realigned(by_row(faults.first().map_or(&[], Vec::as_slice)), context.machine)
    }

    fn overhead(&self, _: Geometry) -> Overhead {
        pattern()
    }

    fn events(&self, layer: &MachineLayer, events: Events, _: &[FaultKind], _: &FaultRates) -> Events {
        with_reads(layer, events)
    }
}

fn realigned(mut rows: Vec<RowRuns>, machine: &Machine) -> Left {
    for row in &mut rows {
        let layer = machine.layers().get(row.layer as usize);
        let Some(sites) = layer.and_then(|layer| layer.strike_sites(row.program as usize)) else { continue };
        for strikes in &mut row.runs {
            let back = |strike: &Strike| match strike.effect {
                Effect::Slip { column, .. } => sites
                    .next_load_group(strike.instruction + 1)
                    .map(|instruction| Strike { instruction, bit: 0, effect: Effect::Realign { column } }),
                _ => None,
            };
            let mut back: Vec<Strike> = strikes.iter().filter_map(back).collect();
            back.sort_unstable();
            back.dedup();
            strikes.extend(back);
        }
    }
    Left { rows, given_up: 0 }
}

/// A transverse read of every track of every row at each group of loads, column by column.
fn with_reads(layer: &MachineLayer, mut events: Events) -> Events {
    let groups =
        |program: usize| layer.strike_sites(program).map_or(0, rtm_ap::StrikeSites::load_groups) as u64;
    let groups: Vec<u64> = (0..layer.counts().len()).map(groups).collect();
    let columns = layer.geometry().columns() as u64;
    events.stored_bits += PerRows::uniform(groups.iter().sum::<u64>() * columns, layer.rows()).physical;
    events.serial.reads += groups.iter().max().copied().unwrap_or(0) * columns;
    events
}
