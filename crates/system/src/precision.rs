//! Bits: how many a weight and an activation have, and how many of them are set.

use serde::Deserialize;

/// The statistics of a layer's input, from which the share of set bits follows.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Activations {
    /// The share of set bits itself, as counted on data.
    SetBits {
        /// 0 to 1.
        share: f64,
    },
    /// Every code is equally likely, as in an image: half of the bits are set.
    Uniform,
    /// Zeros, and else an exponential distribution that saturates at full scale, as after a rectifier.
    Rectified {
        /// The share of zeros, 0 to 1.
        zeros: f64,
        /// The mean of the exponential as a share of full scale.
        mean: f64,
    },
}

impl Activations {
    /// What a layer after a rectifier gets where nothing else is said: as in the measured runs of DNN+NeuroSim, half zeros, and the
    /// mean that their converters' energy shows.
    pub const TYPICAL: Self = Self::Rectified { zeros: 0.5, mean: 0.27 };

    /// The share of set bits among the bits of activations that have `bits` bits, 0 to 1.
    pub fn set_bit_share(self, bits: u32) -> f64 {
        match self {
            Self::SetBits { share } => share.clamp(0.0, 1.0),
            Self::Uniform => 0.5,
            Self::Rectified { zeros, mean } => {
                let full_scale = f64::from((1_u32 << bits.min(16)) - 1);
                let rate = 1.0 / (mean.max(f64::MIN_POSITIVE) * full_scale);
                // The probability that the rounded code is at least `code`.
                let at_least = |code: f64| if code <= 0.0 { 1.0 } else { libm::exp(-rate * (code - 0.5)) };
                let last = (1_u32 << bits.min(16)) - 1;
                let expected_set: f64 = (1..=last)
                    .map(|code| {
                        let beyond = if code == last { 0.0 } else { at_least(f64::from(code) + 1.0) };
                        f64::from(code.count_ones()) * (at_least(f64::from(code)) - beyond)
                    })
                    .sum();
                (1.0 - zeros.clamp(0.0, 1.0)) * expected_set / f64::from(bits.clamp(1, 16))
            }
        }
    }
}

/// What the weights are: how many bits, and how their codes are spread.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum WeightStatistics {
    /// -1, 0 and 1, of which a share is 0; the signs are equally likely. Two bits.
    Ternary {
        /// The share of zeros, 0 to 1.
        zeros: f64,
    },
    /// Signed integers, symmetric around zero and spread over many codes.
    Symmetric {
        /// Bits with the sign, 2 to 16.
        bits: u32,
    },
}

impl WeightStatistics {
    /// Bits of the stored code.
    pub fn bits(self) -> u32 {
        match self {
            Self::Ternary { .. } => 2,
            Self::Symmetric { bits } => bits,
        }
    }
}

/// How many bits weights and activations have.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Precision {
    pub weights: WeightStatistics,
    /// Bits of an activation, 1 to 16.
    pub activation_bits: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_bit_share_is_that_of_the_codes() {
        assert_eq!(Activations::Uniform.set_bit_share(4), 0.5);
        assert_eq!(Activations::SetBits { share: 0.3 }.set_bit_share(4), 0.3);
        // One bit: the code is 1 from half of full scale on.
        let one = Activations::Rectified { zeros: 0.5, mean: 0.25 }.set_bit_share(1);
        assert!((one - 0.5 * libm::exp(-2.0)).abs() < 1e-12, "{one}");
        // A mean far above full scale saturates every nonzero activation: all bits are set.
        let saturated = Activations::Rectified { zeros: 0.25, mean: 1e9 }.set_bit_share(8);
        assert!((saturated - 0.75).abs() < 1e-6, "{saturated}");
    }
}
