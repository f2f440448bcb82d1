//! `tritrack list`: the experiments with their titles.

use std::io::Write;

use clap::Args;
use tables::Table;
use workspace::{Failure, Workspace};

use super::{Format, print_table};
use crate::REGISTRY;
use crate::choice::Choice;

tables::table! {
    /// The experiments of the workspace.
    pub struct ExperimentRow: "experiments" {
        /// Name of the experiment, of its manifest and of its figure.
        experiment: String,
        /// What it shows.
        title: String,
        /// Data that the user has to bring for it.
        needs: Option<String>,
    }
}

/// Arguments of `tritrack list`.
#[derive(Debug, Clone, Args)]
pub struct Arguments {
    /// How the table is printed
    #[arg(long, value_parser = Choice::<Format>::default(), default_value_t = Format::Text)]
    format: Format,
}

/// Runs the command.
///
/// # Errors
/// If the folder of manifests cannot be read. A manifest that is wrong is told and left out.
pub fn run(arguments: &Arguments, workspace: &Workspace, output: &mut impl Write) -> Result<(), Failure> {
    let rows = REGISTRY.readable_manifests(workspace)?.into_iter().map(|manifest| ExperimentRow {
        needs: manifest.users_data_named(),
        experiment: manifest.id,
        title: manifest.title,
    });
    print_table(&Table::of(rows)?, arguments.format, output)
}
