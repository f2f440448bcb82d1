//! The report: one page of HTML that needs nothing beside it.
//!
//! Claims with their verdicts, every figure, every table, and every parameter with its source, from the files of the workspace.
//! The same files give the same page.

mod html;
mod svg;

use std::collections::BTreeMap;
use std::path::Path;

use tables::{Kind, Table, Value, read_parquet};
use technology::ParameterSet;

use crate::claims::{Claim, Finding, Judged, Written};
use crate::comparison::{ChangeRow, Sides};
use crate::error::{Failure, WorkspaceError};
use crate::folders::Workspace;
use crate::registry::Registry;
use crate::study::Manifest;

use html::{Page, escaped};

/// Rows of a table beyond these are left to the Parquet file.
const ROWS: usize = 400;

/// Writes the page.
///
/// # Errors
/// If a file of the workspace cannot be read.
pub fn page(
    registry: &Registry,
    workspace: &Workspace,
    claims: &[(&Claim, Judged)],
    findings: &[(&Finding, Written)],
    provenance: &BTreeMap<String, String>,
    against: Option<(&str, &Sides)>,
) -> Result<String, Failure> {
    let mut page = Page::new("Tritrack: the claims of CAM-only DNN inference, re-run");
    page.paragraph(
        "This page re-runs the claims of “Full-Stack Optimization for CAM-Only DNN Inference” (J. P. C. de Lima, A. A. Khan, \
         L. Carro, J. Castrillon, DATE 2024, arXiv 2401.12630) from manifests. Every number comes from the tables below; \
         nothing is fitted to a claim.",
    );
    let experiments = registry.readable_manifests(workspace)?;
    let made: Vec<&Manifest> =
        experiments.iter().filter(|manifest| workspace.figure(&manifest.id, "svg").is_file()).collect();
    page.contents(
        against.is_some(),
        made.iter().map(|manifest| (manifest.id.as_str(), manifest.title.as_str())),
    );

    if let Some((name, sides)) = against {
        let ids: Vec<&str> = experiments.iter().map(|manifest| manifest.id.as_str()).collect();
        changes(&mut page, name, sides, &ids)?;
    }
    page.section("claims", "Claims");
    for (claim, judged) in claims {
        page.claim(claim, judged);
    }
    sources(&mut page, provenance);
    for manifest in &made {
        let of_it = findings.iter().filter(|(finding, _)| finding.figure == manifest.id);
        experiment(&mut page, manifest, of_it.map(|(_, written)| written.text.as_str()), workspace)?;
    }
    page.section("parameters", "Parameters and their sources");
    page.paragraph(
        "Low and high are the 5 % and 95 % points of a parameter's range. The mark says how far its source can be trusted.",
    );
    for kind in workspace.program().files {
        let Some(read) = kind.parameters else { continue };
        for name in workspace.names(kind.folder)? {
            let path = workspace.input(kind.folder, &format!("{name}.yaml"));
            let (title, set) = read(&path, None)?;
            parameters(&mut page, &title, &workspace.shown(&path).to_string(), &set);
        }
    }
    Ok(page.finish())
}

/// What the claims on the page rest on.
fn sources(page: &mut Page, provenance: &BTreeMap<String, String>) {
    let headings = [("input", "A file of the workspace."), ("digest", "Of its bytes.")];
    let headings = headings.map(|(name, meaning)| (name.to_owned(), meaning.to_owned(), false));
    let rows = provenance.iter().map(|(input, digest)| vec![input.clone(), digest.clone()]);
    page.table("What the claims were made from", "By file, with its digest.", &headings, rows.collect());
}

/// What differs from other results: the numbers, the largest relative changes first, and the figures side by side.
fn changes(page: &mut Page, name: &str, sides: &Sides, experiments: &[&str]) -> Result<(), Failure> {
    page.section("changes", &format!("What changed: {name}"));
    let found = sides.compare(&[])?;
    page.paragraph(&format!(
        "{} of {} numbers differ{}.",
        found.changes.len(),
        found.compared,
        if found.notes.is_empty() { String::new() } else { format!("; {}", found.notes.join("; ")) }
    ));
    let numbers = Table::of::<ChangeRow>(found.changes.iter().take(ROWS).map(|change| change.row()))?;
    table(page, &numbers, "`tritrack diff` prints them");
    for id in experiments {
        if let Some([before, after]) = sides.figures(id).filter(|[before, after]| before != after) {
            page.pictures([(&format!("{id}, before"), &before), (&format!("{id}, after"), &after)]);
        }
    }
    Ok(())
}

fn experiment<'f>(
    page: &mut Page,
    manifest: &Manifest,
    findings: impl Iterator<Item = &'f str>,
    workspace: &Workspace,
) -> Result<(), Failure> {
    let id = &manifest.id;
    page.section(id, &format!("{id}: {}", manifest.title));
    let path = workspace.figure(id, "svg");
    page.picture(&read(&path)?, &manifest.title);
    findings.for_each(|text| page.paragraph(text));
    let shown = workspace.manifest(id);
    page.raw(&format!(
        "<p class=\"again\">Again: <code>tritrack reproduce {} --force</code>, from <code>{}</code> (seed {}).</p>",
        escaped(id),
        escaped(&workspace.shown(&shown).to_string()),
        manifest.seed
    ));
    let folder = workspace.root().join("results").join(id);
    let entries = std::fs::read_dir(&folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut files: Vec<_> = entries.filter(|path| path.extension().is_some_and(|e| e == "parquet")).collect();
    files.sort();
    for file in files {
        table(page, &read_parquet(&file)?, &workspace.shown(&file).to_string());
    }
    Ok(())
}

fn table(page: &mut Page, table: &Table, path: &str) {
    let headings = table.columns().iter().map(|column| {
        let numeric = matches!(column.kind, Kind::Integer | Kind::Real);
        (column.heading(), column.meaning.clone(), numeric)
    });
    let rows = table.iter().take(ROWS).map(|row| row.values().map(|(_, value)| cell(&value)).collect());
    let left = table.rows().saturating_sub(ROWS);
    let note = if left > 0 { format!(" The file has {left} more.") } else { String::new() };
    page.table(
        &format!("{} ({} rows)", table.name(), table.rows()),
        &format!("{} {path}.{note}", table.meaning()),
        &headings.collect::<Vec<_>>(),
        rows.collect(),
    );
}

fn cell(value: &Value) -> String {
    match value {
        Value::Missing => String::new(),
        Value::Real(number) => {
            let rounded = format!("{number:.5e}").parse::<f64>().unwrap_or(*number);
            format!("{rounded}")
        }
        Value::Flag(flag) => (if *flag { "yes" } else { "no" }).to_owned(),
        other => other.to_string(),
    }
}

fn parameters(page: &mut Page, title: &str, path: &str, parameters: &ParameterSet) {
    let headings = [
        ("parameter", "Its place in the file.", false),
        ("value", "The nominal value.", true),
        ("unit", "Its unit.", false),
        ("low", "5 % point.", true),
        ("high", "95 % point.", true),
        ("mark", "How far the source can be trusted.", false),
        ("source", "Where it comes from.", false),
    ];
    let rows = parameters.iter().map(|(name, parameter)| {
        vec![
            name.to_owned(),
            parameter.value.to_string(),
            parameter.unit.clone(),
            parameter.low.to_string(),
            parameter.high.to_string(),
            parameter.mark.name().to_owned(),
            parameter.source.clone(),
        ]
    });
    let headings = headings.map(|(name, meaning, numeric)| (name.to_owned(), meaning.to_owned(), numeric));
    page.table(title, path, &headings, rows.collect());
}

fn read(path: &Path) -> Result<String, WorkspaceError> {
    files::read_text(path).map_err(|source| WorkspaceError::Unreadable { path: path.to_owned(), source })
}
