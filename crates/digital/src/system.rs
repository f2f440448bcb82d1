//! The digital array as one of the systems that a workload can be computed on.

use ::system::{LayerReport, Machine, Prepared, Report, System, SystemError, Workload};
use technology::{Declaration, ParameterSet, Parameters};

use crate::{
    ArrayDesign, ArrayParameters, DigitalError, DigitalParts, DigitalReport, LayerCost, MacArray,
    MatrixLayer, ZeroWeights,
};

/// A digital array of a design, under a technology, with a name.
#[derive(Debug, Clone, PartialEq)]
pub struct DigitalSystem {
    name: String,
    design: ArrayDesign,
    parameters: ParameterSet,
    zeros: ZeroWeights,
    images: u32,
}

impl DigitalSystem {
    /// An array under a name: a technology's, or that of a point of an experiment. What is wrong with design or parameters is said
    /// when a workload is evaluated.
    pub fn new(
        name: impl Into<String>,
        design: ArrayDesign,
        parameters: ParameterSet,
        zeros: ZeroWeights,
    ) -> Self {
        Self { name: name.into(), design, parameters, zeros, images: 1 }
    }

    /// The same array with so many images that go through a layer together, for which weights are loaded once.
    #[must_use]
    pub fn in_batches(self, images: u32) -> Self {
        Self { images: images.max(1), ..self }
    }

    /// The design.
    pub fn design(&self) -> &ArrayDesign {
        &self.design
    }

    fn error(&self, error: DigitalError) -> SystemError {
        match error {
            DigitalError::Layer(shape) => shape.into(),
            DigitalError::Technology(technology) => technology.into(),
            other => SystemError::of_model(self.kind(), &self.name, other),
        }
    }
}

impl System for DigitalSystem {
    fn kind(&self) -> &'static str {
        "digital"
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
        ArrayParameters::DECLARATIONS.to_vec()
    }

    fn prepare<'a>(&'a self, workload: &'a Workload) -> Result<Box<dyn Prepared + 'a>, SystemError> {
        let layers = workload.layers.iter().map(MatrixLayer::of).collect::<Result<_, _>>()?;
        let bits = (workload.precision.weights.bits(), workload.precision.activation_bits);
        Ok(Box::new(PreparedArray { system: self, layers, bits }))
    }
}

#[derive(Debug)]
struct PreparedArray<'a> {
    system: &'a DigitalSystem,
    layers: Vec<MatrixLayer>,
    bits: (u32, u32),
}

impl Prepared for PreparedArray<'_> {
    fn report(&self, parameters: &ParameterSet) -> Result<Report, SystemError> {
        let report = MacArray::new(self.system.design, parameters).and_then(|array| {
            let DigitalSystem { zeros, images, .. } = *self.system;
            array.in_batches(images).evaluate(&self.layers, self.bits.0, self.bits.1, zeros)
        });
        Ok(report.map_err(|error| self.system.error(error))?.into())
    }
}

impl From<DigitalReport> for Report {
    /// One array computes all layers.
    fn from(report: DigitalReport) -> Self {
        let (energy, latency, area) = (report.energy(), report.latency(), report.area);
        let layers = report.layers.into_iter().map(LayerReport::from).collect();
        Self::new(layers, energy, Machine { latency, area, arrays: 1, program_bytes: None })
    }
}

impl From<LayerCost> for LayerReport {
    fn from(layer: LayerCost) -> Self {
        Self {
            name: layer.name,
            parts: DigitalParts::NAMES.into_iter().zip(layer.energy.values()).collect(),
            latency: layer.latency,
            arrays: 1,
        }
    }
}
