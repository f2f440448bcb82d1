//! The random streams of studies, by name: what is drawn from each, and the numbers that key it.
//!
//! A stream is keyed by the experiment's seed, a stage, a trial and a unit. Stages from 0 on are the points of a campaign; those here
//! lie beyond all of them.

use faults::Stream;

/// Stage of the resampling of images for intervals of a point with faults.
const BOOTSTRAP: u64 = u64::MAX;
/// Stage of the resampling of images for intervals of a crossbar.
const CROSSBAR_BOOTSTRAP: u64 = u64::MAX - 1;
/// The first stage of those that cells of crossbars are drawn from.
const CELLS: u64 = 1 << 32;

/// Resamples images for the intervals of a point with faults, which is told by its stage.
pub fn bootstrap(seed: u64, stage: u64) -> Stream {
    Stream { seed, stage: BOOTSTRAP, trial: stage, unit: 0 }
}

/// Resamples images for the intervals of a crossbar under a condition.
pub fn crossbar_bootstrap(seed: u64, crossbar: u64, condition: u64) -> Stream {
    Stream { seed, stage: CROSSBAR_BOOTSTRAP, trial: crossbar, unit: condition }
}

/// Draws the cells of a crossbar in a trial under a condition.
pub fn cells(seed: u64, crossbar: u64, trial: u64, condition: u64) -> Stream {
    Stream { seed, stage: CELLS + crossbar, trial, unit: condition }
}
