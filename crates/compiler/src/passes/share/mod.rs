//! `share`: common subexpressions of a group's sums become definitions.

mod cross_channel;
mod greedy_pairs;
mod lifetimes;

use std::fmt;
use std::str::FromStr;

use rayon::prelude::*;

use crate::ir::{Group, LayerSums};

/// The algorithms, by the names that manifests and the command line use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Sharing {
    /// Nothing is shared: the unrolled program.
    None,
    /// The paper's: within one input channel, the most frequent pair of terms is replaced until none occurs twice.
    PerChannel,
    /// Over several input channels at once, or all: the pair that saves most, and among those the one that stands least in
    /// the way of others.
    CrossChannel,
}

impl Sharing {
    /// Every algorithm.
    pub const ALL: [Self; 3] = [Self::None, Self::PerChannel, Self::CrossChannel];

    /// The name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::PerChannel => "per-channel",
            Self::CrossChannel => "cross-channel",
        }
    }

    /// The implementation.
    pub fn algorithm(self) -> &'static dyn CommonSubexpressions {
        match self {
            Self::None => &Unshared,
            Self::PerChannel => &greedy_pairs::GreedyPairs,
            Self::CrossChannel => &cross_channel::CrossChannel,
        }
    }
}

impl fmt::Display for Sharing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that no algorithm has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a way to share subexpressions; there are: none, per-channel, cross-channel")]
pub struct UnknownSharing(String);

impl FromStr for Sharing {
    type Err = UnknownSharing;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|sharing| sharing.name() == text)
            .ok_or_else(|| UnknownSharing(text.to_owned()))
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

/// Makes shared terms live shortly in every group: about `most_alive` at a time, in an order of the sums that suits them. The
/// sums of an output may come in several parts; the operations stay the same.
pub fn shorten_lifetimes(sums: &mut LayerSums, most_alive: usize) {
    sums.groups.par_iter_mut().for_each(|group| lifetimes::shorten_lifetimes(group, most_alive));
}
