//! Where the energy goes, in both systems, and how much of it is data movement.

use tables::{Column, Schema, Table, Value};

use super::Outcome;
use super::costs::{SystemCosts, microjoules, of_study};
use crate::error::RunError;
use crate::manifest::{CostStudy, Manifest};
use crate::models::Models;
use crate::progress::Progress;

/// Energy by part.
pub static PARTS: Schema = Schema::new(
    "parts",
    "Energy of one image by part, in both systems.",
    &[
        Column::text("system", "`RTM-AP` or `crossbar`."),
        Column::text("configuration", "Technology of the RTM-AP, or name of the crossbar."),
        Column::text("search_model", "How the RTM-AP's searches are charged.").optional(),
        Column::text("part", "What the energy goes into."),
        Column::real("energy", "uJ", "Energy of the part over all layers."),
        Column::real("share", "", "Its share of the system's energy."),
    ],
);

pub fn run(
    manifest: &Manifest,
    study: &CostStudy,
    models: &Models<'_>,
    progress: &Progress,
) -> Result<Outcome, RunError> {
    let bar = progress.spinner("compiling and executing the network");
    let systems = of_study(study, models)?;
    let mut table = Table::new(&PARTS);
    let mut summary = Vec::new();
    for system in &systems {
        let parts = totals(system);
        let total: f64 = parts.iter().map(|&(_, energy)| energy).sum();
        for &(part, energy) in &parts {
            table.push_row([
                ("system", system.system.into()),
                ("configuration", system.configuration.as_str().into()),
                ("search_model", system.search_model.map_or(Value::Missing, |model| model.name().into())),
                ("part", part.into()),
                ("energy", energy.into()),
                ("share", (energy / total).into()),
            ])?;
        }
        let share = |names: &[&str]| {
            let sum: f64 =
                parts.iter().filter(|(part, _)| names.contains(part)).map(|&(_, energy)| energy).sum();
            100.0 * sum / total
        };
        summary.push(match system.search_model {
            Some(model) => format!(
                "{} ({}, {}): {:.2} % of the energy moves data between arrays, {:.1} % with the shifts",
                system.system,
                system.configuration,
                model.name(),
                share(&["movement"]),
                share(&["movement", "shift"]),
            ),
            None => format!(
                "{} ({}): {:.1} % of the energy moves data (buffers and interconnect)",
                system.system,
                system.configuration,
                share(&["buffers", "interconnect"]),
            ),
        });
    }
    bar.finish();
    let figure = figures::energy_parts(&manifest.title, &table)?;
    Ok(Outcome { tables: vec![table], figure, summary })
}

/// The parts over all layers, µJ, in the order of the first layer's.
fn totals(system: &SystemCosts) -> Vec<(&'static str, f64)> {
    let mut totals: Vec<(&'static str, f64)> = Vec::new();
    for layer in &system.layers {
        for &(part, energy) in &layer.parts {
            match totals.iter_mut().find(|(known, _)| *known == part) {
                Some((_, sum)) => *sum += microjoules(energy),
                None => totals.push((part, microjoules(energy))),
            }
        }
    }
    totals
}
