//! Random streams that belong to a place in an experiment. Every place that draws is named here, with the numbers that key its
//! stream, so that no two share one by chance.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

/// Where a stream of random numbers belongs: the same place gives the same numbers at any number of threads, and in any
/// split of the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Stream {
    /// The experiment's seed.
    pub seed: u64,
    /// The part of the experiment, for example a fault point.
    pub stage: u64,
    /// The trial within it.
    pub trial: u64,
    /// A place within the trial, for example an image.
    pub unit: u64,
}

/// Streams of resampling: beyond the number of any fault point.
const RESAMPLING: u64 = u64::MAX;
/// The same for cells of a crossbar.
const RESAMPLING_OF_CELLS: u64 = u64::MAX - 1;
/// Cells of a crossbar, by number of the point: beyond fault points, before resampling.
const CELLS: u64 = 1 << 32;

/// Streams of a trial that belong to no image.
const HARDWARE: u64 = u64::MAX;
/// Added to an image's number, times the copy of its rows.
const COPY: u64 = 1 << 40;
/// Added to an image's number for what a protection draws: beyond all copies.
const PROTECTION: u64 = COPY << 8;

impl Stream {
    /// The faults of a copy of an image's rows, in a trial of a fault point.
    pub(crate) fn faults(seed: u64, point: u64, trial: u64, image: u64, copy: u64) -> Self {
        Self { seed, stage: point, trial, unit: image + copy * COPY }
    }

    /// What a protection draws for an image: runs that are repeated, and whether checks see what they should.
    pub(crate) fn protection(seed: u64, point: u64, trial: u64, image: u64) -> Self {
        Self { seed, stage: point, trial, unit: image + PROTECTION }
    }

    /// The piece of hardware of a trial of a fault point.
    pub(crate) fn hardware(seed: u64, point: u64, trial: u64) -> Self {
        Self { seed, stage: point, trial, unit: HARDWARE }
    }

    /// The intervals of a fault point's summary: bootstrap over images.
    pub fn resampling(seed: u64, point: u64) -> Self {
        Self { seed, stage: RESAMPLING, trial: point, unit: 0 }
    }

    /// The cells of a crossbar, in a trial of a numbered point under a condition.
    pub fn cells(seed: u64, point: u64, trial: u64, condition: u64) -> Self {
        Self { seed, stage: CELLS + point, trial, unit: condition }
    }

    /// The intervals of such a point.
    pub fn resampling_of_cells(seed: u64, point: u64, condition: u64) -> Self {
        Self { seed, stage: RESAMPLING_OF_CELLS, trial: point, unit: condition }
    }

    /// The generator of this place: ChaCha with eight rounds, keyed by the four numbers.
    pub fn generator(self) -> ChaCha8Rng {
        let mut key = [0_u8; 32];
        for (bytes, number) in key.chunks_exact_mut(8).zip([self.seed, self.stage, self.trial, self.unit]) {
            bytes.copy_from_slice(&number.to_le_bytes());
        }
        ChaCha8Rng::from_seed(key)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_two_places_of_a_point_share_a_stream() {
        let mut seen = HashSet::new();
        for image in [0, 1, 9_999, COPY - 1] {
            (0..8).for_each(|copy| assert!(seen.insert(Stream::faults(1, 2, 3, image, copy))));
            assert!(seen.insert(Stream::protection(1, 2, 3, image)));
        }
        assert!(seen.insert(Stream::hardware(1, 2, 3)));
        assert!(seen.insert(Stream::resampling(1, 2)));
        assert!(seen.insert(Stream::resampling_of_cells(1, 2, 0)));
        assert!(seen.insert(Stream::cells(1, 2, 3, 0)));
    }
}
