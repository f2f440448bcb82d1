//! Arrays of many shapes.

use super::PointRow;
use crate::drawing::distinct;
use figures::{
    Axis, Better, Figure, FigureError, Front, Marker, Panel, Role, Scatter, ScatterPoint, ScatterSeries,
    Series, three_digits,
};

/// Which points of the space a figure shows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SpaceFocus<'a> {
    pub technology: &'a str,
    pub search_model: &'a str,
}

/// Energy against latency and against area for each network.
///
/// # Errors
/// If there is no point in focus.
pub fn design_space(title: &str, focus: SpaceFocus<'_>, rows: &[PointRow]) -> Result<Figure, FigureError> {
    let ways = distinct(rows.iter().map(|row| row.way.as_str()));
    let shown =
        |row: &&PointRow| row.technology == focus.technology && row.search_model == focus.search_model;
    let mut panels = Vec::new();
    for case in distinct(rows.iter().map(case_of)) {
        let of_case: Vec<&PointRow> = rows.iter().filter(|row| case_of(row) == case && shown(row)).collect();
        let Some(first) = of_case.first() else { continue };
        let zeros = three_digits(100.0 * first.weight_sparsity);
        let trained = if first.weights == "trained" { String::new() } else { format!(", {}", first.weights) };
        let (bits, count) = (first.activation_bits, of_case.len());
        let mut panel = |what: &str, chart: Scatter| {
            let heading =
                format!("{zeros} % zeros{trained}, {bits} bits: energy against {what}, {count} shapes");
            panels.push(Panel { heading, chart: chart.into() });
        };
        let latency = Axis::log("latency of an image", "ms");
        panel("latency", against(&of_case, &ways, latency, |row| row.latency));
        panel("area", against(&of_case, &ways, Axis::log("area", "mm²"), |row| row.area));
    }
    let Some(first) = panels.first() else { return Err(FigureError::Empty { what: "points" }) };
    let mut figure = Figure::new(title, first.chart.clone())
        .subtitle(format!(
            "One image of {} on arrays of many shapes; labels are rows x columns x domains. Technology {}, search model {}, nominal \
             parameters.",
            distinct(rows.iter().map(|row| row.network.as_str())).join(", "),
            focus.technology,
            focus.search_model
        ))
        .caption(
            "Nothing is executed: programs are compiled for every shape and counted, and bits written to tagged rows are expected from the \
             share of set bits in the golden images. A longer track costs more in each step, where its technology computes the step. \
             The table has the front over energy, latency and area together. Sparsities other than that of training come from float weights \
             thresholded anew, without training: costs mean something there, accuracies would not.",
        );
    figure.panels = panels;
    figure.columns = 2;
    Ok(figure)
}

/// What panels tell apart: the network, its weights and their sparsity.
fn case_of(row: &PointRow) -> (&str, &str, f64) {
    (&row.network, &row.weights, row.weight_sparsity)
}

/// Energy against `x`, a series for each way to compile.
fn against(rows: &[&PointRow], ways: &[&str], axis: Axis, x: impl Fn(&PointRow) -> f64) -> Scatter {
    // Only what nothing beats in this panel is named.
    let beaten = |row: &PointRow| {
        rows.iter().any(|other| {
            other.energy <= row.energy
                && x(other) <= x(row)
                && (other.energy < row.energy || x(other) < x(row))
        })
    };
    let point = |row: &&PointRow| {
        let label =
            if beaten(row) { String::new() } else { format!("{}x{}x{}", row.rows, row.columns, row.domains) };
        ScatterPoint { x: x(row), y: row.energy, label }
    };
    let series = ways.iter().enumerate().map(|(index, &way)| ScatterSeries {
        series: Series::new(way, role(index)).marked(marker(index)),
        points: rows.iter().filter(|row| row.way == way).map(point).collect(),
    });
    Scatter {
        x: axis,
        y: Axis::log("energy of an image", "µJ"),
        series: series.collect(),
        front: Some(Front { x: Better::Lower, y: Better::Lower, name: "Pareto front".to_owned() }),
        height: 260.0,
    }
}

fn role(index: usize) -> Role {
    match index {
        0 => Role::Distinct(0),
        1 => Role::Distinct(1),
        2 => Role::Distinct(2),
        3 => Role::Distinct(3),
        _ => Role::Distinct(5),
    }
}

fn marker(index: usize) -> Marker {
    [Marker::Disc, Marker::Square, Marker::Diamond, Marker::Triangle, Marker::Ring][index % 5]
}
