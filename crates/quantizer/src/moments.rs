//! Statistics of real values: means and variances of channels, and how much noise is in a signal.

use float_network::FloatMap;

/// Count, mean and mean square of a channel.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Moments {
    count: f64,
    sum: f64,
    squares: f64,
}

impl Moments {
    /// Of each channel over all maps.
    pub fn of(maps: &[FloatMap], channels: usize) -> Vec<Self> {
        let mut moments = vec![Self::default(); channels];
        for map in maps {
            for (moments, values) in moments.iter_mut().zip(map.channels()) {
                for &value in values {
                    let value = f64::from(value);
                    moments.count += 1.0;
                    moments.sum += value;
                    moments.squares += value * value;
                }
            }
        }
        moments
    }

    pub fn mean(self) -> f64 {
        if self.count == 0.0 { 0.0 } else { self.sum / self.count }
    }

    pub fn variance(self) -> f64 {
        if self.count == 0.0 { 0.0 } else { (self.squares / self.count - self.mean() * self.mean()).max(0.0) }
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
