//! The parts of manifests that study faults.

use faults::{FaultKind, Mitigation};
use rtm_ap::SearchModel;
use serde::{Deserialize, Deserializer, de};

use super::{AnalogPoint, CrossbarPoint, Images, MachineSettings, confidence, some};

/// See [`super::Study::ShiftFaults`].
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShiftFaultStudy {
    /// The network.
    pub network: String,
    /// The images; they need labels.
    pub images: Images,
    /// The associative processor.
    pub machine: MachineSettings,
    /// The file of fault rates.
    pub rates: String,
    /// Which kinds of faults there are.
    #[serde(deserialize_with = "by_names")]
    pub faults: Vec<FaultKind>,
    /// Probabilities of a slip in a shift by one domain; farther shifts keep the file's proportion to it.
    pub rates_at_distance_one: Vec<f64>,
    /// What protects the machine.
    #[serde(deserialize_with = "by_names")]
    pub mitigations: Vec<Mitigation>,
    /// The most times that all images are inferred at each point.
    pub trials: u64,
    /// Times that all images are inferred at the literature's rate under protection that makes faults rare.
    pub rare_trials: u64,
    /// A point has enough trials when the drop in accuracy is known to this, either way.
    pub half_width: f64,
    /// Below this many expected faults in an inference, only inferences with at least one are drawn.
    pub rare_below: f64,
    /// A rate at which both ways to draw are compared.
    pub compared_rate: f64,
    /// Confidence of the intervals.
    pub confidence: f64,
    /// What protection costs.
    pub costs: ProtectionCosts,
}

/// How the costs of protection are told.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProtectionCosts {
    /// Images that feed executed events.
    pub images: Images,
    /// Technology of the associative processor.
    pub technology: String,
    /// How searches are charged.
    pub search_model: SearchModel,
    /// The crossbar of the energy ratio.
    pub crossbar: CrossbarPoint,
}

impl ShiftFaultStudy {
    pub(super) fn check(&self) -> Result<(), String> {
        some(&self.rates_at_distance_one, "shift_faults.rates_at_distance_one")?;
        some(&self.mitigations, "shift_faults.mitigations")?;
        some(&self.faults, "shift_faults.faults")?;
        self.images.check()?;
        self.costs.images.check()?;
        let mut rates = self.rates_at_distance_one.iter().chain([&self.compared_rate]);
        if let Some(rate) = rates.find(|rate| !(0.0..=0.1).contains(*rate)) {
            return Err(format!("a rate of {rate} in shift_faults; expected 0 to 0.1"));
        }
        if self.trials == 0 || self.rare_trials == 0 {
            return Err("shift_faults.trials or rare_trials is 0; expected at least 1".into());
        }
        confidence(self.confidence, "shift_faults.confidence")
    }
}

/// A list of things that are told by their names.
fn by_names<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    let names = Vec::<String>::deserialize(deserializer)?;
    names.iter().map(|name| name.parse().map_err(de::Error::custom)).collect()
}

/// See [`super::Study::Lifetime`].
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LifetimeStudy {
    /// The network.
    pub network: String,
    /// The images whose execution is counted.
    pub images: Images,
    /// The associative processor.
    pub machine: MachineSettings,
    /// The file of endurances.
    pub endurance: String,
    /// Technology whose latency bounds the inferences of one machine.
    pub technology: String,
    /// Inferences per second.
    pub inference_rates: Vec<f64>,
}

impl LifetimeStudy {
    pub(super) fn check(&self) -> Result<(), String> {
        some(&self.inference_rates, "lifetime.inference_rates")?;
        match self.inference_rates.iter().find(|rate| !(rate.is_finite() && **rate > 0.0)) {
            Some(rate) => Err(format!("an inference rate of {rate} in lifetime; expected one above 0")),
            None => self.images.check(),
        }
    }
}

/// See [`super::Study::FaultSites`].
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultSitesStudy {
    /// The network.
    pub network: String,
    /// The images; they need labels.
    pub images: Images,
    /// The associative processor.
    pub machine: MachineSettings,
    /// The file of fault rates, for how slips depend on the distance.
    pub rates: String,
    /// Times that all images are inferred with one fault, for each layer, and for each layer and bit.
    pub trials: u64,
    /// Confidence of the intervals.
    pub confidence: f64,
}

impl FaultSitesStudy {
    pub(super) fn check(&self) -> Result<(), String> {
        self.images.check()?;
        if self.trials == 0 {
            return Err("fault_sites.trials is 0; expected at least 1".into());
        }
        confidence(self.confidence, "fault_sites.confidence")
    }
}

/// See [`super::Study::FaultComparison`].
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultComparisonStudy {
    /// The network.
    pub network: String,
    /// The images; they need labels.
    pub images: Images,
    /// The associative processor.
    pub machine: MachineSettings,
    /// The file of the associative processor's fault rates.
    pub rates: String,
    /// What strikes the associative processor, and what protects it.
    pub processor: Vec<ProcessorFaults>,
    /// The file of the crossbar's non-idealities.
    pub analog: String,
    /// The crossbars.
    pub crossbars: Vec<AnalogPoint>,
    /// The node of the crossbars' energies.
    pub node_nm: f64,
    /// How many images, from the last of the set back, calibrate converters.
    pub calibration_images: usize,
    /// Times that all images are inferred: with other faults, or in other cells.
    pub trials: u64,
    /// Technology of the associative processor.
    pub technology: String,
    /// How searches are charged.
    pub search_model: SearchModel,
    /// Confidence of the intervals.
    pub confidence: f64,
}

/// Faults of an associative processor with their protection.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProcessorFaults {
    /// The name in tables and figures.
    pub name: String,
    /// The kinds of faults, at the file's rates.
    #[serde(deserialize_with = "by_names")]
    pub faults: Vec<FaultKind>,
    /// What protects the machine.
    #[serde(deserialize_with = "by_name")]
    pub mitigation: Mitigation,
}

fn by_name<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: std::str::FromStr<Err: std::fmt::Display>,
{
    String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
}

impl FaultComparisonStudy {
    pub(super) fn check(&self) -> Result<(), String> {
        some(&self.processor, "fault_comparison.processor")?;
        some(&self.crossbars, "fault_comparison.crossbars")?;
        self.images.check()?;
        if self.trials == 0 {
            return Err("fault_comparison.trials is 0; expected at least 1".into());
        }
        confidence(self.confidence, "fault_comparison.confidence")
    }
}
