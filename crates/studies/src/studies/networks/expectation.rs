//! What the program alone says of bits that depend on data, against execution.

use rtm_ap::Events;
use tables::{Table, TableError};

use crate::run::MachineRun;

tables::table! {
    /// Bits written to tagged rows, the one event that depends on data: executed on images, and expected from the program and how
    /// often each bit of a layer's input is set.
    pub struct ExpectationRow: "expectations" {
        /// Name of the network.
        network: String,
        /// Name of the way in which the program was compiled.
        flow: String,
        /// Name of the layer; `total` for all of them.
        layer: String,
        /// Bits in all rows, the mean of the images.
        executed: f64,
        /// Bits in all rows, each bit that an instruction meets taken as independent.
        expected: f64,
        /// Expected less executed, over executed.
        difference: f64,
    }
}

/// Adds the rows of a run.
///
/// # Errors
/// If the table does not take them.
pub fn push(table: &mut Table, network: &str, flow: &str, run: &MachineRun) -> Result<f64, TableError> {
    let (executed, expected) = (&run.events, &run.expected);
    let names = run.layers.iter().map(|layer| layer.name.as_str());
    let bits = |events: &Events| events.tagged_bits.physical;
    let rows = names.zip(executed.iter().zip(expected)).map(|(name, (a, b))| (name, bits(a), bits(b)));
    let total = (executed.iter().map(bits).sum(), expected.iter().map(bits).sum());
    let mut relative = 0.0;
    for (layer, executed, expected) in rows.chain([("total", total.0, total.1)]) {
        relative = if executed > 0.0 { expected / executed - 1.0 } else { 0.0 };
        table.push(ExpectationRow {
            network: network.into(),
            flow: flow.into(),
            layer: layer.into(),
            executed,
            expected,
            difference: relative,
        })?;
    }
    Ok(relative)
}
