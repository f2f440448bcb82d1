//! The way to the best machine, and the machines around it.

use super::{AgainstRow, MachineRow, StepRow};
use crate::drawing::{distinct, part_role};
use figures::{
    Axis, Better, Figure, FigureError, Front, Marker, Panel, Role, Scatter, ScatterPoint, ScatterSeries,
    Series, Stack, StackedBars, Stacking, three_digits,
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
            heading: format!("What the energy of an image consists of, step by step, {}", focus.search_model),
            chart: shares(focus, rows.steps).into(),
        });
    }
    panels.push(Panel {
        heading: format!("Every machine of the space, {}", focus.search_model),
        chart: machines(focus, rows).into(),
    });
    let against = rows.against.iter().filter(|row| is_shown(focus, &row.technology, &row.search_model));
    let against: Vec<String> = against
        .map(|row| format!("{}× against the crossbar {}", three_digits(row.ratio), row.crossbar))
        .collect();
    let firsts = rows.machines.iter().filter(|row| row.rank == 1);
    let every_best: Vec<String> = firsts
        .map(|row| {
            format!(
                "{}, {}: {} µJ ({}×)",
                row.technology,
                row.search_model,
                three_digits(row.energy),
                three_digits(row.ratio)
            )
        })
        .collect();
    let chart = panels[0].chart.clone();
    let mut figure = Figure::new(title, chart)
        .subtitle(format!(
            "The best machine, {} rows x {} columns x {} domains, its carry in a {}, with {} processors in batches of {}, takes {} µJ and \
             {} ms an image: {}.",
            best.rows,
            best.columns,
            best.domains,
            best.carry,
            best.processors,
            best.batch,
            three_digits(best.energy),
            three_digits(best.latency),
            against.join(", ")
        ))
        .caption(format!(
            "{}, technology {}, nominal parameters. Every machine is compiled for and executed; in each, every layer takes the way to \
             compile, and the machine the way to run, that serves the whole best. Behind the bars: energy, and the ratio to the crossbar {}. The \
             best under every technology and search model: {}.",
            focus.network,
            focus.technology,
            rows.against.first().map_or("", |row| row.crossbar.as_str()),
            every_best.join(", ")
        ));
    figure.panels = panels;
    figure.columns = 2;
    Ok(figure)
}

fn is_shown(focus: Focus<'_>, technology: &str, search_model: &str) -> bool {
    technology == focus.technology && search_model == focus.search_model
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
        total: format!("{} µJ, {}×", three_digits(row.energy), three_digits(row.ratio)),
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
