//! Statistics of real values: means and variances of channels, and how much noise is in a signal.

use float_network::FloatMap;

/// Count, mean and spread of a channel, by Welford's recurrence ("Note on a Method for Calculating Corrected Sums of Squares and
/// Products", Technometrics 4, 1962): the spread of values that hardly differ is not lost in the square of their mean.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Moments {
    count: f64,
    mean: f64,
    /// The sum of the squares of the values less their mean.
    spread: f64,
}

/// A deviation that is this small a part of the mean is rounding of single-precision values, a few of their last places.
const NOTHING: f64 = 1e-6;

impl Moments {
    /// Of each channel over all maps.
    pub fn of(maps: &[FloatMap], channels: usize) -> Vec<Self> {
        let mut moments = vec![Self::default(); channels];
        for map in maps {
            for (moments, values) in moments.iter_mut().zip(map.channels()) {
                for &value in values {
                    let value = f64::from(value);
                    moments.count += 1.0;
                    let before = value - moments.mean;
                    moments.mean += before / moments.count;
                    moments.spread += before * (value - moments.mean);
                }
            }
        }
        moments
    }

    pub fn mean(self) -> f64 {
        self.mean
    }

    pub fn variance(self) -> f64 {
        if self.count == 0.0 { 0.0 } else { (self.spread / self.count).max(0.0) }
    }

    /// Whether the values are all the same but for their rounding.
    pub fn is_constant(self) -> bool {
        self.variance() <= (NOTHING * self.mean).powi(2)
    }
}

/// The signal over the noise, in decibels, of values that should be others; infinite without noise.
pub(crate) fn signal_to_noise(pairs: impl Iterator<Item = (f32, f32)>) -> f64 {
    let (signal, noise) = pairs.fold((0.0, 0.0), |(signal, noise), (expected, found)| {
        let (expected, found) = (f64::from(expected), f64::from(found));
        (signal + expected * expected, noise + (expected - found).powi(2))
    });
    10.0 * libm::log10(signal / noise)
}

/// The same of whole maps.
pub(crate) fn maps_signal_to_noise(expected: &[FloatMap], found: &[FloatMap]) -> f64 {
    let pairs = expected.iter().zip(found);
    signal_to_noise(pairs.flat_map(|(a, b)| a.values().iter().copied().zip(b.values().iter().copied())))
}

#[cfg(test)]
mod tests {
    use network::Shape;

    use super::*;

    fn of(values: &[f32]) -> Moments {
        let map = FloatMap::new(Shape::new(1, 1, values.len()), values.to_vec()).unwrap();
        Moments::of(&[map], 1)[0]
    }

    #[test]
    fn a_small_spread_beside_a_large_mean_is_not_lost_and_rounding_is_none() {
        let moments = of(&[1000.0, 1000.5, 999.5, 1000.0]);
        assert!((moments.mean() - 1000.0).abs() < 1e-9 && (moments.variance() - 0.125).abs() < 1e-9);
        assert!(!moments.is_constant());
        let rounded = of(&[0.317_230_1, 0.317_230_1, 0.317_230_13]);
        assert!(rounded.variance() > 0.0 && rounded.is_constant());
        assert!(of(&[0.0, 0.0]).is_constant() && !of(&[0.0, 1e-20]).is_constant());
    }
}
