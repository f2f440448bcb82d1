//! `tritrack shard` and `tritrack merge`: the trials of a study in parts, on as many machines as there are.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use tables::{Table, parquet_bytes, read_parquet, to_csv, write_atomically};

use crate::error::RunError;
use crate::manifest::Manifest;
use crate::models::Models;
use crate::reproduce;
use crate::stages::cache::Use;
use crate::state::{Lock, PROGRAM, is_users_input};
use crate::trials::{Shard, Trials};
use crate::workspace::Workspace;

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

/// What is wrong with a shard's file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ShardFlaw {
    /// There is no file.
    #[error("is missing")]
    Missing,
    /// The file cannot be read, or its rows are not those that were written.
    #[error("is damaged: {0}")]
    Damaged(String),
    /// It was made from something else.
    #[error("is of something else: {0}")]
    Foreign(String),
}

/// Runs a part of an experiment's trials.
///
/// # Errors
/// If the experiment has no trials or fails.
pub fn shard(
    workspace: &Workspace,
    arguments: &ShardArguments,
    output: &mut impl Write,
) -> Result<(), RunError> {
    let shard = Shard { index: arguments.index, count: arguments.count };
    if shard.index >= shard.count {
        let message = format!(
            "--index {} --count {}: shards are counted from 0, so the index is less than the count",
            shard.index, shard.count
        );
        return Err(RunError::Argument { message });
    }
    let manifest = with_trials(workspace, &arguments.experiment, output)?;
    let path = file(workspace, &manifest, shard);
    if !arguments.force && check(workspace, &manifest, shard).is_ok() {
        let _ = writeln!(output, "{} is whole", workspace.shown(&path));
        return Ok(());
    }
    let rows = run(workspace, &manifest, shard)?;
    let _ = writeln!(output, "wrote {}: {rows} records", workspace.shown(&path));
    Ok(())
}

/// Brings the shards of an experiment together: writes what `tritrack reproduce` would.
///
/// # Errors
/// If a shard is missing, damaged or foreign, and it is not to be run here.
pub fn merge(
    workspace: &Workspace,
    arguments: &MergeArguments,
    output: &mut impl Write,
) -> Result<(), RunError> {
    let manifest = with_trials(workspace, &arguments.experiment, output)?;
    let count = match arguments.count {
        Some(count) => count,
        None => count_of(workspace, &manifest)?,
    };
    if count == 0 {
        return Err(RunError::Argument { message: "--count 0: there is at least one shard".into() });
    }
    let mut tables = Vec::new();
    let mut flaws = Vec::new();
    for index in 0..count {
        let shard = Shard { index, count };
        match check(workspace, &manifest, shard) {
            Ok(table) => tables.push(table),
            Err(flaw) => {
                flaws.push((shard, flaw));
            }
        }
    }
    if !arguments.run_missing && !flaws.is_empty() {
        let list: Vec<String> = flaws
            .iter()
            .map(|(shard, flaw)| {
                format!("\n  {} {flaw}", workspace.shown(&file(workspace, &manifest, *shard)))
            })
            .collect();
        return Err(RunError::Shards {
            experiment: manifest.id.clone(),
            list: list.concat(),
            indices: flaws.iter().map(|(shard, _)| shard.index.to_string()).collect::<Vec<_>>().join(" "),
            count,
        });
    }
    for (shard, flaw) in flaws {
        let path = file(workspace, &manifest, shard);
        let _ = writeln!(output, "{} {flaw}; running it", workspace.shown(&path));
        run(workspace, &manifest, shard)?;
        let table = check(workspace, &manifest, shard).map_err(|flaw| RunError::Argument {
            message: format!("{} {flaw} although it has just been written", workspace.shown(&path)),
        })?;
        tables.push(table);
    }
    let _lock = Lock::take(workspace, || {
        let _ = writeln!(std::io::stderr(), "another run is at work in this workspace; waiting for it");
    })?;
    let models = Models::new(workspace, Use::ReadAndWrite).with_trials(Trials::from_tables(&tables)?);
    reproduce::run(&manifest, &models, output)
}

/// The manifest of an experiment that has trials.
///
/// # Errors
/// If there is none.
pub fn with_trials(workspace: &Workspace, id: &str, output: &mut impl Write) -> Result<Manifest, RunError> {
    let mut manifests = reproduce::chosen(workspace, &[id.to_owned()], output)?;
    match manifests.pop() {
        Some(manifest) if manifest.study.has_trials() => Ok(manifest),
        _ => Err(RunError::Argument { message: format!("`{id}` has no trials that could be run in parts") }),
    }
}

/// Where a shard's records go.
fn file(workspace: &Workspace, manifest: &Manifest, shard: Shard) -> PathBuf {
    shards_folder(workspace, manifest).join(format!("{}-of-{}.parquet", shard.index, shard.count))
}

/// Where the shards of an experiment go.
pub fn shards_folder(workspace: &Workspace, manifest: &Manifest) -> PathBuf {
    workspace.result(&manifest.id, "shards").with_extension("")
}

/// The shards that are not there, or not whole.
pub fn missing(workspace: &Workspace, manifest: &Manifest, count: u64) -> Vec<u64> {
    (0..count).filter(|&index| check(workspace, manifest, Shard { index, count }).is_err()).collect()
}

fn run(workspace: &Workspace, manifest: &Manifest, shard: Shard) -> Result<usize, RunError> {
    let models =
        Models::new(workspace, Use::ReadAndWrite).with_trials(Trials::OfShard(shard, RefCell::default()));
    let _ = reproduce::produce(manifest, &models)?;
    let table = models.trials().table()?;
    let mut provenance = reproduce::provenance(manifest, &models);
    provenance.insert("shard".to_owned(), shard_name(shard));
    provenance.insert("sources".to_owned(), PROGRAM.to_owned());
    provenance.insert("records".to_owned(), digest(&table));
    let rows = table.rows();
    write_atomically(&file(workspace, manifest, shard), &parquet_bytes(&table.with_provenance(provenance))?)?;
    Ok(rows)
}

fn shard_name(shard: Shard) -> String {
    format!("{} of {}", shard.index, shard.count)
}

/// A fingerprint of a table's rows.
fn digest(table: &Table) -> String {
    format!("blake3 {}", blake3::hash(to_csv(table).as_bytes()).to_hex())
}

/// Reads a shard and checks that it is whole, and of this manifest, these inputs and this program.
fn check(workspace: &Workspace, manifest: &Manifest, shard: Shard) -> Result<Table, ShardFlaw> {
    let path = file(workspace, manifest, shard);
    if !path.exists() {
        return Err(ShardFlaw::Missing);
    }
    let table = read_parquet(&path).map_err(|error| ShardFlaw::Damaged(error.to_string()))?;
    let provenance = table.provenance();
    let nothing = Models::new(workspace, Use::ReadAndWrite);
    for (key, expected) in reproduce::provenance(manifest, &nothing) {
        expect(provenance, &key, &expected)?;
    }
    expect(provenance, "shard", &shard_name(shard))?;
    expect(provenance, "sources", PROGRAM)?;
    for (key, found) in provenance {
        let Some(input) = key.strip_prefix("input ") else { continue };
        if is_users_input(input) {
            continue;
        }
        let hash = hash_of(&workspace.root().join(input));
        if hash.as_ref() != Some(found) {
            return Err(ShardFlaw::Foreign(format!("{input} has changed since")));
        }
    }
    if provenance.get("records") != Some(&digest(&table)) {
        return Err(ShardFlaw::Damaged("its rows are not those that were written".to_owned()));
    }
    Ok(table)
}

fn expect(provenance: &BTreeMap<String, String>, key: &str, expected: &str) -> Result<(), ShardFlaw> {
    match provenance.get(key) {
        Some(found) if found == expected => Ok(()),
        found => {
            let found = found.map_or("nothing", String::as_str);
            Err(ShardFlaw::Foreign(format!("its {key} is {found}; expected {expected}")))
        }
    }
}

fn hash_of(path: &Path) -> Option<String> {
    std::fs::read(path).ok().map(|bytes| format!("blake3 {}", blake3::hash(&bytes).to_hex()))
}

/// How many shards the files say that there are.
fn count_of(workspace: &Workspace, manifest: &Manifest) -> Result<u64, RunError> {
    let folder = shards_folder(workspace, manifest);
    let unreadable = |source| RunError::Unreadable { path: folder.clone(), source };
    let mut counts: Vec<u64> = Vec::new();
    for entry in std::fs::read_dir(&folder).map_err(unreadable)? {
        let name = entry.map_err(unreadable)?.file_name().to_string_lossy().into_owned();
        let count: Option<u64> =
            name.strip_suffix(".parquet").and_then(|name| name.split_once("-of-")?.1.parse().ok());
        counts.extend(count);
    }
    counts.sort_unstable();
    counts.dedup();
    match counts[..] {
        [count] => Ok(count),
        [] => Err(RunError::Argument {
            message: format!("there are no shards in {}", workspace.shown(&folder)),
        }),
        _ => Err(RunError::Argument {
            message: format!(
                "{} holds shards of several divisions, into {counts:?}; say which with --count",
                workspace.shown(&folder)
            ),
        }),
    }
}
