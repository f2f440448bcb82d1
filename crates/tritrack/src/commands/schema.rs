//! `tritrack schema`: what may stand in a file, for editors.

use std::io::Write;

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser};
use workspace::{Failure, Registry, WorkspaceError};

use crate::REGISTRY;

/// Shown by `--help`.
pub const EXAMPLES: &str = "\
Examples:
  tritrack schema experiment            what may stand in a manifest
  tritrack schema crossbar > here.json  what may stand in a technology file of a crossbar
  tritrack schema                       all of them, each under its kind

An editor with a YAML language server takes the schema that the first line of a file names:
  # yaml-language-server: $schema=schemas/experiment.json";

/// Arguments of `tritrack schema`.
#[derive(Debug, Clone, Args)]
pub struct Arguments {
    /// The kind of file; all of them if left out
    #[arg(value_parser = kinds())]
    kind: Option<String>,
}

/// The kinds of files that have a schema.
fn kinds() -> PossibleValuesParser {
    let kinds = REGISTRY.schemas().into_iter().map(|kind| PossibleValue::new(kind.name).help(kind.meaning));
    PossibleValuesParser::new(kinds)
}

/// Prints schemas.
///
/// # Errors
/// If there is no such kind, which the command line refuses.
pub fn run(arguments: &Arguments, registry: &Registry, output: &mut impl Write) -> Result<(), Failure> {
    let schemas = registry.schemas();
    let text = match &arguments.kind {
        Some(name) => {
            let kind = schemas.iter().find(|kind| kind.name == name);
            let unknown = || WorkspaceError::argument(format!("there is no kind of file `{name}`"));
            kind.ok_or_else(unknown)?.text(registry)
        }
        None => {
            let all = schemas.into_iter().map(|kind| (kind.name.to_owned(), kind.schema(registry)));
            format!("{:#}\n", serde_json::Value::Object(all.collect()))
        }
    };
    let _ = output.write_all(text.as_bytes());
    Ok(())
}
