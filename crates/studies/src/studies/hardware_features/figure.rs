//! What features of the hardware buy: cycles of each operation, and energy and latency of a network.

use super::HardwareRow;
use super::schedules::ScheduleRow;
use super::segments::SegmentRow;
use crate::drawing::distinct;
use figures::{Axis, Bar, Figure, GroupedBars, Panel, Reference, Role, Series};

/// Operations in the first panel: the others take as many cycles on all hardware, or hardly occur.
const SHOWN: [&str; 6] = ["add_in_place", "subtract_in_place", "add", "subtract", "carry_in_place", "carry"];

/// Bars of cycles, of energy and latency by hardware, and of energy by segments.
pub fn hardware_features(
    title: &str,
    schedules: &[ScheduleRow],
    hardware: &[HardwareRow],
    segments: &[SegmentRow],
) -> Figure {
    let mut figure = Figure::new(title, cycles(schedules))
        .subtitle("Cheapest schedules by exhaustive search; a cycle is a search or a write. Lower is better.")
        .caption("The steps of a program and its track steps stay the same: what is bought is searches, writes and time.")
        .caption("Segments: programs are placed without regard to segments; the key's columns decide which are precharged.");
    figure.panels[0].heading = "Cycles for one bit of an operation".into();
    let mut panel = |heading: &str, chart: GroupedBars| {
        figure.panels.push(Panel { heading: heading.into(), chart: chart.into() });
    };
    panel("Energy of the network, over the base hardware's", energies(hardware));
    panel("Latency of the network, over the base hardware's", latencies(hardware));
    panel("Energy by segments of a match line, over that of a whole line", of_segments(segments));
    figure
}

fn cycles(rows: &[ScheduleRow]) -> GroupedBars {
    let all = distinct(rows.iter().map(|row| row.features.as_str()));
    let categories = SHOWN.iter().map(|&operation| {
        let bar = |hardware: &&str| {
            let row = rows.iter().find(|row| row.features == *hardware && row.operation == operation)?;
            Some(Bar::new((row.compares + row.writes) as f64))
        };
        (operation.replace('_', " "), all.iter().map(bar).collect())
    });
    bars(Axis::linear("cycles", ""), &all, categories.collect(), Vec::new())
}

fn energies(rows: &[HardwareRow]) -> GroupedBars {
    let models = distinct(rows.iter().map(|row| &row.search_model));
    by_flow(rows, &models, |flow, model| format!("{flow}, {model}"), |row| row.relative_energy)
}

/// The latency does not depend on how searches are charged: that of the first model is that of all.
fn latencies(rows: &[HardwareRow]) -> GroupedBars {
    let first: Vec<&String> = rows.iter().map(|row| &row.search_model).take(1).collect();
    by_flow(rows, &first, |flow, _| flow.to_owned(), |row| row.relative_latency)
}

/// A value of each hardware by flow and search model.
fn by_flow(
    rows: &[HardwareRow],
    models: &[&String],
    name: impl Fn(&str, &str) -> String,
    value: impl Fn(&HardwareRow) -> f64,
) -> GroupedBars {
    let all = distinct(rows.iter().map(|row| row.features.as_str()));
    let mut categories = Vec::new();
    for flow in distinct(rows.iter().map(|row| &row.flow)) {
        for &model in models {
            let of_model = || rows.iter().filter(|row| row.flow == *flow && row.search_model == *model);
            let bar = |hardware: &&str| {
                of_model().find(|row| row.features == *hardware).map(|row| Bar::new(value(row)))
            };
            categories.push((name(flow, model), all.iter().map(bar).collect()));
        }
    }
    let references = vec![Reference::new(1.0, "base", Role::Guide)];
    bars(Axis::linear("relative", ""), &all, categories, references)
}

fn of_segments(rows: &[SegmentRow]) -> GroupedBars {
    let flows = distinct(rows.iter().map(|row| row.flow.as_str()));
    let categories = distinct(rows.iter().map(|row| row.segments)).into_iter().map(|count| {
        let bar = |flow: &&str| {
            let row = rows.iter().find(|row| row.flow == *flow && row.segments == count)?;
            Some(Bar::new(row.relative_energy))
        };
        let name = if count == 1 { "whole line".to_owned() } else { format!("{count} segments") };
        (name, flows.iter().map(bar).collect())
    });
    bars(Axis::linear("relative energy", ""), &flows, categories.collect(), Vec::new())
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
