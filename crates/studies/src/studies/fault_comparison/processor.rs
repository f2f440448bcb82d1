//! Faults of the associative processor at the literature's rates: a series of trials.

use std::ops::Range;

use faults::{FaultKind, FaultPoint, FaultRates, Mitigation, Sampling};
use workspace::stages::{Series, StageKind};
use workspace::{Failure, Inputs};

use crate::trials::{FAULT_SOURCES, KeptRecord, Trials};

/// Trials of a point.
#[derive(Debug, Clone, PartialEq)]
pub struct Struck(pub Trials);

/// The point of a campaign; its number keys the random streams.
pub(super) fn point(
    rates: FaultRates,
    kinds: &[FaultKind],
    mitigation: Mitigation,
    number: u64,
) -> FaultPoint {
    let (kinds, sampling) = (kinds.to_vec(), Sampling::Plain);
    FaultPoint { rates, kinds, mitigation, sampling, stage: number, layers: None }
}

impl Series for Struck {
    type Item = KeptRecord;
    const KIND: StageKind = StageKind { name: "trials", sources: FAULT_SOURCES };

    fn number(&self) -> u64 {
        self.0.number
    }

    fn what(&self) -> String {
        let point = &self.0.point;
        let kinds: Vec<&str> = point.kinds.iter().map(|kind| kind.name()).collect();
        format!(
            "{}, {}: {} trials with {}",
            self.0.faulty.network,
            point.mitigation,
            self.most(),
            kinds.join(", ")
        )
    }

    fn ingredients(&self, inputs: &Inputs<'_>) -> Result<Vec<String>, Failure> {
        self.0.ingredients(inputs, "")
    }

    fn most(&self) -> u64 {
        self.0.trials
    }

    fn compute(&self, inputs: &Inputs<'_>, units: Range<u64>) -> Result<Vec<KeptRecord>, Failure> {
        self.0.run(inputs, units, None)
    }
}
