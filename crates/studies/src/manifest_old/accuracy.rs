//! The study of accuracy on digital and on analog hardware.

use crossbar::execution::{ConverterRange, WeightEncoding};
use schemars::JsonSchema;
use serde::Deserialize;

use super::names::CrossbarName;
use super::place::FieldPath;
use super::{Checks, MachineSettings, NetworkPoint};

/// See [`super::Study::Accuracy`].
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccuracyStudy {
    /// The networks with the images that they classify; these need labels.
    #[schemars(length(min = 1))]
    pub networks: Vec<NetworkPoint>,
    /// The associative processor.
    pub machine: MachineSettings,
    /// The crossbars.
    #[serde(default)]
    pub crossbars: Vec<AnalogPoint>,
    /// How many of the images crossbars classify, from the first on.
    pub crossbar_images: usize,
    /// How many images, from the last of the set back, calibrate converters.
    pub calibration_images: usize,
    /// Confidence of the intervals.
    #[schemars(extend("exclusiveMinimum" = 0, "exclusiveMaximum" = 1))]
    pub confidence: f64,
}

/// A crossbar that computes.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AnalogPoint {
    /// The name in tables and figures.
    pub name: String,
    /// The technology file: rows, mapping and converter are taken from it.
    #[schemars(with = "CrossbarName")]
    pub technology: String,
    /// How a weight stands in cells.
    pub encoding: WeightEncoding,
    /// What the converters' levels span.
    pub range: ConverterRange,
}

impl AccuracyStudy {
    pub(super) fn check(&self, path: &FieldPath, checks: &mut Checks<'_>) {
        checks.points(&path.field("networks"), &self.networks);
        if !self.crossbars.is_empty() && self.crossbar_images == 0 {
            checks.report(&path.field("crossbar_images"), "is 0; expected at least 1");
        }
    }
}
