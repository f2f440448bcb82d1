//! How often cells can be written before they wear out, and how long they last.

use technology::{Number, ParameterSet, Quantity, TechnologyError};

technology::parameters! {
    /// Endurance as the literature states it.
    pub struct LiteratureEndurance {
        /// Writes of one domain of a racetrack.
        domain: Number = "racetrack.domain" per "",
        /// Writes through one junction at a racetrack's port.
        junction: Number = "racetrack.junction" per "",
        /// Writes of one cell of phase-change memory.
        phase_change: Number = "phase_change.cell" per "",
        /// Writes of one cell of resistive memory.
        resistive: Number = "resistive.cell" per "",
    }
}

/// Cells that a processor could be made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MemoryCell {
    /// Domains of a racetrack.
    RacetrackDomain,
    /// Junctions at the ports of racetracks.
    RacetrackJunction,
    /// Phase-change cells, one for each domain.
    PhaseChange,
    /// Resistive cells, one for each domain.
    Resistive,
}

impl MemoryCell {
    /// Every kind.
    pub const ALL: [Self; 4] =
        [Self::RacetrackJunction, Self::RacetrackDomain, Self::Resistive, Self::PhaseChange];

    /// The name in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::RacetrackDomain => "racetrack domain",
            Self::RacetrackJunction => "racetrack junction",
            Self::PhaseChange => "phase-change cell",
            Self::Resistive => "resistive cell",
        }
    }

    const fn path(self) -> &'static str {
        match self {
            Self::RacetrackDomain => "racetrack.domain",
            Self::RacetrackJunction => "racetrack.junction",
            Self::PhaseChange => "phase_change.cell",
            Self::Resistive => "resistive.cell",
        }
    }

    /// How often it can be written.
    ///
    /// # Errors
    /// If the file does not say.
    pub fn endurance(self, set: &ParameterSet) -> Result<Endurance, TechnologyError> {
        let writes = set.quantity::<Number>(self.path(), "")?.base();
        let range =
            set.get(self.path()).map_or((writes, writes), |parameter| (parameter.low, parameter.high));
        Ok(Endurance { low: range.0, writes, high: range.1 })
    }
}

/// Writes until a cell wears out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Endurance {
    /// The 5 % point.
    pub low: f64,
    /// The value.
    pub writes: f64,
    /// The 95 % point.
    pub high: f64,
}

/// Years that a cell lasts which is written so often in one inference, at so many inferences a second.
pub fn years(endurance: f64, writes_per_inference: f64, inferences_per_second: f64) -> f64 {
    const SECONDS_A_YEAR: f64 = 365.25 * 24.0 * 3600.0;
    endurance / writes_per_inference / inferences_per_second / SECONDS_A_YEAR
}
