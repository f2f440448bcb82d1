//! Top-1 accuracy: documented, by integer inference, on the associative processor, and through a crossbar's converters.

mod classified;
mod figure;

use crossbar::execution::{ConverterRange, Reading, WeightEncoding};
use faults::clopper_pearson;
use figures::Figure;
use network::{Accuracy, AccuracyRecord};
use schemars::JsonSchema;
use serde::Deserialize;
use tables::{Schema, Table, TypedRow};
use technology::TechnologyFile;
use workspace::stages::{Declared, Promise, Results};
use workspace::{Checks, Failure, Inputs, Manifest, Study, rows_of};
use yaml::FieldPath;

use crate::error::StudyError;
use crate::images::image_set;
use crate::loaded::{LoadedNetwork, network};
use crate::machine::MachineSettings;
use crate::names::CrossbarName;
use crate::studies::networks::{NetworkPoint, check_points};
use crate::systems::{COMMON_COMPONENTS, CROSSBAR, CrossbarPoint, PROCESSOR};
use classified::{ByCrossbar, ByProcessor, Classified, Correct};

/// Accuracy, documented and measured, on digital and on analog hardware.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccuracyStudy {
    /// The networks with the images that they classify; these need labels.
    #[schemars(length(min = 1))]
    networks: Vec<NetworkPoint>,
    /// The associative processor.
    machine: MachineSettings,
    /// The crossbars.
    #[serde(default)]
    crossbars: Vec<AnalogPoint>,
    /// How many of the images crossbars classify, from the first on.
    crossbar_images: usize,
    /// How many images, from the last of the set back, calibrate converters.
    calibration_images: usize,
    /// Confidence of the intervals.
    #[schemars(extend("exclusiveMinimum" = 0, "exclusiveMaximum" = 1))]
    confidence: f64,
}

/// A crossbar that computes.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AnalogPoint {
    /// The name in tables and figures.
    pub name: String,
    /// The technology file: rows, mapping and converter are taken from it.
    #[schemars(with = "CrossbarName")]
    pub technology: String,
    /// How a weight stands in cells.
    pub encoding: WeightEncoding,
    /// What the converters' levels span.
    pub range: ConverterRange,
}

impl AnalogPoint {
    /// How its columns are read.
    pub fn reading(&self, file: &TechnologyFile<crossbar::Design>) -> Reading {
        let design = &file.design;
        Reading {
            rows: design.rows,
            mapping: design.mapping,
            encoding: self.encoding,
            converter_bits: design.converter.bits(),
            range: self.range,
        }
    }

    /// The crossbar that it is, as the model of costs takes it.
    pub fn costed(&self, node_nm: Option<f64>, activation_bits: u32) -> CrossbarPoint {
        CrossbarPoint {
            encoding: Some(self.encoding),
            // Differential columns hold one bit each.
            cell_bits: (self.encoding == WeightEncoding::Differential).then_some(1),
            components: Some(COMMON_COMPONENTS.to_owned()),
            ..CrossbarPoint::matching(&self.name, &self.technology, node_nm, activation_bits)
        }
    }
}

tables::table! {
    /// Top-1 accuracy of networks, documented and measured, on digital and on analog hardware.
    pub struct AccuracyRow: "accuracies" {
        /// Name of the network.
        network: String,
        /// The images, by the name of their set.
        data: String,
        /// What computes: a float network of the same shape, the quantized network in floating point, integer inference,
        /// RTM-AP or crossbar.
        system: String,
        /// Converter, encoding and range of a crossbar; empty otherwise.
        configuration: String,
        /// `measured` here, or `documented` by the network's file.
        origin: String,
        /// Images classified; none where it is not documented.
        images: Option<usize>,
        /// Of these, how many got their label's class.
        correct: Option<usize>,
        /// Share that is correct.
        accuracy: f64,
        /// Lower bound of the Clopper-Pearson interval.
        accuracy_low: Option<f64>,
        /// Upper bound of the Clopper-Pearson interval.
        accuracy_high: Option<f64>,
        /// Images that got another class than by integer inference of the same image.
        changed_answers: Option<usize>,
        /// Images of which any accumulator, activation or logit differs from integer inference.
        changed_images: Option<usize>,
        /// Where the number comes from.
        source: String,
    }
}

/// Of every network what the processor and the crossbars answer.
pub type Stages = Vec<(Promise<Correct>, Vec<Promise<Classified>>)>;

impl Study for AccuracyStudy {
    const NAME: &'static str = "accuracy";
    const MEANING: &'static str = "Accuracy, documented and measured, on digital and on analog hardware.";
    const TABLES: &'static [&'static Schema] = &[AccuracyRow::SCHEMA];
    type Stages = Stages;

    fn check(&self, path: &FieldPath, checks: &mut Checks<'_>) {
        check_points(&path.field("networks"), &self.networks, checks);
        if !self.crossbars.is_empty() && self.crossbar_images == 0 {
            checks.report(&path.field("crossbar_images"), "is 0; expected at least 1");
        }
    }

    fn trim(&mut self) {
        self.networks.iter_mut().for_each(|point| point.images.at_most(300));
        self.crossbar_images = self.crossbar_images.min(100);
    }

    fn users_data(&self) -> Vec<&'static str> {
        self.networks.iter().filter_map(|point| point.images.set.users_data()).collect()
    }

    fn stages(&self, _: &Manifest, _: &Inputs<'_>, declared: &mut Declared) -> Result<Stages, Failure> {
        let of_network = |point: &NetworkPoint| {
            let processor = ByProcessor {
                network: point.network.clone(),
                machine: self.machine,
                images: point.images.clone(),
            };
            let on_crossbar = |crossbar: &AnalogPoint| {
                declared.stage(ByCrossbar {
                    network: point.network.clone(),
                    images: point.images.clone(),
                    count: self.crossbar_images.min(point.images.count),
                    calibration: self.calibration_images,
                    crossbar: crossbar.clone(),
                })
            };
            let crossbars = self.crossbars.iter().map(on_crossbar).collect();
            (declared.stage(processor), crossbars)
        };
        Ok(self.networks.iter().map(of_network).collect())
    }

    fn tables(
        &self,
        _: &Manifest,
        inputs: &Inputs<'_>,
        stages: &Stages,
        results: &Results,
    ) -> Result<(Vec<Table>, Vec<String>), Failure> {
        let mut rows = Vec::new();
        let mut summary = Vec::new();
        for (point, (processor, crossbars)) in self.networks.iter().zip(stages) {
            let loaded = network(inputs, &point.network)?;
            let set = &image_set(inputs, &loaded, &point.images)?.set;
            let labels = set.labels().ok_or_else(|| StudyError::NoLabels(set.name().to_owned()))?;
            rows.extend(documented(&loaded));
            let correct = results.of(*processor)?;
            let digital = |system, source| System {
                system,
                configuration: String::new(),
                accuracy: Accuracy { correct: correct.correct, images: correct.images },
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
            for (crossbar, classified) in self.crossbars.iter().zip(crossbars) {
                systems.push(System::on_crossbar(crossbar, &*results.of(*classified)?, labels));
            }
            for system in &systems {
                rows.push(system.row(&point.network, set.name(), self.confidence)?);
                summary.push(system.in_words(&point.network, set.name()));
            }
        }
        Ok((vec![Table::of(rows)?], summary))
    }

    fn figure(&self, manifest: &Manifest, tables: &[Table]) -> Result<Figure, Failure> {
        Ok(figure::accuracies(&manifest.title, self.confidence, &rows_of(tables)?))
    }
}

/// The rows that the network's file documents.
fn documented(loaded: &LoadedNetwork) -> Vec<AccuracyRow> {
    let records = &loaded.description.documented_accuracy;
    let named: [(&str, &Option<AccuracyRecord>); 2] = [
        ("float network of the same shape", &records.float_network),
        ("quantized network, floating point", &records.float_evaluation),
    ];
    let row = |(system, record): (&str, &Option<AccuracyRecord>)| {
        let record = record.as_ref()?;
        Some(AccuracyRow {
            network: loaded.description.name.clone(),
            data: record.data.clone(),
            system: system.into(),
            configuration: String::new(),
            origin: "documented".into(),
            images: record.images,
            correct: None,
            accuracy: record.top1,
            accuracy_low: None,
            accuracy_high: None,
            changed_answers: None,
            changed_images: None,
            source: record.source.clone(),
        })
    };
    named.into_iter().filter_map(row).collect()
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

impl System {
    fn on_crossbar(crossbar: &AnalogPoint, classified: &Classified, labels: &[u16]) -> Self {
        Self {
            system: CROSSBAR,
            configuration: crossbar.name.clone(),
            accuracy: Accuracy::of(classified.classes.iter().copied(), labels),
            changed_answers: classified.changed_answers,
            changed_images: classified.changed_images,
            source: "partial sums of columns through the converters; ideal cells and wires",
        }
    }

    fn row(&self, network: &str, data: &str, confidence: f64) -> Result<AccuracyRow, Failure> {
        let Accuracy { correct, images } = self.accuracy;
        let interval = clopper_pearson(correct as u64, images as u64, confidence)?;
        Ok(AccuracyRow {
            network: network.into(),
            data: data.into(),
            system: self.system.into(),
            configuration: self.configuration.clone(),
            origin: "measured".into(),
            images: Some(images),
            correct: Some(correct),
            accuracy: self.accuracy.share(),
            accuracy_low: Some(interval.low),
            accuracy_high: Some(interval.high),
            changed_answers: Some(self.changed_answers),
            changed_images: Some(self.changed_images),
            source: self.source.into(),
        })
    }

    fn in_words(&self, network: &str, data: &str) -> String {
        let configuration = match self.configuration.as_str() {
            "" => String::new(),
            configuration => format!(" ({configuration})"),
        };
        format!(
            "{network} on {data}, {}{configuration}: {:.4} of {} images; {} answers are not those of integer inference",
            self.system,
            self.accuracy.share(),
            self.accuracy.images,
            self.changed_answers,
        )
    }
}
