//! One layer: float weights to ternary weights and scales.

use network::{TernaryWeights, TernaryWeightsError};

use crate::rule::{Granularity, Threshold, ThresholdRule};

/// A layer with ternary weights: weight w stands for α of its filter times w.
#[derive(Debug, Clone, PartialEq)]
pub struct TernaryLayer {
    weights: TernaryWeights,
    alpha: Vec<f32>,
    thresholds: Vec<f64>,
}

/// Why weights cannot be made ternary.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum TernarizeError {
    /// There are not as many weights as the shape needs.
    #[error("{found} weights found; shape {shape:?} needs {expected}")]
    Length {
        /// Weights given.
        found: usize,
        /// Weights needed.
        expected: usize,
        /// Outputs, inputs, kernel rows and columns.
        shape: [usize; 4],
    },
    /// The shape has no weights.
    #[error("shape {shape:?} holds no weights")]
    Empty {
        /// Outputs, inputs, kernel rows and columns.
        shape: [usize; 4],
    },
    /// A weight is NaN or infinite.
    #[error("weight {index} of filter {filter} is {found}; expected a finite number")]
    NotFinite {
        filter: usize,
        /// The weight's place in the filter, row-major.
        index: usize,
        /// What it is.
        found: f32,
    },
    /// There is not one threshold for each filter.
    #[error("{found} thresholds found; expected 1, or {expected}, one for each filter")]
    ThresholdCount {
        /// Thresholds given.
        found: usize,
        /// Filters.
        expected: usize,
    },
    /// The result does not make ternary weights.
    #[error(transparent)]
    Ternary(#[from] TernaryWeightsError),
}

/// Makes weights `[outputs, inputs, kernel_height, kernel_width]`, row-major, ternary.
///
/// # Errors
/// If the weights do not fill the shape, there are none, or one of them is not finite.
pub fn ternarize(
    shape: [usize; 4],
    weights: &[f32],
    rule: ThresholdRule,
    granularity: Granularity,
) -> Result<TernaryLayer, TernarizeError> {
    let filters = filters(shape, weights)?;
    let thresholds = match granularity {
        Granularity::Layer => vec![rule.threshold(weights); filters.len()],
        Granularity::Filter => filters.iter().map(|filter| rule.threshold(filter)).collect(),
    };
    TernaryLayer::new(shape, &filters, thresholds)
}

/// Makes weights ternary with given thresholds: one for the layer, or one for each filter.
///
/// # Errors
/// As for [`ternarize`], or if there is neither one threshold nor one for each filter.
pub fn ternarize_at(
    shape: [usize; 4],
    weights: &[f32],
    thresholds: &[Threshold],
) -> Result<TernaryLayer, TernarizeError> {
    let filters = filters(shape, weights)?;
    let thresholds = match thresholds {
        [threshold] => vec![threshold.value(); filters.len()],
        _ if thresholds.len() == filters.len() => {
            thresholds.iter().map(|threshold| threshold.value()).collect()
        }
        _ => {
            return Err(TernarizeError::ThresholdCount { found: thresholds.len(), expected: filters.len() });
        }
    };
    TernaryLayer::new(shape, &filters, thresholds)
}

/// Weights that are ternary already, each filter being of −a, 0 and a for some a, as they are; `None` if they are not.
///
/// # Errors
/// As for [`ternarize`].
pub fn keep_ternary(shape: [usize; 4], weights: &[f32]) -> Result<Option<TernaryLayer>, TernarizeError> {
    let filters = filters(shape, weights)?;
    let is_ternary = filters.iter().all(|filter| {
        let mut magnitudes = filter.iter().map(|weight| weight.abs()).filter(|&magnitude| magnitude > 0.0);
        let first = magnitudes.next();
        magnitudes.all(|magnitude| Some(magnitude) == first)
    });
    if !is_ternary {
        return Ok(None);
    }
    TernaryLayer::new(shape, &filters, vec![0.0; filters.len()]).map(Some)
}

/// The finite weights of each output.
fn filters(shape: [usize; 4], weights: &[f32]) -> Result<Vec<&[f32]>, TernarizeError> {
    let [outputs, inputs, kernel_height, kernel_width] = shape;
    let (length, expected) =
        (inputs * kernel_height * kernel_width, outputs * inputs * kernel_height * kernel_width);
    if weights.len() != expected {
        return Err(TernarizeError::Length { found: weights.len(), expected, shape });
    }
    if expected == 0 {
        return Err(TernarizeError::Empty { shape });
    }
    if let Some(place) = weights.iter().position(|weight| !weight.is_finite()) {
        let (filter, index) = (place / length, place % length);
        return Err(TernarizeError::NotFinite { filter, index, found: weights[place] });
    }
    Ok(weights.chunks_exact(length).collect())
}

impl TernaryLayer {
    fn new(shape: [usize; 4], filters: &[&[f32]], thresholds: Vec<f64>) -> Result<Self, TernarizeError> {
        let mut values = Vec::new();
        let mut alpha = Vec::with_capacity(filters.len());
        for (filter, &threshold) in filters.iter().zip(&thresholds) {
            let (mut sum, mut kept) = (0.0, 0_u32);
            for &weight in *filter {
                let magnitude = f64::from(weight.abs());
                // No threshold is negative, so a weight of 0, which has no sign, is never kept.
                let is_kept = magnitude > threshold;
                if is_kept {
                    sum += magnitude;
                    kept += 1;
                }
                values.push(if !is_kept {
                    0
                } else if weight > 0.0 {
                    1
                } else {
                    -1
                });
            }
            alpha.push(if kept == 0 { 0.0 } else { (sum / f64::from(kept)) as f32 });
        }
        Ok(Self { weights: TernaryWeights::new(shape, values)?, alpha, thresholds })
    }

    /// Other weights and scales of the same shape; `None` if there are not as many, or they are not ternary.
    pub(crate) fn with(&self, weights: Vec<i8>, alpha: Vec<f32>) -> Option<Self> {
        let old = &self.weights;
        let taps = [old.kernel_height(), old.kernel_width()];
        let shape = [old.outputs(), old.inputs(), taps[0], taps[1]];
        if alpha.len() != self.alpha.len() {
            return None;
        }
        let weights = TernaryWeights::new(shape, weights).ok()?;
        Some(Self { weights, alpha, thresholds: self.thresholds.clone() })
    }

    /// The ternary weights.
    pub fn weights(&self) -> &TernaryWeights {
        &self.weights
    }

    /// What a weight of 1 stands for, per filter: the mean magnitude of the kept weights, 0 for a filter without any.
    pub fn alpha(&self) -> &[f32] {
        &self.alpha
    }

    /// The weights that it stands for: α times the ternary ones, row-major.
    pub fn approximation(&self) -> Vec<f32> {
        let length = self.weights.values().len() / self.alpha.len().max(1);
        let filters = self.weights.values().chunks_exact(length.max(1)).zip(&self.alpha);
        filters
            .flat_map(|(filter, &alpha)| filter.iter().map(move |&weight| alpha * f32::from(weight)))
            .collect()
    }

    /// The threshold used for each filter.
    pub fn thresholds(&self) -> &[f64] {
        &self.thresholds
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Factor, Sparsity, Threshold};

    #[test]
    fn layer_and_filter_granularity_differ_where_filters_differ_in_scale() {
        let weights = [4.0, -2.0, 1.0, 0.1, 0.4, -0.2, 0.1, 0.01];
        let rule = ThresholdRule::Twn(Factor::PAPER);
        let of = |granularity| ternarize([2, 4, 1, 1], &weights, rule, granularity).unwrap();
        let (layer, filter) = (of(Granularity::Layer), of(Granularity::Filter));
        assert_eq!(layer.weights().values(), [1, -1, 1, 0, 0, 0, 0, 0]);
        assert_eq!(layer.alpha(), [7.0 / 3.0, 0.0]);
        assert_eq!(filter.weights().values(), [1, -1, 0, 0, 1, -1, 0, 0]);
        assert_eq!(filter.alpha(), [3.0, 0.3]);
    }

    #[test]
    fn a_weight_at_the_threshold_is_dropped() {
        let rule = ThresholdRule::Fixed(Threshold::new(0.5).unwrap());
        let layer = ternarize([1, 3, 1, 1], &[0.5, -0.5, 0.75], rule, Granularity::Layer).unwrap();
        assert_eq!(layer.weights().values(), [0, 0, 1]);
        assert_eq!(layer.alpha(), [0.75]);
    }

    #[test]
    fn zeros_stay_zeros_at_a_threshold_of_zero() {
        let rule = ThresholdRule::TargetSparsity(Sparsity::new(0.0).unwrap());
        let layer = ternarize([1, 3, 1, 1], &[0.0, -0.0, -1e-30], rule, Granularity::Layer).unwrap();
        assert_eq!(layer.weights().values(), [0, 0, -1]);
    }

    #[test]
    fn weights_that_are_not_finite_are_told_with_their_filter_and_place() {
        let rule = ThresholdRule::Twn(Factor::PAPER);
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let error = ternarize([2, 2, 1, 1], &[0.0, 1.0, 2.0, bad], rule, Granularity::Layer).unwrap_err();
            assert_eq!(error.to_string(), format!("weight 1 of filter 1 is {bad}; expected a finite number"));
        }
    }

    #[test]
    fn weights_or_thresholds_that_do_not_fill_the_shape_are_refused() {
        let rule = ThresholdRule::Twn(Factor::PAPER);
        assert!(matches!(
            ternarize([2, 2, 1, 1], &[1.0; 3], rule, Granularity::Layer),
            Err(TernarizeError::Length { found: 3, expected: 4, .. })
        ));
        assert!(matches!(
            ternarize([2, 0, 1, 1], &[], rule, Granularity::Layer),
            Err(TernarizeError::Empty { .. })
        ));
        assert_eq!(
            ternarize_at([2, 2, 1, 1], &[1.0; 4], &[Threshold::new(0.5).unwrap(); 3]),
            Err(TernarizeError::ThresholdCount { found: 3, expected: 2 })
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn distinct_magnitudes_give_exactly_the_rounded_down_number_of_zeros(
            count in 1..200_usize,
            share in 0.0..1.0_f64,
        ) {
            let weights: Vec<f32> = (1..=count).map(|k| if k % 3 == 0 { -(k as f32) } else { k as f32 }).collect();
            let rule = ThresholdRule::TargetSparsity(Sparsity::new(share).unwrap());
            let layer = ternarize([1, count, 1, 1], &weights, rule, Granularity::Layer).unwrap();
            let zeros = count - layer.weights().nonzeros();
            prop_assert_eq!(zeros, (share * count as f64).floor() as usize);
        }

        #[test]
        fn alpha_is_the_scale_that_fits_the_weights_best(
            weights in prop::collection::vec(-1.0..1.0_f32, 1..50),
            nudge in prop_oneof![Just(-1e-3_f64), Just(1e-3)],
        ) {
            let rule = ThresholdRule::Twn(Factor::PAPER);
            let layer = ternarize([1, weights.len(), 1, 1], &weights, rule, Granularity::Filter).unwrap();
            let error = |alpha: f64| -> f64 {
                let pairs = weights.iter().zip(layer.weights().values());
                pairs.map(|(&weight, &ternary)| (f64::from(weight) - alpha * f64::from(ternary)).powi(2)).sum()
            };
            let alpha = f64::from(layer.alpha()[0]);
            prop_assume!(layer.weights().nonzeros() > 0);
            prop_assert!(error(alpha) < error(alpha + nudge));
        }
    }
}
