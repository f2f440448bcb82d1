//! The figures of the experiments, drawn from their tables alone.

mod accuracy;
mod crossbar_validation;
mod energy_parts;
mod energy_ratio;
mod fault_sites;
mod hardware_features;
mod layer_costs;
mod lifetime;
mod networks;
mod operations;
mod sensitivity;
mod shift_faults;

pub use accuracy::accuracies;
pub use crossbar_validation::crossbar_validation;
pub use energy_parts::energy_parts;
pub use energy_ratio::{RatioFocus, energy_ratio};
pub use fault_sites::fault_sites;
pub use hardware_features::hardware_features;
pub use layer_costs::layer_costs;
pub use lifetime::lifetime;
pub use networks::networks;
pub use operations::operations;
pub use sensitivity::{SensitivityFocus, sensitivity};
pub use shift_faults::shift_faults;

use crate::{Marker, Role};

/// The values of a column in the order in which they first occur.
fn distinct<T: PartialEq + Copy>(values: &[T]) -> Vec<T> {
    let mut seen = Vec::new();
    for value in values {
        if !seen.contains(value) {
            seen.push(*value);
        }
    }
    seen
}

/// The colour of a technology of the RTM-AP, the same in every figure.
fn technology_role(name: &str) -> Role {
    match name {
        "paper-like" => Role::Distinct(0),
        "bare-track" => Role::Distinct(2),
        "conservative" => Role::Distinct(3),
        _ => Role::Distinct(4),
    }
}

/// The mark of a search model.
fn search_marker(model: &str) -> Marker {
    if model == "match-line" { Marker::Diamond } else { Marker::Disc }
}
