//! Commands on one's own networks and images, beside the experiments.

pub mod claims;
pub mod compile;
pub mod crossbar;
pub mod diff;
pub mod explain;
pub mod images;
pub mod import;
pub mod inject;
mod job_file;
pub mod list;
pub mod optimize;
pub mod plan;
pub mod quantize;
pub mod report;
pub mod schema;
pub mod shard;
pub mod simulate;
pub mod status;
pub mod submit;
mod tables;
pub mod verify;

use std::io::{IsTerminal, Write};

use clap::Args;
use compiler::{Carry, Geometry, Layout, Options, Sharing};
use workspace::{Failure, WorkspaceError};

use crate::choice::Choice;

names::names! {
    /// How results are printed.
    pub enum Format: "a format" {
        /// A table for the terminal
        Text = "text",
        /// One JSON document
        Json = "json",
        /// Comma-separated values
        Csv = "csv",
        /// The bytes of a Parquet file, for a pipe or a file
        Parquet = "parquet",
    }
}

/// The array and the compiler's options.
#[derive(Debug, Clone, Args)]
pub struct MachineArguments {
    /// Rows of an array
    #[arg(long, default_value_t = 256)]
    rows: u64,
    /// Columns of an array
    #[arg(long, default_value_t = 256)]
    columns: u64,
    /// Domains of a track
    #[arg(long, default_value_t = 64)]
    domains: u64,
    /// Where the carry of additions is kept
    #[arg(long, value_parser = Choice::<Carry>::default(), default_value_t = Carry::Column)]
    carry: Carry,
    /// How subexpressions are shared: none, per-channel, cross-channel
    #[arg(long = "cse", value_name = "ALGORITHM", default_value = "per-channel")]
    sharing: String,
    /// How words lie in the array: naive, along, tiled, best
    #[arg(long, default_value = "along")]
    layout: String,
    /// The most outputs that one processor computes
    #[arg(long, value_name = "COUNT")]
    outputs_per_processor: Option<usize>,
}

impl MachineArguments {
    /// The options, checked.
    ///
    /// # Errors
    /// If one is out of range or unknown.
    pub fn options(&self) -> Result<Options, WorkspaceError> {
        let wrong = |message: String| WorkspaceError::argument(message);
        Ok(Options {
            geometry: Geometry::new(self.rows, self.columns, self.domains)
                .map_err(|e| wrong(e.to_string()))?
                .with_carry(self.carry),
            sharing: self.sharing.parse::<Sharing>().map_err(|e| wrong(e.to_string()))?,
            layout: self.layout.parse::<Layout>().map_err(|e| wrong(e.to_string()))?,
            outputs_per_processor: self.outputs_per_processor,
        })
    }
}

/// Prints a table in the format asked for.
///
/// # Errors
/// If it is asked for as Parquet on a terminal.
pub fn print_table(table: &::tables::Table, format: Format, output: &mut impl Write) -> Result<(), Failure> {
    let lines = |text: String| format!("{}\n", text.trim_end()).into_bytes();
    let bytes = match format {
        Format::Text => lines(::tables::to_text(table)),
        Format::Json => lines(::tables::to_json(table)),
        Format::Csv => lines(::tables::to_csv(table)),
        Format::Parquet if std::io::stdout().is_terminal() => {
            let message = "--format parquet is not for a terminal; send it to a file with `> table.parquet`";
            return Err(WorkspaceError::argument(message).into());
        }
        Format::Parquet => ::tables::parquet_bytes(table)?,
    };
    // A reader that went away is no error.
    let _ = output.write_all(&bytes);
    Ok(())
}
