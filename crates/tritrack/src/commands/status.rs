//! `tritrack status`: which results are up to date, and why others are not.

use std::io::Write;

use clap::Args;
use tables::Table;
use workspace::{Failure, Workspace, staleness};

use super::{Format, print_table};
use crate::REGISTRY;
use crate::choice::Choice;

tables::table! {
    /// Whether each experiment's results are those that it would give again.
    pub struct StatusRow: "status" {
        /// Name of the experiment.
        experiment: String,
        /// Whether nothing would be done.
        up_to_date: bool,
        /// Why it would run.
        reason: Option<String>,
        /// Data that the user has to bring for it.
        needs: Option<String>,
    }
}

/// Arguments of `tritrack status`.
#[derive(Debug, Clone, Args)]
pub struct Arguments {
    /// How the table is printed
    #[arg(long, value_parser = Choice::<Format>::default(), default_value_t = Format::Text)]
    format: Format,
}

/// Runs the command.
///
/// # Errors
/// If a manifest is wrong.
pub fn run(arguments: &Arguments, workspace: &Workspace, output: &mut impl Write) -> Result<(), Failure> {
    let rows = REGISTRY.manifests(workspace)?.into_iter().map(|manifest| {
        let reason = staleness(workspace, &manifest);
        StatusRow {
            up_to_date: reason.is_none(),
            reason: reason.map(|reason| reason.to_string()),
            needs: manifest.users_data_named(),
            experiment: manifest.id,
        }
    });
    print_table(&Table::of(rows)?, arguments.format, output)
}
