//! What one fault does to an answer, by the layer and by the bit where it strikes.

use std::sync::Arc;

use faults::{
    AccumulatorBit, Campaign, FaultKind, FaultModel, FaultPoint, FaultRates, Mitigation, Sampling, Stream,
    Summary,
};
use rtm_ap::{Machine, MachineLayer};
use tables::{Column, Schema, Table};

use super::Outcome;
use super::fault_columns::{LOWER_END, UPPER_END};
use crate::error::RunError;
use crate::manifest::{FaultSitesStudy, Manifest};
use crate::models::{Labelled, Models};
use crate::progress::Progress;

/// By layer.
pub static BY_LAYER: Schema = Schema::new(
    "by_layer",
    "Inferences with exactly one fault in a layer, at a random place of its run: what comes of it.",
    &[
        Column::text("network", "Name of the network."),
        Column::text("layer", "Name of the layer."),
        Column::text("fault", "Kind of fault."),
        Column::integer("inferences", "", "Images times trials."),
        Column::real("changed_answers", "", "Share with another class than without the fault."),
        Column::real("changed_low", "", LOWER_END),
        Column::real("changed_high", "", UPPER_END),
        Column::real("changed_logits", "", "Share with a logit other than without the fault."),
        Column::real("noise", "", "Mean squared error of the logits, as a share of their square."),
        Column::real("noise_low", "", "Lower end of its interval: bootstrap over images."),
        Column::real("noise_high", "", "Upper end of it."),
        Column::real(
            "share_of_hazard",
            "",
            "Share of the network's faults of this kind that strike the layer.",
        ),
        Column::real("confidence", "", "Confidence of the interval."),
    ],
);

/// By bit.
pub static BY_BIT: Schema = Schema::new(
    "by_bit",
    "Inferences with exactly one failed write to a bit of an accumulator of a layer: what comes of it.",
    &[
        Column::text("network", "Name of the network."),
        Column::text("layer", "Name of the layer."),
        Column::integer("bit", "", "The bit, 0 for the least significant."),
        Column::integer("inferences", "", "Images times trials."),
        Column::real("changed_answers", "", "Share with another class than without the fault."),
        Column::real("changed_low", "", LOWER_END),
        Column::real("changed_high", "", UPPER_END),
        Column::real("changed_logits", "", "Share with a logit other than without the fault."),
        Column::real("noise", "", "Mean squared error of the logits, as a share of their square."),
        Column::real("noise_low", "", "Lower end of its interval: bootstrap over images."),
        Column::real("noise_high", "", "Upper end of it."),
        Column::real("confidence", "", "Confidence of the interval."),
    ],
);

/// So rare that an inference with at least one fault has one.
const ONE_FAULT: f64 = 1e-18;

/// The kinds that strike in a run.
const KINDS: [FaultKind; 5] = [
    FaultKind::OutOfStepByOne,
    FaultKind::Pinning,
    FaultKind::WriteFailure,
    FaultKind::SearchMiss,
    FaultKind::SearchFalseMatch,
];

pub fn run(
    manifest: &Manifest,
    study: &FaultSitesStudy,
    models: &Models<'_>,
    progress: &Progress,
) -> Result<Outcome, RunError> {
    let Labelled { loaded, images, labels } = models.labelled(&study.network, &study.images)?;
    let machine = Machine::compile(Arc::clone(&loaded.network), &study.machine.0)?;
    let rates = FaultRates::of(&models.fault_rates(&study.rates)?)?.with_shift_rate(ONE_FAULT)?;
    let rates = FaultRates {
        pinning: ONE_FAULT,
        write_failure: ONE_FAULT,
        search_miss: ONE_FAULT,
        search_false_match: ONE_FAULT,
        ..rates
    };
    let campaign = Campaign::new(&machine, &images, &labels, manifest.seed)?;
    let bits: Vec<u8> = machine.layers().iter().map(accumulator_bits).collect();
    let points =
        machine.layers().len() * KINDS.len() + bits.iter().map(|&bits| usize::from(bits)).sum::<usize>();
    let bar = progress.bar("injecting single faults", points as u64);
    let mut stage = 0;
    let mut run_point = |layer: usize, kinds: Vec<FaultKind>, other: Option<Box<dyn FaultModel>>| {
        let point = FaultPoint {
            rates,
            kinds,
            mitigation: Mitigation::None,
            sampling: Sampling::AtLeastOneFault,
            stage,
            layers: Some(layer..layer + 1),
        };
        let prepared = match other {
            Some(model) => campaign.prepare_with(&point, &[model]),
            None => campaign.prepare(&point),
        };
        let hazard = prepared.expected_faults();
        if hazard == 0.0 {
            bar.inc(1);
            stage += 1;
            return Ok::<_, RunError>((hazard, None));
        }
        let records = models.run_trials(manifest, stage, &prepared, 0..study.trials)?;
        let stream = Stream::resampling(manifest.seed, stage);
        let summary = Summary::of(&campaign, &records, study.trials, 1.0, study.confidence, stream)?;
        stage += 1;
        bar.inc(1);
        Ok((hazard, Some(summary)))
    };

    let mut by_layer = Table::new(&BY_LAYER);
    let mut worst: Vec<(FaultKind, String, f64)> = Vec::new();
    for kind in KINDS {
        let mut rows = Vec::new();
        for (layer, prepared) in machine.layers().iter().enumerate() {
            rows.push((prepared.compiled().name.clone(), run_point(layer, vec![kind], None)?));
        }
        let total: f64 = rows.iter().map(|(_, (hazard, _))| hazard).sum();
        for (layer, (hazard, summary)) in rows {
            let Some(s) = summary else { continue };
            if worst.last().is_none_or(|(of, _, _)| *of != kind) {
                worst.push((kind, layer.clone(), s.silent_corruptions));
            } else if let Some(last) = worst.last_mut().filter(|last| last.2 < s.silent_corruptions) {
                (last.1, last.2) = (layer.clone(), s.silent_corruptions);
            }
            by_layer.push_row([
                ("network", study.network.as_str().into()),
                ("layer", layer.as_str().into()),
                ("fault", kind.name().into()),
                ("inferences", (s.inferences as i64).into()),
                ("changed_answers", s.silent_corruptions.into()),
                ("changed_low", s.silent_corruptions_interval.low.into()),
                ("changed_high", s.silent_corruptions_interval.high.into()),
                ("changed_logits", s.changed_logits.into()),
                ("noise", s.noise.into()),
                ("noise_low", s.noise_interval.low.into()),
                ("noise_high", s.noise_interval.high.into()),
                ("share_of_hazard", (hazard / total).into()),
                ("confidence", study.confidence.into()),
            ])?;
        }
    }
    let mut by_bit = Table::new(&BY_BIT);
    for (layer, (prepared, &bits)) in machine.layers().iter().zip(&bits).enumerate() {
        for bit in 0..bits {
            let model = Box::new(AccumulatorBit { bit, rate: ONE_FAULT });
            let (_, Some(s)) = run_point(layer, Vec::new(), Some(model))? else { continue };
            by_bit.push_row([
                ("network", study.network.as_str().into()),
                ("layer", prepared.compiled().name.as_str().into()),
                ("bit", i64::from(bit).into()),
                ("inferences", (s.inferences as i64).into()),
                ("changed_answers", s.silent_corruptions.into()),
                ("changed_low", s.silent_corruptions_interval.low.into()),
                ("changed_high", s.silent_corruptions_interval.high.into()),
                ("changed_logits", s.changed_logits.into()),
                ("noise", s.noise.into()),
                ("noise_low", s.noise_interval.low.into()),
                ("noise_high", s.noise_interval.high.into()),
                ("confidence", study.confidence.into()),
            ])?;
        }
    }
    bar.finish();
    let summary = worst
        .iter()
        .map(|(kind, layer, share)| {
            format!("one {}: worst in {layer}, {:.2} % of answers change", kind.name(), 100.0 * share)
        })
        .collect();
    let figure = figures::fault_sites(&manifest.title, &by_layer, &by_bit)?;
    Ok(Outcome { tables: vec![by_layer, by_bit], figure, summary })
}

/// The longest accumulator of a layer, in bits.
fn accumulator_bits(layer: &MachineLayer) -> u8 {
    let outputs = layer.compiled().programs.iter().flat_map(|program| program.outputs());
    outputs.map(|(_, format)| format.bits).max().unwrap_or(0)
}
