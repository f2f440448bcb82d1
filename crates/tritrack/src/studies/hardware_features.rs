//! What features of the hardware buy: more tag registers, searches that add to a tag, wider writes, masked keys, and match
//! lines in segments.
//!
//! The cheapest schedule of every table is found for each hardware, and put in the place of the one that the programs have:
//! which tables they run, over how many bits and in how many rows, stays the same. Bits written to tagged rows are those that
//! were executed, times what the schedules say that a bit of all states writes, against the base's.

use compiler::lut::{Features, LutKind, ScheduleCost, Step, StepSchedule, schedule_table};
use rtm_ap::{Events, Machine, PerRows, ProcessorParameters, SearchModel, cost};
use tables::{Column, Schema, Table};
use technology::Parameters;

use super::Outcome;
use super::costs::{microjoules, milliseconds};
use crate::error::RunError;
use crate::manifest::{HardwareFeaturesStudy, Manifest};
use crate::models::Models;
use crate::progress::Progress;

/// Schedules.
pub static SCHEDULES: Schema = Schema::new(
    "schedules",
    "The cheapest schedule for a bit of each operation, by hardware: fewest compares and writes, then written bits, then columns.",
    &[
        Column::text("features", "What the hardware can do."),
        Column::text("operation", "Name of the table."),
        Column::integer("compares", "", "Searches."),
        Column::integer("compared_columns", "", "Columns that the searches name."),
        Column::integer(
            "writes",
            "",
            "Writes, with that which clears the result's column first where one does.",
        ),
        Column::real("written_bits", "", "Bits written to a row, the mean of all states that it can be in."),
        Column::text("steps", "The steps."),
    ],
);

/// Networks.
pub static HARDWARE: Schema = Schema::new(
    "hardware",
    "A network's programs with the schedules of each hardware.",
    &[
        Column::text("flow", "Name of the way to compile."),
        Column::text("features", "What the hardware can do."),
        Column::text("search_model", "How searches are charged."),
        Column::real("row_searches", "", "Searches for one image, in all rows."),
        Column::real("serial_cycles", "", "Searches and writes one after the other."),
        Column::real("energy", "uJ", "Energy for one image."),
        Column::real("latency", "ms", "Latency for one image."),
        Column::real("relative_energy", "", "Energy over that of the base hardware."),
        Column::real("relative_latency", "", "Latency over that of the base hardware."),
    ],
);

/// Segments.
pub static SEGMENTS: Schema = Schema::new(
    "segments",
    "Match lines in segments: only segments that hold a column of the key are precharged. Programs are placed without regard to segments.",
    &[
        Column::text("flow", "Name of the way to compile."),
        Column::integer("segments", "", "Segments of a row."),
        Column::real("active_columns", "", "Columns of match line in a search, the mean of all."),
        Column::real("energy", "uJ", "Energy for one image, searches charged by match line."),
        Column::real("relative_energy", "", "Energy over that of a whole match line."),
    ],
);

/// Segments of a row.
const SEGMENT_COUNTS: [usize; 6] = [1, 2, 4, 8, 16, 32];

/// States that a search keeps before it is given up; every table of the programs takes fewer.
const MOST_STATES: usize = 4_000_000;

pub fn run(
    manifest: &Manifest,
    study: &HardwareFeaturesStudy,
    models: &Models<'_>,
    progress: &Progress,
) -> Result<Outcome, RunError> {
    let bar = progress.bar("searching for schedules", study.features.len() as u64);
    let mut schedules = Table::new(&SCHEDULES);
    let mut of_hardware = Vec::new();
    for features in &study.features {
        let found = schedules_of(features.0)?;
        for (kind, schedule) in LutKind::ALL.into_iter().zip(&found) {
            schedules.push_row([
                ("features", features.0.to_string().into()),
                ("operation", kind.function().name.into()),
                ("compares", (schedule.compares as i64).into()),
                ("compared_columns", (schedule.compared_columns as i64).into()),
                ("writes", (schedule.writes as i64).into()),
                ("written_bits", schedule.written_bits.into()),
                ("steps", schedule.steps.as_str().into()),
            ])?;
        }
        of_hardware.push((features.0, found));
        bar.inc(1);
    }
    bar.finish();

    let base = schedules_of(Features::BASE)?;
    let file = models.processor_technology(&study.technology)?;
    let parameters = ProcessorParameters::resolve(&file.parameters)?;
    let padding = file.design.padding_rows;
    let (mut hardware, mut segments) = (Table::new(&HARDWARE), Table::new(&SEGMENTS));
    let mut summary = Vec::new();
    for flow in &study.flows {
        let geometry = flow.machine.0.geometry;
        let run =
            models.run_with_activations(&study.network, flow.machine.0, flow.activations, &study.images)?;
        let total = run.total();
        let machine = run.machine()?;
        let tables = TableUse::of(&machine);
        let costs = |events: &Events, model| {
            let cost = cost(events, events.processors, geometry, &parameters, model, padding);
            (microjoules(cost.energy.total()), milliseconds(cost.latency))
        };
        for (features, found) in &of_hardware {
            let events = tables.with_schedules(&total, &base, found);
            for &model in &study.search_models {
                let ((energy, latency), (before, time_before)) =
                    (costs(&events, model), costs(&total, model));
                hardware.push_row([
                    ("flow", flow.name.as_str().into()),
                    ("features", features.to_string().into()),
                    ("search_model", model.name().into()),
                    ("row_searches", events.row_searches.physical.into()),
                    ("serial_cycles", ((events.serial.compares + events.serial.writes) as f64).into()),
                    ("energy", energy.into()),
                    ("latency", latency.into()),
                    ("relative_energy", (energy / before).into()),
                    ("relative_latency", (latency / time_before).into()),
                ])?;
                summary.push(format!(
                    "flow `{}`, {features}, {}: {:.3} x the energy, {:.3} x the latency",
                    flow.name,
                    model.name(),
                    energy / before,
                    latency / time_before
                ));
            }
        }
        let (whole, _) = costs(&total, SearchModel::MatchLine);
        for count in SEGMENT_COUNTS.into_iter().filter(|&count| geometry.columns().is_multiple_of(count)) {
            let active = active_columns(&machine, count);
            let mut spared = parameters.clone();
            spared.search_match_line_bit =
                parameters.search_match_line_bit * (active / geometry.columns() as f64);
            let cost = cost(&total, total.processors, geometry, &spared, SearchModel::MatchLine, padding);
            let energy = microjoules(cost.energy.total());
            segments.push_row([
                ("flow", flow.name.as_str().into()),
                ("segments", (count as i64).into()),
                ("active_columns", active.into()),
                ("energy", energy.into()),
                ("relative_energy", (energy / whole).into()),
            ])?;
        }
    }
    let figure = figures::hardware_features(&manifest.title, &schedules, &hardware, &segments)?;
    Ok(Outcome { tables: vec![schedules, hardware, segments], figure, summary })
}

/// One table on one hardware, for a bit of one row.
struct Scheduled {
    compares: u64,
    compared_columns: u64,
    writes: u64,
    written_bits: f64,
    steps: String,
}

/// Every table, in the order of [`LutKind::ALL`]. A result's column is cleared first where the schedule takes it to be clear and
/// does not set it in every row itself.
fn schedules_of(features: Features) -> Result<Vec<Scheduled>, RunError> {
    let functions = LutKind::ALL.map(LutKind::function);
    let wrong = |message: String| RunError::Argument { message };
    let rows = schedule_table(&functions, &[features], ScheduleCost::CYCLES, MOST_STATES)
        .map_err(|error| wrong(error.to_string()))?;
    rows.iter()
        .zip(&functions)
        .map(|(row, function)| {
            let given_up = || wrong(format!("`{}` with {features}: the search was given up", row.operation));
            let schedule: &StepSchedule = row.schedule().ok_or_else(given_up)?;
            let sets_first = schedule.steps().first().is_some_and(|step| {
                matches!(step, Step::Broadcast { pattern, .. } if pattern.mask() & function.cleared == function.cleared)
            });
            let cleared = if sets_first { 0 } else { function.cleared.count_ones() };
            Ok(Scheduled {
                compares: schedule.compares() as u64,
                compared_columns: u64::from(schedule.compared_columns()),
                writes: schedule.writes() as u64 + u64::from(cleared > 0),
                written_bits: schedule.expected_written_bits() + f64::from(cleared),
                steps: schedule.to_string(),
            })
        })
        .collect()
}

/// How often a network's programs run each table, in bits.
struct TableUse {
    /// In all rows.
    rows: [f64; LutKind::ALL.len()],
    /// One after the other: of each layer the program with the most searches.
    serial: [u64; LutKind::ALL.len()],
}

impl TableUse {
    fn of(machine: &Machine) -> Self {
        let mut uses = Self { rows: [0.0; LutKind::ALL.len()], serial: [0; LutKind::ALL.len()] };
        for layer in machine.layers() {
            let physical = layer.rows().physical as f64;
            let longest = layer.counts().enumerate().max_by_key(|(_, counts)| counts.compares);
            for (index, counts) in layer.counts().enumerate() {
                for (table, used) in counts.tables.iter().enumerate().take(uses.rows.len()) {
                    uses.rows[table] += physical * used.bits as f64;
                    if longest.is_some_and(|(longest, _)| longest == index) {
                        uses.serial[table] += used.bits;
                    }
                }
            }
        }
        uses
    }

    /// The events with other schedules than the base's.
    fn with_schedules(&self, total: &Events, base: &[Scheduled], found: &[Scheduled]) -> Events {
        let of = |schedules: &[Scheduled], value: fn(&Scheduled) -> f64| -> f64 {
            self.rows.iter().zip(schedules).map(|(rows, schedule)| rows * value(schedule)).sum()
        };
        let serial = |schedules: &[Scheduled], value: fn(&Scheduled) -> u64| -> u64 {
            self.serial.iter().zip(schedules).map(|(bits, schedule)| bits * value(schedule)).sum()
        };
        let ratio = |value: fn(&Scheduled) -> f64| of(found, value) / of(base, value);
        let written = ratio(|schedule| schedule.written_bits);
        let compared = ratio(|schedule| schedule.compared_columns as f64);
        let mut events = *total;
        events.row_searches = events.row_searches * ratio(|schedule| schedule.compares as f64);
        events.searched_bits = events.searched_bits * compared;
        events.driven_columns *= compared;
        events.tagged_bits = events.tagged_bits * written;
        events.broadcast_bits = events.broadcast_bits * written;
        let change = |value: fn(&Scheduled) -> u64| (serial(found, value), serial(base, value));
        let (compares, before) = change(|schedule| schedule.compares);
        events.serial.compares = (events.serial.compares + compares).saturating_sub(before);
        let (writes, before) = change(|schedule| schedule.writes);
        events.serial.writes = (events.serial.writes + writes).saturating_sub(before);
        events
    }
}

/// Columns of match line that a search precharges if a row has this many segments, the mean of all searches and rows.
fn active_columns(machine: &Machine, segments: usize) -> f64 {
    let mut active = PerRows::default();
    let mut searches = 0.0;
    for layer in machine.layers() {
        let (columns, all) = layer.precharged_columns(segments);
        let rows = layer.rows().physical as f64;
        active.physical += columns * rows;
        searches += all * rows;
    }
    active.physical / searches.max(1.0)
}
