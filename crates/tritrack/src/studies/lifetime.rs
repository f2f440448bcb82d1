//! How long cells last: writes to every cell, executed on images, against the endurance of memories.

use faults::{MemoryCell, years};
use network::ReferenceEngine;
use rtm_ap::{ColumnRole, ProcessorParameters, SearchModel, cost};
use tables::{Column, Schema, Table};
use technology::{Parameters, Quantity, Time};

use super::Outcome;
use crate::error::RunError;
use crate::manifest::{LifetimeStudy, Manifest};
use crate::models::Models;

/// Lifetimes.
pub static LIFETIMES: Schema = Schema::new(
    "lifetimes",
    "Years until the most written cell of a machine wears out, by inference rate.",
    &[
        Column::text("network", "Name of the network."),
        Column::text(
            "cell",
            "What wears: the junction at a track's port, a domain of a track, or a cell of another memory in the place of each domain.",
        ),
        Column::text(
            "levelling",
            "`none`; or `columns`: columns change their roles from time to time, so that a row's writes spread evenly over them.",
        ),
        Column::real("writes", "", "Writes to the most written cell in one inference."),
        Column::real("endurance", "", "Writes that the cell endures."),
        Column::real("endurance_low", "", "5 % point."),
        Column::real("endurance_high", "", "95 % point."),
        Column::real("inference_rate", "1/s", "Inferences per second."),
        Column::real("years", "", "Years."),
        Column::real("years_low", "", "At the 5 % point of the endurance."),
        Column::real("years_high", "", "At the 95 % point."),
        Column::real("most_inferences", "1/s", "Inferences per second of one machine that never pauses."),
    ],
);

/// Wear.
pub static WEAR: Schema = Schema::new(
    "wear",
    "Writes to each column of the processor with the most written cell, in one inference, the mean of its rows.",
    &[
        Column::text("network", "Name of the network."),
        Column::integer("column", "", "The column."),
        Column::text("holds", "What programs keep in it: the carry, accumulators, inputs and terms."),
        Column::real("writes", "", "Writes through a junction of the column."),
        Column::real("share", "", "Share of the row's writes."),
    ],
);

pub fn run(manifest: &Manifest, study: &LifetimeStudy, models: &Models<'_>) -> Result<Outcome, RunError> {
    let loaded = models.network(&study.network)?;
    let images = models.images(&loaded, &study.images)?.feature_maps();
    let run = models.run(&study.network, study.machine.0, &study.images)?;
    let evaluations = images
        .iter()
        .map(|image| loaded.network.evaluate(image, &mut ReferenceEngine))
        .collect::<Result<Vec<_>, _>>()?;
    let machine = run.machine()?;
    let wear = machine.wear(&evaluations)?;
    let file = models.processor_technology(&study.technology)?;
    let parameters = ProcessorParameters::resolve(&file.parameters)?;
    let installed = run.events().iter().map(|events| events.processors).max().unwrap_or(0);
    // The latency is the same whichever way searches are charged.
    let model = SearchModel::ActiveBits;
    let latency = run.events().iter().fold(Time::ZERO, |sum, events| {
        let padding = file.design.padding_rows;
        sum + cost(events, installed, study.machine.0.geometry, &parameters, model, padding).latency
    });
    let most_inferences = 1e9 / latency.base();
    let endurances = models.endurance(&study.endurance)?;
    let (junction, (domain, _)) = (wear.hottest_junction(), wear.hottest_domain());
    let (levelled, levelled_domain) = (wear.levelled_over_columns(), wear.domain_levelled_over_columns());

    let roles: Vec<String> = machine.column_roles().iter().map(|roles| names_of(roles)).collect();
    let mut lifetimes = Table::new(&LIFETIMES);
    let mut summary = vec![format!(
        "hottest junction: column {} ({}), {:.3e} writes an inference; hottest domain of its row {:.3e}; levelled over columns \
         {levelled:.3e} and {levelled_domain:.3e}",
        junction.column, roles[junction.column], junction.writes, domain.writes,
    )];
    for cell in MemoryCell::ALL {
        let endurance = cell.endurance(&endurances)?;
        // Spread over columns, a junction gets its share of the row, and a domain its share of what is written at its place of
        // all tracks.
        let (unlevelled, spread) = match cell {
            MemoryCell::RacetrackJunction => (junction.writes, levelled),
            _ => (domain.writes, levelled_domain),
        };
        for (levelling, writes) in [("none", unlevelled), ("columns", spread)] {
            for &rate in &study.inference_rates {
                let of = |endurance: f64| years(endurance, writes, rate);
                lifetimes.push_row([
                    ("network", study.network.as_str().into()),
                    ("cell", cell.name().into()),
                    ("levelling", levelling.into()),
                    ("writes", writes.into()),
                    ("endurance", endurance.writes.into()),
                    ("endurance_low", endurance.low.into()),
                    ("endurance_high", endurance.high.into()),
                    ("inference_rate", rate.into()),
                    ("years", of(endurance.writes).into()),
                    ("years_low", of(endurance.low).into()),
                    ("years_high", of(endurance.high).into()),
                    ("most_inferences", most_inferences.into()),
                ])?;
            }
            let at_most = years(endurance.writes, writes, most_inferences);
            let range = (
                years(endurance.low, writes, most_inferences),
                years(endurance.high, writes, most_inferences),
            );
            summary.push(format!(
                "{}, levelling {levelling}: {at_most:.3e} years without pause ({:.1e} to {:.1e})",
                cell.name(),
                range.0,
                range.1
            ));
        }
    }
    let mut columns = Table::new(&WEAR);
    let by_column = wear.by_column(junction.processor);
    let total: f64 = by_column.iter().sum();
    for (column, (writes, holds)) in by_column.iter().zip(roles).enumerate() {
        columns.push_row([
            ("network", study.network.as_str().into()),
            ("column", (column as i64).into()),
            ("holds", holds.into()),
            ("writes", (*writes).into()),
            ("share", (writes / total).into()),
        ])?;
    }
    let figure = figures::lifetime(&manifest.title, &lifetimes, &columns)?;
    Ok(Outcome { tables: vec![lifetimes, columns], figure, summary })
}

/// What a column holds, in words.
fn names_of(roles: &[ColumnRole]) -> String {
    let names: Vec<&str> = roles.iter().map(|role| role.name()).collect();
    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
}
