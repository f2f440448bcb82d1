//! Studies of energy, latency and area against crossbars and other baselines.

use rtm_ap::SearchModel;
use schemars::JsonSchema;
use serde::Deserialize;
use technology::Prior;

use super::names::{NetworkName, ProcessorName};
use super::place::FieldPath;
use super::{Checks, CrossbarPoint, DigitalPoint, Flow, Images, MachineSettings, WeightPrecision};

/// See [`super::Study::LayerCosts`] and [`super::Study::EnergyParts`].
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CostStudy {
    /// The network.
    #[schemars(with = "NetworkName")]
    pub network: String,
    /// The images that feed executed events.
    pub images: Images,
    /// The associative processor.
    pub machine: MachineSettings,
    /// Technology files of the associative processor.
    #[schemars(with = "Vec<ProcessorName>", length(min = 1))]
    pub technologies: Vec<String>,
    /// How searches are charged.
    #[schemars(length(min = 1))]
    pub search_models: Vec<SearchModel>,
    /// The crossbars to compare with.
    #[schemars(length(min = 1))]
    pub crossbars: Vec<CrossbarPoint>,
    /// What the figure shows.
    #[serde(default)]
    pub shown: Shown,
}

/// What a figure of layers shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Shown {
    /// Energy.
    #[default]
    Energy,
    /// Latency.
    Latency,
}

/// See [`super::Study::EnergyRatio`].
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RatioStudy {
    /// The network.
    #[schemars(with = "NetworkName")]
    pub network: String,
    /// The images that feed executed events.
    pub images: Images,
    /// The associative processor.
    pub machine: MachineSettings,
    /// Technology files of the associative processor.
    #[schemars(with = "Vec<ProcessorName>", length(min = 1))]
    pub technologies: Vec<String>,
    /// How searches are charged.
    #[schemars(length(min = 1))]
    pub search_models: Vec<SearchModel>,
    /// The ratio that the claim states.
    pub claimed_ratio: f64,
    /// Draws from the parameters' ranges.
    #[schemars(range(min = 100))]
    pub draws: u64,
    /// How parameters are drawn; the figure's first panel shows the first.
    #[serde(default = "both_priors")]
    #[schemars(length(min = 1))]
    pub priors: Vec<Prior>,
    /// Baselines that the crossbar model computes.
    pub crossbars: Vec<CrossbarPoint>,
    /// Digital references.
    #[serde(default)]
    pub digital: Vec<DigitalPoint>,
    /// Baselines whose energy others measured or published.
    pub published: Vec<PublishedPoint>,
    /// The baseline that the summary names.
    pub headline: Headline,
    /// Other ways to compile, held against the headline's baseline: what each step beyond the paper's flow adds.
    #[serde(default)]
    pub flows: Vec<Flow>,
    /// Outputs split over more processors, to stand at the baseline's area and latency.
    pub replication: Option<ReplicationPlan>,
    /// The map of shift and search energies.
    pub break_even: Option<BreakEvenPlan>,
}

fn both_priors() -> Vec<Prior> {
    vec![Prior::Flat, Prior::Peaked]
}

/// Outputs split over processors.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplicationPlan {
    /// Flows of the study, by name.
    pub flows: Vec<String>,
    /// The most outputs that one processor computes; 0 for as many as fit.
    pub outputs_per_processor: Vec<usize>,
}

/// A map of the ratio over the energies of a shift and of a search.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BreakEvenPlan {
    /// Flows of the study, by name.
    pub flows: Vec<String>,
    /// Energy of a shift, pJ a track and step.
    pub shift_pj: LogRange,
    /// Energy of a search, fJ a bit.
    pub search_fj: LogRange,
    /// What the literature gives.
    pub points: Vec<LiteraturePoint>,
}

/// Evenly spaced places on a logarithmic scale.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LogRange {
    /// The first.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub low: f64,
    /// The last.
    pub high: f64,
    /// How many.
    #[schemars(range(min = 2))]
    pub steps: usize,
}

/// A shift's and a search's energy together.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LiteraturePoint {
    /// The name in the figure.
    pub name: String,
    /// Energy of a shift, pJ a track and step.
    pub shift_pj: f64,
    /// Energy of a search, fJ a bit.
    pub search_fj: f64,
    /// Where they come from.
    #[serde(rename = "source")]
    pub _source: String,
}

/// A baseline whose energy others measured or published.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PublishedPoint {
    /// The name in tables and figures.
    pub name: String,
    /// Technology node, nm.
    pub node_nm: f64,
    /// What its weights are.
    pub weights: WeightPrecision,
    /// Bits of its activations.
    pub activation_bits: u32,
    /// Energy of one inference of the network, µJ: a number, or the case of a measured file that it is the sum of.
    pub energy_uj: Option<f64>,
    /// A case of the file of measured results.
    pub measured_case: Option<String>,
    /// Where it comes from.
    pub source: String,
}

/// Which of a study's points the summary names.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Headline {
    /// The baseline's name.
    pub baseline: String,
    /// The technology.
    pub technology: String,
    /// The search model.
    pub search_model: SearchModel,
}

/// See [`super::Study::Sensitivity`].
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SensitivityStudy {
    /// The network.
    #[schemars(with = "NetworkName")]
    pub network: String,
    /// The images that feed executed events.
    pub images: Images,
    /// The associative processor.
    pub machine: MachineSettings,
    /// The technology file of the associative processor.
    #[schemars(with = "ProcessorName")]
    pub technology: String,
    /// How searches are charged.
    pub search_model: SearchModel,
    /// The crossbar to compare with.
    pub crossbar: CrossbarPoint,
    /// The ratio that the claim states.
    pub claimed_ratio: f64,
    /// How many parameters the figure shows, the widest swings first.
    #[schemars(range(min = 1))]
    pub shown: usize,
}

impl CostStudy {
    pub(super) fn check(&self, path: &FieldPath, checks: &mut Checks<'_>) {
        checks.images(path, &self.network, &self.images);
    }
}

impl SensitivityStudy {
    pub(super) fn check(&self, path: &FieldPath, checks: &mut Checks<'_>) {
        checks.images(path, &self.network, &self.images);
    }
}

impl RatioStudy {
    pub(super) fn check(&self, path: &FieldPath, checks: &mut Checks<'_>) {
        checks.images(path, &self.network, &self.images);
        let flows: Vec<&str> = self.flows.iter().map(|flow| flow.name.as_str()).collect();
        let plans = [
            ("replication", self.replication.as_ref().map(|plan| &plan.flows)),
            ("break_even", self.break_even.as_ref().map(|plan| &plan.flows)),
        ];
        for (field, named) in plans {
            for (index, flow) in named.into_iter().flatten().enumerate() {
                checks.one_of(&path.field(field).field("flows").item(index), flow, &flows);
            }
        }
        if let Some(plan) = &self.break_even {
            for (field, range) in [("shift_pj", plan.shift_pj), ("search_fj", plan.search_fj)] {
                if range.high <= range.low || !range.high.is_finite() {
                    let LogRange { low, high, .. } = range;
                    let message = format!("from {low} to {high}; expected an ascending range");
                    checks.report(&path.field("break_even").field(field), &message);
                }
            }
        }
        for (index, point) in self.published.iter().enumerate() {
            if point.energy_uj.is_some() == point.measured_case.is_some() {
                let message =
                    format!("published baseline `{}`: give either energy_uj or measured_case", point.name);
                checks.report(&path.field("published").item(index), &message);
            }
        }
        let baselines: Vec<&str> = (self.crossbars.iter().map(|point| point.name.as_str()))
            .chain(self.digital.iter().map(|point| point.name.as_str()))
            .chain(self.published.iter().map(|point| point.name.as_str()))
            .collect();
        let technologies: Vec<&str> = self.technologies.iter().map(String::as_str).collect();
        let headline = path.field("headline");
        checks.one_of(&headline.field("baseline"), &self.headline.baseline, &baselines);
        checks.one_of(&headline.field("technology"), &self.headline.technology, &technologies);
    }
}
