//! Match lines in segments.

use rtm_ap::{Machine, Segments};

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

/// Numbers of segments that are compared.
pub(super) fn segment_counts() -> impl Iterator<Item = Segments> {
    Segments::all().take_while(|segments| segments.count() <= 32)
}

/// Columns of match line that a search precharges if a row has this many segments, the mean of all searches and rows.
pub(super) fn active_columns(machine: &Machine, segments: Segments) -> f64 {
    let width = segments.columns(machine.options().geometry.columns()) as f64;
    let mut active = 0.0;
    let mut searches = 0.0;
    for layer in machine.layers() {
        let (precharged, all) = layer.demand().precharges.totals(segments);
        let rows = layer.rows().physical as f64;
        active += precharged as f64 * width * rows;
        searches += all as f64 * rows;
    }
    active / searches.max(1.0)
}
