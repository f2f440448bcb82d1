//! `tritrack verify`: experiments again, held against the results that are there, byte for byte.

use std::io::Write;
use std::path::Path;

use clap::Args;
use tables::{compare, read_parquet, write_atomically};

use crate::error::RunError;
use crate::models::Models;
use crate::reproduce::{chosen, produce};
use crate::stages::cache::Use;
use crate::workspace::Workspace;

/// Shown after the command's help.
pub const EXAMPLES: &str = "\
Examples:
  tritrack verify fig7     run the headline again and compare
  tritrack verify all      everything whose data is there

Nothing in results/ and figures/ is touched. PNGs are not compared: they are drawn from the same figure as the SVGs, by a
library that computes in 32-bit floats.";

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
pub fn run(arguments: &Arguments, workspace: &Workspace, output: &mut impl Write) -> Result<(), RunError> {
    let models = Models::new(workspace, Use::Off);
    let mut differing = Vec::new();
    for manifest in chosen(workspace, &arguments.experiments, output)? {
        let product = produce(&manifest, &models)?;
        let compared = product.files.iter().filter(|(path, _)| path.extension().is_none_or(|e| e != "png"));
        let found: Vec<String> =
            compared.filter_map(|(path, bytes)| difference(workspace, path, bytes)).collect();
        match found.as_slice() {
            [] => drop(writeln!(output, "{}: the same", manifest.id)),
            found => found.iter().for_each(|line| drop(writeln!(output, "{}: {line}", manifest.id))),
        }
        differing.extend(found.first().map(|line| format!("{}: {line}", manifest.id)));
    }
    match differing.first() {
        None => Ok(()),
        Some(first) => Err(RunError::Check {
            message: format!(
                "{} experiments do not give the results that are there; first {first}",
                differing.len()
            ),
        }),
    }
}

/// How a file that is there differs from what was computed again.
fn difference(workspace: &Workspace, path: &Path, bytes: &[u8]) -> Option<String> {
    let shown = workspace.shown(path);
    let there = match std::fs::read(path) {
        Ok(there) => there,
        Err(error) => return Some(format!("{shown}: {error}")),
    };
    if there == bytes {
        return None;
    }
    if path.extension().is_some_and(|extension| extension == "parquet")
        && let Some(difference) = first_value(path, bytes)
    {
        return Some(format!("{shown}: {difference}"));
    }
    Some(format!("{shown}: the same values, but other bytes (what they were made from differs)"))
        .filter(|_| path.extension().is_some_and(|extension| extension == "parquet"))
        .or_else(|| Some(format!("{shown}: another picture")))
}

/// The first difference of values between a table that is there and one computed again.
fn first_value(path: &Path, bytes: &[u8]) -> Option<String> {
    let folder = tempfile::tempdir().ok()?;
    let again = folder.path().join("again.parquet");
    write_atomically(&again, bytes).ok()?;
    let again = read_parquet(&again).ok()?;
    match read_parquet(path) {
        Err(error) => Some(error.to_string()),
        Ok(there) => compare(&there, &again).map(|difference| format!("{difference} (there, then again)")),
    }
}
