//! Makes a network from its description and its checkpoint: folds batch norm, scales and steps into integers.
//!
//! With acc the integer sums of a layer, s_in the step of its input and s_out of its output, per output channel k:
//! m = α · γ · s_in / √(var + ε) and b = β − γ · mean / √(var + ε), all in double precision, and
//! q = clamp((acc · rint(m / s_out · 2^24) + rint((b / s_out + ½) · 2^24)) >> 24).

use std::path::{Path, PathBuf};

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::description::{
    BasicBlockDescription, ConvolutionDescription, DescriptionError, FullyConnectedDescription,
    LayerDescription, NetworkDescription,
};
use crate::graph::{ActivationId, Addend, FRACTION_BITS, GraphError, LayerId, Network, NetworkBuilder};
use crate::{LinearLayer, Shape, TernaryWeights, TernaryWeightsError, Window, WindowError};

/// The step of the image's 8-bit pixels, which stand for 0 to 1.
const IMAGE_STEP: f64 = 1.0 / 255.0;
/// The image's largest pixel.
const IMAGE_MAXIMUM: u16 = 255;
/// The ε that batch norm adds to the variance.
const EPSILON: f64 = 1e-5;
/// One in fixed point.
const ONE: f64 = (1_u64 << FRACTION_BITS) as f64;

/// Why a description and a checkpoint do not make a network.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// The description cannot be used.
    #[error(transparent)]
    Description(#[from] DescriptionError),
    /// The checkpoint cannot be read, or lacks a tensor of the right type and shape.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The layers do not fit each other.
    #[error("network `{network}`: {source}")]
    Graph {
        /// The network.
        network: String,
        /// What does not fit.
        source: GraphError,
    },
    /// A window that cannot be.
    #[error("network `{network}`: layer `{layer}`: {source}")]
    Window {
        /// The network.
        network: String,
        /// The layer.
        layer: String,
        /// What is wrong.
        source: WindowError,
    },
    /// The weights are not ternary.
    #[error("{}: tensor `{tensor}`: {source}", path.display())]
    Weights {
        /// The checkpoint.
        path: PathBuf,
        /// The tensor.
        tensor: String,
        /// What is wrong.
        source: TernaryWeightsError,
    },
    /// A scale, step or batch norm that cannot be folded.
    #[error("{}: tensor `{tensor}`: value {index} is {found}; expected {expected}", path.display())]
    Parameter {
        /// The checkpoint.
        path: PathBuf,
        /// The tensor.
        tensor: String,
        /// Which value.
        index: usize,
        /// What it is.
        found: f32,
        /// What it may be.
        expected: &'static str,
    },
    /// A folded multiplier or offset is too large for fixed point.
    #[error(
        "network `{network}`: layer `{layer}`: channel {channel} folds to {value}, too large for fixed point"
    )]
    FixedPoint {
        /// The network.
        network: String,
        /// The layer.
        layer: String,
        /// The channel.
        channel: usize,
        /// What it folds to.
        value: f64,
    },
    /// The checkpoint holds weights that no layer of the description takes.
    #[error("{}: tensor `{tensor}` belongs to no layer of network `{network}`", path.display())]
    UnusedWeights {
        /// The checkpoint.
        path: PathBuf,
        /// The tensor.
        tensor: String,
        /// The network.
        network: String,
    },
    /// The last layer is not one that can give logits.
    #[error("network `{network}`: the last layer must be a convolution or fully connected")]
    NoLogits {
        /// The network.
        network: String,
    },
}

impl Network {
    /// Reads a description, and the checkpoint that it names.
    ///
    /// # Errors
    /// If either cannot be read, or they do not make a network.
    pub fn load(description: &Path) -> Result<(NetworkDescription, Self), NetworkError> {
        let folder = description.parent().unwrap_or(Path::new(""));
        let description = NetworkDescription::load(description)?;
        let checkpoint = Checkpoint::load(&folder.join(&description.checkpoint))?;
        let network = Self::assemble(&description, &checkpoint)?;
        Ok((description, network))
    }

    /// The network of a description with the weights of a checkpoint.
    ///
    /// # Errors
    /// If a tensor is missing, of the wrong type or shape, not ternary or not finite, or the layers do not fit each other.
    pub fn assemble(description: &NetworkDescription, checkpoint: &Checkpoint) -> Result<Self, NetworkError> {
        let Some((last, hidden)) = description.layers.split_last() else {
            return Err(NetworkError::NoLogits { network: description.name.clone() });
        };
        let mut assembly = Assembly::new(description, checkpoint);
        for layer in hidden {
            assembly.hidden_layer(layer)?;
        }
        assembly.logits(last)
    }
}

/// A network under construction: the value that the next layer reads.
struct Assembly<'a> {
    description: &'a NetworkDescription,
    checkpoint: &'a Checkpoint,
    builder: NetworkBuilder,
    current: Current,
}

/// An activation while the network is built.
#[derive(Clone)]
struct Current {
    id: ActivationId,
    /// The name that a pool after it is named after.
    name: String,
    shape: Shape,
    maximum: u16,
    /// What an activation of 1 stands for.
    step: f64,
}

/// A layer's folded batch norm: acc · m + b is the layer's real output.
struct Affine {
    layer: String,
    m: Vec<f64>,
    b: Vec<f64>,
}

impl<'a> Assembly<'a> {
    fn new(description: &'a NetworkDescription, checkpoint: &'a Checkpoint) -> Self {
        let input = description.input;
        let shape = Shape::new(input.channels, input.height, input.width);
        Self {
            description,
            checkpoint,
            builder: NetworkBuilder::new(shape, IMAGE_MAXIMUM),
            current: Current {
                id: ActivationId::IMAGE,
                name: "input".into(),
                shape,
                maximum: IMAGE_MAXIMUM,
                step: IMAGE_STEP,
            },
        }
    }

    fn hidden_layer(&mut self, layer: &LayerDescription) -> Result<(), NetworkError> {
        match layer {
            LayerDescription::Convolution(convolution) => {
                let linear = self.convolution(convolution)?;
                self.activate(&convolution.name, linear)
            }
            LayerDescription::FullyConnected(layer) => {
                let linear = self.fully_connected(layer)?;
                self.activate(&layer.name, linear)
            }
            LayerDescription::MaxPool(pool) => {
                let name = format!("{}.pool", self.current.name);
                let window = self.window(&name, pool.kernel, pool.stride, pool.padding)?;
                let id = self.builder.max_pool(&name, self.current.id, window);
                let id = id.map_err(|source| self.graph(source))?;
                self.move_to(id, name, self.current.step);
                Ok(())
            }
            LayerDescription::SumPool(_) => {
                let name = format!("{}.sum", self.current.name);
                let id =
                    self.builder.sum_pool(&name, self.current.id).map_err(|source| self.graph(source))?;
                // The network was trained on the mean; the sum stands for it with a step as many times smaller.
                let step = self.current.step / self.current.shape.positions() as f64;
                self.move_to(id, name, step);
                Ok(())
            }
            LayerDescription::BasicBlock(block) => self.basic_block(block),
        }
    }

    fn logits(mut self, layer: &LayerDescription) -> Result<Network, NetworkError> {
        let (id, affine) = match layer {
            LayerDescription::Convolution(convolution) => self.convolution(convolution)?,
            LayerDescription::FullyConnected(layer) => self.fully_connected(layer)?,
            LayerDescription::MaxPool(_) | LayerDescription::SumPool(_) | LayerDescription::BasicBlock(_) => {
                return Err(NetworkError::NoLogits { network: self.description.name.clone() });
            }
        };
        let multipliers = self.fixed_point(&affine.layer, &affine.m, |m| m * ONE)?;
        let offsets = self.fixed_point(&affine.layer, &affine.b, |b| b * ONE)?;
        self.check_all_weights_used()?;
        let name = &self.description.name;
        let network = self.builder.finish(name, id, multipliers, offsets);
        network.map_err(|source| NetworkError::Graph { network: name.clone(), source })
    }

    fn convolution(&mut self, layer: &ConvolutionDescription) -> Result<(LayerId, Affine), NetworkError> {
        let window = self.window(&layer.name, layer.kernel, layer.stride, layer.padding)?;
        self.convolution_from(&self.current.clone(), &layer.name, layer.outputs, window)
    }

    fn convolution_from(
        &mut self,
        input: &Current,
        name: &str,
        outputs: usize,
        window: Window,
    ) -> Result<(LayerId, Affine), NetworkError> {
        let shape = [outputs, input.shape.channels, window.kernel_height(), window.kernel_width()];
        let weights = self.weights(name, &shape, shape)?;
        let layer = LinearLayer::convolution(name, weights, window, input.shape, input.maximum);
        let layer = layer.map_err(|source| self.graph(source.into()))?;
        let id = self.builder.linear(input.id, layer).map_err(|source| self.graph(source))?;
        Ok((id, self.affine(name, outputs, input.step)?))
    }

    fn fully_connected(
        &mut self,
        layer: &FullyConnectedDescription,
    ) -> Result<(LayerId, Affine), NetworkError> {
        if self.current.shape.positions() > 1 {
            let name = format!("{}.flat", self.current.name);
            let id = self.builder.flatten(&name, self.current.id).map_err(|source| self.graph(source))?;
            self.move_to(id, name, self.current.step);
        }
        let (name, outputs, inputs) = (&layer.name, layer.outputs, self.current.shape.channels);
        let weights = self.weights(name, &[outputs, inputs], [outputs, inputs, 1, 1])?;
        let linear = LinearLayer::fully_connected(name, weights, self.current.maximum);
        let linear = linear.map_err(|source| self.graph(source.into()))?;
        let id = self.builder.linear(self.current.id, linear).map_err(|source| self.graph(source))?;
        Ok((id, self.affine(name, outputs, self.current.step)?))
    }

    fn basic_block(&mut self, block: &BasicBlockDescription) -> Result<(), NetworkError> {
        let BasicBlockDescription { name, outputs, stride } = block;
        let entry = self.current.clone();
        let first_name = format!("{name}.conv1");
        let first_window = self.window(&first_name, 3, *stride, 1)?;
        let first = self.convolution_from(&entry, &first_name, *outputs, first_window)?;
        self.activate(&first_name, first)?;
        let second_name = format!("{name}.conv2");
        let second_window = self.window(&second_name, 3, 1, 1)?;
        let (second, affine) =
            self.convolution_from(&self.current.clone(), &second_name, *outputs, second_window)?;

        let step = self.step(name)?;
        let mut addends = vec![self.addend(second, &affine, step)?];
        let mut offsets = self.offsets(&affine, step)?;
        if *stride == 1 && *outputs == entry.shape.channels {
            let multiplier = self.fixed_point(name, &[entry.step], |input| input / step * ONE)?;
            addends.extend(
                multiplier.iter().map(|&multiplier| Addend::Activations { source: entry.id, multiplier }),
            );
        } else {
            let shortcut_name = format!("{name}.downsample");
            let window = self.window(&shortcut_name, 1, *stride, 0)?;
            let (shortcut, affine) = self.convolution_from(&entry, &shortcut_name, *outputs, window)?;
            addends.push(self.addend(shortcut, &affine, step)?);
            // The half that rounds is in the second convolution's offset already.
            let more = self.fixed_point(&shortcut_name, &affine.b, |b| b / step * ONE)?;
            offsets.iter_mut().zip(more).for_each(|(offset, more)| *offset = offset.saturating_add(more));
        }
        self.requantize(name, addends, offsets, step)
    }

    /// Requantizes a layer's accumulators with its own step.
    fn activate(&mut self, name: &str, (layer, affine): (LayerId, Affine)) -> Result<(), NetworkError> {
        let step = self.step(name)?;
        let addend = self.addend(layer, &affine, step)?;
        let offsets = self.offsets(&affine, step)?;
        self.requantize(name, vec![addend], offsets, step)
    }

    fn requantize(
        &mut self,
        name: &str,
        addends: Vec<Addend>,
        offsets: Vec<i64>,
        step: f64,
    ) -> Result<(), NetworkError> {
        let bits = self.description.activation_bits;
        let id = self.builder.requantize(&format!("{name}.act"), addends, offsets, bits);
        let id = id.map_err(|source| self.graph(source))?;
        self.move_to(id, name.into(), step);
        Ok(())
    }

    fn addend(&self, source: LayerId, affine: &Affine, step: f64) -> Result<Addend, NetworkError> {
        let multipliers = self.fixed_point(&affine.layer, &affine.m, |m| m / step * ONE)?;
        Ok(Addend::Accumulators { source, multipliers })
    }

    fn offsets(&self, affine: &Affine, step: f64) -> Result<Vec<i64>, NetworkError> {
        self.fixed_point(&affine.layer, &affine.b, |b| (b / step + 0.5) * ONE)
    }

    fn fixed_point(
        &self,
        layer: &str,
        values: &[f64],
        scale: impl Fn(f64) -> f64,
    ) -> Result<Vec<i64>, NetworkError> {
        // Beyond 2^53 a double is no longer exact, and nothing sensible folds to that.
        const LIMIT: f64 = (1_u64 << 53) as f64;
        let round = |(channel, &value): (usize, &f64)| {
            let scaled = scale(value).round_ties_even();
            if scaled.abs() <= LIMIT {
                Ok(scaled as i64)
            } else {
                let network = self.description.name.clone();
                Err(NetworkError::FixedPoint { network, layer: layer.into(), channel, value: scaled / ONE })
            }
        };
        values.iter().enumerate().map(round).collect()
    }

    fn affine(&self, layer: &str, outputs: usize, input_step: f64) -> Result<Affine, NetworkError> {
        let alpha = self.parameters(layer, "alpha", outputs, "a finite number", |_| true)?;
        let gamma = self.parameters(layer, "bn.gamma", outputs, "a finite number", |_| true)?;
        let beta = self.parameters(layer, "bn.beta", outputs, "a finite number", |_| true)?;
        let mean = self.parameters(layer, "bn.mean", outputs, "a finite number", |_| true)?;
        let var =
            self.parameters(layer, "bn.var", outputs, "a finite number of at least 0", |var| var >= 0.0)?;
        let deviation: Vec<f64> = var.iter().map(|var| (var + EPSILON).sqrt()).collect();
        let m = (0..outputs).map(|k| alpha[k] * gamma[k] * input_step / deviation[k]).collect();
        let b = (0..outputs).map(|k| beta[k] - gamma[k] * mean[k] / deviation[k]).collect();
        Ok(Affine { layer: layer.into(), m, b })
    }

    fn step(&self, layer: &str) -> Result<f64, NetworkError> {
        let step = self.parameters(layer, "act.step", 1, "a finite number above 0", |step| step > 0.0)?;
        Ok(step.iter().sum::<f64>() / f64::from(self.description.step_divisor.unwrap_or(1)))
    }

    /// Stored single-precision values, widened.
    fn parameters(
        &self,
        layer: &str,
        parameter: &str,
        count: usize,
        expected: &'static str,
        is_legal: impl Fn(f64) -> bool,
    ) -> Result<Vec<f64>, NetworkError> {
        let tensor = format!("{layer}.{parameter}");
        let values = self.checkpoint.values::<f32>(&tensor, &[count])?;
        match values.iter().position(|value| !value.is_finite() || !is_legal(f64::from(*value))) {
            Some(index) => {
                let path = self.checkpoint.path().into();
                Err(NetworkError::Parameter { path, tensor, index, found: values[index], expected })
            }
            None => Ok(values.iter().map(|&value| f64::from(value)).collect()),
        }
    }

    fn weights(
        &self,
        layer: &str,
        stored: &[usize],
        shape: [usize; 4],
    ) -> Result<TernaryWeights, NetworkError> {
        let tensor = format!("{layer}.weight");
        let values = self.checkpoint.values::<i8>(&tensor, stored)?.to_vec();
        TernaryWeights::new(shape, values).map_err(|source| NetworkError::Weights {
            path: self.checkpoint.path().into(),
            tensor,
            source,
        })
    }

    fn check_all_weights_used(&self) -> Result<(), NetworkError> {
        let unused = self
            .checkpoint
            .tensors()
            .map(|(name, _)| name)
            .find(|name| name.strip_suffix(".weight").is_some_and(|layer| !self.builder.is_taken(layer)));
        match unused {
            Some(tensor) => Err(NetworkError::UnusedWeights {
                path: self.checkpoint.path().into(),
                tensor: tensor.into(),
                network: self.description.name.clone(),
            }),
            None => Ok(()),
        }
    }

    fn window(
        &self,
        layer: &str,
        kernel: usize,
        stride: usize,
        padding: usize,
    ) -> Result<Window, NetworkError> {
        Window::new(kernel, kernel, stride, padding).map_err(|source| NetworkError::Window {
            network: self.description.name.clone(),
            layer: layer.into(),
            source,
        })
    }

    fn move_to(&mut self, id: ActivationId, name: String, step: f64) {
        if let Some(activation) = self.builder.activation(id) {
            self.current =
                Current { id, name, shape: activation.shape(), maximum: activation.maximum(), step };
        }
    }

    fn graph(&self, source: GraphError) -> NetworkError {
        NetworkError::Graph { network: self.description.name.clone(), source }
    }
}
