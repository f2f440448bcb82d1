//! How much of the installed processors a layer keeps busy.

use technology::Time;

use crate::counts::ProgramError;
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
    /// Time that the layer's programs run, of the time of the longest of them: processors wait for it.
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

/// The time and the use of a layer on installed processors.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerTimeline {
    /// Of each program of the layer; they run side by side.
    pub programs: Vec<Timeline>,
    /// How much of the processors is busy meanwhile.
    pub utilization: Utilization,
}

impl MachineLayer {
    /// The time of the layer's programs, and how much of `installed` processors they keep busy.
    ///
    /// # Errors
    /// If a program breaks a rule of the machine; none that was compiled does.
    pub fn timeline(
        &self,
        parameters: &ProcessorParameters,
        installed: u64,
    ) -> Result<LayerTimeline, ProgramError> {
        let of_program = |program| Timeline::of(program, parameters);
        let programs: Vec<Timeline> =
            self.compiled().programs.iter().map(of_program).collect::<Result<_, _>>()?;
        let times = || programs.iter().map(|timeline| timeline.total());
        let longest = times().fold(Time::ZERO, Time::max);
        let count = programs.len().max(1) as f64;
        let geometry = self.geometry();
        let cells = (geometry.columns() * geometry.domains()) as f64;
        let used: u64 = self.counts().iter().map(|counts| counts.cells).sum();
        let rows = self.rows();
        let taking_part = self.processors().min(installed);
        Ok(LayerTimeline {
            utilization: Utilization {
                rows: rows.occupied as f64 / (rows.physical as f64).max(1.0),
                cells: used as f64 / (cells * count),
                balance: if programs.is_empty() { 0.0 } else { times().sum::<Time>() / (longest * count) },
                processors: taking_part as f64 / installed.max(1) as f64,
            },
            programs,
        })
    }
}
