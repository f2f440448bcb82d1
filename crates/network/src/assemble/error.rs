//! Why a description and a checkpoint do not make a network.

use std::path::PathBuf;

use crate::checkpoint::CheckpointError;
use crate::description::{DescriptionError, shown};
use crate::graph::GraphError;
use crate::tie::Untied;
use crate::{TernaryWeightsError, WindowError};

/// Why a description and a checkpoint do not make a network.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// The description cannot be used.
    #[error(transparent)]
    Description(#[from] DescriptionError),
    /// The checkpoint cannot be read, or lacks a tensor of the right type and shape.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The description and the checkpoint were not made for each other.
    #[error(transparent)]
    Untied(#[from] Box<Untied>),
    /// A layer is larger than the memory.
    #[error(transparent)]
    TooMuch(#[from] files::TooMuch),
    /// The layers do not fit each other.
    #[error("network `{network}`: {source}")]
    Graph {
        network: String,
        /// What does not fit.
        source: GraphError,
    },
    /// A window that cannot be.
    #[error("network `{network}`: layer `{layer}`: {source}")]
    Window {
        network: String,
        layer: String,
        /// What is wrong.
        source: WindowError,
    },
    /// The weights are not ternary.
    #[error("{}: tensor `{tensor}`: {source}", path.display())]
    Weights {
        /// The checkpoint.
        path: PathBuf,
        tensor: String,
        /// What is wrong.
        source: TernaryWeightsError,
    },
    /// A scale, step or batch norm that cannot be folded.
    #[error("{}: tensor `{tensor}`: value {index} is {found}; expected {expected}", path.display())]
    Parameter {
        /// The checkpoint.
        path: PathBuf,
        tensor: String,
        /// Which value.
        index: usize,
        /// What it is.
        found: f32,
        /// What it may be.
        expected: &'static str,
    },
    /// An integer that no activation can be: what stands for 0, a bound, or a table's.
    #[error("{}: tensor `{tensor}` is {found}; expected 0 to {maximum}", path.display())]
    Integer {
        /// The checkpoint.
        path: PathBuf,
        tensor: String,
        /// What it holds.
        found: i64,
        /// The largest activation.
        maximum: i64,
    },
    /// Bounds that are not in order.
    #[error("{}: layer `{layer}`: `act.low` is {low} and `act.high` {high}; expected them in order", path.display())]
    Bounds {
        /// The checkpoint.
        path: PathBuf,
        layer: String,
        /// The least activation.
        low: u16,
        /// The largest one.
        high: u16,
    },
    /// A table is made for the steps of the checkpoint.
    #[error("{}: tensor `{tensor}` is made for undivided steps; expected no `step_divisor`", path.display())]
    DividedTable {
        /// The checkpoint.
        path: PathBuf,
        tensor: String,
    },
    /// Layers that are put together must have one step.
    #[error(
        "network `{network}`: layer `{layer}` puts `{first}` of step {first_step} and `{other}` of step {other_step} together; \
         expected the same step"
    )]
    ConcatSteps {
        network: String,
        layer: String,
        /// The first of the layers put together.
        first: String,
        /// Its step.
        first_step: f64,
        /// One with another step.
        other: String,
        /// Its step.
        other_step: f64,
    },
    /// Layers that contradict themselves, in a description that was not read from a file.
    #[error("network `{network}`: {}", mistakes.join("\n"))]
    Layers {
        network: String,
        /// Everything that is wrong.
        mistakes: Vec<String>,
    },
    /// A mistake in a layer of the file.
    #[error("{}{}: {source}", path.display(), shown(Some(*position)))]
    Placed {
        /// The description.
        path: PathBuf,
        /// Line and column of the layer, from 1.
        position: (usize, usize),
        /// What is wrong.
        source: Box<NetworkError>,
    },
    /// A folded multiplier or offset is too large for fixed point.
    #[error(
        "network `{network}`: layer `{layer}`: channel {channel} folds to {value}, too large for fixed point"
    )]
    FixedPoint {
        network: String,
        layer: String,
        channel: usize,
        /// What it folds to.
        value: f64,
    },
    /// The checkpoint holds weights that no layer of the description takes.
    #[error("{}: tensor `{tensor}` belongs to no layer of network `{network}`", path.display())]
    UnusedWeights {
        /// The checkpoint.
        path: PathBuf,
        tensor: String,
        network: String,
    },
    /// Neither a checkpoint nor a seed.
    #[error("network `{network}`: no weights; expected a checkpoint, or `seeded` with a seed and a sparsity")]
    NoWeights { network: String },
    /// The last layer is not one that can give logits.
    #[error("network `{network}`: the last layer must be a convolution or fully connected")]
    NoLogits { network: String },
}
