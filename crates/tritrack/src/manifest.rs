//! Manifests: what an experiment is, in YAML.

mod reliability;

use std::path::{Path, PathBuf};

use compiler::lut::Features;
use compiler::{Geometry, Layout, Options, Sharing};
use crossbar::execution::{ConverterRange, WeightEncoding};
use crossbar::{Gating, ZeroSkipping};
use rtm_ap::{ActivationsAt, SearchModel};
use serde::{Deserialize, Deserializer, de};
use technology::Prior;

pub use reliability::{FaultComparisonStudy, FaultSitesStudy, LifetimeStudy, ShiftFaultStudy};

/// One experiment.
#[derive(Debug, Clone)]
pub struct Manifest {
    /// The name: that of the file, of the results' folder and of the figure.
    pub id: String,
    /// The figure's title.
    pub title: String,
    /// Keys every random stream.
    pub seed: u64,
    /// What is computed.
    pub study: Study,
    /// BLAKE3 of the file.
    pub hash: String,
}

/// What an experiment computes.
#[derive(Debug, Clone)]
pub enum Study {
    /// Operation counts by way of sharing.
    Operations(OperationsStudy),
    /// Energy, latency and area of both systems, layer by layer.
    LayerCosts(CostStudy),
    /// Where the energy goes, in both systems.
    EnergyParts(CostStudy),
    /// The ratio against every baseline, with its spread.
    EnergyRatio(Box<RatioStudy>),
    /// Accuracy against the rate of shift faults.
    ShiftFaults(ShiftFaultStudy),
    /// The crossbar model against measured runs.
    CrossbarValidation(CrossbarValidationStudy),
    /// Every network on both systems.
    Networks(NetworksStudy),
    /// What each parameter's range does to the ratio.
    Sensitivity(SensitivityStudy),
    /// What features of the hardware buy.
    HardwareFeatures(HardwareFeaturesStudy),
    /// Arrays of many shapes.
    DesignSpace(DesignSpaceStudy),
    /// Accuracy, documented and measured, on digital and on analog hardware.
    Accuracy(AccuracyStudy),
    /// How long cells last that are written.
    Lifetime(LifetimeStudy),
    /// What one fault does, by layer and by bit.
    FaultSites(FaultSitesStudy),
    /// Digital faults beside analog non-idealities.
    FaultComparison(FaultComparisonStudy),
}

/// The form of a file: the study stands under its name.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    id: String,
    title: String,
    #[serde(default)]
    seed: u64,
    operations: Option<OperationsStudy>,
    layer_costs: Option<CostStudy>,
    energy_parts: Option<CostStudy>,
    energy_ratio: Option<RatioStudy>,
    shift_faults: Option<ShiftFaultStudy>,
    crossbar_validation: Option<CrossbarValidationStudy>,
    networks: Option<NetworksStudy>,
    sensitivity: Option<SensitivityStudy>,
    hardware_features: Option<HardwareFeaturesStudy>,
    design_space: Option<DesignSpaceStudy>,
    accuracy: Option<AccuracyStudy>,
    lifetime: Option<LifetimeStudy>,
    fault_sites: Option<FaultSitesStudy>,
    fault_comparison: Option<FaultComparisonStudy>,
}

/// The studies' names in a manifest.
const STUDIES: [&str; 14] = [
    "operations",
    "layer_costs",
    "energy_parts",
    "energy_ratio",
    "shift_faults",
    "crossbar_validation",
    "networks",
    "sensitivity",
    "hardware_features",
    "design_space",
    "accuracy",
    "lifetime",
    "fault_sites",
    "fault_comparison",
];

/// See [`Study::DesignSpace`]. Every combination is a point.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DesignSpaceStudy {
    /// The networks: they differ in sparsity and in the bits of their activations.
    pub networks: Vec<SpaceNetwork>,
    /// Technology files of the associative processor; the figure shows the first.
    pub technologies: Vec<String>,
    /// How searches are charged; the figure shows the first.
    pub search_models: Vec<SearchModel>,
    /// Rows of an array.
    pub rows: Vec<u64>,
    /// Columns of an array.
    pub columns: Vec<u64>,
    /// Domains of a track.
    pub domains: Vec<u64>,
    /// Ways to compile.
    pub ways: Vec<Way>,
}

/// A network of a design space.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpaceNetwork {
    /// The network.
    pub network: String,
    /// The images whose set bits events are expected from.
    pub images: Images,
    /// Other weights than its own.
    pub thresholded: Option<Thresholded>,
}

/// Float weights made ternary at another sparsity than that of training. They are not trained again, so that only costs mean anything.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thresholded {
    /// The checkpoint of float weights among the networks' files, without its extension.
    pub weights: String,
    /// The share of each layer's weights that are made 0.
    pub sparsity: f64,
}

/// A way to compile, whatever the array.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Way {
    /// The name in tables and figures.
    pub name: String,
    /// How subexpressions are shared.
    #[serde(deserialize_with = "parsed")]
    pub sharing: Sharing,
    /// How words lie in the array.
    #[serde(deserialize_with = "parsed")]
    pub layout: Layout,
    /// The most outputs that one processor computes.
    pub outputs_per_processor: Option<usize>,
}

fn parsed<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: std::str::FromStr<Err: std::fmt::Display>,
{
    String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
}

/// See [`Study::Accuracy`].
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccuracyStudy {
    /// The networks with the images that they classify; these need labels.
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
    pub confidence: f64,
}

/// A crossbar that computes.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnalogPoint {
    /// The name in tables and figures.
    pub name: String,
    /// The technology file: rows, mapping and converter are taken from it.
    pub technology: String,
    /// How a weight stands in cells.
    pub encoding: WeightEncoding,
    /// What the converters' levels span.
    pub range: ConverterRange,
}

/// See [`Study::HardwareFeatures`].
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HardwareFeaturesStudy {
    /// The network.
    pub network: String,
    /// The images that feed executed events.
    pub images: Images,
    /// The hardware, as it is written in tables.
    pub features: Vec<WrittenFeatures>,
    /// The technology.
    pub technology: String,
    /// How searches are charged.
    pub search_models: Vec<SearchModel>,
    /// Ways to compile.
    pub flows: Vec<Flow>,
}

/// Hardware by the name that tables give it.
#[derive(Debug, Clone, Copy)]
pub struct WrittenFeatures(pub Features);

impl<'de> Deserialize<'de> for WrittenFeatures {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        let known: Vec<Features> = Features::all().chain([Features::FULL_KEYS]).collect();
        let found = known.iter().find(|features| features.to_string() == name);
        found.map(|&features| Self(features)).ok_or_else(|| {
            let names: Vec<String> = known.iter().map(|features| format!("`{features}`")).collect();
            de::Error::custom(format!(
                "`{name}` is no hardware that is known; there are: {}",
                names.join("; ")
            ))
        })
    }
}

/// See [`Study::Operations`].
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OperationsStudy {
    /// The networks.
    pub networks: Vec<String>,
    /// The ways of sharing.
    #[serde(deserialize_with = "sharings")]
    pub sharing: Vec<Sharing>,
    /// Networks whose layers are also shared across channels as if arrays had no limits.
    #[serde(default)]
    pub unlimited: Vec<String>,
    /// What each way of sharing needs on arrays.
    pub on_arrays: Option<OnArrays>,
}

/// Ways of sharing on arrays.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OnArrays {
    /// The networks.
    pub networks: Vec<String>,
    /// The images that feed executed events.
    pub images: Images,
    /// The ways; energies are given relative to the first.
    #[serde(deserialize_with = "sharings")]
    pub sharing: Vec<Sharing>,
    /// The associative processor; its own way of sharing is not used.
    pub machine: MachineSettings,
    /// The technology.
    pub technology: String,
    /// How searches are charged.
    pub search_model: SearchModel,
}

/// See [`Study::LayerCosts`] and [`Study::EnergyParts`].
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CostStudy {
    /// The network.
    pub network: String,
    /// The images that feed executed events.
    pub images: Images,
    /// The associative processor.
    pub machine: MachineSettings,
    /// Technology files of the associative processor.
    pub technologies: Vec<String>,
    /// How searches are charged.
    pub search_models: Vec<SearchModel>,
    /// The crossbars to compare with.
    pub crossbars: Vec<CrossbarPoint>,
    /// What the figure shows.
    #[serde(default)]
    pub shown: Shown,
}

/// What a figure of layers shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shown {
    /// Energy.
    #[default]
    Energy,
    /// Latency.
    Latency,
}

/// See [`Study::EnergyRatio`].
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RatioStudy {
    /// The network.
    pub network: String,
    /// The images that feed executed events.
    pub images: Images,
    /// The associative processor.
    pub machine: MachineSettings,
    /// Technology files of the associative processor.
    pub technologies: Vec<String>,
    /// How searches are charged.
    pub search_models: Vec<SearchModel>,
    /// The ratio that the claim states.
    pub claimed_ratio: f64,
    /// Draws from the parameters' ranges.
    pub draws: u64,
    /// How parameters are drawn; the figure's first panel shows the first.
    #[serde(default = "both_priors")]
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
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReplicationPlan {
    /// Flows of the study, by name.
    pub flows: Vec<String>,
    /// The most outputs that one processor computes; 0 for as many as fit.
    pub outputs_per_processor: Vec<usize>,
}

/// A map of the ratio over the energies of a shift and of a search.
#[derive(Debug, Clone, Deserialize)]
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
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogRange {
    /// The first.
    pub low: f64,
    /// The last.
    pub high: f64,
    /// How many.
    pub steps: usize,
}

/// A shift's and a search's energy together.
#[derive(Debug, Clone, Deserialize)]
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

/// A digital reference.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DigitalPoint {
    /// The name in tables and figures.
    pub name: String,
    /// The technology file.
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
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

/// A way to compile, by name.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flow {
    /// The name in tables and figures.
    pub name: String,
    /// The associative processor and the compiler's options.
    pub machine: MachineSettings,
    /// Where activations are requantized and pooled; at the periphery if left out.
    #[serde(default, deserialize_with = "activations_at")]
    pub activations: ActivationsAt,
}

fn activations_at<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ActivationsAt, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
}

/// Which of a study's points the summary names.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Headline {
    /// The baseline's name.
    pub baseline: String,
    /// The technology.
    pub technology: String,
    /// The search model.
    pub search_model: SearchModel,
}

/// See [`Study::CrossbarValidation`].
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CrossbarValidationStudy {
    /// The folder of measured runs among the references.
    pub references: String,
}

/// See [`Study::Networks`].
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworksStudy {
    /// The networks.
    pub networks: Vec<NetworkPoint>,
    /// The ways to compile them.
    pub flows: Vec<Flow>,
    /// Technology files of the associative processor.
    pub technologies: Vec<String>,
    /// How searches are charged; the figure shows the first.
    pub search_models: Vec<SearchModel>,
    /// The crossbar, with the networks' ternary weights and bits of activation.
    pub crossbar: MatchingCrossbar,
    /// The digital reference, with the networks' ternary weights and bits of activation.
    pub digital: Option<MatchingCrossbar>,
    /// What others published of the same kind of network; told in the figure, not compared.
    #[serde(default)]
    pub quoted: Vec<QuotedPoint>,
    /// Whether the figure is the table itself.
    #[serde(default)]
    pub as_table: bool,
}

/// An energy that others published.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuotedPoint {
    /// Whose.
    pub name: String,
    /// Of which kind of network.
    pub network: String,
    /// Energy of one inference, µJ.
    pub energy_uj: f64,
    /// How far it can be trusted.
    pub mark: technology::Mark,
    /// Where it comes from.
    pub source: String,
}

/// A network with the images that feed executed events.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkPoint {
    /// The network.
    pub network: String,
    /// The images.
    pub images: Images,
}

/// A crossbar whose weights and activations are those of the network that it computes.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MatchingCrossbar {
    /// The name in tables and figures.
    pub name: String,
    /// The technology file.
    pub technology: String,
    /// The node to scale it to, nm; the file's own if left out.
    pub node_nm: Option<f64>,
}

/// See [`Study::Sensitivity`].
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SensitivityStudy {
    /// The network.
    pub network: String,
    /// The images that feed executed events.
    pub images: Images,
    /// The associative processor.
    pub machine: MachineSettings,
    /// The technology file of the associative processor.
    pub technology: String,
    /// How searches are charged.
    pub search_model: SearchModel,
    /// The crossbar to compare with.
    pub crossbar: CrossbarPoint,
    /// The ratio that the claim states.
    pub claimed_ratio: f64,
    /// How many parameters the figure shows, the widest swings first.
    pub shown: usize,
}

/// Where images come from.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Images {
    /// The set.
    pub set: ImageSource,
    /// Whose golden inputs, where the network has none of its own.
    pub of: Option<String>,
    /// How many, from the first on.
    pub count: usize,
}

/// The image sets of the workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ImageSource {
    /// The inputs of the network's golden vectors.
    Golden,
    /// Fashion-MNIST's test images.
    FashionMnist,
    /// CIFAR-10's test images, from a folder that the user names: they may not be carried here.
    Cifar10,
}

impl ImageSource {
    /// The name of the data that the user has to bring, if it is such.
    pub const fn users_data(self) -> Option<UsersData> {
        match self {
            Self::Golden | Self::FashionMnist => None,
            Self::Cifar10 => Some(UsersData::Cifar10),
        }
    }
}

/// Data that may not be carried in the repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, clap::ValueEnum)]
pub enum UsersData {
    /// CIFAR-10: the folder of its binary version, or of the file `cifar10-jpeg-test-2000.safetensors`.
    Cifar10,
}

impl UsersData {
    /// The name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cifar10 => "cifar10",
        }
    }
}

/// The array and the compiler's options.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MachineSettings(pub Options);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenMachine {
    rows: u64,
    columns: u64,
    domains: u64,
    sharing: String,
    layout: String,
    outputs_per_processor: Option<usize>,
}

impl<'de> Deserialize<'de> for MachineSettings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = WrittenMachine::deserialize(deserializer)?;
        let geometry =
            Geometry::new(written.rows, written.columns, written.domains).map_err(de::Error::custom)?;
        let sharing = written.sharing.parse().map_err(de::Error::custom)?;
        let layout = written.layout.parse().map_err(de::Error::custom)?;
        if written.outputs_per_processor == Some(0) {
            return Err(de::Error::custom("outputs_per_processor must be at least 1"));
        }
        Ok(Self(Options { geometry, sharing, layout, outputs_per_processor: written.outputs_per_processor }))
    }
}

fn sharings<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Sharing>, D::Error> {
    let names = Vec::<String>::deserialize(deserializer)?;
    names.iter().map(|name| name.parse().map_err(de::Error::custom)).collect()
}

/// One crossbar that the model computes.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CrossbarPoint {
    /// The name in tables and figures.
    pub name: String,
    /// The technology file.
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, clap::ValueEnum)]
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

/// A baseline whose energy others measured or published.
#[derive(Debug, Clone, Deserialize)]
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

/// What is wrong with a manifest.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// It cannot be read.
    #[error("{}: cannot be read: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A field is missing, unknown or of the wrong kind.
    #[error("{}:{line}:{column}: {message}{snippet}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// Counted from 1.
        column: usize,
        /// What was found and what was expected.
        message: String,
        /// The line, with a mark under the place; empty if the place is not known.
        snippet: String,
    },
    /// A value cannot be.
    #[error("{}: {message}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What was found and what was expected.
        message: String,
    },
}

impl Manifest {
    /// Reads a manifest.
    ///
    /// # Errors
    /// If the file cannot be read or is not a manifest.
    pub fn load(path: &Path) -> Result<Self, ManifestError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ManifestError::Unreadable { path: path.to_owned(), source })?;
        Self::parse(&text, path)
    }

    /// Reads a manifest's text; `path` is for messages, and its stem has to be the manifest's id.
    ///
    /// # Errors
    /// If the text is not a manifest.
    pub fn parse(text: &str, path: &Path) -> Result<Self, ManifestError> {
        let written: Written = parse_yaml(text, path)?;
        let invalid = |message: String| ManifestError::Invalid { path: path.to_owned(), message };
        let studies = [
            written.operations.map(Study::Operations),
            written.layer_costs.map(Study::LayerCosts),
            written.energy_parts.map(Study::EnergyParts),
            written.energy_ratio.map(|study| Study::EnergyRatio(Box::new(study))),
            written.shift_faults.map(Study::ShiftFaults),
            written.crossbar_validation.map(Study::CrossbarValidation),
            written.networks.map(Study::Networks),
            written.sensitivity.map(Study::Sensitivity),
            written.hardware_features.map(Study::HardwareFeatures),
            written.design_space.map(Study::DesignSpace),
            written.accuracy.map(Study::Accuracy),
            written.lifetime.map(Study::Lifetime),
            written.fault_sites.map(Study::FaultSites),
            written.fault_comparison.map(Study::FaultComparison),
        ];
        let mut studies: Vec<Study> = studies.into_iter().flatten().collect();
        let (Some(study), None) = (studies.pop(), studies.pop()) else {
            return Err(invalid(format!(
                "a manifest has exactly one study; there are: {}",
                STUDIES.join(", ")
            )));
        };
        let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        if written.id != stem {
            return Err(invalid(format!("the id is `{}`; expected the file's name, `{stem}`", written.id)));
        }
        study.check().map_err(invalid)?;
        let hash = blake3::hash(text.as_bytes()).to_hex().to_string();
        Ok(Self { id: written.id, title: written.title, seed: written.seed, study, hash })
    }
}

impl Study {
    /// Data that the user has to bring for it.
    pub fn users_data(&self) -> Vec<UsersData> {
        let points: &[NetworkPoint] = match self {
            Self::Accuracy(study) => &study.networks,
            Self::Networks(study) => &study.networks,
            _ => &[],
        };
        points.iter().filter_map(|point| point.images.set.users_data()).collect()
    }

    /// Whether it consists of Monte Carlo trials that can be run in parts.
    pub const fn has_trials(&self) -> bool {
        matches!(self, Self::ShiftFaults(_) | Self::FaultSites(_))
    }

    fn check(&self) -> Result<(), String> {
        match self {
            Self::Operations(study) => {
                some(&study.networks, "operations.networks")?;
                some(&study.sharing, "operations.sharing")?;
                let Some(arrays) = &study.on_arrays else { return Ok(()) };
                some(&arrays.networks, "operations.on_arrays.networks")?;
                some(&arrays.sharing, "operations.on_arrays.sharing")?;
                arrays.images.check()
            }
            Self::LayerCosts(study) | Self::EnergyParts(study) => {
                some(&study.technologies, "technologies")?;
                some(&study.search_models, "search_models")?;
                some(&study.crossbars, "crossbars")?;
                study.images.check()
            }
            Self::EnergyRatio(study) => {
                some(&study.technologies, "energy_ratio.technologies")?;
                some(&study.search_models, "energy_ratio.search_models")?;
                study.images.check()?;
                if study.draws < 100 {
                    return Err(format!(
                        "energy_ratio.draws is {}; expected at least 100, so that 5 % and 95 % points mean something",
                        study.draws
                    ));
                }
                some(&study.priors, "energy_ratio.priors")?;
                for (flows, field) in [
                    (study.replication.as_ref().map(|plan| &plan.flows), "replication"),
                    (study.break_even.as_ref().map(|plan| &plan.flows), "break_even"),
                ] {
                    let known: Vec<&str> = study.flows.iter().map(|flow| flow.name.as_str()).collect();
                    let flows = flows.into_iter().flatten();
                    if let Some(flow) = flows.into_iter().find(|flow| !known.contains(&flow.as_str())) {
                        return Err(format!(
                            "energy_ratio.{field}.flows names `{flow}`; expected one of: {}",
                            known.join(", ")
                        ));
                    }
                }
                for range in study.break_even.iter().flat_map(|plan| [plan.shift_pj, plan.search_fj]) {
                    if !(range.low > 0.0 && range.high > range.low && range.steps >= 2) {
                        return Err(format!(
                            "energy_ratio.break_even: {} to {} in {} steps; expected an ascending range above zero in at least 2",
                            range.low, range.high, range.steps
                        ));
                    }
                }
                for point in &study.published {
                    if point.energy_uj.is_some() == point.measured_case.is_some() {
                        return Err(format!(
                            "published baseline `{}`: give either energy_uj or measured_case",
                            point.name
                        ));
                    }
                }
                let names: Vec<&str> = (study.crossbars.iter().map(|point| point.name.as_str()))
                    .chain(study.digital.iter().map(|point| point.name.as_str()))
                    .chain(study.published.iter().map(|point| point.name.as_str()))
                    .collect();
                some(&names, "energy_ratio.crossbars")?;
                let headline = &study.headline;
                if !names.contains(&headline.baseline.as_str()) {
                    return Err(format!(
                        "energy_ratio.headline.baseline is `{}`; expected one of: {}",
                        headline.baseline,
                        names.join(", ")
                    ));
                }
                if !study.technologies.contains(&headline.technology) {
                    return Err(format!(
                        "energy_ratio.headline.technology is `{}`; expected one of: {}",
                        headline.technology,
                        study.technologies.join(", ")
                    ));
                }
                Ok(())
            }
            Self::CrossbarValidation(_) => Ok(()),
            Self::DesignSpace(study) => {
                some(&study.networks, "design_space.networks")?;
                some(&study.technologies, "design_space.technologies")?;
                some(&study.search_models, "design_space.search_models")?;
                some(&study.ways, "design_space.ways")?;
                for (list, field) in
                    [(&study.rows, "rows"), (&study.columns, "columns"), (&study.domains, "domains")]
                {
                    some(list, &format!("design_space.{field}"))?;
                }
                study.networks.iter().try_for_each(|point| point.images.check())
            }
            Self::Accuracy(study) => {
                some(&study.networks, "accuracy.networks")?;
                confidence(study.confidence, "accuracy.confidence")?;
                if !study.crossbars.is_empty() && study.crossbar_images == 0 {
                    return Err("accuracy.crossbar_images is 0; expected at least 1".into());
                }
                study.networks.iter().try_for_each(|point| point.images.check())
            }
            Self::HardwareFeatures(study) => {
                some(&study.features, "hardware_features.features")?;
                some(&study.search_models, "hardware_features.search_models")?;
                some(&study.flows, "hardware_features.flows")?;
                study.images.check()
            }
            Self::Sensitivity(study) => {
                if study.shown == 0 {
                    return Err("sensitivity.shown is 0; expected at least 1".into());
                }
                study.images.check()
            }
            Self::Networks(study) => {
                some(&study.networks, "networks.networks")?;
                some(&study.flows, "networks.flows")?;
                some(&study.technologies, "networks.technologies")?;
                some(&study.search_models, "networks.search_models")?;
                study.networks.iter().try_for_each(|point| point.images.check())
            }
            Self::ShiftFaults(study) => study.check(),
            Self::Lifetime(study) => study.check(),
            Self::FaultSites(study) => study.check(),
            Self::FaultComparison(study) => study.check(),
        }
    }
}

impl Images {
    fn check(&self) -> Result<(), String> {
        if self.of.is_some() && self.set != ImageSource::Golden {
            return Err("images.of names whose golden inputs to take; it goes with `set: golden` only".into());
        }
        if self.count == 0 { Err("images.count is 0; expected at least 1".into()) } else { Ok(()) }
    }
}

fn confidence(found: f64, field: &str) -> Result<(), String> {
    let inside = found > 0.0 && found < 1.0;
    if inside { Ok(()) } else { Err(format!("{field} is {found}; expected between 0 and 1, such as 0.95")) }
}

fn some<T>(list: &[T], field: &str) -> Result<(), String> {
    if list.is_empty() { Err(format!("{field} is empty; expected at least one")) } else { Ok(()) }
}

/// Reads a YAML text; `path` is for messages.
///
/// # Errors
/// If it is not of the form of `T`, with the place.
pub fn parse_yaml<T: de::DeserializeOwned>(text: &str, path: &Path) -> Result<T, ManifestError> {
    serde_yaml::from_str(text).map_err(|error| malformed(text, path, &error))
}

fn malformed(text: &str, path: &Path, error: &serde_yaml::Error) -> ManifestError {
    let (line, column) = error.location().map_or((0, 0), |place| (place.line(), place.column()));
    let message = error.to_string();
    // The library repeats the place at the end of its message.
    let message = message.split(" at line ").next().unwrap_or(&message).to_owned();
    let snippet = text.lines().nth(line.wrapping_sub(1)).map_or_else(String::new, |source| {
        let mark = " ".repeat(column.saturating_sub(1));
        format!("\n{line:>5} | {source}\n      | {mark}^")
    });
    ManifestError::Malformed { path: path.to_owned(), line, column, message, snippet }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "id: fig2\ntitle: Operations\noperations:\n  networks: [a]\n  sharing: [none]\n";

    fn message(text: &str) -> String {
        Manifest::parse(text, Path::new("experiments/fig2.yaml")).unwrap_err().to_string()
    }

    #[test]
    fn a_manifest_is_read_whole() {
        let manifest = Manifest::parse(GOOD, Path::new("experiments/fig2.yaml")).unwrap();
        assert_eq!(manifest.id, "fig2");
        assert!(matches!(manifest.study, Study::Operations(_)));
    }

    #[test]
    fn a_typo_is_shown_in_its_line() {
        let message = message(&GOOD.replace("networks", "netwroks"));
        assert!(
            message.starts_with("experiments/fig2.yaml:4:3: operations: unknown field `netwroks`"),
            "{message}"
        );
        assert!(message.contains("    4 |   netwroks: [a]\n      |   ^"), "{message}");
    }

    #[test]
    fn what_a_field_may_hold_is_said() {
        assert!(message(&GOOD.replace("[none]", "[some]")).contains("there are: none, per-channel"));
        assert!(message(&GOOD.replace("[a]", "[]")).contains("operations.networks is empty"));
        assert!(
            message(&GOOD.replace("fig2", "fig3"))
                .contains("the id is `fig3`; expected the file's name, `fig2`")
        );
        assert!(message("id: fig2\ntitle: a\n").contains("exactly one study"));
    }
}
