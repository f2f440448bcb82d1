//! `tritrack status`: which results are up to date, and why others are not.

use std::io::Write;

use clap::Args;
use tables::{Column, Schema, Table, Value};

use super::{Format, print_table};
use crate::error::RunError;
use crate::state::staleness;
use crate::workspace::Workspace;

/// The experiments' states.
pub static STATUS: Schema = Schema::new(
    "status",
    "Whether each experiment's results are those that it would give again.",
    &[
        Column::text("experiment", "Name of the experiment."),
        Column::flag("up_to_date", "Whether nothing would be done."),
        Column::text("reason", "Why it would run.").optional(),
        Column::text("needs", "Data that the user has to bring for it.").optional(),
    ],
);

/// Arguments of `tritrack status`.
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
    let mut table = Table::new(&STATUS);
    for manifest in workspace.manifests()? {
        let reason = staleness(workspace, &manifest);
        table.push_row([
            ("experiment", manifest.id.as_str().into()),
            ("up_to_date", reason.is_none().into()),
            ("reason", reason.map_or(Value::Missing, |reason| reason.to_string().as_str().into())),
            ("needs", manifest.study.users_data_named().into()),
        ])?;
    }
    print_table(&table, arguments.format, output)
}
