//! The studies: each turns a manifest's part into tables, a figure and the lines that sum it up.

mod accuracy;
pub mod costs;
mod crossbar_validation;
mod design_space;
mod drawn_weights;
mod draws;
mod energy_parts;
mod energy_ratio;
mod expectation;
pub mod fault_columns;
pub mod fault_comparison;
mod fault_sites;
mod hardware_features;
mod layer_costs;
mod lifetime;
mod networks;
mod operations;
mod runs;
mod sensitivity;
mod shift_faults;

use figures::Figure;
use tables::Table;

use crate::error::RunError;
use crate::manifest::{Manifest, Study};
use crate::models::Models;
use crate::progress::Progress;

pub use runs::{other_stages, runs};

/// What a study gives.
pub struct Outcome {
    /// The results.
    pub tables: Vec<Table>,
    /// The picture of them.
    pub figure: Figure,
    /// What they say, a line each.
    pub summary: Vec<String>,
}

/// Runs a manifest's study.
///
/// # Errors
/// If an input is missing or wrong, or a model refuses.
pub fn run(manifest: &Manifest, models: &Models<'_>, progress: &Progress) -> Result<Outcome, RunError> {
    match &manifest.study {
        Study::Operations(study) => operations::run(manifest, study, models, progress),
        Study::LayerCosts(study) => layer_costs::run(manifest, study, models, progress),
        Study::EnergyParts(study) => energy_parts::run(manifest, study, models, progress),
        Study::EnergyRatio(study) => energy_ratio::run(manifest, study, models, progress),
        Study::ShiftFaults(study) => shift_faults::run(manifest, study, models, progress),
        Study::CrossbarValidation(study) => crossbar_validation::run(manifest, study, models),
        Study::Networks(study) => networks::run(manifest, study, models, progress),
        Study::HardwareFeatures(study) => hardware_features::run(manifest, study, models, progress),
        Study::DesignSpace(study) => design_space::run(manifest, study, models, progress),
        Study::Accuracy(study) => accuracy::run(manifest, study, models, progress),
        Study::Lifetime(study) => lifetime::run(manifest, study, models),
        Study::FaultComparison(study) => fault_comparison::run(manifest, study, models, progress),
        Study::FaultSites(study) => fault_sites::run(manifest, study, models, progress),
        Study::Sensitivity(study) => sensitivity::run(manifest, study, models, progress),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::simulate;

    /// Set to anything to rewrite the page.
    const REWRITE: &str = "TRITRACK_REWRITE_EXPECTATIONS";

    #[test]
    fn the_page_of_tables_says_what_the_tables_are() {
        let page = tables::schema_page(&[
            &operations::OPERATIONS,
            &operations::ON_ARRAYS,
            &layer_costs::LAYERS,
            &energy_parts::PARTS,
            &energy_ratio::RATIOS,
            &energy_ratio::SYSTEMS,
            &energy_ratio::flows::FLOWS,
            &energy_ratio::replication::REPLICATION,
            &energy_ratio::break_even::BREAK_EVEN,
            &shift_faults::ACCURACY,
            &shift_faults::PROTECTION,
            &shift_faults::AGREEMENT,
            &lifetime::LIFETIMES,
            &lifetime::WEAR,
            &fault_comparison::COMPARISON,
            &fault_sites::BY_LAYER,
            &fault_sites::BY_BIT,
            &crate::trials::RECORDS,
            &crate::commands::inject::INJECTION,
            &crate::commands::import::NODES,
            &crate::commands::quantize::QUANTIZATION,
            &crossbar_validation::COMPARISONS,
            &crossbar_validation::COMPONENTS,
            &networks::NETWORKS,
            &expectation::EXPECTATIONS,
            &networks::QUOTED,
            &drawn_weights::DRAWN_WEIGHTS,
            &design_space::POINTS,
            &sensitivity::SENSITIVITY,
            &hardware_features::SCHEDULES,
            &hardware_features::HARDWARE,
            &hardware_features::SEGMENTS,
            &accuracy::ACCURACIES,
            &crate::claims::CLAIMS,
            &crate::commands::crossbar::CROSSBAR_LAYERS,
            &crate::commands::list::EXPERIMENTS,
            &crate::commands::plan::PLAN,
            &crate::commands::status::STATUS,
            &crate::comparison::CHANGES,
            &simulate::SIMULATION,
            &simulate::PASSES,
            &simulate::PROCESSORS,
            &simulate::TRACE,
        ]);
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/tables.md");
        if std::env::var_os(REWRITE).is_some() {
            std::fs::write(&path, &page).unwrap();
        }
        let written = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(written, page, "set {REWRITE}=1 to rewrite {}", path.display());
    }
}
