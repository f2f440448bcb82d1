//! Where a network's numbers come from: a checkpoint's tensors, or a seed.

use std::path::Path;

use super::moments::Moments;
use super::table::{self, ReadScale};
use super::{EPSILON, NetworkError};
use crate::TernaryWeights;
use crate::checkpoint::Checkpoint;
use crate::description::SeededDescription;
use crate::graph::{Bounds, Rounding};

/// A layer's folded batch norm: `sum · m + b` is the layer's real output.
pub(super) struct Affine {
    pub layer: String,
    pub m: Vec<f64>,
    pub b: Vec<f64>,
    /// Of the real output; of a network from a seed only.
    pub moments: Moments,
}

/// What a layer reads, as far as its numbers depend on it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Read {
    /// What a value of 1 stands for.
    pub step: f64,
    /// Values that an output reads.
    pub values: usize,
    pub moments: Moments,
}

/// How activations stand for real values.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    /// What a value of 1 more stands for.
    pub step: f64,
    /// The value that stands for 0.
    pub zero: u16,
    /// What values are clamped to, where it is not all that there are.
    pub bounds: Option<Bounds>,
}

impl Scale {
    /// The same for integers of some bits.
    pub fn rounding(self, bits: u32) -> Rounding {
        Rounding { bits, zero: self.zero, bounds: self.bounds }
    }
}

/// A source of numbers.
#[derive(Debug, Clone, Copy)]
pub(super) enum Parameters<'a> {
    Checkpoint {
        file: &'a Checkpoint,
        /// Steps are divided by it.
        divisor: u32,
    },
    Seeded(SeededDescription),
}

impl Parameters<'_> {
    /// The weights of the layer at a place among the linear layers, stored in a shape.
    pub fn weights(
        self,
        layer: &str,
        place: usize,
        stored: &[usize],
        shape: [usize; 4],
        groups: usize,
    ) -> Result<TernaryWeights, NetworkError> {
        let tensor = format!("{layer}.weight");
        let failed = |path: &Path, source| {
            let path = path.into();
            NetworkError::Weights { path, tensor: tensor.clone(), source }
        };
        match self {
            Self::Checkpoint { file, .. } => {
                let values = file.values::<i8>(&tensor, stored)?.to_vec();
                TernaryWeights::grouped(shape, groups, values).map_err(|source| failed(file.path(), source))
            }
            Self::Seeded(SeededDescription { seed, sparsity }) => {
                let bytes = shape.iter().fold(1_u64, |bytes, &extent| bytes.saturating_mul(extent as u64));
                files::ask(format!("layer `{layer}` with weights of shape {shape:?}"), bytes)?;
                let drawn = TernaryWeights::drawn(shape, groups, sparsity, seed, place);
                drawn.map_err(|source| failed(Path::new("seed"), source))
            }
        }
    }

    /// The scale and batch norm of a linear layer.
    pub fn affine(self, layer: &str, outputs: usize, read: Read) -> Result<Affine, NetworkError> {
        match self {
            Self::Checkpoint { file, .. } => {
                let alpha = parameters(file, layer, "alpha", outputs, "a finite number", |_| true)?;
                batch_norm(file, layer, outputs, |k| alpha[k], read.step)
            }
            Self::Seeded(seeded) => {
                // The variance of a sum of as many products as there are weights other than 0.
                let variance = read.values as f64 * (1.0 - seeded.sparsity) * read.moments.square();
                let m = vec![read.step / (variance + EPSILON).sqrt(); outputs];
                Ok(Affine { layer: layer.into(), m, b: vec![0.0; outputs], moments: Moments::NORMALIZED })
            }
        }
    }

    /// A batch norm on its own.
    pub fn batch_norm(self, layer: &str, channels: usize, read: Read) -> Result<Affine, NetworkError> {
        match self {
            Self::Checkpoint { file, .. } => batch_norm(file, layer, channels, |_| 1.0, read.step),
            Self::Seeded(_) => {
                let deviation = (read.moments.variance + EPSILON).sqrt();
                Ok(Affine {
                    layer: layer.into(),
                    m: vec![read.step / deviation; channels],
                    b: vec![-read.moments.mean / deviation; channels],
                    moments: Moments::NORMALIZED,
                })
            }
        }
    }

    /// How a layer's activations of up to `maximum` stand for its real output, and the moments of what they stand for.
    pub fn scale(
        self,
        layer: &str,
        maximum: u16,
        signed: bool,
        real: Moments,
    ) -> Result<(Scale, Moments), NetworkError> {
        match self {
            Self::Checkpoint { file, divisor } => {
                let expected = "a finite number above 0";
                let step = parameters(file, layer, "act.step", 1, expected, |step| step > 0.0)?;
                let step = step.iter().sum::<f64>() / f64::from(divisor);
                // Finer steps take as many more of them.
                let integer = |parameter: &str| -> Result<Option<u16>, NetworkError> {
                    let tensor = format!("{layer}.act.{parameter}");
                    if !file.contains(&tensor) {
                        return Ok(None);
                    }
                    let found =
                        file.values::<i32>(&tensor, &[1])?.iter().copied().map(i64::from).sum::<i64>();
                    let found = found.saturating_mul(i64::from(divisor));
                    let legal = u16::try_from(found).ok().filter(|&found| found <= maximum);
                    let path = file.path().into();
                    Ok(Some(legal.ok_or(NetworkError::Integer {
                        path,
                        tensor,
                        found,
                        maximum: maximum.into(),
                    })?))
                };
                let (zero, low, high) = (integer("zero")?.unwrap_or(0), integer("low")?, integer("high")?);
                let wrong = |low, high| NetworkError::Bounds {
                    path: file.path().into(),
                    layer: layer.into(),
                    low,
                    high,
                };
                let bounds = match (low, high) {
                    (None, None) => None,
                    (low, high) => {
                        let (low, high) = (low.unwrap_or(0), high.unwrap_or(maximum));
                        Some(Bounds::new(low, high).ok_or_else(|| wrong(low, high))?)
                    }
                };
                Ok((Scale { step, zero, bounds }, real))
            }
            Self::Seeded(_) => {
                let above = real.reach(signed);
                if signed {
                    let zero = maximum.div_ceil(2);
                    let step = above / f64::from(maximum - zero).max(1.0);
                    return Ok((Scale { step, zero, bounds: None }, real));
                }
                let step = above / f64::from(maximum);
                Ok((Scale { step, zero: 0, bounds: None }, real.rectified()))
            }
        }
    }
}

impl Parameters<'_> {
    /// The table of a layer that reads integers of one scale and makes those of another, up to `maximum`.
    pub fn table(
        self,
        layer: &str,
        read: ReadScale,
        made: Scale,
        maximum: u16,
    ) -> Result<Vec<u16>, NetworkError> {
        let Self::Checkpoint { file, divisor } = self else {
            return Ok(table::hard_swish(read, made, maximum));
        };
        let tensor = format!("{layer}.table");
        if divisor != 1 {
            return Err(NetworkError::DividedTable { path: file.path().into(), tensor });
        }
        let values = file.values::<i32>(&tensor, &[usize::from(read.maximum) + 1])?;
        let legal = |&found: &i32| {
            let legal = u16::try_from(found).ok().filter(|&value| value <= maximum);
            legal.ok_or_else(|| NetworkError::Integer {
                path: file.path().into(),
                tensor: tensor.clone(),
                found: found.into(),
                maximum: maximum.into(),
            })
        };
        values.iter().map(legal).collect()
    }
}

/// α · γ · s / √(var + ε) and β − γ · mean / √(var + ε), in double precision.
fn batch_norm(
    file: &Checkpoint,
    layer: &str,
    channels: usize,
    alpha: impl Fn(usize) -> f64,
    step: f64,
) -> Result<Affine, NetworkError> {
    let gamma = parameters(file, layer, "bn.gamma", channels, "a finite number", |_| true)?;
    let beta = parameters(file, layer, "bn.beta", channels, "a finite number", |_| true)?;
    let mean = parameters(file, layer, "bn.mean", channels, "a finite number", |_| true)?;
    let expected = "a finite number of at least 0";
    let var = parameters(file, layer, "bn.var", channels, expected, |var| var >= 0.0)?;
    let deviation: Vec<f64> = var.iter().map(|var| (var + EPSILON).sqrt()).collect();
    let m = (0..channels).map(|k| alpha(k) * gamma[k] * step / deviation[k]).collect();
    let b = (0..channels).map(|k| beta[k] - gamma[k] * mean[k] / deviation[k]).collect();
    Ok(Affine { layer: layer.into(), m, b, moments: Moments::NORMALIZED })
}

/// Stored single-precision values, widened.
fn parameters(
    file: &Checkpoint,
    layer: &str,
    parameter: &str,
    count: usize,
    expected: &'static str,
    is_legal: impl Fn(f64) -> bool,
) -> Result<Vec<f64>, NetworkError> {
    let tensor = format!("{layer}.{parameter}");
    let values = file.values::<f32>(&tensor, &[count])?;
    match values.iter().position(|value| !value.is_finite() || !is_legal(f64::from(*value))) {
        Some(index) => {
            let path = file.path().into();
            Err(NetworkError::Parameter { path, tensor, index, found: values[index], expected })
        }
        None => Ok(values.iter().map(|&value| f64::from(value)).collect()),
    }
}
