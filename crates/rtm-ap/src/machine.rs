//! A whole network on processors: layer after layer on the same ones, requantization and pools at their periphery.

use std::convert::Infallible;
use std::sync::Arc;

use ap_program::Format;
use compiler::Options;
use compiler::activation::RequantizationMethod;
use network::{
    Accumulators, Activation, Addend, BatchEngine, Border, Evaluation, EvaluationError, FeatureMap, LayerId,
    LinearEngine, LinearLayer, Network, Node, Operation, ReferenceEngine,
};
use rayon::prelude::*;

use crate::activation::{AccumulatorFormats, ActivationPrograms, ActivationsAt, is_made_on_arrays};
use crate::allocation::LayerDemand;
use crate::buffer::{Kept, accumulator_bits, buffer_bits};
use crate::events::{Events, TableEvents};
use crate::layer::{MachineError, MachineLayer};
use crate::program_events::ProgramEvents;

/// A network compiled for processors.
#[derive(Debug)]
pub struct Machine {
    network: Arc<Network>,
    options: Options,
    layers: Vec<MachineLayer>,
    periphery: Vec<PeripheryEvents>,
    activations_at: ActivationsAt,
    /// By activation; none for those that are made at the periphery, or not computed at all.
    activations: Vec<Option<ActivationPrograms>>,
}

/// What happens between a layer and the next, counted with the layer that comes before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct PeripheryEvents {
    requantizations: u64,
    pool_operations: u64,
    output_bits: u64,
}

impl PeripheryEvents {
    fn count(self, events: &mut Events) {
        events.requantizations = self.requantizations as f64;
        events.pool_operations = self.pool_operations as f64;
        events.output_bits = self.output_bits as f64;
    }
}

/// A run: every value of the network for each image, and the events of every layer.
#[derive(Debug)]
pub struct Run {
    /// Accumulators, activations and logits of each image.
    pub evaluations: Vec<Evaluation>,
    /// The mean of the images' events, in the order of the network's linear layers.
    pub events: Vec<Events>,
    /// The searches and writes among them, by table, for each layer.
    pub tables: Vec<Vec<TableEvents>>,
}

impl Machine {
    /// Compiles every linear layer of a network.
    ///
    /// # Errors
    /// The first layer that does not fit the array.
    pub fn compile(network: Arc<Network>, options: &Options) -> Result<Self, MachineError> {
        let layers: Vec<&LinearLayer> = network.linear_layers().map(|(_, layer)| layer).collect();
        let layers = layers
            .par_iter()
            .map(|layer| MachineLayer::compile(layer, options))
            .collect::<Result<Vec<_>, _>>()?;
        let activations_at = ActivationsAt::Periphery;
        let periphery = periphery(&network, activations_at);
        Ok(Self { network, options: *options, layers, periphery, activations_at, activations: Vec::new() })
    }

    /// The events of every layer from the programs alone, as [`Machine::expected_events`] gives them, without keeping the programs: of
    /// a large network they take gigabytes. Layers are compiled one after the other and let go of when they were counted;
    /// `visit` sees each of them. Activations are made at the periphery.
    ///
    /// # Errors
    /// The first layer that does not fit the array.
    pub fn expect(
        network: &Network,
        options: &Options,
        set_bit_share: impl Fn(usize, usize) -> f64 + Sync,
        mut visit: impl FnMut(&MachineLayer),
    ) -> Result<Vec<Events>, MachineError> {
        let periphery = periphery(network, ActivationsAt::Periphery);
        let layers = network.linear_layers().zip(periphery).enumerate();
        let of_layer =
            |(index, ((_, layer), periphery)): (usize, ((LayerId, &LinearLayer), PeripheryEvents))| {
                let layer = MachineLayer::compile(layer, options)?;
                visit(&layer);
                let mut expected = layer.expected_events(|bit| set_bit_share(index, bit));
                periphery.count(&mut expected.events);
                Ok(expected.events)
            };
        layers.map(of_layer).collect()
    }

    /// The same machine with activations made where it is said.
    ///
    /// # Errors
    /// The first activation whose program does not fit the array.
    pub fn with_activations(mut self, at: ActivationsAt) -> Result<Self, MachineError> {
        self.activations_at = at;
        self.periphery = periphery(&self.network, at);
        self.activations = match at.method() {
            None => Vec::new(),
            Some(method) => self.activation_programs(method)?,
        };
        Ok(self)
    }

    fn activation_programs(
        &self,
        method: RequantizationMethod,
    ) -> Result<Vec<Option<ActivationPrograms>>, MachineError> {
        let of_layer = |id: LayerId| {
            let programs = &self.layers.get(id.index())?.compiled().programs;
            let channels = self.network.layer(id)?.output().channels;
            // An output that no weight reaches is stored by no program: it is 0.
            let mut formats = vec![Format { bits: 1, signed: false }; channels];
            for (output, format) in programs.iter().flat_map(|program| program.outputs()) {
                formats[output as usize] = format;
            }
            Some(AccumulatorFormats { formats, parts: programs.len() })
        };
        let nodes: Vec<&Activation> = self
            .network
            .nodes()
            .filter_map(
                |node| if let Node::Activation(_, activation) = node { Some(activation) } else { None },
            )
            .collect();
        let installed = self.layers.iter().map(MachineLayer::processors).max().unwrap_or(1);
        let compiled = nodes.par_iter().map(|activation| {
            let geometry = self.options.geometry;
            ActivationPrograms::compile(&self.network, activation, method, geometry, installed, of_layer)
        });
        let compiled = compiled.collect::<Result<Vec<_>, _>>()?;
        Ok(compiled)
    }

    /// Where activations are made.
    pub fn activations_at(&self) -> ActivationsAt {
        self.activations_at
    }

    /// The network.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// The sizes of the memories beside the processors.
    pub fn kept(&self) -> Kept {
        let demands = self.layers.iter().map(MachineLayer::demand);
        Kept::of(self.program_words(), demands, buffer_bits(&self.network))
    }

    /// Program words of all layers, and of activations that are made on the arrays.
    pub fn program_words(&self) -> usize {
        let layers = self.layers.iter().map(|layer| layer.compiled().statistics.words);
        let activations = self.activations.iter().flatten().map(ActivationPrograms::words);
        layers.chain(activations).sum()
    }

    /// What it was compiled with.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// The layers, in the order of the network's linear layers.
    pub fn layers(&self) -> &[MachineLayer] {
        &self.layers
    }

    /// What every layer asks of the processors.
    pub fn demands(&self) -> Vec<LayerDemand> {
        self.layers.iter().map(|layer| layer.demand().clone()).collect()
    }

    /// Runs an image, bit for bit.
    ///
    /// # Errors
    /// If the image does not fit the network.
    pub fn run(&self, image: &FeatureMap) -> Result<Run, EvaluationError<MachineError>> {
        self.run_all(std::slice::from_ref(image))
    }

    /// Runs several images together, bit for bit.
    ///
    /// # Errors
    /// If an image does not fit the network.
    pub fn run_all(&self, images: &[FeatureMap]) -> Result<Run, EvaluationError<MachineError>> {
        self.run_layers(images, |_| true)
    }

    /// Runs some of the layers on the machine, by their place among the linear layers, and infers the others, which have no
    /// events.
    ///
    /// # Errors
    /// If an image does not fit the network.
    pub fn run_layers(
        &self,
        images: &[FeatureMap],
        runs: impl Fn(usize) -> bool,
    ) -> Result<Run, EvaluationError<MachineError>> {
        let layers = Vec::with_capacity(self.layers.len());
        let mut engine = Engine { machine: self, runs, next_activation: 0, layers };
        let evaluations = self.network.evaluate_all(images, &mut engine)?;
        let (events, tables) = engine.layers.into_iter().map(|layer| (layer.events, layer.tables)).unzip();
        Ok(Run { evaluations, events, tables })
    }

    /// The events of every layer from the programs alone; `set_bit_share` gives for each layer and bit the probability that
    /// this bit of an input value is 1.
    pub fn expected_events(&self, set_bit_share: impl Fn(usize, usize) -> f64 + Sync) -> Vec<Events> {
        let of_layer = |(index, layer): (usize, &MachineLayer)| {
            let mut expected = layer.expected_events(|bit| set_bit_share(index, bit));
            self.count_periphery(index, &mut expected.events);
            expected.events
        };
        let mut events: Vec<Events> = self.layers.par_iter().enumerate().map(of_layer).collect();
        let (mut layers, mut activations) = (0, self.activations.iter());
        for node in self.network.nodes() {
            match node {
                Node::Linear(..) => layers += 1,
                Node::Activation(..) => {
                    if let (Some(Some(programs)), Some(layer)) =
                        (activations.next(), events[..layers].last_mut())
                    {
                        *layer += programs.expected_events().events;
                    }
                }
            }
        }
        events
    }

    /// What [`Machine::expected_events`] gives, on arrays of other numbers of rows, for each of them; activations are made at the
    /// periphery.
    pub fn expected_events_on(
        &self,
        array_rows: &[u64],
        set_bit_share: impl Fn(usize, usize) -> f64 + Sync,
    ) -> Vec<Vec<Events>> {
        let of_layer = |(index, layer): (usize, &MachineLayer)| {
            let expected = layer.expected_events_on(array_rows, |bit| set_bit_share(index, bit));
            let counted = expected.into_iter().map(|mut expected| {
                self.count_periphery(index, &mut expected.events);
                expected.events
            });
            counted.collect::<Vec<Events>>()
        };
        let layers: Vec<Vec<Events>> = self.layers.par_iter().enumerate().map(of_layer).collect();
        (0..array_rows.len()).map(|rows| layers.iter().map(|layer| layer[rows]).collect()).collect()
    }

    fn count_periphery(&self, layer: usize, events: &mut Events) {
        self.periphery[layer].count(events);
    }
}

struct Engine<'m, R> {
    machine: &'m Machine,
    /// Whether a layer runs on the machine.
    runs: R,
    next_activation: usize,
    /// Of the layers so far.
    layers: Vec<ProgramEvents>,
}

impl<R: Fn(usize) -> bool> BatchEngine for Engine<'_, R> {
    type Error = MachineError;

    fn accumulate_all(
        &mut self,
        layer: &LinearLayer,
        inputs: &[&FeatureMap],
    ) -> Result<Vec<Accumulators>, MachineError> {
        let next = self.layers.len();
        let prepared = self.machine.layers.get(next).filter(|l| l.compiled().name == layer.name());
        let Some(prepared) = prepared else {
            return Err(MachineError::Unknown(layer.name().to_owned()));
        };
        if !(self.runs)(next) {
            self.layers.push(ProgramEvents::default());
            let inferred = inputs.par_iter().map(|input| ReferenceEngine.accumulate(layer, input));
            let never = |_: Infallible| MachineError::Unknown(layer.name().to_owned());
            return inferred.collect::<Result<_, _>>().map_err(never);
        }
        let (accumulators, mut done) = prepared.execute_all(inputs)?;
        self.machine.count_periphery(next, &mut done.events);
        self.layers.push(done);
        Ok(accumulators)
    }

    fn activate_all(
        &mut self,
        _: &Activation,
        images: &[Evaluation],
    ) -> Result<Option<Vec<FeatureMap>>, MachineError> {
        let programs = self.machine.activations.get(self.next_activation);
        self.next_activation += 1;
        let runs = self.layers.len().checked_sub(1).is_some_and(&self.runs);
        let Some(Some(programs)) = programs.filter(|_| runs) else { return Ok(None) };
        let (made, done) = programs.execute(images)?;
        // What follows a layer is counted with it.
        if let Some(layer) = self.layers.last_mut() {
            *layer += done;
        }
        Ok(Some(made))
    }
}

/// Counts requantizations (one for each addend), pool operations and activation bits, each with the last linear layer before, or
/// with the first one if there is none before.
/// What programs do on the arrays is counted there, with the bits that they load; they too bring the results to the buffer.
fn periphery(network: &Network, at: ActivationsAt) -> Vec<PeripheryEvents> {
    let mut counts = vec![PeripheryEvents::default(); network.linear_layers().len()];
    let mut layer = 0;
    for node in network.nodes() {
        match node {
            Node::Linear(id, _) => layer = id.index(),
            Node::Activation(_, activation) => {
                let Some(layer) = counts.get_mut(layer) else { continue };
                match at.method() {
                    Some(_) if is_made_on_arrays(activation.operation()) => count_result(layer, activation),
                    _ => count_activation(layer, activation, network),
                }
            }
        }
    }
    // The classes' logits are requantized too, but without a shift and to 64 bits: always at the periphery.
    if let Some(last) = counts.last_mut() {
        last.requantizations += network.classes() as u64;
        last.output_bits += 64 * network.classes() as u64;
    }
    counts
}

fn count_result(layer: &mut PeripheryEvents, activation: &Activation) {
    layer.output_bits += activation.shape().len() as u64 * u64::from(activation.bits());
}

fn count_activation(layer: &mut PeripheryEvents, activation: &Activation, network: &Network) {
    let values = activation.shape().len() as u64;
    let bits = u64::from(activation.bits());
    let source_values = |id| network.activation(id).map_or(0, |source| source.shape().len() as u64);
    let bits_of = |id| network.activation(id).map_or(0, |source| u64::from(source.bits()));
    match activation.operation() {
        // Values are only called by other names.
        Operation::Input | Operation::Flatten { .. } | Operation::Concat { .. } | Operation::Pick { .. } => {}
        Operation::Requantize { addends, .. } => {
            layer.requantizations += values * addends.len() as u64;
            layer.output_bits += values * bits;
            // An identity shortcut is read from the buffer once more.
            for addend in addends {
                if let Addend::Activations { source, .. } = addend {
                    layer.output_bits += values * bits_of(*source);
                }
            }
            // Accumulators of all branches but the one computed last wait in the buffer: written, and read again.
            let branches = addends.iter().filter_map(|addend| match addend {
                Addend::Accumulators { source, .. } => Some(*source),
                Addend::Activations { .. } => None,
            });
            let mut branches: Vec<LayerId> = branches.collect();
            branches.sort_by_key(|id| id.index());
            branches.pop();
            for branch in branches {
                layer.output_bits += 2 * values * accumulator_bits(network, branch);
            }
        }
        Operation::MaxPool { source, window } => {
            layer.pool_operations += values * (window.taps() as u64 - 1);
            layer.output_bits += values * bits + source_values(*source) * bits;
        }
        Operation::SumPool { source, window, border } => {
            layer.pool_operations += values * (window.taps() as u64 - 1);
            layer.output_bits += values * bits + source_values(*source) * bits_of(*source);
            if *border == Border::LeftOut {
                // Assumption: a multiplication like a requantization's, at every position.
                layer.requantizations += values;
            }
        }
        // Assumption: a table is looked up, and two activations are multiplied, at a requantization's cost.
        Operation::Table { source, .. } => {
            layer.requantizations += values;
            layer.output_bits += values * bits + source_values(*source) * bits_of(*source);
        }
        Operation::Multiply { source, gate, .. } => {
            layer.requantizations += values;
            let read = [source, gate].map(|&id| source_values(id) * bits_of(id));
            layer.output_bits += values * bits + read.iter().sum::<u64>();
        }
    }
}
