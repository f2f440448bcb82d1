//! The parts of manifests that study faults.

use faults::{FaultKind, Mitigation};
use rtm_ap::SearchModel;
use schemars::JsonSchema;
use serde::Deserialize;

use super::machine::{parsed, parsed_list};
use super::names::{AnalogName, Choice, EnduranceName, FaultRatesName, NetworkName, ProcessorName};
use super::place::FieldPath;
use super::{AnalogPoint, Checks, CrossbarPoint, Images, MachineSettings};

/// See [`super::Study::ShiftFaults`].
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ShiftFaultStudy {
    /// The network.
    #[schemars(with = "NetworkName")]
    pub network: String,
    /// The images; they need labels.
    pub images: Images,
    /// The associative processor.
    pub machine: MachineSettings,
    /// The file of fault rates.
    #[schemars(with = "FaultRatesName")]
    pub rates: String,
    /// Which kinds of faults there are.
    #[serde(deserialize_with = "parsed_list")]
    #[schemars(with = "Vec<Choice<FaultKind>>", length(min = 1))]
    pub faults: Vec<FaultKind>,
    /// Probabilities of a slip in a shift by one domain; farther shifts keep the file's proportion to it.
    #[schemars(length(min = 1), inner(range(min = 0.0, max = 0.1)))]
    pub rates_at_distance_one: Vec<f64>,
    /// What protects the machine.
    #[serde(deserialize_with = "parsed_list")]
    #[schemars(with = "Vec<Choice<Mitigation>>", length(min = 1))]
    pub mitigations: Vec<Mitigation>,
    /// The most times that all images are inferred at each point.
    #[schemars(range(min = 1))]
    pub trials: u64,
    /// Times that all images are inferred at the literature's rate under protection that makes faults rare.
    #[schemars(range(min = 1))]
    pub rare_trials: u64,
    /// A point has enough trials when the drop in accuracy is known to this, either way.
    pub half_width: f64,
    /// Below this many expected faults in an inference, only inferences with at least one are drawn.
    pub rare_below: f64,
    /// A rate at which both ways to draw are compared.
    #[schemars(range(min = 0.0, max = 0.1))]
    pub compared_rate: f64,
    /// Confidence of the intervals.
    #[schemars(extend("exclusiveMinimum" = 0, "exclusiveMaximum" = 1))]
    pub confidence: f64,
    /// What protection costs.
    pub costs: ProtectionCosts,
}

/// How the costs of protection are told.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProtectionCosts {
    /// Images that feed executed events.
    pub images: Images,
    /// Technology of the associative processor.
    #[schemars(with = "ProcessorName")]
    pub technology: String,
    /// How searches are charged.
    pub search_model: SearchModel,
    /// The crossbar of the energy ratio.
    pub crossbar: CrossbarPoint,
}

impl ShiftFaultStudy {
    pub(super) fn check(&self, path: &FieldPath, checks: &mut Checks<'_>) {
        checks.images(path, &self.network, &self.images);
        checks.images(&path.field("costs"), &self.network, &self.costs.images);
    }
}

/// See [`super::Study::Lifetime`].
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LifetimeStudy {
    /// The network.
    #[schemars(with = "NetworkName")]
    pub network: String,
    /// The images whose execution is counted.
    pub images: Images,
    /// The associative processor.
    pub machine: MachineSettings,
    /// The file of endurances.
    #[schemars(with = "EnduranceName")]
    pub endurance: String,
    /// Technology whose latency bounds the inferences of one machine.
    #[schemars(with = "ProcessorName")]
    pub technology: String,
    /// Inferences per second.
    #[schemars(length(min = 1))]
    pub inference_rates: Vec<f64>,
}

impl LifetimeStudy {
    pub(super) fn check(&self, path: &FieldPath, checks: &mut Checks<'_>) {
        checks.images(path, &self.network, &self.images);
        for (index, rate) in self.inference_rates.iter().enumerate() {
            if !(rate.is_finite() && *rate > 0.0) {
                let path = path.field("inference_rates").item(index);
                checks.report(&path, &format!("is {rate}; expected a rate above 0"));
            }
        }
    }
}

/// See [`super::Study::FaultSites`].
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FaultSitesStudy {
    /// The network.
    #[schemars(with = "NetworkName")]
    pub network: String,
    /// The images; they need labels.
    pub images: Images,
    /// The associative processor.
    pub machine: MachineSettings,
    /// The file of fault rates, for how slips depend on the distance.
    #[schemars(with = "FaultRatesName")]
    pub rates: String,
    /// Times that all images are inferred with one fault, for each layer, and for each layer and bit.
    #[schemars(range(min = 1))]
    pub trials: u64,
    /// Confidence of the intervals.
    #[schemars(extend("exclusiveMinimum" = 0, "exclusiveMaximum" = 1))]
    pub confidence: f64,
}

impl FaultSitesStudy {
    pub(super) fn check(&self, path: &FieldPath, checks: &mut Checks<'_>) {
        checks.images(path, &self.network, &self.images);
    }
}

/// See [`super::Study::FaultComparison`].
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FaultComparisonStudy {
    /// The network.
    #[schemars(with = "NetworkName")]
    pub network: String,
    /// The images; they need labels.
    pub images: Images,
    /// The associative processor.
    pub machine: MachineSettings,
    /// The file of the associative processor's fault rates.
    #[schemars(with = "FaultRatesName")]
    pub rates: String,
    /// What strikes the associative processor, and what protects it.
    #[schemars(length(min = 1))]
    pub processor: Vec<ProcessorFaults>,
    /// The file of the crossbar's non-idealities.
    #[schemars(with = "AnalogName")]
    pub analog: String,
    /// The crossbars.
    #[schemars(length(min = 1))]
    pub crossbars: Vec<AnalogPoint>,
    /// The node of the crossbars' energies.
    pub node_nm: f64,
    /// How many images, from the last of the set back, calibrate converters.
    pub calibration_images: usize,
    /// Times that all images are inferred: with other faults, or in other cells.
    #[schemars(range(min = 1))]
    pub trials: u64,
    /// Technology of the associative processor.
    #[schemars(with = "ProcessorName")]
    pub technology: String,
    /// How searches are charged.
    pub search_model: SearchModel,
    /// Confidence of the intervals.
    #[schemars(extend("exclusiveMinimum" = 0, "exclusiveMaximum" = 1))]
    pub confidence: f64,
}

/// Faults of an associative processor with their protection.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProcessorFaults {
    /// The name in tables and figures.
    pub name: String,
    /// The kinds of faults, at the file's rates.
    #[serde(deserialize_with = "parsed_list")]
    #[schemars(with = "Vec<Choice<FaultKind>>")]
    pub faults: Vec<FaultKind>,
    /// What protects the machine.
    #[serde(deserialize_with = "parsed")]
    #[schemars(with = "Choice<Mitigation>")]
    pub mitigation: Mitigation,
}

impl FaultComparisonStudy {
    pub(super) fn check(&self, path: &FieldPath, checks: &mut Checks<'_>) {
        checks.images(path, &self.network, &self.images);
    }
}
