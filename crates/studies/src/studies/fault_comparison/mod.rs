//! Digital faults of the associative processor beside analog non-idealities of a crossbar: accuracy on the same images, and the
//! energy with what protects each.

mod analog;
mod figure;
mod processor;
mod two_way;

use faults::{FaultKind, Interval, IntervalError, Mitigation, Stream, Summary};
use figures::Figure;
use rtm_ap::SearchModel;
use schemars::JsonSchema;
use serde::Deserialize;
use tables::{Schema, Table, TypedRow};
use technology::Energy;
use workspace::stages::{Declared, Promise, Ran, Results};
use workspace::{Checks, Failure, Inputs, Manifest, Study, rows_of};
use yaml::FieldPath;

use crate::faulty::Faulty;
use crate::images::Images;
use crate::loaded::network;
use crate::machine::MachineSettings;
use crate::names::{AnalogName, Choice, FaultRatesName, NetworkName, ProcessorName, parsed};
use crate::run::{Executed, MachineRun, Run};
use crate::studies::accuracy::AnalogPoint;
use crate::studies::shift_faults::protected_cost;
use crate::systems::{CROSSBAR, PROCESSOR, Priced, microjoules};
use crate::technologies;
use crate::trials::{KeptRecord, Trials, records};
use analog::{Cells, Condition, Inferred, conditions};
use processor::Struck;
use two_way::two_way_bootstrap;

pub use analog::AnalogParameters;

/// Digital faults beside analog non-idealities.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FaultComparisonStudy {
    /// The network.
    #[schemars(with = "NetworkName")]
    network: String,
    /// The images; they need labels.
    images: Images,
    /// The associative processor.
    machine: MachineSettings,
    /// The file of the associative processor's fault rates.
    #[schemars(with = "FaultRatesName")]
    rates: String,
    /// What strikes the associative processor, and what protects it.
    #[schemars(length(min = 1))]
    processor: Vec<ProcessorFaults>,
    /// The file of the crossbar's non-idealities.
    #[schemars(with = "AnalogName")]
    analog: String,
    /// The crossbars.
    #[schemars(length(min = 1))]
    crossbars: Vec<AnalogPoint>,
    /// The node of the crossbars' energies.
    node_nm: f64,
    /// How many images, from the last of the set back, calibrate converters.
    calibration_images: usize,
    /// Times that all images are inferred: with other faults, or in other cells.
    #[schemars(range(min = 1))]
    trials: u64,
    /// Technology of the associative processor.
    #[schemars(with = "ProcessorName")]
    technology: String,
    /// How searches are charged.
    search_model: SearchModel,
    /// Confidence of the intervals.
    #[schemars(extend("exclusiveMinimum" = 0, "exclusiveMaximum" = 1))]
    confidence: f64,
}

/// Faults of an associative processor with their protection.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ProcessorFaults {
    /// The name in tables and figures.
    name: String,
    /// The kinds of faults, at the file's rates.
    faults: Vec<FaultKind>,
    /// What protects the machine.
    #[serde(deserialize_with = "parsed")]
    #[schemars(with = "Choice<Mitigation>")]
    mitigation: Mitigation,
}

tables::table! {
    /// Accuracy of one network on the same images with faults of the associative processor and with non-idealities of crossbars.
    pub struct ComparisonRow: "comparison" {
        /// `RTM-AP` or `crossbar`.
        system: String,
        /// Protection of the RTM-AP, or name of the crossbar.
        configuration: String,
        /// What is not ideal.
        faults: String,
        /// Energy for one image, protection included.
        energy: f64 = "uJ",
        /// Images times trials.
        inferences: u64,
        /// Share of inferences that give the label's class.
        accuracy: f64,
        /// Lower end of its interval: bootstrap over images and over trials, which have cells or faults of their own.
        accuracy_low: f64,
        /// Upper end of it.
        accuracy_high: f64,
        /// Share of inferences with another class than by integer inference.
        changed_answers: f64,
        /// Accuracy of the same images by integer inference.
        clean_accuracy: f64,
        /// Confidence of the interval.
        confidence: f64,
    }
}

/// What the study asks for.
pub struct Stages {
    run: Promise<MachineRun>,
    processor: Vec<(Struck, Promise<Ran<KeptRecord>>)>,
    /// Of every crossbar, each condition.
    crossbars: Vec<Vec<(Condition, Promise<Inferred>)>>,
}

/// What one system gave.
struct Accuracies {
    accuracy: f64,
    interval: Interval,
    changed: f64,
    trials: u64,
}

/// Of every trial and image, 1 where the answer is right; what no record tells of answers as without faults.
fn correct_by_trial(
    campaign: &faults::Campaign<'_>,
    records: &[faults::Record],
    trials: u64,
) -> Vec<Vec<f64>> {
    let label = |image: usize| campaign.labels().get(image).map(|&label| usize::from(label));
    let is_right =
        |image: usize, class: Option<usize>| f64::from(u8::from(class.is_some() && class == label(image)));
    let clean: Vec<f64> =
        (0..campaign.images()).map(|image| is_right(image, campaign.clean_class(image))).collect();
    let mut correct = vec![clean; trials as usize];
    for record in records {
        let image = record.image as usize;
        let of_trial = correct.get_mut(record.trial as usize);
        if let Some(place) = of_trial.and_then(|trial| trial.get_mut(image)) {
            *place = is_right(image, Some(usize::from(record.class)));
        }
    }
    correct
}

impl Study for FaultComparisonStudy {
    const NAME: &'static str = "fault_comparison";
    const MEANING: &'static str = "Digital faults beside analog non-idealities.";
    const TABLES: &'static [&'static Schema] = &[ComparisonRow::SCHEMA];
    type Stages = Stages;

    fn check(&self, path: &FieldPath, checks: &mut Checks<'_>) {
        self.images.check(path, &self.network, checks);
    }

    fn points(&mut self) -> Vec<&mut dyn std::any::Any> {
        vec![&mut self.network, &mut self.images, &mut self.machine]
    }

    fn trim(&mut self) {
        self.images.at_most(30);
        self.trials = 1;
    }

    fn stages(
        &self,
        manifest: &Manifest,
        inputs: &Inputs<'_>,
        declared: &mut Declared,
    ) -> Result<Stages, Failure> {
        let faulty = self.faulty(manifest);
        let rates = technologies::fault_rates(inputs, &self.rates)?;
        let mut processor = Vec::new();
        for (number, point) in (0..).zip(&self.processor) {
            let point = processor::point(rates, &point.faults, point.mitigation, number);
            let struck = Struck(Trials { faulty: faulty.clone(), point, number, trials: self.trials });
            processor.push((struck.clone(), declared.series(struck)));
        }
        let conditions = conditions(&*technologies::analog(inputs, &self.analog)?)?;
        let on_crossbar = |(number, crossbar): (u64, &AnalogPoint)| {
            let of_condition = |condition: &Condition| {
                let cells = Cells {
                    faulty: faulty.clone(),
                    crossbar: crossbar.clone(),
                    number,
                    condition: condition.clone(),
                    calibration: self.calibration_images,
                    // Ideal cells are the same in every trial.
                    trials: if condition.is_ideal() { 1 } else { self.trials },
                };
                (condition.clone(), declared.stage(cells))
            };
            conditions.iter().map(of_condition).collect()
        };
        let crossbars = (0..).zip(&self.crossbars).map(on_crossbar).collect();
        let run = declared.stage(Executed(Run::of(&self.network, self.machine, &self.images)));
        Ok(Stages { run, processor, crossbars })
    }

    fn tables(
        &self,
        manifest: &Manifest,
        inputs: &Inputs<'_>,
        stages: &Stages,
        results: &Results,
    ) -> Result<(Vec<Table>, Vec<String>), Failure> {
        let mut rows = self.processor_rows(manifest, inputs, stages, results)?;
        rows.extend(self.crossbar_rows(manifest, inputs, stages, results)?);
        let line = |row: &ComparisonRow| {
            let ComparisonRow { system, configuration, faults, accuracy, energy, .. } = row;
            format!("{system}, {configuration}, {faults}: {:.2} % at {energy:.1} uJ", 100.0 * accuracy)
        };
        let summary = rows.iter().map(line).collect();
        Ok((vec![Table::of(rows)?], summary))
    }

    fn figure(&self, manifest: &Manifest, tables: &[Table]) -> Result<Figure, Failure> {
        Ok(figure::fault_comparison(&manifest.title, &rows_of(tables)?))
    }
}

impl FaultComparisonStudy {
    fn faulty(&self, manifest: &Manifest) -> Faulty {
        Faulty::of(&self.network, self.machine, &self.images, manifest)
    }

    fn processor_rows(
        &self,
        manifest: &Manifest,
        inputs: &Inputs<'_>,
        stages: &Stages,
        results: &Results,
    ) -> Result<Vec<ComparisonRow>, Failure> {
        let rates = technologies::fault_rates(inputs, &self.rates)?;
        let run = results.of(stages.run)?;
        let machine = self.faulty(manifest).machine(inputs)?;
        let priced = Priced::by(inputs, &self.technology, self.machine)?;
        let pricing = priced.on(self.machine, self.search_model, run.kept);
        self.faulty(manifest).with_campaign(inputs, |campaign| {
            let mut rows = Vec::new();
            for (point, (struck, ran)) in self.processor.iter().zip(&stages.processor) {
                let records = records(&results.of(*ran)?.items);
                let stream = Stream::resampling(manifest.seed, struck.0.point.stage);
                let s = Summary::of(campaign, &records, self.trials, 1.0, self.confidence, stream)?;
                let (energy, _) =
                    protected_cost(&run, &machine, &pricing, point.mitigation, &point.faults, &rates);
                let correct = correct_by_trial(campaign, &records, self.trials);
                let none = IntervalError::Counts { successes: 0, trials: 0 };
                let result = Accuracies {
                    accuracy: s.accuracy,
                    interval: two_way_bootstrap(&correct, self.confidence, stream).ok_or(none)?,
                    changed: s.changed_answers as f64 / s.inferences as f64,
                    trials: self.trials,
                };
                let named = (PROCESSOR, &*point.mitigation.name(), &*point.name);
                rows.push(self.row(campaign, named, energy, &result));
            }
            Ok(rows)
        })
    }

    fn crossbar_rows(
        &self,
        manifest: &Manifest,
        inputs: &Inputs<'_>,
        stages: &Stages,
        results: &Results,
    ) -> Result<Vec<ComparisonRow>, Failure> {
        let bits = network(inputs, &self.network)?.description.activation_bits;
        self.faulty(manifest).with_campaign(inputs, |campaign| {
            let mut rows = Vec::new();
            for ((number, crossbar), conditions) in (0..).zip(&self.crossbars).zip(&stages.crossbars) {
                let costed = crossbar.costed(Some(self.node_nm), bits);
                let report = costed.report(inputs, &self.network, &self.images)?;
                let energy: Energy = report.layers().iter().map(system::LayerReport::energy).sum();
                for (place, (condition, inferred)) in (0..).zip(conditions) {
                    let inferred = results.of(*inferred)?;
                    let stream = Stream::resampling_of_cells(manifest.seed, number, place);
                    let is_right = |image: usize, class: usize| {
                        campaign.labels().get(image).map(|&l| usize::from(l)) == Some(class)
                    };
                    let correct = inferred.shares(is_right);
                    let changed = inferred.shares(|image, class| Some(class) != campaign.clean_class(image));
                    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
                    let none = IntervalError::Counts { successes: 0, trials: 0 };
                    let interval = two_way_bootstrap(&inferred.each(is_right), self.confidence, stream);
                    let result = Accuracies {
                        accuracy: mean(&correct),
                        interval: interval.ok_or(none)?,
                        changed: mean(&changed),
                        trials: inferred.trials(),
                    };
                    rows.push(self.row(
                        campaign,
                        (CROSSBAR, &crossbar.name, condition.name),
                        energy,
                        &result,
                    ));
                }
            }
            Ok(rows)
        })
    }

    fn row(
        &self,
        campaign: &faults::Campaign<'_>,
        (system, configuration, faults): (&str, &str, &str),
        energy: Energy,
        result: &Accuracies,
    ) -> ComparisonRow {
        let images = campaign.images() as u64;
        ComparisonRow {
            system: system.into(),
            configuration: configuration.into(),
            faults: faults.into(),
            energy: microjoules(energy),
            inferences: result.trials * images,
            accuracy: result.accuracy,
            accuracy_low: result.interval.low,
            accuracy_high: result.interval.high,
            changed_answers: result.changed,
            clean_accuracy: campaign.clean_correct() as f64 / images as f64,
            confidence: self.confidence,
        }
    }
}
