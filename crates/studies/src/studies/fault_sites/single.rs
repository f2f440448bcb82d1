//! Exactly one fault of a kind in a layer, or in a bit of its accumulators: a series of trials.

use std::ops::Range;

use faults::{AccumulatorBit, FaultKind, FaultModel, FaultPoint, FaultRates, Mitigation, Sampling};
use workspace::stages::{Series, StageKind};
use workspace::{Failure, Inputs};

use crate::trials::{FAULT_SOURCES, KeptRecord, Trials};

/// So rare that an inference with at least one fault has one.
const ONE_FAULT: f64 = 1e-18;

/// The kinds that strike in a run.
pub(super) const KINDS: [FaultKind; 5] = [
    FaultKind::OutOfStepByOne,
    FaultKind::Pinning,
    FaultKind::WriteFailure,
    FaultKind::SearchMiss,
    FaultKind::SearchFalseMatch,
];

/// Where a fault strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Site {
    /// Anywhere in a layer.
    Kind {
        /// Which fault.
        kind: FaultKind,
        layer: usize,
    },
    /// A failed write to a bit of an accumulator.
    Bit {
        layer: usize,
        /// The bit, 0 for the least significant.
        bit: u8,
    },
}

/// Rates at which an inference with a fault of any kind has one of that kind.
///
/// # Errors
/// If the rates are out of range.
pub(super) fn certain(stated: &FaultRates) -> Result<FaultRates, Failure> {
    Ok(FaultRates {
        pinning: ONE_FAULT,
        write_failure: ONE_FAULT,
        search_miss: ONE_FAULT,
        search_false_match: ONE_FAULT,
        ..stated.with_shift_rate(ONE_FAULT)?
    })
}

impl Site {
    /// The point of a campaign; its number keys the random streams.
    pub fn point(self, rates: FaultRates, number: u64) -> FaultPoint {
        let (kinds, layer) = match self {
            Self::Kind { kind, layer } => (vec![kind], layer),
            Self::Bit { layer, .. } => (Vec::new(), layer),
        };
        FaultPoint {
            rates,
            kinds,
            mitigation: Mitigation::None,
            sampling: Sampling::AtLeastOneFault,
            stage: number,
            layers: Some(layer..layer + 1),
        }
    }

    /// The models of faults, where they are not those of the point's kinds.
    pub fn models(self) -> Option<Vec<Box<dyn FaultModel>>> {
        match self {
            Self::Kind { .. } => None,
            Self::Bit { bit, .. } => Some(vec![Box::new(AccumulatorBit { bit, rate: ONE_FAULT })]),
        }
    }
}

/// Trials with one fault at a site.
#[derive(Debug, Clone, PartialEq)]
pub struct SingleFaults {
    /// Where it strikes.
    pub site: Site,
    pub trials: Trials,
}

impl Series for SingleFaults {
    type Item = KeptRecord;
    const KIND: StageKind = StageKind { name: "trials", sources: FAULT_SOURCES };

    fn number(&self) -> u64 {
        self.trials.number
    }

    fn what(&self) -> String {
        let network = &self.trials.faulty.network;
        match self.site {
            Site::Kind { kind, layer } => format!("{network}: one {} in layer {layer}", kind.name()),
            Site::Bit { layer, bit } => format!("{network}: one failed write to bit {bit} in layer {layer}"),
        }
    }

    fn ingredients(&self, inputs: &Inputs<'_>) -> Result<Vec<String>, Failure> {
        self.trials.ingredients(inputs, &format!("{:?}", self.site.models()))
    }

    fn most(&self) -> u64 {
        self.trials.trials
    }

    fn compute(&self, inputs: &Inputs<'_>, units: Range<u64>) -> Result<Vec<KeptRecord>, Failure> {
        self.trials.run(inputs, units, self.site.models().as_deref())
    }
}
