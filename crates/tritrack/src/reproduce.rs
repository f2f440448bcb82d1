//! `tritrack reproduce`: from manifests to tables and figures.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use tables::{parquet_bytes, write_atomically};

use crate::error::RunError;
use crate::manifest::Manifest;
use crate::models::Models;
use crate::progress::Progress;
use crate::stages::cache::Use;
use crate::state::{Lock, Reason, Record, staleness};
use crate::studies;
use crate::variation::VariationArguments;
use crate::workspace::Workspace;

/// Shown after the command's help.
pub const EXAMPLES: &str = "\
Examples:
  tritrack reproduce fig7            the headline; nothing is done if it is up to date
  tritrack reproduce all --force     everything, whether it is up to date or not
  tritrack reproduce all --quick     every experiment in a small way, to see that all of it works here
  tritrack reproduce fig7 --technology mine.yaml           with a copy of a technology file in which a value was changed
  tritrack reproduce fig7 --network vgg9-s85-a4            of another network
  tritrack reproduce fig5 --machine columns=512,domains=32   on other arrays

With something of your own, results go to results/variants/NAME and figures to figures/variants/NAME, and
`tritrack diff --variant NAME` says what it did to every number.

Results that are up to date are left alone: see `tritrack status`. An interrupted run leaves whole files only, and the next
one goes on with the experiments that are missing.";

/// Arguments of `tritrack reproduce`.
#[derive(Debug, Clone, Args)]
pub struct Arguments {
    /// Experiments by the names of their manifests, or `all`
    #[arg(required = true, value_name = "EXPERIMENT")]
    experiments: Vec<String>,
    /// Run also what is up to date, and compute everything anew
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    variation: VariationArguments,
}

/// Runs experiments one after the other and writes what they give; `all` stands for every one.
///
/// Everything of an experiment is computed before the first of its files is written.
///
/// # Errors
/// The first experiment that fails; those before it are written.
pub fn reproduce(
    workspace: &Workspace,
    arguments: &Arguments,
    output: &mut impl Write,
) -> Result<(), RunError> {
    let mut manifests = chosen(workspace, &arguments.experiments, output)?;
    let varied;
    let workspace = match arguments.variation.is_empty() {
        true => workspace,
        false => {
            varied = arguments.variation.workspace(workspace)?;
            &varied
        }
    };
    let _lock = Lock::take(workspace, || {
        let _ = writeln!(std::io::stderr(), "another run is at work in this workspace; waiting for it");
    })?;
    let models = Models::new(workspace, if arguments.force { Use::WriteOnly } else { Use::ReadAndWrite });
    if !arguments.variation.is_empty() {
        for manifest in &mut manifests {
            arguments.variation.apply(manifest, &models)?;
        }
    }
    for manifest in &manifests {
        let reason = if arguments.force { Some(Reason::Forced) } else { staleness(workspace, manifest) };
        match reason {
            None => say(output, &format!("{}: up to date ({})", manifest.id, manifest.title)),
            Some(reason) => {
                if let Reason::DamagedRecord(_) = reason {
                    let _ = writeln!(std::io::stderr(), "warning: {}: {reason}", manifest.id);
                }
                run(manifest, &models, output)?;
            }
        }
    }
    Ok(())
}

/// The manifests of experiments by name; of `all`, those whose data is there.
///
/// # Errors
/// If a name is not known, or a manifest is wrong.
pub fn chosen(
    workspace: &Workspace,
    ids: &[String],
    output: &mut impl Write,
) -> Result<Vec<Manifest>, RunError> {
    let known = workspace.experiments()?;
    let mut manifests: Vec<Manifest> = Vec::new();
    for id in ids {
        let chosen: Vec<&String> = known.iter().filter(|known| id == "all" || *known == id).collect();
        if chosen.is_empty() {
            return Err(RunError::UnknownExperiment { id: id.clone(), known });
        }
        for id in chosen {
            if manifests.iter().all(|manifest| manifest.id != *id) {
                manifests.push(Manifest::load(&workspace.manifest(id))?);
            }
        }
    }
    // `all` goes on without what the user did not bring; what was asked for by name does not.
    manifests.retain(|manifest| {
        let missing =
            manifest.study.users_data().into_iter().find(|&data| workspace.users_data(data).is_err());
        match missing.filter(|_| !ids.contains(&manifest.id)) {
            Some(data) => {
                say(output, &format!("{}: left out, it needs --data {}=PATH", manifest.id, data.name()));
                false
            }
            None => true,
        }
    });
    Ok(manifests)
}

/// What an experiment gives: its files, and the lines that sum them up.
pub struct Product {
    /// Where each file goes, and what it holds.
    pub files: Vec<(PathBuf, Vec<u8>)>,
    /// A line each.
    pub summary: Vec<String>,
}

/// Computes an experiment without writing anything.
///
/// # Errors
/// If it fails.
pub fn produce(manifest: &Manifest, models: &Models<'_>) -> Result<Product, RunError> {
    let workspace = models.workspace();
    models.start_experiment();
    let outcome = studies::run(manifest, models, &Progress)?;
    debug_assert!(
        models.asked_for(&studies::runs(&manifest.study)),
        "{}: runs other than planned",
        manifest.id
    );
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
    Ok(Product { files, summary: outcome.summary })
}

/// Computes an experiment and writes what it gives.
///
/// # Errors
/// If it fails.
pub fn run(manifest: &Manifest, models: &Models<'_>, output: &mut impl Write) -> Result<(), RunError> {
    let workspace = models.workspace();
    say(output, &format!("{}: {}", manifest.id, manifest.title));
    let product = produce(manifest, models)?;
    for (path, bytes) in &product.files {
        write_atomically(path, bytes)?;
    }
    let outputs = product.files.iter().map(|(path, bytes)| {
        (PathBuf::from(workspace.shown(path).to_string()), blake3::hash(bytes).to_hex().to_string())
    });
    Record::new(manifest, models.inputs(), outputs).save(workspace, &manifest.id)?;
    for line in &product.summary {
        say(output, &format!("  {line}"));
    }
    for (path, _) in &product.files {
        say(output, &format!("  wrote {}", workspace.shown(path)));
    }
    Ok(())
}

/// What a table's numbers rest on: nothing in it varies from run to run.
pub fn provenance(manifest: &Manifest, models: &Models<'_>) -> BTreeMap<String, String> {
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
