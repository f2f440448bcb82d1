//! The crossbar as one of the systems that a workload can be computed on.

use ::system::{LayerReport, Machine, Prepared, Report, System, SystemError, Workload};
use technology::{Declaration, Energy, ParameterSet, Parameters};

use crate::placed::Placed;
use crate::{Crossbar, CrossbarError, CrossbarParameters, Design, NetworkReport};

/// A crossbar accelerator of a design, under a technology, with a name.
#[derive(Debug, Clone, PartialEq)]
pub struct CrossbarSystem {
    name: String,
    design: Design,
    parameters: ParameterSet,
}

impl CrossbarSystem {
    /// A crossbar under a name: a technology's, or that of a point of an experiment. What is wrong with design or parameters is said
    /// when a workload is evaluated.
    pub fn new(name: impl Into<String>, design: Design, parameters: ParameterSet) -> Self {
        Self { name: name.into(), design, parameters }
    }

    /// The design.
    pub fn design(&self) -> &Design {
        &self.design
    }

    fn error(&self, error: CrossbarError) -> SystemError {
        match error {
            CrossbarError::Layer(shape) => shape.into(),
            CrossbarError::Technology(technology) => technology.into(),
            other => SystemError::of_model(self.kind(), &self.name, other),
        }
    }
}

impl System for CrossbarSystem {
    fn kind(&self) -> &'static str {
        "crossbar"
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn node_nm(&self) -> f64 {
        self.design.node_nm
    }

    fn parameters(&self) -> &ParameterSet {
        &self.parameters
    }

    fn declarations(&self) -> Vec<Declaration> {
        CrossbarParameters::DECLARATIONS.to_vec()
    }

    fn prepare<'a>(&'a self, workload: &'a Workload) -> Result<Box<dyn Prepared + 'a>, SystemError> {
        self.design.check().map_err(|error| self.error(error))?;
        let shapes: Vec<_> = workload.shapes().collect();
        let placed =
            Placed::new(&self.design, &shapes, workload.precision).map_err(|error| self.error(error))?;
        Ok(Box::new(PreparedCrossbar { system: self, placed }))
    }
}

#[derive(Debug)]
struct PreparedCrossbar<'a> {
    system: &'a CrossbarSystem,
    placed: Placed,
}

impl PreparedCrossbar<'_> {
    fn evaluate(&self, parameters: &ParameterSet) -> Result<NetworkReport, SystemError> {
        let crossbar = Crossbar::new(self.system.design, parameters);
        Ok(crossbar.map_err(|error| self.system.error(error))?.report(&self.placed))
    }
}

impl Prepared for PreparedCrossbar<'_> {
    fn report(&self, parameters: &ParameterSet) -> Result<Report, SystemError> {
        Ok(self.evaluate(parameters)?.into())
    }

    fn energy(&self, parameters: &ParameterSet) -> Result<Energy, SystemError> {
        Ok(self.evaluate(parameters)?.total_energy())
    }
}

impl From<NetworkReport> for Report {
    fn from(report: NetworkReport) -> Self {
        let machine = Machine {
            latency: report.latency().total(),
            area: report.area.total(),
            arrays: report.layers.iter().map(|layer| layer.subarrays as u64).sum(),
            program_bytes: None,
        };
        let energy = report.total_energy();
        let layers = report.layers.into_iter().map(LayerReport::from).collect();
        Self::new(layers, energy, machine)
    }
}

impl From<crate::LayerReport> for LayerReport {
    fn from(layer: crate::LayerReport) -> Self {
        Self {
            parts: layer.energy.named().chain([("leakage", layer.leakage)]).collect(),
            latency: layer.latency.total(),
            arrays: layer.subarrays as u64,
            name: layer.name,
        }
    }
}
