//! Operation counts: what sharing subexpressions saves, against the bound of sharing within a channel.

use std::collections::BTreeMap;

use compiler::{Options, Sharing, per_channel_lower_bound, share_layer};
use network::LinearKind;
use rayon::prelude::*;
use rtm_ap::{ProcessorParameters, cost};
use tables::{Column, Schema, Table, Value};
use technology::Parameters;

use super::Outcome;
use super::costs::microjoules;
use crate::error::RunError;
use crate::manifest::{Manifest, OnArrays, OperationsStudy};
use crate::models::Models;
use crate::progress::Progress;
use crate::stages::cache::{Key, Kind};

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

/// What fits the arrays.
pub static ON_ARRAYS: Schema = Schema::new(
    "on_arrays",
    "What each way of sharing needs on the associative processor, under its limits of columns and domains, fully connected layers included.",
    &[
        Column::text("network", "Name of the network."),
        Column::text("sharing", "Way of sharing subexpressions."),
        Column::integer(
            "operations",
            "",
            "Additions and subtractions in the programs, accumulates included.",
        ),
        Column::integer(
            "row_additions",
            "",
            "Operations times output positions: additions in all rows of one image.",
        ),
        Column::integer("words", "", "Program words."),
        Column::integer("processors", "", "Associative processors that the largest layer takes."),
        Column::real("energy", "uJ", "Energy for one image."),
        Column::real("relative_energy", "", "Energy over that of the first way of sharing."),
    ],
);

/// The name of the rows without limits of an array.
const UNLIMITED: &str = "cross-channel, unlimited";

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
    for name in &study.unlimited {
        let loaded = models.network(name)?;
        let layers: Vec<_> = loaded.network.linear_layers().map(|(_, layer)| layer).collect();
        let key =
            Key::new(Kind::Sharing, loaded.fingerprints.iter().map(String::as_str).chain(["cross-channel"]));
        let adders: Vec<usize> = models.stages().get_or_compute(&key, || {
            let of_layer = |layer: &&network::LinearLayer| {
                let maximum = u32::from(layer.input_maximum());
                share_layer(layer.name(), layer.weights(), maximum, Sharing::CrossChannel)
                    .adders_without_accumulators()
            };
            Ok(layers.par_iter().with_max_len(1).map(of_layer).collect())
        })?;
        let mut total = 0;
        for (layer, adders) in layers.iter().zip(adders) {
            total +=
                push(&mut table, name, layer, UNLIMITED, [(adders as i64).into(), Value::Missing], adders)?;
        }
        summary.push(format!(
            "{name}: {total} operations shared across channels without the limits of an array"
        ));
    }
    let mut on_arrays = Table::new(&ON_ARRAYS);
    if let Some(arrays) = &study.on_arrays {
        let bar = progress.bar("compiling for arrays", (arrays.networks.len() * arrays.sharing.len()) as u64);
        for name in &arrays.networks {
            let costs = push_arrays(&mut on_arrays, name, arrays, models, &bar)?;
            if let (Some(per_channel), Some(across)) =
                (costs.get(&Sharing::PerChannel), costs.get(&Sharing::CrossChannel))
            {
                let less = |before: f64, after: f64| 100.0 * (1.0 - after / before);
                summary.push(format!(
                    "{name} on arrays, across channels against within one: {:.1} % fewer operations, {:.1} % fewer row-additions, \
                     {:.1} % less energy",
                    less(per_channel[0], across[0]),
                    less(per_channel[1], across[1]),
                    less(per_channel[2], across[2]),
                ));
            }
        }
        bar.finish();
    }
    let figure = figures::operations(&manifest.title, &table, &on_arrays)?;
    Ok(Outcome { tables: vec![table, on_arrays], figure, summary })
}

/// Adds a network's rows; gives the operations, row-additions and energy of every way of sharing.
fn push_arrays(
    table: &mut Table,
    name: &str,
    arrays: &OnArrays,
    models: &Models<'_>,
    bar: &indicatif::ProgressBar,
) -> Result<BTreeMap<Sharing, [f64; 3]>, RunError> {
    let file = models.processor_technology(&arrays.technology)?;
    let parameters = ProcessorParameters::resolve(&file.parameters)?;
    let (mut costs, mut first) = (BTreeMap::new(), None);
    for &sharing in &arrays.sharing {
        let options = Options { sharing, ..arrays.machine.0 };
        let run = models.run(name, options, &arrays.images)?;
        let total = run.total();
        let padding = file.design.padding_rows;
        let cost =
            cost(&total, total.processors, options.geometry, &parameters, arrays.search_model, padding);
        let energy = microjoules(cost.energy.total());
        let (mut operations, mut row_additions) = (0, 0);
        for layer in run.layers() {
            let of_layer = layer.operations;
            operations += of_layer;
            row_additions += of_layer * layer.occupied_rows as usize;
        }
        table.push_row([
            ("network", name.into()),
            ("sharing", sharing.name().into()),
            ("operations", (operations as i64).into()),
            ("row_additions", (row_additions as i64).into()),
            ("words", (run.words() as i64).into()),
            ("processors", (total.processors as i64).into()),
            ("energy", energy.into()),
            ("relative_energy", (energy / *first.get_or_insert(energy)).into()),
        ])?;
        costs.insert(sharing, [operations as f64, row_additions as f64, energy]);
        bar.inc(1);
    }
    Ok(costs)
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
