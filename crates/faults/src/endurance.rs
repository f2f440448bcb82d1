//! How often cells can be written before they wear out, and how long they last.

use technology::{Number, ParameterSet, Quantity, TechnologyError};

/// Declares the kinds of cells: what each is, its name, and its endurance in the file.
macro_rules! cells {
    ($($(#[doc = $is:literal])+ $cell:ident = $name:literal,
        $(#[doc = $meaning:literal])+ $endurance:ident = $path:literal;)+) => {
        technology::parameters! {
            /// Endurance as the literature states it.
            pub struct LiteratureEndurance {
                $($(#[doc = $meaning])+ $endurance: Number = $path per "",)+
            }
        }

        names::names! {
            /// Cells that a processor could be made of.
            #[derive(Hash)]
            pub enum MemoryCell: "a kind of memory cell" {
                $($(#[doc = $is])+ $cell = $name,)+
            }
        }

        impl MemoryCell {
            /// Where its endurance stands in the file.
            const fn path(self) -> &'static str {
                match self {
                    $(Self::$cell => $path,)+
                }
            }
        }
    };
}

cells! {
    /// Junctions at the ports of racetracks.
    RacetrackJunction = "racetrack junction",
        /// Writes through one junction at a racetrack's port.
        junction = "racetrack.junction";
    /// Domains of a racetrack.
    RacetrackDomain = "racetrack domain",
        /// Writes of one domain of a racetrack.
        domain = "racetrack.domain";
    /// Resistive cells, one for each domain.
    Resistive = "resistive cell",
        /// Writes of one cell of resistive memory.
        resistive = "resistive.cell";
    /// Phase-change cells, one for each domain.
    PhaseChange = "phase-change cell",
        /// Writes of one cell of phase-change memory.
        phase_change = "phase_change.cell";
}

impl MemoryCell {
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
