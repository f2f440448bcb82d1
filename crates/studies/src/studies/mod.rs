//! The studies, each in a folder of its own.

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
pub mod sensitivity;
pub mod shift_faults;
