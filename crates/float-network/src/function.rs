//! Functions of one real number.

use serde::{Deserialize, Serialize};

/// A function that is applied to every value on its own.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Function {
    /// 1 / (1 + e⁻ˣ).
    Sigmoid,
    /// The hyperbolic tangent.
    Tanh,
    /// clip(slope · x + shift, 0, 1).
    HardSigmoid {
        /// Factor of x.
        slope: f32,
        /// Value at 0.
        shift: f32,
    },
    /// x · clip(x / 6 + ½, 0, 1): Howard et al., "Searching for MobileNetV3", ICCV 2019.
    HardSwish,
    /// x · sigmoid(x): Ramachandran et al., "Searching for Activation Functions", arXiv 1710.05941.
    Swish,
    /// x, or slope · x below 0.
    LeakyRelu {
        /// Factor below 0.
        slope: f32,
    },
    /// x, or scale · (eˣ − 1) below 0.
    Elu {
        /// Factor below 0.
        scale: f32,
    },
    /// ln(1 + eˣ).
    Softplus,
    /// The error function.
    Erf,
    /// x · ½ · (1 + erf(x / √2)): Hendrycks and Gimpel, "Gaussian Error Linear Units", arXiv 1606.08415.
    Gelu,
    /// x · tanh(ln(1 + eˣ)): Misra, "Mish", arXiv 1908.08681.
    Mish,
}

impl Function {
    /// Its name in the field.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sigmoid => "sigmoid",
            Self::Tanh => "tanh",
            Self::HardSigmoid { .. } => "hard sigmoid",
            Self::HardSwish => "hard swish",
            Self::Swish => "swish",
            Self::LeakyRelu { .. } => "leaky ReLU",
            Self::Elu { .. } => "ELU",
            Self::Softplus => "softplus",
            Self::Erf => "erf",
            Self::Gelu => "GELU",
            Self::Mish => "Mish",
        }
    }

    /// Its value, in double precision.
    pub fn of(self, x: f64) -> f64 {
        let sigmoid = |x: f64| 1.0 / (1.0 + libm::exp(-x));
        // Without an overflow for large x, nor a loss for small ones.
        let softplus = |x: f64| x.max(0.0) + libm::log1p(libm::exp(-x.abs()));
        match self {
            Self::Sigmoid => sigmoid(x),
            Self::Tanh => libm::tanh(x),
            Self::HardSigmoid { slope, shift } => (f64::from(slope) * x + f64::from(shift)).clamp(0.0, 1.0),
            Self::HardSwish => x * (x / 6.0 + 0.5).clamp(0.0, 1.0),
            Self::Swish => x * sigmoid(x),
            Self::LeakyRelu { slope } => {
                if x < 0.0 {
                    f64::from(slope) * x
                } else {
                    x
                }
            }
            Self::Elu { scale } => {
                if x < 0.0 {
                    f64::from(scale) * libm::expm1(x)
                } else {
                    x
                }
            }
            Self::Softplus => softplus(x),
            Self::Erf => libm::erf(x),
            Self::Gelu => 0.5 * x * (1.0 + libm::erf(x / std::f64::consts::SQRT_2)),
            Self::Mish => x * libm::tanh(softplus(x)),
        }
    }

    /// Whether its parameters are finite numbers.
    pub(crate) fn is_legal(self) -> bool {
        match self {
            Self::HardSigmoid { slope, shift } => slope.is_finite() && shift.is_finite(),
            Self::LeakyRelu { slope: parameter } | Self::Elu { scale: parameter } => parameter.is_finite(),
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_have_their_known_values() {
        let near = |function: Function, x: f64, y: f64| {
            assert!((function.of(x) - y).abs() < 1e-9, "{}({x}) = {}", function.name(), function.of(x));
        };
        near(Function::Sigmoid, 0.0, 0.5);
        near(Function::Sigmoid, -800.0, 0.0);
        near(Function::HardSwish, 3.0, 3.0);
        near(Function::HardSwish, -3.0, 0.0);
        near(Function::HardSigmoid { slope: 0.25, shift: 0.5 }, 1.0, 0.75);
        near(Function::Swish, 0.0, 0.0);
        near(Function::Softplus, 0.0, std::f64::consts::LN_2);
        near(Function::Softplus, 900.0, 900.0);
        near(Function::Gelu, 1.0, 0.841_344_746_068_543);
        near(Function::Mish, 1.0, 0.865_098_388_267_374_7);
        near(Function::LeakyRelu { slope: 0.125 }, -2.0, -0.25);
        near(Function::Elu { scale: 2.0 }, -1e-12, -2e-12);
    }
}
