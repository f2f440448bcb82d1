//! `tritrack diff`: what a change of a model did to every number.

use std::io::Write;

use clap::Args;
use tables::Table;
use workspace::{ChangeRow, Comparison, Failure, Sides, Workspace};

use super::{Format, print_table};
use crate::choice::Choice;

/// Shown after the command's help.
pub const EXAMPLES: &str = "\
Examples:
  tritrack diff HEAD              the results as they are, against those last committed
  tritrack diff v0.1.0 fig7       one experiment against a release
  tritrack diff ../other          against another workspace's results
  tritrack diff --variant mine fig7   the results as they stand, against those with something of your own

Rows are matched by their texts, and rows with the same texts by their order. What has no partner is counted.";

/// Changes that are shown to a person.
const LINES: usize = 40;

/// Arguments of `tritrack diff`.
#[derive(Debug, Clone, Args)]
pub struct Arguments {
    /// What to compare with: a revision of git, or a folder that holds `results/`
    #[arg(value_name = "REVISION | FOLDER", required_unless_present = "variant")]
    before: Option<String>,
    /// Experiments by name; all if left out
    #[arg(value_name = "EXPERIMENT")]
    experiments: Vec<String>,
    /// Compare the workspace's own results (before) with those of a variant (after)
    #[arg(long, value_name = "NAME")]
    variant: Option<String>,
    /// Show at most so many numbers, the largest relative changes first; if left out, 40 of a text, and all for programs
    #[arg(long, value_name = "COUNT")]
    most: Option<usize>,
    /// How they are printed
    #[arg(long, value_parser = Choice::<Format>::default(), default_value_t = Format::Text)]
    format: Format,
}

/// Runs the command.
///
/// # Errors
/// If there is nothing to compare with, or a table is damaged.
pub fn run(arguments: &Arguments, workspace: &Workspace, output: &mut impl Write) -> Result<(), Failure> {
    let sides = match (&arguments.variant, &arguments.before) {
        (Some(variant), _) => Sides::of_variant(workspace, variant)?,
        (None, before) => Sides::against(workspace, before.as_deref().unwrap_or("HEAD"))?,
    };
    // With a variant there is nothing else to compare with: all that is named are experiments.
    let first = arguments.before.iter().filter(|_| arguments.variant.is_some());
    let experiments: Vec<&String> = first.chain(&arguments.experiments).collect();
    let experiments: Vec<&str> = experiments.into_iter().map(String::as_str).collect();
    let Comparison { changes, compared, notes, experiments } = sides.compare(&experiments)?;
    // A person reads the largest changes; a program all of them.
    let most = arguments.most.unwrap_or(if arguments.format == Format::Text { LINES } else { usize::MAX });
    let table = Table::of::<ChangeRow>(changes.iter().take(most).map(|change| change.row()))?;
    let is_text = arguments.format == Format::Text;
    if !(table.is_empty() && is_text) {
        print_table(&table, arguments.format, output)?;
    }
    let numbers = match (changes.len(), notes.len()) {
        (0, 0) => "none differs".to_owned(),
        (0, others) => format!("no number differs, but {others} other things do"),
        (differing, others) => {
            format!("{differing} differ, {} do not; {others} other things differ", compared - differing)
        }
    };
    let summary = format!("{experiments} experiments, {compared} numbers compared; {numbers}");
    let lines = notes.into_iter().chain([summary]);
    // Beside a table for programs, so that it stays one.
    if is_text {
        lines.for_each(|line| drop(writeln!(output, "{line}")));
    } else {
        lines.for_each(|line| drop(writeln!(std::io::stderr(), "{line}")));
    }
    Ok(())
}
