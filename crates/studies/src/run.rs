//! A network run on a machine: the stage that takes most of the time, and what is kept of it.

use std::sync::Arc;

use compiler::{Carry, Options};
use network::Network;
use rtm_ap::{ActivationsAt, Events, Kept, LayerDemand, Machine, MachineLayer, buffer_bits};
use serde::{Deserialize, Serialize};
use workspace::stages::{Promise, Results, Stage, StageKind};
use workspace::{Failure, Inputs, Progress};

use crate::images::{Images, image_set};
use crate::loaded::{network, set_bit_shares, share_of};
use crate::machine::{Flow, MachineSettings};

/// The fingerprint of the sources that compute what a network does on a machine.
pub const MACHINE_SOURCES: &str = env!("TRITRACK_MACHINE_SOURCES");

/// A network on a machine over images, executed.
#[derive(Debug, Clone, PartialEq)]
pub struct Executed(pub Run);

/// A network compiled for a machine, with the events that its programs are expected to cause on images; nothing is executed.
#[derive(Debug, Clone, PartialEq)]
pub struct Expected(pub Run);

/// What is run, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// The network, by name.
    pub network: String,
    /// The array and the compiler's options.
    pub options: Options,
    /// Where activations are made.
    pub activations: ActivationsAt,
    pub images: Images,
}

impl Run {
    /// A network on a machine, with activations made at the periphery.
    pub fn of(network: &str, machine: MachineSettings, images: &Images) -> Self {
        Self {
            network: network.to_owned(),
            options: machine.0,
            activations: ActivationsAt::Periphery,
            images: images.clone(),
        }
    }

    /// A network compiled in a way.
    pub fn of_flow(network: &str, flow: &Flow, images: &Images) -> Self {
        Self { activations: flow.activations, ..Self::of(network, flow.machine, images) }
    }

    fn what(&self, way: &str) -> String {
        let Self { network, options, activations, images } = self;
        let geometry = options.geometry;
        let outputs = options
            .outputs_per_processor
            .map_or_else(String::new, |outputs| format!(", {outputs} outputs each"));
        let carry = match geometry.carry() {
            Carry::Column => "",
            Carry::Latch => ", carry in a latch",
        };
        let activations = match activations {
            ActivationsAt::Periphery => String::new(),
            other => format!(", activations by {other}"),
        };
        format!(
            "{network}, {} {}, {} x {} x {}{carry}{outputs}{activations}, {way} on {} {}",
            options.layout.name(),
            options.sharing.name(),
            geometry.rows(),
            geometry.columns(),
            geometry.domains(),
            images.count,
            images.set.name(),
        )
    }

    fn ingredients(&self, inputs: &Inputs<'_>) -> Result<Vec<String>, Failure> {
        let loaded = network(inputs, &self.network)?;
        let images = image_set(inputs, &loaded, &self.images)?;
        // Asking for more than there are is an error.
        images.set.first(self.images.count)?;
        let mut ingredients = loaded.fingerprints.clone();
        ingredients.push(images.ingredient(self.images.count));
        ingredients.extend([format!("{:?}", self.options), self.activations.to_string()]);
        Ok(ingredients)
    }

    /// The compiled network.
    ///
    /// # Errors
    /// If it cannot be loaded or compiled.
    pub fn machine(&self, inputs: &Inputs<'_>) -> Result<Arc<Machine>, Failure> {
        let network = Arc::clone(&network(inputs, &self.network)?.network);
        compiled(inputs, &self.network, network, &self.options, self.activations)
    }

    fn compute(&self, inputs: &Inputs<'_>, executes: bool) -> Result<MachineRun, Failure> {
        let loaded = network(inputs, &self.network)?;
        let network = Arc::clone(&loaded.network);
        let set = image_set(inputs, &loaded, &self.images)?.set.first(self.images.count)?;
        let images = set.fitted_to(network.input().shape())?;
        let shares = set_bit_shares(&network, &images)?;
        let share = |layer, bit| share_of(&shares, layer, bit);
        if !executes && self.activations == ActivationsAt::Periphery {
            let (mut layers, mut words) = (Vec::new(), 0);
            let expected = Machine::expect(&network, &self.options, share, |layer| {
                layers.push(RunLayer::from(layer));
                words += layer.compiled().statistics.words;
            })?;
            let kept = Kept::of(words, layers.iter().map(|layer| &layer.demand), buffer_bits(&network));
            let expected = with_encoded_fetches(&layers, expected);
            return Ok(MachineRun { events: expected.clone(), expected, layers, kept });
        }
        let machine = self.machine(inputs)?;
        let expected = machine.expected_events(share);
        let events =
            if executes { machine.run_all(&images.feature_maps())?.events } else { expected.clone() };
        let layers: Vec<RunLayer> = machine.layers().iter().map(RunLayer::from).collect();
        let (events, expected) =
            (with_encoded_fetches(&layers, events), with_encoded_fetches(&layers, expected));
        let kept = machine.kept();
        Ok(MachineRun { events, expected, layers, kept })
    }
}

fn with_encoded_fetches(layers: &[RunLayer], events: Vec<Events>) -> Vec<Events> {
    layers.iter().zip(events).map(|(layer, events)| layer.demand.with_encoded_fetches(events)).collect()
}

/// A network compiled for a machine, once in an experiment.
///
/// # Errors
/// If it does not compile.
pub fn compiled(
    inputs: &Inputs<'_>,
    name: &str,
    network: Arc<Network>,
    options: &Options,
    activations: ActivationsAt,
) -> Result<Arc<Machine>, Failure> {
    inputs.load_large(&format!("{name} {options:?} {activations}"), |_| {
        Ok(Machine::compile(network, options)?.with_activations(activations)?)
    })
}

impl Stage for Executed {
    type Output = MachineRun;
    const KIND: StageKind = StageKind { name: "machine-run", sources: MACHINE_SOURCES };

    fn what(&self) -> String {
        self.0.what("executed")
    }

    fn ingredients(&self, inputs: &Inputs<'_>) -> Result<Vec<String>, Failure> {
        self.0.ingredients(inputs)
    }

    fn compute(&self, inputs: &Inputs<'_>, progress: Progress) -> Result<MachineRun, Failure> {
        let bar = progress.spinner("compiling and executing a network");
        let run = self.0.compute(inputs, true);
        bar.finish_and_clear();
        run
    }
}

impl Stage for Expected {
    type Output = MachineRun;
    const KIND: StageKind = StageKind { name: "expectation", sources: MACHINE_SOURCES };

    fn what(&self) -> String {
        self.0.what("expected")
    }

    fn ingredients(&self, inputs: &Inputs<'_>) -> Result<Vec<String>, Failure> {
        self.0.ingredients(inputs)
    }

    fn compute(&self, inputs: &Inputs<'_>, progress: Progress) -> Result<MachineRun, Failure> {
        let bar = progress.spinner("compiling a network");
        let run = self.0.compute(inputs, false);
        bar.finish_and_clear();
        run
    }
}

/// What a compiled layer is, in numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunLayer {
    pub name: String,
    /// Additions and subtractions of its programs.
    pub operations: usize,
    /// Rows that hold an output position.
    pub occupied_rows: u64,
    /// What it asks of the processors.
    pub demand: LayerDemand,
}

impl From<&MachineLayer> for RunLayer {
    fn from(layer: &MachineLayer) -> Self {
        let compiled = layer.compiled();
        Self {
            name: compiled.name.clone(),
            operations: compiled.statistics.operations(),
            occupied_rows: layer.rows().occupied,
            demand: layer.demand().clone(),
        }
    }
}

/// What is kept of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MachineRun {
    /// For each linear layer, the mean over the images.
    pub events: Vec<Events>,
    /// For each linear layer, the events expected from the program alone and the images' share of set bits.
    pub expected: Vec<Events>,
    pub layers: Vec<RunLayer>,
    /// Program words of all layers, and of activations that are made on the arrays, and what the buffer holds.
    pub kept: Kept,
}

impl MachineRun {
    /// What every layer asks of the processors.
    pub fn demands(&self) -> Vec<LayerDemand> {
        self.layers.iter().map(|layer| layer.demand.clone()).collect()
    }

    /// Processors that the largest layer takes.
    pub fn processors(&self) -> u64 {
        self.layers.iter().map(|layer| layer.demand.processors).max().unwrap_or(0)
    }

    /// The events of all layers, one after the other.
    pub fn total(&self) -> Events {
        let mut total = Events::default();
        self.events.iter().for_each(|events| total += *events);
        total
    }
}

/// The runs of several ways to compile, by the ways' names.
#[derive(Debug, Clone)]
pub struct RunsByFlow(pub Vec<(String, Promise<MachineRun>)>);

impl RunsByFlow {
    /// The run of a flow.
    ///
    /// # Errors
    /// If there is none of that name.
    pub fn of(&self, flow: &str, results: &Results) -> Result<Option<Arc<MachineRun>>, Failure> {
        let promise = self.0.iter().find(|(name, _)| name == flow).map(|(_, promise)| *promise);
        Ok(promise.map(|promise| results.of(promise)).transpose()?)
    }
}
