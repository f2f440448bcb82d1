//! `tritrack verify`: experiments again, held against the results that are there, byte for byte.

use std::io::Write;

use clap::Args;
use workspace::{Failure, Inputs, Workspace, chosen};

use crate::REGISTRY;

/// Shown after the command's help.
pub const EXAMPLES: &str = "\
Examples:
  tritrack verify fig7     run the headline again and compare
  tritrack verify all      everything whose data is there

Nothing in results/ and figures/ is touched. PNGs may differ by shades: they are drawn from the same figure as the SVGs, by a library that
computes in 32-bit floats. A table that is there and is not made by the experiment is told.";

/// Arguments of `tritrack verify`.
#[derive(Debug, Clone, Args)]
pub struct Arguments {
    /// Experiments by the names of their manifests, or `all`
    #[arg(required = true, value_name = "EXPERIMENT")]
    experiments: Vec<String>,
}

/// Runs the command.
///
/// # Errors
/// If an experiment fails, or gives other bytes than there are.
pub fn run(arguments: &Arguments, workspace: &Workspace, output: &mut impl Write) -> Result<(), Failure> {
    let manifests = chosen(&REGISTRY, workspace, &arguments.experiments, output)?;
    workspace::verify(&Inputs::new(workspace), &manifests, output)
}
