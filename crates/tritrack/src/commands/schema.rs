//! `tritrack schema`: what may stand in a file, for editors.

use std::io::Write;

use clap::Args;

use crate::error::RunError;
use crate::schema::SchemaKind;

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
    #[arg(value_enum)]
    pub kind: Option<SchemaKind>,
}

/// Prints schemas.
///
/// # Errors
/// None: a reader that goes away is no error.
pub fn run(arguments: &Arguments, output: &mut impl Write) -> Result<(), RunError> {
    let text = match arguments.kind {
        Some(kind) => kind.text(),
        None => {
            let all = SchemaKind::ALL.map(|kind| (kind.name().to_owned(), kind.schema()));
            format!("{:#}\n", serde_json::Value::Object(all.into_iter().collect()))
        }
    };
    let _ = output.write_all(text.as_bytes());
    Ok(())
}
