//! The cheapest schedule of every table, by hardware.

use compiler::lut::{Features, LutKind, ScheduleCost, Step, StepSchedule, schedule_table};
use workspace::{Failure, WorkspaceError};

tables::table! {
    /// The cheapest schedule for a bit of each operation, by hardware: fewest compares and writes, then written bits, then columns.
    pub struct ScheduleRow: "schedules" {
        /// What the hardware can do.
        features: String,
        /// Name of the table.
        operation: String,
        /// Searches.
        compares: u64,
        /// Columns that the searches name.
        compared_columns: u64,
        /// Writes, with that which clears the result's column first where one does.
        writes: u64,
        /// Bits written to a row, the mean of all states that it can be in.
        written_bits: f64,
        /// The steps.
        steps: String,
    }
}

/// States that a search keeps before it is given up; every table of the programs takes fewer.
const MOST_STATES: usize = 4_000_000;

/// One table on one hardware, for a bit of one row.
pub(super) struct Scheduled {
    pub compares: u64,
    pub compared_columns: u64,
    pub writes: u64,
    pub written_bits: f64,
    steps: String,
}

/// Every table, in the order of [`LutKind::ALL`]. A result's column is cleared first where the schedule takes it to be clear and
/// does not set it in every row itself.
pub(super) fn schedules_of(features: Features) -> Result<Vec<Scheduled>, Failure> {
    let functions = LutKind::ALL.map(LutKind::function);
    let wrong = |message: String| Failure::from(WorkspaceError::Argument { message });
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

impl Scheduled {
    /// Its row in the table.
    pub fn row(&self, features: Features, kind: LutKind) -> ScheduleRow {
        ScheduleRow {
            features: features.to_string(),
            operation: kind.function().name.into(),
            compares: self.compares,
            compared_columns: self.compared_columns,
            writes: self.writes,
            written_bits: self.written_bits,
            steps: self.steps.clone(),
        }
    }
}
