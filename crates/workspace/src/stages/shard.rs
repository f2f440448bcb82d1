//! A part of an experiment's series.

/// A part of an experiment's series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// Which, counted from 0.
    pub index: u64,
    /// Of how many.
    pub count: u64,
}

impl Shard {
    /// Whether it runs a unit of a series.
    pub(crate) fn runs(self, series: u64, unit: u64) -> bool {
        (series + unit) % self.count == self.index
    }
}
