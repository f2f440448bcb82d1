//! `share`: common subexpressions of a group's sums become definitions.

mod cross_channel;
mod greedy_pairs;
pub mod search;

use network::TernaryWeights;
use rayon::prelude::*;

use crate::ir::{Group, LayerSums};
use crate::pass::{Transform, TransformError};

/// The pass.
pub struct Share;

impl Transform for Share {
    const NAME: &'static str = "share";
    const DESCRIPTION: &'static str =
        "turns common subexpressions into definitions, by the algorithm that is set";
    type Takes = LayerSums;
    type Makes = LayerSums;
    type Told = Sharing;

    fn run(mut sums: LayerSums, sharing: Sharing) -> Result<LayerSums, TransformError> {
        share(&mut sums, sharing.algorithm());
        Ok(sums)
    }
}

names::names! {
    /// The algorithms, by the names that manifests and the command line use.
    #[derive(Hash, PartialOrd, Ord)]
    pub enum Sharing: "a way to share subexpressions" {
        /// Nothing is shared: the unrolled program.
        None = "none",
        /// The paper's: within one input channel, the most frequent pair of terms is replaced until none occurs twice.
        PerChannel = "per-channel",
        /// Over several input channels at once, or all: the pair that saves most, and among those the one that stands least in
        /// the way of others.
        CrossChannel = "cross-channel",
        /// The same, and a search from there: shared terms are taken apart and shared anew, and what is better is kept.
        Searched = "searched",
    }
}

impl Sharing {
    /// The implementation.
    pub fn algorithm(self) -> &'static dyn CommonSubexpressions {
        match self {
            Self::None => &Unshared,
            Self::PerChannel => &greedy_pairs::GreedyPairs,
            Self::CrossChannel => &cross_channel::CrossChannel,
            Self::Searched => &search::Searched,
        }
    }

    /// Into how many groups input channels are taken where no array limits what is shared.
    pub fn groups_without_limits(self, weights: &TernaryWeights) -> usize {
        match self {
            Self::None | Self::PerChannel => weights.inputs(),
            Self::CrossChannel | Self::Searched => 1,
        }
    }
}

/// A way to find subexpressions that several sums of a group share.
pub trait CommonSubexpressions: Sync {
    /// Rewrites the sums with definitions; the value of every sum stays the same.
    fn share(&self, group: &mut Group);
}

struct Unshared;

impl CommonSubexpressions for Unshared {
    fn share(&self, _: &mut Group) {}
}

/// Runs an algorithm on every group; groups are independent, so the result does not depend on the number of threads.
pub fn share(sums: &mut LayerSums, algorithm: &dyn CommonSubexpressions) {
    sums.groups.par_iter_mut().for_each(|group| algorithm.share(group));
}
