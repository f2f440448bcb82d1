//! Operation counts: what sharing subexpressions saves, against the bound of sharing within a channel.

use compiler::{Sharing, per_channel_lower_bound, share_layer};
use network::LinearKind;
use rayon::prelude::*;
use tables::{Column, Schema, Table, Value};

use super::Outcome;
use crate::error::RunError;
use crate::manifest::{Manifest, OperationsStudy};
use crate::models::Models;
use crate::progress::Progress;

/// Operations of every layer.
pub static OPERATIONS: Schema = Schema::new(
    "operations",
    "Additions and subtractions of every layer's unrolled program, by way of sharing subexpressions.",
    &[
        Column::text("network", "Name of the network."),
        Column::text("layer", "Name of the layer."),
        Column::flag(
            "convolution",
            "Whether the layer is a convolution; the totals are those of the convolutions.",
        ),
        Column::text(
            "sharing",
            "Way of sharing, or `per-channel bound`: the least that sharing within a channel can reach.",
        ),
        Column::integer("nonzeros", "", "Weights other than 0."),
        Column::integer("adders", "", "Additions and subtractions; the first term of a sum is free.")
            .optional(),
        Column::integer("accumulates", "", "Additions into accumulators, one for each slice of weights.")
            .optional(),
        Column::integer("operations", "", "Adders and accumulates together."),
        Column::integer(
            "row_additions",
            "",
            "Operations times output positions: additions in all rows of one image.",
        ),
    ],
);

/// The name of the bound's rows.
const BOUND: &str = "per-channel bound";

pub fn run(
    manifest: &Manifest,
    study: &OperationsStudy,
    models: &Models<'_>,
    progress: &Progress,
) -> Result<Outcome, RunError> {
    let mut table = Table::new(&OPERATIONS);
    let mut summary = Vec::new();
    let bar = progress.bar("sharing subexpressions", study.networks.len() as u64);
    for name in &study.networks {
        let loaded = models.network(name)?;
        let layers: Vec<_> = loaded.network.linear_layers().map(|(_, layer)| layer).collect();
        let mut totals = Vec::new();
        for &sharing in &study.sharing {
            let counts: Vec<(usize, usize)> = layers
                .par_iter()
                .map(|layer| {
                    let maximum = u32::from(layer.input_maximum());
                    let sums = share_layer(layer.name(), layer.weights(), maximum, sharing);
                    (sums.adders(), sums.accumulates())
                })
                .collect();
            let mut total = 0;
            for (layer, &(adders, accumulates)) in layers.iter().zip(&counts) {
                let counted = [Value::from(adders as i64), Value::from(accumulates as i64)];
                total += push(&mut table, name, layer, sharing.name(), counted, adders + accumulates)?;
            }
            totals.push((sharing, total));
        }
        let mut bound = 0;
        for layer in &layers {
            let least = per_channel_lower_bound(layer.weights());
            bound += push(&mut table, name, layer, BOUND, [Value::Missing, Value::Missing], least)?;
        }
        let total_of = |way| totals.iter().find(|&&(sharing, _)| sharing == way).map(|&(_, total)| total);
        if let (Some(unrolled), Some(shared)) = (total_of(Sharing::None), total_of(Sharing::PerChannel)) {
            summary.push(format!(
                "{name}: {unrolled} operations unrolled, {shared} with common subexpressions shared within a channel \
                 ({:.1} % fewer; the bound of such sharing is {:.1} %)",
                100.0 * (1.0 - shared as f64 / unrolled as f64),
                100.0 * (1.0 - bound as f64 / unrolled as f64),
            ));
        }
        bar.inc(1);
    }
    let figure = figures::operations(&manifest.title, &table)?;
    Ok(Outcome { tables: vec![table], figure, summary })
}

/// Adds a layer's row and returns its operations if it counts for the total.
fn push(
    table: &mut Table,
    network: &str,
    layer: &network::LinearLayer,
    sharing: &str,
    [adders, accumulates]: [Value; 2],
    operations: usize,
) -> Result<usize, RunError> {
    let convolution = layer.kind() == LinearKind::Convolution;
    table.push_row([
        ("network", network.into()),
        ("layer", layer.name().into()),
        ("convolution", convolution.into()),
        ("sharing", sharing.into()),
        ("nonzeros", (layer.weights().nonzeros() as i64).into()),
        ("adders", adders),
        ("accumulates", accumulates),
        ("operations", (operations as i64).into()),
        ("row_additions", ((operations * layer.output().positions()) as i64).into()),
    ])?;
    Ok(if convolution { operations } else { 0 })
}
