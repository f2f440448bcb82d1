//! Trials with faults: what they give, and how shards write it.

use std::ops::Range;

use faults::{Campaign, FaultModel, FaultPoint, PreparedPoint, Record};
use serde::{Deserialize, Serialize};
use tables::round10;
use workspace::stages::Unit;
use workspace::{Failure, Inputs};

use crate::faulty::Faulty;

/// The fingerprint of the sources that compute what faults do.
pub const FAULT_SOURCES: &str = env!("TRITRACK_FAULT_SOURCES");

tables::table! {
    /// Inferences of a fault study that are not known to be as without faults.
    pub struct RecordRow: "records" {
        /// The point, in the order in which the study asks for them.
        point: u64,
        /// The trial.
        trial: u64,
        /// The image.
        image: u32,
        /// The class that it got.
        class: u16,
        /// Whether any logit is other than without faults.
        changed_logits: bool,
        /// Faults that were drawn.
        faults: u32,
        /// The first layer with another accumulator.
        first_failing: Option<u16>,
        /// Squared error of the logits, as a share of their square.
        noise: f64,
        /// Rows that never passed their check.
        given_up: u32,
    }
}

/// An inference as the store of stages keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct KeptRecord(u64, u32, u16, bool, u32, Option<u16>, f64, u32);

impl From<Record> for KeptRecord {
    fn from(record: Record) -> Self {
        let Record { trial, image, class, changed_logits, faults, first_failing, noise, given_up } = record;
        Self(trial, image, class, changed_logits, faults, first_failing, noise, given_up)
    }
}

impl From<KeptRecord> for Record {
    fn from(kept: KeptRecord) -> Self {
        let KeptRecord(trial, image, class, changed_logits, faults, first_failing, noise, given_up) = kept;
        Self { trial, image, class, changed_logits, faults, first_failing, noise, given_up }
    }
}

impl Unit for KeptRecord {
    type Row = RecordRow;

    fn row(&self, series: u64) -> RecordRow {
        let Record { trial, image, class, changed_logits, faults, first_failing, noise, given_up } =
            (*self).into();
        let point = series;
        RecordRow { point, trial, image, class, changed_logits, faults, first_failing, noise, given_up }
    }

    fn of_row(row: RecordRow) -> (u64, Self) {
        let RecordRow { point, trial, image, class, changed_logits, faults, first_failing, noise, given_up } =
            row;
        (point, Self(trial, image, class, changed_logits, faults, first_failing, noise, given_up))
    }

    fn unit(&self) -> u64 {
        self.0
    }

    fn rounded(self) -> Self {
        Self(self.0, self.1, self.2, self.3, self.4, self.5, round10(self.6), self.7)
    }
}

impl KeptRecord {
    /// Whether any logit is other than without faults.
    pub fn changed_logits(&self) -> bool {
        self.3
    }
}

/// The records of kept ones.
pub fn records(kept: &[KeptRecord]) -> Vec<Record> {
    kept.iter().copied().map(Record::from).collect()
}

/// The trials of a point of a campaign.
#[derive(Debug, Clone, PartialEq)]
pub struct Trials {
    /// The network, its images and its machine.
    pub faulty: Faulty,
    pub point: FaultPoint,
    /// The point's number among those of its study.
    pub number: u64,
    /// The most times that all images are inferred.
    pub trials: u64,
}

impl Trials {
    /// Everything that the records depend on; `models` says which faults strike, where they are not those of the point's kinds.
    ///
    /// # Errors
    /// If an input is missing or wrong.
    pub fn ingredients(&self, inputs: &Inputs<'_>, models: &str) -> Result<Vec<String>, Failure> {
        let mut ingredients = self.faulty.ingredients(inputs)?;
        ingredients.extend([self.number.to_string(), format!("{:?}", self.point), models.to_owned()]);
        Ok(ingredients)
    }

    /// Runs some of them; `models` replaces the models of the point's kinds of faults.
    ///
    /// # Errors
    /// If the machine fails.
    pub fn run(
        &self,
        inputs: &Inputs<'_>,
        trials: Range<u64>,
        models: Option<&[Box<dyn FaultModel>]>,
    ) -> Result<Vec<KeptRecord>, Failure> {
        self.faulty.with_campaign(inputs, |campaign| {
            let records = prepared(campaign, &self.point, models).run(trials)?;
            Ok(records.into_iter().map(KeptRecord::from).collect())
        })
    }
}

/// A point of a campaign with the models of its kinds of faults, or with others.
pub fn prepared<'c>(
    campaign: &'c Campaign<'c>,
    point: &FaultPoint,
    models: Option<&[Box<dyn FaultModel>]>,
) -> PreparedPoint<'c> {
    match models {
        Some(models) => campaign.prepare_with(point, models),
        None => campaign.prepare(point),
    }
}
