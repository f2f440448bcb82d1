//! What both systems cost on a network, layer by layer: the part that the cost studies share.

use std::any::Any;

use crossbar::LayerReport;
use rtm_ap::{Events, ProcessorParameters, SearchModel, cost};
use schemars::JsonSchema;
use serde::Deserialize;
use technology::{Energy, Parameters, Quantity, Time};
use workspace::stages::{Declared, Promise};
use workspace::yaml::FieldPath;
use workspace::{Checks, Failure, Inputs};

use crate::baselines::CrossbarPoint;
use crate::images::Images;
use crate::loaded::{crossbar_layers, network, weight_sparsity};
use crate::machine::MachineSettings;
use crate::names::{NetworkName, ProcessorName};
use crate::run::{Executed, MachineRun, Run};
use crate::technologies;

/// A network on an associative processor and on crossbars.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CostStudy {
    /// The network.
    #[schemars(with = "NetworkName")]
    network: String,
    /// The images that feed executed events.
    images: Images,
    /// The associative processor.
    machine: MachineSettings,
    /// Technology files of the associative processor.
    #[schemars(with = "Vec<ProcessorName>", length(min = 1))]
    technologies: Vec<String>,
    /// How searches are charged.
    #[schemars(length(min = 1))]
    search_models: Vec<SearchModel>,
    /// The crossbars to compare with.
    #[schemars(length(min = 1))]
    crossbars: Vec<CrossbarPoint>,
    /// What the figure shows.
    #[serde(default)]
    pub shown: Shown,
}

names::names! {
    /// What a figure of layers shows.
    pub enum Shown: "a quantity to show", by default Energy {
        /// Energy.
        Energy = "energy",
        /// Latency.
        Latency = "latency",
    }
}

/// A system in one configuration.
pub struct SystemCosts {
    /// `RTM-AP` or `crossbar`.
    pub system: &'static str,
    /// The technology's or the crossbar point's name.
    pub configuration: String,
    /// How searches are charged; none for a crossbar.
    pub search_model: Option<SearchModel>,
    /// In the order of the network.
    pub layers: Vec<LayerCost>,
}

/// What one layer costs.
pub struct LayerCost {
    /// The layer.
    pub name: String,
    /// Energy by part.
    pub parts: Vec<(&'static str, Energy)>,
    /// Latency.
    pub latency: Time,
    /// Associative processors that take part, or subarrays that hold its weights.
    pub arrays: u64,
}

impl LayerCost {
    /// Its energy.
    pub fn energy(&self) -> Energy {
        self.parts.iter().map(|&(_, energy)| energy).sum()
    }
}

/// The name of the associative processor in tables.
pub const PROCESSOR: &str = "RTM-AP";
/// The name of the crossbar in tables.
pub const CROSSBAR: &str = "crossbar";

impl CostStudy {
    /// See [`workspace::Study::check`].
    pub fn check(&self, path: &FieldPath, checks: &mut Checks<'_>) {
        self.images.check(path, &self.network, checks);
    }

    /// See [`workspace::Study::points`].
    pub fn points(&mut self) -> Vec<&mut dyn Any> {
        vec![&mut self.network, &mut self.images, &mut self.machine]
    }

    /// See [`workspace::Study::trim`].
    pub fn trim(&mut self) {
        self.images.at_most(1);
    }

    /// The run that it rests on.
    pub fn run(&self, declared: &mut Declared) -> Promise<MachineRun> {
        declared.stage(Executed(Run::of(&self.network, self.machine, &self.images)))
    }

    /// Every system with what it costs.
    ///
    /// # Errors
    /// If an input is missing or wrong.
    pub fn systems(&self, inputs: &Inputs<'_>, run: &MachineRun) -> Result<Vec<SystemCosts>, Failure> {
        let mut systems = Vec::new();
        for technology in &self.technologies {
            let file = technologies::processor(inputs, technology)?;
            let parameters = ProcessorParameters::resolve(&file.parameters)?;
            for &model in &self.search_models {
                let layer = |(name, events): (&String, &Events)| {
                    let (geometry, padding) = (self.machine.0.geometry, file.design.padding_rows);
                    let cost = cost(events, run.total().processors, geometry, &parameters, model, padding);
                    LayerCost {
                        name: name.clone(),
                        parts: rtm_ap::EnergyParts::NAMES.into_iter().zip(cost.energy.values()).collect(),
                        latency: cost.latency,
                        arrays: events.processors,
                    }
                };
                let names = run.layers.iter().map(|layer| &layer.name);
                systems.push(SystemCosts {
                    system: PROCESSOR,
                    configuration: technology.clone(),
                    search_model: Some(model),
                    layers: names.zip(&run.events).map(layer).collect(),
                });
            }
        }
        let layers = crossbar_layers(inputs, &self.network, &self.images)?;
        let sparsity = weight_sparsity(&network(inputs, &self.network)?.network);
        for point in &self.crossbars {
            let file = point.technology(inputs)?;
            let report = point.report(&file, &layers, sparsity)?;
            systems.push(SystemCosts {
                system: CROSSBAR,
                configuration: point.name.clone(),
                search_model: None,
                layers: report.layers.iter().map(crossbar_layer).collect(),
            });
        }
        Ok(systems)
    }
}

fn crossbar_layer(layer: &LayerReport) -> LayerCost {
    LayerCost {
        name: layer.name.clone(),
        parts: layer.energy.named().chain([("leakage", layer.leakage)]).collect(),
        latency: layer.latency.total(),
        arrays: layer.subarrays as u64,
    }
}

/// Energy in µJ.
pub fn microjoules(energy: Energy) -> f64 {
    energy.base() * 1e-6
}

/// Time in ms.
pub fn milliseconds(time: Time) -> f64 {
    time.base() * 1e-6
}
