//! Stuck-at cells: the junction at a track's port always reads the same bit.
//!
//! They belong to a piece of hardware, so they are drawn once for a trial and strike every image and every layer that the
//! processor takes part in.

use ap_program::Geometry;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::rate_of;
use crate::sampling::exponential;

/// A cell of a processor that always reads the same bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct StuckCell {
    pub processor: u32,
    /// The row in it.
    pub row: u32,
    pub column: u16,
    /// The bit that it reads.
    pub value: bool,
}

/// Draws the stuck cells of some processors, in order.
pub fn draw_stuck_cells(
    rate: f64,
    processors: u64,
    geometry: Geometry,
    generator: &mut ChaCha8Rng,
) -> Vec<StuckCell> {
    let (rows, columns) = (geometry.rows(), geometry.columns());
    let cells = processors as f64 * rows as f64 * columns as f64;
    let (total, mut at) = (cells * rate_of(rate), exponential(generator));
    let mut stuck = Vec::new();
    while at < total {
        stuck.push(StuckCell {
            processor: generator.random_range(0..processors.max(1)) as u32,
            row: generator.random_range(0..rows) as u32,
            column: generator.random_range(0..columns) as u16,
            value: generator.random(),
        });
        at += exponential(generator);
    }
    stuck.sort_unstable();
    stuck.dedup_by_key(|cell| (cell.processor, cell.row, cell.column));
    stuck
}
