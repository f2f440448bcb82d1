//! `tritrack report`: everything on one page.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use tables::write_atomically;
use workspace::claims::{Claims, claims_provenance, judged, written};
use workspace::report::page;
use workspace::{Failure, Sides, Workspace};

use crate::REGISTRY;

/// Arguments of `tritrack report`.
#[derive(Debug, Clone, Args)]
pub struct Arguments {
    /// The file to write
    #[arg(long, short, value_name = "FILE.html", default_value = "report.html")]
    output: PathBuf,
    /// Begin with what changed against a revision of git or another workspace's folder: numbers, and figures side by side
    #[arg(long, value_name = "REVISION | FOLDER")]
    against: Option<String>,
    /// Begin with what a variant changes
    #[arg(long, value_name = "NAME", conflicts_with = "against")]
    variant: Option<String>,
}

/// Shown after the command's help.
pub const EXAMPLES: &str = "\
Examples:
  tritrack report                              everything, to report.html
  tritrack report --against HEAD               with what changed since the last commit before it
  tritrack report --variant mine -o mine.html  with what something of your own changes";

/// Runs the command.
///
/// # Errors
/// If results are missing, or the file cannot be written.
pub fn run(arguments: &Arguments, workspace: &Workspace, output: &mut impl Write) -> Result<(), Failure> {
    let claims = Claims::load(&workspace.claims())?;
    let sides = match (&arguments.against, &arguments.variant) {
        (_, Some(variant)) => Some((variant, Sides::of_variant(workspace, variant)?)),
        (Some(before), None) => Some((before, Sides::against(workspace, before)?)),
        (None, None) => None,
    };
    let html = page(
        &REGISTRY,
        workspace,
        &judged(&claims, workspace)?,
        &written(&claims, workspace)?,
        &claims_provenance(&claims, workspace)?,
        sides.as_ref().map(|(name, sides)| (name.as_str(), sides)),
    )?;
    write_atomically(&arguments.output, html.as_bytes())?;
    let _ = writeln!(output, "wrote {} ({} KB)", arguments.output.display(), html.len() / 1000);
    Ok(())
}
