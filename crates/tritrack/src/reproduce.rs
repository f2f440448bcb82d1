//! `tritrack reproduce`: from manifests to tables and figures.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

use tables::{parquet_bytes, write_atomically};

use crate::error::RunError;
use crate::manifest::Manifest;
use crate::models::Models;
use crate::progress::Progress;
use crate::studies;
use crate::workspace::Workspace;

/// Runs experiments one after the other and writes what they give; `all` stands for every one.
///
/// Everything of an experiment is computed before the first of its files is written.
///
/// # Errors
/// The first experiment that fails; those before it are written.
pub fn reproduce(workspace: &Workspace, ids: &[String], output: &mut impl Write) -> Result<(), RunError> {
    let known = workspace.experiments()?;
    let mut manifests = Vec::new();
    for id in ids {
        let chosen: Vec<&String> = known.iter().filter(|known| id == "all" || *known == id).collect();
        if chosen.is_empty() {
            return Err(RunError::UnknownExperiment { id: id.clone(), known });
        }
        for id in chosen {
            manifests.push(Manifest::load(&workspace.manifest(id))?);
        }
    }
    // `all` goes on without what the user did not bring; what was asked for by name does not.
    let by_name = |manifest: &Manifest| ids.contains(&manifest.id);
    manifests.retain(|manifest| {
        let missing =
            manifest.study.users_data().into_iter().find(|&data| workspace.users_data(data).is_err());
        if let (Some(data), false) = (missing, by_name(manifest)) {
            let name = data.name();
            say(output, &format!("{}: left out, it needs --data {name}=FOLDER", manifest.id));
            return false;
        }
        true
    });
    let models = Models::new(workspace);
    for manifest in &manifests {
        run(manifest, &models, output)?;
    }
    Ok(())
}

fn run(manifest: &Manifest, models: &Models<'_>, output: &mut impl Write) -> Result<(), RunError> {
    let workspace = models.workspace();
    say(output, &format!("{}: {}", manifest.id, manifest.title));
    models.start_experiment();
    let outcome = studies::run(manifest, models, &Progress)?;
    let provenance = provenance(manifest, models);
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
    for (path, bytes) in &files {
        write_atomically(path, bytes)?;
    }
    for line in &outcome.summary {
        say(output, &format!("  {line}"));
    }
    for (path, _) in &files {
        say(output, &format!("  wrote {}", workspace.shown(path)));
    }
    Ok(())
}

/// What a table's numbers rest on: nothing in it varies from run to run.
fn provenance(manifest: &Manifest, models: &Models<'_>) -> BTreeMap<String, String> {
    let mut provenance = BTreeMap::from([
        ("experiment".to_owned(), manifest.id.clone()),
        ("manifest".to_owned(), format!("blake3 {}", manifest.hash)),
        ("seed".to_owned(), manifest.seed.to_string()),
        ("program".to_owned(), concat!("tritrack ", env!("CARGO_PKG_VERSION")).to_owned()),
    ]);
    for (path, hash) in models.inputs() {
        provenance.insert(format!("input {}", path.display()), format!("blake3 {hash}"));
    }
    provenance
}

/// A reader that went away (`| head`) is no reason to stop before the results are written.
fn say(output: &mut impl Write, line: &str) {
    let _ = writeln!(output, "{line}");
}
