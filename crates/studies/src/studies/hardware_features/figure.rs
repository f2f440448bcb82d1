//! What features of the hardware buy: cycles of each operation, and energy and latency of a network.

use tables::Table;

use crate::drawing::distinct;
use figures::{Axis, Bar, Chart, Figure, FigureError, GroupedBars, Panel, Reference, Role, Series};

/// Operations in the first panel: the others take as many cycles on all hardware, or hardly occur.
const SHOWN: [&str; 6] = ["add_in_place", "subtract_in_place", "add", "subtract", "carry_in_place", "carry"];

/// Bars from the tables `schedules`, `hardware` and `segments`.
///
/// # Errors
/// If a table lacks a column.
pub fn hardware_features(
    title: &str,
    schedules: &Table,
    hardware: &Table,
    segments: &Table,
) -> Result<Figure, FigureError> {
    let mut figure = Figure::new(title, cycles(schedules)?)
        .subtitle("Cheapest schedules by exhaustive search; a cycle is a search or a write. Lower is better.")
        .caption("The steps of a program and its track steps stay the same: what is bought is searches, writes and time.")
        .caption("Segments: programs are placed without regard to segments; the key's columns decide which are precharged.");
    figure.panels[0].heading = "Cycles for one bit of an operation".into();
    for (column, heading) in [
        ("relative_energy", "Energy of the network, over the base hardware's"),
        ("relative_latency", "Latency of the network, over the base hardware's"),
    ] {
        figure.panels.push(Panel { heading: heading.into(), chart: network(hardware, column)? });
    }
    figure.panels.push(Panel {
        heading: "Energy by segments of a match line, over that of a whole line".into(),
        chart: of_segments(segments)?,
    });
    Ok(figure)
}

fn cycles(table: &Table) -> Result<Chart, FigureError> {
    let (features, operations) = (table.text("features")?, table.text("operation")?);
    let (compares, writes) = (table.integer("compares")?, table.integer("writes")?);
    let all = distinct(&features);
    let categories = SHOWN.iter().map(|&operation| {
        let bar = |&hardware: &&str| {
            let row = (0..table.rows()).find(|&r| features[r] == hardware && operations[r] == operation)?;
            Some(Bar::new((compares[row] + writes[row]) as f64))
        };
        (operation.replace('_', " "), all.iter().map(bar).collect())
    });
    Ok(bars(Axis::linear("cycles", ""), &all, categories.collect(), Vec::new()).into())
}

fn network(table: &Table, column: &str) -> Result<Chart, FigureError> {
    let (features, flows) = (table.text("features")?, table.text("flow")?);
    let (models, values) = (table.text("search_model")?, table.real(column)?);
    let all = distinct(&features);
    let mut categories = Vec::new();
    for flow in distinct(&flows) {
        for model in distinct(&models) {
            let bar = |&hardware: &&str| {
                let is = |&r: &usize| features[r] == hardware && flows[r] == flow && models[r] == model;
                (0..table.rows()).find(is).map(|row| Bar::new(values[row]))
            };
            let bars: Vec<Option<Bar>> = all.iter().map(bar).collect();
            // The latency does not depend on how searches are charged.
            if column == "relative_energy" {
                categories.push((format!("{flow}, {model}"), bars));
            } else if model == distinct(&models)[0] {
                categories.push((flow.to_owned(), bars));
            }
        }
    }
    let references = vec![Reference::new(1.0, "base", Role::Guide)];
    Ok(bars(Axis::linear("relative", ""), &all, categories, references).into())
}

fn of_segments(table: &Table) -> Result<Chart, FigureError> {
    let (flows, counts) = (table.text("flow")?, table.integer("segments")?);
    let values = table.real("relative_energy")?;
    let names = distinct(&flows);
    let categories = distinct(&counts).into_iter().map(|count| {
        let bar = |&flow: &&str| {
            (0..table.rows()).find(|&r| flows[r] == flow && counts[r] == count).map(|r| Bar::new(values[r]))
        };
        let name = if count == 1 { "whole line".to_owned() } else { format!("{count} segments") };
        (name, names.iter().map(bar).collect())
    });
    Ok(bars(Axis::linear("relative energy", ""), &names, categories.collect(), Vec::new()).into())
}

fn bars(
    axis: Axis,
    series: &[&str],
    categories: Vec<(String, Vec<Option<Bar>>)>,
    references: Vec<Reference>,
) -> GroupedBars {
    let series =
        series.iter().enumerate().map(|(index, name)| Series::new(*name, Role::Distinct(index as u8)));
    GroupedBars { axis, series: series.collect(), categories, references, height: 230.0 }
}
