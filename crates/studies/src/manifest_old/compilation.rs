//! Studies of what compiled programs need: operations, features of the hardware, shapes of arrays.

use compiler::lut::Features;
use compiler::{Layout, Sharing};
use rtm_ap::SearchModel;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, de};

use super::machine::{parsed, parsed_list};
use super::names::{Choice, NetworkName, ProcessorName, WeightsName};
use super::place::FieldPath;
use super::{Checks, Flow, Images, MachineSettings};

/// See [`super::Study::Operations`].
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OperationsStudy {
    /// The networks.
    #[schemars(with = "Vec<NetworkName>", length(min = 1))]
    pub networks: Vec<String>,
    /// The ways of sharing.
    #[serde(deserialize_with = "parsed_list")]
    #[schemars(with = "Vec<Choice<Sharing>>", length(min = 1))]
    pub sharing: Vec<Sharing>,
    /// Networks whose layers are also shared across channels as if arrays had no limits.
    #[serde(default)]
    #[schemars(with = "Vec<NetworkName>")]
    pub unlimited: Vec<String>,
    /// What each way of sharing needs on arrays.
    pub on_arrays: Option<OnArrays>,
}

/// Ways of sharing on arrays.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OnArrays {
    /// The networks.
    #[schemars(with = "Vec<NetworkName>", length(min = 1))]
    pub networks: Vec<String>,
    /// The images that feed executed events.
    pub images: Images,
    /// The ways; energies are given relative to the first.
    #[serde(deserialize_with = "parsed_list")]
    #[schemars(with = "Vec<Choice<Sharing>>", length(min = 1))]
    pub sharing: Vec<Sharing>,
    /// The associative processor; its own way of sharing is not used.
    pub machine: MachineSettings,
    /// The technology.
    #[schemars(with = "ProcessorName")]
    pub technology: String,
    /// How searches are charged.
    pub search_model: SearchModel,
}

/// See [`super::Study::HardwareFeatures`].
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HardwareFeaturesStudy {
    /// The network.
    #[schemars(with = "NetworkName")]
    pub network: String,
    /// The images that feed executed events.
    pub images: Images,
    /// The hardware, as it is written in tables.
    #[schemars(with = "Vec<Choice<Features>>", length(min = 1))]
    pub features: Vec<WrittenFeatures>,
    /// The technology.
    #[schemars(with = "ProcessorName")]
    pub technology: String,
    /// How searches are charged.
    #[schemars(length(min = 1))]
    pub search_models: Vec<SearchModel>,
    /// Ways to compile.
    #[schemars(length(min = 1))]
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

/// See [`super::Study::DesignSpace`]. Every combination is a point.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DesignSpaceStudy {
    /// The networks: they differ in sparsity and in the bits of their activations.
    #[schemars(length(min = 1))]
    pub networks: Vec<SpaceNetwork>,
    /// Technology files of the associative processor; the figure shows the first.
    #[schemars(with = "Vec<ProcessorName>", length(min = 1))]
    pub technologies: Vec<String>,
    /// How searches are charged; the figure shows the first.
    #[schemars(length(min = 1))]
    pub search_models: Vec<SearchModel>,
    /// Rows of an array.
    #[schemars(length(min = 1))]
    pub rows: Vec<u64>,
    /// Columns of an array.
    #[schemars(length(min = 1))]
    pub columns: Vec<u64>,
    /// Domains of a track.
    #[schemars(length(min = 1))]
    pub domains: Vec<u64>,
    /// Ways to compile.
    #[schemars(length(min = 1))]
    pub ways: Vec<Way>,
}

/// A network of a design space.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SpaceNetwork {
    /// The network.
    #[schemars(with = "NetworkName")]
    pub network: String,
    /// The images whose set bits events are expected from.
    pub images: Images,
    /// Other weights than its own.
    pub thresholded: Option<Thresholded>,
}

/// Float weights made ternary at another sparsity than that of training. They are not trained again, so that only costs mean anything.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Thresholded {
    /// The checkpoint of float weights among the networks' files, without its extension.
    #[schemars(with = "WeightsName")]
    pub weights: String,
    /// The share of each layer's weights that are made 0.
    pub sparsity: f64,
}

/// A way to compile, whatever the array.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Way {
    /// The name in tables and figures.
    pub name: String,
    /// How subexpressions are shared.
    #[serde(deserialize_with = "parsed")]
    #[schemars(with = "Choice<Sharing>")]
    pub sharing: Sharing,
    /// How words lie in the array.
    #[serde(deserialize_with = "parsed")]
    #[schemars(with = "Choice<Layout>")]
    pub layout: Layout,
    /// The most outputs that one processor computes.
    #[schemars(range(min = 1))]
    pub outputs_per_processor: Option<usize>,
}

impl OperationsStudy {
    pub(super) fn check(&self, path: &FieldPath, checks: &mut Checks<'_>) {
        if let Some(arrays) = &self.on_arrays {
            let path = path.field("on_arrays");
            arrays.networks.iter().for_each(|network| checks.images(&path, network, &arrays.images));
        }
    }
}

impl HardwareFeaturesStudy {
    pub(super) fn check(&self, path: &FieldPath, checks: &mut Checks<'_>) {
        checks.images(path, &self.network, &self.images);
    }
}

impl DesignSpaceStudy {
    pub(super) fn check(&self, path: &FieldPath, checks: &mut Checks<'_>) {
        for (index, point) in self.networks.iter().enumerate() {
            checks.images(&path.field("networks").item(index), &point.network, &point.images);
        }
    }
}
