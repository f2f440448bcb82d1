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

    /// One of the units of a series that it runs, as a draw says; none if it runs none of them.
    pub(crate) fn drawn(self, series: u64, most: u64, draw: u64) -> Option<u64> {
        // The first that it runs; every `count`-th after it is another.
        let first = (self.index + self.count - series % self.count) % self.count;
        let units = most.checked_sub(first)?.div_ceil(self.count);
        (units > 0).then(|| first + draw % units * self.count)
    }

    /// Whether it runs a unit of a series.
    pub(crate) fn runs(self, series: u64, unit: u64) -> bool {
        (series + unit) % self.count == self.index
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_drawn_is_a_unit_that_the_shard_runs_and_all_of_them_are() {
        for (index, count, series, most) in
            [(0, 1, 0, 5), (2, 3, 7, 20), (1, 4, 3, 9), (3, 4, 0, 3), (5, 8, 2, 2)]
        {
            let shard = Shard { index, count };
            let runs: Vec<u64> = (0..most).filter(|&unit| shard.runs(series, unit)).collect();
            let mut drawn: Vec<u64> = (0..100).filter_map(|draw| shard.drawn(series, most, draw)).collect();
            drawn.sort_unstable();
            drawn.dedup();
            assert_eq!(drawn, runs, "{shard:?}");
        }
    }
}
