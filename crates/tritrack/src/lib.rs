//! The command line of Tritrack, for its binary and for programs that run it in their own process.

mod choice;
mod cli;
pub mod commands;
mod error;
mod output;
pub mod reproduce;

use std::ffi::OsString;
use std::io::Write;

use clap::{CommandFactory, Parser};
use workspace::{Failure, Inputs, Registry, Workspace, WorkspaceError};

use crate::cli::{Arguments, Command};
use crate::output::Output;

/// What there is, and where warnings go: beside what is printed.
pub static REGISTRY: Registry =
    studies::registry(|warning| drop(writeln!(std::io::stderr(), "warning: {warning}")));

pub use error::CommandError;

/// The exit code where a check that was asked for fails.
const CHECK_FAILED: u8 = 1;
/// The exit code where something is wrong with the input.
const WRONG_INPUT: u8 = 2;

/// Runs the command line, the program's name first, and gives the exit code.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version come this way, too, and end well.
            let _ = error.print();
            return u8::try_from(error.exit_code()).unwrap_or(WRONG_INPUT);
        }
    };
    if let Some(jobs) = arguments.jobs {
        // The pool is built once, here: nothing has used it yet.
        let _ = rayon::ThreadPoolBuilder::new().num_threads(jobs).build_global();
    }
    if let Some(bytes) = arguments.memory {
        files::set_budget(bytes);
    }
    let mut output = Output::new(std::io::stdout());
    let done = run(&arguments, &mut output);
    let whole = output
        .finish()
        .map_err(|source| WorkspaceError::Unwritable { path: "standard output".into(), source });
    match done.and_then(|()| Ok(whole?)) {
        Ok(()) => 0,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "error: {error}");
            let is_check = matches!(error.of(), Some(WorkspaceError::Check { .. }));
            if is_check { CHECK_FAILED } else { WRONG_INPUT }
        }
    }
}

fn run(arguments: &Arguments, output: &mut impl Write) -> Result<(), Failure> {
    if let Command::Completions { shell } = &arguments.command {
        // Into memory first: a reader that goes away is no reason to panic.
        let mut script = Vec::new();
        clap_complete::generate(*shell, &mut Arguments::command(), "tritrack", &mut script);
        let _ = output.write_all(&script);
        return Ok(());
    }
    if let Command::Schema(arguments) = &arguments.command {
        return commands::schema::run(arguments, &REGISTRY, output);
    }
    let workspace = Workspace::find(arguments.workspace.as_deref(), &REGISTRY.program)?
        .with_data(arguments.data.iter().cloned());
    let inputs = Inputs::new(&workspace);
    match &arguments.command {
        Command::Reproduce(arguments) => reproduce::run(arguments, &workspace, output),
        Command::Plan(arguments) => commands::plan::run(arguments, &inputs, output),
        Command::Status(arguments) => commands::status::run(arguments, &workspace, output),
        Command::Diff(arguments) => commands::diff::run(arguments, &workspace, output),
        Command::Explain(arguments) => commands::explain::run(arguments, &workspace, output),
        Command::Report(arguments) => commands::report::run(arguments, &workspace, output),
        Command::Verify(arguments) => commands::verify::run(arguments, &workspace, output),
        Command::Import(arguments) => commands::import::run(&workspace, arguments, output),
        Command::Quantize(arguments) => commands::quantize::run(arguments, &inputs, output),
        Command::Compile(arguments) => commands::compile::run(arguments, &inputs, output),
        Command::Simulate(arguments) => commands::simulate::run(arguments, &inputs, output),
        Command::Optimize(arguments) => commands::optimize::run(arguments, &inputs, output),
        Command::Inject(arguments) => commands::inject::run(arguments, &inputs, output),
        Command::Shard(arguments) => commands::shard::shard(&workspace, arguments, output),
        Command::Merge(arguments) => commands::shard::merge(&workspace, arguments, output),
        Command::Submit(arguments) => commands::submit::run(arguments, &workspace, output),
        Command::Claims(arguments) => commands::claims::run(arguments, &workspace, output),
        Command::Crossbar(arguments) => commands::crossbar::run(&workspace, arguments, output),
        Command::Completions { .. } | Command::Schema(_) => Ok(()),
        Command::List(arguments) => commands::list::run(arguments, &workspace, output),
    }
}
