//! The associative processor as one of the systems that a workload can be computed on.

use std::sync::Arc;

use ::system::{LayerReport, Machine, Prepared, Report, System, SystemError, WeightStatistics, Workload};
use compiler::{Carry, Geometry};
use technology::{Declaration, Energy, ParameterSet, Parameters, TechnologyError};

use crate::buffer::Kept;
use crate::cost::{Cost, EnergyParts, Pricing};
use crate::events::Events;
use crate::operation::Operation;
use crate::segments::Segments;
use crate::technology_parameters::{ProcessorDesign, ProcessorParameters, SearchModel, ShiftSource};
use crate::track::TrackParameters;

/// What images of a network made happen on processors of a geometry, executed or expected. Layers follow one another on the processors
/// that are installed.
#[derive(Debug, Clone, PartialEq)]
pub struct NetworkEvents {
    /// The network's name.
    pub network: String,
    /// Rows, columns and domains of a processor.
    pub geometry: Geometry,
    /// Every layer's name and events, in order.
    pub layers: Vec<(String, Events)>,
    /// The sizes of the program and, for one image, of the buffer.
    pub kept: Kept,
    /// Processors that are installed.
    pub installed: u64,
    /// Images that went through together.
    pub images: u32,
}

impl NetworkEvents {
    /// The events of all layers, one after the other.
    pub fn total(&self) -> Events {
        let mut total = Events::default();
        for (_, events) in &self.layers {
            total += *events;
        }
        total
    }
}

/// An associative processor under a technology at a node, that knows what one network makes happen on it.
#[derive(Debug, Clone, PartialEq)]
pub struct ProcessorSystem {
    name: String,
    design: ProcessorDesign,
    parameters: ParameterSet,
    node_nm: f64,
    model: SearchModel,
    operation: Operation,
    events: Arc<NetworkEvents>,
}

impl ProcessorSystem {
    /// A processor under a technology's name, at the technology's node; systems of several technologies share the events.
    pub fn new(
        name: impl Into<String>,
        design: ProcessorDesign,
        parameters: ParameterSet,
        model: SearchModel,
        events: Arc<NetworkEvents>,
    ) -> Self {
        let operation = Operation { batch: events.images, ..design.operation() };
        Self { name: name.into(), node_nm: design.node_nm, design, parameters, model, operation, events }
    }

    /// The same processor run in another way; how many images go through together is said by the events.
    #[must_use]
    pub fn operated(self, operation: Operation) -> Self {
        let operation = Operation { batch: self.events.images, ..operation };
        Self { operation, ..self }
    }

    /// The same processor at another node, nm; its parameters remain those of the technology's node.
    #[must_use]
    pub fn at_node(self, node_nm: f64) -> Self {
        Self { node_nm, ..self }
    }

    /// How searches are charged.
    pub fn search_model(&self) -> SearchModel {
        self.model
    }

    /// What happens on it.
    pub fn events(&self) -> &NetworkEvents {
        &self.events
    }

    /// Whether the events are those of a workload: of its name, with its layers, and weights that a processor's programs can hold.
    fn check(&self, workload: &Workload) -> Result<(), SystemError> {
        let events = &self.events;
        let other = |expected, found| SystemError::OtherWorkload {
            kind: self.kind(),
            name: self.name.clone(),
            expected,
            found,
        };
        if workload.name != events.network {
            return Err(other(format!("`{}`", events.network), format!("`{}`", workload.name)));
        }
        if let WeightStatistics::Symmetric { bits } = workload.precision.weights {
            let (expected, found) = ("ternary weights".to_owned(), format!("weights of {bits} bits"));
            return Err(other(expected, found));
        }
        let known: Vec<&str> = events.layers.iter().map(|(name, _)| name.as_str()).collect();
        let found: Vec<&str> = workload.layers.iter().map(|layer| layer.name()).collect();
        if known != found {
            let list = |names: &[&str]| format!("the layers {}", names.join(", "));
            return Err(other(list(&known), list(&found)));
        }
        Ok(())
    }
}

impl System for ProcessorSystem {
    fn kind(&self) -> &'static str {
        "RTM-AP"
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn variant(&self) -> Option<&'static str> {
        Some(self.model.name())
    }

    fn node_nm(&self) -> f64 {
        self.node_nm
    }

    fn parameters(&self) -> &ParameterSet {
        &self.parameters
    }

    /// Those of the latch only where rows have one, and those of segments only where match lines have several: nothing else depends on them.
    fn declarations(&self) -> Vec<Declaration> {
        let of_track = match self.design.shift {
            ShiftSource::Stated => &[][..],
            ShiftSource::Track => TrackParameters::DECLARATIONS,
        };
        let has_latch = self.events.geometry.carry() == Carry::Latch;
        let all = ProcessorParameters::DECLARATIONS.iter().chain(of_track);
        let has_segments = self.operation.segments != Segments::ONE;
        all.filter(|of| has_latch || !of.path.starts_with(ProcessorParameters::LATCH))
            .filter(|of| has_segments || !of.path.starts_with(ProcessorParameters::SEGMENT))
            .copied()
            .collect()
    }

    fn prepare<'a>(&'a self, workload: &'a Workload) -> Result<Box<dyn Prepared + 'a>, SystemError> {
        self.check(workload)?;
        Ok(Box::new(PreparedProcessor { system: self }))
    }
}

#[derive(Debug)]
struct PreparedProcessor<'a> {
    system: &'a ProcessorSystem,
}

impl PreparedProcessor<'_> {
    fn varied(&self, parameters: &ParameterSet) -> Result<ProcessorParameters, TechnologyError> {
        let ProcessorSystem { node_nm, events, .. } = self.system;
        ProcessorParameters::varied(parameters, *node_nm, events.geometry.domains())
    }

    fn pricing<'p>(&self, parameters: &'p ProcessorParameters) -> Pricing<'p> {
        let ProcessorSystem { operation, model, events, .. } = self.system;
        let NetworkEvents { geometry, kept, .. } = **events;
        Pricing { geometry, parameters, model: *model, operation: *operation, kept }
    }
}

impl Prepared for PreparedProcessor<'_> {
    fn report(&self, parameters: &ParameterSet) -> Result<Report, SystemError> {
        let parameters = self.varied(parameters)?;
        let (pricing, events) = (self.pricing(&parameters), &self.system.events);
        let per_image = 1.0 / f64::from(events.images.max(1));
        let of_layer = |(name, of_layer): &(String, Events)| {
            let cost = pricing.cost(of_layer, events.installed).times(per_image);
            layer_report(name, cost, of_layer.processors)
        };
        let layers: Vec<LayerReport> = events.layers.iter().map(of_layer).collect();
        let machine = Machine {
            latency: pricing.latency(&events.total()) * per_image,
            area: pricing.chip_area(events.installed),
            arrays: events.installed,
            program_bytes: Some(8 * events.kept.words as u64),
        };
        let energy = layers.iter().map(LayerReport::energy).sum();
        Ok(Report::new(layers, energy, machine))
    }

    fn energy(&self, parameters: &ParameterSet) -> Result<Energy, SystemError> {
        let parameters = self.varied(parameters)?;
        let (pricing, events) = (self.pricing(&parameters), &self.system.events);
        let of_layer =
            |(_, of_layer): &(String, Events)| pricing.cost(of_layer, events.installed).energy.total();
        let batch: Energy = events.layers.iter().map(of_layer).sum();
        Ok(batch * (1.0 / f64::from(events.images.max(1))))
    }
}

fn layer_report(name: &str, cost: Cost, processors: u64) -> LayerReport {
    LayerReport {
        name: name.to_owned(),
        parts: EnergyParts::NAMES.into_iter().zip(cost.energy.values()).collect(),
        latency: cost.latency,
        arrays: processors,
    }
}
