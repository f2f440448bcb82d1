//! What the figures of studies share: colours, marks and quotations.

use figures::{FigureError, Marker, Role};
use tables::Table;

/// The values of a column in the order in which they first occur.
pub fn distinct<T: PartialEq + Copy>(values: &[T]) -> Vec<T> {
    let mut seen = Vec::new();
    for value in values {
        if !seen.contains(value) {
            seen.push(*value);
        }
    }
    seen
}

/// The colour of a technology of the RTM-AP, the same in every figure.
pub fn technology_role(name: &str) -> Role {
    match name {
        "paper-like" => Role::Distinct(0),
        "bare-track" => Role::Distinct(2),
        "conservative" => Role::Distinct(3),
        _ => Role::Distinct(4),
    }
}

/// The colour of the digital reference, the same in every figure.
pub const DIGITAL: Role = Role::Guide;

/// What others published, a sentence each, from the table `quoted`.
pub fn quotations(quoted: &Table) -> Result<Vec<String>, FigureError> {
    let (names, networks, sources) = (quoted.text("name")?, quoted.text("network")?, quoted.text("source")?);
    let (marks, energies) = (quoted.text("mark")?, quoted.real("energy")?);
    let quotation = |row: usize| {
        format!(
            "Quoted, not compared ({}): {}, {}, {} µJ; {}.",
            marks[row],
            names[row],
            networks[row],
            figures::significant(energies[row], 4),
            sources[row]
        )
    };
    Ok((0..quoted.rows()).map(quotation).collect())
}

/// The mark of a search model.
pub fn search_marker(model: &str) -> Marker {
    if model == "match-line" { Marker::Diamond } else { Marker::Disc }
}
