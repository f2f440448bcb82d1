//! The file that keeps a float network: one safetensors file (compressed by zstd if its name ends so), with the graph as JSON under
//! the key `graph` of its metadata. Of a node N, tensors F32 hold `N.weight`, `N.bias`, or `N.gamma`, `.beta`, `.mean`, `.variance`.

use std::path::{Path, PathBuf};

use network::{Checkpoint, CheckpointError, Shape, Tensor, TensorLengthError};
use serde::{Deserialize, Serialize};

use crate::function::Function;
use crate::graph::{FloatGraphError, FloatNetwork, FloatNetworkBuilder, NodeId};
use crate::operation::{
    BatchNorm, Convolution, FullyConnected, Operation, ParameterError, Pool, Quantization,
};
use crate::pixels::PixelScale;
use crate::window::Window;

const KEY: &str = "graph";
const NOTES: &str = "notes";
const FORMAT: u32 = 1;

/// A network as its file keeps it, with what was noted when it was made.
#[derive(Debug, Clone, PartialEq)]
pub struct SavedNetwork {
    pub network: FloatNetwork,
    /// Where it came from and what was changed on the way, one fact each.
    pub notes: Vec<String>,
}

/// Why a file is not a float network.
#[derive(Debug, thiserror::Error)]
pub enum FloatFileError {
    /// The file cannot be read or written, or lacks a tensor.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The file holds no graph.
    #[error("{}: no graph in its metadata; expected a file that `import` wrote", path.display())]
    NoGraph { path: PathBuf },
    /// The graph cannot be read.
    #[error("{}: the graph in its metadata: {reason}", path.display())]
    Json {
        path: PathBuf,
        /// What the parser says.
        reason: String,
    },
    /// The graph is of another format.
    #[error("{}: the graph is of format {found}; expected {FORMAT}", path.display())]
    Format {
        path: PathBuf,
        /// Its format.
        found: u32,
    },
    /// A node reads one that does not come before it.
    #[error("{}: node `{node}` reads `{input}`, which does not come before it", path.display())]
    UnknownInput {
        path: PathBuf,
        /// The reader.
        node: String,
        /// What it reads.
        input: String,
    },
    /// Parameters do not make an operation.
    #[error("{}: node `{node}`: {source}", path.display())]
    Parameters {
        path: PathBuf,
        node: String,
        /// What is wrong.
        source: ParameterError,
    },
    /// The nodes do not make a network.
    #[error("{}: {source}", path.display())]
    Graph {
        path: PathBuf,
        /// What is wrong.
        source: FloatGraphError,
    },
    /// A tensor does not fill its shape.
    #[error("tensor `{tensor}`: {source}")]
    Length {
        tensor: String,
        /// What is wrong.
        source: TensorLengthError,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredGraph {
    format: u32,
    name: String,
    pixels: PixelScale,
    image: StoredImage,
    nodes: Vec<StoredNode>,
    output: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredImage {
    name: String,
    shape: [usize; 3],
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredNode {
    name: String,
    inputs: Vec<String>,
    operation: StoredOperation,
}

/// An operation without its tensors.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum StoredOperation {
    Convolution {
        outputs: usize,
        inputs_per_group: usize,
        groups: usize,
        window: Window,
        bias: bool,
    },
    FullyConnected {
        outputs: usize,
        inputs: usize,
        bias: bool,
    },
    BatchNorm {
        channels: usize,
        epsilon: f64,
    },
    Relu,
    /// A bound that is left out bounds nothing: JSON has no infinity.
    Clip {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        low: Option<f32>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        high: Option<f32>,
    },
    Function(Function),
    MaxPool {
        window: Window,
    },
    AveragePool(Pool),
    GlobalAveragePool,
    Add,
    Multiply,
    Pick {
        channels: Vec<usize>,
    },
    Concat,
    Flatten,
    Pad {
        amounts: [usize; 4],
    },
    Quantize(Quantization),
}

impl SavedNetwork {
    /// Writes the file; the same network gives the same bytes.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), FloatFileError> {
        let network = &self.network;
        let mut file = Checkpoint::new(path);
        let name = |id: NodeId| network.node(id).map(|node| node.name().to_owned()).unwrap_or_default();
        let mut nodes = Vec::new();
        for (_, node) in network.nodes() {
            if let Some(operation) = stored(&mut file, node.name(), node.operation())? {
                let inputs = node.inputs().iter().copied().map(name).collect();
                nodes.push(StoredNode { name: node.name().into(), inputs, operation });
            }
        }
        let Shape { channels, height, width } = network.input();
        let graph = StoredGraph {
            format: FORMAT,
            name: network.name().into(),
            pixels: network.pixels().clone(),
            image: StoredImage { name: name(NodeId::IMAGE), shape: [channels, height, width] },
            nodes,
            output: name(network.output()),
        };
        let json =
            |error: serde_json::Error| FloatFileError::Json { path: path.into(), reason: error.to_string() };
        file.metadata_mut().insert(KEY.into(), serde_json::to_string(&graph).map_err(json)?);
        file.metadata_mut().insert(NOTES.into(), serde_json::to_string(&self.notes).map_err(json)?);
        file.save(path)?;
        Ok(())
    }

    /// Reads a file that [`Self::save`] wrote.
    ///
    /// # Errors
    /// If it cannot be read, is not of this form, or its nodes do not make a network.
    pub fn load(path: &Path) -> Result<Self, FloatFileError> {
        let file = Checkpoint::load(path)?;
        let json =
            |error: serde_json::Error| FloatFileError::Json { path: path.into(), reason: error.to_string() };
        let graph = file.metadata().get(KEY).ok_or_else(|| FloatFileError::NoGraph { path: path.into() })?;
        let graph: StoredGraph = serde_json::from_str(graph).map_err(json)?;
        if graph.format != FORMAT {
            return Err(FloatFileError::Format { path: path.into(), found: graph.format });
        }
        let notes = file.metadata().get(NOTES).map(|notes| serde_json::from_str(notes)).transpose();
        let notes = notes.map_err(json)?.unwrap_or_default();
        let failed = |source| FloatFileError::Graph { path: path.into(), source };
        let [channels, height, width] = graph.image.shape;
        let image = Shape::new(channels, height, width);
        let mut builder = FloatNetworkBuilder::new(graph.image.name, image).map_err(failed)?;
        let known = |builder: &FloatNetworkBuilder, node: &str, input: &str| {
            builder.named(input).ok_or_else(|| FloatFileError::UnknownInput {
                path: path.into(),
                node: node.into(),
                input: input.into(),
            })
        };
        for node in graph.nodes {
            let inputs = node.inputs.iter().map(|input| known(&builder, &node.name, input));
            let inputs = inputs.collect::<Result<Vec<NodeId>, _>>()?;
            let operation = operation(&file, &node.name, &node.operation)?;
            builder.add(node.name, operation, inputs).map_err(failed)?;
        }
        let output = known(&builder, "output", &graph.output)?;
        let network = builder.finish(graph.name, graph.pixels, output).map_err(failed)?;
        Ok(Self { network, notes })
    }
}

/// Puts an operation's tensors into the file; the image has none and is no node there.
fn stored(
    file: &mut Checkpoint,
    node: &str,
    operation: &Operation,
) -> Result<Option<StoredOperation>, FloatFileError> {
    let mut put = |parameter: &str, shape: &[usize], values: &[f32]| {
        let tensor = format!("{node}.{parameter}");
        match Tensor::new(shape.to_vec(), values.to_vec()) {
            Ok(values) => {
                file.insert(tensor, values);
                Ok(())
            }
            Err(source) => Err(FloatFileError::Length { tensor, source }),
        }
    };
    Ok(Some(match operation {
        Operation::Input => return Ok(None),
        Operation::Convolution(layer) => {
            put("weight", &layer.shape(), layer.weights())?;
            layer.bias().map(|bias| put("bias", &[layer.outputs], bias)).transpose()?;
            StoredOperation::Convolution {
                outputs: layer.outputs,
                inputs_per_group: layer.inputs_per_group,
                groups: layer.groups,
                window: layer.window,
                bias: layer.bias.is_some(),
            }
        }
        Operation::FullyConnected(layer) => {
            put("weight", &layer.shape(), layer.weights())?;
            layer.bias().map(|bias| put("bias", &[layer.outputs], bias)).transpose()?;
            let bias = layer.bias.is_some();
            StoredOperation::FullyConnected { outputs: layer.outputs, inputs: layer.inputs, bias }
        }
        Operation::BatchNorm(norm) => {
            let channels = norm.channels();
            put("gamma", &[channels], norm.gamma())?;
            put("beta", &[channels], norm.beta())?;
            put("mean", &[channels], norm.mean())?;
            put("variance", &[channels], norm.variance())?;
            StoredOperation::BatchNorm { channels, epsilon: norm.epsilon() }
        }
        Operation::Relu => StoredOperation::Relu,
        &Operation::Clip { low, high } => {
            let finite = |bound: f32| bound.is_finite().then_some(bound);
            StoredOperation::Clip { low: finite(low), high: finite(high) }
        }
        &Operation::Function(function) => StoredOperation::Function(function),
        &Operation::MaxPool(window) => StoredOperation::MaxPool { window },
        &Operation::AveragePool(pool) => StoredOperation::AveragePool(pool),
        Operation::GlobalAveragePool => StoredOperation::GlobalAveragePool,
        Operation::Add => StoredOperation::Add,
        Operation::Multiply => StoredOperation::Multiply,
        Operation::Pick(channels) => StoredOperation::Pick { channels: channels.clone() },
        Operation::Concat => StoredOperation::Concat,
        Operation::Flatten => StoredOperation::Flatten,
        &Operation::Pad(amounts) => StoredOperation::Pad { amounts },
        &Operation::Quantize(quantization) => StoredOperation::Quantize(quantization),
    }))
}

fn operation(file: &Checkpoint, node: &str, stored: &StoredOperation) -> Result<Operation, FloatFileError> {
    let take = |parameter: &str, shape: &[usize]| {
        file.values::<f32>(&format!("{node}.{parameter}"), shape).map(<[f32]>::to_vec)
    };
    let wrong = |source| FloatFileError::Parameters { path: file.path().into(), node: node.into(), source };
    Ok(match *stored {
        StoredOperation::Convolution { outputs, inputs_per_group, groups, window, bias } => {
            let [rows, columns] = window.kernel();
            let weights = take("weight", &[outputs, inputs_per_group, rows, columns])?;
            let bias = bias.then(|| take("bias", &[outputs])).transpose()?;
            let layer = Convolution::new([outputs, inputs_per_group], groups, window, weights, bias);
            Operation::Convolution(layer.map_err(wrong)?)
        }
        StoredOperation::FullyConnected { outputs, inputs, bias } => {
            let weights = take("weight", &[outputs, inputs])?;
            let bias = bias.then(|| take("bias", &[outputs])).transpose()?;
            Operation::FullyConnected(FullyConnected::new([outputs, inputs], weights, bias).map_err(wrong)?)
        }
        StoredOperation::BatchNorm { channels, epsilon } => {
            let [gamma, beta] = [take("gamma", &[channels])?, take("beta", &[channels])?];
            let [mean, variance] = [take("mean", &[channels])?, take("variance", &[channels])?];
            Operation::BatchNorm(BatchNorm::new(gamma, beta, mean, variance, epsilon).map_err(wrong)?)
        }
        StoredOperation::Relu => Operation::Relu,
        StoredOperation::Clip { low, high } => {
            Operation::Clip { low: low.unwrap_or(f32::NEG_INFINITY), high: high.unwrap_or(f32::INFINITY) }
        }
        StoredOperation::Function(function) => Operation::Function(function),
        StoredOperation::MaxPool { window } => Operation::MaxPool(window),
        StoredOperation::AveragePool(pool) => Operation::AveragePool(pool),
        StoredOperation::GlobalAveragePool => Operation::GlobalAveragePool,
        StoredOperation::Add => Operation::Add,
        StoredOperation::Multiply => Operation::Multiply,
        StoredOperation::Pick { ref channels } => Operation::Pick(channels.clone()),
        StoredOperation::Concat => Operation::Concat,
        StoredOperation::Flatten => Operation::Flatten,
        StoredOperation::Pad { amounts } => Operation::Pad(amounts),
        StoredOperation::Quantize(quantization) => Operation::Quantize(quantization),
    })
}
