//! The studies, each in a folder of its own.

use workspace::StudyKind;

pub mod accounting;
pub mod accuracy;
pub mod crossbar_validation;
pub mod design_space;
pub mod energy_parts;
pub mod energy_ratio;
pub mod fault_comparison;
pub mod fault_sites;
pub mod hardware_features;
pub mod layer_costs;
pub mod lifetime;
pub mod networks;
pub mod operations;
pub mod optimization;
pub mod sensitivity;
pub mod shift_faults;

/// The kinds of studies, in the order in which they are told. A new one is its folder, its `mod` above, and its line here.
pub static STUDIES: &[StudyKind] = &[
    StudyKind::of::<operations::OperationsStudy>(),
    StudyKind::of::<layer_costs::LayerCostsStudy>(),
    StudyKind::of::<energy_parts::EnergyPartsStudy>(),
    StudyKind::of::<energy_ratio::RatioStudy>(),
    StudyKind::of::<accounting::AccountingStudy>(),
    StudyKind::of::<shift_faults::ShiftFaultStudy>(),
    StudyKind::of::<crossbar_validation::CrossbarValidationStudy>(),
    StudyKind::of::<networks::NetworksStudy>(),
    StudyKind::of::<sensitivity::SensitivityStudy>(),
    StudyKind::of::<hardware_features::HardwareFeaturesStudy>(),
    StudyKind::of::<design_space::DesignSpaceStudy>(),
    StudyKind::of::<optimization::OptimizationStudy>(),
    StudyKind::of::<accuracy::AccuracyStudy>(),
    StudyKind::of::<lifetime::LifetimeStudy>(),
    StudyKind::of::<fault_sites::FaultSitesStudy>(),
    StudyKind::of::<fault_comparison::FaultComparisonStudy>(),
];
