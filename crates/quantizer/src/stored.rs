//! The batch norm that a checkpoint stores for a layer.

use crate::plan::Norm;

/// The ε that the network file's inference adds to a variance.
pub(crate) const EPSILON: f64 = 1e-5;

/// γ, β, mean and variance per channel, in single precision as the file keeps them.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct StoredNorm {
    pub gamma: Vec<f32>,
    pub beta: Vec<f32>,
    pub mean: Vec<f32>,
    pub variance: Vec<f32>,
}

impl StoredNorm {
    /// A norm as trained, where single precision and the file's ε can hold it; otherwise as a scale and a shift.
    pub fn of(norm: &Norm) -> Self {
        let mut stored = Self::empty();
        for channel in 0..norm.channels() {
            let as_trained = match norm {
                Norm::Trained(trained) => {
                    let variance =
                        (f64::from(trained.variance()[channel]) + trained.epsilon() - EPSILON) as f32;
                    (variance >= 0.0).then(|| {
                        (trained.gamma()[channel], trained.beta()[channel], trained.mean()[channel], variance)
                    })
                }
                Norm::Affine { .. } => None,
            };
            let (scale, shift) = norm.scale_and_shift(channel);
            stored.push(as_trained.unwrap_or_else(|| affine(scale, shift)));
        }
        stored
    }

    fn empty() -> Self {
        let (gamma, beta, mean, variance) = Default::default();
        Self { gamma, beta, mean, variance }
    }

    fn push(&mut self, (gamma, beta, mean, variance): (f32, f32, f32, f32)) {
        self.gamma.push(gamma);
        self.beta.push(beta);
        self.mean.push(mean);
        self.variance.push(variance);
    }

    pub fn channels(&self) -> usize {
        self.gamma.len()
    }

    /// What inference makes of it: x · scale + shift.
    pub fn scale_and_shift(&self, channel: usize) -> (f64, f64) {
        let scale = f64::from(self.gamma[channel]) / (f64::from(self.variance[channel]) + EPSILON).sqrt();
        (scale, f64::from(self.beta[channel]) - f64::from(self.mean[channel]) * scale)
    }

    /// The same for results that are then multiplied by `gain` and moved by `offset`, per channel: by another mean and
    /// variance where that is possible, so that γ and β stay as trained.
    #[must_use]
    pub fn corrected(&self, corrections: &[(f64, f64)]) -> Self {
        let mut corrected = Self::empty();
        for (channel, &(gain, offset)) in corrections.iter().enumerate().take(self.channels()) {
            let (scale, shift) = self.scale_and_shift(channel);
            let (scale, shift) = (scale * gain, shift * gain + offset);
            let (gamma, beta) = (f64::from(self.gamma[channel]), f64::from(self.beta[channel]));
            let variance = if gain == 1.0 {
                f64::from(self.variance[channel])
            } else {
                (gamma / scale).powi(2) - EPSILON
            };
            let mean = (beta - shift) / scale;
            let is_possible =
                variance.is_finite() && variance >= 0.0 && mean.is_finite() && gamma * scale > 0.0;
            corrected.push(match is_possible {
                true => (self.gamma[channel], self.beta[channel], mean as f32, variance as f32),
                false => affine(scale, shift),
            });
        }
        corrected
    }
}

/// A batch norm of mean 0 whose deviation is 1.
fn affine(scale: f64, shift: f64) -> (f32, f32, f32, f32) {
    (scale as f32, shift as f32, 0.0, (1.0 - EPSILON) as f32)
}

#[cfg(test)]
mod tests {
    use float_network::BatchNorm;
    use proptest::prelude::*;

    use super::*;

    fn close(a: (f64, f64), b: (f64, f64)) -> bool {
        let near = |a: f64, b: f64| (a - b).abs() <= 1e-5 * (1.0 + a.abs().max(b.abs()));
        near(a.0, b.0) && near(a.1, b.1)
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_stored_scales_and_shifts_like_the_norm_and_like_its_correction(
            gamma in -2.0..2.0_f32, beta in -2.0..2.0_f32, mean in -2.0..2.0_f32, variance in 0.01..4.0_f32,
            epsilon in prop_oneof![Just(1e-5), Just(1e-3), Just(0.0)], gain in 0.3..3.0_f64, offset in -1.0..1.0_f64,
        ) {
            let trained = BatchNorm::new(vec![gamma], vec![beta], vec![mean], vec![variance], epsilon).unwrap();
            let (scale, shift) = trained.scale_and_shift(0);
            let stored = StoredNorm::of(&Norm::Trained(trained));
            prop_assert!(close(stored.scale_and_shift(0), (scale, shift)));
            prop_assert_eq!((stored.gamma[0], stored.beta[0]), (gamma, beta));
            let corrected = stored.corrected(&[(gain, offset)]);
            let expected = (scale * gain, shift * gain + offset);
            prop_assert!(close(corrected.scale_and_shift(0), expected), "{corrected:?}");
        }
    }

    #[test]
    fn a_norm_with_the_files_epsilon_is_kept_to_the_last_bit() {
        let trained = BatchNorm::new(vec![0.7], vec![-0.1], vec![0.3], vec![1.9], 1e-5).unwrap();
        let stored = StoredNorm::of(&Norm::Trained(trained));
        assert_eq!((stored.mean[0], stored.variance[0]), (0.3, 1.9));
    }
}
