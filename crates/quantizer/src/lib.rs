//! Float weights to ternary weights: each weight becomes −1, 0 or 1, and each filter gets one scale α. Weights whose magnitude
//! exceeds a threshold are kept as their sign, and α is the mean magnitude of those kept, which fits them best in the least
//! squares. The threshold is a multiple of the mean magnitude as in Li et al., "Ternary Weight Networks" (arXiv 1605.04711),
//! the quantile that leaves a target sparsity, or a given value; for a layer or for each filter. This crate knows no hardware.

mod checkpoint;
mod rule;
mod statistics;
mod ternarize;

pub use checkpoint::{QuantizeError, QuantizedCheckpoint, QuantizedLayer, Thresholds, quantize};
pub use rule::{Factor, Granularity, RuleError, Sparsity, Threshold, ThresholdRule};
pub use statistics::SparsityStatistics;
pub use ternarize::{TernarizeError, TernaryLayer, ternarize, ternarize_at};
