//! A network run on a machine: the stage that takes most of the time, and what is kept of it.

use std::sync::Arc;

use compiler::{Carry, Options};
use network::Network;
use rtm_ap::{ActivationsAt, Events, Kept, LayerDemand, Machine, MachineLayer, buffer_bits};
use serde::{Deserialize, Serialize};
use workspace::stages::{Declared, Promise, Results, Stage, StageKind};
use workspace::{Failure, Inputs, Progress, WorkspaceError};

use crate::images::{Images, fitted_images, image_set};
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

    pub(crate) fn what(&self, way: &str) -> String {
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

    pub(crate) fn ingredients(&self, inputs: &Inputs<'_>) -> Result<Vec<String>, Failure> {
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
        if executes {
            return self.executed(inputs, &*self.machine(inputs)?);
        }
        let loaded = network(inputs, &self.network)?;
        let network = &loaded.network;
        let shares = set_bit_shares(network, &fitted_images(inputs, &loaded, &self.images)?)?;
        let share = |layer, bit| share_of(&shares, layer, bit);
        if self.activations == ActivationsAt::Periphery {
            let (mut layers, mut words) = (Vec::new(), 0);
            let expected = Machine::expect(network, &self.options, share, |layer| {
                layers.push(RunLayer::from(layer));
                words += layer.compiled().statistics.words;
            })?;
            let kept = Kept::of(words, layers.iter().map(|layer| &layer.demand), buffer_bits(network));
            let expected = completed(&layers, expected);
            return Ok(MachineRun { events: expected.clone(), expected, layers, kept });
        }
        let machine = self.machine(inputs)?;
        let expected = machine.expected_events(share);
        Ok(MachineRun::of(&machine, expected.clone(), expected))
    }

    /// What a machine that is compiled already does.
    ///
    /// # Errors
    /// If the images cannot be had or do not fit.
    pub(crate) fn executed(&self, inputs: &Inputs<'_>, machine: &Machine) -> Result<MachineRun, Failure> {
        let loaded = network(inputs, &self.network)?;
        let images = fitted_images(inputs, &loaded, &self.images)?;
        let shares = set_bit_shares(machine.network(), &images)?;
        let expected = machine.expected_events(|layer, bit| share_of(&shares, layer, bit));
        let events = machine.run_all(&images.feature_maps())?.events;
        Ok(MachineRun::of(machine, events, expected))
    }
}

fn completed(layers: &[RunLayer], events: Vec<Events>) -> Vec<Events> {
    layers.iter().zip(events).map(|(layer, events)| layer.demand.complete(events)).collect()
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
    fn of(machine: &Machine, events: Vec<Events>, expected: Vec<Events>) -> Self {
        let layers: Vec<RunLayer> = machine.layers().iter().map(RunLayer::from).collect();
        let (events, expected) = (completed(&layers, events), completed(&layers, expected));
        Self { events, expected, layers, kept: machine.kept() }
    }

    /// A run whose every layer is that of a run of its own, all of one network on arrays of one shape, with activations at the periphery.
    pub fn mixed<'r>(by_layer: impl Iterator<Item = &'r Self>, buffer_bits: u64) -> Self {
        let (mut events, mut expected, mut layers) = (Vec::new(), Vec::new(), Vec::new());
        for (place, run) in by_layer.enumerate() {
            events.extend(run.events.get(place));
            expected.extend(run.expected.get(place));
            layers.extend(run.layers.get(place).cloned());
        }
        let words: u64 = layers.iter().map(|layer: &RunLayer| layer.demand.words()).sum();
        let kept = Kept::of(words as usize, layers.iter().map(|layer| &layer.demand), buffer_bits);
        Self { events, expected, layers, kept }
    }

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

/// The run of a flow: that of its machine, and of the layers that it compiles in another way those of the same array.
#[derive(Debug, Clone)]
pub struct FlowRun {
    network: String,
    whole: Promise<MachineRun>,
    /// By layer.
    others: Vec<(String, Promise<MachineRun>)>,
}

impl FlowRun {
    /// Declares what a flow takes.
    ///
    /// # Errors
    /// If the network cannot be loaded, or has no layer of a name that the flow says.
    pub fn declare(
        network: &str,
        flow: &Flow,
        images: &Images,
        inputs: &Inputs<'_>,
        declared: &mut Declared,
    ) -> Result<Self, Failure> {
        let whole = Run::of_flow(network, flow, images);
        let mut others = Vec::new();
        if !flow.layers.is_empty() {
            let loaded = crate::loaded::network(inputs, network)?;
            let known: Vec<&str> = loaded.network.linear_layers().map(|(_, layer)| layer.name()).collect();
            for (name, way) in &flow.layers {
                if !known.contains(&name.as_str()) {
                    let message = format!(
                        "flow `{}`: network `{network}` has no layer `{name}`; it has {}",
                        flow.name,
                        known.join(", ")
                    );
                    return Err(WorkspaceError::argument(message).into());
                }
                let run = Run { options: way.on(whole.options.geometry), ..whole.clone() };
                others.push((name.clone(), declared.stage(Executed(run))));
            }
        }
        Ok(Self { network: network.to_owned(), whole: declared.stage(Executed(whole)), others })
    }

    /// The run. Layers take the same inputs however they are compiled, so what each does in a run of its own kind is what it does here.
    ///
    /// # Errors
    /// If its stages were declared by another study.
    pub fn of(&self, inputs: &Inputs<'_>, results: &Results) -> Result<Arc<MachineRun>, Failure> {
        let whole = results.of(self.whole)?;
        if self.others.is_empty() {
            return Ok(whole);
        }
        let others: Vec<(&str, Arc<MachineRun>)> = self
            .others
            .iter()
            .map(|(name, run)| Ok((name.as_str(), results.of(*run)?)))
            .collect::<Result<_, Failure>>()?;
        let of_layer = |layer: &RunLayer| {
            others.iter().find(|(name, _)| *name == layer.name).map_or(&*whole, |(_, run)| run)
        };
        let buffer_bits = buffer_bits(&network(inputs, &self.network)?.network);
        Ok(Arc::new(MachineRun::mixed(whole.layers.iter().map(of_layer), buffer_bits)))
    }
}
