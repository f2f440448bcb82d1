//! The command line of Tritrack.

mod claims;
mod cli;
mod commands;
mod comparison;
mod error;
mod manifest;
mod models;
mod progress;
mod quick;
mod report;
mod reproduce;
mod schema;
mod simulation;
mod stages;
mod state;
mod studies;
mod trials;
mod variation;
mod workspace;

use std::io::Write;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use crate::cli::{Arguments, Command};
use crate::error::RunError;
use crate::models::Models;
use crate::stages::cache::Use;
use crate::workspace::Workspace;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Some(jobs) = arguments.jobs {
        // The pool is built once, here: nothing has used it yet.
        let _ = rayon::ThreadPoolBuilder::new().num_threads(jobs).build_global();
    }
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "error: {error}");
            ExitCode::from(if matches!(error, RunError::Check { .. }) { 1 } else { 2 })
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), RunError> {
    if let Command::Completions { shell } = &arguments.command {
        // Into memory first: a reader that goes away is no reason to panic.
        let mut script = Vec::new();
        clap_complete::generate(*shell, &mut Arguments::command(), "tritrack", &mut script);
        let _ = std::io::stdout().write_all(&script);
        return Ok(());
    }
    if let Command::Schema(arguments) = &arguments.command {
        return commands::schema::run(arguments, &mut std::io::stdout());
    }
    let workspace =
        Workspace::find(arguments.workspace.as_deref())?.with_data(arguments.data.iter().cloned());
    let mut output = std::io::stdout();
    match &arguments.command {
        Command::Reproduce(arguments) => reproduce::reproduce(&workspace, arguments, &mut output),
        Command::Plan(arguments) => commands::plan::run(
            arguments,
            &Models::new(&workspace, Use::ReadAndWrite),
            &workspace,
            &mut output,
        ),
        Command::Status(arguments) => commands::status::run(arguments, &workspace, &mut output),
        Command::Diff(arguments) => commands::diff::run(arguments, &workspace, &mut output),
        Command::Explain(arguments) => commands::explain::run(arguments, &workspace, &mut output),
        Command::Report(arguments) => commands::report::run(arguments, &workspace, &mut output),
        Command::Verify(arguments) => commands::verify::run(arguments, &workspace, &mut output),
        Command::Import(arguments) => commands::import::run(&workspace, arguments, &mut output),
        Command::Quantize(arguments) => {
            commands::quantize::run(arguments, &Models::new(&workspace, Use::Off), &mut output)
        }
        Command::Compile(arguments) => {
            commands::compile::run(arguments, &Models::new(&workspace, Use::Off), &mut output)
        }
        Command::Simulate(arguments) => {
            commands::simulate::run(arguments, &Models::new(&workspace, Use::Off), &mut output)
        }
        Command::Inject(arguments) => {
            commands::inject::run(arguments, &Models::new(&workspace, Use::Off), &mut output)
        }
        Command::Shard(arguments) => commands::shard::shard(&workspace, arguments, &mut output),
        Command::Merge(arguments) => commands::shard::merge(&workspace, arguments, &mut output),
        Command::Submit(arguments) => commands::submit::run(arguments, &workspace, &mut output),
        Command::Claims(arguments) => commands::claims::run(arguments, &workspace, &mut output),
        Command::Crossbar(arguments) => commands::crossbar::run(&workspace, arguments, &mut output),
        Command::Completions { .. } | Command::Schema(_) => Ok(()),
        Command::List(arguments) => commands::list::run(arguments, &workspace, &mut output),
    }
}
