//! The crossbar model against measured runs.

use super::{ComparisonRow, ComponentRow};
use crate::drawing::distinct;
use crossbar::validation::TOTAL;
use figures::{
    Axis, DotGroup, DotPlot, DotRow, Figure, Interval, IntervalChart, IntervalGroup, IntervalRow, Marker,
    Panel, Reference, Role, Series,
};

/// Up to which deviation the model counts as close.
const CLOSE: f64 = 0.2;

/// The part that has the same value as its measurement by construction: it says nothing as a mark.
const SUBARRAYS: &str = "subarrays";

/// Modelled over measured for the whole of every case, part by part, and for single components.
pub fn crossbar_validation(title: &str, rows: &[ComparisonRow], components: &[ComponentRow]) -> Figure {
    let chart = case_chart(rows);
    let mut figure = Figure::new(title, chart.clone())
        .subtitle(
            "Sums over all layers; “energy” is the dynamic energy, the sum of the five parts after it. Names: version, changed \
             parameters, network, weights (t2 ternary, w8 8 bit) and activations (a4, a8).",
        )
        .caption(
            "Only the cases at the bottom are predictions, and of them the padded ResNet-18 differs from the first case in its \
             counting alone. The form of the equations was chosen with all cases in sight.",
        )
        .caption(
            "Where it is off most, and why: sums at 8-bit weights (taken as wide as they can get), wires with successive converters \
             (those within an element span the outline of its subarrays, not their area), leakage of the conventional mapping (trees \
             over many rows).",
        )
        .caption(
            "The row driver of hwcomponents switches a word line alone, DNN+NeuroSim’s, which the model follows, a latch and pass \
             gates too; its 8-bit successive converter is ISAAC’s, built for 1.28 GS/s.",
        );
    figure.panels = vec![
        Panel { heading: "Whole networks".to_owned(), chart: chart.into() },
        Panel { heading: "Single components".to_owned(), chart: component_chart(components).into() },
    ];
    if rows.iter().filter(|row| row.part == SUBARRAYS).all(|row| row.ratio == Some(1.0)) {
        figure = figure.caption("Subarrays are those measured, in every layer of every case.");
    }
    figure
}

/// A row for each case, grouped by how much of it parameters were set from.
fn case_chart(rows: &[ComparisonRow]) -> DotPlot {
    let shown = distinct(rows.iter().map(|row| row.part.as_str()).filter(|part| *part != SUBARRAYS));
    let of_case = |case: &String| {
        let total = |part: &&str| {
            rows.iter().find(|row| row.case == *case && row.layer == TOTAL && row.part == *part)?.ratio
        };
        DotRow { label: case.clone(), values: shown.iter().map(total).collect() }
    };
    let groups = distinct(rows.iter().map(|row| &row.calibrated)).into_iter().map(|degree| {
        let of_degree = rows.iter().filter(|row| row.calibrated == *degree);
        let cases = distinct(of_degree.map(|row| &row.case));
        DotGroup { heading: heading(degree), rows: cases.into_iter().map(of_case).collect() }
    });
    DotPlot {
        axis: Axis::log("modelled over measured", "×").at_least(0.5, 2.0),
        series: shown.iter().map(|&part| series(part)).collect(),
        groups: groups.collect(),
        references: references("as measured"),
        band: Some((1.0 - CLOSE, 1.0 + CLOSE)),
    }
}

fn references(one: &str) -> Vec<Reference> {
    vec![
        Reference::new(1.0 - CLOSE, format!("−{} %", 100.0 * CLOSE), Role::Guide),
        Reference::new(1.0, one, Role::Guide),
        Reference::new(1.0 + CLOSE, format!("+{} %", 100.0 * CLOSE), Role::Guide),
    ]
}

/// A row for each component of each tool at each node.
fn component_chart(rows: &[ComponentRow]) -> IntervalChart {
    let groups = distinct(rows.iter().map(|row| &row.tool)).into_iter().map(|tool| {
        let of_tool = rows.iter().filter(|row| row.tool == *tool);
        let components = distinct(of_tool.map(component));
        let of_component = |known| component_row(rows.iter().filter(|row| component(row) == known));
        IntervalGroup {
            heading: tool.clone(),
            rows: components.into_iter().filter_map(of_component).collect(),
        }
    });
    IntervalChart {
        axis: Axis::log("modelled over stated", "×"),
        meaning: "median [least, largest]".to_owned(),
        series: vec![Series::new("component", Role::Crossbar)],
        groups: groups.collect(),
        references: references("as stated"),
        sides: None,
    }
}

/// A component: its tool, its name, its kind and its node.
fn component(row: &ComponentRow) -> (&str, &str, &str, f64) {
    (&row.tool, &row.component, &row.kind, row.node)
}

/// A component's ratios over the bits for which it is given.
fn component_row<'r>(widths: impl Iterator<Item = &'r ComponentRow> + Clone) -> Option<IntervalRow> {
    let ComponentRow { component, kind, node, .. } = widths.clone().next()?;
    let mut ratios: Vec<f64> = widths.map(|row| row.ratio).collect();
    ratios.sort_by(f64::total_cmp);
    let kind = if kind == "none" { String::new() } else { format!(", {kind}") };
    let count = if ratios.len() == 1 { String::new() } else { format!(" ({} widths)", ratios.len()) };
    let interval = Interval {
        low: *ratios.first()?,
        median: ratios[ratios.len() / 2],
        high: *ratios.last()?,
        nominal: None,
    };
    Some(IntervalRow {
        label: format!("{component}{kind}, {node} nm{count}"),
        intervals: vec![Some(interval)],
    })
}

fn heading(calibrated: &str) -> String {
    match calibrated {
        "largely" => "Parameters of most parts set from the case".to_owned(),
        "in part" => "Parameters of a few parts set from the case".to_owned(),
        "not" => "No parameter set from the case: predicted".to_owned(),
        other => other.to_owned(),
    }
}

fn series(part: &str) -> Series {
    let (role, marker) = match part {
        "energy" => (Role::Crossbar, Marker::Disc),
        "conversion" => (Role::Adc, Marker::Square),
        "accumulation" => (Role::Accumulation, Marker::Diamond),
        "buffers" => (Role::Distinct(4), Marker::Square),
        "interconnect" => (Role::Interconnect, Marker::Diamond),
        "leakage" => (Role::Leakage, Marker::Triangle),
        "latency" => (Role::Claim, Marker::Ring),
        _ => (Role::Periphery, Marker::Triangle),
    };
    Series::new(part, role).marked(marker)
}
