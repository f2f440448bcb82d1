//! Top-1 accuracy: documented, by integer inference, on the associative processor, and through a crossbar's converters.

use std::sync::Arc;

use crossbar::Design;
use crossbar::execution::{AnalogCrossbar, Reading};
use faults::clopper_pearson;
use network::{Accuracy, AccuracyRecord, FeatureMap, ImageSet, Network, ReferenceEngine};
use rayon::prelude::*;
use rtm_ap::Machine;
use tables::{Column, Schema, Table, Value};
use technology::TechnologyFile;

use super::Outcome;
use super::costs::{CROSSBAR, PROCESSOR};
use crate::error::RunError;
use crate::manifest::{AccuracyStudy, AnalogPoint, CrossbarPoint, Manifest, NetworkPoint, WeightPrecision};
use crate::models::{LoadedNetwork, Models};
use crate::progress::Progress;
use crate::simulation::{Plan, fitted, images_together};

/// Accuracies.
pub static ACCURACIES: Schema = Schema::new(
    "accuracies",
    "Top-1 accuracy of networks, documented and measured, on digital and on analog hardware.",
    &[
        Column::text("network", "Name of the network."),
        Column::text("data", "The images, by the name of their set."),
        Column::text(
            "system",
            "What computes: a float network of the same shape, the quantized network in floating point, integer inference, \
             RTM-AP or crossbar.",
        ),
        Column::text("configuration", "Converter, encoding and range of a crossbar; empty otherwise."),
        Column::text("origin", "`measured` here, or `documented` by the network's file."),
        Column::integer("images", "", "Images classified; none where it is not documented.").optional(),
        Column::integer("correct", "", "Of these, how many got their label's class.").optional(),
        Column::real("accuracy", "", "Share that is correct."),
        Column::real("accuracy_low", "", "Lower bound of the Clopper-Pearson interval.").optional(),
        Column::real("accuracy_high", "", "Upper bound of the Clopper-Pearson interval.").optional(),
        Column::integer(
            "changed_answers",
            "",
            "Images that got another class than by integer inference of the same image.",
        )
        .optional(),
        Column::integer(
            "changed_images",
            "",
            "Images of which any accumulator, activation or logit differs from integer inference.",
        )
        .optional(),
        Column::text("source", "Where the number comes from."),
    ],
);

/// Runs the study.
pub fn run(
    manifest: &Manifest,
    study: &AccuracyStudy,
    models: &Models<'_>,
    progress: &Progress,
) -> Result<Outcome, RunError> {
    let mut table = Table::new(&ACCURACIES);
    let mut summary = Vec::new();
    for point in &study.networks {
        let loaded = models.network(&point.network)?;
        let measured = Measured::of(study, point, &loaded, models, *progress)?;
        documented(&mut table, &loaded)?;
        measured.push(&mut table, study.confidence)?;
        summary.extend(measured.summary());
    }
    let figure = figures::accuracies(&manifest.title, study.confidence, &table)?;
    Ok(Outcome { tables: vec![table], figure, summary })
}

/// The rows that the network's file documents.
fn documented(table: &mut Table, loaded: &LoadedNetwork) -> Result<(), RunError> {
    let records = &loaded.description.documented_accuracy;
    let named: [(&str, &Option<AccuracyRecord>); 2] = [
        ("float network of the same shape", &records.float_network),
        ("quantized network, floating point", &records.float_evaluation),
    ];
    for (system, record) in named {
        let Some(record) = record else { continue };
        table.push_row([
            ("network", loaded.description.name.as_str().into()),
            ("data", record.data.as_str().into()),
            ("system", system.into()),
            ("configuration", "".into()),
            ("origin", "documented".into()),
            ("images", record.images.map_or(Value::Missing, |images| (images as i64).into())),
            ("correct", Value::Missing),
            ("accuracy", record.top1.into()),
            ("accuracy_low", Value::Missing),
            ("accuracy_high", Value::Missing),
            ("changed_answers", Value::Missing),
            ("changed_images", Value::Missing),
            ("source", record.source.as_str().into()),
        ])?;
    }
    Ok(())
}

/// What one system gave on images.
struct System {
    system: &'static str,
    configuration: String,
    accuracy: Accuracy,
    changed_answers: usize,
    changed_images: usize,
    source: &'static str,
}

/// What is measured on one network.
struct Measured {
    network: String,
    data: String,
    systems: Vec<System>,
}

impl Measured {
    fn of(
        study: &AccuracyStudy,
        point: &NetworkPoint,
        loaded: &LoadedNetwork,
        models: &Models<'_>,
        progress: Progress,
    ) -> Result<Self, RunError> {
        let network = &loaded.network;
        let all = models.image_set(loaded, &point.images)?;
        let set = all.first(point.images.count)?;
        let labels = set.labels().ok_or_else(|| RunError::NoLabels(set.name().to_owned()))?;

        let machine = Machine::compile(Arc::clone(network), &study.machine.0)?;
        // The plan compares every value with the reference, and fails where one differs.
        let executed = Plan { machine: &machine, layers: &[], check: true }.run(&set, progress)?;
        let accuracy = Accuracy::of(executed.classes.iter().copied(), labels);
        let digital = |system, source| System {
            system,
            configuration: String::new(),
            accuracy,
            changed_answers: 0,
            changed_images: 0,
            source,
        };
        let mut systems = vec![
            digital("integer inference", "reference inference, image by image"),
            digital(
                PROCESSOR,
                "programs executed bit by bit; every value compared with integer inference, none differs",
            ),
        ];
        let analog = set.first(study.crossbar_images.min(set.len()))?;
        let calibration = last_images(&all, study.calibration_images, loaded)?;
        for crossbar in &study.crossbars {
            let file = models.crossbar_technology(&as_point(crossbar))?;
            let programmed = program(network, crossbar, &file, &calibration)?;
            systems.push(on_crossbar(network, crossbar, &programmed, &analog, progress)?);
        }
        Ok(Self { network: point.network.clone(), data: set.name().to_owned(), systems })
    }

    fn push(&self, table: &mut Table, confidence: f64) -> Result<(), RunError> {
        for system in &self.systems {
            let Accuracy { correct, images } = system.accuracy;
            let interval = clopper_pearson(correct as u64, images as u64, confidence)?;
            table.push_row([
                ("network", self.network.as_str().into()),
                ("data", self.data.as_str().into()),
                ("system", system.system.into()),
                ("configuration", system.configuration.as_str().into()),
                ("origin", "measured".into()),
                ("images", (images as i64).into()),
                ("correct", (correct as i64).into()),
                ("accuracy", system.accuracy.share().into()),
                ("accuracy_low", interval.low.into()),
                ("accuracy_high", interval.high.into()),
                ("changed_answers", (system.changed_answers as i64).into()),
                ("changed_images", (system.changed_images as i64).into()),
                ("source", system.source.into()),
            ])?;
        }
        Ok(())
    }

    fn summary(&self) -> Vec<String> {
        let line = |system: &System| {
            let configuration = match system.configuration.as_str() {
                "" => String::new(),
                configuration => format!(" ({configuration})"),
            };
            format!(
                "{} on {}, {}{configuration}: {:.4} of {} images; {} answers are not those of integer inference",
                self.network,
                self.data,
                system.system,
                system.accuracy.share(),
                system.accuracy.images,
                system.changed_answers,
            )
        };
        self.systems.iter().map(line).collect()
    }
}

/// The last images of a set, fitted to the network: those that are least likely to be classified too.
fn last_images(set: &ImageSet, count: usize, loaded: &LoadedNetwork) -> Result<Vec<FeatureMap>, RunError> {
    fitted(set, loaded.network.input().shape(), set.len().saturating_sub(count)..set.len())
}

fn as_point(crossbar: &AnalogPoint) -> CrossbarPoint {
    CrossbarPoint {
        name: crossbar.name.clone(),
        technology: crossbar.technology.clone(),
        node_nm: None,
        weights: WeightPrecision::Ternary,
        activation_bits: 4,
        zero_skipping: None,
        gating: None,
    }
}

fn program(
    network: &Network,
    crossbar: &AnalogPoint,
    file: &TechnologyFile<Design>,
    calibration: &[FeatureMap],
) -> Result<AnalogCrossbar, RunError> {
    let design = &file.design;
    let reading = Reading {
        rows: design.rows,
        mapping: design.mapping,
        encoding: crossbar.encoding,
        converter_bits: design.converter.bits(),
        range: crossbar.range,
    };
    Ok(AnalogCrossbar::new(network, reading, calibration)?)
}

fn on_crossbar(
    network: &Network,
    point: &AnalogPoint,
    crossbar: &AnalogCrossbar,
    set: &ImageSet,
    progress: Progress,
) -> Result<System, RunError> {
    let shape = network.input().shape();
    let bar = progress.bar("inferring through converters", set.len() as u64);
    let (mut classes, mut changed_answers, mut changed_images) = (Vec::new(), 0, 0);
    let together = images_together(network);
    for first in (0..set.len()).step_by(together) {
        let images = fitted(set, shape, first..set.len().min(first + together))?;
        let of_image = |image: &FeatureMap| {
            let clean = network.evaluate(image, &mut ReferenceEngine)?;
            let mut engine = crossbar;
            let analog = network.evaluate(image, &mut engine)?;
            bar.inc(1);
            Ok::<_, RunError>((analog.class(), analog.class() != clean.class(), analog != clean))
        };
        for (class, other_class, other_value) in
            images.par_iter().map(of_image).collect::<Result<Vec<_>, _>>()?
        {
            classes.push(class);
            changed_answers += usize::from(other_class);
            changed_images += usize::from(other_value);
        }
    }
    bar.finish_and_clear();
    let labels = set.labels().unwrap_or(&[]);
    Ok(System {
        system: CROSSBAR,
        configuration: point.name.clone(),
        accuracy: Accuracy::of(classes, labels),
        changed_answers,
        changed_images,
        source: "partial sums of columns through the converters; ideal cells and wires",
    })
}
