//! Digital faults of the associative processor beside analog non-idealities of a crossbar: accuracy on the same images, and the
//! energy with what protects each.

use std::sync::Arc;

use crossbar::CrossbarParameters;
use crossbar::execution::{AnalogCrossbar, Device, NonIdealities, Reading};
use faults::{Campaign, FaultPoint, FaultRates, Sampling, Stream, Summary, cluster_bootstrap};
use rayon::prelude::*;
use rtm_ap::{Machine, ProcessorParameters};
use tables::{Column, Schema, Table};
use technology::{Energy, Number, Parameters, Prior, Quantity, Resistance};

use super::Outcome;
use super::costs::{CROSSBAR, PROCESSOR, microjoules};
use super::shift_faults::protected_cost;
use crate::error::RunError;
use crate::manifest::{CrossbarPoint, FaultComparisonStudy, Manifest, WeightPrecision};
use crate::models::{Labelled, Models, crossbar_report, weight_sparsity};
use crate::progress::Progress;
use crate::simulation::fitted;

/// Both systems.
pub static COMPARISON: Schema = Schema::new(
    "comparison",
    "Accuracy of one network on the same images with faults of the associative processor and with non-idealities of crossbars.",
    &[
        Column::text("system", "`RTM-AP` or `crossbar`."),
        Column::text("configuration", "Protection of the RTM-AP, or name of the crossbar."),
        Column::text("faults", "What is not ideal."),
        Column::real("energy", "uJ", "Energy for one image, protection included."),
        Column::integer("inferences", "", "Images times trials."),
        Column::real("accuracy", "", "Share of inferences that give the label's class."),
        Column::real("accuracy_low", "", "Lower end of its interval: bootstrap over images."),
        Column::real("accuracy_high", "", "Upper end of it."),
        Column::real(
            "changed_answers",
            "",
            "Share of inferences with another class than by integer inference.",
        ),
        Column::real("clean_accuracy", "", "Accuracy of the same images by integer inference."),
        Column::real("confidence", "", "Confidence of the interval."),
    ],
);

technology::parameters! {
    /// How resistive cells and wires differ from ideal ones.
    pub struct AnalogParameters {
        /// Standard deviation of the logarithm of a cell's conductance.
        conductance_spread: Number = "cell.conductance_spread" per "",
        /// Probability that a cell is stuck at its largest conductance.
        stuck_on: Number = "cell.stuck_on" per "",
        /// Probability that a cell is stuck at its smallest conductance.
        stuck_off: Number = "cell.stuck_off" per "",
        /// Resistance of a wire from one cell to the next.
        wire: Resistance = "wire.per_cell" per "",
    }
}

pub fn run(
    manifest: &Manifest,
    study: &FaultComparisonStudy,
    models: &Models<'_>,
    progress: &Progress,
) -> Result<Outcome, RunError> {
    let Labelled { loaded, images, labels } = models.labelled(&study.network, &study.images)?;
    let network = &loaded.network;
    let all = models.image_set(&loaded, &study.images)?;
    let mut table = Table::new(&COMPARISON);
    let mut summary = Vec::new();
    let mut push = |system: &str, configuration: &str, faults: &str, energy: Energy, result: &Accuracies| {
        summary.push(format!(
            "{system}, {configuration}, {faults}: {:.2} % at {:.1} uJ",
            100.0 * result.accuracy,
            microjoules(energy)
        ));
        table.push_row([
            ("system", system.into()),
            ("configuration", configuration.into()),
            ("faults", faults.into()),
            ("energy", microjoules(energy).into()),
            ("inferences", ((result.trials * images.len() as u64) as i64).into()),
            ("accuracy", result.accuracy.into()),
            ("accuracy_low", result.interval.low.into()),
            ("accuracy_high", result.interval.high.into()),
            ("changed_answers", result.changed.into()),
            ("clean_accuracy", result.clean.into()),
            ("confidence", study.confidence.into()),
        ])
    };

    let machine = Machine::compile(Arc::clone(network), &study.machine.0)?;
    let campaign = Campaign::new(&machine, &images, &labels, manifest.seed)?;
    let clean = campaign.clean_correct() as f64 / images.len() as f64;
    let rates = FaultRates::of(&models.fault_rates(&study.rates)?)?;
    let run = models.run(&study.network, study.machine.0, &study.images)?;
    let file = models.processor_technology(&study.technology)?;
    let parameters = ProcessorParameters::resolve(&file.parameters)?;
    let on_crossbars = study.crossbars.len() * (CONDITIONS.len() + 1);
    let bar = progress.bar("inferring with faults", (study.processor.len() + on_crossbars) as u64);
    for (stage, point) in (0..).zip(&study.processor) {
        let fault_point = FaultPoint {
            rates,
            kinds: point.faults.clone(),
            mitigation: point.mitigation,
            sampling: Sampling::Plain,
            stage,
            layers: None,
        };
        let prepared = campaign.prepare(&fault_point);
        let records = models.run_trials(manifest, stage, &prepared, 0..study.trials)?;
        let stream = Stream::resampling(manifest.seed, stage);
        let s = Summary::of(&campaign, &records, study.trials, 1.0, study.confidence, stream)?;
        let (energy, _) = protected_cost(
            &run,
            (&file.design, &parameters, study.search_model),
            point.mitigation,
            &point.faults,
            &rates,
        )?;
        let result = Accuracies {
            accuracy: s.accuracy,
            interval: s.accuracy_interval,
            changed: s.changed_answers as f64 / s.inferences as f64,
            clean,
            trials: study.trials,
        };
        push(PROCESSOR, &point.mitigation.name(), &point.name, energy, &result)?;
        bar.inc(1);
    }

    let set_of_parameters = models.analog(&study.analog)?;
    let analog = AnalogParameters::resolve(&set_of_parameters)?;
    let at_low_ends = AnalogParameters::resolve(&set_of_parameters.at_quantiles(Prior::Flat, |_| 0.05))?;
    let mut conditions: Vec<(&str, NonIdealities)> =
        CONDITIONS.iter().map(|&(name, of)| (name, of(&analog))).collect();
    conditions.extend(CONDITIONS.last().map(|(_, of)| (AT_LOW_ENDS, of(&at_low_ends))));
    let calibration =
        fitted(&all, network.input().shape(), all.len().saturating_sub(study.calibration_images)..all.len())?;
    let shapes = models.crossbar_layers(&study.network, &study.images)?;
    for (number, crossbar) in (0..).zip(&study.crossbars) {
        let point = CrossbarPoint {
            name: crossbar.name.clone(),
            technology: crossbar.technology.clone(),
            node_nm: Some(study.node_nm),
            weights: WeightPrecision::Ternary,
            activation_bits: loaded.description.activation_bits,
            gating: None,
            zero_skipping: None,
        };
        let file = models.crossbar_technology(&point)?;
        let report = crossbar_report(&file, &point, &shapes, weight_sparsity(network))?;
        let energy: Energy = report.layers.iter().map(crossbar::LayerReport::total_energy).sum();
        let parameters = CrossbarParameters::resolve(&file.parameters)?;
        let device =
            Device { on_resistance: parameters.on_resistance, off_resistance: parameters.off_resistance };
        let reading = Reading {
            rows: file.design.rows,
            mapping: file.design.mapping,
            encoding: crossbar.encoding,
            converter_bits: file.design.converter.bits(),
            range: crossbar.range,
        };
        let ideal = AnalogCrossbar::new(network, reading, &calibration)?;
        for (condition, (name, non_idealities)) in (0..).zip(&conditions) {
            let mut classes: Vec<Vec<usize>> = Vec::new();
            // Ideal cells are the same in every trial.
            let trials = if condition == 0 { 1 } else { study.trials };
            for trial in 0..trials {
                let stream = Stream::cells(manifest.seed, number, trial, condition);
                let programmed = match condition {
                    0 => ideal.clone(),
                    _ => ideal.clone().with_cells(device, non_idealities, &mut stream.generator()),
                };
                let of_image = |image: &network::FeatureMap| {
                    let mut engine = &programmed;
                    Ok::<_, RunError>(network.evaluate(image, &mut engine)?.class())
                };
                classes.push(images.par_iter().map(of_image).collect::<Result<_, _>>()?);
            }
            let share = |right: &dyn Fn(usize, usize) -> bool| -> Vec<f64> {
                let of_image = |image: usize| {
                    let count = classes.iter().filter(|classes| right(image, classes[image])).count();
                    count as f64 / classes.len() as f64
                };
                (0..images.len()).map(of_image).collect()
            };
            let correct = share(&|image, class| class == usize::from(labels[image]));
            let changed = share(&|image, class| Some(class) != campaign.clean_class(image));
            let stream = Stream::resampling_of_cells(manifest.seed, number, condition);
            let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
            let none = faults::IntervalError::Counts { successes: 0, trials: 0 };
            let interval = cluster_bootstrap(&correct, study.confidence, 2000, stream).ok_or(none)?;
            let result =
                Accuracies { accuracy: mean(&correct), interval, changed: mean(&changed), clean, trials };
            push(CROSSBAR, &crossbar.name, name, energy, &result)?;
            bar.inc(1);
        }
    }
    bar.finish();
    let figure = figures::fault_comparison(&manifest.title, &table)?;
    Ok(Outcome { tables: vec![table], figure, summary })
}

struct Accuracies {
    accuracy: f64,
    interval: faults::Interval,
    changed: f64,
    clean: f64,
    trials: u64,
}

type NonIdealitiesOf = fn(&AnalogParameters) -> NonIdealities;

/// All of [`CONDITIONS`], each at the low end of its range: cells and wires of a mature process.
const AT_LOW_ENDS: &str = "all of these, at the low ends of their ranges";

/// What is not ideal in a crossbar; the first is ideal.
const CONDITIONS: [(&str, NonIdealitiesOf); 5] = [
    ("converters alone", |_| NonIdealities::default()),
    ("spread of conductances", |a| NonIdealities {
        conductance_spread: a.conductance_spread.base(),
        ..NonIdealities::default()
    }),
    ("stuck cells", |a| NonIdealities {
        stuck_on: a.stuck_on.base(),
        stuck_off: a.stuck_off.base(),
        ..NonIdealities::default()
    }),
    ("resistance of wires", |a| NonIdealities { wire_resistance: a.wire, ..NonIdealities::default() }),
    ("all of these", |a| NonIdealities {
        conductance_spread: a.conductance_spread.base(),
        stuck_on: a.stuck_on.base(),
        stuck_off: a.stuck_off.base(),
        wire_resistance: a.wire,
    }),
];

/// What the file of non-idealities has to give.
pub const ANALOG: &[technology::Declaration] = AnalogParameters::DECLARATIONS;
