//! The systems that the associative processor is held against.

use crossbar::{Gating, ZeroSkipping};
use schemars::JsonSchema;
use serde::Deserialize;

use super::names::{CrossbarName, DigitalName, ReferencesName};

/// One crossbar that the model computes.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CrossbarPoint {
    /// The name in tables and figures.
    pub name: String,
    /// The technology file.
    #[schemars(with = "CrossbarName")]
    pub technology: String,
    /// The node to scale it to, nm; the file's own if left out.
    pub node_nm: Option<f64>,
    /// What its weights are.
    pub weights: WeightPrecision,
    /// Bits of its activations.
    pub activation_bits: u32,
    /// Whether empty bit planes are skipped; as the file says if left out.
    #[serde(default)]
    pub zero_skipping: Option<ZeroSkipping>,
    /// Whether segments without weights are gated; as the file says if left out.
    #[serde(default)]
    pub gating: Option<Gating>,
}

/// What a crossbar's weights are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum WeightPrecision {
    /// The network's own ternary weights.
    Ternary,
    /// Weights of eight bits in the same shapes.
    #[value(name = "8-bit")]
    EightBit,
}

impl WeightPrecision {
    /// The name in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ternary => "ternary",
            Self::EightBit => "8-bit",
        }
    }

    /// Bits of a weight.
    pub const fn bits(self) -> u32 {
        match self {
            Self::Ternary => 2,
            Self::EightBit => 8,
        }
    }
}

/// A digital reference.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DigitalPoint {
    /// The name in tables and figures.
    pub name: String,
    /// The technology file.
    #[schemars(with = "DigitalName")]
    pub technology: String,
    /// The node to scale it to, nm; the file's own if left out.
    pub node_nm: Option<f64>,
    /// What its weights are.
    pub weights: WeightPrecision,
    /// Bits of its activations.
    pub activation_bits: u32,
    /// What is done with weights that are zero.
    #[serde(default)]
    pub zero_weights: ZeroWeightsName,
}

/// What a digital reference does with weights that are zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ZeroWeightsName {
    /// They are multiplied like the others.
    #[default]
    Computed,
    /// They are skipped.
    Skipped,
}

impl From<ZeroWeightsName> for digital::ZeroWeights {
    fn from(name: ZeroWeightsName) -> Self {
        match name {
            ZeroWeightsName::Computed => Self::Computed,
            ZeroWeightsName::Skipped => Self::Skipped,
        }
    }
}

/// See [`super::Study::CrossbarValidation`].
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CrossbarValidationStudy {
    /// The folder of measured runs among the references.
    #[schemars(with = "ReferencesName")]
    pub references: String,
}
