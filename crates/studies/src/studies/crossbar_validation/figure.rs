//! The crossbar model against measured runs.

use tables::Table;

use crate::drawing::distinct;
use figures::{
    Axis, DotGroup, DotPlot, DotRow, Figure, FigureError, Interval, IntervalChart, IntervalGroup,
    IntervalRow, Marker, Panel, Reference, Role, Series,
};

/// Up to which deviation the model counts as close.
const CLOSE: f64 = 0.2;

/// Modelled over measured for the whole of every case, part by part, from the table `comparisons`, and for single components, from
/// the table `components`.
///
/// # Errors
/// If a table lacks a column.
pub fn crossbar_validation(title: &str, table: &Table, components: &Table) -> Result<Figure, FigureError> {
    let (cases, calibrated) = (table.text("case")?, table.text("calibrated")?);
    let (layers, parts) = (table.text("layer")?, table.text("part")?);
    let ratios = table.optional_real("ratio")?;
    // A part with the same value as its measurement by construction says nothing.
    let shown: Vec<&str> = distinct(&parts).into_iter().filter(|&part| part != "subarrays").collect();
    let row = |case: &&str| DotRow {
        label: (*case).to_owned(),
        values: shown
            .iter()
            .map(|part| {
                let at =
                    |row: &usize| cases[*row] == *case && layers[*row] == "total" && parts[*row] == *part;
                (0..table.rows()).find(at).and_then(|row| ratios[row])
            })
            .collect(),
    };
    let groups = distinct(&calibrated).into_iter().map(|degree| {
        let mut of_degree: Vec<&str> = Vec::new();
        for (&case, &known) in cases.iter().zip(&calibrated) {
            if known == degree && !of_degree.contains(&case) {
                of_degree.push(case);
            }
        }
        DotGroup { heading: heading(degree), rows: of_degree.iter().map(row).collect() }
    });
    let chart = DotPlot {
        axis: Axis::log("modelled over measured", "×").at_least(0.5, 2.0),
        series: shown.iter().map(|&part| series(part)).collect(),
        groups: groups.collect(),
        references: references("as measured"),
        band: Some((1.0 - CLOSE, 1.0 + CLOSE)),
    };
    let same_subarrays = (0..table.rows())
        .filter(|&row| parts[row] == "subarrays")
        .all(|row| ratios[row].is_some_and(|ratio| ratio == 1.0));
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
            "Where it is off most, and why: leakage of VGG-8 with 8-bit activations and at 32 nm (one value stands for all periphery), \
             latency of VGG-8 (its first layer’s buffers take fewer steps than ResNet-18’s) and at 32 nm (an adder’s stage takes \
             two clocks there, the model’s one), sums at 8-bit weights (taken as wide as they can get).",
        )
        .caption(
            "The row driver of hwcomponents switches a word line alone, DNN+NeuroSim’s, which the model follows, a latch and pass \
             gates too; its 8-bit successive converter is ISAAC’s, built for 1.28 GS/s.",
        );
    figure.panels = vec![
        Panel { heading: "Whole networks".to_owned(), chart: chart.into() },
        Panel { heading: "Single components".to_owned(), chart: component_chart(components)?.into() },
    ];
    if same_subarrays {
        figure = figure.caption("Subarrays are those measured, in every layer of every case.");
    }
    Ok(figure)
}

fn references(one: &str) -> Vec<Reference> {
    vec![
        Reference::new(1.0 - CLOSE, format!("−{} %", 100.0 * CLOSE), Role::Guide),
        Reference::new(1.0, one, Role::Guide),
        Reference::new(1.0 + CLOSE, format!("+{} %", 100.0 * CLOSE), Role::Guide),
    ]
}

/// A row for each component of each tool at each node, over the bits for which it is given.
fn component_chart(table: &Table) -> Result<IntervalChart, FigureError> {
    let (tools, names, kinds) = (table.text("tool")?, table.text("component")?, table.text("kind")?);
    let (nodes, ratios) = (table.real("node")?, table.real("ratio")?);
    let keys: Vec<(&str, &str, &str, f64)> =
        (0..table.rows()).map(|row| (tools[row], names[row], kinds[row], nodes[row])).collect();
    let interval = |key: (&str, &str, &str, f64)| {
        let mut values: Vec<f64> =
            (0..keys.len()).filter(|&row| keys[row] == key).map(|row| ratios[row]).collect();
        values.sort_by(f64::total_cmp);
        match values.as_slice() {
            [] => None,
            &[low, ..] => Some((
                values.len(),
                Interval {
                    low,
                    median: values[values.len() / 2],
                    high: values.last().copied().unwrap_or(low),
                },
            )),
        }
    };
    let row = |&key: &(&str, &str, &str, f64)| {
        let (_, name, kind, node) = key;
        let kind = if kind == "none" { String::new() } else { format!(", {kind}") };
        let (count, interval) = interval(key)?;
        let count = if count == 1 { String::new() } else { format!(" ({count} widths)") };
        Some(IntervalRow {
            label: format!("{name}{kind}, {node} nm{count}"),
            intervals: vec![Some(interval)],
        })
    };
    let distinct_keys = distinct(&keys);
    let groups = distinct(&tools).into_iter().map(|tool| IntervalGroup {
        heading: tool.to_owned(),
        rows: distinct_keys.iter().filter(|key| key.0 == tool).filter_map(row).collect(),
    });
    Ok(IntervalChart {
        axis: Axis::log("modelled over stated", "×"),
        meaning: "median [least, largest]".to_owned(),
        series: vec![Series::new("component", Role::Crossbar)],
        groups: groups.collect(),
        references: references("as stated"),
        sides: None,
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
