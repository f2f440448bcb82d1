//! `tritrack inject`: faults on a network of the workspace, with the statistics of what they do.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use faults::{Campaign, FaultKind, FaultPoint, FaultRates, Mitigation, Sampling, Stream, Summary};
use network::FeatureMap;
use rtm_ap::Machine;
use studies::{loaded, technologies};
use tables::{Table, TypedRow};
use workspace::{Failure, Inputs, Progress, WorkspaceError};

use super::images::ImageArguments;
use super::{Format, MachineArguments, print_table};
use crate::choice::Choice;

tables::table! {
    /// What faults do to a network's answers; a row for each rate.
    pub struct InjectionRow: "injection" {
        /// Name of the network.
        network: String,
        /// Kinds of faults.
        faults: String,
        /// What protects the machine.
        mitigation: String,
        /// Probability that a shift by one domain leaves a track one domain off.
        rate: f64,
        /// Expected faults in one inference, in all copies of its rows, stuck cells not counted.
        expected_faults: f64,
        /// Images times trials.
        inferences: u64,
        /// Of these, how many a fault struck.
        struck: u64,
        /// Probability that an inference is among the drawn ones.
        weight: f64,
        /// Share of inferences that give the label's class.
        accuracy: f64,
        /// Lower end of its interval: bootstrap over images.
        accuracy_low: f64,
        /// Upper end of it.
        accuracy_high: f64,
        /// Accuracy without faults less that with them.
        drop: f64,
        /// Share of inferences with another class than without faults, and nothing that says so.
        silent_corruptions: f64,
        /// Lower end of its interval: the wider of a bootstrap over images and Clopper-Pearson's, which takes inferences for independent.
        silent_low: f64,
        /// Upper end of it, in the same way.
        silent_high: f64,
        /// Share of inferences with a logit other than without faults.
        changed_logits: f64,
        /// Signal over noise of the logits; none without noise.
        snr: Option<f64> = "dB",
        /// The layer where most inferences first go wrong.
        first_failing: Option<String>,
    }
}

/// Shown after the command's help.
pub const EXAMPLES: &str = "\
Examples:
  tritrack inject vgg8-fashion-s85-a4 --images fashion-mnist --count 100 --rate 1e-6
  tritrack inject vgg8-fashion-s85-a4 --images fashion-mnist --count 100 --rate 1e-12,1e-10 --struck-only --format csv
  tritrack inject vgg9-s85-a4 --images ~/cifar-10-batches-bin --count 100 --faults stuck-cell --mitigation spare-rows-4";

/// Arguments of `tritrack inject`.
#[derive(Debug, Clone, Args)]
pub struct Arguments {
    /// A network of the workspace, by name
    network: String,
    #[command(flatten)]
    images: ImageArguments,
    /// Kinds of faults
    #[arg(long, value_name = "KIND", value_delimiter = ',', value_parser = Choice::<FaultKind>::default(), default_value = "out-of-step-by-one")]
    faults: Vec<FaultKind>,
    /// What protects the machine: none, realign-each-load, position-code, check-and-repeat, majority-of-three, spare-rows-N, spare-columns-N
    #[arg(long, default_value_t = Mitigation::None)]
    mitigation: Mitigation,
    /// Fault rates, a file of experiments/technology/faults
    #[arg(long, default_value = "literature")]
    rates: String,
    /// Probabilities of a slip in a shift by one domain, the file's if left out; out-of-step faults over other distances are scaled
    /// with it, other kinds keep the file's rates
    #[arg(long, value_name = "RATE", value_delimiter = ',')]
    rate: Vec<f64>,
    /// Times that all images are inferred
    #[arg(long, default_value_t = 4)]
    trials: u64,
    /// Draw inferences with at least one fault only, and weight them: for rare faults, but not for stuck cells, which strike all
    /// inferences, nor with majority-of-three, whose copies draw their faults apart
    #[arg(long)]
    struck_only: bool,
    /// Keys the random streams
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Confidence of the intervals
    #[arg(long, default_value_t = 0.95)]
    confidence: f64,
    /// Write the table as Parquet
    #[arg(long, value_name = "FILE")]
    parquet: Option<PathBuf>,
    /// How the table is printed
    #[arg(long, value_parser = Choice::<Format>::default(), default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    machine: MachineArguments,
}

/// What strikes, and how it is counted.
#[derive(Debug, Clone)]
pub struct Injection {
    /// Kinds of faults.
    pub faults: Vec<FaultKind>,
    /// What protects the machine.
    pub mitigation: Mitigation,
    /// Probabilities of a slip in a shift by one domain; the stated one if empty.
    pub rate: Vec<f64>,
    /// Times that all images are inferred.
    pub trials: u64,
    /// Whether inferences with at least one fault are drawn only, and weighted.
    pub struck_only: bool,
    /// Keys the random streams.
    pub seed: u64,
    /// Confidence of the intervals.
    pub confidence: f64,
}

impl Injection {
    /// Whether the arguments fit together, before anything is computed.
    fn check(&self) -> Result<(), WorkspaceError> {
        let wrong = |message: String| Err(WorkspaceError::Argument { message });
        if self.trials == 0 {
            return wrong("--trials 0: at least one is needed".into());
        }
        if let Some(rate) = self.rate.iter().find(|rate| !(0.0..=0.1).contains(*rate)) {
            return wrong(format!("--rate {rate}: expected 0 to 0.1"));
        }
        if !(self.confidence > 0.0 && self.confidence < 1.0) {
            return wrong(format!(
                "--confidence {}: expected more than 0 and less than 1, such as 0.95",
                self.confidence
            ));
        }
        let twice = self.faults.iter().enumerate().find(|(index, kind)| self.faults[..*index].contains(kind));
        if let Some((_, kind)) = twice {
            return wrong(format!("--faults: {} is named twice", kind.name()));
        }
        let slips = |kind: &FaultKind| matches!(kind, FaultKind::OutOfStepByOne | FaultKind::OutOfStepByTwo);
        if !self.rate.is_empty() && !self.faults.iter().any(slips) {
            return wrong(
                "--rate is that of slips, and --faults names none; other kinds take the rates of the file that --rates names".into(),
            );
        }
        if self.struck_only && self.faults.contains(&FaultKind::StuckCell) {
            return wrong(
                "--struck-only: stuck cells strike every inference of a piece of hardware; leave it out"
                    .into(),
            );
        }
        if self.struck_only && self.mitigation == Mitigation::MajorityOfThree {
            return wrong(
                "--struck-only: the copies of majority-of-three draw their faults apart, and none can be made sure to have one; leave it out"
                    .into(),
            );
        }
        Ok(())
    }
    /// Injects the faults into images on a machine, at the rates of a file; a row for each rate.
    ///
    /// # Errors
    /// If the fields do not fit together, or the images do not fit the network.
    pub fn table(
        &self,
        machine: &Machine,
        images: &[FeatureMap],
        labels: Option<&[u16]>,
        stated: &FaultRates,
    ) -> Result<Table, Failure> {
        self.check()?;
        // Without labels the fault-free answers stand for them: what is lost is then what changes.
        let clean_classes;
        let labels = match labels {
            Some(labels) => labels,
            None => {
                let logits = machine.network().infer_all(images)?;
                clean_classes =
                    logits.iter().map(|logits| network::class_of(logits) as u16).collect::<Vec<_>>();
                &clean_classes
            }
        };
        let campaign = Campaign::new(machine, images, labels, self.seed)?;
        let rates =
            if self.rate.is_empty() { vec![stated.by_one.at_distance_one()] } else { self.rate.clone() };
        let mut table = Table::new(InjectionRow::SCHEMA);
        let bar = Progress.bar("injecting faults", rates.len() as u64 * self.trials);
        for &rate in &rates {
            // What a rate gives does not depend on the others that are named beside it.
            let stage = rate.to_bits();
            let point = FaultPoint {
                rates: stated.with_shift_rate(rate)?,
                kinds: self.faults.clone(),
                mitigation: self.mitigation,
                sampling: if self.struck_only { Sampling::AtLeastOneFault } else { Sampling::Plain },
                stage,
                layers: None,
            };
            let prepared = campaign.prepare(&point);
            let mut records = Vec::new();
            for trial in 0..self.trials {
                records.extend(prepared.run(trial..trial + 1)?);
                bar.inc(1);
            }
            let stream = Stream::resampling(self.seed, stage);
            let (trials, weight) = (self.trials, prepared.weight());
            let summary = Summary::of(&campaign, &records, trials, weight, self.confidence, stream)?;
            table.push(self.row(machine, rate, prepared.expected_faults(), &summary))?;
        }
        bar.finish_and_clear();
        Ok(table)
    }

    /// What a rate gave.
    fn row(&self, machine: &Machine, rate: f64, expected_faults: f64, s: &Summary) -> InjectionRow {
        let kinds: Vec<&str> = self.faults.iter().map(|kind| kind.name()).collect();
        let worst = (0..s.first_failing.len()).rev().max_by_key(|&layer| s.first_failing[layer]);
        let first_failing = worst
            .filter(|&layer| s.first_failing[layer] > 0)
            .map(|layer| machine.layers()[layer].compiled().name.clone());
        InjectionRow {
            network: machine.network().name().to_owned(),
            faults: kinds.join(" "),
            mitigation: self.mitigation.name().to_string(),
            rate,
            expected_faults,
            inferences: s.inferences,
            struck: s.struck,
            weight: s.weight,
            accuracy: s.accuracy,
            accuracy_low: s.accuracy_interval.low,
            accuracy_high: s.accuracy_interval.high,
            drop: s.drop,
            silent_corruptions: s.silent_corruptions,
            silent_low: s.silent_corruptions_interval.low,
            silent_high: s.silent_corruptions_interval.high,
            changed_logits: s.changed_logits,
            snr: s.snr_db.is_finite().then_some(s.snr_db),
            first_failing,
        }
    }
}

/// Runs the command.
///
/// # Errors
/// If the network or the images are not there, or do not fit together.
pub fn run(arguments: &Arguments, inputs: &Inputs<'_>, output: &mut impl Write) -> Result<(), Failure> {
    let injection = Injection {
        faults: arguments.faults.clone(),
        mitigation: arguments.mitigation,
        rate: arguments.rate.clone(),
        trials: arguments.trials,
        struck_only: arguments.struck_only,
        seed: arguments.seed,
        confidence: arguments.confidence,
    };
    injection.check()?;
    let loaded = loaded::network(inputs, &arguments.network)?;
    let options = arguments.machine.options()?;
    let set = arguments.images.load(inputs, &loaded)?;
    let set = set.fitted_to(loaded.network.input().shape())?;
    let machine = Machine::compile(Arc::clone(&loaded.network), &options)?;
    let stated = technologies::fault_rates(inputs, &arguments.rates)?;
    let table = injection.table(&machine, &set.feature_maps(), set.labels(), &stated)?;
    if let Some(path) = &arguments.parquet {
        tables::write_parquet(&table, path)?;
    }
    print_table(&table, arguments.format, output)?;
    Ok(())
}
