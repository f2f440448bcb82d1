//! The systems that the associative processor is held against.

use crossbar::{
    Crossbar, Design, Gating, LayerShape, NetworkReport, Precision, WeightStatistics, ZeroSkipping,
};
use digital::ArrayDesign;
use schemars::JsonSchema;
use serde::Deserialize;

use technology::TechnologyFile;
use workspace::{Failure, Inputs};

use crate::names::{CrossbarName, DigitalName};
use crate::technologies;

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

names::names! {
    /// What a baseline's weights are.
    pub enum WeightPrecision: "a precision of weights" {
        /// The network's own ternary weights.
        Ternary = "ternary",
        /// Weights of eight bits in the same shapes.
        EightBit = "8-bit" | "eight_bit",
    }
}

impl WeightPrecision {
    /// Bits of a weight.
    pub const fn bits(self) -> u32 {
        match self {
            Self::Ternary => 2,
            Self::EightBit => 8,
        }
    }
}

impl CrossbarPoint {
    /// A crossbar with a network's own weights and activations.
    pub fn matching(name: &str, technology: &str, node_nm: Option<f64>, activation_bits: u32) -> Self {
        Self {
            name: name.to_owned(),
            technology: technology.to_owned(),
            node_nm,
            weights: WeightPrecision::Ternary,
            activation_bits,
            zero_skipping: None,
            gating: None,
        }
    }

    /// Its technology file, moved to its node.
    ///
    /// # Errors
    /// If it is missing or wrong.
    pub fn technology(&self, inputs: &Inputs<'_>) -> Result<TechnologyFile<Design>, Failure> {
        let mut file = TechnologyFile::clone(&*technologies::crossbar(inputs, &self.technology)?);
        let design = &mut file.design;
        design.node_nm = self.node_nm.unwrap_or(design.node_nm);
        design.zero_skipping = self.zero_skipping.unwrap_or(design.zero_skipping);
        design.gating = self.gating.unwrap_or(design.gating);
        Ok(file)
    }

    /// What the crossbar model says of it.
    ///
    /// # Errors
    /// If the model does not cover it.
    pub fn report(
        &self,
        file: &TechnologyFile<Design>,
        layers: &[LayerShape],
        weight_sparsity: f64,
    ) -> Result<NetworkReport, Failure> {
        let weights = match self.weights {
            WeightPrecision::Ternary => WeightStatistics::Ternary { zeros: weight_sparsity },
            WeightPrecision::EightBit => WeightStatistics::Symmetric { bits: 8 },
        };
        let precision = Precision { weights, activation_bits: self.activation_bits };
        Ok(Crossbar::new(file.design, &file.parameters)?.evaluate(layers, precision)?)
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

/// A technology of a digital array, moved to a node.
///
/// # Errors
/// If it is missing or wrong.
pub fn digital_technology(
    inputs: &Inputs<'_>,
    name: &str,
    node_nm: Option<f64>,
) -> Result<TechnologyFile<ArrayDesign>, Failure> {
    let mut file = TechnologyFile::clone(&*technologies::digital(inputs, name)?);
    file.design.node_nm = node_nm.unwrap_or(file.design.node_nm);
    Ok(file)
}
