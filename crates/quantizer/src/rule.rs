//! How large a weight must be to be kept.

/// What shares one threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Granularity {
    /// All weights of a layer.
    Layer,
    /// The weights of one output.
    Filter,
}

/// How the threshold is found. A weight is kept, as its sign, where its magnitude is larger than the threshold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ThresholdRule {
    /// A multiple of the mean magnitude: Li et al., "Ternary Weight Networks", arXiv 1605.04711.
    Twn(Factor),
    /// The magnitude that leaves this share of zeros: of n weights the ⌊share · n⌋-th smallest magnitude. Weights of the same
    /// magnitude as that one are dropped with it.
    TargetSparsity(Sparsity),
    /// A given magnitude.
    Fixed(Threshold),
}

/// A multiple of the mean magnitude: finite and above 0.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Factor(f64);

/// A share of zeros: 0 to less than 1.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Sparsity(f64);

/// A magnitude: finite and not negative.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Threshold(f64);

/// A rule's parameter is out of its range.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("{parameter} is {found}; expected {expected}")]
pub struct RuleError {
    pub parameter: &'static str,
    /// What it is.
    pub found: f64,
    /// What it may be.
    pub expected: &'static str,
}

fn checked(
    parameter: &'static str,
    found: f64,
    is_legal: bool,
    expected: &'static str,
) -> Result<f64, RuleError> {
    if is_legal { Ok(found) } else { Err(RuleError { parameter, found, expected }) }
}

impl Factor {
    /// 0.7, which Li et al. derive for Gaussian and uniform weights (arXiv 1605.04711, section 2.3). Their code uses 0.75.
    pub const PAPER: Self = Self(0.7);

    /// A factor.
    ///
    /// # Errors
    /// If it is not a finite number above 0.
    pub fn new(factor: f64) -> Result<Self, RuleError> {
        let is_legal = factor.is_finite() && factor > 0.0;
        checked("threshold factor", factor, is_legal, "a finite number above 0").map(Self)
    }

    /// The number.
    pub fn value(self) -> f64 {
        self.0
    }
}

impl Default for Factor {
    fn default() -> Self {
        Self::PAPER
    }
}

impl Sparsity {
    /// A share of zeros.
    ///
    /// # Errors
    /// If it is not in 0 to less than 1.
    pub fn new(share: f64) -> Result<Self, RuleError> {
        checked("target sparsity", share, (0.0..1.0).contains(&share), "0 to less than 1").map(Self)
    }

    /// The number.
    pub fn value(self) -> f64 {
        self.0
    }
}

impl Sparsity {
    /// The nearest share of zeros that is legal, for what was computed.
    pub(crate) fn clamped(share: f64) -> Self {
        const MOST: f64 = 0.999_999;
        Self(if share.is_nan() { 0.0 } else { share.clamp(0.0, MOST) })
    }
}

impl Threshold {
    /// A magnitude.
    ///
    /// # Errors
    /// If it is negative or not finite.
    pub fn new(magnitude: f64) -> Result<Self, RuleError> {
        let is_legal = magnitude.is_finite() && magnitude >= 0.0;
        checked("threshold", magnitude, is_legal, "a finite number of at least 0").map(Self)
    }

    /// The number.
    pub fn value(self) -> f64 {
        self.0
    }
}

impl ThresholdRule {
    /// As it is asked for: by the share of zeros, else by a magnitude, else by a multiple of the mean magnitude or the usual one.
    ///
    /// # Errors
    /// If what is asked for is out of its range.
    pub fn stated(
        sparsity: Option<f64>,
        twn: Option<f64>,
        threshold: Option<f64>,
    ) -> Result<Self, RuleError> {
        Ok(match (sparsity, threshold) {
            (Some(share), _) => Self::TargetSparsity(Sparsity::new(share)?),
            (None, Some(magnitude)) => Self::Fixed(Threshold::new(magnitude)?),
            (None, None) => Self::Twn(twn.map(Factor::new).transpose()?.unwrap_or_default()),
        })
    }

    /// The threshold for a group of finite weights.
    pub(crate) fn threshold(self, weights: &[f32]) -> f64 {
        match self {
            Self::Twn(Factor(factor)) => {
                let sum: f64 = weights.iter().map(|&weight| f64::from(weight.abs())).sum();
                if weights.is_empty() { 0.0 } else { factor * (sum / weights.len() as f64) }
            }
            Self::TargetSparsity(Sparsity(share)) => {
                let rank = (share * weights.len() as f64) as usize;
                let mut magnitudes: Vec<f32> = weights.iter().map(|weight| weight.abs()).collect();
                match rank.checked_sub(1) {
                    Some(place) if place < magnitudes.len() => {
                        f64::from(*magnitudes.select_nth_unstable_by(place, f32::total_cmp).1)
                    }
                    _ => 0.0,
                }
            }
            Self::Fixed(Threshold(magnitude)) => magnitude,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_twn_threshold_is_a_multiple_of_the_mean_magnitude() {
        let rule = ThresholdRule::Twn(Factor::default());
        assert_eq!(rule.threshold(&[1.0, -3.0, 0.0, 4.0]), 0.7 * 2.0);
        assert_eq!(rule.threshold(&[]), 0.0);
    }

    #[test]
    fn the_target_sparsity_takes_the_magnitude_of_the_rounded_down_rank() {
        let weights = [0.5, -0.1, 0.4, -0.2, 0.3];
        let threshold =
            |share| ThresholdRule::TargetSparsity(Sparsity::new(share).unwrap()).threshold(&weights);
        assert_eq!(threshold(0.4), f64::from(0.2_f32));
        assert_eq!(threshold(0.59), f64::from(0.2_f32));
        assert_eq!(threshold(0.6), f64::from(0.3_f32));
        assert_eq!(threshold(0.19), 0.0);
    }

    #[test]
    fn parameters_out_of_range_are_told() {
        for share in [-0.1, 1.0, f64::NAN] {
            assert!(Sparsity::new(share).is_err(), "{share}");
        }
        for factor in [0.0, -0.7, f64::INFINITY, f64::NAN] {
            assert!(Factor::new(factor).is_err(), "{factor}");
        }
        for threshold in [-1e-9, f64::INFINITY, f64::NAN] {
            assert!(Threshold::new(threshold).is_err(), "{threshold}");
        }
        let error = Sparsity::new(1.5).unwrap_err().to_string();
        assert_eq!(error, "target sparsity is 1.5; expected 0 to less than 1");
    }
}
