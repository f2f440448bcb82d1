//! How much is done to share more, and what earlier searches kept of it.

use std::fs;
use std::path::PathBuf;

use compiler::ir::LayerSums;
use compiler::kept::{self, KeptError};
use compiler::passes::search;
use compiler::{Sharing, share_layer, share_layer_in_groups};
use network::LinearLayer;

use studies::loaded::NETWORKS;
use workspace::{Failure, Workspace};

names::names! {
    /// How much is done to share more.
    pub enum Effort: "an effort", by default Greedy {
        /// The pair that saves most, one after the other.
        Greedy = "greedy",
        /// The same, and a search from there; without limits, what earlier searches kept if it is there.
        Best = "best",
    }
}

names::names! {
    /// Where shared terms come from.
    pub enum Source: "where shared terms come from" {
        /// An earlier search, whose result was expanded and compared with the weights.
        Kept = "kept",
        /// A search that was made now.
        Searched = "searched",
    }
}

/// The best sums of a layer that are known, or can be found now.
pub struct Found {
    /// Shared over all channels.
    pub sums: LayerSums,
    /// Pairs that came or went in the search.
    pub work: u64,
    /// Where they come from.
    pub source: Source,
}

/// Work for each addition of what greedy sharing gives: half a minute for a layer of 4000 of them.
const WORK_OF_AN_ADDITION: u64 = 100_000;

/// Looks for what was kept of a layer: what the repository carries, then what was found here before. What is not of this layer, or is
/// damaged, is passed over and told to `refused`. If there is nothing, searches, and keeps what it finds.
///
/// # Errors
/// If what was found cannot be kept.
pub fn best(
    workspace: &Workspace,
    network: &str,
    layer: &LinearLayer,
    mut refused: impl FnMut(&PathBuf, &KeptError),
) -> Result<Found, Failure> {
    let maximum = u32::from(layer.input_maximum());
    let unshared = share_layer_in_groups(layer.name(), layer.weights(), maximum, Sharing::None, 1);
    let file = |folder: PathBuf| folder.join(network).join(format!("{}.sums", layer.name()));
    let own = file(workspace.root().join("results/.state/sharing"));
    let mut best: Option<Found> = None;
    for path in [file(workspace.inputs_folder().join(NETWORKS).join("sharing")), own.clone()] {
        let Ok(bytes) = fs::read(&path) else { continue };
        match kept::read(&bytes, &unshared) {
            Ok(kept) if best.as_ref().is_none_or(|best| kept.sums.adders() < best.sums.adders()) => {
                best = Some(Found { sums: kept.sums, work: kept.work, source: Source::Kept });
            }
            Ok(_) => {}
            Err(error) => refused(&path, &error),
        }
    }
    if let Some(best) = best {
        return Ok(best);
    }
    let mut sums = share_layer(layer.name(), layer.weights(), maximum, Sharing::CrossChannel);
    let mut work = 0;
    for group in &mut sums.groups {
        let most = WORK_OF_AN_ADDITION * group.adders() as u64;
        work += search::search(group, most, 1);
    }
    tables::write_atomically(&own, &kept::write(&sums, work))?;
    Ok(Found { sums, work, source: Source::Searched })
}
