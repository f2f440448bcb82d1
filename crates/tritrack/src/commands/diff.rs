//! `tritrack diff`: what a change of a model did to every number.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Args;
use tables::{Column, Kind, Row, Schema, Table, Value, read_parquet};

use super::{Format, print_table};
use crate::error::RunError;
use crate::workspace::Workspace;

/// Shown after the command's help.
pub const EXAMPLES: &str = "\
Examples:
  tritrack diff HEAD              the results as they are, against those last committed
  tritrack diff v0.1.0 fig7       one experiment against a release
  tritrack diff ../other          against another workspace's results
  tritrack diff --variant mine fig7   the results as they stand, against those with something of your own

Rows are matched by their texts, and rows with the same texts by their order. What has no partner is counted.";

/// Arguments of `tritrack diff`.
#[derive(Debug, Clone, Args)]
pub struct Arguments {
    /// What to compare with: a revision of git, or a folder that holds `results/`
    #[arg(value_name = "REVISION | FOLDER", required_unless_present = "variant")]
    before: Option<String>,
    /// Experiments by name; all if left out
    #[arg(value_name = "EXPERIMENT")]
    experiments: Vec<String>,
    /// Compare the workspace's own results (before) with those of a variant (after)
    #[arg(long, value_name = "NAME")]
    variant: Option<String>,
    /// Show at most so many numbers, the largest relative changes first
    #[arg(long, default_value_t = 40, value_name = "COUNT")]
    most: usize,
    /// How they are printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// Numbers that changed.
pub static CHANGES: Schema = Schema::new(
    "changes",
    "Numbers of result tables before and after, the largest relative changes first.",
    &[
        Column::text("table", "Experiment and table."),
        Column::text("row", "The texts of the row."),
        Column::text("column", "The column, with its unit."),
        Column::real("before", "", "The number before.").optional(),
        Column::real("after", "", "The number after.").optional(),
        Column::real("change", "%", "After less before, relative to before.").optional(),
    ],
);

/// Runs the command.
///
/// # Errors
/// If there is nothing to compare with, or a table is damaged.
pub fn run(arguments: &Arguments, workspace: &Workspace, output: &mut impl Write) -> Result<(), RunError> {
    let scratch =
        tempfile::tempdir().map_err(|source| RunError::Unwritable { path: std::env::temp_dir(), source })?;
    let results = workspace.root().join("results");
    let (before, after) = match (&arguments.variant, &arguments.before) {
        (Some(variant), _) => (results.clone(), variant_folder(&results, variant)?),
        (None, Some(folder)) if Path::new(folder).join("results").is_dir() => {
            (Path::new(folder).join("results"), results)
        }
        (None, revision) => {
            check_out(workspace, revision.as_deref().unwrap_or("HEAD"), scratch.path())?;
            (scratch.path().join("results"), results)
        }
    };
    let (old, new) = (tables_of(&before)?, tables_of(&after)?);
    // With a variant there is nothing else to compare with: all that is named are experiments.
    let first = arguments.before.iter().filter(|_| arguments.variant.is_some());
    let experiments: Vec<&String> = first.chain(&arguments.experiments).collect();
    let wanted = |name: &str| {
        let experiment = name.split('/').next().unwrap_or_default();
        experiments.is_empty() || experiments.iter().any(|wanted| *wanted == experiment)
    };
    let mut changes: Vec<Change> = Vec::new();
    let mut notes = Vec::new();
    let (mut compared, mut equal) = (0, 0);
    for name in old.keys().chain(new.keys().filter(|name| !old.contains_key(*name))) {
        if !wanted(name) {
            continue;
        }
        match (old.get(name), new.get(name)) {
            (Some(old), Some(new)) => {
                let found = changes_of(name, old, new);
                compared += found.compared;
                equal += found.compared - found.changes.len();
                changes.extend(found.changes);
                notes.extend(found.notes);
            }
            (Some(_), None) if arguments.variant.is_some() => {}
            (Some(_), None) => notes.push(format!("{name}: is no longer there")),
            _ => notes.push(format!("{name}: is new")),
        }
    }
    changes.sort_by(|a, b| {
        b.size()
            .total_cmp(&a.size())
            .then_with(|| (&a.table, &a.row, &a.column).cmp(&(&b.table, &b.row, &b.column)))
    });
    let mut table = Table::new(&CHANGES);
    for change in changes.iter().take(arguments.most) {
        change.push(&mut table)?;
    }
    if table.is_empty() && arguments.format == Format::Text {
        let _ = writeln!(output, "{compared} numbers compared; none differs");
    } else {
        print_table(&table, arguments.format, output)?;
    }
    if arguments.format == Format::Text {
        if !changes.is_empty() {
            let _ = writeln!(output, "{} of {compared} numbers differ, {equal} do not", changes.len());
        }
        notes.iter().for_each(|note| drop(writeln!(output, "{note}")));
    }
    Ok(())
}

/// Where a variant's results lie.
fn variant_folder(results: &Path, variant: &str) -> Result<PathBuf, RunError> {
    let folder = results.join("variants").join(variant);
    if folder.is_dir() {
        return Ok(folder);
    }
    let known = std::fs::read_dir(results.join("variants")).into_iter().flatten().flatten();
    let mut known: Vec<String> =
        known.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    known.sort();
    Err(RunError::UnknownName { kind: "variant", name: variant.to_owned(), known })
}

/// Lays the results of a revision into a folder.
fn check_out(workspace: &Workspace, revision: &str, folder: &Path) -> Result<(), RunError> {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").arg("-C").arg(workspace.root()).args(arguments).output();
        match output {
            Ok(output) if output.status.success() => Ok(output.stdout),
            Ok(output) => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
            Err(error) => Err(format!("git cannot be run: {error}")),
        }
    };
    let refused = |why: String| RunError::Argument {
        message: format!("`{revision}` is neither a folder with results nor a revision of git: {why}"),
    };
    // Beginning with a dash it would be an option.
    if revision.starts_with('-') {
        return Err(refused("it begins with a dash".into()));
    }
    let listed =
        git(&["ls-tree", "-r", "--name-only", "--full-tree", revision, "--", "results"]).map_err(refused)?;
    for name in String::from_utf8_lossy(&listed).lines().filter(|name| name.ends_with(".parquet")) {
        let bytes = git(&["show", &format!("{revision}:{name}")]).map_err(refused)?;
        tables::write_atomically(&folder.join(name), &bytes)?;
    }
    Ok(())
}

/// Every table below a folder of results, by experiment and name.
fn tables_of(results: &Path) -> Result<BTreeMap<String, Table>, RunError> {
    let mut tables = BTreeMap::new();
    let entries = |folder: &Path| std::fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path());
    for experiment in entries(results).filter(|path| path.is_dir()) {
        for path in entries(&experiment).filter(|path| path.extension().is_some_and(|e| e == "parquet")) {
            let name = |path: &Path| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            tables.insert(format!("{}/{}", name(&experiment), name(&path)), read_parquet(&path)?);
        }
    }
    Ok(tables)
}

struct Change {
    table: String,
    row: String,
    column: String,
    before: Option<f64>,
    after: Option<f64>,
}

impl Change {
    /// How large the change is: relative, and beyond all others where a number came or went.
    fn size(&self) -> f64 {
        match (self.before, self.after) {
            (Some(before), Some(after)) => ((after - before) / before).abs(),
            _ => f64::INFINITY,
        }
    }

    fn push(&self, table: &mut Table) -> Result<(), RunError> {
        let number = |number: Option<f64>| number.map_or(Value::Missing, Value::from);
        let relative = self.before.zip(self.after).map(|(before, after)| 100.0 * (after - before) / before);
        table.push_row([
            ("table", self.table.as_str().into()),
            ("row", self.row.as_str().into()),
            ("column", self.column.as_str().into()),
            ("before", number(self.before)),
            ("after", number(self.after)),
            ("change", number(relative.filter(|change| change.is_finite()))),
        ])?;
        Ok(())
    }
}

struct Changes {
    changes: Vec<Change>,
    notes: Vec<String>,
    compared: usize,
}

fn changes_of(name: &str, old: &Table, new: &Table) -> Changes {
    let mut found = Changes { changes: Vec::new(), notes: Vec::new(), compared: 0 };
    let keys = |table: &Table| -> Vec<String> { unique(table.iter().map(|row| key(&row)).collect()) };
    let (old_keys, new_keys) = (keys(old), keys(new));
    let places: BTreeMap<&str, usize> =
        new_keys.iter().enumerate().map(|(place, key)| (key.as_str(), place)).collect();
    let mut lost = 0;
    for (key, row) in old_keys.iter().zip(old.iter()) {
        let Some(partner) = places.get(key.as_str()).and_then(|&place| new.row(place)) else {
            lost += 1;
            continue;
        };
        for (column, before) in row.values() {
            let Ok(after) = partner.value(&column.name) else { continue };
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
    found
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

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Real(number) => Some(*number),
        Value::Integer(number) => Some(*number as f64),
        _ => None,
    }
}
