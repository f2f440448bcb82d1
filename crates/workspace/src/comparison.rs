//! Two sets of results held against each other, number by number.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use tables::{Kind, Row, Table, Value, read_parquet};
use tempfile::TempDir;

use crate::error::{Failure, WorkspaceError};
use crate::folders::Workspace;

tables::table! {
    /// Numbers of result tables before and after, the largest relative changes first.
    pub struct ChangeRow: "changes" {
        /// Experiment and table.
        table: String,
        /// The texts of the row.
        row: String,
        /// The column, with its unit.
        column: String,
        /// The number before.
        before: Option<f64>,
        /// The number after.
        after: Option<f64>,
        /// After less before, relative to before.
        change: Option<f64> = "%",
    }
}

/// Two sets of results and figures.
#[derive(Debug)]
pub struct Sides {
    before: PathBuf,
    after: PathBuf,
    figures_before: PathBuf,
    figures_after: PathBuf,
    /// Whether the second holds some experiments only.
    partial: bool,
    _scratch: Option<TempDir>,
}

/// What differs between two sets of results.
#[derive(Debug)]
pub struct Comparison {
    /// Numbers that differ, the largest relative changes first.
    pub changes: Vec<Change>,
    /// How many numbers were compared.
    pub compared: usize,
    /// What is no number: texts that differ; tables, columns and rows without a partner.
    pub notes: Vec<String>,
    /// How many experiments were compared.
    pub experiments: usize,
}

impl Sides {
    /// A revision of git, or a folder that holds `results/`, against the workspace's results.
    ///
    /// # Errors
    /// If there is nothing to compare with.
    pub fn against(workspace: &Workspace, before: &str) -> Result<Self, Failure> {
        let (mut folder, mut scratch) = (PathBuf::from(before), None);
        if !folder.join("results").is_dir() {
            let checked_out = tempfile::tempdir()
                .map_err(|source| WorkspaceError::Unwritable { path: std::env::temp_dir(), source })?;
            check_out(workspace, before, checked_out.path())?;
            checked_out.path().clone_into(&mut folder);
            scratch = Some(checked_out);
        }
        let root = workspace.root();
        Ok(Self {
            before: folder.join("results"),
            after: root.join("results"),
            figures_before: folder.join("figures"),
            figures_after: root.join("figures"),
            partial: false,
            _scratch: scratch,
        })
    }

    /// The workspace's results against those of a variant.
    ///
    /// # Errors
    /// If there is no such variant.
    pub fn of_variant(workspace: &Workspace, variant: &str) -> Result<Self, Failure> {
        let (results, figures) = (workspace.root().join("results"), workspace.root().join("figures"));
        Ok(Self {
            after: variant_folder(&results, variant)?,
            before: results,
            figures_after: figures.join("variants").join(variant),
            figures_before: figures,
            partial: true,
            _scratch: None,
        })
    }

    /// An experiment's figures before and after as SVG, where both are there.
    pub fn figures(&self, experiment: &str) -> Option<[String; 2]> {
        let read = |folder: &Path| files::read_text(&folder.join(format!("{experiment}.svg"))).ok();
        Some([read(&self.figures_before)?, read(&self.figures_after)?])
    }

    /// Compares the tables of experiments; of all, if none is named.
    ///
    /// # Errors
    /// If a table or a folder cannot be read, or neither side has an experiment that is named.
    pub fn compare(&self, named: &[&str]) -> Result<Comparison, Failure> {
        let wanted = |experiment: &str| named.is_empty() || named.contains(&experiment);
        let (old, new) = (tables_of(&self.before, wanted)?, tables_of(&self.after, wanted)?);
        let of_table = |name: &String| name.split('/').next().unwrap_or_default().to_owned();
        let experiments: BTreeSet<String> = old.keys().chain(new.keys()).map(of_table).collect();
        if let Some(unknown) = named.iter().find(|name| !experiments.contains(**name)) {
            let mut known: Vec<String> =
                [&self.before, &self.after].into_iter().flat_map(|side| names(side)).collect();
            known.sort();
            known.dedup();
            let (kind, name) = ("experiment with results", (*unknown).to_owned());
            return Err(WorkspaceError::UnknownName { kind, name, known }.into());
        }
        let (mut changes, mut notes, mut compared) = (Vec::new(), Vec::new(), 0);
        for name in old.keys().chain(new.keys().filter(|name| !old.contains_key(*name))) {
            match (old.get(name), new.get(name)) {
                (Some(old), Some(new)) => {
                    let found = changes_of(name, old, new);
                    compared += found.compared;
                    changes.extend(found.changes);
                    notes.extend(found.notes);
                }
                (Some(_), None) if self.partial => {}
                (Some(_), None) => notes.push(format!("{name}: is no longer there")),
                _ => notes.push(format!("{name}: is new")),
            }
        }
        changes.sort_by(|a: &Change, b: &Change| {
            b.size()
                .total_cmp(&a.size())
                .then_with(|| (&a.table, &a.row, &a.column).cmp(&(&b.table, &b.row, &b.column)))
        });
        Ok(Comparison { changes, compared, notes, experiments: experiments.len() })
    }
}

/// Where a variant's results lie.
fn variant_folder(results: &Path, variant: &str) -> Result<PathBuf, Failure> {
    let folder = results.join("variants").join(variant);
    if folder.is_dir() {
        return Ok(folder);
    }
    let known = std::fs::read_dir(results.join("variants")).into_iter().flatten().flatten();
    let mut known: Vec<String> =
        known.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    known.sort();
    Err(WorkspaceError::UnknownName { kind: "variant", name: variant.to_owned(), known }.into())
}

/// Lays the results of a revision into a folder.
fn check_out(workspace: &Workspace, revision: &str, folder: &Path) -> Result<(), Failure> {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").arg("-C").arg(workspace.root()).args(arguments).output();
        match output {
            Ok(output) if output.status.success() => Ok(output.stdout),
            Ok(output) => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
            Err(error) => Err(format!("git cannot be run: {error}")),
        }
    };
    let refused = |why: String| {
        WorkspaceError::argument(format!(
            "`{revision}` is neither a folder with results nor a revision of git: {why}"
        ))
    };
    // Beginning with a dash it would be an option.
    if revision.starts_with('-') {
        return Err(refused("it begins with a dash".into()).into());
    }
    let listed = git(&["ls-tree", "-r", "--name-only", "--full-tree", revision, "--", "results", "figures"])
        .map_err(refused)?;
    for name in String::from_utf8_lossy(&listed)
        .lines()
        .filter(|name| [".parquet", ".svg"].iter().any(|ending| name.ends_with(ending)))
    {
        let bytes = git(&["show", &format!("{revision}:{name}")]).map_err(refused)?;
        tables::write_atomically(&folder.join(name), &bytes)?;
    }
    Ok(())
}

/// What lies in a folder; nothing, if there is none.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, WorkspaceError> {
    let unreadable = |source| WorkspaceError::Unreadable { path: folder.to_owned(), source };
    match std::fs::read_dir(folder) {
        Ok(entries) => entries.map(|entry| Ok(entry.map_err(unreadable)?.path())).collect(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(unreadable(error)),
    }
}

/// The experiments that have results in a folder.
fn names(results: &Path) -> Vec<String> {
    let folders = entries(results).unwrap_or_default().into_iter().filter(|path| path.is_dir());
    let names = folders.map(|path| path.file_name().unwrap_or_default().to_string_lossy().into_owned());
    names.filter(|name| !name.starts_with('.') && name != "variants").collect()
}

/// Every table of experiments below a folder of results, by experiment and name.
fn tables_of(results: &Path, wanted: impl Fn(&str) -> bool) -> Result<BTreeMap<String, Table>, Failure> {
    let mut tables = BTreeMap::new();
    // That the folder itself cannot be read is told; what it lacks has no tables.
    entries(results)?;
    for experiment in names(results).into_iter().filter(|name| wanted(name)) {
        for path in entries(&results.join(&experiment))? {
            if path.extension().is_some_and(|extension| extension == "parquet") {
                let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                tables.insert(format!("{experiment}/{name}"), read_parquet(&path)?);
            }
        }
    }
    Ok(tables)
}

/// A number that differs.
#[derive(Debug)]
pub struct Change {
    /// Experiment and table.
    pub table: String,
    /// The texts of the row.
    pub row: String,
    /// The column, with its unit.
    pub column: String,
    /// The number before.
    pub before: Option<f64>,
    /// The number after.
    pub after: Option<f64>,
}

impl Change {
    /// How large the change is: relative, and beyond all others where a number came or went.
    fn size(&self) -> f64 {
        match (self.before, self.after) {
            (Some(before), Some(after)) => ((after - before) / before).abs(),
            _ => f64::INFINITY,
        }
    }

    /// Its row in a table.
    pub fn row(&self) -> ChangeRow {
        let relative = self.before.zip(self.after).map(|(before, after)| 100.0 * (after - before) / before);
        ChangeRow {
            table: self.table.clone(),
            row: self.row.clone(),
            column: self.column.clone(),
            before: self.before,
            after: self.after,
            change: relative.filter(|change| change.is_finite()),
        }
    }
}

struct Changes {
    changes: Vec<Change>,
    notes: Vec<String>,
    compared: usize,
}

fn changes_of(name: &str, old: &Table, new: &Table) -> Changes {
    let mut found =
        Changes { changes: Vec::new(), notes: columns_without_partner(name, old, new), compared: 0 };
    let keys = |table: &Table| -> Vec<String> { unique(table.iter().map(|row| key(&row)).collect()) };
    let (old_keys, new_keys) = (keys(old), keys(new));
    let places: BTreeMap<&str, usize> =
        new_keys.iter().enumerate().map(|(place, key)| (key.as_str(), place)).collect();
    let mut lost = 0;
    let mut texts: BTreeMap<String, usize> = BTreeMap::new();
    for (key, row) in old_keys.iter().zip(old.iter()) {
        let Some(partner) = places.get(key.as_str()).and_then(|&place| new.row(place)) else {
            lost += 1;
            continue;
        };
        for (column, before) in row.values() {
            let Ok(after) = partner.value(&column.name) else { continue };
            if column.kind == Kind::Text {
                *texts.entry(column.name.clone()).or_default() += usize::from(before != after);
                continue;
            }
            let (before, after) = (number(&before), number(&after));
            if before.is_none() && after.is_none() {
                continue;
            }
            found.compared += 1;
            if before != after {
                let (row, column) = (key.clone(), column.heading());
                found.changes.push(Change { table: name.to_owned(), row, column, before, after });
            }
        }
    }
    let gained = new_keys.len() - (old_keys.len() - lost);
    if lost + gained > 0 {
        found.notes.push(format!("{name}: {lost} rows are gone, {gained} are new"));
    }
    let texts = texts.into_iter().filter(|(_, differing)| *differing > 0);
    found
        .notes
        .extend(texts.map(|(column, differing)| format!("{name}: {differing} texts differ in `{column}`")));
    found
}

/// The columns that only one of two tables has, or that mean something else in it.
fn columns_without_partner(name: &str, old: &Table, new: &Table) -> Vec<String> {
    let mut notes = Vec::new();
    for column in old.columns() {
        match new.columns().iter().find(|other| other.name == column.name) {
            None => notes.push(format!("{name}: the column `{}` is gone", column.name)),
            Some(other) if (&other.unit, other.kind) != (&column.unit, column.kind) => {
                notes.push(format!(
                    "{name}: the column `{}` is in another unit or of another kind",
                    column.name
                ));
            }
            Some(_) => {}
        }
    }
    let gained =
        new.columns().iter().filter(|column| old.columns().iter().all(|other| other.name != column.name));
    notes.extend(gained.map(|column| format!("{name}: the column `{}` is new", column.name)));
    notes
}

/// What a row is known by: its texts.
fn key(row: &Row<'_>) -> String {
    let texts = row.values().filter(|(column, _)| column.kind == Kind::Text && column.name != "source");
    let shown = texts.filter_map(|(_, value)| match value {
        Value::Text(text) if !text.is_empty() => Some(text),
        _ => None,
    });
    shown.collect::<Vec<_>>().join(", ")
}

/// Rows with the same texts are told apart by their order.
fn unique(keys: Vec<String>) -> Vec<String> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let tell_apart = |key: String| {
        let count = seen.entry(key.clone()).or_insert(0);
        *count += 1;
        if *count == 1 { key } else { format!("{key} #{count}") }
    };
    keys.into_iter().map(tell_apart).collect()
}

/// A number, or a flag as 0 or 1.
fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Real(number) => Some(*number),
        Value::Integer(number) => Some(*number as f64),
        Value::Flag(flag) => Some(f64::from(u8::from(*flag))),
        Value::Text(_) | Value::Missing => None,
    }
}
