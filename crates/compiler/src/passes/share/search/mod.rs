//! A search from what greedy sharing gives: some shared terms are taken apart wherever they are used and the sums are shared anew, with
//! other choices among pairs that save as much; what is no worse is kept, what is worse is undone, but for a few at first.
//!
//! This is a large neighbourhood search (Shaw, "Using Constraint Programming and Local Search Methods to Solve Vehicle Routing
//! Problems", CP 1998). Rows are outputs and shared terms alike, so a pair is found in the sum that makes a shared term too; a shared
//! term that one row uses is put into it, which costs nothing and lets larger common parts grow in another order. Terms of a row never
//! have a window element in common, so nothing ever cancels. All pairs of terms are counted at all times, and every change can be
//! undone, so a step costs what it changes, whatever the size of the layer.
//!
//! Work is counted in pairs that come or go, and the choices are drawn from a seed: the same work gives the same sums on any machine.

mod neighbourhood;
mod sums;

use super::CommonSubexpressions;
use super::cross_channel::CrossChannel;
use crate::ir::Group;

/// Interference-aware greedy sharing, and a search from there.
pub struct Searched;

/// Work for each addition of what greedy sharing gives.
const WORK_OF_AN_ADDITION: u64 = 4_000;

/// Any seed would do; it varies the search only.
const SEED: u64 = 1;

impl CommonSubexpressions for Searched {
    fn share(&self, group: &mut Group) {
        CrossChannel.share(group);
        search(group, WORK_OF_AN_ADDITION * group.adders() as u64, SEED);
    }
}

/// Searches for fewer additions in a group that is shared already, with so much work. What comes out is never more, and the same for the
/// same work and seed.
pub fn search(group: &mut Group, work: u64, seed: u64) -> u64 {
    search_until(group, seed, |done| done as f64 / work as f64)
}

/// The same until `done` gives 1 or more for the work so far: the share of the search that is done. Returns the work.
pub fn search_until(group: &mut Group, seed: u64, mut done: impl FnMut(u64) -> f64) -> u64 {
    let mut search = neighbourhood::Search::new(sums::Sums::new(group), seed);
    let mut worked = 0;
    search.run(|work| {
        worked = work;
        done(work)
    });
    let mut found = group.clone();
    search.into_sums().write_back(&mut found);
    if found.adders() <= group.adders() {
        *group = found;
    }
    worked
}
