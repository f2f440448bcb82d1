//! Sequential stopping: an interval that holds at every trial at once, so that one may stop as soon as it is narrow enough.
//!
//! A fixed-size interval that is looked at after every trial misses the truth far more often than it says. The predictable
//! plug-in empirical-Bernstein confidence sequence of Waudby-Smith and Ramdas, "Estimating means of bounded random variables by
//! betting" (Journal of the Royal Statistical Society B, 2024, arXiv 2010.09686, theorem 2), covers the mean of independent
//! values between 0 and 1 at all times together, whatever their distribution.

use crate::interval::Interval;

/// A confidence sequence for the mean of independent values in `0..=1`, each with the same mean.
#[derive(Debug, Clone)]
pub struct ConfidenceSequence {
    /// `ln(2 / alpha)`.
    log_level: f64,
    count: f64,
    sum: f64,
    squares: f64,
    weights: f64,
    weighted: f64,
    spread: f64,
    interval: Interval,
}

/// The largest bet; one half is what the authors use.
const LARGEST: f64 = 0.5;

impl ConfidenceSequence {
    /// A sequence that covers with a confidence; before the first value it is `0..=1`.
    pub fn new(confidence: f64) -> Self {
        Self {
            log_level: libm::log(2.0 / (1.0 - confidence)),
            count: 0.0,
            sum: 0.0,
            squares: 0.0,
            weights: 0.0,
            weighted: 0.0,
            spread: 0.0,
            interval: Interval { low: 0.0, high: 1.0 },
        }
    }

    /// Takes the next value, held to `0..=1`.
    pub fn push(&mut self, value: f64) {
        let value = value.clamp(0.0, 1.0);
        // Everything that the bet rests on was known before the value.
        let mean = (0.5 + self.sum) / (self.count + 1.0);
        let variance = (0.25 + self.squares) / (self.count + 1.0);
        let time = self.count + 1.0;
        let bet = (2.0 * self.log_level / (variance * time * libm::log(1.0 + time))).sqrt().min(LARGEST);
        self.weights += bet;
        self.weighted += bet * value;
        self.spread += (value - mean) * (value - mean) * (-libm::log1p(-bet) - bet);
        self.count = time;
        self.sum += value;
        let mean = (0.5 + self.sum) / (self.count + 1.0);
        self.squares += (value - mean) * (value - mean);
        let (middle, half) = (self.weighted / self.weights, (self.log_level + self.spread) / self.weights);
        // The mean lies in all intervals so far, so in what they have in common.
        self.interval.low = self.interval.low.max(middle - half);
        self.interval.high = self.interval.high.min(middle + half);
    }

    /// The interval that holds now, and held at every time before.
    pub fn interval(&self) -> Interval {
        self.interval
    }

    /// Half its width.
    pub fn half_width(&self) -> f64 {
        (self.interval.high - self.interval.low) / 2.0
    }
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
            // Of mean 0.3 and far from a normal distribution.
            for _ in 0..400 {
                sequence.push(if generator.random::<f64>() < 0.3 { 1.0 } else { 0.0 });
            }
            let interval = sequence.interval();
            left += u32::from(!(interval.low <= 0.3 && 0.3 <= interval.high));
        }
        // At most a tenth may; 200 runs give 20 or fewer but for the spread.
        assert!(left <= 26, "{left}");
    }

    #[test]
    fn values_that_hardly_vary_narrow_it_quickly_and_it_never_widens() {
        let mut sequence = ConfidenceSequence::new(0.95);
        let mut before = sequence.half_width();
        for trial in 0..300 {
            sequence.push(0.9 + 0.01 * f64::from(trial % 3));
            assert!(sequence.half_width() <= before);
            before = sequence.half_width();
        }
        assert!(before < 0.03, "{before}");
        assert!(sequence.interval().low < 0.91 && sequence.interval().high > 0.91);
    }
}
