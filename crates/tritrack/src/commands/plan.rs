//! `tritrack plan`: what a run would do, and why, with nothing done.

use std::io::Write;

use clap::{Args, ValueEnum};
use tables::{Table, TypedRow};
use workspace::{Failure, Inputs, Plan, chosen};

use super::{Format, print_table};
use crate::REGISTRY;

tables::table! {
    /// The stages of an experiment, each after those that it is made from.
    pub struct PlanRow: "plan" {
        /// Name of the experiment.
        experiment: String,
        /// Its number in the experiment.
        stage: usize,
        /// What it computes.
        kind: String,
        /// Of what.
        what: String,
        /// Whether it is kept, not needed, or would be computed.
        state: String,
        /// Why it would be computed.
        reason: Option<String>,
        /// The first characters of the fingerprint of all that it depends on.
        key: Option<String>,
        /// The stages that it is made from.
        needs: String,
    }
}

/// Shown after the command's help.
pub const EXAMPLES: &str = "\
Examples:
  tritrack plan fig7                                   what `reproduce fig7` would do
  tritrack plan all --format csv                       for every experiment
  tritrack plan fig7 --format dot | dot -Tsvg          as a picture";

/// Arguments of `tritrack plan`.
#[derive(Debug, Clone, Args)]
pub struct Arguments {
    /// Experiments by the names of their manifests, or `all`
    #[arg(required = true, value_name = "EXPERIMENT")]
    experiments: Vec<String>,
    /// As if `reproduce` were called with --force
    #[arg(long)]
    force: bool,
    /// How it is printed
    #[arg(long, value_enum, default_value_t = PlanFormat::Text)]
    format: PlanFormat,
}

/// How a plan is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum PlanFormat {
    /// For the terminal
    Text,
    /// One JSON document
    Json,
    /// Comma-separated values
    Csv,
    /// The bytes of a Parquet file
    Parquet,
    /// A graph for Graphviz
    Dot,
    /// A graph for Mermaid, which Markdown pages show
    Mermaid,
}

/// Runs the command.
///
/// # Errors
/// If a manifest is wrong, or a network or images that it names are not there.
pub fn run(arguments: &Arguments, inputs: &Inputs<'_>, output: &mut impl Write) -> Result<(), Failure> {
    let mut table = Table::new(PlanRow::SCHEMA);
    for manifest in chosen(&REGISTRY, inputs.workspace(), &arguments.experiments, output)? {
        let plan = Plan::of(&manifest, inputs, arguments.force)?;
        match arguments.format {
            PlanFormat::Dot => drop(write!(output, "{}", plan.dot())),
            PlanFormat::Mermaid => drop(write!(output, "{}", plan.mermaid())),
            PlanFormat::Text => print(&plan, output),
            PlanFormat::Json | PlanFormat::Csv | PlanFormat::Parquet => push(&mut table, &plan)?,
        }
    }
    match arguments.format {
        PlanFormat::Json => print_table(&table, Format::Json, output)?,
        PlanFormat::Csv => print_table(&table, Format::Csv, output)?,
        PlanFormat::Parquet => print_table(&table, Format::Parquet, output)?,
        PlanFormat::Text | PlanFormat::Dot | PlanFormat::Mermaid => {}
    }
    Ok(())
}

fn print(plan: &Plan, output: &mut impl Write) {
    let _ = writeln!(output, "{}", plan.experiment);
    for stage in &plan.stages {
        let reason = stage.state.reason().map_or_else(String::new, |reason| format!(": {reason}"));
        let _ = writeln!(output, "  {:<12} {}", stage.kind, stage.what);
        let _ = writeln!(output, "  {:<12} -> {}{reason}", "", stage.state.name());
    }
}

fn push(table: &mut Table, plan: &Plan) -> Result<(), Failure> {
    for (index, stage) in plan.stages.iter().enumerate() {
        let needs: Vec<String> = stage.needs.iter().map(ToString::to_string).collect();
        table.push(PlanRow {
            experiment: plan.experiment.clone(),
            stage: index,
            kind: stage.kind.into(),
            what: stage.what.clone(),
            state: stage.state.name().into(),
            reason: stage.state.reason().map(str::to_owned),
            key: stage.key.as_ref().map(|key| key.short().to_owned()),
            needs: needs.join(" "),
        })?;
    }
    Ok(())
}
