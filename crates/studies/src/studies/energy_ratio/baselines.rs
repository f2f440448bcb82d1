//! What the associative processor is held against, with the energies that draws of the parameters give.

use rayon::prelude::*;
use schemars::JsonSchema;
use serde::Deserialize;
use system::{Machine, Quoted, System};
use workspace::{Checks, Failure, Progress, WorkspaceError};
use yaml::FieldPath;

use super::{Context, SystemRow};
use crate::draws::drawn;
use crate::loaded::workload;
use crate::systems::{KINDS, OtherPoint, WeightPrecision, microjoules, milliseconds, square_millimetres};
use crate::technologies::reference;

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

/// A system with the precision that it is given.
struct Point {
    system: Box<dyn System>,
    /// Where it comes from: a model, the digital reference, or what others published.
    origin: &'static str,
    weights: WeightPrecision,
    activation_bits: u32,
    source: String,
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
    arrays: u64,
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
        let points = self.points()?;
        let bar = Progress.bar("drawing the baselines' parameters", points.len() as u64);
        let mut baselines = Vec::new();
        for point in &points {
            baselines.push(self.baseline(point)?);
            bar.inc(1);
        }
        bar.finish_and_clear();
        Ok(baselines)
    }

    /// The systems of the manifest, in its order.
    fn points(&self) -> Result<Vec<Point>, Failure> {
        let mut points = Vec::new();
        for point in &self.study.crossbars {
            points.push(Point {
                system: Box::new(point.system(self.inputs)?),
                origin: "model",
                weights: point.weights,
                activation_bits: point.activation_bits,
                source: format!("crossbar model, technology {}", point.technology),
            });
        }
        for point in &self.study.digital {
            points.push(Point {
                system: Box::new(point.system(self.inputs)?),
                origin: "digital",
                weights: point.weights,
                activation_bits: point.activation_bits,
                source: format!("model of a digital array, technology {}", point.technology),
            });
        }
        for point in &self.study.others {
            points.push(self.other(point)?);
        }
        for point in &self.study.published {
            points.push(Point {
                system: Box::new(Quoted::new(&point.name, point.node_nm, self.published(point)?)),
                origin: "published",
                weights: point.weights,
                activation_bits: point.activation_bits,
                source: point.source.clone(),
            });
        }
        Ok(points)
    }

    fn other(&self, point: &OtherPoint) -> Result<Point, Failure> {
        let known = || KINDS.iter().map(|kind| kind.name.to_owned()).collect();
        let kind = KINDS.iter().find(|kind| kind.name == point.system).ok_or_else(|| {
            WorkspaceError::UnknownName { kind: "kind of system", name: point.system.clone(), known: known() }
        })?;
        Ok(Point {
            system: (kind.open)(self.inputs, &point.name, &point.technology, point.node_nm)?,
            origin: "model",
            weights: point.weights,
            activation_bits: point.activation_bits,
            source: format!("{} model, technology {}", kind.name, point.technology),
        })
    }

    fn baseline(&self, point: &Point) -> Result<Baseline, Failure> {
        let (study, seed, system) = (self.study, self.manifest.seed, &*point.system);
        let workload =
            workload(self.inputs, &study.network, &study.images, point.weights, point.activation_bits)?;
        let prepared = system.prepare(&workload)?;
        let report = prepared.report(system.parameters())?;
        let beside = report.machine().map(|&Machine { latency, area, arrays, .. }| Beside {
            system: system.kind(),
            latency: milliseconds(latency),
            area: square_millimetres(area),
            arrays,
        });
        let energy = |prior, trial| -> Result<f64, Failure> {
            Ok(microjoules(prepared.energy(&drawn(system.parameters(), prior, seed, trial))?))
        };
        let of_prior = |&prior| (0..study.draws).into_par_iter().map(|trial| energy(prior, trial)).collect();
        // What was published has no parameters to draw.
        let drawn = match beside {
            Some(_) => study.priors.iter().map(of_prior).collect::<Result<_, Failure>>()?,
            None => Vec::new(),
        };
        Ok(Baseline {
            name: system.name().to_owned(),
            origin: point.origin,
            node: system.node_nm(),
            weights: point.weights.name(),
            activation_bits: point.activation_bits,
            nominal: microjoules(report.energy()),
            drawn,
            source: point.source.clone(),
            beside,
        })
    }

    /// The energy of a published baseline.
    fn published(&self, point: &PublishedPoint) -> Result<technology::Energy, Failure> {
        match (&point.energy_uj, &point.measured_case) {
            (_, Some(case)) => {
                let file = reference(self.inputs, "neurosim/measured.csv");
                let total = self.inputs.load(case, |reading| {
                    reading.note(&file)?;
                    Ok(crossbar::validation::measured_total(&file.with_file_name(""), case)?)
                })?;
                Ok(*total)
            }
            // One of both is given: it was checked when the manifest was read.
            (energy, None) => Ok(technology::Energy::picojoules(energy.unwrap_or_default() * 1e6)),
        }
    }
}
