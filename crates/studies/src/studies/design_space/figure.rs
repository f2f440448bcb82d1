//! Arrays of many shapes.

use tables::Table;

use crate::drawing::distinct;
use figures::{
    Axis, Better, Figure, FigureError, Front, Marker, Panel, Role, Scatter, ScatterPoint, ScatterSeries,
    Series, three_digits,
};

/// Which points of the space a figure shows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SpaceFocus<'a> {
    /// The technology.
    pub technology: &'a str,
    /// The search model.
    pub search_model: &'a str,
}

/// Energy against latency for each network, from the table `points`.
///
/// # Errors
/// If the table lacks a column.
pub fn design_space(title: &str, focus: SpaceFocus<'_>, table: &Table) -> Result<Figure, FigureError> {
    let (networks, ways) = (table.text("network")?, table.text("way")?);
    let (technologies, models) = (table.text("technology")?, table.text("search_model")?);
    let (sparsities, bits) = (table.real("weight_sparsity")?, table.integer("activation_bits")?);
    let (weights, areas) = (table.text("weights")?, table.real("area")?);
    let (rows, columns) = (table.integer("rows")?, table.integer("columns")?);
    let domains = table.integer("domains")?;
    let (energies, latencies) = (table.real("energy")?, table.real("latency")?);
    let shown = |row: usize| technologies[row] == focus.technology && models[row] == focus.search_model;
    let all_ways = distinct(&ways);
    let mut panels = Vec::new();
    let cases: Vec<(&str, &str, f64)> =
        (0..table.rows()).map(|row| (networks[row], weights[row], sparsities[row])).collect();
    for case in distinct(&cases) {
        let of_case: Vec<usize> = (0..table.rows()).filter(|&row| cases[row] == case && shown(row)).collect();
        let Some(&first) = of_case.first() else { continue };
        for (xs, axis, what) in [
            (&latencies, Axis::log("latency of an image", "ms"), "latency"),
            (&areas, Axis::log("area", "mm²"), "area"),
        ] {
            // Only what nothing beats in this panel is named.
            let beaten = |row: usize| {
                of_case.iter().any(|&other| {
                    energies[other] <= energies[row]
                        && xs[other] <= xs[row]
                        && (energies[other] < energies[row] || xs[other] < xs[row])
                })
            };
            let series = all_ways.iter().enumerate().map(|(index, &way)| ScatterSeries {
                series: Series::new(way, role(index)).marked(marker(index)),
                points: of_case
                    .iter()
                    .filter(|&&row| ways[row] == way)
                    .map(|&row| ScatterPoint {
                        x: xs[row],
                        y: energies[row],
                        label: if beaten(row) {
                            String::new()
                        } else {
                            format!("{}x{}x{}", rows[row], columns[row], domains[row])
                        },
                    })
                    .collect(),
            });
            let chart = Scatter {
                x: axis,
                y: Axis::log("energy of an image", "µJ"),
                series: series.collect(),
                front: Some(Front { x: Better::Lower, y: Better::Lower, name: "Pareto front".to_owned() }),
                height: 260.0,
            };
            let trained = if case.1 == "trained" { String::new() } else { format!(", {}", case.1) };
            panels.push(Panel {
                heading: format!(
                    "{} % zeros{trained}, {} bits: energy against {what}, {} shapes",
                    three_digits(100.0 * sparsities[first]),
                    bits[first],
                    of_case.len()
                ),
                chart: chart.into(),
            });
        }
    }
    let Some(first) = panels.first() else { return Err(FigureError::Empty { what: "points" }) };
    let mut figure = Figure::new(title, first.chart.clone())
        .subtitle(format!(
            "One image of {} on arrays of many shapes; labels are rows x columns x domains. Technology {}, search model {}, nominal \
             parameters.",
            distinct(&networks).join(", "),
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
