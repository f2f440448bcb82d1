//! Sequential stopping: an interval that holds at every time at once, so that one may stop as soon as it is narrow enough.
//!
//! A fixed-size interval that is looked at again and again misses the truth far more often than it says. The
//! empirical-Bernstein confidence sequence of Howard, Ramdas, McAuliffe and Sekhon, "Time-uniform, nonparametric, nonasymptotic
//! confidence sequences" (Annals of Statistics 49(2), 2021, arXiv 1810.08240: theorem 4 with the stitched boundary of theorem 1)
//! covers the running average of the conditional means of bounded values at all times together, whatever their distributions,
//! which need not be the same.

use crate::interval::Interval;

/// A confidence sequence for the average mean of values in `0..=1`, each independent of those before it or not.
#[derive(Debug, Clone)]
pub struct ConfidenceSequence {
    /// The probability to miss on either side.
    tail: f64,
    count: f64,
    sum: f64,
    /// Squared distances of values from what was predicted of them: the mean of those before.
    variance: f64,
}

impl ConfidenceSequence {
    /// A sequence that covers with a confidence at all times.
    pub fn new(confidence: f64) -> Self {
        Self { tail: (1.0 - confidence) / 2.0, count: 0.0, sum: 0.0, variance: 0.0 }
    }

    /// Takes the next value, held to `0..=1`.
    pub fn push(&mut self, value: f64) {
        let value = value.clamp(0.0, 1.0);
        let predicted = if self.count > 0.0 { self.sum / self.count } else { 0.5 };
        self.variance += (value - predicted) * (value - predicted);
        self.sum += value;
        self.count += 1.0;
    }

    /// The interval that holds now; before the first value it is everything.
    pub fn interval(&self) -> Interval {
        if self.count == 0.0 {
            return Interval { low: 0.0, high: 1.0 };
        }
        let (mean, half) = (self.sum / self.count, self.boundary() / self.count);
        Interval { low: (mean - half).max(0.0), high: (mean + half).min(1.0) }
    }

    /// Half its width.
    pub fn half_width(&self) -> f64 {
        let Interval { low, high } = self.interval();
        (high - low) / 2.0
    }

    /// What the sum of values less their means stays below at all times, given the variance so far.
    fn boundary(&self) -> f64 {
        stitched(self.variance, self.tail, 1.0, 1.0)
    }
}

/// The stitched boundary of theorem 1 with the authors' constants, epochs that double and a zeta function of 1.4, from a least
/// variance on, for values that vary by at most `scale`.
fn stitched(variance: f64, tail: f64, least: f64, scale: f64) -> f64 {
    const EXPONENT: f64 = 1.4;
    /// The zeta function at the exponent.
    const ZETA: f64 = 3.105_547_4;
    let ln_2 = std::f64::consts::LN_2;
    let variance = variance.max(least);
    let level = EXPONENT * libm::log(libm::log(2.0 * variance / least))
        + libm::log(ZETA / (tail * libm::pow(ln_2, EXPONENT)));
    let quarter = libm::pow(2.0, 0.25);
    let (root, linear) = ((quarter + 1.0 / quarter) / 2.0_f64.sqrt(), (2.0_f64.sqrt() + 1.0) / 2.0);
    let linear = linear * scale * level;
    (root * root * variance * level + linear * linear).sqrt() + linear
}

#[cfg(test)]
mod tests {
    use rand::RngExt;

    use super::*;
    use crate::stream::Stream;

    #[test]
    fn the_truth_hardly_ever_leaves_the_sequence_at_any_time() {
        let mut left = 0;
        for run in 0..200 {
            let mut generator = Stream { seed: 3, stage: 0, trial: run, unit: 0 }.generator();
            let mut sequence = ConfidenceSequence::new(0.9);
            // Values whose means differ, with 0.3 as their average after every second one.
            let missed = (0..400).any(|_| {
                for mean in [0.1, 0.5] {
                    sequence.push(if generator.random::<f64>() < mean { 1.0 } else { 0.0 });
                }
                let interval = sequence.interval();
                !(interval.low <= 0.3 && 0.3 <= interval.high)
            });
            left += u32::from(missed);
        }
        // At most a tenth may.
        assert!(left <= 20, "{left}");
    }

    #[test]
    fn the_boundary_is_that_of_the_authors_program() {
        // Their package confseq, test of poly_stitching_bound(100, 0.05, 10, 3).
        assert!((stitched(100.0, 0.05, 10.0, 3.0) - 64.48755).abs() < 1e-4);
    }

    #[test]
    fn the_zeta_function_is_what_its_series_says() {
        let terms: f64 = (1..200_000).map(|n| f64::from(n).powf(-1.4)).sum();
        // What is left of the series is close to the integral of it.
        let rest = 199_999.5_f64.powf(-0.4) / 0.4;
        assert!((terms + rest - 3.105_547_4).abs() < 1e-5, "{}", terms + rest);
    }

    #[test]
    fn values_that_hardly_vary_narrow_it_quickly() {
        let mut sequence = ConfidenceSequence::new(0.95);
        assert_eq!(sequence.half_width(), 0.5);
        for trial in 0..3000 {
            sequence.push(0.9 + 0.01 * f64::from(trial % 3));
        }
        assert!(sequence.half_width() < 0.005, "{}", sequence.half_width());
        assert!(sequence.interval().low < 0.91 && sequence.interval().high > 0.91);
    }
}
