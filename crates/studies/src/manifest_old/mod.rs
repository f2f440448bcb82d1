//! Manifests: what an experiment is, in YAML.
//!
//! A file is read in two passes. The first holds it against the JSON Schema of its type and reports everything that differs,
//! names of files that are not there included. Only a file in which nothing differs becomes values, and they are checked for
//! what no schema can say. Every message has its place.

mod accuracy;
mod baselines;
mod checks;
mod compilation;
mod document;
mod energy;
mod error;
mod images;
mod library;
mod machine;
mod names;
mod networks;
mod place;
mod reliability;
mod validate;

use std::path::Path;

use schemars::JsonSchema;
use serde::Deserialize;

pub use accuracy::{AccuracyStudy, AnalogPoint};
pub use baselines::{CrossbarPoint, CrossbarValidationStudy, DigitalPoint, WeightPrecision};
use checks::Checks;
pub use compilation::{
    DesignSpaceStudy, HardwareFeaturesStudy, OnArrays, OperationsStudy, SpaceNetwork, Thresholded,
};
pub use document::Document;
pub use energy::{BreakEvenPlan, CostStudy, LogRange, PublishedPoint, RatioStudy, SensitivityStudy, Shown};
pub use error::ManifestError;
pub use images::{ImageSource, Images, UsersData};
use library::Library;
pub use machine::{Flow, MachineSettings};
pub use networks::{MatchingCrossbar, NetworkPoint, NetworksStudy, TrainedAgainstDrawn};
pub use place::FieldPath;
use place::{Node, Scalar, Value};
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

/// An experiment: exactly one study, which stands under its name.
#[derive(Deserialize, JsonSchema)]
#[schemars(title = "Tritrack experiment")]
#[serde(deny_unknown_fields)]
pub struct WrittenManifest {
    /// The name of the experiment, and of its file.
    id: String,
    /// The title of the figure.
    title: String,
    #[serde(default)]
    /// Keys every random stream.
    seed: u64,
    /// Operation counts by way of sharing.
    operations: Option<OperationsStudy>,
    /// Energy, latency and area of both systems, layer by layer.
    layer_costs: Option<CostStudy>,
    /// Where the energy goes, in both systems.
    energy_parts: Option<CostStudy>,
    /// The ratio against every baseline, with its spread.
    energy_ratio: Option<RatioStudy>,
    /// Accuracy against the rate of shift faults.
    shift_faults: Option<ShiftFaultStudy>,
    /// The crossbar model against measured runs.
    crossbar_validation: Option<CrossbarValidationStudy>,
    /// Every network on both systems.
    networks: Option<NetworksStudy>,
    /// What each parameter's range does to the ratio.
    sensitivity: Option<SensitivityStudy>,
    /// What features of the hardware buy.
    hardware_features: Option<HardwareFeaturesStudy>,
    /// Arrays of many shapes.
    design_space: Option<DesignSpaceStudy>,
    /// Accuracy, documented and measured, on digital and on analog hardware.
    accuracy: Option<AccuracyStudy>,
    /// How long cells last that are written.
    lifetime: Option<LifetimeStudy>,
    /// What one fault does, by layer and by bit.
    fault_sites: Option<FaultSitesStudy>,
    /// Digital faults beside analog non-idealities.
    fault_comparison: Option<FaultComparisonStudy>,
}

/// The fields of a manifest that are no study.
const NO_STUDIES: [&str; 3] = ["id", "title", "seed"];

impl Manifest {
    /// Reads a manifest. What it names has to lie in the folders beside it.
    ///
    /// # Errors
    /// If the file cannot be read or is not a manifest.
    pub fn load(path: &Path) -> Result<Self, ManifestError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ManifestError::Unreadable { path: path.to_owned(), source })?;
        Self::read(&text, path, Some(&Library::beside(path)))
    }

    /// Reads a manifest's text; `path` is for messages, and its stem has to be the manifest's id. Names of files are not looked up.
    ///
    /// # Errors
    /// If the text is not a manifest.
    #[cfg(test)]
    pub fn parse(text: &str, path: &Path) -> Result<Self, ManifestError> {
        Self::read(text, path, None)
    }

    fn read(text: &str, path: &Path, library: Option<&Library>) -> Result<Self, ManifestError> {
        let mut document = Document::parse(text, path)?;
        let schema = document.validate::<WrittenManifest>(library);
        let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        if let Some(Value::Scalar(Scalar::Text(id))) = document.root().field("id").map(|node| &node.value)
            && *id != stem
        {
            let message = format!("the id is `{id}`; expected the file's name, `{stem}`");
            document.report(&FieldPath::of("id"), message);
        }
        let fields = schema.pointer("/properties").and_then(serde_json::Value::as_object);
        let studies: Vec<&str> =
            fields.into_iter().flat_map(|fields| fields.keys().map(String::as_str)).collect();
        if let Some(message) = not_one_study(document.root(), &studies) {
            document.report(&FieldPath::default(), message);
        }
        let written: WrittenManifest = document.values()?;
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
        // There is one: the fields were counted. It may be null, though.
        let Some(study) = studies.into_iter().flatten().next() else {
            document.report(&FieldPath::default(), "the study is empty".to_owned());
            return Err(document.rejection());
        };
        let mut checks = Checks::new(library);
        study.check(&mut checks);
        document.reject_if_any(checks.into_found())?;
        let hash = blake3::hash(text.as_bytes()).to_hex().to_string();
        Ok(Self { id: written.id, title: written.title, seed: written.seed, study, hash })
    }
}

/// What is wrong with the number of studies. Nothing, where a name is unknown: it may be meant for one, and is told.
fn not_one_study(root: &Node, known: &[&str]) -> Option<String> {
    let Value::Fields(fields) = &root.value else { return None };
    if fields.iter().any(|(key, _)| !known.contains(&key.name.as_str())) {
        return None;
    }
    let is_study = |name: &&str| !NO_STUDIES.contains(name);
    let found: Vec<&str> = fields.iter().map(|(key, _)| key.name.as_str()).filter(is_study).collect();
    let studies: Vec<&str> = known.iter().copied().filter(is_study).collect();
    match found.len() {
        1 => None,
        0 => Some(format!("a manifest has exactly one study; there are: {}", studies.join(", "))),
        _ => Some(format!("a manifest has exactly one study; here are {}", found.join(" and "))),
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

    /// The names of these data, each once; `None` if it needs none.
    pub fn users_data_named(&self) -> Option<String> {
        let mut names: Vec<&str> = self.users_data().iter().map(|data| data.name()).collect();
        names.dedup();
        (!names.is_empty()).then(|| names.join(", "))
    }

    /// Whether it consists of Monte Carlo trials that can be run in parts.
    pub const fn has_trials(&self) -> bool {
        matches!(self, Self::ShiftFaults(_) | Self::FaultSites(_))
    }

    fn check(&self, checks: &mut Checks<'_>) {
        let of = FieldPath::of;
        match self {
            Self::Operations(study) => study.check(&of("operations"), checks),
            Self::LayerCosts(study) => study.check(&of("layer_costs"), checks),
            Self::EnergyParts(study) => study.check(&of("energy_parts"), checks),
            Self::EnergyRatio(study) => study.check(&of("energy_ratio"), checks),
            Self::ShiftFaults(study) => study.check(&of("shift_faults"), checks),
            Self::CrossbarValidation(_) => {}
            Self::Networks(study) => study.check(&of("networks"), checks),
            Self::Sensitivity(study) => study.check(&of("sensitivity"), checks),
            Self::HardwareFeatures(study) => study.check(&of("hardware_features"), checks),
            Self::DesignSpace(study) => study.check(&of("design_space"), checks),
            Self::Accuracy(study) => study.check(&of("accuracy"), checks),
            Self::Lifetime(study) => study.check(&of("lifetime"), checks),
            Self::FaultSites(study) => study.check(&of("fault_sites"), checks),
            Self::FaultComparison(study) => study.check(&of("fault_comparison"), checks),
        }
    }
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

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(
            edits in proptest::collection::vec((0_usize..4000, 0_usize..40, ".{0,6}|[\\[\\]{}:&*!|>'\"#,\n -]{1,4}"), 1..6)
        ) {
            let mut text: Vec<char> = include_str!("../../../../experiments/fig10.yaml").chars().collect();
            for (at, removed, inserted) in edits {
                let start = at.min(text.len());
                let end = (start + removed).min(text.len());
                text.splice(start..end, inserted.chars());
            }
            let text: String = text.into_iter().collect();
            if let Err(error) = Manifest::parse(&text, Path::new("experiments/fig10.yaml")) {
                proptest::prop_assert!(error.to_string().starts_with("experiments/fig10.yaml:"), "{error}");
            }
        }
    }
}
