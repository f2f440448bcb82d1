//! The associative processor under every technology and search model at every node, with the energies that draws give.

use compiler::Geometry;
use rayon::prelude::*;
use rtm_ap::{Events, ProcessorDesign, ProcessorParameters, SearchModel, chip_area, cost};
use technology::{Quantity, TechnologyFile};
use workspace::{Failure, Progress};

use super::{Context, SystemRow};
use crate::costs::{PROCESSOR, microjoules, milliseconds};
use crate::draws::drawn_processors;
use crate::run::MachineRun;
use crate::technologies;

/// The RTM-AP under one technology and search model at one node, µJ.
pub(super) struct Processor {
    pub technology: String,
    pub model: SearchModel,
    pub node: f64,
    pub nominal: f64,
    /// For each prior.
    pub drawn: Vec<Vec<f64>>,
    /// Its row in the table of systems, at the technology's own node.
    pub system: Option<SystemRow>,
}

/// The energy of events under each draw, µJ.
pub(super) fn drawn_energies(
    sets: &[ProcessorParameters],
    events: &Events,
    geometry: Geometry,
    file: &TechnologyFile<ProcessorDesign>,
    model: SearchModel,
) -> Vec<f64> {
    let energy = |parameters: &ProcessorParameters| {
        let padding = file.design.padding_rows;
        microjoules(cost(events, events.processors, geometry, parameters, model, padding).energy.total())
    };
    sets.par_iter().map(energy).collect()
}

impl Context<'_> {
    /// Every technology and search model at every node.
    pub(super) fn processors(&self, run: &MachineRun, nodes: &[f64]) -> Result<Vec<Processor>, Failure> {
        let (study, seed) = (self.study, self.manifest.seed);
        let (total, geometry) = (run.total(), study.machine.0.geometry);
        let count = study.technologies.len() * nodes.len();
        let bar = Progress.bar("drawing the processors' parameters", count as u64);
        let mut processors = Vec::new();
        for technology in &study.technologies {
            let file = technologies::processor(self.inputs, technology)?;
            for &node in nodes {
                let parameters = ProcessorParameters::varied(&file.parameters, node)?;
                let sets = (study.priors.iter())
                    .map(|&prior| drawn_processors(&file, node, prior, seed, study.draws))
                    .collect::<Result<Vec<_>, _>>()?;
                for &model in &study.search_models {
                    let padding = file.design.padding_rows;
                    let nominal = cost(&total, total.processors, geometry, &parameters, model, padding);
                    let area = chip_area(total.processors, run.words, geometry, &parameters).base();
                    let system = SystemRow {
                        system: PROCESSOR.into(),
                        configuration: technology.clone(),
                        search_model: Some(model.name().into()),
                        node,
                        energy: microjoules(nominal.energy.total()),
                        latency: milliseconds(nominal.latency),
                        power: nominal.power().base(),
                        area: area * 1e-6,
                        arrays: total.processors as i64,
                        program_bytes: Some(8 * run.words),
                    };
                    let energies = |set: &Vec<_>| drawn_energies(set, &total, geometry, &file, model);
                    processors.push(Processor {
                        technology: technology.clone(),
                        model,
                        node,
                        nominal: system.energy,
                        drawn: sets.iter().map(energies).collect(),
                        system: (node == file.design.node_nm).then_some(system),
                    });
                }
                bar.inc(1);
            }
        }
        bar.finish_and_clear();
        Ok(processors)
    }
}
