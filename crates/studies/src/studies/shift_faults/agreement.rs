//! One rate, drawn in both ways: all inferences, and only those with at least one fault.

use faults::{Campaign, FaultPoint, FaultRates, Mitigation, Sampling};
use tables::{Table, TypedRow};
use workspace::stages::{Declared, Promise, Ran, Results};
use workspace::{Failure, Manifest};

use super::slips::Slips;
use super::{ShiftFaultStudy, sampling_name};
use crate::trials::KeptRecord;

tables::table! {
    /// One rate, drawn in both ways: all inferences, and only those with at least one fault, weighted.
    pub struct AgreementRow: "agreement" {
        /// What protects the machine.
        mitigation: String,
        /// Probability that a shift by one domain leaves a track one domain off.
        rate: f64,
        /// `all` or `struck`.
        sampling: String,
        /// Images times trials.
        inferences: u64,
        /// Of these, how many had a fault: what the time goes into.
        struck: usize,
        /// Probability that an inference is among the drawn ones.
        weight: f64,
        /// Share of inferences with a logit other than without faults.
        changed_logits: f64,
        /// Its standard error, inferences taken as independent.
        standard_error: f64,
        /// Distance from the first row in standard errors of the difference.
        deviation: f64,
    }
}

/// Two protections, each drawn in both ways.
pub(super) struct Agreement(Vec<(Slips, Promise<Ran<KeptRecord>>)>);

impl Agreement {
    /// Its points.
    pub const POINTS: u64 = 4;

    /// Declares the points, whose numbers follow those of so many others.
    pub fn declare(
        study: &ShiftFaultStudy,
        manifest: &Manifest,
        literature: &FaultRates,
        after: u64,
        declared: &mut Declared,
    ) -> Result<Self, Failure> {
        let mut points = Vec::new();
        for mitigation in [Mitigation::None, Mitigation::RealignEachLoad] {
            for sampling in [Sampling::Plain, Sampling::AtLeastOneFault] {
                let number = after + points.len() as u64;
                let point = study.point(literature, mitigation, study.compared_rate, number)?;
                let trials = if sampling == Sampling::Plain { 10 * study.trials } else { study.trials };
                let point = FaultPoint { sampling, ..point };
                let slips = study.slips(manifest, (point, study.compared_rate), number, trials, None);
                points.push((slips.clone(), declared.series(slips)));
            }
        }
        Ok(Self(points))
    }

    /// The table.
    pub fn table(&self, campaign: &Campaign<'_>, results: &Results) -> Result<Table, Failure> {
        let mut table = Table::new(AgreementRow::SCHEMA);
        let mut first: Option<(Mitigation, f64, f64)> = None;
        for (slips, ran) in &self.0 {
            let (point, ran) = (slips.point(), results.of(*ran)?);
            let weight = campaign.prepare(point).weight();
            let inferences = ran.units as f64 * campaign.images() as f64;
            let changed =
                ran.items.iter().filter(|record| record.changed_logits()).count() as f64 / inferences;
            let error = weight * (changed * (1.0 - changed) / inferences).sqrt();
            let share = weight * changed;
            let (_, mean, of_mean) = match first {
                Some(first) if first.0 == point.mitigation => first,
                _ => *first.insert((point.mitigation, share, error)),
            };
            let together = (error * error + of_mean * of_mean).sqrt();
            table.push(AgreementRow {
                mitigation: point.mitigation.name().to_string(),
                rate: slips.rate,
                sampling: sampling_name(point.sampling).into(),
                inferences: inferences as u64,
                struck: ran.items.len(),
                weight,
                changed_logits: share,
                standard_error: error,
                deviation: if together > 0.0 { (share - mean) / together } else { 0.0 },
            })?;
        }
        Ok(table)
    }
}
