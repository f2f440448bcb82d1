//! Accuracy against the rate of shift faults, by protection, and what protection costs.

use std::sync::Arc;

use faults::{
    Campaign, FaultKind, FaultPoint, FaultRates, LiteratureRates, Mitigation, Record, Sampling, Stream,
    Summary, drop_sequence,
};
use rtm_ap::{Machine, ProcessorDesign, ProcessorParameters, SearchModel, cost};
use tables::{Column, Schema, Table};
use technology::{Energy, Parameters, Quantity, Time};

use super::Outcome;
use super::costs::{microjoules, milliseconds};
use super::fault_columns::{SILENT_CORRUPTIONS, SILENT_HIGH, SILENT_LOW};
use crate::error::RunError;
use crate::manifest::{Manifest, ShiftFaultStudy};
use crate::models::{Labelled, Models, crossbar_report, weight_sparsity};
use crate::progress::Progress;
use crate::stages::run::MachineRun;

/// Accuracy.
pub static ACCURACY: Schema = Schema::new(
    "accuracy",
    "What faults do to a network's answers, over images and trials, for each protection and rate.",
    &[
        Column::text("network", "Name of the network."),
        Column::text("mitigation", "What protects the machine."),
        Column::real("rate", "", "Probability that a shift by one domain leaves a track one domain off."),
        Column::real(
            "expected_faults",
            "",
            "Expected faults in one inference of the machine, in all copies of its rows, with what the protection corrects at once left out.",
        ),
        Column::real("expected_slips", "", "Expected slips in one inference of the unprotected machine."),
        Column::text("sampling", "`all`: every inference is drawn; `struck`: those with at least one fault."),
        Column::real("weight", "", "Probability that an inference is among the drawn ones."),
        Column::integer("trials", "", "Times that all images were inferred."),
        Column::integer("inferences", "", "Images times trials."),
        Column::integer("struck", "", "Of these, how many had a fault that the protection did not rule out."),
        Column::real("accuracy", "", "Share of inferences that give the label's class."),
        Column::real(
            "accuracy_low",
            "",
            "Lower end of its interval for new images and new faults: bootstrap over images.",
        ),
        Column::real("accuracy_high", "", "Upper end of it."),
        Column::real("drop", "", "Accuracy without faults less that with them, on these images."),
        Column::real("drop_low", "", "Lower end of its interval: bootstrap over images."),
        Column::real("drop_high", "", "Upper end of it."),
        Column::real(
            "drop_sequence_low",
            "",
            "Lower end of the interval for these images that holds at every number of trials at once.",
        ),
        Column::real("drop_sequence_high", "", "Upper end of it."),
        SILENT_CORRUPTIONS,
        SILENT_LOW,
        SILENT_HIGH,
        Column::integer("changed_answers", "", "Drawn inferences with another class than without faults."),
        Column::real(
            "changed_low",
            "",
            "Lower end of the Clopper-Pearson interval of their share, which takes inferences for independent.",
        ),
        Column::real("changed_high", "", "Upper end of it."),
        Column::real("changed_wilson_low", "", "Lower end of the Wilson interval of their share."),
        Column::real("changed_wilson_high", "", "Upper end of it."),
        Column::real(
            "design_effect",
            "",
            "How many times the variance exceeds that of independent inferences, since trials share images.",
        ),
        Column::real("changed_logits", "", "Share of inferences with a logit other than without faults."),
        Column::real("snr", "dB", "Signal over noise of the logits; none without noise.").optional(),
        Column::text("first_failing", "The layer where most drawn inferences first go wrong.").optional(),
        Column::integer("faults", "", "Faults in all drawn inferences."),
        Column::integer("given_up", "", "Rows that never passed their check."),
        Column::real("confidence", "", "Confidence of the intervals."),
        Column::real("clean_accuracy", "", "Accuracy of the same images without faults."),
        Column::real("literature_rate", "", "The rate that the literature states for a shift by one domain."),
    ],
);

/// What protection costs.
pub static PROTECTION: Schema = Schema::new(
    "protection",
    "What each protection costs at the literature's rates, and how long a machine that infers without pause goes without a silent \
     corruption.",
    &[
        Column::text("network", "Name of the network."),
        Column::text("mitigation", "What protects the machine."),
        Column::real("energy", "uJ", "Energy for one image."),
        Column::real("energy_factor", "", "Times that of the unprotected machine."),
        Column::real("latency", "ms", "Latency for one image."),
        Column::real("latency_factor", "", "Times that of the unprotected machine."),
        Column::real("area", "mm2", "Area of the arrays with their periphery."),
        Column::real("area_factor", "", "Times that of the unprotected machine."),
        Column::real("extra_domains", "", "Domains that a track has more."),
        Column::real("extra_ports", "", "Read-only ports that a track has more."),
        Column::real("ratio", "", "Energy of the crossbar over energy of the RTM-AP."),
        Column::text("finishes", "Whether every row passes its check within the runs that are allowed."),
        Column::integer("inferences", "", "Images times trials that the following rests on."),
        Column::real("weight", "", "Probability that an inference is among the drawn ones."),
        Column::real("changed_logits", "", "Share of inferences with a logit other than without faults."),
        SILENT_CORRUPTIONS,
        SILENT_LOW,
        SILENT_HIGH,
        Column::real(
            "mttf",
            "s",
            "Mean time to a silent corruption of a machine that infers without pause; none if none was seen.",
        )
        .optional(),
        Column::real("mttf_low", "s", "The same at the upper end of the interval."),
        Column::real(
            "fit",
            "",
            "Silent corruptions in 1e9 hours of inference without pause; none if none was seen.",
        )
        .optional(),
        Column::real("fit_high", "", "The same at the upper end of the interval."),
        Column::real("confidence", "", "Confidence of the interval."),
    ],
);

/// Both ways to draw.
pub static AGREEMENT: Schema = Schema::new(
    "agreement",
    "One rate, drawn in both ways: all inferences, and only those with at least one fault, weighted.",
    &[
        Column::text("mitigation", "What protects the machine."),
        Column::real("rate", "", "Probability that a shift by one domain leaves a track one domain off."),
        Column::text("sampling", "`all` or `struck`."),
        Column::integer("inferences", "", "Images times trials."),
        Column::integer("struck", "", "Of these, how many had a fault: what the time goes into."),
        Column::real("weight", "", "Probability that an inference is among the drawn ones."),
        Column::real("changed_logits", "", "Share of inferences with a logit other than without faults."),
        Column::real("standard_error", "", "Its standard error, inferences taken as independent."),
        Column::real("deviation", "", "Distance from the first row in standard errors of the difference."),
    ],
);

/// A point with its records.
struct Ran {
    summary: Summary,
    expected_faults: f64,
    trials: u64,
    sampling: Sampling,
    sequence: faults::Interval,
}

pub fn run(
    manifest: &Manifest,
    study: &ShiftFaultStudy,
    models: &Models<'_>,
    progress: &Progress,
) -> Result<Outcome, RunError> {
    let Labelled { loaded, images, labels } = models.labelled(&study.network, &study.images)?;
    let machine = Machine::compile(Arc::clone(&loaded.network), &study.machine.0)?;
    let stated = models.fault_rates(&study.rates)?;
    let literature = FaultRates::of(&stated)?;
    let campaign = Campaign::new(&machine, &images, &labels, manifest.seed)?;
    let clean = campaign.clean_correct() as f64 / images.len() as f64;
    let layers: Vec<&str> = machine.layers().iter().map(|layer| layer.compiled().name.as_str()).collect();

    let points = study.mitigations.len() * study.rates_at_distance_one.len();
    let bar = progress.bar("injecting shift faults", points as u64);
    let mut accuracy = Table::new(&ACCURACY);
    let mut at_literature: Vec<(Mitigation, Summary, Sampling)> = Vec::new();
    let mut summary = vec![format!(
        "{}: {} images, {:.2} % correct without faults",
        study.network,
        images.len(),
        100.0 * clean
    )];
    let mut number = 0;
    for &mitigation in &study.mitigations {
        let mut harmless = None;
        for (stage, &rate) in study.rates_at_distance_one.iter().enumerate() {
            let point = point(study, &literature, mitigation, rate, stage as u64)?;
            let bare = FaultPoint { mitigation: Mitigation::None, ..point.clone() };
            let expected_slips = campaign.prepare(&bare).expected_faults();
            let ran = run_point(&campaign, study, point, number, (manifest, models))?;
            number += 1;
            let s = &ran.summary;
            if s.drop_interval.low <= 0.0 {
                harmless = Some(rate);
            }
            if rate == literature.by_one.at_distance_one() {
                at_literature.push((mitigation, s.clone(), ran.sampling));
            }
            let worst = (0..layers.len()).max_by_key(|&layer| (s.first_failing[layer], layers.len() - layer));
            let first_failing = worst.filter(|&layer| s.first_failing[layer] > 0).map(|layer| layers[layer]);
            accuracy.push_row([
                ("network", study.network.as_str().into()),
                ("mitigation", mitigation.name().into()),
                ("rate", rate.into()),
                ("expected_faults", ran.expected_faults.into()),
                ("expected_slips", expected_slips.into()),
                ("sampling", sampling_name(ran.sampling).into()),
                ("weight", s.weight.into()),
                ("trials", (ran.trials as i64).into()),
                ("inferences", (s.inferences as i64).into()),
                ("struck", (s.struck as i64).into()),
                ("accuracy", s.accuracy.into()),
                ("accuracy_low", s.accuracy_interval.low.into()),
                ("accuracy_high", s.accuracy_interval.high.into()),
                ("drop", s.drop.into()),
                ("drop_low", s.drop_interval.low.into()),
                ("drop_high", s.drop_interval.high.into()),
                ("drop_sequence_low", ran.sequence.low.into()),
                ("drop_sequence_high", ran.sequence.high.into()),
                ("silent_corruptions", s.silent_corruptions.into()),
                ("silent_low", s.silent_corruptions_interval.low.into()),
                ("silent_high", s.silent_corruptions_interval.high.into()),
                ("changed_answers", (s.changed_answers as i64).into()),
                ("changed_low", s.changed_interval.low.into()),
                ("changed_high", s.changed_interval.high.into()),
                ("changed_wilson_low", s.changed_wilson.low.into()),
                ("changed_wilson_high", s.changed_wilson.high.into()),
                ("design_effect", s.design_effect.into()),
                ("changed_logits", s.changed_logits.into()),
                ("snr", s.snr_db.is_finite().then_some(s.snr_db).into()),
                ("first_failing", first_failing.into()),
                ("faults", (s.faults as i64).into()),
                ("given_up", (s.given_up as i64).into()),
                ("confidence", study.confidence.into()),
                ("clean_accuracy", clean.into()),
                ("literature_rate", literature.by_one.at_distance_one().into()),
            ])?;
            bar.inc(1);
        }
        if let Some(rate) = harmless {
            summary.push(format!(
                "{mitigation}: no loss that can be told from chance up to {rate:e} a shift; the literature's rate is {:e}",
                literature.by_one.at_distance_one()
            ));
        }
    }
    bar.finish();
    let numbers = PointNumbers { swept: points as u64 };
    let agreement = agreement(&campaign, study, &literature, numbers, (manifest, models))?;
    let mut known = Vec::new();
    for (number, (mitigation, of_point, sampling)) in (0..).zip(at_literature) {
        known.push((
            mitigation,
            match sampling {
                Sampling::Plain => of_point,
                Sampling::AtLeastOneFault => {
                    let stage = numbers.priced(number);
                    let rate = literature.by_one.at_distance_one();
                    let point =
                        FaultPoint { sampling, ..point(study, &literature, mitigation, rate, stage)? };
                    let prepared = campaign.prepare(&point);
                    let records = models.run_trials(manifest, stage, &prepared, 0..study.rare_trials)?;
                    let stream = Stream::resampling(manifest.seed, stage);
                    let (trials, weight) = (study.rare_trials, prepared.weight());
                    Summary::of(&campaign, &records, trials, weight, study.confidence, stream)?
                }
            },
        ));
    }
    let costs = Costs { study, models, literature: &literature, stated: &stated };
    let protection = costs.table(&known, &mut summary)?;
    let figure = figures::shift_faults(&manifest.title, &accuracy)?;
    Ok(Outcome { tables: vec![accuracy, protection, agreement], figure, summary })
}

fn point(
    study: &ShiftFaultStudy,
    literature: &FaultRates,
    mitigation: Mitigation,
    rate: f64,
    stage: u64,
) -> Result<FaultPoint, RunError> {
    Ok(FaultPoint {
        rates: literature.with_shift_rate(rate)?,
        kinds: study.faults.clone(),
        mitigation,
        sampling: Sampling::Plain,
        // Points of one rate share their random numbers across mitigations.
        stage,
        layers: None,
    })
}

const fn sampling_name(sampling: Sampling) -> &'static str {
    match sampling {
        Sampling::Plain => "all",
        Sampling::AtLeastOneFault => "struck",
    }
}

/// Runs trials until the drop is known as well as asked for, or there have been enough.
fn run_point(
    campaign: &Campaign<'_>,
    study: &ShiftFaultStudy,
    mut point: FaultPoint,
    number: u64,
    (manifest, models): (&Manifest, &Models<'_>),
) -> Result<Ran, RunError> {
    /// Trials after which the interval is looked at.
    const STEP: u64 = 4;
    let prepared = campaign.prepare(&point);
    // Copies that are voted on draw their faults apart, so none of them can be made sure to have one.
    if prepared.expected_faults() < study.rare_below && point.mitigation != Mitigation::MajorityOfThree {
        point.sampling = Sampling::AtLeastOneFault;
    }
    let prepared = campaign.prepare(&point);
    let (mut records, mut trials): (Vec<Record>, u64) = (Vec::new(), 0);
    loop {
        let step = if models.trials().is_partial() { study.trials } else { STEP };
        let next = (trials + step).min(study.trials);
        records.extend(models.run_trials(manifest, number, &prepared, trials..next)?);
        trials = next;
        let sequence = drop_sequence(campaign, &records, trials, prepared.weight(), study.confidence);
        if trials == study.trials || sequence.high - sequence.low <= 2.0 * study.half_width {
            let stream = Stream::resampling(manifest.seed, point.stage);
            let summary =
                Summary::of(campaign, &records, trials, prepared.weight(), study.confidence, stream)?;
            let (expected_faults, sampling) = (prepared.expected_faults(), point.sampling);
            return Ok(Ran { summary, expected_faults, trials, sampling, sequence });
        }
    }
}

/// The numbers of the study's points, which key their random streams: first those of the sweep, then those that compare both ways to
/// draw, then those that are drawn once more for a price.
#[derive(Debug, Clone, Copy)]
struct PointNumbers {
    /// How many points the sweep has.
    swept: u64,
}

impl PointNumbers {
    /// Protections that are compared, and ways to draw.
    const COMPARED: [u64; 2] = [2, 2];

    fn compared(self, protection: u64, way: u64) -> u64 {
        self.swept + Self::COMPARED[1] * protection + way
    }

    fn priced(self, number: u64) -> u64 {
        self.swept + Self::COMPARED[0] * Self::COMPARED[1] + number
    }
}

/// Draws one rate in both ways.
fn agreement(
    campaign: &Campaign<'_>,
    study: &ShiftFaultStudy,
    literature: &FaultRates,
    numbers: PointNumbers,
    (manifest, models): (&Manifest, &Models<'_>),
) -> Result<Table, RunError> {
    let mut table = Table::new(&AGREEMENT);
    for (number, mitigation) in [Mitigation::None, Mitigation::RealignEachLoad].into_iter().enumerate() {
        let mut first: Option<(f64, f64)> = None;
        for (way, sampling) in [Sampling::Plain, Sampling::AtLeastOneFault].into_iter().enumerate() {
            let stage = numbers.compared(number as u64, way as u64);
            let point =
                FaultPoint { sampling, ..point(study, literature, mitigation, study.compared_rate, stage)? };
            let prepared = campaign.prepare(&point);
            let trials = if sampling == Sampling::Plain { 10 * study.trials } else { study.trials };
            let records = models.run_trials(manifest, stage, &prepared, 0..trials)?;
            let inferences = trials as f64 * campaign.images() as f64;
            let changed = records.iter().filter(|record| record.changed_logits).count() as f64 / inferences;
            let error = prepared.weight() * (changed * (1.0 - changed) / inferences).sqrt();
            let share = prepared.weight() * changed;
            let &mut (mean, of_mean) = first.get_or_insert((share, error));
            let together = (error * error + of_mean * of_mean).sqrt();
            let deviation = if together > 0.0 { (share - mean) / together } else { 0.0 };
            table.push_row([
                ("mitigation", mitigation.name().into()),
                ("rate", study.compared_rate.into()),
                ("sampling", sampling_name(sampling).into()),
                ("inferences", (inferences as i64).into()),
                ("struck", (records.len() as i64).into()),
                ("weight", prepared.weight().into()),
                ("changed_logits", share.into()),
                ("standard_error", error.into()),
                ("deviation", deviation.into()),
            ])?;
        }
    }
    Ok(table)
}

struct Costs<'s, 'm> {
    study: &'s ShiftFaultStudy,
    models: &'s Models<'m>,
    literature: &'s FaultRates,
    stated: &'s LiteratureRates,
}

impl Costs<'_, '_> {
    fn table(&self, ran: &[(Mitigation, Summary)], summary: &mut Vec<String>) -> Result<Table, RunError> {
        let (study, costs) = (self.study, &self.study.costs);
        let every = |seconds: f64, silent: f64| {
            if silent > 0.0 {
                format!("one every {:.3e} s", seconds / silent)
            } else {
                "none seen".to_owned()
            }
        };
        let run = self.models.run(&study.network, study.machine.0, &costs.images)?;
        let file = self.models.processor_technology(&costs.technology)?;
        let parameters = ProcessorParameters::resolve(&file.parameters)?;
        let crossbar = self.models.crossbar_technology(&costs.crossbar)?;
        let layers = self.models.crossbar_layers(&study.network, &costs.images)?;
        let sparsity = weight_sparsity(run.network());
        let report = crossbar_report(&crossbar, &costs.crossbar, &layers, sparsity)?;
        let crossbar_energy: Energy =
            report.layers.iter().map(|layer| layer.energy.total() + layer.leakage).sum();
        let geometry = study.machine.0.geometry;
        let (machine, installed) = (run.machine()?, run.processors());
        let of = |mitigation: Mitigation| {
            let overhead = mitigation.overhead(&machine);
            let (energy, latency) = protected_cost(
                &run,
                (&file.design, &parameters, costs.search_model),
                mitigation,
                &study.faults,
                self.literature,
            )?;
            let area = overhead.area(installed, geometry, &parameters, self.stated.port_area);
            Ok::<_, RunError>((energy, latency, area, overhead))
        };
        let (bare_energy, bare_latency, bare_area, _) = of(Mitigation::None)?;
        let mut table = Table::new(&PROTECTION);
        for (mitigation, result) in ran {
            let (energy, latency, area, overhead) = of(*mitigation)?;
            let silent = result.silent_corruptions;
            let seconds = latency.base() * 1e-9;
            let fit = |silent: f64| 1e9 * silent / seconds * 3600.0;
            let (energy_factor, ratio) = (energy / bare_energy, crossbar_energy / energy);
            table.push_row([
                ("network", study.network.as_str().into()),
                ("mitigation", mitigation.name().into()),
                ("energy", microjoules(energy).into()),
                ("energy_factor", energy_factor.into()),
                ("latency", milliseconds(latency).into()),
                ("latency_factor", (latency / bare_latency).into()),
                ("area", (area.base() * 1e-6).into()),
                ("area_factor", (area / bare_area).into()),
                ("extra_domains", overhead.domains.into()),
                ("extra_ports", overhead.ports.into()),
                ("ratio", ratio.into()),
                ("finishes", (if result.given_up == 0 { "yes" } else { "no" }).into()),
                ("inferences", (result.inferences as i64).into()),
                ("weight", result.weight.into()),
                ("changed_logits", result.changed_logits.into()),
                ("silent_corruptions", silent.into()),
                ("silent_low", result.silent_corruptions_interval.low.into()),
                ("silent_high", result.silent_corruptions_interval.high.into()),
                ("mttf", (silent > 0.0).then(|| seconds / silent).into()),
                ("mttf_low", (seconds / result.silent_corruptions_interval.high).into()),
                ("fit", (silent > 0.0).then(|| fit(silent)).into()),
                ("fit_high", fit(result.silent_corruptions_interval.high).into()),
                ("confidence", study.confidence.into()),
            ])?;
            summary.push(format!(
                "{mitigation}, at the literature's rates: {energy_factor:.2} x the energy, ratio {ratio:.4}, {silent:.2e} (up to {:.2e}) \
                 silent corruptions an inference, {} without pause",
                result.silent_corruptions_interval.high,
                every(seconds, silent)
            ));
        }
        Ok(table)
    }
}

/// Energy and latency of one image under a protection.
///
/// # Errors
/// If the network does not compile.
pub fn protected_cost(
    run: &MachineRun,
    (design, parameters, search_model): (&ProcessorDesign, &ProcessorParameters, SearchModel),
    mitigation: Mitigation,
    kinds: &[FaultKind],
    rates: &FaultRates,
) -> Result<(Energy, Time), RunError> {
    let machine = run.machine()?;
    let processors = (run.processors() as f64 * mitigation.overhead(&machine).arrays) as u64;
    let geometry = machine.options().geometry;
    let mut total = (Energy::ZERO, Time::ZERO);
    for (layer, events) in machine.layers().iter().zip(run.events()) {
        let events = mitigation.events(layer, *events, kinds, rates);
        let cost = cost(&events, processors, geometry, parameters, search_model, design.padding_rows);
        total = (total.0 + cost.energy.total(), total.1 + cost.latency);
    }
    Ok(total)
}
