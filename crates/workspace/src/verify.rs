//! Experiments again, held against the results that are there, byte for byte.

use std::io::Write;
use std::path::Path;

use tables::{compare, read_parquet, write_atomically};

use crate::error::{Failure, WorkspaceError};
use crate::folders::Workspace;
use crate::inputs::Inputs;
use crate::picture;
use crate::reproduce::{Product, produce};
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
        let differing_files =
            product.files.iter().filter_map(|(path, bytes)| difference(workspace, path, bytes));
        let found: Vec<String> = differing_files.chain(not_made(workspace, manifest, &product)).collect();
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

/// Tables that lie among an experiment's and that it does not make.
fn not_made(workspace: &Workspace, manifest: &Manifest, product: &Product) -> Vec<String> {
    let folder = workspace.result(&manifest.id, "any").with_file_name("");
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut others: Vec<_> = entries
        .filter(|path| path.extension().is_some_and(|extension| extension == "parquet"))
        .filter(|path| product.files.iter().all(|(made, _)| made != path))
        .collect();
    others.sort();
    others.iter().map(|path| format!("{}: is not made by the experiment", workspace.shown(path))).collect()
}

/// How a file that is there differs from what was computed again.
fn difference(workspace: &Workspace, path: &Path, bytes: &[u8]) -> Option<String> {
    let shown = workspace.shown(path);
    let there = match files::read(path) {
        Ok(there) => there,
        Err(error) => return Some(format!("{shown}: {error}")),
    };
    if there == bytes {
        return None;
    }
    if path.extension().is_some_and(|extension| extension == "png") {
        return picture::difference(&there, bytes).map(|difference| format!("{shown}: {difference}"));
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
