//! What several experiments need, computed once in a run: networks, their machines and runs, and technology files.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use compiler::Options;
use crossbar::component_validation::{self, ComponentComparison};
use crossbar::validation::Comparison;
use crossbar::{Activations, Crossbar, Design, LayerShape, NetworkReport, Pool, Precision, WeightStatistics};
use data_sets::Reading;
use digital::{ArrayDesign, MatrixLayer};
use faults::{PreparedPoint, Record};
use network::{
    ActivationId, ActivationStatistics, Checkpoint, DataSet, DescriptionError, FeatureMap, ImageSet, LayerId,
    LinearLayer, Network, NetworkDescription, NetworkError, Node, Operation,
};
use quantizer::{Granularity, Sparsity, ThresholdRule, Thresholds};
use rtm_ap::{ActivationsAt, Machine, ProcessorDesign};
use technology::{ParameterSet, Parameters, TechnologyFile};

use crate::error::RunError;
use crate::manifest::{
    CrossbarPoint, Document, ImageSource, Images, Manifest, Thresholded, UsersData, WeightPrecision,
};
use crate::schema::SchemaKind;
use crate::stages::cache::{Key, Kind, StageCache, Use};
use crate::stages::run::{Kept, MachineRun, RunLayer, RunRequest, Way};
use crate::state::users_input;
use crate::trials::{KeptRecord, Trials};
use crate::workspace::Workspace;

/// A network with its description.
#[derive(Debug)]
pub struct LoadedNetwork {
    /// What its file says.
    pub description: NetworkDescription,
    /// The graph.
    pub network: Arc<Network>,
    /// BLAKE3 of the files that it was read from.
    pub fingerprints: Vec<String>,
}

/// A network with images whose classes are known, fitted to it.
pub struct Labelled {
    /// The network.
    pub loaded: Rc<LoadedNetwork>,
    /// The images.
    pub images: Vec<FeatureMap>,
    /// The class of each.
    pub labels: Vec<u16>,
}

/// Models and runs of a workspace, each made when first asked for.
pub struct Models<'w> {
    workspace: &'w Workspace,
    networks: RefCell<BTreeMap<String, Rc<LoadedNetwork>>>,
    runs: RefCell<Vec<(RunRequest, Rc<MachineRun>)>>,
    /// Those of the experiment at work.
    asked: RefCell<Vec<RunRequest>>,
    stages: StageCache,
    inputs: RefCell<BTreeMap<PathBuf, String>>,
    trials: Trials,
}

impl<'w> Models<'w> {
    /// Nothing yet; what stages gave in other runs is used as it is said.
    pub fn new(workspace: &'w Workspace, stages: Use) -> Self {
        let (networks, runs, asked, inputs, trials) = Default::default();
        let stages = StageCache::new(workspace.stages(), stages);
        Self { workspace, networks, runs, asked, stages, inputs, trials }
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

    /// Forgets which files were read, and lets go of compiled networks; called before each experiment.
    pub fn start_experiment(&self) {
        self.inputs.borrow_mut().clear();
        self.asked.borrow_mut().clear();
        self.runs.borrow().iter().for_each(|(_, run)| run.release_machine());
    }

    /// What stages gave.
    pub fn stages(&self) -> &StageCache {
        &self.stages
    }

    /// The files that the experiment rests on, relative to the workspace, with their BLAKE3.
    pub fn inputs(&self) -> BTreeMap<PathBuf, String> {
        self.inputs.borrow().clone()
    }

    fn note_input(&self, path: &Path) -> Result<String, RunError> {
        let bytes =
            std::fs::read(path).map_err(|source| RunError::Unreadable { path: path.to_owned(), source })?;
        let hash = blake3::hash(&bytes).to_hex().to_string();
        self.note_hash(path, hash.clone());
        Ok(hash)
    }

    fn note_hash(&self, path: &Path, hash: String) {
        let shown = PathBuf::from(self.workspace.shown(path).to_string());
        self.inputs.borrow_mut().insert(shown, hash);
    }

    /// A network by name.
    ///
    /// # Errors
    /// If its description or its checkpoint is missing or wrong.
    pub fn network(&self, name: &str) -> Result<Rc<LoadedNetwork>, RunError> {
        let path = self.workspace.network(name);
        let known = self.networks.borrow().get(name).cloned();
        if known.is_none() && !path.is_file() {
            let known = self.workspace.networks()?;
            return Err(RunError::UnknownName { kind: "network", name: name.to_owned(), known });
        }
        let files = |description: &NetworkDescription| -> Vec<PathBuf> {
            let beside = description.checkpoint.as_ref().map(|file| path.with_file_name("").join(file));
            [path.clone()].into_iter().chain(beside).collect()
        };
        if let Some(loaded) = known {
            for (file, hash) in files(&loaded.description).iter().zip(&loaded.fingerprints) {
                self.note_hash(file, hash.clone());
            }
            return Ok(loaded);
        }
        let (description, network) = match Network::load(&path) {
            // The reader stops at the first field that is not of its form; there may be more.
            Err(NetworkError::Description(DescriptionError::Yaml { .. })) => {
                check_form(SchemaKind::Network, &path)?;
                Network::load(&path)?
            }
            loaded => loaded?,
        };
        let fingerprints =
            files(&description).iter().map(|file| self.note_input(file)).collect::<Result<Vec<_>, _>>()?;
        let loaded = Rc::new(LoadedNetwork { description, network: Arc::new(network), fingerprints });
        self.networks.borrow_mut().insert(name.to_owned(), Rc::clone(&loaded));
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

    /// A network with the images of an experiment, which need to have labels.
    ///
    /// # Errors
    /// If they are not there, fewer than asked for, or without labels.
    pub fn labelled(&self, network: &str, images: &Images) -> Result<Labelled, RunError> {
        let loaded = self.network(network)?;
        let set = self.images(&loaded, images)?;
        let labels = set.labels().ok_or_else(|| RunError::NoLabels(set.name().to_owned()))?.to_vec();
        Ok(Labelled { loaded, images: set.feature_maps(), labels })
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
                self.inputs.borrow_mut().insert(users_input(set.name()), pixels_digest(&set));
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
        self.requested(RunRequest::executed(network, options, images).with_activations(activations))
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
    ) -> Result<Rc<MachineRun>, RunError> {
        self.expected_run_with_activations(network, options, ActivationsAt::Periphery, images)
    }

    /// The same with activations made where it is said.
    ///
    /// # Errors
    /// If it cannot be loaded or compiled.
    pub fn expected_run_with_activations(
        &self,
        network: &str,
        options: Options,
        activations: ActivationsAt,
        images: &Images,
    ) -> Result<Rc<MachineRun>, RunError> {
        let executed = RunRequest::executed(network, options, images);
        self.requested(executed.with_activations(activations).expected())
    }

    /// Whether the experiment asked for these runs and no others.
    pub fn asked_for(&self, planned: &[RunRequest]) -> bool {
        let asked = self.asked.borrow();
        asked.len() == planned.len() && planned.iter().all(|request| asked.contains(request))
    }

    fn requested(&self, request: RunRequest) -> Result<Rc<MachineRun>, RunError> {
        let (loaded, set, key) = self.prepared(&request)?;
        if !self.asked.borrow().contains(&request) {
            self.asked.borrow_mut().push(request.clone());
        }
        if let Some((_, run)) = self.runs.borrow().iter().find(|(known, _)| *known == request) {
            return Ok(Rc::clone(run));
        }
        let network = Arc::clone(&loaded.network);
        let mut compiled = None;
        let kept = self.stages.get_or_compute(&key, || {
            let images = set.fitted_to(network.input().shape())?;
            let shares = set_bit_shares(&network, &images)?;
            if (request.way, request.activations) == (Way::Expected, ActivationsAt::Periphery) {
                let (mut layers, mut words) = (Vec::new(), 0);
                let share = |layer, bit| share_of(&shares, layer, bit);
                let expected = Machine::expect(&network, &request.options, share, |layer| {
                    layers.push(RunLayer::from(layer));
                    words += layer.compiled().statistics.words;
                })?;
                return Ok(Kept { events: expected.clone(), expected, layers, words });
            }
            let machine = Machine::compile(Arc::clone(&network), &request.options)?
                .with_activations(request.activations)?;
            let expected = machine.expected_events(|layer, bit| share_of(&shares, layer, bit));
            let events = match request.way {
                Way::Executed => machine.run_all(&images.feature_maps())?.events,
                Way::Expected => expected.clone(),
            };
            let layers = machine.layers().iter().map(RunLayer::from).collect();
            let words = machine.program_words();
            compiled = Some(machine);
            Ok(Kept { events, expected, layers, words })
        })?;
        let run = Rc::new(MachineRun::new(network, &request, kept, compiled));
        self.runs.borrow_mut().push((request, Rc::clone(&run)));
        Ok(run)
    }

    /// The network and the images of a run, as they are, and the key of what it gives.
    ///
    /// # Errors
    /// If they cannot be loaded.
    pub fn prepared(&self, request: &RunRequest) -> Result<(Rc<LoadedNetwork>, ImageSet, Key), RunError> {
        let loaded = self.network(&request.network)?;
        let set = self.image_set(&loaded, &request.images)?.first(request.images.count)?;
        let kind = match request.way {
            Way::Executed => Kind::MachineRun,
            Way::Expected => Kind::Expectation,
        };
        let how = [format!("{:?}", request.options), request.activations.to_string()];
        let mut ingredients = loaded.fingerprints.clone();
        ingredients.push(digest_of(&set));
        ingredients.extend(how);
        let key = Key::new(kind, ingredients);
        Ok((loaded, set, key))
    }

    /// The key of a stage that depends on a network, images, and what else is said.
    pub fn stage_key(&self, kind: Kind, network: &LoadedNetwork, images: &ImageSet, more: &[String]) -> Key {
        let digest = digest_of(images);
        Key::new(kind, network.fingerprints.iter().chain([&digest]).chain(more))
    }

    /// The records of some trials of a point of an experiment.
    ///
    /// # Errors
    /// If they cannot be computed.
    pub fn run_trials(
        &self,
        manifest: &Manifest,
        number: u64,
        prepared: &PreparedPoint<'_>,
        trials: Range<u64>,
    ) -> Result<Vec<Record>, RunError> {
        if !matches!(self.trials, Trials::Computed) {
            return self.trials.run(number, prepared, trials);
        }
        let mut ingredients = vec![manifest.hash.clone(), number.to_string()];
        ingredients.push(format!("{:?} {trials:?}", prepared.point()));
        ingredients.push(prepared.models().to_owned());
        let campaign = prepared.campaign();
        let mut pixels = blake3::Hasher::new();
        for value in campaign.inputs().iter().flat_map(|image| image.values()).chain(campaign.labels()) {
            pixels.update(&value.to_le_bytes());
        }
        ingredients.push(pixels.finalize().to_hex().to_string());
        ingredients
            .extend(self.inputs().into_iter().map(|(path, hash)| format!("{} {hash}", path.display())));
        let key = Key::new(Kind::Trials, ingredients);
        let records = self.stages.get_or_compute(&key, || {
            let records = self.trials.run(number, prepared, trials)?;
            Ok(records.into_iter().map(KeptRecord::from).collect::<Vec<_>>())
        })?;
        Ok(records.into_iter().map(Record::from).collect())
    }

    /// A technology file of the associative processor.
    ///
    /// # Errors
    /// If it is missing or wrong.
    pub fn processor_technology(&self, name: &str) -> Result<TechnologyFile<ProcessorDesign>, RunError> {
        let path = self.workspace.technology("rtm-ap", name);
        check_form(SchemaKind::RtmAp, &path)?;
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
        check_form(SchemaKind::Crossbar, &path)?;
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
        check_form(SchemaKind::Digital, &path)?;
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
                Pool::Local { rows, columns } => positions.div_ceil(rows * columns),
                Pool::Global => 1,
            };
            MatrixLayer {
                name: layer.name().to_owned(),
                vectors: positions as u64,
                groups: weights.groups() as u64,
                rows: (weights.inputs() / weights.groups() * weights.taps()) as u64,
                outputs: (weights.outputs() / weights.groups()) as u64,
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

    /// A file of fault rates.
    ///
    /// # Errors
    /// If it is missing or wrong.
    pub fn fault_rates(&self, name: &str) -> Result<faults::LiteratureRates, RunError> {
        let path = self.workspace.technology("faults", name);
        check_form(SchemaKind::Faults, &path)?;
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
        check_form(SchemaKind::Analog, &path)?;
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
        check_form(SchemaKind::Endurance, &path)?;
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

/// Holds a file against its schema, so that everything that is wrong with it is said at once.
///
/// # Errors
/// If anything is.
fn check_form(kind: SchemaKind, path: &Path) -> Result<(), RunError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| RunError::Unreadable { path: path.to_owned(), source })?;
    let mut document = Document::parse(&text, path)?;
    document.hold_against(&kind.schema(), None);
    Ok(document.reject_if_any(Vec::new())?)
}

/// BLAKE3 of all weights of a network.
pub fn weights_digest(network: &Network) -> String {
    let mut hash = blake3::Hasher::new();
    for (_, layer) in network.linear_layers() {
        let bytes: Vec<u8> = layer.weights().values().iter().map(|&weight| weight as u8).collect();
        hash.update(&bytes);
    }
    hash.finalize().to_hex().to_string()
}

fn pixels_digest(set: &ImageSet) -> String {
    let mut hash = blake3::Hasher::new();
    (0..set.len()).filter_map(|image| set.pixels(image)).for_each(|pixels| {
        hash.update(pixels);
    });
    hash.finalize().to_hex().to_string()
}

/// Pixels and shape, in one line.
fn digest_of(set: &ImageSet) -> String {
    format!("{} {}", set.shape(), pixels_digest(set))
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
        groups: layer.weights().groups(),
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
                return Pool::Local { rows: window.row_stride(), columns: window.column_stride() };
            }
            Operation::SumPool { source, window, .. } if Some(*source) == requantized => {
                return match activation.shape().positions() {
                    1 => Pool::Global,
                    _ => Pool::Local { rows: window.row_stride(), columns: window.column_stride() },
                };
            }
            _ => {}
        }
    }
    Pool::None
}
