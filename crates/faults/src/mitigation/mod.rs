//! What keeps faults from reaching the answers, and what it costs.
//!
//! A mitigation acts on the faults that are drawn for an inference, so that points which share a random stream see the same
//! faults with and without it. Its costs are events of the machine, priced like all others, with the domains, ports and arrays that
//! it adds.

mod majority;
mod position_code;
mod realignment;
mod redundancy;
mod repetition;
mod unprotected;

use std::fmt::{self, Debug};
use std::str::FromStr;

use ap_program::Geometry;
use rand_chacha::ChaCha8Rng;
use rtm_ap::{
    AreaAdditions, Events, Machine, MachineLayer, ProcessorParameters, Strike, processor_area_with,
};
use technology::{Area, FeatureArea};

use crate::models::{FaultKind, FaultModel, StuckCell};
use crate::rates::FaultRates;
pub(crate) use majority::vote;

use crate::sampling::{Fault, HazardMap};

/// The most runs of a row under [`Mitigation::CheckAndRepeat`]; the last one is taken as it is.
pub const MOST_RUNS: u32 = 16;

/// What a mitigation adds to the hardware.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Overhead {
    /// Domains of each track.
    pub domains: f64,
    /// Read-only ports of each track.
    pub ports: f64,
    /// Rows of each array, as a share of its rows.
    pub rows: f64,
    /// Columns of each array, as a share of its columns.
    pub columns: f64,
    /// Arrays, as a multiple of those without it.
    pub arrays: f64,
}

impl Overhead {
    const NOTHING: Self = Self { domains: 0.0, ports: 0.0, rows: 0.0, columns: 0.0, arrays: 1.0 };

    /// The area of as many processors as an unprotected machine has, with what is added. `port` is the area of a read-only port.
    pub fn area(
        &self,
        processors: u64,
        geometry: Geometry,
        parameters: &ProcessorParameters,
        port: FeatureArea,
    ) -> Area {
        let additions = AreaAdditions {
            domains: self.domains,
            ports: port * self.ports,
            rows: self.rows * geometry.rows() as f64,
            columns: self.columns * geometry.columns() as f64,
        };
        processor_area_with(geometry, parameters, additions) * (processors as f64 * self.arrays)
    }
}

/// The runs of one row that faults strike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RowRuns {
    pub layer: u32,
    pub program: u32,
    pub position: u32,
    /// What strikes each run that has a fault. Of several copies those that have none are left out.
    pub runs: Vec<Vec<Strike>>,
}

/// What mitigations look at.
pub(crate) struct Context<'c, 'm> {
    pub machine: &'m Machine,
    pub hazards: &'c HazardMap<'m>,
    pub rates: &'c FaultRates,
}

/// What a mitigation leaves of an inference's faults.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Left {
    /// In the order of layer, program and position.
    pub rows: Vec<RowRuns>,
    /// Rows whose last allowed run failed its check.
    pub given_up: u32,
}

/// What a protection does and costs. Whatever is not said is as without one.
pub(crate) trait Protection: Debug {
    /// Models of what can strike under it.
    fn models(&self, kinds: &[FaultKind], rates: &FaultRates) -> Vec<Box<dyn FaultModel>> {
        kinds.iter().filter_map(|kind| kind.model(rates)).collect()
    }

    /// How many times every row is computed.
    fn copies(&self) -> u32 {
        1
    }

    /// What is left of the faults of an inference, a list for each copy, that are drawn for the unprotected machine.
    fn treat(&self, faults: &[Vec<Fault>], context: &Context<'_, '_>, generator: &mut ChaCha8Rng) -> Left {
        let _ = (context, generator);
        Left { rows: by_row(faults.first().map_or(&[], Vec::as_slice)), given_up: 0 }
    }

    /// The stuck cells that are left in use.
    fn repair(&self, stuck: Vec<StuckCell>) -> Vec<StuckCell> {
        stuck
    }

    /// What the hardware has more of.
    fn overhead(&self, geometry: Geometry) -> Overhead {
        let _ = geometry;
        Overhead::NOTHING
    }

    /// The events of a layer, from those without it.
    fn events(
        &self,
        layer: &MachineLayer,
        events: Events,
        kinds: &[FaultKind],
        rates: &FaultRates,
    ) -> Events {
        let _ = (layer, kinds, rates);
        events
    }
}

/// Declares the ways to protect a machine: what each is, its name, and what does it. Those that are counted have their number
/// behind a name.
macro_rules! mitigations {
    (
        $($(#[doc = $does:literal])+ $plain:ident = $name:literal, $protection:expr;)+
        counted:
        $($(#[doc = $counts:literal])+ $counted:ident = $family:literal, $of_count:expr;)+
    ) => {
        /// A way to protect a machine.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Mitigation {
            $($(#[doc = $does])+ $plain,)+
            $($(#[doc = $counts])+ $counted(u32),)+
        }

        impl Mitigation {
            /// The names of those that have no number.
            pub const NAMES: &[&str] = &[$($name),+];
            /// The names of those that have, without it: `spare-rows` of `spare-rows-4`.
            pub const FAMILIES: &[&str] = &[$($family),+];

            /// The name in files and tables.
            pub fn name(self) -> String {
                match self {
                    $(Self::$plain => $name.to_owned(),)+
                    $(Self::$counted(count) => format!("{}-{count}", $family),)+
                }
            }

            /// What does it.
            fn protection(self) -> Box<dyn Protection> {
                match self {
                    $(Self::$plain => Box::new($protection),)+
                    $(Self::$counted(count) => Box::new($of_count(count)),)+
                }
            }

            /// One of each, the counted ones with this number.
            #[cfg(test)]
            fn all(count: u32) -> Vec<Self> {
                vec![$(Self::$plain,)+ $(Self::$counted(count)),+]
            }
        }

        impl FromStr for Mitigation {
            type Err = UnknownMitigation;
            fn from_str(text: &str) -> Result<Self, UnknownMitigation> {
                $(
                    if text == $name {
                        return Ok(Self::$plain);
                    }
                )+
                $(
                    let count = text.strip_prefix($family).and_then(|rest| rest.strip_prefix('-'));
                    if let Some(count) = count.and_then(|digits| digits.parse().ok()) {
                        return Ok(Self::$counted(count));
                    }
                )+
                Err(UnknownMitigation(text.to_owned()))
            }
        }
    };
}

mitigations! {
    /// Nothing but what the machine does anyway: the tracks of a processor are filled anew with every layer.
    None = "none", unprotected::Unprotected;
    /// Tracks are brought back into step whenever windows are loaded, once for each group of input channels.
    RealignEachLoad = "realign-each-load", realignment::RealignEachLoad;
    /// A position code on every track, checked after every pulse train (p-ECC): corrects one domain, detects two.
    PositionCode = "position-code", position_code::PositionCode;
    /// Tracks are checked by transverse reads at the end of a layer; rows with a displaced track run again.
    CheckAndRepeat = "check-and-repeat", repetition::CheckAndRepeat;
    /// Every row is computed three times; accumulators are voted on bit by bit.
    MajorityOfThree = "majority-of-three", majority::MajorityOfThree;
    counted:
    /// Spare rows in every processor take the place of rows with a stuck cell.
    SpareRows = "spare-rows", redundancy::SpareRows;
    /// Spare columns in every processor take the place of columns with a stuck cell.
    SpareColumns = "spare-columns", redundancy::SpareColumns;
}

impl Mitigation {
    /// Models of what can strike under this protection.
    pub(crate) fn models(self, kinds: &[FaultKind], rates: &FaultRates) -> Vec<Box<dyn FaultModel>> {
        self.protection().models(kinds, rates)
    }

    /// How many times every row is computed.
    pub fn copies(self) -> u32 {
        self.protection().copies()
    }

    /// What is left of the faults of an inference, a list for each copy, that are drawn for the unprotected machine.
    pub(crate) fn treat(
        self,
        faults: &[Vec<Fault>],
        context: &Context<'_, '_>,
        generator: &mut ChaCha8Rng,
    ) -> Left {
        self.protection().treat(faults, context, generator)
    }

    /// The stuck cells that are left in use.
    pub(crate) fn repair(self, stuck: Vec<StuckCell>) -> Vec<StuckCell> {
        self.protection().repair(stuck)
    }

    /// What the hardware has more of.
    pub fn overhead(self, machine: &Machine) -> Overhead {
        self.protection().overhead(machine.options().geometry)
    }

    /// The events of a layer under this protection, from those without it.
    pub fn events(
        self,
        layer: &MachineLayer,
        events: Events,
        kinds: &[FaultKind],
        rates: &FaultRates,
    ) -> Events {
        self.protection().events(layer, events, kinds, rates)
    }
}

impl fmt::Display for Mitigation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.name())
    }
}

/// A name that no mitigation has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownMitigation(String);

impl fmt::Display for UnknownMitigation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let families = Mitigation::FAMILIES.iter().map(|family| format!("{family}-N"));
        let known: Vec<String> =
            Mitigation::NAMES.iter().map(|name| (*name).to_owned()).chain(families).collect();
        write!(f, "`{}` is no mitigation; there are: {}", self.0, known.join(", "))
    }
}

impl std::error::Error for UnknownMitigation {}

/// The faults of each row, in the order of the rows.
fn by_row(faults: &[Fault]) -> Vec<RowRuns> {
    let place = |fault: &Fault| (fault.layer, fault.program, fault.position);
    faults
        .chunk_by(|a, b| place(a) == place(b))
        .map(|row| {
            let &Fault { layer, program, position, .. } = &row[0];
            let strikes = row.iter().map(|fault| fault.strike).collect();
            RowRuns { layer, program, position, runs: vec![strikes] }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mitigation_is_found_by_the_name_that_it_prints() {
        for mitigation in Mitigation::all(4).into_iter().chain(Mitigation::all(12)) {
            assert_eq!(mitigation.name().parse(), Ok(mitigation));
        }
        let message = "spare-rows-many".parse::<Mitigation>().unwrap_err().to_string();
        assert!(message.starts_with("`spare-rows-many` is no mitigation; there are: none,"), "{message}");
    }
}
