//! The study of every network on both systems.

use rtm_ap::SearchModel;
use schemars::JsonSchema;
use serde::Deserialize;

use super::names::{NetworkName, ProcessorName};
use super::place::FieldPath;
use super::{Checks, Flow, Images};

/// See [`super::Study::Networks`].
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NetworksStudy {
    /// The networks.
    #[schemars(length(min = 1))]
    pub networks: Vec<NetworkPoint>,
    /// The ways to compile them.
    #[schemars(length(min = 1))]
    pub flows: Vec<Flow>,
    /// Technology files of the associative processor.
    #[schemars(with = "Vec<ProcessorName>", length(min = 1))]
    pub technologies: Vec<String>,
    /// How searches are charged; the figure shows the first.
    #[schemars(length(min = 1))]
    pub search_models: Vec<SearchModel>,
    /// The crossbar, with the networks' ternary weights and bits of activation.
    pub crossbar: MatchingCrossbar,
    /// The digital reference, with the networks' ternary weights and bits of activation.
    pub digital: Option<MatchingCrossbar>,
    /// Whether events are expected from the programs and the images' share of set bits instead of executed: for networks whose
    /// execution would take too long.
    #[serde(default)]
    pub expected: bool,
    /// What the weights of trained networks share more than drawn ones.
    pub sharing: Option<TrainedAgainstDrawn>,
    /// What others published of the same kind of network; told in the figure, not compared.
    #[serde(default)]
    pub quoted: Vec<QuotedPoint>,
    /// Whether the figure is the table itself.
    #[serde(default)]
    pub as_table: bool,
}

/// Trained networks, whose operations are counted against those of drawn weights of the same shapes and sparsities.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrainedAgainstDrawn {
    /// The networks.
    #[schemars(with = "Vec<NetworkName>", length(min = 1))]
    pub networks: Vec<String>,
    /// Of the stream that weights are drawn from.
    pub seed: u64,
}

/// An energy that others published.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
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
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NetworkPoint {
    /// The network.
    #[schemars(with = "NetworkName")]
    pub network: String,
    /// The images.
    pub images: Images,
}

/// A crossbar whose weights and activations are those of the network that it computes.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MatchingCrossbar {
    /// The name in tables and figures.
    pub name: String,
    /// The technology file.
    pub technology: String,
    /// The node to scale it to, nm; the file's own if left out.
    pub node_nm: Option<f64>,
}

impl NetworksStudy {
    pub(super) fn check(&self, path: &FieldPath, checks: &mut Checks<'_>) {
        checks.points(&path.field("networks"), &self.networks);
        let technology = |field: &str| path.field(field).field("technology");
        checks.name("crossbar technology", &technology("crossbar"), &self.crossbar.technology);
        if let Some(digital) = &self.digital {
            checks.name("digital technology", &technology("digital"), &digital.technology);
        }
    }
}
