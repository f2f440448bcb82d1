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

use std::fmt;
use std::str::FromStr;

use ap_program::Geometry;
use rand_chacha::ChaCha8Rng;
use rtm_ap::{
    AreaAdditions, Events, Machine, MachineLayer, ProcessorParameters, Strike, processor_area_with,
};
use technology::{Area, FeatureArea};

use crate::models::{FaultKind, FaultModel, MissedSlip, StuckCell};
use crate::rates::FaultRates;
pub(crate) use majority::vote;

use crate::sampling::{Fault, HazardMap};

/// A way to protect a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mitigation {
    /// Nothing but what the machine does anyway: the tracks of a processor are filled anew with every layer.
    None,
    /// Tracks are brought back into step whenever windows are loaded, once for each group of input channels.
    RealignEachLoad,
    /// A position code on every track, checked after every pulse train (p-ECC): corrects one domain, detects two.
    PositionCode,
    /// Tracks are checked by transverse reads at the end of a layer; rows with a displaced track run again.
    CheckAndRepeat,
    /// Every row is computed three times; accumulators are voted on bit by bit.
    MajorityOfThree,
    /// Spare rows in every processor take the place of rows with a stuck cell.
    SpareRows(u32),
    /// Spare columns in every processor take the place of columns with a stuck cell.
    SpareColumns(u32),
}

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

impl Mitigation {
    /// The name in files and tables.
    pub fn name(self) -> String {
        match self {
            Self::None => "none".to_owned(),
            Self::RealignEachLoad => "realign-each-load".to_owned(),
            Self::PositionCode => "position-code".to_owned(),
            Self::CheckAndRepeat => "check-and-repeat".to_owned(),
            Self::MajorityOfThree => "majority-of-three".to_owned(),
            Self::SpareRows(count) => format!("spare-rows-{count}"),
            Self::SpareColumns(count) => format!("spare-columns-{count}"),
        }
    }

    /// Models of what can strike under this protection.
    pub(crate) fn models(self, kinds: &[FaultKind], rates: &FaultRates) -> Vec<Box<dyn FaultModel>> {
        let model = |&kind: &FaultKind| -> Option<Box<dyn FaultModel>> {
            match (self, kind) {
                (Self::PositionCode, FaultKind::OutOfStepByOne) => {
                    Some(Box::new(MissedSlip { rates: rates.by_one, detector: rates.detector }))
                }
                // Detected, and the layer runs again: it costs time, once in ages, but no answer.
                (Self::PositionCode, FaultKind::OutOfStepByTwo) => None,
                _ => kind.model(rates),
            }
        };
        kinds.iter().filter_map(model).collect()
    }

    /// How many times every row is computed.
    pub(crate) fn copies(self) -> u32 {
        if self == Self::MajorityOfThree { majority::COPIES } else { 1 }
    }

    /// What is left of the faults of an inference, a list for each copy, that are drawn for the unprotected machine.
    pub(crate) fn treat(
        self,
        faults: &[Vec<Fault>],
        context: &Context<'_, '_>,
        generator: &mut ChaCha8Rng,
    ) -> Left {
        let first = faults.first().map_or(&[][..], Vec::as_slice);
        match self {
            Self::None | Self::PositionCode | Self::SpareRows(_) | Self::SpareColumns(_) => {
                Left { rows: by_row(first), given_up: 0 }
            }
            Self::RealignEachLoad => realignment::treat(by_row(first), context.machine),
            Self::CheckAndRepeat => repetition::treat(by_row(first), context, generator),
            Self::MajorityOfThree => majority::treat(faults),
        }
    }

    /// The stuck cells that are left in use.
    pub(crate) fn repair(self, stuck: Vec<StuckCell>) -> Vec<StuckCell> {
        match self {
            Self::SpareRows(count) => redundancy::repair(stuck, count, |cell| cell.row),
            Self::SpareColumns(count) => redundancy::repair(stuck, count, |cell| u32::from(cell.column)),
            _ => stuck,
        }
    }

    /// What the hardware has more of.
    pub fn overhead(self, machine: &Machine) -> Overhead {
        let geometry = machine.options().geometry;
        match self {
            Self::None => Overhead::NOTHING,
            Self::RealignEachLoad | Self::CheckAndRepeat => realignment::overhead(),
            Self::PositionCode => position_code::overhead(),
            Self::MajorityOfThree => Overhead { arrays: f64::from(majority::COPIES), ..Overhead::NOTHING },
            Self::SpareRows(count) => {
                Overhead { rows: f64::from(count) / geometry.rows() as f64, ..Overhead::NOTHING }
            }
            Self::SpareColumns(count) => {
                Overhead { columns: f64::from(count) / geometry.columns() as f64, ..Overhead::NOTHING }
            }
        }
    }

    /// The events of a layer under this protection, from those without it.
    pub fn events(
        self,
        layer: &MachineLayer,
        events: Events,
        kinds: &[FaultKind],
        rates: &FaultRates,
    ) -> Events {
        match self {
            Self::None | Self::SpareColumns(_) => events,
            Self::RealignEachLoad => realignment::events(layer, events),
            Self::PositionCode => position_code::events(layer, events),
            Self::CheckAndRepeat => repetition::events(layer, events, kinds, rates),
            Self::MajorityOfThree => majority::events(layer, events),
            Self::SpareRows(count) => redundancy::events(layer, events, count),
        }
    }
}

impl fmt::Display for Mitigation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

/// A name that no mitigation has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no mitigation; there are: none, realign-each-load, position-code, check-and-repeat, majority-of-three, \
     spare-rows-N, spare-columns-N"
)]
pub struct UnknownMitigation(String);

impl FromStr for Mitigation {
    type Err = UnknownMitigation;
    fn from_str(text: &str) -> Result<Self, UnknownMitigation> {
        let unknown = || UnknownMitigation(text.to_owned());
        let count = |digits: &str| digits.parse().map_err(|_| unknown());
        match text {
            "none" => Ok(Self::None),
            "realign-each-load" => Ok(Self::RealignEachLoad),
            "position-code" => Ok(Self::PositionCode),
            "check-and-repeat" => Ok(Self::CheckAndRepeat),
            "majority-of-three" => Ok(Self::MajorityOfThree),
            _ => match (text.strip_prefix("spare-rows-"), text.strip_prefix("spare-columns-")) {
                (Some(rows), _) => Ok(Self::SpareRows(count(rows)?)),
                (_, Some(columns)) => Ok(Self::SpareColumns(count(columns)?)),
                _ => Err(unknown()),
            },
        }
    }
}

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
        use Mitigation::*;
        let all = [
            None,
            RealignEachLoad,
            PositionCode,
            CheckAndRepeat,
            MajorityOfThree,
            SpareRows(4),
            SpareColumns(12),
        ];
        for mitigation in all {
            assert_eq!(mitigation.name().parse(), Ok(mitigation));
        }
        let message = "spare-rows-many".parse::<Mitigation>().unwrap_err().to_string();
        assert!(message.starts_with("`spare-rows-many` is no mitigation; there are: none,"), "{message}");
    }
}
