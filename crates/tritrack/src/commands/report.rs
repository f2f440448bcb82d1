//! `tritrack report`: everything on one page.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use tables::write_atomically;

use super::claims::judged;
use crate::claims::Claims;
use crate::error::RunError;
use crate::report::page;
use crate::workspace::Workspace;

/// Arguments of `tritrack report`.
#[derive(Debug, Clone, Args)]
pub struct Arguments {
    /// The file to write
    #[arg(long, short, value_name = "FILE.html", default_value = "report.html")]
    output: PathBuf,
}

/// Runs the command.
///
/// # Errors
/// If results are missing, or the file cannot be written.
pub fn run(arguments: &Arguments, workspace: &Workspace, output: &mut impl Write) -> Result<(), RunError> {
    let claims = Claims::load(&workspace.claims())?;
    let html = page(workspace, &judged(&claims, workspace)?)?;
    write_atomically(&arguments.output, html.as_bytes())?;
    let _ = writeln!(output, "wrote {} ({} KB)", arguments.output.display(), html.len() / 1000);
    Ok(())
}
