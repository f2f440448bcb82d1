//! Trials of a point of slips: a series that goes on until the loss is known as well as asked for.

use std::ops::Range;

use faults::{FaultPoint, drop_sequence};
use workspace::stages::{Series, StageKind};
use workspace::{Failure, Inputs};

use crate::trials::{FAULT_SOURCES, KeptRecord, Trials, records};

/// Trials after which the interval is looked at.
const STEP: u64 = 4;

/// Trials of a point.
#[derive(Debug, Clone, PartialEq)]
pub struct Slips {
    pub trials: Trials,
    /// Probability that a shift by one domain leaves a track one domain off.
    pub rate: f64,
    /// They are enough when the drop in accuracy is known to this, either way; all run where there is none.
    pub half_width: Option<f64>,
    /// Confidence of that.
    pub confidence: f64,
}

impl Slips {
    /// The point.
    pub fn point(&self) -> &FaultPoint {
        &self.trials.point
    }
}

impl Series for Slips {
    type Item = KeptRecord;
    const KIND: StageKind = StageKind { name: "trials", sources: FAULT_SOURCES };

    fn number(&self) -> u64 {
        self.trials.number
    }

    fn what(&self) -> String {
        let (network, point) = (&self.trials.faulty.network, self.point());
        let (most, rate) = (self.most(), self.rate);
        format!("{network}, {}: up to {most} trials at {rate:e} slips a shift", point.mitigation)
    }

    fn ingredients(&self, inputs: &Inputs<'_>) -> Result<Vec<String>, Failure> {
        self.trials.ingredients(inputs, "")
    }

    fn most(&self) -> u64 {
        self.trials.trials
    }

    fn step(&self) -> u64 {
        self.half_width.map_or(self.most(), |_| STEP)
    }

    fn is_enough(&self, inputs: &Inputs<'_>, items: &[KeptRecord], units: u64) -> Result<bool, Failure> {
        let Some(half_width) = self.half_width else { return Ok(units >= self.most()) };
        self.trials.faulty.with_campaign(inputs, |campaign| {
            let weight = campaign.prepare(self.point()).weight();
            let sequence = drop_sequence(campaign, &records(items), units, weight, self.confidence);
            Ok(sequence.high - sequence.low <= 2.0 * half_width)
        })
    }

    fn compute(&self, inputs: &Inputs<'_>, units: Range<u64>) -> Result<Vec<KeptRecord>, Failure> {
        self.trials.run(inputs, units, None)
    }
}
