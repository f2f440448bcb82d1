//! `tritrack explain`: what a row of a result table means, and what it was made from.

use std::io::Write;
use std::path::PathBuf;

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
    let path = match arguments.table.is_file() {
        true => arguments.table.clone(),
        false => workspace.root().join(&arguments.table),
    };
    let table = read_parquet(&path)?;
    let row = table.row(arguments.row).ok_or_else(|| {
        let (shown, row, rows) = (workspace.shown(&path), arguments.row, table.rows());
        WorkspaceError::argument(format!("{shown}: there is no row {row}; it has {rows}, counted from 0"))
    })?;
    let mut say = |line: String| drop(writeln!(output, "{line}"));
    say(format!("{}, row {}: {}", workspace.shown(&path), arguments.row, table.meaning()));
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
    for line in parameters(&row, workspace)? {
        say(line);
    }
    Ok(())
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
