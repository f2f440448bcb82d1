//! The associative processor under every technology and search model at every node, with the energies that draws give.

use std::sync::Arc;

use rayon::prelude::*;
use rtm_ap::{NetworkEvents, ProcessorDesign, SearchModel};
use system::{Prepared, System, Workload};
use technology::{Prior, Quantity, TechnologyFile};
use workspace::{Failure, Progress};

use super::{Context, SystemRow};
use crate::draws::drawn;
use crate::loaded::{network, workload};
use crate::systems::{WeightPrecision, microjoules, milliseconds, processor, square_millimetres};
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

impl Context<'_> {
    /// The network with its own weights and activations, as the processor computes it.
    pub(super) fn own(&self) -> Result<Workload, Failure> {
        let study = self.study;
        let bits = network(self.inputs, &study.network)?.description.activation_bits;
        workload(self.inputs, &study.network, &study.images, WeightPrecision::Ternary, bits)
    }

    /// The energies of systems of one technology under each draw, µJ; the parameters are drawn once for all of them.
    pub(super) fn drawn_energies(
        &self,
        file: &TechnologyFile<ProcessorDesign>,
        prior: Prior,
        systems: &[Box<dyn Prepared + '_>],
    ) -> Result<Vec<Vec<f64>>, Failure> {
        let energies = |trial| -> Result<Vec<f64>, Failure> {
            let set = drawn(&file.parameters, prior, self.manifest.seed, trial);
            systems.iter().map(|system| Ok(microjoules(system.energy(&set)?))).collect()
        };
        let by_draw = (0..self.study.draws).into_par_iter().map(energies).collect::<Result<Vec<_>, _>>()?;
        Ok((0..systems.len()).map(|system| by_draw.iter().map(|draw| draw[system]).collect()).collect())
    }

    /// Every technology and search model at every node.
    pub(super) fn processors(
        &self,
        events: &Arc<NetworkEvents>,
        nodes: &[f64],
    ) -> Result<Vec<Processor>, Failure> {
        let (study, own) = (self.study, self.own()?);
        let bar = Progress.bar("drawing the processors' parameters", study.technologies.len() as u64);
        let mut processors = Vec::new();
        for technology in &study.technologies {
            let file = technologies::processor(self.inputs, technology)?;
            let at_node = |&node: &f64| {
                let of_model =
                    |&model: &_| (model, processor(&file, technology, model, events).at_node(node));
                study.search_models.iter().map(of_model).collect::<Vec<_>>()
            };
            let systems: Vec<_> = nodes.iter().flat_map(at_node).collect();
            let prepared =
                systems.iter().map(|(_, system)| system.prepare(&own)).collect::<Result<Vec<_>, _>>()?;
            let by_prior = (study.priors.iter())
                .map(|&prior| self.drawn_energies(&file, prior, &prepared))
                .collect::<Result<Vec<_>, _>>()?;
            for (index, ((model, system), prepared)) in systems.iter().zip(&prepared).enumerate() {
                let report = prepared.report(system.parameters())?;
                let row = report.machine().map(|machine| SystemRow {
                    system: system.kind().into(),
                    configuration: technology.clone(),
                    search_model: Some(model.name().into()),
                    node: system.node_nm(),
                    energy: microjoules(report.energy()),
                    latency: milliseconds(machine.latency),
                    power: report.power().map_or(0.0, Quantity::base),
                    area: square_millimetres(machine.area),
                    arrays: machine.arrays,
                    program_bytes: machine.program_bytes,
                });
                processors.push(Processor {
                    technology: technology.clone(),
                    model: *model,
                    node: system.node_nm(),
                    nominal: microjoules(report.energy()),
                    drawn: by_prior.iter().map(|of_systems| of_systems[index].clone()).collect(),
                    system: row.filter(|row| row.node == file.design.node_nm),
                });
            }
            bar.inc(1);
        }
        bar.finish_and_clear();
        Ok(processors)
    }
}
