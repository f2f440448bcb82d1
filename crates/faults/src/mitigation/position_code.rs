//! A position code on every track, checked after every pulse train: p-ECC of Zhang et al., "Hi-fi Playback" (ISCA 2015).
//!
//! A track carries a known pattern that travels with the data past a port of its own; two bits of it, read after each pulse
//! train, tell whether the track stands right, one domain off in either direction, or two. One domain is corrected at once.
//! What is left is what the detector gets wrong: see the model [`crate::MissedSlip`].

use ap_program::Geometry;
use rtm_ap::{Events, MachineLayer, PerRows};

use super::{Overhead, Protection};
use crate::models::{FaultKind, FaultModel, MissedSlip};
use crate::rates::{FaultRates, trains};

/// Bits of the pattern that a check reads.
const CHECKED_BITS: u64 = 2;

/// The pattern has to reach as far as the track travels; the spare domains at one end do that already. What it needs beyond
/// them, for two domains off in either direction: an assumption from the code's construction.
const MORE_DOMAINS: f64 = 4.0;

/// The code on every track.
#[derive(Debug)]
pub struct PositionCode;

impl Protection for PositionCode {
    fn models(&self, kinds: &[FaultKind], rates: &FaultRates) -> Vec<Box<dyn FaultModel>> {
        let model = |kind: &FaultKind| -> Option<Box<dyn FaultModel>> {
            match kind {
                FaultKind::OutOfStepByOne => {
                    Some(Box::new(MissedSlip { rates: rates.by_one, detector: rates.detector }))
                }
                // Detected, and the layer runs again: it costs time, once in ages, but no answer.
                FaultKind::OutOfStepByTwo => None,
                _ => kind.model(rates),
            }
        };
        kinds.iter().filter_map(model).collect()
    }

    fn overhead(&self, _: Geometry) -> Overhead {
        Overhead { domains: MORE_DOMAINS, ports: CHECKED_BITS as f64, ..Overhead::NOTHING }
    }

    fn events(&self, layer: &MachineLayer, events: Events, _: &[FaultKind], _: &FaultRates) -> Events {
        with_checks(layer, events)
    }
}

/// Two bits are read of every track that moved, after every train of its move; tracks that moved together are checked together.
fn with_checks(layer: &MachineLayer, mut events: Events) -> Events {
    let of_moves = |by_distance: &[u64]| -> u64 {
        by_distance.iter().enumerate().map(|(distance, moves)| moves * trains(distance)).sum()
    };
    let checked: u64 = layer.counts().map(|counts| of_moves(&counts.moves)).sum();
    events.stored_bits += PerRows::uniform(CHECKED_BITS * checked, layer.rows()).physical;
    let checks =
        |program: usize| layer.strike_sites(program).map_or(0, |sites| of_moves(sites.moving_bits()));
    events.serial.reads += CHECKED_BITS * (0..layer.counts().len()).map(checks).max().unwrap_or(0);
    events
}
