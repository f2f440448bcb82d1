//! `tritrack explain`: what a row of a result table means, and what it was made from.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use rtm_ap::ProcessorParameters;
use studies::technologies;
use tables::{Row, Value, read_parquet};
use technology::Parameters;
use workspace::{Failure, Inputs, Workspace, WorkspaceError};

use crate::REGISTRY;

/// Shown after the command's help.
pub const EXAMPLES: &str = "\
Example:
  tritrack explain results/fig7/ratios.parquet --row 0    the first row: values, manifest, inputs, parameters with sources";

/// Arguments of `tritrack explain`.
#[derive(Debug, Clone, Args)]
pub struct Arguments {
    /// A table below `results/`
    #[arg(value_name = "TABLE.parquet")]
    table: PathBuf,
    /// The row, counted from 0
    #[arg(long)]
    row: usize,
}

/// Runs the command.
///
/// # Errors
/// If the table is not there or damaged, or has no such row.
pub fn run(arguments: &Arguments, workspace: &Workspace, output: &mut impl Write) -> Result<(), Failure> {
    for line in explained(&arguments.table, arguments.row, workspace)? {
        let _ = writeln!(output, "{line}");
    }
    Ok(())
}

/// What there is to say of a row of a table, a line each.
///
/// # Errors
/// If the table is not there or damaged, or has no such row.
pub fn explained(table: &Path, row: usize, workspace: &Workspace) -> Result<Vec<String>, Failure> {
    let number = row;
    let path = match table.is_file() {
        true => table.to_owned(),
        false => workspace.root().join(table),
    };
    let table = read_parquet(&path)?;
    let row = table.row(number).ok_or_else(|| {
        let (shown, rows) = (workspace.shown(&path), table.rows());
        WorkspaceError::argument(format!("{shown}: there is no row {number}; it has {rows}, counted from 0"))
    })?;
    let mut lines = Vec::new();
    let mut say = |line: String| lines.push(line);
    say(format!("{}, row {number}: {}", workspace.shown(&path), table.meaning()));
    for (column, value) in row.values() {
        let unit = if column.unit.is_empty() { String::new() } else { format!(" {}", column.unit) };
        let shown = match value {
            Value::Missing => "(none)".to_owned(),
            value => format!("{value}{unit}"),
        };
        say(format!("  {} = {shown}    {}", column.name, column.meaning));
    }
    say("made from".to_owned());
    for (key, value) in table.provenance() {
        say(format!("  {key}: {value}"));
    }
    if let Some(experiment) = table.provenance().get("experiment") {
        let manifest = REGISTRY.manifest(workspace, experiment)?;
        let same = table.provenance().get("manifest") == Some(&format!("blake3 {}", manifest.hash));
        let state = if same { "as it is now" } else { "which has changed since" };
        let shown = workspace.manifest(experiment);
        say(format!("manifest {}, {state}: {}", workspace.shown(&shown), manifest.title));
    }
    lines.extend(parameters(&row, workspace)?);
    Ok(lines)
}

/// The parameters of the technologies that the row names, with their ranges and sources.
fn parameters(row: &Row<'_>, workspace: &Workspace) -> Result<Vec<String>, Failure> {
    let inputs = Inputs::new(workspace);
    let mut lines = Vec::new();
    let texts: Vec<String> = row
        .values()
        .filter_map(|(_, value)| if let Value::Text(text) = value { Some(text) } else { None })
        .collect();
    for name in workspace.technology_names("rtm-ap")?.into_iter().filter(|name| texts.contains(name)) {
        let file = technologies::processor(&inputs, &name)?;
        ProcessorParameters::resolve(&file.parameters)?;
        lines.push(format!(
            "parameters of the RTM-AP, technology {name} ({}), at {} nm",
            file.title, file.design.node_nm
        ));
        lines.extend(listed(&file.parameters));
        lines.push("formulas of the RTM-AP".to_owned());
        lines.extend(rtm_ap::formulas().into_iter().map(|line| format!("  {line}")));
    }
    Ok(lines)
}

fn listed(parameters: &technology::ParameterSet) -> Vec<String> {
    let mut lines = Vec::new();
    for (path, parameter) in parameters.iter() {
        lines.push(format!(
            "  {path} = {} {} ({} to {}), {}",
            parameter.value, parameter.unit, parameter.low, parameter.high, parameter.source
        ));
    }
    lines
}
