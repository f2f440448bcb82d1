//! Mean and variance of the real values on a network's edges, for networks whose weights are drawn from a seed: they take the
//! place of what training would have learned about ranges. Everything is taken to be Gaussian.

use std::f64::consts::{PI, SQRT_2};

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Moments {
    pub mean: f64,
    pub variance: f64,
}

impl Moments {
    /// What a batch norm makes.
    pub const NORMALIZED: Self = Self { mean: 0.0, variance: 1.0 };

    /// A uniformly distributed value of 0 to 1: a pixel, of which nothing is known.
    pub const UNIFORM: Self = Self { mean: 0.5, variance: 1.0 / 12.0 };

    /// The mean square.
    pub fn square(self) -> f64 {
        self.mean * self.mean + self.variance
    }

    /// Of a sum.
    pub fn plus(self, other: Self) -> Self {
        Self { mean: self.mean + other.mean, variance: self.variance + other.variance }
    }

    /// Of a product of independent values.
    pub fn times(self, other: Self) -> Self {
        let mean = self.mean * other.mean;
        Self { mean, variance: (self.square() * other.square() - mean * mean).max(0.0) }
    }

    /// Of a mean over independent values.
    pub fn averaged(self, count: usize) -> Self {
        Self { mean: self.mean, variance: self.variance / count.max(1) as f64 }
    }

    /// Of values that are drawn from several distributions, as many from each as is said.
    pub fn mixed(parts: &[(Self, usize)]) -> Self {
        let all = parts.iter().map(|(_, count)| *count as f64).sum::<f64>().max(1.0);
        let share = |of: fn(Self) -> f64| {
            parts.iter().map(|&(moments, count)| of(moments) * count as f64).sum::<f64>() / all
        };
        let mean = share(|moments| moments.mean);
        Self { mean, variance: (share(Self::square) - mean * mean).max(0.0) }
    }

    /// Of the values above 0, those below being 0.
    pub fn rectified(self) -> Self {
        let Self { mean, variance } = self;
        let deviation = variance.sqrt();
        if deviation == 0.0 {
            return Self { mean: mean.max(0.0), variance };
        }
        let at = mean / deviation;
        let below = 0.5 * (1.0 + libm::erf(at / SQRT_2));
        let density = libm::exp(-0.5 * at * at) / (2.0 * PI).sqrt();
        let first = mean * below + deviation * density;
        let second = (mean * mean + variance) * below + mean * deviation * density;
        Self { mean: first, variance: (second - first * first).max(0.0) }
    }

    /// The magnitude that few values exceed: three deviations from the mean.
    pub fn reach(self, signed: bool) -> f64 {
        let mean = if signed { self.mean.abs() } else { self.mean };
        // An activation that is almost never above 0 still needs a step.
        (mean + 3.0 * self.variance.sqrt()).max(0.1 * self.square().sqrt()).max(f64::MIN_POSITIVE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rectified_normal_value_has_half_the_mean_square() {
        let rectified = Moments::NORMALIZED.rectified();
        assert!((rectified.square() - 0.5).abs() < 1e-12);
        assert!((rectified.mean - 1.0 / (2.0 * PI).sqrt()).abs() < 1e-12);
    }

    #[test]
    fn a_mixture_of_equals_is_one_of_them() {
        let one = Moments { mean: 2.0, variance: 3.0 };
        let mixed = Moments::mixed(&[(one, 3), (one, 5)]);
        assert!((mixed.mean - 2.0).abs() < 1e-12 && (mixed.variance - 3.0).abs() < 1e-12);
    }
}
