//! The series of an experiment in parts, on as many machines as there are.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::Write;
use std::path::{Path, PathBuf};

use tables::{Table, parquet_bytes, read_parquet, to_csv, write_atomically};

use crate::error::{Failure, WorkspaceError};
use crate::folders::Workspace;
use crate::inputs::Inputs;
use crate::progress::Progress;
use crate::registry::Registry;
use crate::reproduce::{INPUT, chosen, locked, provenance, run as run_experiment};
use crate::stages::{Declared, Shard, Source, Use};
use crate::state::is_users_input;
use crate::study::Manifest;

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

/// Runs a part of an experiment's series, unless it is there and whole.
///
/// # Errors
/// If the experiment has no series or fails.
pub fn run_shard(
    workspace: &Workspace,
    manifest: &Manifest,
    shard: Shard,
    force: bool,
    output: &mut impl Write,
) -> Result<(), Failure> {
    Shard::check_count(shard.count)?;
    let path = file(workspace, manifest, shard);
    if !force && Expected::new(workspace, manifest)?.check(shard).is_ok() {
        let _ = writeln!(output, "{} is whole", workspace.shown(&path));
        return Ok(());
    }
    let rows = run(workspace, manifest, shard)?;
    let _ = writeln!(output, "wrote {}: {rows} records", workspace.shown(&path));
    Ok(())
}

/// Brings the shards of an experiment together: writes what a run without shards would.
///
/// # Errors
/// If a shard is missing, damaged or foreign, and it is not to be run here.
pub fn merge(
    workspace: &Workspace,
    manifest: &Manifest,
    count: Option<u64>,
    run_missing: bool,
    output: &mut impl Write,
) -> Result<(), Failure> {
    let count = match count {
        Some(count) => count,
        None => count_of(workspace, manifest)?,
    };
    Shard::check_count(count)?;
    let expected = Expected::new(workspace, manifest)?;
    let mut tables: Vec<Table> = Vec::new();
    let mut flaws = Vec::new();
    for index in 0..count {
        let shard = Shard { index, count };
        match expected.check(shard) {
            Ok(table) => match expected.sampled(shard, &table)? {
                Some(flaw) => flaws.push((shard, flaw)),
                None => tables.push(table),
            },
            Err(flaw) => flaws.push((shard, flaw)),
        }
    }
    if !run_missing && !flaws.is_empty() {
        let named = |(shard, flaw): &(Shard, ShardFlaw)| {
            format!("\n  {} {flaw}", workspace.shown(&file(workspace, manifest, *shard)))
        };
        return Err(WorkspaceError::Shards {
            experiment: manifest.id.clone(),
            list: flaws.iter().map(named).collect::<Vec<_>>().concat(),
            indices: flaws.iter().map(|(shard, _)| shard.index.to_string()).collect::<Vec<_>>().join(" "),
            count,
        }
        .into());
    }
    for (shard, flaw) in flaws {
        let path = file(workspace, manifest, shard);
        let _ = writeln!(output, "{} {flaw}; running it", workspace.shown(&path));
        run(workspace, manifest, shard)?;
        let table = expected.check(shard).map_err(|flaw| {
            let shown = workspace.shown(&path);
            WorkspaceError::argument(format!("{shown} {flaw} although it has just been written"))
        })?;
        tables.push(table);
    }
    let _lock = locked(workspace)?;
    run_experiment(manifest, &expected.inputs, Use::ReadAndWrite, &Source::FromShards(&tables), output)
}

/// The manifest of an experiment that can be run in parts.
///
/// # Errors
/// If there is none.
pub fn with_series(
    registry: &Registry,
    workspace: &Workspace,
    id: &str,
    output: &mut impl Write,
) -> Result<Manifest, Failure> {
    let mut manifests = chosen(registry, workspace, &[id.to_owned()], output)?;
    let inputs = Inputs::new(workspace);
    if let Some(manifest) = manifests.pop()
        && manifest.study.declare(&manifest, &inputs)?.stages.iter().any(|stage| stage.series().is_some())
    {
        return Ok(manifest);
    }
    Err(WorkspaceError::argument(format!("`{id}` has no trials that could be run in parts")).into())
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
///
/// # Errors
/// If an input that they rest on is missing or wrong.
pub fn missing_shards(workspace: &Workspace, manifest: &Manifest, count: u64) -> Result<Vec<u64>, Failure> {
    let expected = Expected::new(workspace, manifest)?;
    Ok((0..count).filter(|&index| expected.check(Shard { index, count }).is_err()).collect())
}

/// What a shard of an experiment has to be.
struct Expected<'w> {
    workspace: &'w Workspace,
    manifest: &'w Manifest,
    inputs: Inputs<'w>,
    declared: Declared,
    /// What the series take from the user, as it is now: by the key of their provenance, with its value.
    users_inputs: BTreeMap<String, String>,
}

impl<'w> Expected<'w> {
    fn new(workspace: &'w Workspace, manifest: &'w Manifest) -> Result<Self, Failure> {
        let inputs = Inputs::new(workspace);
        let declared = manifest.study.declare(manifest, &inputs)?;
        for stage in declared.stages.iter().filter(|stage| stage.series().is_some()) {
            stage.ingredients(&inputs)?;
        }
        let mut users_inputs = provenance(manifest, &inputs);
        users_inputs.retain(|key, _| key.strip_prefix(INPUT).is_some_and(is_users_input));
        Ok(Self { workspace, manifest, inputs, declared, users_inputs })
    }

    /// Reads a shard and checks that it is whole, and of this manifest, these inputs, this program and this division.
    fn check(&self, shard: Shard) -> Result<Table, ShardFlaw> {
        let table = check(self.workspace, self.manifest, shard, &self.users_inputs)?;
        let damaged = |error: String| ShardFlaw::Damaged(error);
        let mut known = 0;
        for stage in &self.declared.stages {
            known += stage.rows(&table).map_err(|error| damaged(error.to_string()))?;
        }
        if known != table.rows() {
            let others = table.rows() - known.min(table.rows());
            return Err(damaged(format!("{others} rows are of series that the experiment does not have")));
        }
        for stage in &self.declared.stages {
            let flaw =
                stage.flaw(&self.inputs, shard, &table, None).map_err(|error| damaged(error.to_string()))?;
            flaw.map_or(Ok(()), |flaw| Err(damaged(flaw)))?;
        }
        Ok(table)
    }

    /// Computes one unit of a shard again, which nobody knows before: what is wrong, if it gives something else.
    fn sampled(&self, shard: Shard, table: &Table) -> Result<Option<ShardFlaw>, Failure> {
        let series: Vec<_> = self.declared.stages.iter().filter(|stage| stage.series().is_some()).collect();
        let [which, draw] = [(); 2].map(|()| RandomState::new().build_hasher().finish());
        let Some(stage) = series.get((which % series.len().max(1) as u64) as usize) else { return Ok(None) };
        Ok(stage.flaw(&self.inputs, shard, table, Some(draw))?.map(ShardFlaw::Damaged))
    }
}

fn run(workspace: &Workspace, manifest: &Manifest, shard: Shard) -> Result<usize, Failure> {
    let inputs = Inputs::new(workspace);
    let mut whole: Option<Table> = None;
    for stage in manifest.study.declare(manifest, &inputs)?.stages {
        let Some(table) = stage.shard(&inputs, shard, Progress)? else { continue };
        match &mut whole {
            Some(whole) => whole.append(&table)?,
            None => whole = Some(table),
        }
    }
    let Some(table) = whole else {
        let message = format!("`{}` has no trials that could be run in parts", manifest.id);
        return Err(WorkspaceError::argument(message).into());
    };
    let mut provenance = provenance(manifest, &inputs);
    provenance.insert("shard".to_owned(), shard_name(shard));
    provenance.insert("sources".to_owned(), workspace.program().sources.to_owned());
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
    format!("blake3 {}", files::digest(to_csv(table).as_bytes()))
}

/// Reads a shard and checks that its file is whole, and of this manifest, these inputs and this program.
fn check(
    workspace: &Workspace,
    manifest: &Manifest,
    shard: Shard,
    users_inputs: &BTreeMap<String, String>,
) -> Result<Table, ShardFlaw> {
    let path = file(workspace, manifest, shard);
    if !path.exists() {
        return Err(ShardFlaw::Missing);
    }
    let table = read_parquet(&path).map_err(|error| ShardFlaw::Damaged(error.to_string()))?;
    let found = table.provenance();
    for (key, expected) in provenance(manifest, &Inputs::new(workspace)) {
        expect(found, &key, &expected)?;
    }
    expect(found, "shard", &shard_name(shard))?;
    expect(found, "sources", workspace.program().sources)?;
    for (key, known) in found {
        let Some(input) = key.strip_prefix(INPUT) else { continue };
        if is_users_input(input) {
            if let Some(now) = users_inputs.get(key) {
                expect(found, key, now)?;
            }
            continue;
        }
        let hash = hash_of(&workspace.root().join(input));
        if hash.as_ref() != Some(known) {
            return Err(ShardFlaw::Foreign(format!("{input} has changed since")));
        }
    }
    if let Some(key) = users_inputs.keys().find(|key| !found.contains_key(*key)) {
        return Err(ShardFlaw::Foreign(format!("it is not made from {}", key.trim_start_matches(INPUT))));
    }
    if found.get("records") != Some(&digest(&table)) {
        return Err(ShardFlaw::Damaged("its rows are not those that were written".to_owned()));
    }
    Ok(table)
}

fn expect(found_in: &BTreeMap<String, String>, key: &str, expected: &str) -> Result<(), ShardFlaw> {
    match found_in.get(key) {
        Some(found) if found == expected => Ok(()),
        found => {
            let found = found.map_or("nothing", String::as_str);
            Err(ShardFlaw::Foreign(format!("its {key} is {found}; expected {expected}")))
        }
    }
}

fn hash_of(path: &Path) -> Option<String> {
    files::read(path).ok().map(|bytes| format!("blake3 {}", files::digest(&bytes)))
}

/// How many shards the files say that there are.
fn count_of(workspace: &Workspace, manifest: &Manifest) -> Result<u64, WorkspaceError> {
    let folder = shards_folder(workspace, manifest);
    let unreadable = |source| WorkspaceError::Unreadable { path: folder.clone(), source };
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
        [] => Err(WorkspaceError::argument(format!("there are no shards in {}", workspace.shown(&folder)))),
        _ => Err(WorkspaceError::Argument {
            message: format!(
                "{} holds shards of several divisions, into {counts:?}; say which with --count",
                workspace.shown(&folder)
            ),
        }),
    }
}
