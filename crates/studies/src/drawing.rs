//! What the figures of studies share: the order of what they tell apart, colours and marks.

use figures::{Marker, Role};

/// The values in the order in which they first occur.
pub fn distinct<T: PartialEq>(values: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut seen = Vec::new();
    for value in values {
        if !seen.contains(&value) {
            seen.push(value);
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

/// The mark of a search model.
pub fn search_marker(model: &str) -> Marker {
    if model == "match-line" { Marker::Diamond } else { Marker::Disc }
}

/// The colour of a part of the energy, the same in every figure.
pub fn part_role(part: &str) -> Role {
    match part {
        "search" => Role::Search,
        "write" => Role::Write,
        "read" => Role::Array,
        "shift" => Role::Shift,
        "program" => Role::Program,
        "movement" => Role::Movement,
        "periphery" => Role::Periphery,
        "drivers" => Role::Other,
        "leakage" => Role::Leakage,
        "conversion" => Role::Adc,
        "accumulation" => Role::Accumulation,
        "buffers" => Role::Buffer,
        "interconnect" => Role::Interconnect,
        _ => Role::Other,
    }
}
