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
/// If the folder of manifests cannot be read. A manifest that is wrong is told.
pub fn run(arguments: &Arguments, workspace: &Workspace, output: &mut impl Write) -> Result<(), Failure> {
    let rows = workspace.experiments()?.into_iter().map(|experiment| {
        let (reason, needs) = match REGISTRY.manifest(workspace, &experiment) {
            Ok(manifest) => {
                (staleness(workspace, &manifest).map(|r| r.to_string()), manifest.users_data_named())
            }
            Err(error) => {
                (REGISTRY.program.warn)(&error.to_string());
                (Some("its manifest is wrong".to_owned()), None)
            }
        };
        StatusRow { experiment, up_to_date: reason.is_none(), reason, needs }
    });
    print_table(&Table::of(rows)?, arguments.format, output)
}
