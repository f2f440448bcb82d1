//! `tritrack list`: the experiments with their titles.

use std::io::Write;

use clap::Args;
use tables::{Column, Schema, Table};

use super::{Format, print_table};
use crate::error::RunError;
use crate::workspace::Workspace;

/// The experiments.
pub static EXPERIMENTS: Schema = Schema::new(
    "experiments",
    "The experiments of the workspace.",
    &[
        Column::text("experiment", "Name of the experiment, of its manifest and of its figure."),
        Column::text("title", "What it shows."),
        Column::text("needs", "Data that the user has to bring for it.").optional(),
    ],
);

/// Arguments of `tritrack list`.
#[derive(Debug, Clone, Args)]
pub struct Arguments {
    /// How the table is printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// Runs the command.
///
/// # Errors
/// If a manifest is wrong.
pub fn run(arguments: &Arguments, workspace: &Workspace, output: &mut impl Write) -> Result<(), RunError> {
    let mut table = Table::new(&EXPERIMENTS);
    for manifest in workspace.manifests()? {
        table.push_row([
            ("experiment", manifest.id.as_str().into()),
            ("title", manifest.title.as_str().into()),
            ("needs", manifest.study.users_data_named().into()),
        ])?;
    }
    print_table(&table, arguments.format, output)
}
