//! What the nodes of a float network compute.

use network::Shape;
use serde::{Deserialize, Serialize};

use crate::function::Function;
use crate::window::Window;

/// What a node computes from the values that it reads.
#[derive(Debug, Clone, PartialEq)]
pub enum Operation {
    /// The image, scaled as training did.
    Input,
    Convolution(Convolution),
    /// A matrix times the channels of one position.
    FullyConnected(FullyConnected),
    /// A batch norm with fixed statistics, or any other scale and shift per channel.
    BatchNorm(BatchNorm),
    /// max(x, 0).
    Relu,
    /// Between two bounds; ReLU6 is between 0 and 6. One that is infinite bounds nothing.
    Clip {
        /// The lower bound.
        low: f32,
        /// The upper bound.
        high: f32,
    },
    /// A function of each value on its own.
    Function(Function),
    /// The largest value in each window; padding never wins.
    MaxPool(Window),
    /// The mean of each window.
    AveragePool(Pool),
    /// The mean over all positions of each channel.
    GlobalAveragePool,
    /// The sum of values of one shape.
    Add,
    /// The product of two values of one shape, or of a value and one with a single position, which then stands for all of its
    /// channel.
    Multiply,
    /// Some channels, in this order; one may come more than once.
    Pick(Vec<usize>),
    /// The channels of all inputs, in their order.
    Concat,
    /// The same values, channel-major, as channels of one position.
    Flatten,
    /// Zeros around the map: top, left, bottom, right.
    Pad([usize; 4]),
    /// The nearest of equally spaced values: what an already quantized network does to its activations.
    Quantize(Quantization),
}

/// A convolution's weights `[outputs, inputs / groups, rows, columns]`, its bias and its window.
#[derive(Debug, Clone, PartialEq)]
pub struct Convolution {
    pub(crate) weights: Vec<f32>,
    pub(crate) outputs: usize,
    pub(crate) inputs_per_group: usize,
    pub(crate) groups: usize,
    pub(crate) window: Window,
    pub(crate) bias: Option<Vec<f32>>,
}

/// A matrix `[outputs, inputs]` and a bias.
#[derive(Debug, Clone, PartialEq)]
pub struct FullyConnected {
    pub(crate) weights: Vec<f32>,
    pub(crate) outputs: usize,
    pub(crate) inputs: usize,
    pub(crate) bias: Option<Vec<f32>>,
}

/// Per channel: (x − mean) · gamma / √(variance + ε) + beta.
#[derive(Debug, Clone, PartialEq)]
pub struct BatchNorm {
    pub(crate) gamma: Vec<f32>,
    pub(crate) beta: Vec<f32>,
    pub(crate) mean: Vec<f32>,
    pub(crate) variance: Vec<f32>,
    pub(crate) epsilon: f64,
}

/// A pool that takes means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pool {
    /// Kernel, strides and padding.
    pub window: Window,
    /// Whether padded zeros count: otherwise the mean is over what lies inside.
    pub counts_padding: bool,
}

/// Unsigned integers 0 to `maximum`, of which one stands for (q − zero) · step.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quantization {
    /// What a difference of 1 stands for.
    pub step: f64,
    /// The integer that stands for 0.
    pub zero: u16,
    /// The largest integer.
    pub maximum: u16,
}

/// Why parameters do not make an operation.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ParameterError {
    /// There are not as many values as needed.
    #[error("{found} values of `{parameter}`; expected {expected}")]
    Count {
        parameter: &'static str,
        /// Values given.
        found: usize,
        /// Values needed.
        expected: usize,
    },
    /// A value is NaN, infinite or out of range.
    #[error("value {index} of `{parameter}` is {found}; expected {expected}")]
    Value {
        parameter: &'static str,
        /// Which value.
        index: usize,
        /// What it is.
        found: f32,
        /// What it may be.
        expected: &'static str,
    },
    /// The groups do not divide the outputs.
    #[error("{groups} groups do not divide {outputs} outputs")]
    Groups {
        /// Groups.
        groups: usize,
        /// Outputs.
        outputs: usize,
    },
    /// No outputs, or no inputs.
    #[error("weights of shape {0:?}; expected extents of at least 1")]
    Empty(Vec<usize>),
}

fn finite(parameter: &'static str, values: &[f32], expected: usize) -> Result<(), ParameterError> {
    if values.len() != expected {
        return Err(ParameterError::Count { parameter, found: values.len(), expected });
    }
    match values.iter().position(|value| !value.is_finite()) {
        Some(index) => {
            Err(ParameterError::Value { parameter, index, found: values[index], expected: "a finite number" })
        }
        None => Ok(()),
    }
}

fn product(extents: &[usize]) -> Result<usize, ParameterError> {
    let product = extents.iter().try_fold(1_usize, |product, &extent| product.checked_mul(extent));
    product.filter(|&product| product > 0).ok_or_else(|| ParameterError::Empty(extents.to_vec()))
}

impl Convolution {
    /// Weights `[outputs, inputs / groups, rows, columns]`, the kernel being the window's.
    ///
    /// # Errors
    /// If weights or bias do not fill their shapes or are not finite, or the groups do not divide the outputs.
    pub fn new(
        [outputs, inputs_per_group]: [usize; 2],
        groups: usize,
        window: Window,
        weights: Vec<f32>,
        bias: Option<Vec<f32>>,
    ) -> Result<Self, ParameterError> {
        let [rows, columns] = window.kernel();
        let expected = product(&[outputs, inputs_per_group, rows, columns])?;
        if groups == 0 || !outputs.is_multiple_of(groups) || inputs_per_group.checked_mul(groups).is_none() {
            return Err(ParameterError::Groups { groups, outputs });
        }
        finite("weight", &weights, expected)?;
        bias.iter().try_for_each(|bias| finite("bias", bias, outputs))?;
        Ok(Self { weights, outputs, inputs_per_group, groups, window, bias })
    }

    /// `[outputs, inputs / groups, rows, columns]`, row-major.
    pub fn weights(&self) -> &[f32] {
        &self.weights
    }

    /// The extents of the weights.
    pub fn shape(&self) -> [usize; 4] {
        let [rows, columns] = self.window.kernel();
        [self.outputs, self.inputs_per_group, rows, columns]
    }

    /// Groups of channels that do not see each other.
    pub fn groups(&self) -> usize {
        self.groups
    }

    /// Kernel, strides and padding.
    pub fn window(&self) -> Window {
        self.window
    }

    /// Per output.
    pub fn bias(&self) -> Option<&[f32]> {
        self.bias.as_deref()
    }
}

impl FullyConnected {
    /// A row-major matrix `[outputs, inputs]` and a bias.
    ///
    /// # Errors
    /// If weights or bias do not fill their shapes or are not finite.
    pub fn new(
        [outputs, inputs]: [usize; 2],
        weights: Vec<f32>,
        bias: Option<Vec<f32>>,
    ) -> Result<Self, ParameterError> {
        finite("weight", &weights, product(&[outputs, inputs])?)?;
        bias.iter().try_for_each(|bias| finite("bias", bias, outputs))?;
        Ok(Self { weights, outputs, inputs, bias })
    }

    /// `[outputs, inputs]`, row-major.
    pub fn weights(&self) -> &[f32] {
        &self.weights
    }

    /// The extents of the weights.
    pub fn shape(&self) -> [usize; 2] {
        [self.outputs, self.inputs]
    }

    /// Per output.
    pub fn bias(&self) -> Option<&[f32]> {
        self.bias.as_deref()
    }
}

impl BatchNorm {
    /// Parameters per channel, as training left them.
    ///
    /// # Errors
    /// If there are not as many of each, or one is not finite, or a variance plus ε is not above 0.
    pub fn new(
        gamma: Vec<f32>,
        beta: Vec<f32>,
        mean: Vec<f32>,
        variance: Vec<f32>,
        epsilon: f64,
    ) -> Result<Self, ParameterError> {
        let channels = gamma.len();
        finite("gamma", &gamma, channels)?;
        finite("beta", &beta, channels)?;
        finite("mean", &mean, channels)?;
        finite("variance", &variance, channels)?;
        let is_wrong = |&variance: &f32| variance < 0.0 || f64::from(variance) + epsilon <= 0.0;
        if let Some(index) = variance.iter().position(is_wrong) {
            let (parameter, found) = ("variance", variance[index]);
            return Err(ParameterError::Value {
                parameter,
                index,
                found,
                expected: "at least 0, with ε above 0",
            });
        }
        Ok(Self { gamma, beta, mean, variance, epsilon })
    }

    /// x · scale + shift, per channel.
    ///
    /// # Errors
    /// If there are not as many of both, or one is not finite.
    pub fn affine(scale: Vec<f32>, shift: Vec<f32>) -> Result<Self, ParameterError> {
        let channels = scale.len();
        Self::new(scale, shift, vec![0.0; channels], vec![1.0; channels], 0.0)
    }

    /// Channels.
    pub fn channels(&self) -> usize {
        self.gamma.len()
    }

    /// Scale per channel, before the deviation divides it.
    pub fn gamma(&self) -> &[f32] {
        &self.gamma
    }

    /// Shift per channel.
    pub fn beta(&self) -> &[f32] {
        &self.beta
    }

    /// Mean per channel.
    pub fn mean(&self) -> &[f32] {
        &self.mean
    }

    /// Variance per channel.
    pub fn variance(&self) -> &[f32] {
        &self.variance
    }

    /// What is added to each variance.
    pub fn epsilon(&self) -> f64 {
        self.epsilon
    }

    /// The same as x · scale + shift.
    pub fn scale_and_shift(&self, channel: usize) -> (f64, f64) {
        let scale =
            f64::from(self.gamma[channel]) / (f64::from(self.variance[channel]) + self.epsilon).sqrt();
        (scale, f64::from(self.beta[channel]) - f64::from(self.mean[channel]) * scale)
    }
}

impl Quantization {
    /// The integer for a value.
    pub fn integer(self, value: f32) -> f64 {
        // In single precision, as ONNX divides.
        let integer = f64::from((value / self.step as f32).round_ties_even()) + f64::from(self.zero);
        integer.clamp(0.0, f64::from(self.maximum))
    }

    /// What the integer for a value stands for.
    pub fn nearest(self, value: f32) -> f32 {
        ((self.integer(value) - f64::from(self.zero)) * self.step) as f32
    }

    fn is_legal(self) -> bool {
        self.step.is_finite() && self.step > 0.0 && self.zero <= self.maximum && self.maximum > 0
    }
}

impl Operation {
    /// The operation's name in the field.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Convolution(_) => "convolution",
            Self::FullyConnected(_) => "fully connected",
            Self::BatchNorm(_) => "batch norm",
            Self::Relu => "ReLU",
            Self::Clip { .. } => "clip",
            Self::Function(function) => function.name(),
            Self::Multiply => "multiply",
            Self::Pick(_) => "pick channels",
            Self::MaxPool(_) => "max pool",
            Self::AveragePool(_) => "average pool",
            Self::GlobalAveragePool => "global average pool",
            Self::Add => "add",
            Self::Concat => "concat",
            Self::Flatten => "flatten",
            Self::Pad(_) => "pad",
            Self::Quantize(_) => "quantize",
        }
    }

    /// Trained numbers: weights, biases and batch norms.
    pub fn parameters(&self) -> usize {
        match self {
            Self::Convolution(layer) => layer.weights.len() + layer.bias.as_ref().map_or(0, Vec::len),
            Self::FullyConnected(layer) => layer.weights.len() + layer.bias.as_ref().map_or(0, Vec::len),
            Self::BatchNorm(norm) => 4 * norm.channels(),
            _ => 0,
        }
    }

    /// The shape of the result for inputs of the given shapes; otherwise what was expected of them.
    pub(crate) fn output(&self, inputs: &[Shape]) -> Result<Shape, String> {
        match self {
            Self::Add | Self::Concat if inputs.is_empty() => return Err("at least one input".into()),
            Self::Add | Self::Concat => {}
            Self::Input if inputs.is_empty() => {}
            Self::Input => return Err("no input".into()),
            Self::Multiply if inputs.len() == 2 => {}
            Self::Multiply => return Err("two inputs".into()),
            _ if inputs.len() == 1 => {}
            _ => return Err("one input".into()),
        }
        let Some(&first) = inputs.first() else { return Err("an image".into()) };
        let windowed = |channels, window: &Window| match window.output(first) {
            Some((height, width)) => Ok(Shape::new(channels, height, width)),
            None => Err(format!("a padded input of at least {:?}", window.kernel())),
        };
        match self {
            Self::Input => Err("an image".into()),
            Self::Convolution(convolution) => {
                let channels = convolution.inputs_per_group * convolution.groups;
                if first.channels != channels {
                    return Err(format!("{channels} channels"));
                }
                windowed(convolution.outputs, &convolution.window)
            }
            Self::FullyConnected(layer) => {
                let expected = Shape::new(layer.inputs, 1, 1);
                if first == expected {
                    Ok(Shape::new(layer.outputs, 1, 1))
                } else {
                    Err(expected.to_string())
                }
            }
            Self::BatchNorm(norm) if norm.channels() != first.channels => {
                Err(format!("{} channels", norm.channels()))
            }
            // Not a number is in no order.
            Self::Clip { low, high } if low.partial_cmp(high) != Some(std::cmp::Ordering::Less) => {
                Err(format!("bounds in order instead of {low} and {high}"))
            }
            Self::Function(function) if !function.is_legal() => {
                Err(format!("finite parameters instead of {function:?}"))
            }
            Self::Quantize(quantization) if !quantization.is_legal() => {
                Err(format!("a step above 0 and a zero within 0 to the maximum instead of {quantization:?}"))
            }
            Self::BatchNorm(_) | Self::Relu | Self::Clip { .. } | Self::Function(_) | Self::Quantize(_) => {
                Ok(first)
            }
            Self::Multiply => match inputs.get(1) {
                Some(&gate) if gate == first || gate == Shape::new(first.channels, 1, 1) => Ok(first),
                _ => Err(format!("{first} twice, or with one position of {} channels", first.channels)),
            },
            Self::Pick(channels) => match channels.iter().any(|&channel| channel >= first.channels) {
                false if !channels.is_empty() => Ok(Shape { channels: channels.len(), ..first }),
                _ => Err(format!("some of {} channels instead of {channels:?}", first.channels)),
            },
            Self::MaxPool(window) | Self::AveragePool(Pool { window, .. })
                if !window.always_reaches_inside() =>
            {
                Err(format!("padding smaller than the kernel of the pool, {:?}", window.kernel()))
            }
            Self::MaxPool(window) | Self::AveragePool(Pool { window, .. }) => {
                windowed(first.channels, window)
            }
            Self::GlobalAveragePool => Ok(Shape::new(first.channels, 1, 1)),
            Self::Add if inputs.iter().any(|&input| input != first) => Err(first.to_string()),
            Self::Add => Ok(first),
            Self::Concat => {
                if inputs.iter().any(|input| (input.height, input.width) != (first.height, first.width)) {
                    return Err(format!("maps of {}x{}", first.height, first.width));
                }
                let channels = inputs.iter().map(|input| input.channels).sum();
                Ok(Shape::new(channels, first.height, first.width))
            }
            Self::Flatten => Ok(Shape::new(first.len(), 1, 1)),
            Self::Pad([top, left, bottom, right]) => {
                if [top, left, bottom, right].iter().any(|&&amount| amount > 1 << 16) {
                    return Err("padding of at most 65536".into());
                }
                Ok(Shape::new(first.channels, first.height + top + bottom, first.width + left + right))
            }
        }
    }
}
