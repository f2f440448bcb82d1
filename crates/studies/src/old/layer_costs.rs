//! Energy and latency of both systems, layer by layer.

use tables::{Column, Schema, Table, Value};

use super::Outcome;
use super::costs::{microjoules, milliseconds, of_study};
use crate::error::RunError;
use crate::manifest::{CostStudy, Manifest, Shown};
use crate::models::Models;
use crate::progress::Progress;

/// Costs of every layer.
pub static LAYERS: Schema = Schema::new(
    "layers",
    "Energy, latency and arrays of every layer for one image, in both systems.",
    &[
        Column::text("system", "`RTM-AP` or `crossbar`."),
        Column::text("configuration", "Technology of the RTM-AP, or name of the crossbar."),
        Column::text("search_model", "How the RTM-AP's searches are charged.").optional(),
        Column::text("layer", "Name of the layer."),
        Column::real("energy", "uJ", "Energy of the layer, leakage included."),
        Column::real("latency", "ms", "Latency of the layer."),
        Column::integer(
            "arrays",
            "",
            "Associative processors that take part, or subarrays that hold the weights.",
        ),
    ],
);

pub fn run(
    manifest: &Manifest,
    study: &CostStudy,
    models: &Models<'_>,
    progress: &Progress,
) -> Result<Outcome, RunError> {
    let bar = progress.spinner("compiling and executing the network");
    let systems = of_study(study, models)?;
    let mut table = Table::new(&LAYERS);
    let mut summary = Vec::new();
    for system in &systems {
        for layer in &system.layers {
            table.push_row([
                ("system", system.system.into()),
                ("configuration", system.configuration.as_str().into()),
                ("search_model", system.search_model.map_or(Value::Missing, |model| model.name().into())),
                ("layer", layer.name.as_str().into()),
                ("energy", microjoules(layer.energy()).into()),
                ("latency", milliseconds(layer.latency).into()),
                ("arrays", (layer.arrays as i64).into()),
            ])?;
        }
        let model = system.search_model.map_or(String::new(), |model| format!(", {}", model.name()));
        summary.push(format!(
            "{} ({}{model}): {:.4} µJ, {:.4} ms",
            system.system,
            system.configuration,
            system.layers.iter().map(|layer| microjoules(layer.energy())).sum::<f64>(),
            system.layers.iter().map(|layer| milliseconds(layer.latency)).sum::<f64>(),
        ));
    }
    bar.finish();
    let shown = match study.shown {
        Shown::Energy => figures::LayerQuantity::Energy,
        Shown::Latency => figures::LayerQuantity::Latency,
    };
    let figure = figures::layer_costs(&manifest.title, shown, &table)?;
    Ok(Outcome { tables: vec![table], figure, summary })
}
