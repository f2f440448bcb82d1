//! Float weights to ternary weights: each weight becomes −1, 0 or 1, and each filter gets one scale α. Weights whose magnitude
//! exceeds a threshold are kept as their sign, and α is the mean magnitude of those kept, which fits them best in the least
//! squares. The threshold is a multiple of the mean magnitude as in Li et al., "Ternary Weight Networks" (arXiv 1605.04711),
//! the quantile that leaves a target sparsity, or a given value; for a layer or for each filter.
//!
//! [`quantize`] does that to a checkpoint that has everything else already; [`quantize_network`] makes a whole network file from a
//! trained float network: it folds what follows each layer into it, chooses the steps of activations on calibration images, and
//! corrects each layer for what rounding does to it. This crate knows no hardware.

mod as_it_is;
mod checkpoint;
mod correction;
mod elementwise;
mod expression;
mod float_run;
mod held;
mod histogram;
mod image;
mod integers;
mod lower;
mod moments;
mod network_file;
mod options;
mod plan;
mod post_training;
mod reconstruct;
mod rule;
mod sensitivity;
mod shared_steps;
mod sparsities;
mod statistics;
mod stored;
mod ternarize;
mod walk;

pub use as_it_is::keep_quantized;
pub use checkpoint::{QuantizeError, QuantizedCheckpoint, QuantizedLayer, Thresholds, quantize};
pub use histogram::StepRule;
pub use lower::LowerError;
pub use network_file::NetworkFile;
pub use options::{Correction, Fit, PostTraining, PostTrainingError, WeightRule};
pub use post_training::{PostTrained, check_quantizable, quantize_network};
pub use rule::{Factor, Granularity, RuleError, Sparsity, Threshold, ThresholdRule};
pub use statistics::SparsityStatistics;
pub use ternarize::{TernarizeError, TernaryLayer, keep_ternary, ternarize, ternarize_at};
pub use walk::LayerReport;
