//! How much of the installed processors a layer keeps busy.

use std::ops::Range;

use technology::Time;

use crate::allocation::rounds;
use crate::layer::MachineLayer;
use crate::technology_parameters::ProcessorParameters;
use crate::timeline::Timeline;

/// Shares from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Utilization {
    /// Rows that hold an output position, of those of the processors that take part.
    pub rows: f64,
    /// Cells of a row that hold something at some time; the mean of the layer's programs.
    pub cells: f64,
    /// Time that the processors that take part run a program: they wait for the longest one, and in a last round some have
    /// none.
    pub balance: f64,
    /// Processors that take part, of those installed.
    pub processors: f64,
}

impl Utilization {
    /// Rows that work, of all rows of all installed processors, over the layer's time.
    pub fn rows_at_work(&self) -> f64 {
        self.rows * self.balance * self.processors
    }
}

/// The times of a layer's programs on installed processors, and how much of these they keep busy.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerTimeline {
    /// Without look-ahead: programs side by side, rounds one after the other.
    pub total: Time,
    /// The same with look-ahead.
    pub with_look_ahead: Time,
    /// How much of the processors is busy meanwhile.
    pub utilization: Utilization,
}

impl MachineLayer {
    /// The time of the layer's programs, transfers not included, and how much of `installed` processors they keep busy.
    pub fn timeline(&self, parameters: &ProcessorParameters, installed: u64) -> LayerTimeline {
        let of_program = |program| Timeline::of(program, parameters);
        let programs: Vec<Timeline> = self.programs().iter().map(of_program).collect();
        let rounds: Vec<_> = rounds(self.processors(), self.counts().len(), installed).collect();
        let longest = |time: fn(&Timeline) -> Time| -> Time {
            let of_round = |programs_of: &Range<usize>| {
                programs[programs_of.clone()].iter().map(time).fold(Time::ZERO, Time::max)
            };
            rounds.iter().map(of_round).sum()
        };
        let total = longest(Timeline::total);
        let (rows, geometry) = (self.rows(), self.geometry());
        // Every program runs once for each block of rows.
        let blocks = (rows.physical / geometry.rows() as u64) as f64;
        let running = programs.iter().map(Timeline::total).sum::<Time>() * blocks;
        let taken = self.processors().min(installed) as f64;
        let cells = (geometry.columns() * geometry.domains() * programs.len()) as f64;
        let used: u64 = self.counts().map(|counts| counts.cells).sum();
        LayerTimeline {
            total,
            with_look_ahead: longest(Timeline::with_look_ahead),
            utilization: Utilization {
                rows: rows.occupied as f64 / (rows.physical as f64).max(1.0),
                cells: used as f64 / cells.max(1.0),
                balance: if total > Time::ZERO { running / (total * taken) } else { 0.0 },
                processors: taken / installed.max(1) as f64,
            },
        }
    }
}
