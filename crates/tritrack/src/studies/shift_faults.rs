//! Accuracy against the rate of shift faults.

use std::sync::Arc;

use faults::{FaultPoint, PointResult, Realignment, ShiftFaultRates, Study, clopper_pearson};
use rtm_ap::Machine;
use tables::{Column, Schema, Table};

use super::Outcome;
use crate::error::RunError;
use crate::manifest::{Manifest, RealignmentName, ShiftFaultStudy};
use crate::models::Models;
use crate::progress::Progress;

/// Accuracy.
pub static ACCURACY: Schema = Schema::new(
    "accuracy",
    "Top-1 accuracy of a network executed on tracks that slip, over images and trials.",
    &[
        Column::text("network", "Name of the network."),
        Column::text(
            "realignment",
            "When displaced tracks are brought back into step, besides between layers.",
        ),
        Column::real("rate", "", "Probability that a shift by one domain leaves a track one domain off."),
        Column::real("expected_slips", "", "Expected number of slips in one inference."),
        Column::integer("inferences", "", "Images times trials."),
        Column::integer("correct", "", "Inferences that gave the label's class."),
        Column::real("accuracy", "", "Share of correct inferences."),
        Column::real("accuracy_low", "", "Lower end of its Clopper-Pearson interval."),
        Column::real("accuracy_high", "", "Upper end of it."),
        Column::integer("changed_answers", "", "Inferences whose class differs from the fault-free one."),
        Column::integer("changed_logits", "", "Inferences with a logit other than the fault-free one."),
        Column::integer("slips", "", "Slips in all inferences."),
        Column::real("confidence", "", "Confidence of the interval."),
        Column::real("clean_accuracy", "", "Accuracy of the same images without faults."),
        Column::real("literature_rate", "", "The rate that the literature states for a shift by one domain."),
    ],
);

pub fn run(
    manifest: &Manifest,
    study: &ShiftFaultStudy,
    models: &Models<'_>,
    progress: &Progress,
) -> Result<Outcome, RunError> {
    let loaded = models.network(&study.network)?;
    let set = models.images(&loaded, &study.images)?;
    let labels = set.labels().ok_or_else(|| RunError::NoLabels(set.name().to_owned()))?;
    let images = set.feature_maps();
    let machine = Machine::compile(Arc::clone(&loaded.network), &study.machine.0)?;
    let literature = ShiftFaultRates::of(&models.fault_rates(&study.rates)?);
    let runs = Study::new(&machine, &images, labels, manifest.seed)?;
    let clean = runs.clean_correct() as f64 / images.len() as f64;

    let mut table = Table::new(&ACCURACY);
    let points = study.realignment.len() * study.rates_at_distance_one.len();
    let bar = progress.bar("injecting shift faults", points as u64 * study.trials);
    let mut summary = vec![format!(
        "{}: {} images, {:.2} % correct without faults",
        study.network,
        images.len(),
        100.0 * clean
    )];
    for &name in &study.realignment {
        let realignment = match name {
            RealignmentName::None => Realignment::EachLayer,
            RealignmentName::EachLoad => Realignment::EachLoad,
        };
        let mut harmless = None;
        for (stage, &rate) in study.rates_at_distance_one.iter().enumerate() {
            let rates = literature.scaled_to(rate);
            // Points of one rate share their random numbers across mitigations.
            let point = FaultPoint { rates, realignment, stage: stage as u64 };
            let mut result = PointResult::default();
            for trial in 0..study.trials {
                result += runs.trial(&point, trial)?;
                bar.inc(1);
            }
            let interval = clopper_pearson(result.correct, result.inferences, study.confidence)?;
            let accuracy = result.correct as f64 / result.inferences as f64;
            if interval.low <= clean && clean <= interval.high {
                harmless = Some(rate);
            }
            table.push_row([
                ("network", study.network.as_str().into()),
                ("realignment", realignment.name().into()),
                ("rate", rate.into()),
                ("expected_slips", runs.expected_slips(rates).into()),
                ("inferences", (result.inferences as i64).into()),
                ("correct", (result.correct as i64).into()),
                ("accuracy", accuracy.into()),
                ("accuracy_low", interval.low.into()),
                ("accuracy_high", interval.high.into()),
                ("changed_answers", (result.changed_answers as i64).into()),
                ("changed_logits", (result.changed_logits as i64).into()),
                ("slips", (result.slips as i64).into()),
                ("confidence", study.confidence.into()),
                ("clean_accuracy", clean.into()),
                ("literature_rate", literature.at_distance_one().into()),
            ])?;
        }
        if let Some(rate) = harmless {
            summary.push(format!(
                "re-alignment {}: no measurable loss up to {rate:e} a shift; the literature's rate is {:e}",
                realignment.name(),
                literature.at_distance_one()
            ));
        }
    }
    bar.finish();
    let figure = figures::shift_faults(&manifest.title, &table)?;
    Ok(Outcome { tables: vec![table], figure, summary })
}
