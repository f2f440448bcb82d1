//! What several experiments need, computed once in a run: networks, their machines and runs, and technology files.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use compiler::Options;
use crossbar::component_validation::{self, ComponentComparison};
use crossbar::validation::Comparison;
use crossbar::{Activations, Crossbar, Design, LayerShape, NetworkReport, Pool, Precision, WeightStatistics};
use data_sets::Reading;
use digital::{ArrayDesign, MatrixLayer};
use network::{
    ActivationId, ActivationStatistics, Checkpoint, DataSet, ImageSet, LayerId, LinearLayer, Network,
    NetworkDescription, Node, Operation,
};
use quantizer::{Granularity, Sparsity, ThresholdRule, Thresholds};
use rtm_ap::{ActivationsAt, Events, Machine, ProcessorDesign};
use technology::{ParameterSet, Parameters, TechnologyFile};

use crate::error::RunError;
use crate::manifest::{CrossbarPoint, ImageSource, Images, Thresholded, UsersData, WeightPrecision};
use crate::trials::Trials;
use crate::workspace::Workspace;

/// A network with its description.
#[derive(Debug)]
pub struct LoadedNetwork {
    /// What its file says.
    pub description: NetworkDescription,
    /// The graph.
    pub network: Arc<Network>,
}

/// A network run on a machine.
#[derive(Debug)]
pub struct MachineRun {
    /// The compiled network.
    pub machine: Machine,
    /// For each linear layer, the mean over the images.
    pub events: Vec<Events>,
}

impl MachineRun {
    /// The events of all layers, one after the other.
    pub fn total(&self) -> Events {
        let mut total = Events::default();
        self.events.iter().for_each(|events| total += *events);
        total
    }

    /// Program words of all layers, and of activations that are made on the arrays.
    pub fn words(&self) -> usize {
        self.machine.program_words()
    }
}

type RunKey = (String, Options, ActivationsAt, Images);

/// Models and runs of a workspace, each made when first asked for.
pub struct Models<'w> {
    workspace: &'w Workspace,
    networks: RefCell<BTreeMap<String, Rc<LoadedNetwork>>>,
    runs: RefCell<Vec<(RunKey, Rc<MachineRun>)>>,
    inputs: RefCell<BTreeMap<PathBuf, String>>,
    trials: Trials,
}

impl<'w> Models<'w> {
    /// Nothing yet.
    pub fn new(workspace: &'w Workspace) -> Self {
        let (networks, runs, inputs, trials) = Default::default();
        Self { workspace, networks, runs, inputs, trials }
    }

    /// The same with records of trials from elsewhere.
    pub fn with_trials(self, trials: Trials) -> Self {
        Self { trials, ..self }
    }

    /// Where records of trials come from.
    pub fn trials(&self) -> &Trials {
        &self.trials
    }

    /// The workspace.
    pub fn workspace(&self) -> &'w Workspace {
        self.workspace
    }

    /// Forgets which files were read; called before each experiment.
    pub fn start_experiment(&self) {
        self.inputs.borrow_mut().clear();
    }

    /// The files that the experiment rests on, relative to the workspace, with their BLAKE3.
    pub fn inputs(&self) -> BTreeMap<PathBuf, String> {
        self.inputs.borrow().clone()
    }

    fn note_input(&self, path: &Path) -> Result<(), RunError> {
        let bytes =
            std::fs::read(path).map_err(|source| RunError::Unreadable { path: path.to_owned(), source })?;
        let shown = PathBuf::from(self.workspace.shown(path).to_string());
        self.inputs.borrow_mut().insert(shown, blake3::hash(&bytes).to_hex().to_string());
        Ok(())
    }

    /// A network by name.
    ///
    /// # Errors
    /// If its description or its checkpoint is missing or wrong.
    pub fn network(&self, name: &str) -> Result<Rc<LoadedNetwork>, RunError> {
        let path = self.workspace.network(name);
        let loaded = self.networks.borrow().get(name).cloned();
        let loaded = match loaded {
            Some(loaded) => loaded,
            None => {
                let (description, network) = Network::load(&path)?;
                let loaded = Rc::new(LoadedNetwork { description, network: Arc::new(network) });
                self.networks.borrow_mut().insert(name.to_owned(), Rc::clone(&loaded));
                loaded
            }
        };
        self.note_input(&path)?;
        if let Some(folder) = path.parent() {
            self.note_input(&folder.join(&loaded.description.checkpoint))?;
        }
        Ok(loaded)
    }

    /// The images of an experiment, fitted to a network.
    ///
    /// # Errors
    /// If they are not there, or fewer than asked for.
    pub fn images(&self, network: &LoadedNetwork, images: &Images) -> Result<ImageSet, RunError> {
        let set = self.image_set(network, images)?;
        Ok(set.first(images.count)?.fitted_to(network.network.input().shape())?)
    }

    /// Every image of a set that the workspace carries, as it is.
    ///
    /// # Errors
    /// If it is not there.
    pub fn all_images(&self, network: &LoadedNetwork, set: ImageSource) -> Result<ImageSet, RunError> {
        self.image_set(network, &Images { set, of: None, count: usize::MAX })
    }

    /// A whole image set, as it is.
    ///
    /// # Errors
    /// If it is not there.
    pub fn image_set(&self, network: &LoadedNetwork, images: &Images) -> Result<ImageSet, RunError> {
        match images.set {
            ImageSource::Golden => {
                let other = images.of.as_ref().map(|name| self.network(name)).transpose()?;
                let description = other.as_ref().map_or(&network.description, |other| &other.description);
                let name = &description.name;
                let golden = description.golden.as_ref().ok_or_else(|| RunError::NoGolden(name.clone()))?;
                let path = self.workspace.network(name).with_file_name("").join(golden);
                let set = ImageSet::from_golden(&path)?;
                self.note_input(&path)?;
                Ok(set)
            }
            ImageSource::FashionMnist => {
                Ok(data_sets::load(DataSet::FashionMnist, &self.workspace.data("fashion-mnist"))?)
            }
            ImageSource::Cifar10 | ImageSource::Own => {
                let set = match images.set {
                    ImageSource::Own => {
                        let path = self.workspace.users_data(UsersData::Own)?;
                        let shape = network.network.input().shape();
                        let (fitting, broken) = Default::default();
                        data_sets::open(path, &Reading { shape, fitting, broken, limit: images.count })?
                            .images
                    }
                    _ => data_sets::load(DataSet::Cifar10, self.workspace.users_data(UsersData::Cifar10)?)?,
                };
                // Where the user keeps it is nobody's concern; what it holds is.
                let mut hash = blake3::Hasher::new();
                (0..set.len()).filter_map(|image| set.pixels(image)).for_each(|pixels| {
                    hash.update(pixels);
                });
                let shown = PathBuf::from(format!("data {}", set.name()));
                self.inputs.borrow_mut().insert(shown, hash.finalize().to_hex().to_string());
                Ok(set)
            }
        }
    }

    /// A network's run on a machine over images.
    ///
    /// # Errors
    /// If it cannot be loaded, compiled or run.
    pub fn run(&self, network: &str, options: Options, images: &Images) -> Result<Rc<MachineRun>, RunError> {
        self.run_with_activations(network, options, ActivationsAt::Periphery, images)
    }

    /// The same with activations made where it is said.
    ///
    /// # Errors
    /// If it cannot be loaded, compiled or run.
    pub fn run_with_activations(
        &self,
        network: &str,
        options: Options,
        activations: ActivationsAt,
        images: &Images,
    ) -> Result<Rc<MachineRun>, RunError> {
        let key = (network.to_owned(), options, activations, images.clone());
        let loaded = self.network(network)?;
        let set = self.images(&loaded, images)?;
        if let Some((_, run)) = self.runs.borrow().iter().find(|(known, _)| *known == key) {
            return Ok(Rc::clone(run));
        }
        let machine =
            Machine::compile(Arc::clone(&loaded.network), &options)?.with_activations(activations)?;
        let events = machine.run_all(&set.feature_maps())?.events;
        let run = Rc::new(MachineRun { events, machine });
        self.runs.borrow_mut().push((key, Rc::clone(&run)));
        Ok(run)
    }

    /// A technology file of the associative processor.
    ///
    /// # Errors
    /// If it is missing or wrong.
    pub fn processor_technology(&self, name: &str) -> Result<TechnologyFile<ProcessorDesign>, RunError> {
        let path = self.workspace.technology("rtm-ap", name);
        let file = rtm_ap::load_technology(&path)?;
        self.note_input(&path)?;
        Ok(file)
    }

    /// A crossbar's technology file, moved to a point's node.
    ///
    /// # Errors
    /// If it is missing or wrong.
    pub fn crossbar_technology(&self, point: &CrossbarPoint) -> Result<TechnologyFile<Design>, RunError> {
        let path = self.workspace.technology("crossbar", &point.technology);
        let mut file = crossbar::load_technology(&path)?;
        self.note_input(&path)?;
        let design = &mut file.design;
        design.node_nm = point.node_nm.unwrap_or(design.node_nm);
        design.zero_skipping = point.zero_skipping.unwrap_or(design.zero_skipping);
        design.gating = point.gating.unwrap_or(design.gating);
        Ok(file)
    }

    /// A digital array's technology file, moved to a node.
    ///
    /// # Errors
    /// If it is missing or wrong.
    pub fn digital_technology(
        &self,
        name: &str,
        node_nm: Option<f64>,
    ) -> Result<TechnologyFile<ArrayDesign>, RunError> {
        let path = self.workspace.technology("digital", name);
        let mut file = digital::load_technology(&path)?;
        self.note_input(&path)?;
        file.design.node_nm = node_nm.unwrap_or(file.design.node_nm);
        Ok(file)
    }

    /// The layers of a network as matrices, for the digital reference.
    ///
    /// # Errors
    /// If the network cannot be loaded.
    pub fn matrix_layers(&self, network: &str) -> Result<Vec<MatrixLayer>, RunError> {
        let network = Arc::clone(&self.network(network)?.network);
        let of_layer = |(id, layer): (LayerId, &LinearLayer)| {
            let weights = layer.weights();
            let positions = layer.output().positions();
            let stored = match pool_after(&network, id) {
                Pool::None => positions,
                Pool::Local { extent } => positions.div_ceil(extent * extent),
                Pool::Global => 1,
            };
            MatrixLayer {
                name: layer.name().to_owned(),
                vectors: positions as u64,
                rows: (weights.inputs() * weights.taps()) as u64,
                outputs: weights.outputs() as u64,
                input_values: layer.input().len() as u64,
                stored_values: (stored * weights.outputs()) as u64,
                nonzero_weights: 1.0 - weights.sparsity(),
            }
        };
        Ok(network.linear_layers().map(of_layer).collect())
    }

    /// A network with float weights made ternary at a sparsity, by a threshold for each layer.
    ///
    /// # Errors
    /// If the weights are not there or cannot be made ternary.
    pub fn thresholded(&self, network: &str, thresholded: &Thresholded) -> Result<Arc<Network>, RunError> {
        let description = &self.network(network)?.description;
        let path = self.workspace.network(&thresholded.weights).with_extension("safetensors.zst");
        let weights = Checkpoint::load(&path)?;
        self.note_input(&path)?;
        let rule = ThresholdRule::TargetSparsity(Sparsity::new(thresholded.sparsity)?);
        let quantized = quantizer::quantize(&weights, Thresholds::Rule(rule, Granularity::Layer))?;
        Ok(Arc::new(Network::assemble(description, quantized.checkpoint())?))
    }

    /// A network compiled for a machine, with the events that its programs are expected to cause on images; nothing is executed.
    ///
    /// # Errors
    /// If it cannot be loaded or compiled.
    pub fn expected_run(
        &self,
        network: &str,
        options: Options,
        images: &Images,
    ) -> Result<MachineRun, RunError> {
        let loaded = self.network(network)?;
        let shares = set_bit_shares(&loaded.network, &self.images(&loaded, images)?)?;
        let machine = Machine::compile(Arc::clone(&loaded.network), &options)?;
        let events = machine.expected_events(|layer, bit| share_of(&shares, layer, bit));
        Ok(MachineRun { events, machine })
    }

    /// A file of fault rates.
    ///
    /// # Errors
    /// If it is missing or wrong.
    pub fn fault_rates(&self, name: &str) -> Result<faults::LiteratureRates, RunError> {
        let path = self.workspace.technology("faults", name);
        let file = TechnologyFile::<()>::load(&path, &[faults::LiteratureRates::DECLARATIONS])?;
        self.note_input(&path)?;
        Ok(faults::LiteratureRates::resolve(&file.parameters)?)
    }

    /// A file of analog non-idealities.
    ///
    /// # Errors
    /// If it is missing or wrong.
    pub fn analog(&self, name: &str) -> Result<ParameterSet, RunError> {
        let path = self.workspace.technology("analog", name);
        let file = TechnologyFile::<()>::load(&path, &[crate::studies::fault_comparison::ANALOG])?;
        self.note_input(&path)?;
        Ok(file.parameters)
    }

    /// A file of endurances.
    ///
    /// # Errors
    /// If it is missing or wrong.
    pub fn endurance(&self, name: &str) -> Result<ParameterSet, RunError> {
        let path = self.workspace.technology("endurance", name);
        let file = TechnologyFile::<()>::load(&path, &[faults::LiteratureEndurance::DECLARATIONS])?;
        self.note_input(&path)?;
        Ok(file.parameters)
    }

    /// A file of others' results.
    ///
    /// # Errors
    /// If it is missing.
    pub fn reference(&self, name: &str) -> Result<PathBuf, RunError> {
        let path = self.workspace.references().join(name);
        self.note_input(&path)?;
        Ok(path)
    }

    /// The crossbar model against the measured runs of a folder of references.
    ///
    /// # Errors
    /// If a file is missing or wrong.
    pub fn crossbar_validation(&self, references: &str) -> Result<Vec<Comparison>, RunError> {
        let references = self.workspace.references().join(references);
        let technologies = self.workspace.technologies("crossbar");
        for file in crossbar::validation::files(&references, &technologies)? {
            self.note_input(&file)?;
        }
        Ok(crossbar::validation::validate(&references, &technologies)?)
    }

    /// The crossbar model's components against those of a folder of references.
    ///
    /// # Errors
    /// If a file is missing or wrong.
    pub fn crossbar_components(&self, references: &str) -> Result<Vec<ComponentComparison>, RunError> {
        let references = self.workspace.references().join(references);
        self.note_input(&references.join(component_validation::FILE))?;
        let technologies = self.workspace.technologies("crossbar");
        Ok(component_validation::validate_components(&references, &technologies)?)
    }

    /// The layers that a crossbar computes for a network, with the statistics of their inputs over images.
    ///
    /// # Errors
    /// If the images cannot be had.
    pub fn crossbar_layers(&self, network: &str, images: &Images) -> Result<Vec<LayerShape>, RunError> {
        let loaded = self.network(network)?;
        let set = self.images(&loaded, images)?;
        let statistics = loaded.network.activation_statistics(&set.feature_maps())?;
        let layers = loaded.network.linear_layers().zip(statistics);
        Ok(layers.map(|((id, layer), (_, input))| shape(&loaded.network, id, layer, input)).collect())
    }
}

/// What the crossbar model says of a point.
///
/// # Errors
/// If the model does not cover it.
pub fn crossbar_report(
    file: &TechnologyFile<Design>,
    point: &CrossbarPoint,
    layers: &[LayerShape],
    weight_sparsity: f64,
) -> Result<NetworkReport, RunError> {
    let weights = match point.weights {
        WeightPrecision::Ternary => WeightStatistics::Ternary { zeros: weight_sparsity },
        WeightPrecision::EightBit => WeightStatistics::Symmetric { bits: 8 },
    };
    let precision = Precision { weights, activation_bits: point.activation_bits };
    Ok(Crossbar::new(file.design, &file.parameters)?.evaluate(layers, precision)?)
}

/// The share of set bits of every layer's input values over images: for each layer, by bit, the lowest first.
///
/// # Errors
/// If an image does not fit the network.
pub fn set_bit_shares(network: &Network, images: &ImageSet) -> Result<Vec<[f64; 16]>, RunError> {
    let statistics = network.activation_statistics(&images.feature_maps())?;
    Ok(statistics.iter().map(|(_, of)| std::array::from_fn(|bit| of.share_with_bit(bit))).collect())
}

/// The share of a layer's input values in which a bit is set.
pub fn share_of(shares: &[[f64; 16]], layer: usize, bit: usize) -> f64 {
    shares.get(layer).and_then(|bits| bits.get(bit)).copied().unwrap_or(0.0)
}

/// The share of zero weights over all linear layers.
pub fn weight_sparsity(network: &Network) -> f64 {
    let (zeros, all) = network.linear_layers().fold((0, 0), |(zeros, all), (_, layer)| {
        let weights = layer.weights();
        (zeros + weights.values().len() - weights.nonzeros(), all + weights.values().len())
    });
    zeros as f64 / f64::max(all as f64, 1.0)
}

fn shape(network: &Network, id: LayerId, layer: &LinearLayer, input: ActivationStatistics) -> LayerShape {
    LayerShape {
        name: layer.name().to_owned(),
        input: layer.input(),
        outputs: layer.weights().outputs(),
        window: layer.window(),
        pool: pool_after(network, id),
        activations: Activations::SetBits { share: input.set_bit_share() },
    }
}

/// The pool that follows a layer's requantization.
fn pool_after(network: &Network, layer: LayerId) -> Pool {
    let mut requantized: Option<ActivationId> = None;
    for node in network.nodes() {
        let Node::Activation(id, activation) = node else { continue };
        match activation.operation() {
            Operation::Requantize { addends, .. } => {
                let reads = addends.iter().any(
                    |addend| matches!(addend, network::Addend::Accumulators { source, .. } if *source == layer),
                );
                if reads {
                    requantized = Some(id);
                }
            }
            Operation::MaxPool { source, window } if Some(*source) == requantized => {
                return Pool::Local { extent: window.stride() };
            }
            Operation::SumPool { source } if Some(*source) == requantized => return Pool::Global,
            _ => {}
        }
    }
    Pool::None
}
