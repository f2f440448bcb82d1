//! From manifests to tables and figures.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

use files::digest;
use tables::{parquet_bytes, write_atomically};

use crate::error::{Failure, WorkspaceError};
use crate::folders::Workspace;
use crate::inputs::Inputs;
use crate::progress::Progress;
use crate::registry::Registry;
use crate::stages::{Source, StageStore, Use};
use crate::state::{Lock, Reason, Record, staleness};
use crate::study::{Manifest, Outcome};

/// Whether what is up to date runs, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// What is up to date is left alone, and stages whose results are kept are not computed.
    Needed,
    /// Everything is computed anew.
    Forced,
}

/// Runs experiments one after the other and writes what they give.
///
/// Everything of an experiment is computed before the first of its files is written.
///
/// # Errors
/// The first experiment that fails; those before it are written.
pub fn reproduce(
    inputs: &Inputs<'_>,
    manifests: &[Manifest],
    mode: Mode,
    output: &mut impl Write,
) -> Result<(), Failure> {
    let workspace = inputs.workspace();
    for manifest in manifests {
        let reason = match mode {
            Mode::Forced => Some(Reason::Forced),
            Mode::Needed => staleness(workspace, manifest),
        };
        match reason {
            None => say(output, &format!("{}: up to date ({})", manifest.id, manifest.title)),
            Some(reason) => {
                if let Reason::DamagedRecord(_) = reason {
                    (workspace.program().warn)(&format!("{}: {reason}", manifest.id));
                }
                let usage = if mode == Mode::Forced { Use::WriteOnly } else { Use::ReadAndWrite };
                run(manifest, inputs, usage, &Source::Computed, output)?;
            }
        }
    }
    Ok(())
}

/// Takes the lock of a workspace; a word to the user if another run has it.
///
/// # Errors
/// If the folder cannot be written.
pub fn locked(workspace: &Workspace) -> Result<Lock, WorkspaceError> {
    Lock::take(workspace, || {
        (workspace.program().warn)("another run is at work in this workspace; waiting for it");
    })
}

/// The manifests of experiments by name; of `all`, those whose data is there.
///
/// # Errors
/// If a name is not known, or a manifest is wrong.
pub fn chosen(
    registry: &Registry,
    workspace: &Workspace,
    ids: &[String],
    output: &mut impl Write,
) -> Result<Vec<Manifest>, Failure> {
    let known = workspace.experiments()?;
    let mut manifests: Vec<Manifest> = Vec::new();
    for id in ids {
        let chosen: Vec<&String> = known.iter().filter(|known| id == "all" || *known == id).collect();
        if chosen.is_empty() {
            return Err(WorkspaceError::UnknownExperiment { id: id.clone(), known }.into());
        }
        for id in chosen {
            if manifests.iter().all(|manifest| manifest.id != *id) {
                manifests.push(registry.manifest(workspace, id)?);
            }
        }
    }
    // `all` goes on without what the user did not bring; what was asked for by name does not.
    manifests.retain(|manifest| {
        let missing =
            manifest.study.users_data().into_iter().find(|data| workspace.users_data(data).is_err());
        match missing.filter(|_| !ids.contains(&manifest.id)) {
            Some(data) => {
                say(output, &format!("{}: left out, it needs --data {data}=PATH", manifest.id));
                false
            }
            None => true,
        }
    });
    Ok(manifests)
}

/// What an experiment gives: its files, and the lines that sum them up.
#[derive(Debug)]
pub struct Product {
    /// Where each file goes, and what it holds.
    pub files: Vec<(PathBuf, Vec<u8>)>,
    /// A line each.
    pub summary: Vec<String>,
}

/// Computes an experiment's tables and figure without writing anything but kept stages, as the use of the store allows.
///
/// # Errors
/// If it fails.
pub fn outcome(manifest: &Manifest, inputs: &Inputs<'_>, usage: Use) -> Result<Outcome, Failure> {
    outcome_from(manifest, inputs, usage, &Source::Computed)
}

fn outcome_from(
    manifest: &Manifest,
    inputs: &Inputs<'_>,
    usage: Use,
    source: &Source<'_>,
) -> Result<Outcome, Failure> {
    let store = StageStore::of(inputs.workspace(), usage);
    inputs.start_experiment();
    manifest.study.run(manifest, inputs, &mut |declared| {
        declared.run(|stage| stage.run(inputs, &store, source, Progress))
    })
}

/// Computes an experiment without writing anything but kept stages, as the use of the store allows.
///
/// # Errors
/// If it fails.
pub fn produce(manifest: &Manifest, inputs: &Inputs<'_>, usage: Use) -> Result<Product, Failure> {
    produced(manifest, inputs, usage, &Source::Computed)
}

pub(crate) fn produced(
    manifest: &Manifest,
    inputs: &Inputs<'_>,
    usage: Use,
    source: &Source<'_>,
) -> Result<Product, Failure> {
    let workspace = inputs.workspace();
    let outcome = outcome_from(manifest, inputs, usage, source)?;
    let provenance = provenance(manifest, inputs);
    let mut files: Vec<(PathBuf, Vec<u8>)> = Vec::new();
    for table in outcome.tables {
        let table = &table.with_provenance(provenance.clone());
        files.push((workspace.result(&manifest.id, table.name()), parquet_bytes(table)?));
    }
    let description =
        provenance.iter().map(|(key, value)| format!("{key}: {value}")).collect::<Vec<_>>().join("\n");
    let figure = outcome.figure.provenance(description);
    files.push((workspace.figure(&manifest.id, "svg"), figure.svg()?.into_bytes()));
    files.push((workspace.figure(&manifest.id, "png"), figure.png()?));
    Ok(Product { files, summary: outcome.summary })
}

/// Computes an experiment and writes what it gives.
///
/// # Errors
/// If it fails.
pub(crate) fn run(
    manifest: &Manifest,
    inputs: &Inputs<'_>,
    usage: Use,
    source: &Source<'_>,
    output: &mut impl Write,
) -> Result<(), Failure> {
    let workspace = inputs.workspace();
    say(output, &format!("{}: {}", manifest.id, manifest.title));
    let product = produced(manifest, inputs, usage, source)?;
    for (path, bytes) in &product.files {
        write_atomically(path, bytes)?;
    }
    let outputs = product
        .files
        .iter()
        .map(|(path, bytes)| (PathBuf::from(workspace.shown(path).to_string()), digest(bytes)));
    Record::new(workspace.program().sources, manifest, inputs.noted_users_data(), inputs.noted(), outputs)
        .save(workspace, &manifest.id)?;
    for line in &product.summary {
        say(output, &format!("  {line}"));
    }
    for (path, _) in &product.files {
        say(output, &format!("  wrote {}", workspace.shown(path)));
    }
    Ok(())
}

/// What stands before an input among the keys of a provenance.
pub(crate) const INPUT: &str = "input ";

/// What a table's numbers rest on: nothing in it varies from run to run.
pub fn provenance(manifest: &Manifest, inputs: &Inputs<'_>) -> BTreeMap<String, String> {
    let mut provenance = BTreeMap::from([
        ("experiment".to_owned(), manifest.id.clone()),
        ("manifest".to_owned(), format!("blake3 {}", manifest.hash)),
        ("seed".to_owned(), manifest.seed.to_string()),
        ("program".to_owned(), inputs.workspace().program().version.to_owned()),
    ]);
    for (path, hash) in inputs.noted() {
        provenance.insert(format!("{INPUT}{}", path.display()), format!("blake3 {hash}"));
    }
    provenance
}

/// A reader that went away (`| head`) is no reason to stop before the results are written.
fn say(output: &mut impl Write, line: &str) {
    let _ = writeln!(output, "{line}");
}
