//! Experiments again, held against the results that are there, byte for byte.

use std::io::Write;
use std::path::Path;

use tables::{compare, read_parquet, write_atomically};

use crate::error::{Failure, WorkspaceError};
use crate::folders::Workspace;
use crate::inputs::Inputs;
use crate::reproduce::produce;
use crate::stages::Use;
use crate::study::Manifest;

/// Runs experiments again and says of each whether it gives the results that are there.
///
/// # Errors
/// If an experiment fails, or gives other bytes than there are.
pub fn verify(inputs: &Inputs<'_>, manifests: &[Manifest], output: &mut impl Write) -> Result<(), Failure> {
    let workspace = inputs.workspace();
    let mut differing = Vec::new();
    for manifest in manifests {
        let product = produce(manifest, inputs, Use::Off)?;
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
        Some(first) => Err(WorkspaceError::Check {
            message: format!(
                "{} experiments do not give the results that are there; first {first}",
                differing.len()
            ),
        }
        .into()),
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
