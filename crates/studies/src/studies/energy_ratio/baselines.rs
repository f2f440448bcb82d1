//! What the associative processor is held against, with the energies that draws of the parameters give.

use digital::MacArray;
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::Deserialize;
use technology::{ParameterSet, Prior, Quantity, TechnologyFile};
use workspace::yaml::FieldPath;
use workspace::{Checks, Failure, Progress};

use super::{Context, SystemRow};
use crate::baselines::{CrossbarPoint, DigitalPoint, WeightPrecision, digital_technology};
use crate::costs::{CROSSBAR, microjoules, milliseconds};
use crate::draws::drawn;
use crate::loaded::{crossbar_layers, matrix_layers, network, weight_sparsity};
use crate::technologies::reference;

/// The name of the digital reference in tables.
const DIGITAL: &str = "digital";

/// A baseline whose energy others measured or published.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PublishedPoint {
    /// The name in tables and figures.
    pub name: String,
    /// Technology node, nm.
    node_nm: f64,
    /// What its weights are.
    weights: WeightPrecision,
    /// Bits of its activations.
    activation_bits: u32,
    /// Energy of one inference of the network, µJ: a number, or the case of a measured file that it is the sum of.
    energy_uj: Option<f64>,
    /// A case of the file of measured results.
    measured_case: Option<String>,
    /// Where it comes from.
    source: String,
}

impl PublishedPoint {
    /// Its energy is told in one way.
    pub fn check(&self, path: &FieldPath, checks: &mut Checks<'_>) {
        if self.energy_uj.is_some() == self.measured_case.is_some() {
            let message =
                format!("published baseline `{}`: give either energy_uj or measured_case", self.name);
            checks.report(path, &message);
        }
    }
}

/// A baseline and its energies, µJ.
pub(super) struct Baseline {
    pub name: String,
    pub origin: &'static str,
    pub node: f64,
    pub weights: &'static str,
    pub activation_bits: u32,
    pub nominal: f64,
    /// For each prior, one energy for each draw; a published energy has no spread of its own.
    pub drawn: Vec<Vec<f64>>,
    pub source: String,
    /// What was computed beside the energy, where the baseline was computed here.
    pub beside: Option<Beside>,
}

/// What stands beside a baseline's energy.
#[derive(Clone, Copy)]
pub(super) struct Beside {
    system: &'static str,
    /// ms.
    pub latency: f64,
    /// mm².
    pub area: f64,
    arrays: i64,
}

impl Baseline {
    /// Its row in the table of systems.
    pub fn system(&self) -> Option<SystemRow> {
        let beside = self.beside?;
        Some(SystemRow {
            system: beside.system.into(),
            configuration: self.name.clone(),
            search_model: None,
            node: self.node,
            energy: self.nominal,
            latency: beside.latency,
            // µJ over ms are mW.
            power: self.nominal / beside.latency,
            area: beside.area,
            arrays: beside.arrays,
            program_bytes: None,
        })
    }
}

impl Context<'_> {
    /// Every baseline.
    pub(super) fn baselines(&self) -> Result<Vec<Baseline>, Failure> {
        let study = self.study;
        let count = study.crossbars.len() + study.digital.len();
        let bar = Progress.bar("drawing the baselines' parameters", count as u64);
        let mut baselines = Vec::new();
        for point in &study.crossbars {
            baselines.push(self.crossbar(point)?);
            bar.inc(1);
        }
        for point in &study.digital {
            baselines.push(self.digital(point)?);
            bar.inc(1);
        }
        bar.finish_and_clear();
        for point in &study.published {
            baselines.push(self.published(point)?);
        }
        Ok(baselines)
    }

    /// For each prior, the energy of each draw.
    fn drawn(
        &self,
        energy: impl Fn(Prior, u64) -> Result<f64, Failure> + Sync,
    ) -> Result<Vec<Vec<f64>>, Failure> {
        let of_prior = |&prior: &Prior| {
            (0..self.study.draws).into_par_iter().map(|trial| energy(prior, trial)).collect()
        };
        self.study.priors.iter().map(of_prior).collect()
    }

    fn crossbar(&self, point: &CrossbarPoint) -> Result<Baseline, Failure> {
        let study = self.study;
        let layers = crossbar_layers(self.inputs, &study.network, &study.images)?;
        let sparsity = weight_sparsity(&network(self.inputs, &study.network)?.network);
        let file = point.technology(self.inputs)?;
        let report = point.report(&file, &layers, sparsity)?;
        let drawn = self.drawn(|prior, trial| {
            let parameters = drawn(&file.parameters, prior, self.manifest.seed, trial);
            let drawn = TechnologyFile { parameters, ..file.clone() };
            Ok(microjoules(point.report(&drawn, &layers, sparsity)?.total_energy()))
        })?;
        Ok(Baseline {
            name: point.name.clone(),
            origin: "model",
            node: file.design.node_nm,
            weights: point.weights.name(),
            activation_bits: point.activation_bits,
            nominal: microjoules(report.total_energy()),
            drawn,
            source: format!("crossbar model, technology {}", file.name),
            beside: Some(Beside {
                system: CROSSBAR,
                latency: milliseconds(report.latency().total()),
                area: report.area.total().base() * 1e-6,
                arrays: report.layers.iter().map(|layer| layer.subarrays as i64).sum(),
            }),
        })
    }

    fn digital(&self, point: &DigitalPoint) -> Result<Baseline, Failure> {
        let file = digital_technology(self.inputs, &point.technology, point.node_nm)?;
        let layers = matrix_layers(&network(self.inputs, &self.study.network)?.network);
        let (weights, activations) = (point.weights.bits(), point.activation_bits);
        let evaluate = |parameters: &ParameterSet| -> Result<digital::DigitalReport, Failure> {
            let array = MacArray::new(file.design, parameters)?;
            Ok(array.evaluate(&layers, weights, activations, point.zero_weights.into())?)
        };
        let report = evaluate(&file.parameters)?;
        let drawn = self.drawn(|prior, trial| {
            let parameters = drawn(&file.parameters, prior, self.manifest.seed, trial);
            Ok(microjoules(evaluate(&parameters)?.energy()))
        })?;
        Ok(Baseline {
            name: point.name.clone(),
            origin: DIGITAL,
            node: file.design.node_nm,
            weights: point.weights.name(),
            activation_bits: point.activation_bits,
            nominal: microjoules(report.energy()),
            drawn,
            source: format!("model of a digital array, technology {}", point.technology),
            beside: Some(Beside {
                system: DIGITAL,
                latency: milliseconds(report.latency()),
                area: report.area.base() * 1e-6,
                arrays: 1,
            }),
        })
    }

    fn published(&self, point: &PublishedPoint) -> Result<Baseline, Failure> {
        let nominal = match (&point.energy_uj, &point.measured_case) {
            (Some(energy), _) => *energy,
            (None, Some(case)) => {
                let file = reference(self.inputs, "neurosim/measured.csv");
                let total = self.inputs.load(case, |reading| {
                    reading.note(&file)?;
                    Ok(crossbar::validation::measured_total(&file.with_file_name(""), case)?)
                })?;
                microjoules(*total)
            }
            // Refused when the manifest was read.
            (None, None) => f64::NAN,
        };
        Ok(Baseline {
            name: point.name.clone(),
            origin: "published",
            node: point.node_nm,
            weights: point.weights.name(),
            activation_bits: point.activation_bits,
            nominal,
            drawn: Vec::new(),
            source: point.source.clone(),
            beside: None,
        })
    }
}
