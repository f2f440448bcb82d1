//! Match lines in segments.

use rtm_ap::{Machine, PerRows};

tables::table! {
    /// Match lines in segments: only segments that hold a column of the key are precharged. Programs are placed without regard to segments.
    pub struct SegmentRow: "segments" {
        /// Name of the way to compile.
        flow: String,
        /// Segments of a row.
        segments: usize,
        /// Columns of match line in a search, the mean of all.
        active_columns: f64,
        /// Energy for one image, searches charged by match line.
        energy: f64 = "uJ",
        /// Energy over that of a whole match line.
        relative_energy: f64,
    }
}

/// Segments of a row.
pub(super) const SEGMENT_COUNTS: [usize; 6] = [1, 2, 4, 8, 16, 32];

/// Columns of match line that a search precharges if a row has this many segments, the mean of all searches and rows.
pub(super) fn active_columns(machine: &Machine, segments: usize) -> f64 {
    let mut active = PerRows::default();
    let mut searches = 0.0;
    for layer in machine.layers() {
        let (columns, all) = layer.precharged_columns(segments);
        let rows = layer.rows().physical as f64;
        active.physical += columns * rows;
        searches += all * rows;
    }
    active.physical / searches.max(1.0)
}
