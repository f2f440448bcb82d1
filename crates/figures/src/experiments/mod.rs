//! The figures of the experiments, drawn from their tables alone.

mod accuracy;
mod crossbar_validation;
mod design_space;
mod energy_parts;
mod energy_ratio;
mod fault_comparison;
mod fault_sites;
mod hardware_features;
mod layer_costs;
mod lifetime;
mod network_table;
mod networks;
mod operations;
mod sensitivity;
mod shift_faults;

pub use accuracy::accuracies;
pub use crossbar_validation::crossbar_validation;
pub use design_space::{SpaceFocus, design_space};
pub use energy_parts::energy_parts;
pub use energy_ratio::{NamedPoint, RatioFocus, RatioTables, energy_ratio};
pub use fault_comparison::fault_comparison;
pub use fault_sites::fault_sites;
pub use hardware_features::hardware_features;
pub use layer_costs::{LayerQuantity, layer_costs};
pub use lifetime::lifetime;
pub use network_table::network_table;
pub use networks::{networks, networks_from_shapes};
pub use operations::operations;
pub use sensitivity::{SensitivityFocus, sensitivity};
pub use shift_faults::shift_faults;

use tables::Table;

use crate::{FigureError, Marker, Role};

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

/// The colour of the digital reference, the same in every figure.
const DIGITAL: Role = Role::Guide;

/// What others published, a sentence each, from the table `quoted`.
fn quotations(quoted: &Table) -> Result<Vec<String>, FigureError> {
    let (names, networks, sources) = (quoted.text("name")?, quoted.text("network")?, quoted.text("source")?);
    let (marks, energies) = (quoted.text("mark")?, quoted.real("energy")?);
    let quotation = |row: usize| {
        format!(
            "Quoted, not compared ({}): {}, {}, {} µJ; {}.",
            marks[row],
            names[row],
            networks[row],
            crate::significant(energies[row], 4),
            sources[row]
        )
    };
    Ok((0..quoted.rows()).map(quotation).collect())
}

/// The mark of a search model.
fn search_marker(model: &str) -> Marker {
    if model == "match-line" { Marker::Diamond } else { Marker::Disc }
}
