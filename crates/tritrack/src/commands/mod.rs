//! Commands on one's own networks and images, beside the experiments.

pub mod claims;
pub mod compile;
pub mod crossbar;
pub mod diff;
pub mod explain;
pub mod images;
pub mod import;
pub mod inject;
pub mod plan;
pub mod quantize;
pub mod report;
pub mod schema;
pub mod shard;
pub mod simulate;
pub mod status;
pub mod submit;
pub mod verify;

use clap::{Args, ValueEnum};
use compiler::{Geometry, Layout, Options, Sharing};

use crate::error::RunError;

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A table for the terminal
    Text,
    /// One JSON document
    Json,
    /// Comma-separated values
    Csv,
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
    pub fn options(&self) -> Result<Options, RunError> {
        let wrong = |message: String| RunError::Argument { message };
        Ok(Options {
            geometry: Geometry::new(self.rows, self.columns, self.domains)
                .map_err(|e| wrong(e.to_string()))?,
            sharing: self.sharing.parse::<Sharing>().map_err(|e| wrong(e.to_string()))?,
            layout: self.layout.parse::<Layout>().map_err(|e| wrong(e.to_string()))?,
            outputs_per_processor: self.outputs_per_processor,
        })
    }
}

/// A table in the format asked for.
pub fn rendered(table: &tables::Table, format: Format) -> String {
    match format {
        Format::Text => tables::to_text(table),
        Format::Json => tables::to_json(table),
        Format::Csv => tables::to_csv(table),
    }
}
