//! The array and the compiler's options, as `tritrack.Machine` holds them.

use compiler::{Carry, Geometry, Layout, Options, Sharing};
use pyo3::FromPyObject;
use workspace::{Failure, WorkspaceError};

/// The fields of a `tritrack.Machine`.
#[derive(FromPyObject)]
pub struct Machine {
    rows: u64,
    columns: u64,
    domains: u64,
    carry: String,
    sharing: String,
    layout: String,
    outputs_per_processor: Option<usize>,
}

impl Machine {
    /// The options, checked.
    ///
    /// # Errors
    /// If one is out of range or unknown.
    pub fn options(&self) -> Result<Options, Failure> {
        let geometry = Geometry::new(self.rows, self.columns, self.domains);
        Ok(Options {
            geometry: geometry
                .map_err(|error| WorkspaceError::argument(error.to_string()))?
                .with_carry(self.carry.parse::<Carry>()?),
            sharing: self.sharing.parse::<Sharing>()?,
            layout: self.layout.parse::<Layout>()?,
            outputs_per_processor: self.outputs_per_processor,
        })
    }
}
