//! Operation counts: what sharing subexpressions saves, against the bound of sharing within a channel.

mod figure;
mod unlimited;

use std::collections::BTreeMap;

use compiler::{Options, Sharing, per_channel_lower_bound, share_layer};
use figures::Figure;
use network::{LinearKind, LinearLayer};
use rayon::prelude::*;
use rtm_ap::SearchModel;
use schemars::JsonSchema;
use serde::Deserialize;
use tables::{Schema, Table, TypedRow};
use workspace::stages::{Declared, Promise, Results};
use workspace::{Checks, Failure, Inputs, Manifest, Study, rows_of};
use yaml::FieldPath;

use crate::images::Images;
use crate::loaded::network;
use crate::machine::MachineSettings;
use crate::names::{NetworkName, ProcessorName};
use crate::quick::keep_ends;
use crate::run::{Executed, MachineRun, Run};
use crate::systems::{Priced, microjoules};
use unlimited::Unlimited;

/// Operation counts by way of sharing.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OperationsStudy {
    /// The networks.
    #[schemars(with = "Vec<NetworkName>", length(min = 1))]
    networks: Vec<String>,
    /// The ways of sharing.
    #[schemars(length(min = 1))]
    sharing: Vec<Sharing>,
    /// Networks whose layers are also shared across channels as if arrays had no limits.
    #[serde(default)]
    #[schemars(with = "Vec<NetworkName>")]
    unlimited: Vec<String>,
    /// What each way of sharing needs on arrays.
    on_arrays: Option<OnArrays>,
}

/// Ways of sharing on arrays.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct OnArrays {
    /// The networks.
    #[schemars(with = "Vec<NetworkName>", length(min = 1))]
    networks: Vec<String>,
    /// The images that feed executed events.
    images: Images,
    /// The ways; energies are given relative to the first.
    #[schemars(length(min = 1))]
    sharing: Vec<Sharing>,
    /// The associative processor; its own way of sharing is not used.
    machine: MachineSettings,
    /// The technology.
    #[schemars(with = "ProcessorName")]
    technology: String,
    /// How searches are charged.
    search_model: SearchModel,
}

tables::table! {
    /// Additions and subtractions of every layer's unrolled program, by way of sharing subexpressions.
    pub struct OperationsRow: "operations" {
        /// Name of the network.
        network: String,
        /// Name of the layer.
        layer: String,
        /// Whether the layer is a convolution; the totals are those of the convolutions.
        convolution: bool,
        /// Way of sharing, or `per-channel bound`: the least that sharing within a channel can reach.
        sharing: String,
        /// Weights other than 0.
        nonzeros: usize,
        /// Additions and subtractions; the first term of a sum is free.
        adders: Option<usize>,
        /// Additions into accumulators, one for each slice of weights.
        accumulates: Option<usize>,
        /// Adders and accumulates together.
        operations: usize,
        /// Operations times output positions: additions in all rows of one image.
        row_additions: usize,
    }
}

tables::table! {
    /// What each way of sharing needs on the associative processor, under its limits of columns and domains, fully connected layers included.
    pub struct OnArraysRow: "on_arrays" {
        /// Name of the network.
        network: String,
        /// Way of sharing subexpressions.
        sharing: String,
        /// Additions and subtractions in the programs, accumulates included.
        operations: usize,
        /// Operations times output positions: additions in all rows of one image.
        row_additions: usize,
        /// Program words.
        words: usize,
        /// Associative processors that the largest layer takes.
        processors: u64,
        /// Energy for one image.
        energy: f64 = "uJ",
        /// Energy over that of the first way of sharing.
        relative_energy: f64,
    }
}

/// The name of the rows without limits of an array.
const UNLIMITED: &str = "cross-channel, unlimited";

/// The name of the bound's rows.
const BOUND: &str = "per-channel bound";

/// What the study asks for: of each network the adders without limits, and on arrays the run of each way of sharing.
pub struct Stages {
    unlimited: Vec<(String, Promise<Vec<usize>>)>,
    on_arrays: Vec<(String, Vec<SharingRun>)>,
}

/// A way of sharing, and its run.
type SharingRun = (Sharing, Promise<MachineRun>);

impl Study for OperationsStudy {
    const NAME: &'static str = "operations";
    const MEANING: &'static str = "Operation counts by way of sharing.";
    const TABLES: &'static [&'static Schema] = &[OperationsRow::SCHEMA, OnArraysRow::SCHEMA];
    type Stages = Stages;

    fn check(&self, path: &FieldPath, checks: &mut Checks<'_>) {
        if let Some(arrays) = &self.on_arrays {
            let path = path.field("on_arrays");
            arrays.networks.iter().for_each(|network| arrays.images.check(&path, network, checks));
        }
    }

    fn trim(&mut self) {
        self.unlimited.clear();
        keep_ends(&mut self.networks);
        if let Some(arrays) = &mut self.on_arrays {
            arrays.images.at_most(1);
            let last = arrays.networks.len().saturating_sub(1);
            arrays.networks.drain(..last);
        }
    }

    fn stages(&self, _: &Manifest, _: &Inputs<'_>, declared: &mut Declared) -> Result<Stages, Failure> {
        let unlimited =
            self.unlimited.iter().map(|name| (name.clone(), declared.stage(Unlimited(name.clone()))));
        let unlimited = unlimited.collect();
        let mut on_arrays = Vec::new();
        if let Some(arrays) = &self.on_arrays {
            for name in &arrays.networks {
                let run = |&sharing: &Sharing| {
                    let machine = MachineSettings(Options { sharing, ..arrays.machine.0 });
                    (sharing, declared.stage(Executed(Run::of(name, machine, &arrays.images))))
                };
                on_arrays.push((name.clone(), arrays.sharing.iter().map(run).collect()));
            }
        }
        Ok(Stages { unlimited, on_arrays })
    }

    fn tables(
        &self,
        _: &Manifest,
        inputs: &Inputs<'_>,
        stages: &Stages,
        results: &Results,
    ) -> Result<(Vec<Table>, Vec<String>), Failure> {
        let mut table = Table::new(OperationsRow::SCHEMA);
        let mut summary = Vec::new();
        for name in &self.networks {
            summary.extend(self.count(name, inputs, &mut table)?);
        }
        for (name, adders) in &stages.unlimited {
            let loaded = network(inputs, name)?;
            let mut total = 0;
            for ((_, layer), &adders) in loaded.network.linear_layers().zip(&*results.of(*adders)?) {
                total += push(&mut table, name, layer, UNLIMITED, [Some(adders), None], adders)?;
            }
            summary.push(format!(
                "{name}: {total} operations shared across channels without the limits of an array"
            ));
        }
        let mut on_arrays = Table::new(OnArraysRow::SCHEMA);
        if let Some(arrays) = &self.on_arrays {
            for (name, runs) in &stages.on_arrays {
                summary.extend(arrays.price(name, runs, inputs, results, &mut on_arrays)?);
            }
        }
        Ok((vec![table, on_arrays], summary))
    }

    fn figure(&self, manifest: &Manifest, tables: &[Table]) -> Result<Figure, Failure> {
        Ok(figure::operations(&manifest.title, &rows_of(tables)?, &rows_of(tables)?))
    }
}

impl OperationsStudy {
    /// Adds a network's rows; gives the line that sums them up.
    fn count(&self, name: &str, inputs: &Inputs<'_>, table: &mut Table) -> Result<Option<String>, Failure> {
        let loaded = network(inputs, name)?;
        let layers: Vec<&LinearLayer> = loaded.network.linear_layers().map(|(_, layer)| layer).collect();
        let mut totals = BTreeMap::new();
        for &sharing in &self.sharing {
            let of_layer = |layer: &&LinearLayer| {
                let maximum = u32::from(layer.input_maximum());
                let sums = share_layer(layer.name(), layer.weights(), maximum, sharing);
                (sums.adders(), sums.accumulates())
            };
            let counts: Vec<(usize, usize)> = layers.par_iter().map(of_layer).collect();
            let mut total = 0;
            for (layer, &(adders, accumulates)) in layers.iter().zip(&counts) {
                let counted = [Some(adders), Some(accumulates)];
                total += push(table, name, layer, sharing.name(), counted, adders + accumulates)?;
            }
            totals.insert(sharing, total);
        }
        let mut bound = 0;
        for layer in &layers {
            let least = per_channel_lower_bound(layer.weights());
            bound += push(table, name, layer, BOUND, [None, None], least)?;
        }
        let both = totals.get(&Sharing::None).zip(totals.get(&Sharing::PerChannel));
        Ok(both.map(|(unrolled, shared)| {
            format!(
                "{name}: {unrolled} operations unrolled, {shared} with common subexpressions shared within a channel \
                 ({:.1} % fewer; the bound of such sharing is {:.1} %)",
                100.0 * (1.0 - *shared as f64 / *unrolled as f64),
                100.0 * (1.0 - bound as f64 / *unrolled as f64),
            )
        }))
    }
}

impl OnArrays {
    /// Adds a network's rows; gives the line that sums them up.
    fn price(
        &self,
        name: &str,
        runs: &[(Sharing, Promise<MachineRun>)],
        inputs: &Inputs<'_>,
        results: &Results,
        table: &mut Table,
    ) -> Result<Option<String>, Failure> {
        let priced = Priced::by(inputs, &self.technology, self.machine)?;
        let (mut costs, mut first) = (BTreeMap::new(), None);
        for &(sharing, run) in runs {
            let run = results.of(run)?;
            let total = run.total();
            let pricing = priced.on(self.machine, self.search_model, run.kept);
            let cost = pricing.cost(&total, total.processors);
            let energy = microjoules(cost.energy.total());
            let operations = run.layers.iter().map(|layer| layer.operations).sum();
            let row_additions =
                run.layers.iter().map(|layer| layer.operations * layer.occupied_rows as usize).sum();
            table.push(OnArraysRow {
                network: name.into(),
                sharing: sharing.name().into(),
                operations,
                row_additions,
                words: run.kept.words,
                processors: total.processors,
                energy,
                relative_energy: energy / *first.get_or_insert(energy),
            })?;
            costs.insert(sharing, [operations as f64, row_additions as f64, energy]);
        }
        let both = costs.get(&Sharing::PerChannel).zip(costs.get(&Sharing::CrossChannel));
        Ok(both.map(|(per_channel, across)| {
            let less = |place: usize| 100.0 * (1.0 - across[place] / per_channel[place]);
            format!(
                "{name} on arrays, across channels against within one: {:.1} % fewer operations, {:.1} % fewer row-additions, \
                 {:.1} % less energy",
                less(0),
                less(1),
                less(2),
            )
        }))
    }
}

/// Adds a layer's row and returns its operations if it counts for the total.
fn push(
    table: &mut Table,
    network: &str,
    layer: &LinearLayer,
    sharing: &str,
    [adders, accumulates]: [Option<usize>; 2],
    operations: usize,
) -> Result<usize, Failure> {
    let convolution = layer.kind() == LinearKind::Convolution;
    table.push(OperationsRow {
        network: network.into(),
        layer: layer.name().into(),
        convolution,
        sharing: sharing.into(),
        nonzeros: layer.weights().nonzeros(),
        adders,
        accumulates,
        operations,
        row_additions: operations * layer.output().positions(),
    })?;
    Ok(if convolution { operations } else { 0 })
}
