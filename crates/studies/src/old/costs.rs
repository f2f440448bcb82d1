//! What both systems cost on a network, layer by layer: the part that the cost studies share.

use crossbar::LayerReport;
use rtm_ap::{Events, ProcessorParameters, SearchModel, cost};
use technology::{Energy, Parameters, Quantity, Time};

use crate::error::RunError;
use crate::manifest::CostStudy;
use crate::models::{Models, crossbar_report, weight_sparsity};

/// A system in one configuration.
pub struct SystemCosts {
    /// `RTM-AP` or `crossbar`.
    pub system: &'static str,
    /// The technology's or the crossbar point's name.
    pub configuration: String,
    /// How searches are charged; none for a crossbar.
    pub search_model: Option<SearchModel>,
    /// In the order of the network.
    pub layers: Vec<LayerCost>,
}

/// What one layer costs.
pub struct LayerCost {
    /// The layer.
    pub name: String,
    /// Energy by part.
    pub parts: Vec<(&'static str, Energy)>,
    /// Latency.
    pub latency: Time,
    /// Associative processors that take part, or subarrays that hold its weights.
    pub arrays: u64,
}

impl LayerCost {
    /// Its energy.
    pub fn energy(&self) -> Energy {
        self.parts.iter().map(|&(_, energy)| energy).sum()
    }
}

/// The name of the associative processor in tables.
pub const PROCESSOR: &str = "RTM-AP";
/// The name of the crossbar in tables.
pub const CROSSBAR: &str = "crossbar";

/// Every system of a study.
///
/// # Errors
/// If an input is missing or wrong.
pub fn of_study(study: &CostStudy, models: &Models<'_>) -> Result<Vec<SystemCosts>, RunError> {
    let run = models.run(&study.network, study.machine.0, &study.images)?;
    let names: Vec<String> =
        run.network().linear_layers().map(|(_, layer)| layer.name().to_owned()).collect();
    let installed = run.events().iter().map(|events| events.processors).max().unwrap_or(0);
    let mut systems = Vec::new();
    for technology in &study.technologies {
        let file = models.processor_technology(technology)?;
        let parameters = ProcessorParameters::resolve(&file.parameters)?;
        for &model in &study.search_models {
            let layer = |(name, events): (&String, &Events)| {
                let padding = file.design.padding_rows;
                let cost = cost(events, installed, study.machine.0.geometry, &parameters, model, padding);
                LayerCost {
                    name: name.clone(),
                    parts: rtm_ap::EnergyParts::NAMES.into_iter().zip(cost.energy.values()).collect(),
                    latency: cost.latency,
                    arrays: events.processors,
                }
            };
            systems.push(SystemCosts {
                system: PROCESSOR,
                configuration: technology.clone(),
                search_model: Some(model),
                layers: names.iter().zip(run.events()).map(layer).collect(),
            });
        }
    }
    let layers = models.crossbar_layers(&study.network, &study.images)?;
    let sparsity = weight_sparsity(run.network());
    for point in &study.crossbars {
        let file = models.crossbar_technology(point)?;
        let report = crossbar_report(&file, point, &layers, sparsity)?;
        systems.push(SystemCosts {
            system: CROSSBAR,
            configuration: point.name.clone(),
            search_model: None,
            layers: report.layers.iter().map(crossbar_layer).collect(),
        });
    }
    Ok(systems)
}

fn crossbar_layer(layer: &LayerReport) -> LayerCost {
    LayerCost {
        name: layer.name.clone(),
        parts: layer.energy.named().chain([("leakage", layer.leakage)]).collect(),
        latency: layer.latency.total(),
        arrays: layer.subarrays as u64,
    }
}

/// Energy in µJ.
pub fn microjoules(energy: Energy) -> f64 {
    energy.base() * 1e-6
}

/// Time in ms.
pub fn milliseconds(time: Time) -> f64 {
    time.base() * 1e-6
}
