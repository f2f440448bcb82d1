//! How real values are spread, and the step that rounds them best.

use float_network::{FloatMap, Quantization};
use rayon::prelude::*;

use crate::plan::Activation;

const BINS: usize = 4096;
/// Candidates of the search for the least mean square: each range is 3 % smaller than the one before, down to a hundredth.
const CANDIDATES: usize = 150;
const SHRINK: f64 = 0.97;

/// How the step between activations is chosen from the values that calibration images give.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum StepRule {
    /// The smallest and the largest value are just reached.
    MinMax,
    /// This share of the values on either side is cut off, 0 to less than a half.
    Percentile(f64),
    /// The range that leaves the least mean square of the rounding error, cut-off values included.
    MeanSquare,
}

/// Counts of values in bins of equal width. Counts do not depend on the order in which values come.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Histogram {
    low: f64,
    high: f64,
    bins: Vec<u64>,
}

/// The smallest and the largest of values after an activation; 0 is always among them.
pub(crate) fn range<'a>(
    maps: impl ParallelIterator<Item = &'a FloatMap>,
    activation: Activation,
) -> (f64, f64) {
    let of_map = |map: &FloatMap| {
        map.values().iter().fold((0.0_f64, 0.0_f64), |(low, high), &value| {
            let value = activation.of(f64::from(value));
            (low.min(value), high.max(value))
        })
    };
    maps.map(of_map).reduce(|| (0.0, 0.0), |a, b| (a.0.min(b.0), a.1.max(b.1)))
}

impl Histogram {
    /// The values of maps after an activation; those that are exactly 0 are left out, since every step represents them.
    pub fn of<'a>(
        maps: impl ParallelIterator<Item = &'a FloatMap>,
        activation: Activation,
        (low, high): (f64, f64),
    ) -> Self {
        let scale = if high > low { BINS as f64 / (high - low) } else { 0.0 };
        let of_map = |map: &FloatMap| {
            let mut bins = vec![0_u64; BINS];
            for &value in map.values() {
                let value = activation.of(f64::from(value));
                if value != 0.0 {
                    let bin = ((value - low) * scale) as usize;
                    bins[bin.min(BINS - 1)] += 1;
                }
            }
            bins
        };
        let sum = |mut a: Vec<u64>, b: Vec<u64>| {
            a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
            a
        };
        Self { low, high, bins: maps.map(of_map).reduce(|| vec![0; BINS], sum) }
    }

    /// Both together; the ranges must be the same.
    pub fn plus(mut self, other: &Self) -> Self {
        self.bins.iter_mut().zip(&other.bins).for_each(|(a, b)| *a += b);
        self
    }

    fn width(&self) -> f64 {
        (self.high - self.low) / BINS as f64
    }

    fn centre(&self, bin: usize) -> f64 {
        self.low + (bin as f64 + 0.5) * self.width()
    }

    /// The step and zero for integers up to `maximum`.
    pub fn quantization(&self, rule: StepRule, maximum: u16) -> Quantization {
        match rule {
            StepRule::MinMax => between(self.low, self.high, maximum),
            StepRule::Percentile(share) => {
                let (low, high) = self.without(share);
                between(low, high, maximum)
            }
            StepRule::MeanSquare => {
                let mut best = (f64::INFINITY, between(self.low, self.high, maximum));
                let mut shrink = 1.0;
                for _ in 0..CANDIDATES {
                    let quantization = between(self.low * shrink, self.high * shrink, maximum);
                    let error = self.square_error(quantization);
                    if error < best.0 {
                        best = (error, quantization);
                    }
                    shrink *= SHRINK;
                }
                best.1
            }
        }
    }

    /// The range without a share of the values on either side; 0 stays in it.
    fn without(&self, share: f64) -> (f64, f64) {
        let all: u64 = self.bins.iter().sum();
        let cut = (share * all as f64) as u64;
        let from = |bins: &mut dyn Iterator<Item = (usize, &u64)>| {
            let mut left = cut;
            for (bin, &count) in bins {
                if count > left {
                    return Some(bin);
                }
                left -= count;
            }
            None
        };
        let first = from(&mut self.bins.iter().enumerate());
        let last = from(&mut self.bins.iter().enumerate().rev());
        match (first, last) {
            (Some(first), Some(last)) => {
                let low = self.low + first as f64 * self.width();
                let high = self.low + (last + 1) as f64 * self.width();
                (low.min(0.0), high.max(0.0))
            }
            _ => (self.low, self.high),
        }
    }

    fn square_error(&self, quantization: Quantization) -> f64 {
        let Quantization { step, zero, maximum } = quantization;
        let of_bin = |(bin, &count): (usize, &u64)| {
            if count == 0 {
                return 0.0;
            }
            let value = self.centre(bin);
            let integer = (value / step + 0.5).floor().clamp(-f64::from(zero), f64::from(maximum - zero));
            count as f64 * (value - integer * step).powi(2)
        };
        self.bins.iter().enumerate().map(of_bin).sum()
    }
}

/// Integers 0 to `maximum` over a range that holds 0. A step is kept as single precision, so it is rounded to that.
fn between(low: f64, high: f64, maximum: u16) -> Quantization {
    let (low, high) = (low.min(0.0), high.max(0.0));
    let step = f64::from(((high - low) / f64::from(maximum)) as f32);
    if !(step.is_finite() && step > f64::from(f32::MIN_POSITIVE)) {
        // Nothing but zeros: any step will do.
        return Quantization { step: 1.0, zero: 0, maximum };
    }
    let zero = (-low / step).round().clamp(0.0, f64::from(maximum)) as u16;
    Quantization { step, zero, maximum }
}

#[cfg(test)]
mod tests {
    use network::Shape;

    use super::*;
    use crate::plan::Clamp;

    fn histogram(values: &[f32], activation: Activation) -> Histogram {
        let maps = [FloatMap::new(Shape::new(1, 1, values.len()), values.to_vec()).unwrap()];
        Histogram::of(maps.par_iter(), activation, range(maps.par_iter(), activation))
    }

    #[test]
    fn min_max_reaches_both_ends_and_zero_is_exact() {
        let signed = histogram(&[-1.0, 0.5, 2.0], Activation::SIGNED).quantization(StepRule::MinMax, 15);
        assert_eq!((signed.step, signed.zero), (f64::from(0.2_f32), 5));
        let relu = Activation::Rounded(Clamp::between(0.0, 1.5));
        let clipped = histogram(&[-1.0, 0.5, 2.0], relu).quantization(StepRule::MinMax, 15);
        assert_eq!((clipped.step, clipped.zero), (f64::from(0.1_f32), 0));
    }

    #[test]
    fn a_rare_outlier_is_cut_off_by_percentile_and_by_mean_square() {
        let mut values: Vec<f32> = (0..10_000).map(|k| k as f32 / 10_000.0).collect();
        values.push(40.0);
        let relu = Activation::Rounded(Clamp::RELU);
        let step = |rule| histogram(&values, relu).quantization(rule, 15).step;
        assert!(step(StepRule::MinMax) > 2.6);
        assert!(
            (0.06..0.08).contains(&step(StepRule::Percentile(0.001))),
            "{}",
            step(StepRule::Percentile(0.001))
        );
        let mean_square = step(StepRule::MeanSquare);
        assert!(mean_square < step(StepRule::MinMax), "{mean_square}");
    }

    #[test]
    fn the_mean_square_step_of_uniform_values_uses_the_whole_range() {
        let values: Vec<f32> = (1..=50_000).map(|k| k as f32 / 50_000.0).collect();
        let best = histogram(&values, Activation::SIGNED).quantization(StepRule::MeanSquare, 15);
        assert!((best.step * 15.0 - 1.0).abs() < 0.06, "{best:?}");
    }

    #[test]
    fn nothing_but_zeros_gets_a_step_all_the_same() {
        for rule in [StepRule::MinMax, StepRule::Percentile(0.01), StepRule::MeanSquare] {
            let quantization = histogram(&[0.0, 0.0], Activation::SIGNED).quantization(rule, 255);
            assert_eq!(quantization, Quantization { step: 1.0, zero: 0, maximum: 255 });
        }
    }
}
