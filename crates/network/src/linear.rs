//! The layers that do the arithmetic: convolutions and fully connected layers with ternary weights.

use std::sync::OnceLock;

use crate::change::Scatter;
use crate::reference::Gather;
use crate::{Accumulators, FeatureMap, Shape, TernaryWeights, Window};

/// What a linear layer is called in the field; both compute the same sums.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LinearKind {
    /// A kernel that slides over a feature map.
    Convolution,
    /// One output position that sees every input once: a 1x1 kernel over a 1x1 map.
    FullyConnected,
}

/// A ternary layer in its place: `acc[k, y, x] = Σ w[k, c, i, j] · a[c, y·row_stride + i − top, x·column_stride + j − left]`, the
/// sum over the channels that output k reads. Outside the input a is what stands for 0 in its channel: 0 itself, unless the
/// activations are those of a layer whose real values can be negative.
#[derive(Debug, Clone)]
pub struct LinearLayer {
    name: String,
    kind: LinearKind,
    weights: TernaryWeights,
    window: Window,
    input: Shape,
    output: Shape,
    input_maximum: u16,
    /// What stands for 0, for each input channel.
    input_zeros: Vec<u16>,
    gather: OnceLock<Gather>,
    scatter: OnceLock<Scatter>,
}

/// Why weights, window and input do not make a layer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LinearLayerError {
    /// The weights are for another number of input channels.
    #[error("layer `{layer}`: the weights take {weights} input channels, but the input is {input}")]
    Channels {
        layer: String,
        /// Input channels of the weights.
        weights: usize,
        /// The input's shape.
        input: Shape,
    },
    /// The weights' kernel is not the window's.
    #[error("layer `{layer}`: the weights' kernel is {weights:?}, the window's {window:?} (rows, columns)")]
    Kernel {
        layer: String,
        /// Kernel of the weights.
        weights: (usize, usize),
        /// Kernel of the window.
        window: (usize, usize),
    },
    /// The input is empty, or the padded input smaller than the kernel.
    #[error("layer `{layer}`: a kernel of {kernel:?} does not fit into the padded input {input}")]
    DoesNotFit {
        layer: String,
        /// Kernel rows and columns.
        kernel: (usize, usize),
        /// The input's shape.
        input: Shape,
    },
    /// An accumulator could leave the 32-bit range.
    #[error("layer `{layer}`: an accumulator can reach {reach}, beyond 32 bits")]
    Overflow {
        layer: String,
        /// The largest magnitude an accumulator can have.
        reach: u128,
    },
    /// What stands for 0 in the input cannot.
    #[error(
        "layer `{layer}`: {found:?} stand for 0 in the input; expected {channels} values of at most {maximum}"
    )]
    Zeros {
        layer: String,
        /// What was given.
        found: Vec<u16>,
        /// Channels of the input.
        channels: usize,
        /// The largest value of an input.
        maximum: u16,
    },
}

impl LinearLayer {
    /// A convolution over an input whose activations lie in `0..=input_maximum`.
    ///
    /// # Errors
    /// If weights, window and input do not fit together, or an accumulator could leave 32 bits.
    pub fn convolution(
        name: impl Into<String>,
        weights: TernaryWeights,
        window: Window,
        input: Shape,
        input_maximum: u16,
    ) -> Result<Self, LinearLayerError> {
        Self::new(name.into(), LinearKind::Convolution, weights, window, input, input_maximum)
    }

    /// A fully connected layer over as many inputs as the weights take; its input's shape is `inputs x 1 x 1`.
    ///
    /// # Errors
    /// If the weights have a kernel other than 1x1, or an accumulator could leave 32 bits.
    pub fn fully_connected(
        name: impl Into<String>,
        weights: TernaryWeights,
        input_maximum: u16,
    ) -> Result<Self, LinearLayerError> {
        let input = Shape::new(weights.inputs(), 1, 1);
        Self::new(name.into(), LinearKind::FullyConnected, weights, Window::POINT, input, input_maximum)
    }

    fn new(
        layer: String,
        kind: LinearKind,
        weights: TernaryWeights,
        window: Window,
        input: Shape,
        input_maximum: u16,
    ) -> Result<Self, LinearLayerError> {
        if weights.inputs() != input.channels {
            return Err(LinearLayerError::Channels { layer, weights: weights.inputs(), input });
        }
        let kernel = (window.kernel_height(), window.kernel_width());
        let found = (weights.kernel_height(), weights.kernel_width());
        if found != kernel {
            return Err(LinearLayerError::Kernel { layer, weights: found, window: kernel });
        }
        let Some((height, width)) = window.output(input).filter(|_| !input.is_empty()) else {
            return Err(LinearLayerError::DoesNotFit { layer, kernel, input });
        };
        let of_output = |output| weights.filter(output).iter().filter(|&&weight: &&i8| weight != 0).count();
        let most = (0..weights.outputs()).map(of_output).max().unwrap_or(0);
        let reach = most as u128 * u128::from(input_maximum);
        if reach > u128::from(i32::MAX.unsigned_abs()) {
            return Err(LinearLayerError::Overflow { layer, reach });
        }
        let output = Shape::new(weights.outputs(), height, width);
        Ok(Self {
            name: layer,
            kind,
            weights,
            window,
            input,
            output,
            input_maximum,
            input_zeros: vec![0; input.channels],
            gather: OnceLock::new(),
            scatter: OnceLock::new(),
        })
    }

    /// The same layer over activations in which these values, one for each channel, stand for 0. They fill the padding.
    ///
    /// # Errors
    /// If there are not as many as input channels, or one is beyond the inputs' maximum.
    pub fn with_input_zeros(self, zeros: Vec<u16>) -> Result<Self, LinearLayerError> {
        let (channels, maximum) = (self.input.channels, self.input_maximum);
        if zeros.len() != channels || zeros.iter().any(|&zero| zero > maximum) {
            return Err(LinearLayerError::Zeros { layer: self.name, found: zeros, channels, maximum });
        }
        Ok(Self { input_zeros: zeros, ..self })
    }

    /// The layer's name, unique in its network.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Convolution or fully connected.
    pub fn kind(&self) -> LinearKind {
        self.kind
    }

    /// The ternary weights `[outputs, inputs / groups, kernel_height, kernel_width]`.
    pub fn weights(&self) -> &TernaryWeights {
        &self.weights
    }

    /// Kernel, stride and padding.
    pub fn window(&self) -> Window {
        self.window
    }

    /// The shape of the activations that it reads.
    pub fn input(&self) -> Shape {
        self.input
    }

    /// The shape of the accumulators that it makes.
    pub fn output(&self) -> Shape {
        self.output
    }

    /// The largest value that an input activation can have; the smallest is 0.
    pub fn input_maximum(&self) -> u16 {
        self.input_maximum
    }

    /// The input value that stands for 0, for each channel; the padding is filled with it.
    pub fn input_zeros(&self) -> &[u16] {
        &self.input_zeros
    }

    /// The accumulators of an input in which every value stands for 0: for each output, Σ w · zero.
    pub fn accumulators_of_zero(&self) -> Vec<i64> {
        let of_output = |output: usize| {
            let inputs = self.weights.inputs_of(output);
            let sum = |input| self.weights.slice(output, input).iter().copied().map(i64::from).sum::<i64>();
            inputs.map(|input| i64::from(self.input_zeros[input]) * sum(input)).sum()
        };
        (0..self.weights.outputs()).map(of_output).collect()
    }

    /// The bits that an input activation needs.
    pub fn input_bits(&self) -> u32 {
        bits_of(self.input_maximum)
    }

    /// Turns the accumulators of one input into those of another, which may differ from it in few values: only what these
    /// reach is touched. The result is exactly that of the reference engine.
    pub fn follow_changes(&self, before: &FeatureMap, after: &FeatureMap, accumulators: &mut Accumulators) {
        let changed =
            before.values().iter().zip(after.values()).filter(|(before, after)| before != after).count();
        // A changed value reaches its weights one by one, where a whole convolution takes many sums at once.
        let sums_at_once = if self.output.positions() == 1 { 1 } else { 12 };
        if changed * sums_at_once < before.values().len() {
            let scatter = self.scatter.get_or_init(|| Scatter::new(&self.weights));
            scatter.follow(self.window, before, after, accumulators);
        } else {
            *accumulators = self.gather().accumulate(after, &self.input_zeros, self.output);
        }
    }

    /// The non-zero weights, arranged for the reference engine; made when first asked for.
    pub(crate) fn gather(&self) -> &Gather {
        self.gather.get_or_init(|| Gather::new(&self.weights, self.window, self.input))
    }
}

/// The bits of an unsigned value; one for zero, since a value that is always 0 still takes a place.
pub(crate) fn bits_of(maximum: u16) -> u32 {
    (u16::BITS - maximum.leading_zeros()).max(1)
}
