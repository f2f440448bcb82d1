//! When the steps of a program happen, and which shifts hide behind the work of other columns.
//!
//! Without look-ahead a controller shifts the columns of a bit together and then works on them. One that knows the program
//! ahead, as every unrolled program is known, starts a column's next shift as soon as the column's last work is done, while
//! other columns are being searched and written: only what then still has to be waited for is exposed. Searches, writes and
//! reads use the tag registers and follow one another in both cases.

use ap_program::{Cell, CheckedProgram, Movement, Observer, Step};
use technology::{Quantity, Time};

use crate::technology_parameters::ProcessorParameters;

/// How long one program takes, and where the time goes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Timeline {
    /// Searches, writes and reads.
    pub work: Time,
    /// Waiting for shifts if none starts before it is needed.
    pub shifts: Time,
    /// Waiting for shifts that start as soon as their column is free.
    pub exposed_shifts: Time,
}

impl Timeline {
    /// The times of a program's steps.
    pub fn of(program: &CheckedProgram, parameters: &ProcessorParameters) -> Self {
        let mut clock = Clock {
            parameters,
            now: 0.0,
            work: 0.0,
            exposed: 0.0,
            free: vec![0.0; program.geometry.columns()],
        };
        program.walk(&mut clock);
        // On the way home nothing follows that the shifts could hide behind.
        let home = clock.free.iter().fold(clock.now, |latest, &free| f64::max(latest, free));
        Self {
            work: Time::nanoseconds(clock.work),
            shifts: parameters.shift_time * program.counts().serial.shifts as f64,
            exposed_shifts: Time::nanoseconds(clock.exposed + home - clock.now),
        }
    }

    /// From the first step to the last, without look-ahead.
    pub fn total(&self) -> Time {
        self.work + self.shifts
    }

    /// From the first step to the last, with look-ahead.
    pub fn with_look_ahead(&self) -> Time {
        self.work + self.exposed_shifts
    }
}

/// Times in ns.
struct Clock<'p> {
    parameters: &'p ProcessorParameters,
    now: f64,
    work: f64,
    exposed: f64,
    /// When each column's tracks stand where they are wanted next.
    free: Vec<f64>,
}

impl Clock<'_> {
    /// The tracks of a column move as soon as they are free.
    fn moves_column(&mut self, column: usize, steps: usize) {
        self.free[column] += steps as f64 * self.parameters.shift_time.base();
    }

    /// Cells at their ports are busy.
    fn works(&mut self, cells: &[Cell], duration: f64) {
        let start = cells.iter().fold(self.now, |start, &(column, _)| start.max(self.free[column]));
        self.exposed += start - self.now;
        self.work += duration;
        self.now = start + duration;
        for &(column, _) in cells {
            self.free[column] = self.now;
        }
    }
}

impl Observer for Clock<'_> {
    fn moves(&mut self, movements: &[Movement]) {
        movements.iter().for_each(|movement| self.moves_column(movement.column, movement.distance()));
    }

    fn steps(&mut self, step: Step<'_>) {
        let p = self.parameters;
        match step {
            Step::Fill { cell, .. } => self.works(&[cell], p.write_time.base()),
            Step::Apply { table, cells } => {
                let searches = table.compares as f64 * p.search_time.base();
                let latches = table.latch_writes as f64 * p.latch_time.base();
                self.works(cells, searches + table.writes as f64 * p.write_time.base() + latches);
            }
            Step::Read { cell, .. } => self.works(&[cell], p.read_time.base()),
        }
    }

    fn returns(&mut self, positions: &[u8]) {
        for (column, &position) in positions.iter().enumerate() {
            self.moves_column(column, usize::from(position));
        }
    }
}
