//! `tritrack shard` and `tritrack merge`: the trials of a study in parts, on as many machines as there are.

use std::io::Write;

use clap::Args;
use workspace::{Failure, Shard, Workspace, WorkspaceError, run_shard, with_series};

use crate::REGISTRY;

/// Shown after the help of `shard`.
pub const EXAMPLES: &str = "\
Examples:
  tritrack shard fig10 --index 0 --count 4     the first quarter of the trials, into results/fig10/shards
  seq 0 3 | parallel tritrack --jobs 1 shard fig10 --index {} --count 4
  tritrack merge fig10                         the same tables and figure as `tritrack reproduce fig10`";

/// Arguments of `tritrack shard`.
#[derive(Debug, Clone, Args)]
pub struct ShardArguments {
    /// The experiment; it has to have trials
    experiment: String,
    /// Which part, counted from 0
    #[arg(long)]
    index: u64,
    /// Of how many
    #[arg(long)]
    count: u64,
    /// Run it even if it is there and whole
    #[arg(long)]
    force: bool,
}

/// Shown after the help of `tritrack merge`.
pub const MERGE_EXAMPLES: &str = "\
Examples:
  tritrack merge fig15                              of the shards that are there
  tritrack merge fig15 --count 4 --run-missing      running here what is not";

/// Arguments of `tritrack merge`.
#[derive(Debug, Clone, Args)]
pub struct MergeArguments {
    /// The experiment
    experiment: String,
    /// How many shards there are; by default as many as the files say
    #[arg(long)]
    count: Option<u64>,
    /// Run shards that are missing, damaged or of something else here, instead of naming them
    #[arg(long)]
    run_missing: bool,
}

/// Runs a part of an experiment's trials.
///
/// # Errors
/// If the experiment has no trials or fails.
pub fn shard(
    workspace: &Workspace,
    arguments: &ShardArguments,
    output: &mut impl Write,
) -> Result<(), Failure> {
    let shard = Shard { index: arguments.index, count: arguments.count };
    if shard.index >= shard.count {
        let message = format!(
            "--index {} --count {}: shards are counted from 0, so the index is less than the count",
            shard.index, shard.count
        );
        return Err(WorkspaceError::argument(message).into());
    }
    let manifest = with_series(&REGISTRY, workspace, &arguments.experiment, output)?;
    run_shard(workspace, &manifest, shard, arguments.force, output)
}

/// Brings the shards of an experiment together: writes what `tritrack reproduce` would.
///
/// # Errors
/// If a shard is missing, damaged or foreign, and it is not to be run here.
pub fn merge(
    workspace: &Workspace,
    arguments: &MergeArguments,
    output: &mut impl Write,
) -> Result<(), Failure> {
    let manifest = with_series(&REGISTRY, workspace, &arguments.experiment, output)?;
    workspace::merge(workspace, &manifest, arguments.count, arguments.run_missing, output)
}
