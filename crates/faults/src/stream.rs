//! Random streams that belong to a place in an experiment.

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

impl Stream {
    /// The generator of this place: ChaCha with eight rounds, keyed by the four numbers.
    pub fn generator(self) -> ChaCha8Rng {
        let mut key = [0_u8; 32];
        for (bytes, number) in key.chunks_exact_mut(8).zip([self.seed, self.stage, self.trial, self.unit]) {
            bytes.copy_from_slice(&number.to_le_bytes());
        }
        ChaCha8Rng::from_seed(key)
    }
}
