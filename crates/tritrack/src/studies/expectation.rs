//! What the program alone says of bits that depend on data, against execution.

use rtm_ap::Events;
use tables::{Column, Schema, Table};

use crate::error::RunError;
use crate::manifest::Images;
use crate::models::{MachineRun, Models};

/// Expected and executed.
pub static EXPECTATIONS: Schema = Schema::new(
    "expectations",
    "Bits written to tagged rows, the one event that depends on data: executed on images, and expected from the program and how \
     often each bit of a layer's input is set.",
    &[
        Column::text("network", "Name of the network."),
        Column::text("flow", "Name of the way in which the program was compiled."),
        Column::text("layer", "Name of the layer; `total` for all of them."),
        Column::real("executed", "", "Bits in all rows, the mean of the images."),
        Column::real(
            "expected",
            "",
            "Bits in all rows, each bit that an instruction meets taken as independent.",
        ),
        Column::real("difference", "", "Expected less executed, over executed."),
    ],
);

/// Adds the rows of a run.
///
/// # Errors
/// If the images cannot be had.
pub fn push(
    table: &mut Table,
    (network, images): (&str, &Images),
    flow: &str,
    run: &MachineRun,
    models: &Models<'_>,
) -> Result<f64, RunError> {
    let loaded = models.network(network)?;
    let statistics = loaded.network.activation_statistics(&models.images(&loaded, images)?.feature_maps())?;
    let expected: Vec<Events> = run.machine.expected_events(|layer, bit| {
        statistics.get(layer).map_or(0.5, |(_, statistics)| statistics.share_with_bit(bit))
    });
    let names = run.machine.layers().iter().map(|layer| layer.compiled().name.as_str());
    let bits = |events: &Events| events.tagged_bits.physical;
    let rows = names.zip(run.events.iter().zip(&expected)).map(|(name, (a, b))| (name, bits(a), bits(b)));
    let total = (run.events.iter().map(bits).sum(), expected.iter().map(bits).sum());
    let mut relative = 0.0;
    for (layer, executed, expected) in rows.chain([("total", total.0, total.1)]) {
        relative = if executed > 0.0 { expected / executed - 1.0 } else { 0.0 };
        table.push_row([
            ("network", network.into()),
            ("flow", flow.into()),
            ("layer", layer.into()),
            ("executed", executed.into()),
            ("expected", expected.into()),
            ("difference", relative.into()),
        ])?;
    }
    Ok(relative)
}
