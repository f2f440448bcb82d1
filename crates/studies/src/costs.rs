//! What both systems cost on a network, layer by layer: the part that the cost studies share.

use std::any::Any;

use rtm_ap::SearchModel;
use schemars::JsonSchema;
use serde::Deserialize;
use system::{Report, System, Workload};
use workspace::stages::{Declared, Promise};
use workspace::{Checks, Failure, Inputs};
use yaml::FieldPath;

use crate::images::Images;
use crate::loaded::{network, weight_sparsity, workload};
use crate::machine::MachineSettings;
use crate::names::{NetworkName, ProcessorName};
use crate::run::{Executed, MachineRun, Run};
use crate::systems::{CrossbarPoint, WeightPrecision, events_of, processor};
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
    pub fn systems(&self, inputs: &Inputs<'_>, run: &MachineRun) -> Result<Vec<Costed>, Failure> {
        let events = events_of(&self.network, self.machine, run);
        let loaded = network(inputs, &self.network)?;
        let (bits, zeros) = (loaded.description.activation_bits, weight_sparsity(&loaded.network));
        let own = workload(inputs, &self.network, &self.images, WeightPrecision::Ternary, bits)?;
        let mut costed = Vec::new();
        for technology in &self.technologies {
            let file = technologies::processor(inputs, technology)?;
            for &model in &self.search_models {
                costed.push(Costed::of(&processor(&file, technology, model, &events), &own)?);
            }
        }
        for point in &self.crossbars {
            let precision = point.weights.precision(zeros, point.activation_bits);
            costed.push(Costed::of(&point.system(inputs)?, &own.at(precision))?);
        }
        Ok(costed)
    }
}

/// A system with what a workload costs on it.
pub struct Costed {
    /// Its kind, as tables name it.
    pub system: &'static str,
    pub configuration: String,
    /// How its model charges, where there are several ways.
    pub search_model: Option<&'static str>,
    /// What it costs.
    pub report: Report,
}

impl Costed {
    fn of(system: &dyn System, workload: &Workload) -> Result<Self, Failure> {
        Ok(Self {
            system: system.kind(),
            configuration: system.name().to_owned(),
            search_model: system.variant(),
            report: system.evaluate(workload)?,
        })
    }
}
