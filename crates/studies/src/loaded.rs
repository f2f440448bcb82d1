//! Networks as they lie in the workspace.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use network::{
    ActivationId, ActivationStatistics, Checkpoint, DescriptionError, FeatureMap, ImageSet, LayerId,
    LinearLayer, Network, NetworkDescription, NetworkError, Node, Operation,
};
use quantizer::{Granularity, Sparsity, ThresholdRule, Thresholds};
use schemars::JsonSchema;
use serde::Deserialize;
use system::{Activations, Layer, LayerShape, Pool, Workload};
use workspace::{Failure, Inputs, Workspace, WorkspaceError, digest};
use yaml::{Document, FileError};

use crate::images::{Images, fitted_images, image_set};
use crate::names::WeightsName;
use crate::systems::WeightPrecision;

/// The folder of networks, below the workspace's inputs.
pub const NETWORKS: &str = "networks";

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

/// The description of a network.
pub fn network_file(workspace: &Workspace, name: &str) -> PathBuf {
    workspace.input(NETWORKS, &format!("{name}.yaml"))
}

/// A network by name.
///
/// # Errors
/// If its description or its checkpoint is missing or wrong.
pub fn network(inputs: &Inputs<'_>, name: &str) -> Result<Arc<LoadedNetwork>, Failure> {
    let workspace = inputs.workspace();
    let path = network_file(workspace, name);
    inputs.load(name, |reading| {
        if !path.is_file() {
            let known = workspace.names(NETWORKS)?;
            return Err(WorkspaceError::UnknownName { kind: "network", name: name.to_owned(), known }.into());
        }
        let (description, network) = match Network::load(&path) {
            // The reader stops at the first field that is not of its form; there may be more.
            Err(NetworkError::Description(DescriptionError::Yaml { .. })) => {
                check_form(workspace, "network", &path)?;
                Network::load(&path)?
            }
            loaded => loaded?,
        };
        let beside = description.checkpoint.as_ref().map(|file| path.with_file_name("").join(file));
        let files = [path.clone()].into_iter().chain(beside);
        let fingerprints = files.map(|file| reading.note(&file)).collect::<Result<Vec<_>, _>>()?;
        Ok(LoadedNetwork { description, network: Arc::new(network), fingerprints })
    })
}

/// Holds a file of a kind against its schema, so that everything that is wrong with it is said at once.
///
/// # Errors
/// If anything is.
pub fn check_form(workspace: &Workspace, kind: &str, path: &Path) -> Result<(), FileError> {
    let text =
        ::files::read_text(path).map_err(|source| FileError::Unreadable { path: path.to_owned(), source })?;
    let mut document = Document::parse(&text, path)?;
    if let Some(schema) = workspace.program().schema_of(kind) {
        document.hold_against(&schema, None);
    }
    document.reject_if_any(Vec::new())
}

/// Float weights made ternary at another sparsity than that of training. They are not trained again, so that only costs mean anything.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Thresholded {
    /// The checkpoint of float weights among the networks' files, without its extension.
    #[schemars(with = "WeightsName")]
    pub weights: String,
    /// The share of each layer's weights that are made 0.
    pub sparsity: f64,
}

/// A network with float weights made ternary at a sparsity, by a threshold for each layer.
///
/// # Errors
/// If the weights are not there or cannot be made ternary.
pub fn thresholded(
    inputs: &Inputs<'_>,
    name: &str,
    thresholded: &Thresholded,
) -> Result<Arc<Network>, Failure> {
    let loaded = network(inputs, name)?;
    let path = inputs.workspace().input(NETWORKS, &format!("{}.safetensors.zst", thresholded.weights));
    let key = format!("{name} {} {}", thresholded.weights, thresholded.sparsity);
    inputs.load(&key, |reading| {
        let weights = Checkpoint::load(&path)?;
        reading.note(&path)?;
        let rule = ThresholdRule::TargetSparsity(Sparsity::new(thresholded.sparsity)?);
        let quantized = quantizer::quantize(&weights, Thresholds::Rule(rule, Granularity::Layer))?;
        Ok(Network::assemble(&loaded.description, quantized.checkpoint())?)
    })
}

/// A network as systems take it: the shapes of its layers with the statistics of their inputs over images, at a precision.
///
/// # Errors
/// If the images cannot be had, or a layer has no shape that systems cover.
pub fn workload(
    inputs: &Inputs<'_>,
    name: &str,
    images: &Images,
    weights: WeightPrecision,
    activation_bits: u32,
) -> Result<Workload, Failure> {
    let loaded = network(inputs, name)?;
    // Noted here: the layers that are kept rest on them in every experiment.
    image_set(inputs, &loaded, images)?;
    // Their statistics take an inference of every image; a study asks for them once for each of its systems.
    let layers = inputs.load(&format!("layers of {name} over {images:?}"), |_| {
        let set = fitted_images(inputs, &loaded, images)?;
        layers_over(&loaded.network, &set.feature_maps())
    })?;
    Ok(Workload {
        name: name.to_owned(),
        layers: Vec::clone(&layers),
        precision: weights.precision(weight_sparsity(&loaded.network), activation_bits),
    })
}

/// The layers of a network as systems take them, with the statistics of their inputs over images, fitted to the network.
///
/// # Errors
/// If an image does not fit, or a layer has no shape that systems cover.
pub fn layers_over(network: &Network, images: &[FeatureMap]) -> Result<Vec<Layer>, Failure> {
    let statistics = network.activation_statistics(images)?;
    let layers = network.linear_layers().zip(statistics).map(|((id, layer), (_, input))| {
        Layer::new(shape(network, id, layer, input), 1.0 - layer.weights().sparsity())
    });
    Ok(layers.collect::<Result<Vec<_>, _>>()?)
}

/// BLAKE3 of all weights of a network.
pub fn weights_digest(network: &Network) -> String {
    let values = network.linear_layers().flat_map(|(_, layer)| layer.weights().values());
    digest(&values.map(|&weight| weight as u8).collect::<Vec<_>>())
}

/// The share of set bits of every layer's input values over images: for each layer, by bit, the lowest first.
///
/// # Errors
/// If an image does not fit the network.
pub fn set_bit_shares(network: &Network, images: &ImageSet) -> Result<Vec<[f64; 16]>, Failure> {
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
