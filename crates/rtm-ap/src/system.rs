//! The associative processor as one of the systems that a workload can be computed on.

use std::sync::Arc;

use ::system::{LayerReport, Machine, Prepared, Report, System, SystemError, WeightStatistics, Workload};
use compiler::Geometry;
use technology::{Declaration, Energy, ParameterSet, Parameters};

use crate::cost::{Cost, EnergyParts, Pricing};
use crate::events::Events;
use crate::technology_parameters::{ProcessorDesign, ProcessorParameters, SearchModel, ShiftSource};
use crate::track::TrackParameters;

/// What one image of a network made happen on processors of a geometry, executed or expected. Layers follow one another on as many
/// processors as the largest of them takes.
#[derive(Debug, Clone, PartialEq)]
pub struct NetworkEvents {
    /// The network's name.
    pub network: String,
    /// Rows, columns and domains of a processor.
    pub geometry: Geometry,
    /// Every layer's name and events, in order.
    pub layers: Vec<(String, Events)>,
    /// Program words of all layers, of 64 bits.
    pub words: usize,
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

    /// Processors that are installed.
    pub fn installed(&self) -> u64 {
        self.layers.iter().map(|(_, events)| events.processors).max().unwrap_or(0)
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
        Self { name: name.into(), node_nm: design.node_nm, design, parameters, model, events }
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

    fn declarations(&self) -> Vec<Declaration> {
        match self.design.shift {
            ShiftSource::Stated => ProcessorParameters::DECLARATIONS.to_vec(),
            ShiftSource::Track => [ProcessorParameters::DECLARATIONS, TrackParameters::DECLARATIONS].concat(),
        }
    }

    fn prepare<'a>(&'a self, workload: &'a Workload) -> Result<Box<dyn Prepared + 'a>, SystemError> {
        self.check(workload)?;
        let (total, installed) = (self.events.total(), self.events.installed());
        Ok(Box::new(PreparedProcessor { system: self, total, installed }))
    }
}

#[derive(Debug)]
struct PreparedProcessor<'a> {
    system: &'a ProcessorSystem,
    /// The events of all layers: counts are whole numbers, so the whole is priced from their sums.
    total: Events,
    installed: u64,
}

impl PreparedProcessor<'_> {
    fn pricing<'p>(&self, parameters: &'p ProcessorParameters) -> Pricing<'p> {
        let ProcessorSystem { design, model, events, .. } = self.system;
        Pricing { geometry: events.geometry, parameters, model: *model, padding: design.padding_rows }
    }
}

impl Prepared for PreparedProcessor<'_> {
    fn report(&self, parameters: &ParameterSet) -> Result<Report, SystemError> {
        let parameters = ProcessorParameters::varied(parameters, self.system.node_nm)?;
        let (pricing, events) = (self.pricing(&parameters), &self.system.events);
        let layer = |(name, events): &(String, Events)| {
            layer_report(name, pricing.cost(events, self.installed), events.processors)
        };
        let whole = pricing.cost(&self.total, self.installed);
        let machine = Machine {
            latency: whole.latency,
            area: pricing.chip_area(self.installed, events.words),
            arrays: self.installed,
            program_bytes: Some(8 * events.words as u64),
        };
        Ok(Report::new(events.layers.iter().map(layer).collect(), whole.energy.total(), machine))
    }

    fn energy(&self, parameters: &ParameterSet) -> Result<Energy, SystemError> {
        let parameters = ProcessorParameters::varied(parameters, self.system.node_nm)?;
        Ok(self.pricing(&parameters).cost(&self.total, self.installed).energy.total())
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
