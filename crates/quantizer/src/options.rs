//! How a network is quantized after training, and why it may not be.

use network::{Shape, TensorLengthError};

use crate::histogram::StepRule;
use crate::lower::LowerError;
use crate::rule::{Granularity, Sparsity, ThresholdRule};
use crate::ternarize::TernarizeError;

/// How a network is quantized.
#[derive(Debug, Clone, PartialEq)]
pub struct PostTraining {
    /// How weights become ternary. Layers that are ternary already stay as they are.
    pub weights: WeightRule,
    /// What shares a threshold.
    pub granularity: Granularity,
    /// What ternary weights are to be near to.
    pub fit: Fit,
    /// Bits of the activations, 1 to 8; if left out, those of a network that is quantized already, else 4.
    pub bits: Option<u32>,
    /// How the steps between activations are chosen, where the network does not bring them along.
    pub steps: StepRule,
    /// How each layer's output is brought back to the float network's.
    pub correction: Correction,
}

/// How weights become ternary.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum WeightRule {
    /// By the same rule in every layer.
    Same(ThresholdRule),
    /// Sparser where that adds less noise to a layer's output, so that all weights together have the given sparsity.
    BySensitivity(Sparsity),
}

/// What ternary weights are to be near to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    /// The trained weights.
    Weights,
    /// The float network's outputs on the calibration images, layer by layer.
    Outputs,
}

/// What is changed in a layer's batch norm, so that its output on the calibration images is again like the float network's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Correction {
    /// Nothing: batch norms are folded as trained.
    None,
    /// Each channel's mean (Nagel et al., "Data-Free Quantization through Weight Equalization and Bias Correction", arXiv
    /// 1906.04721, section 4.2, with measured means).
    Bias,
    /// Each channel's mean and variance: batch norm's statistics, estimated anew on the quantized network.
    BatchNorm,
}

/// Why a network cannot be quantized.
#[derive(Debug, thiserror::Error)]
pub enum PostTrainingError {
    /// The network has what a network file cannot hold.
    #[error(transparent)]
    Lower(#[from] LowerError),
    /// Weights cannot be made ternary.
    #[error("layer `{layer}`: {source}")]
    Ternarize {
        layer: String,
        /// What is wrong.
        source: TernarizeError,
    },
    /// Images are not of the network's shape.
    #[error("images of {found}; the network reads {expected}")]
    Images {
        /// The images' shape.
        found: Shape,
        /// The network's.
        expected: Shape,
    },
    /// Steps have to be chosen, but there is nothing to choose them on.
    #[error("layer `{layer}`: its activations have no step; calibration images are needed")]
    NoImages { layer: String },
    /// Bits that activations cannot have.
    #[error("activations of {found} bits; expected 1 to 8")]
    Bits {
        /// The bits.
        found: u32,
    },
    /// The network's own quantization has more levels than the bits that were asked for.
    #[error(
        "layer `{layer}`: the network rounds its activations to {found} levels; with {bits} bits there are {expected}"
    )]
    Levels {
        layer: String,
        /// Levels of the network.
        found: u32,
        /// Bits of the file.
        bits: u32,
        /// Levels of the file.
        expected: u32,
    },
    /// A layer reads the image in a way that its scale does not allow.
    #[error(
        "layer `{layer}`: reads the image, whose deviations differ from 1; supported are convolutions and fully connected layers"
    )]
    Image { layer: String },
    /// Layers do not fit their inputs: a mistake in the lowering.
    #[error("layer `{layer}`: does not fit what it reads")]
    Misfit { layer: String },
    /// A result does not fill its shape.
    #[error("tensor `{tensor}`: {source}")]
    Length {
        tensor: String,
        /// What is wrong.
        source: TensorLengthError,
    },
}
