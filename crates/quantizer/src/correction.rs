//! What brings a layer's output back to the float network's.

use float_network::FloatMap;

use crate::moments::Moments;
use crate::options::Correction;

/// Per channel, what the output is to be multiplied by and then moved by.
pub(crate) fn corrections(
    correction: Correction,
    expected: &[FloatMap],
    found: &[FloatMap],
    channels: usize,
) -> Vec<(f64, f64)> {
    let (expected, found) = (Moments::of(expected, channels), Moments::of(found, channels));
    let of_channel = |(expected, found): (&Moments, &Moments)| match correction {
        Correction::None => (1.0, 0.0),
        Correction::Bias => (1.0, expected.mean() - found.mean()),
        Correction::BatchNorm => {
            // A filter without weights gives one value only, which becomes the mean.
            let gain =
                if found.is_constant() { 0.0 } else { (expected.variance() / found.variance()).sqrt() };
            (gain, expected.mean() - gain * found.mean())
        }
    };
    expected.iter().zip(&found).map(of_channel).collect()
}
