//! The way to the best machine, and the machines around it.

use super::{AgainstRow, MachineRow, StepRow};
use crate::drawing::{distinct, part_role, search_marker, technology_role};
use figures::{
    Axis, Better, DotGroup, DotPlot, DotRow, Figure, FigureError, Front, Marker, Panel, Reference, Role,
    Scatter, ScatterPoint, ScatterSeries, Series, Stack, StackedBars, Stacking, three_digits,
};

/// What a figure of machines is about.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Focus<'a> {
    pub network: &'a str,
    pub technology: &'a str,
    pub search_model: &'a str,
}

/// The rows that it is drawn from; there may be no steps.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    pub machines: &'a [MachineRow],
    pub steps: &'a [StepRow],
    pub against: &'a [AgainstRow],
}

/// The steps to the best machine with what their energy consists of, and all machines by energy and latency.
///
/// # Errors
/// If there is no machine in focus.
pub fn optimization(title: &str, focus: Focus<'_>, rows: Rows<'_>) -> Result<Figure, FigureError> {
    let best = rows.machines.iter().find(|row| is_shown(focus, &row.technology, &row.search_model));
    let Some(best) = best else { return Err(FigureError::Empty { what: "machines" }) };
    let mut panels = Vec::new();
    if !rows.steps.is_empty() {
        panels.push(Panel {
            heading: "Energy of an image, step by step".to_owned(),
            chart: ladder(focus, rows).into(),
        });
    }
    panels.push(Panel {
        heading: format!("Every machine of the space, {}", focus.search_model),
        chart: machines(focus, rows).into(),
    });
    if !rows.steps.is_empty() {
        panels.push(Panel {
            heading: format!("What the energy consists of, {}", focus.search_model),
            chart: shares(focus, rows.steps).into(),
        });
    }
    let against = rows.against.iter().filter(|row| is_shown(focus, &row.technology, &row.search_model));
    let against: Vec<String> = against
        .map(|row| format!("{}× against the crossbar {}", three_digits(row.ratio), row.crossbar))
        .collect();
    let chart = panels[0].chart.clone();
    let mut figure = Figure::new(title, chart)
        .subtitle(format!(
            "The best machine, {} rows x {} columns x {} domains with {} processors in batches of {}, takes {} µJ and {} ms an image: {}.",
            best.rows,
            best.columns,
            best.domains,
            best.processors,
            best.batch,
            three_digits(best.energy),
            three_digits(best.latency),
            against.join(", ")
        ))
        .caption(format!(
            "{}, technology {}, nominal parameters. Every machine is compiled for and executed; in each, every layer takes the way to \
             compile, and the machine the way to run, that serves the whole best.",
            focus.network, focus.technology
        ));
    figure.panels = panels;
    figure.columns = 2;
    Ok(figure)
}

fn is_shown(focus: Focus<'_>, technology: &str, search_model: &str) -> bool {
    technology == focus.technology && search_model == focus.search_model
}

/// Energy by step, a series for each search model, with the crossbars as lines.
fn ladder(focus: Focus<'_>, rows: Rows<'_>) -> DotPlot {
    let of_technology = || rows.steps.iter().filter(|row| row.technology == focus.technology);
    let models = distinct(of_technology().map(|row| row.search_model.as_str()));
    let dots = |step: &String| {
        let energy = |model: &&str| {
            of_technology().find(|row| row.step == *step && row.search_model == **model).map(|row| row.energy)
        };
        DotRow { label: step.clone(), values: models.iter().map(energy).collect() }
    };
    let steps = distinct(of_technology().map(|row| &row.step));
    let crossbars = distinct(rows.against.iter().map(|row| (row.crossbar.as_str(), row.crossbar_energy)));
    let reference = |(name, energy): (&str, f64)| Reference::new(energy, name, Role::Crossbar);
    DotPlot {
        axis: Axis::log("energy of an image", "µJ"),
        series: (models.iter().enumerate())
            .map(|(index, model)| {
                let role = if index == 0 { technology_role(focus.technology) } else { Role::Distinct(4) };
                Series::new(format!("search model {model}"), role).marked(search_marker(model))
            })
            .collect(),
        groups: vec![DotGroup { heading: String::new(), rows: steps.into_iter().map(dots).collect() }],
        references: crossbars.into_iter().map(reference).collect(),
        band: None,
    }
}

/// Energy against latency, a series for each number of columns.
fn machines(focus: Focus<'_>, rows: Rows<'_>) -> Scatter {
    let shown = || rows.machines.iter().filter(|row| is_shown(focus, &row.technology, &row.search_model));
    let mut columns = distinct(shown().map(|row| row.columns));
    columns.sort_unstable();
    let fastest = shown().min_by(|a, b| a.latency.total_cmp(&b.latency)).map(|row| row.rank);
    let point = |row: &MachineRow| {
        let label = if row.rank == 1 || Some(row.rank) == fastest {
            format!("{}x{}x{}, {} processors", row.rows, row.columns, row.domains, row.processors)
        } else {
            String::new()
        };
        ScatterPoint { x: row.latency, y: row.energy, label }
    };
    let markers = [Marker::Disc, Marker::Square, Marker::Diamond, Marker::Triangle, Marker::Ring];
    let series = columns.iter().enumerate().map(|(index, &columns)| ScatterSeries {
        series: Series::new(format!("{columns} columns"), Role::Distinct((index % 5) as u8))
            .marked(markers[index % markers.len()]),
        points: shown().filter(|row| row.columns == columns).map(point).collect(),
    });
    Scatter {
        x: Axis::log("latency of an image", "ms"),
        y: Axis::log("energy of an image", "µJ"),
        series: series.collect(),
        front: Some(Front { x: Better::Lower, y: Better::Lower, name: "front".to_owned() }),
        height: 320.0,
    }
}

/// The parts of the energy by step.
fn shares(focus: Focus<'_>, steps: &[StepRow]) -> StackedBars {
    let shown: Vec<&StepRow> =
        steps.iter().filter(|row| is_shown(focus, &row.technology, &row.search_model)).collect();
    let names = shown.first().map_or_else(Vec::new, |row| parts(row).map(|(name, _)| name).to_vec());
    let stack = |row: &StepRow| Stack {
        label: row.step.clone(),
        total: format!("{} µJ", three_digits(row.energy)),
        parts: parts(row).map(|(_, energy)| energy).to_vec(),
    };
    StackedBars {
        quantity: "share of the energy of an image".to_owned(),
        stacking: Stacking::Shares,
        parts: names.iter().map(|name| Series::new(*name, part_role(name))).collect(),
        groups: vec![(String::new(), shown.into_iter().map(stack).collect())],
    }
}

fn parts(row: &StepRow) -> [(&'static str, f64); 8] {
    [
        ("search", row.search),
        ("write", row.write),
        ("read", row.read),
        ("shift", row.shift),
        ("program", row.program),
        ("movement", row.movement),
        ("periphery", row.periphery),
        ("leakage", row.leakage),
    ]
}
