//! When the steps of a program happen, and which shifts hide behind the work of other columns.
//!
//! Without look-ahead a controller shifts the columns of a bit together and then works on them. One that knows the program
//! ahead, as every unrolled program is known, starts a column's next shift as soon as the column's last work is done, while
//! other columns are being searched and written: only what then still has to be waited for is exposed. Searches, writes and
//! reads use the tag registers and follow one another in both cases.

use compiler::Program;
use technology::{Quantity, Time};

use crate::counts::{Observer, ProgramCounts, ProgramError, Work};
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
    ///
    /// # Errors
    /// The first instruction that breaks a rule of the machine.
    pub fn of(program: &Program, parameters: &ProcessorParameters) -> Result<Self, ProgramError> {
        let mut clock = Clock {
            parameters,
            now: 0.0,
            work: 0.0,
            exposed: 0.0,
            free: vec![0.0; program.geometry.columns()],
        };
        let counts = ProgramCounts::observed(program, &mut clock)?;
        // On the way home nothing follows that the shifts could hide behind.
        let home = clock.free.iter().fold(clock.now, |latest, &free| f64::max(latest, free));
        Ok(Self {
            work: Time::nanoseconds(clock.work),
            shifts: parameters.shift_time * counts.serial.shifts as f64,
            exposed_shifts: Time::nanoseconds(clock.exposed + home - clock.now),
        })
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

impl Observer for Clock<'_> {
    fn shifts(&mut self, column: usize, steps: u64) {
        self.free[column] += steps as f64 * self.parameters.shift_time.base();
    }

    fn works(&mut self, cells: &[(usize, usize)], work: Work) {
        let p = self.parameters;
        let duration = work.compares as f64 * p.search_time.base()
            + work.writes as f64 * p.write_time.base()
            + work.reads as f64 * p.read_time.base();
        let start = cells.iter().fold(self.now, |start, &(column, _)| start.max(self.free[column]));
        self.exposed += start - self.now;
        self.work += duration;
        self.now = start + duration;
        for &(column, _) in cells {
            self.free[column] = self.now;
        }
    }
}
