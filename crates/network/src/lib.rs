//! Networks with ternary weights and unsigned integer activations: their typed layer graph, their checkpoints, and their exact
//! integer inference. A network is trained with ternary weights (Li et al., "Ternary Weight Networks", arXiv 1605.04711) and
//! learned-step activations (Esser et al., "Learned Step Size Quantization", arXiv 1902.08153); scales and batch norm are
//! folded into one 64-bit fixed-point multiplication per accumulator, so that a network's logits are integers which any
//! machine must reproduce bit for bit. A network is any graph of convolutions (grouped or not), pools, sums and concatenations
//! that a [`NetworkDescription`] can hold; where real values can be negative, an integer above 0 stands for 0. Weights come from a
//! checkpoint, or from a seed where only costs are asked for. This crate knows no hardware: a machine takes part as a
//! [`LinearEngine`].

mod accuracy;
mod assemble;
mod change;
mod checkpoint;
mod description;
mod feature_map;
mod graph;
mod images;
mod inference;
mod linear;
mod reference;
mod shape;
mod statistics;
mod tensor;
mod ternary;
mod tie;
mod window;

pub use accuracy::{Accuracy, AccuracyError};
pub use assemble::NetworkError;
pub use checkpoint::{Checkpoint, CheckpointError};
pub use description::{
    AccuracyRecord, ActivationDescription, AddDescription, BasicBlockDescription, BottleneckDescription,
    ConcatDescription, ConvolutionDescription, DataSet, DescriptionError, DocumentedAccuracy,
    FlattenDescription, FullyConnectedDescription, InputDescription, InvertedResidualDescription,
    LayerDescription, MaxPoolDescription, Mistake, MultiplyDescription, NetworkDescription,
    PaddingDescription, PickDescription, PixelZero, RescaleDescription, SeededDescription, Sides,
    SumPoolDescription, TableDescription,
};
pub use feature_map::{Accumulators, ChannelMajor, FeatureMap, FeatureMapLengthError};
pub use graph::{
    Activation, ActivationId, Addend, Border, Bounds, FRACTION_BITS, GraphError, LayerId, Logits, Network,
    NetworkBuilder, Node, Operation, Rounding, ValueId,
};
pub use images::{ImageSet, ImagesError};
pub use inference::{BatchEngine, Evaluation, EvaluationError, LinearEngine, Values, class_of};
pub use linear::{LinearKind, LinearLayer, LinearLayerError};
pub use reference::ReferenceEngine;
pub use shape::Shape;
pub use statistics::ActivationStatistics;
pub use tensor::{Element, ElementType, Tensor, TensorLengthError, TensorValues};
pub use ternary::{TernaryWeights, TernaryWeightsError};
pub use tie::{LIST as CHECKPOINT_LIST, Untied, structure_digest, tie};
pub use window::{Padding, Window, WindowError};
