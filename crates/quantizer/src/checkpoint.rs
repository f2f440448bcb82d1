//! A whole checkpoint: float weights in, ternary weights and scales out.

use std::path::PathBuf;

use network::{Checkpoint, CheckpointError, Tensor, TensorLengthError};

use crate::rule::{Granularity, RuleError, Threshold, ThresholdRule};
use crate::statistics::SparsityStatistics;
use crate::ternarize::{TernarizeError, TernaryLayer, ternarize, ternarize_at};

/// Where a checkpoint's thresholds come from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Thresholds {
    /// The same rule for every layer.
    Rule(ThresholdRule, Granularity),
    /// Each layer's own tensor `L.threshold` F32: `[1]`, or one for each filter.
    Stored,
}

/// A quantized checkpoint, and what became of each layer.
#[derive(Debug, Clone)]
pub struct QuantizedCheckpoint {
    checkpoint: Checkpoint,
    layers: Vec<QuantizedLayer>,
}

/// What became of a layer.
#[derive(Debug, Clone, PartialEq)]
pub struct QuantizedLayer {
    /// The prefix of its tensors.
    pub name: String,
    /// The threshold used for each filter.
    pub thresholds: Vec<f64>,
    /// How sparse it is.
    pub sparsity: SparsityStatistics,
}

/// Why a checkpoint cannot be quantized.
#[derive(Debug, thiserror::Error)]
pub enum QuantizeError {
    /// A tensor is missing or of another type.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// A tensor of weights has neither two nor four extents.
    #[error("{}: tensor `{tensor}` is of shape {found:?}; expected [outputs, inputs] or [outputs, inputs, rows, columns]", path.display())]
    Shape {
        path: PathBuf,
        tensor: String,
        /// Its shape.
        found: Vec<usize>,
    },
    /// Weights cannot be made ternary.
    #[error("{}: tensor `{tensor}`: {source}", path.display())]
    Ternarize {
        path: PathBuf,
        tensor: String,
        /// What is wrong.
        source: TernarizeError,
    },
    /// A stored threshold is out of range.
    #[error("{}: tensor `{tensor}`: {source}", path.display())]
    Threshold {
        path: PathBuf,
        tensor: String,
        /// What is wrong.
        source: RuleError,
    },
    /// A result does not fill its shape.
    #[error("tensor `{tensor}`: {source}")]
    Length {
        tensor: String,
        /// What is wrong.
        source: TensorLengthError,
    },
    /// There is nothing to quantize.
    #[error("{}: holds no tensor `L.weight`", path.display())]
    NoWeights { path: PathBuf },
}

impl QuantizedCheckpoint {
    /// The tensors of a ternary network: of each layer L `L.weight` I8 in the shape of the float weights, and `L.alpha` F32
    /// `[outputs]`; everything else (batch norm, steps) as it was. It is known in errors by the float checkpoint's path.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// What became of each layer, sorted by name.
    pub fn layers(&self) -> &[QuantizedLayer] {
        &self.layers
    }
}

/// Quantizes every `L.weight` F32 of a checkpoint; `L.threshold` is used or left out, all else is kept.
///
/// # Errors
/// If a weight is not finite or a threshold out of range, or a tensor is missing or of another type or shape.
pub fn quantize(latent: &Checkpoint, thresholds: Thresholds) -> Result<QuantizedCheckpoint, QuantizeError> {
    let mut checkpoint = Checkpoint::new(latent.path());
    checkpoint.metadata_mut().clone_from(latent.metadata());
    let mut layers = Vec::new();
    for (name, tensor) in latent.tensors() {
        if let Some(layer) = name.strip_suffix(".weight") {
            let (shape, ternary) = quantize_layer(latent, layer, thresholds)?;
            let tensor = |tensor: Result<Tensor, TensorLengthError>, name: &str| {
                tensor.map_err(|source| QuantizeError::Length { tensor: name.into(), source })
            };
            let alpha = format!("{layer}.alpha");
            let values = ternary.weights().values().to_vec();
            checkpoint.insert(name, tensor(Tensor::new(shape, values), name)?);
            let filters = vec![ternary.alpha().len()];
            checkpoint.insert(&alpha, tensor(Tensor::new(filters, ternary.alpha().to_vec()), &alpha)?);
            layers.push(QuantizedLayer {
                name: layer.into(),
                thresholds: ternary.thresholds().to_vec(),
                sparsity: SparsityStatistics::of(ternary.weights()),
            });
        } else if !name.ends_with(".threshold") && !name.ends_with(".alpha") {
            checkpoint.insert(name, tensor.clone());
        }
    }
    if layers.is_empty() {
        return Err(QuantizeError::NoWeights { path: latent.path().into() });
    }
    Ok(QuantizedCheckpoint { checkpoint, layers })
}

fn quantize_layer(
    latent: &Checkpoint,
    layer: &str,
    thresholds: Thresholds,
) -> Result<(Vec<usize>, TernaryLayer), QuantizeError> {
    let tensor = format!("{layer}.weight");
    let (stored, weights) = latent.shaped::<f32>(&tensor)?;
    let shape = match *stored {
        [outputs, inputs] => [outputs, inputs, 1, 1],
        [outputs, inputs, rows, columns] => [outputs, inputs, rows, columns],
        _ => {
            return Err(QuantizeError::Shape { path: latent.path().into(), tensor, found: stored.to_vec() });
        }
    };
    let ternary = match thresholds {
        Thresholds::Rule(rule, granularity) => ternarize(shape, weights, rule, granularity),
        Thresholds::Stored => ternarize_at(shape, weights, &stored_thresholds(latent, layer)?),
    };
    let ternary =
        ternary.map_err(|source| QuantizeError::Ternarize { path: latent.path().into(), tensor, source })?;
    Ok((stored.to_vec(), ternary))
}

fn stored_thresholds(latent: &Checkpoint, layer: &str) -> Result<Vec<Threshold>, QuantizeError> {
    let tensor = format!("{layer}.threshold");
    let (_, thresholds) = latent.shaped::<f32>(&tensor)?;
    let checked = thresholds.iter().map(|&threshold| Threshold::new(f64::from(threshold)));
    checked.collect::<Result<_, RuleError>>().map_err(|source| QuantizeError::Threshold {
        path: latent.path().into(),
        tensor,
        source,
    })
}
