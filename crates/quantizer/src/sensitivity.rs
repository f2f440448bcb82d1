//! Which layers bear more zeros: sparsities by layer under an overall target.

use float_network::{Convolution, FloatMap};

use crate::moments::Moments;
use crate::rule::{Granularity, Sparsity, ThresholdRule};
use crate::ternarize::{TernarizeError, ternarize};

/// Sparsities that are tried.
const TRIED: [f64; 16] =
    [0.3, 0.4, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.84, 0.87, 0.9, 0.92, 0.94, 0.96, 0.98];

/// How much noise each tried sparsity adds to a layer's output.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sensitivity {
    weights: usize,
    /// The noise's power over the signal's, for each tried sparsity.
    noise: Vec<f64>,
}

impl Sensitivity {
    /// Measures a layer on float inputs. Channels count as their batch norms scale them, and means do not count, since a bias
    /// can correct them.
    pub fn measure(
        layer: &Convolution,
        scales: &[f64],
        inputs: &[FloatMap],
        granularity: Granularity,
    ) -> Result<Self, TernarizeError> {
        let signal = spread(layer, layer.weights().to_vec(), scales, inputs);
        let mut noise = Vec::new();
        for sparsity in TRIED {
            let rule = ThresholdRule::TargetSparsity(Sparsity::clamped(sparsity));
            let ternary = ternarize(layer.shape(), layer.weights(), rule, granularity)?;
            let approximated = ternary.approximation();
            let difference = layer.weights().iter().zip(approximated).map(|(a, b)| a - b).collect();
            let share = spread(layer, difference, scales, inputs) / signal;
            noise.push(if share.is_finite() { share } else { 0.0 });
        }
        Ok(Self { weights: layer.weights().len(), noise })
    }
}

/// The sum over channels of the variance of a layer's output with the given weights.
fn spread(layer: &Convolution, weights: Vec<f32>, scales: &[f64], inputs: &[FloatMap]) -> f64 {
    let outputs = layer.with_weights(weights).and_then(|layer| layer.apply(inputs)).unwrap_or_default();
    let moments = Moments::of(&outputs, scales.len());
    scales.iter().zip(moments).map(|(scale, moments)| scale * scale * moments.variance()).sum()
}

/// A sparsity for each layer, so that all layers together have the overall one and the noise that they add, summed over layers,
/// is least: from the lowest tried sparsity on, the layer whose next zeros cost least gets them.
pub(crate) fn allocate(layers: &[Sensitivity], overall: Sparsity) -> Vec<f64> {
    let all: usize = layers.iter().map(|layer| layer.weights).sum();
    let mut left = overall.value() * all as f64;
    let hulls: Vec<Vec<usize>> = layers.iter().map(|layer| lower_hull(&layer.noise)).collect();
    let mut reached = vec![0; layers.len()];
    let mut sparsities = vec![TRIED[0].min(overall.value()); layers.len()];
    left -=
        sparsities.iter().zip(layers).map(|(sparsity, layer)| sparsity * layer.weights as f64).sum::<f64>();
    while left > 0.0 {
        let next = (0..layers.len()).filter_map(|place| {
            let (&from, &to) = (hulls[place].get(reached[place])?, hulls[place].get(reached[place] + 1)?);
            let zeros = (TRIED[to] - TRIED[from]) * layers[place].weights as f64;
            Some(((layers[place].noise[to] - layers[place].noise[from]) / zeros, place, zeros, to))
        });
        let Some((_, place, zeros, to)) = next.min_by(|a, b| a.0.total_cmp(&b.0)) else { break };
        reached[place] += 1;
        // The last layer gets as many zeros as are left.
        let share = (left / zeros).min(1.0);
        sparsities[place] += share * (TRIED[to] - sparsities[place]);
        left -= zeros;
    }
    sparsities
}

/// The tried sparsities on the lower convex hull of the noise: those that are worth taking.
fn lower_hull(noise: &[f64]) -> Vec<usize> {
    let mut hull: Vec<usize> = Vec::new();
    for place in 0..noise.len().min(TRIED.len()) {
        while let [.., a, b] = hull.as_slice() {
            let slope = |from: usize, to: usize| (noise[to] - noise[from]) / (TRIED[to] - TRIED[from]);
            if slope(*a, *b) <= slope(*b, place) {
                break;
            }
            hull.pop();
        }
        hull.push(place);
    }
    hull
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn layer(weights: usize, sensitivity: f64) -> Sensitivity {
        Sensitivity { weights, noise: TRIED.iter().map(|s| sensitivity * s * s * s).collect() }
    }

    #[test]
    fn a_sensitive_layer_keeps_more_of_its_weights() {
        let sparsities = allocate(&[layer(1000, 10.0), layer(1000, 1.0)], Sparsity::new(0.8).unwrap());
        assert!(sparsities[0] < sparsities[1], "{sparsities:?}");
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn all_layers_together_have_the_overall_sparsity(
            layers in prop::collection::vec((1..100_000_usize, 0.01..10.0_f64), 1..8), overall in 0.0..0.97_f64,
        ) {
            let layers: Vec<Sensitivity> = layers.into_iter().map(|(weights, s)| layer(weights, s)).collect();
            let sparsities = allocate(&layers, Sparsity::new(overall).unwrap());
            let all: usize = layers.iter().map(|layer| layer.weights).sum();
            let zeros: f64 = sparsities.iter().zip(&layers).map(|(s, layer)| s * layer.weights as f64).sum();
            prop_assert!((zeros / all as f64 - overall).abs() < 1e-9, "{sparsities:?}");
            prop_assert!(sparsities.iter().all(|sparsity| (0.0..0.981).contains(sparsity)));
        }
    }
}
