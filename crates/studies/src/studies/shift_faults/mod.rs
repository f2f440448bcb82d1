//! Accuracy against the rate of shift faults, by protection, and what protection costs.

mod agreement;
mod costs;
mod figure;
mod slips;

use faults::{
    Campaign, FaultKind, FaultPoint, FaultRates, Mitigation, Sampling, Stream, Summary, drop_sequence,
};
use figures::Figure;
use schemars::JsonSchema;
use serde::Deserialize;
use tables::{Schema, Table, TypedRow};
use workspace::stages::{Declared, Promise, Ran, Results};
use workspace::{Checks, Failure, Inputs, Manifest, Study, rows_of};
use yaml::FieldPath;

use crate::faulty::Faulty;
use crate::images::Images;
use crate::machine::MachineSettings;
use crate::names::{Choice, FaultRatesName, NetworkName, parsed_list};
use crate::run::{Executed, MachineRun, Run};
use crate::technologies;
use crate::trials::{KeptRecord, Trials, prepared, records};
use agreement::{Agreement, AgreementRow};
use costs::{ProtectionCosts, ProtectionRow};
use slips::Slips;

pub use costs::protected_cost;
pub use figure::protection;

/// Accuracy against the rate of shift faults.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ShiftFaultStudy {
    /// The network.
    #[schemars(with = "NetworkName")]
    network: String,
    /// The images; they need labels.
    images: Images,
    /// The associative processor.
    machine: MachineSettings,
    /// The file of fault rates.
    #[schemars(with = "FaultRatesName")]
    rates: String,
    /// Which kinds of faults there are.
    #[schemars(length(min = 1))]
    faults: Vec<FaultKind>,
    /// Probabilities of a slip in a shift by one domain; farther shifts keep the file's proportion to it.
    #[schemars(length(min = 1), inner(range(min = 0.0, max = 0.1)))]
    rates_at_distance_one: Vec<f64>,
    /// What protects the machine.
    #[serde(deserialize_with = "parsed_list")]
    #[schemars(with = "Vec<Choice<Mitigation>>", length(min = 1))]
    mitigations: Vec<Mitigation>,
    /// The most times that all images are inferred at each point.
    #[schemars(range(min = 1))]
    trials: u64,
    /// Times that all images are inferred at the literature's rate under protection that makes faults rare.
    #[schemars(range(min = 1))]
    rare_trials: u64,
    /// A point has enough trials when the drop in accuracy is known to this, either way.
    half_width: f64,
    /// Below this many expected faults in an inference, only inferences with at least one are drawn.
    rare_below: f64,
    /// A rate at which both ways to draw are compared.
    #[schemars(range(min = 0.0, max = 0.1))]
    compared_rate: f64,
    /// Confidence of the intervals.
    #[schemars(extend("exclusiveMinimum" = 0, "exclusiveMaximum" = 1))]
    confidence: f64,
    /// What protection costs.
    costs: ProtectionCosts,
}

tables::table! {
    /// What faults do to a network's answers, over images and trials, for each protection and rate.
    pub struct AccuracyRow: "accuracy" {
        /// Name of the network.
        network: String,
        /// What protects the machine.
        mitigation: String,
        /// Probability that a shift by one domain leaves a track one domain off.
        rate: f64,
        /// Expected faults in one inference of the machine, in all copies of its rows, with what the protection corrects at once left out.
        expected_faults: f64,
        /// Expected slips in one inference of the unprotected machine.
        expected_slips: f64,
        /// `all`: every inference is drawn; `struck`: those with at least one fault.
        sampling: String,
        /// Probability that an inference is among the drawn ones.
        weight: f64,
        /// Times that all images were inferred.
        trials: u64,
        /// Images times trials.
        inferences: u64,
        /// Of these, how many had a fault that the protection did not rule out.
        struck: u64,
        /// Share of inferences that give the label's class.
        accuracy: f64,
        /// Lower end of its interval for new images and new faults: bootstrap over images.
        accuracy_low: f64,
        /// Upper end of it.
        accuracy_high: f64,
        /// Accuracy without faults less that with them, on these images.
        drop: f64,
        /// Lower end of its interval: bootstrap over images.
        drop_low: f64,
        /// Upper end of it.
        drop_high: f64,
        /// Lower end of the interval for these images that holds at every number of trials at once.
        drop_sequence_low: f64,
        /// Upper end of it.
        drop_sequence_high: f64,
        /// Share of inferences with another class than without faults, and nothing that says so.
        silent_corruptions: f64,
        /// Lower end of its interval: the wider of a bootstrap over images and Clopper-Pearson's, which takes inferences for independent.
        silent_low: f64,
        /// Upper end of it, in the same way.
        silent_high: f64,
        /// Drawn inferences with another class than without faults.
        changed_answers: u64,
        /// Lower end of the Clopper-Pearson interval of their share, which takes inferences for independent.
        changed_low: f64,
        /// Upper end of it.
        changed_high: f64,
        /// Lower end of the Wilson interval of their share.
        changed_wilson_low: f64,
        /// Upper end of it.
        changed_wilson_high: f64,
        /// How many times the variance exceeds that of independent inferences, since trials share images.
        design_effect: f64,
        /// Share of inferences with a logit other than without faults.
        changed_logits: f64,
        /// Signal over noise of the logits; none without noise.
        snr: Option<f64> = "dB",
        /// The layer where most drawn inferences first go wrong.
        first_failing: Option<String>,
        /// Faults in all drawn inferences.
        faults: u64,
        /// Rows that never passed their check.
        given_up: u64,
        /// Confidence of the intervals.
        confidence: f64,
        /// Accuracy of the same images without faults.
        clean_accuracy: f64,
        /// The rate that the literature states for a shift by one domain.
        literature_rate: f64,
    }
}

/// What the study asks for.
pub struct Stages {
    /// A series for each protection and rate.
    points: Vec<(Slips, Promise<Ran<KeptRecord>>)>,
    agreement: Agreement,
    /// For protections that make faults rare at the literature's rate, more trials of those with faults.
    rare: Vec<(Slips, Promise<Ran<KeptRecord>>)>,
    run: Promise<MachineRun>,
}

/// A point with what its trials gave.
struct Point {
    mitigation: Mitigation,
    rate: f64,
    summary: Summary,
    expected_faults: f64,
    expected_slips: f64,
    trials: u64,
    sampling: Sampling,
    sequence: faults::Interval,
}

impl Study for ShiftFaultStudy {
    const NAME: &'static str = "shift_faults";
    const MEANING: &'static str = "Accuracy against the rate of shift faults.";
    const TABLES: &'static [&'static Schema] =
        &[AccuracyRow::SCHEMA, ProtectionRow::SCHEMA, AgreementRow::SCHEMA];
    type Stages = Stages;

    fn check(&self, path: &FieldPath, checks: &mut Checks<'_>) {
        self.images.check(path, &self.network, checks);
        self.costs.images.check(&path.field("costs"), &self.network, checks);
    }

    fn points(&mut self) -> Vec<&mut dyn std::any::Any> {
        vec![&mut self.network, &mut self.images, &mut self.costs.images, &mut self.machine]
    }

    fn trim(&mut self) {
        self.images.at_most(30);
        self.costs.images.at_most(1);
        self.trials = self.trials.min(2);
        self.rare_trials = self.rare_trials.min(10);
    }

    fn stages(
        &self,
        manifest: &Manifest,
        inputs: &Inputs<'_>,
        declared: &mut Declared,
    ) -> Result<Stages, Failure> {
        let literature = technologies::fault_rates(inputs, &self.rates)?;
        let (mut points, mut rare) = (Vec::new(), Vec::new());
        // After the points come the four of the agreement, then the rare ones.
        let count = (self.mitigations.len() * self.rates_at_distance_one.len()) as u64;
        let mut at_literature = 0;
        for &mitigation in &self.mitigations {
            for (stage, &rate) in (0..).zip(&self.rates_at_distance_one) {
                let point = self.point(&literature, mitigation, rate, stage)?;
                let point = FaultPoint { sampling: self.sampling(manifest, inputs, &point)?, ..point };
                let sampling = point.sampling;
                let slips = self.slips(
                    manifest,
                    (point, rate),
                    points.len() as u64,
                    self.trials,
                    Some(self.half_width),
                );
                points.push((slips.clone(), declared.series(slips)));
                if rate == literature.by_one.at_distance_one() {
                    if sampling == Sampling::AtLeastOneFault {
                        let number = count + Agreement::POINTS + at_literature;
                        let point = self.point(&literature, mitigation, rate, number)?;
                        let point = FaultPoint { sampling, ..point };
                        let slips = self.slips(manifest, (point, rate), number, self.rare_trials, None);
                        rare.push((slips.clone(), declared.series(slips)));
                    }
                    at_literature += 1;
                }
            }
        }
        let agreement = Agreement::declare(self, manifest, &literature, count, declared)?;
        let run = declared.stage(Executed(Run::of(&self.network, self.machine, &self.costs.images)));
        Ok(Stages { points, agreement, rare, run })
    }

    fn tables(
        &self,
        manifest: &Manifest,
        inputs: &Inputs<'_>,
        stages: &Stages,
        results: &Results,
    ) -> Result<(Vec<Table>, Vec<String>), Failure> {
        let literature = technologies::fault_rates(inputs, &self.rates)?;
        self.faulty(manifest).with_campaign(inputs, |campaign| {
            let clean = campaign.clean_correct() as f64 / campaign.images() as f64;
            let mut summary = vec![format!(
                "{}: {} images, {:.2} % correct without faults",
                self.network,
                campaign.images(),
                100.0 * clean
            )];
            let mut points = Vec::new();
            for (slips, ran) in &stages.points {
                points.push(self.ran(campaign, slips, &*results.of(*ran)?)?);
            }
            let literature_rate = literature.by_one.at_distance_one();
            let accuracy = Table::of(points.iter().map(|point| self.row(campaign, point, literature_rate)))?;
            summary.extend(self.harmless(&points, literature_rate));
            let agreement = stages.agreement.table(campaign, results)?;
            let mut known = Vec::new();
            for point in points.into_iter().filter(|point| point.rate == literature_rate) {
                let rare = stages.rare.iter().find(|(slips, _)| slips.point().mitigation == point.mitigation);
                let of_point = match rare {
                    Some((slips, ran)) => self.summary(campaign, slips, &*results.of(*ran)?)?,
                    None => point.summary,
                };
                known.push((point.mitigation, of_point));
            }
            let run = results.of(stages.run)?;
            let protection = self.costs.table(self, inputs, &run, &literature, &known, &mut summary)?;
            Ok((vec![accuracy, protection, agreement], summary))
        })
    }

    fn figure(&self, manifest: &Manifest, tables: &[Table]) -> Result<Figure, Failure> {
        Ok(figure::shift_faults(&manifest.title, &rows_of(tables)?))
    }
}

impl ShiftFaultStudy {
    fn faulty(&self, manifest: &Manifest) -> Faulty {
        Faulty::of(&self.network, self.machine, &self.images, manifest)
    }

    /// A point of the campaign. Points of one rate share their random numbers across mitigations: their stage is the rate's.
    fn point(
        &self,
        literature: &FaultRates,
        mitigation: Mitigation,
        rate: f64,
        stage: u64,
    ) -> Result<FaultPoint, Failure> {
        Ok(FaultPoint {
            rates: literature.with_shift_rate(rate)?,
            kinds: self.faults.clone(),
            mitigation,
            sampling: Sampling::Plain,
            stage,
            layers: None,
        })
    }

    /// How inferences of a point are drawn: where faults are rare, those with at least one.
    fn sampling(
        &self,
        manifest: &Manifest,
        inputs: &Inputs<'_>,
        point: &FaultPoint,
    ) -> Result<Sampling, Failure> {
        // Copies that are voted on draw their faults apart, so none of them can be made sure to have one.
        if point.mitigation == Mitigation::MajorityOfThree {
            return Ok(Sampling::Plain);
        }
        let expected = |campaign: &Campaign<'_>| Ok(campaign.prepare(point).expected_faults());
        let expected = self.faulty(manifest).with_hazards(inputs, expected)?;
        Ok(if expected < self.rare_below { Sampling::AtLeastOneFault } else { Sampling::Plain })
    }

    fn slips(
        &self,
        manifest: &Manifest,
        (point, rate): (FaultPoint, f64),
        number: u64,
        trials: u64,
        half_width: Option<f64>,
    ) -> Slips {
        let trials = Trials { faulty: self.faulty(manifest), point, number, trials };
        Slips { trials, rate, half_width, confidence: self.confidence }
    }

    fn summary(
        &self,
        campaign: &Campaign<'_>,
        slips: &Slips,
        ran: &Ran<KeptRecord>,
    ) -> Result<Summary, Failure> {
        let stream = Stream::resampling(slips.trials.faulty.seed, slips.point().stage);
        let weight = prepared(campaign, slips.point(), None).weight();
        Ok(Summary::of(campaign, &records(&ran.items), ran.units, weight, self.confidence, stream)?)
    }

    fn ran(&self, campaign: &Campaign<'_>, slips: &Slips, ran: &Ran<KeptRecord>) -> Result<Point, Failure> {
        let point = slips.point();
        let ready = campaign.prepare(point);
        let bare = FaultPoint { mitigation: Mitigation::None, sampling: Sampling::Plain, ..point.clone() };
        let items = records(&ran.items);
        Ok(Point {
            mitigation: point.mitigation,
            rate: slips.rate,
            summary: self.summary(campaign, slips, ran)?,
            expected_faults: ready.expected_faults(),
            expected_slips: campaign.prepare(&bare).expected_faults(),
            trials: ran.units,
            sampling: point.sampling,
            sequence: drop_sequence(campaign, &items, ran.units, ready.weight(), self.confidence),
        })
    }

    fn row(&self, campaign: &Campaign<'_>, point: &Point, literature_rate: f64) -> AccuracyRow {
        let s = &point.summary;
        let layers = campaign.machine().layers();
        let worst = (0..layers.len()).max_by_key(|&layer| (s.first_failing[layer], layers.len() - layer));
        let first_failing = worst.filter(|&layer| s.first_failing[layer] > 0);
        AccuracyRow {
            network: self.network.clone(),
            mitigation: point.mitigation.name().to_string(),
            rate: point.rate,
            expected_faults: point.expected_faults,
            expected_slips: point.expected_slips,
            sampling: sampling_name(point.sampling).into(),
            weight: s.weight,
            trials: point.trials,
            inferences: s.inferences,
            struck: s.struck,
            accuracy: s.accuracy,
            accuracy_low: s.accuracy_interval.low,
            accuracy_high: s.accuracy_interval.high,
            drop: s.drop,
            drop_low: s.drop_interval.low,
            drop_high: s.drop_interval.high,
            drop_sequence_low: point.sequence.low,
            drop_sequence_high: point.sequence.high,
            silent_corruptions: s.silent_corruptions,
            silent_low: s.silent_corruptions_interval.low,
            silent_high: s.silent_corruptions_interval.high,
            changed_answers: s.changed_answers,
            changed_low: s.changed_interval.low,
            changed_high: s.changed_interval.high,
            changed_wilson_low: s.changed_wilson.low,
            changed_wilson_high: s.changed_wilson.high,
            design_effect: s.design_effect,
            changed_logits: s.changed_logits,
            snr: s.snr_db.is_finite().then_some(s.snr_db),
            first_failing: first_failing.map(|layer| layers[layer].compiled().name.clone()),
            faults: s.faults,
            given_up: s.given_up,
            confidence: self.confidence,
            clean_accuracy: campaign.clean_correct() as f64 / campaign.images() as f64,
            literature_rate,
        }
    }

    /// For each protection the highest rate without a loss that can be told from chance.
    fn harmless(&self, points: &[Point], literature_rate: f64) -> Vec<String> {
        let of = |mitigation: &Mitigation| {
            let mut of_it = points.iter().filter(|point| point.mitigation == *mitigation);
            let rate = of_it.rfind(|point| point.summary.drop_interval.low <= 0.0)?.rate;
            Some(format!(
                "{mitigation}: no loss that can be told from chance up to {rate:e} a shift; the literature's rate is \
                 {literature_rate:e}"
            ))
        };
        self.mitigations.iter().filter_map(of).collect()
    }
}

const fn sampling_name(sampling: Sampling) -> &'static str {
    match sampling {
        Sampling::Plain => "all",
        Sampling::AtLeastOneFault => "struck",
    }
}
