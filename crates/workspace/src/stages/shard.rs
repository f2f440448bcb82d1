//! A part of an experiment's series.

use crate::error::WorkspaceError;

/// A part of an experiment's series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// Which, counted from 0.
    pub index: u64,
    /// Of how many.
    pub count: u64,
}

/// More parts than any cluster has cores; each is a file.
pub const MOST_SHARDS: u64 = 1 << 16;

impl Shard {
    /// Checks into how many parts a series is to be divided.
    ///
    /// # Errors
    /// If it is none, or absurdly many.
    pub fn check_count(count: u64) -> Result<(), WorkspaceError> {
        match count {
            1..=MOST_SHARDS => Ok(()),
            0 => Err(WorkspaceError::argument("--count 0: there is at least one shard")),
            _ => Err(WorkspaceError::argument(format!(
                "--count {count}: there are at most {MOST_SHARDS} shards"
            ))),
        }
    }

    /// Whether it runs a unit of a series.
    pub(crate) fn runs(self, series: u64, unit: u64) -> bool {
        (series + unit) % self.count == self.index
    }
}
