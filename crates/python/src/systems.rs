//! Networks on the systems that compute them, and under faults.

use std::sync::Arc;

use ::crossbar::Crossbar;
use ::digital::{DigitalSystem, ZeroWeights};
use ::system::{Precision, System, WeightStatistics, Workload};
use ::technology::{Parameters, Quantity, TechnologyFile};
use ::workspace::{Failure, WorkspaceError};
use faults::{FaultKind, FaultRates, LiteratureRates, Mitigation};
use network::FeatureMap;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use rtm_ap::{ActivationsAt, Allocation};
use studies::loaded::{layers_over, weight_sparsity};
use studies::systems::{WeightPrecision, ZeroWeightsName};
use tritrack::commands::crossbar::{Mode, as_table};
use tritrack::commands::inject::Injection;
use tritrack::commands::simulate::{Question, View};

use crate::images::Images;
use crate::machine::Machine;
use crate::networks::Network;
use crate::table::Table;
use crate::technology::Technology;
use crate::values::bytes;
use crate::work;

/// How a network is simulated: the options of `tritrack simulate`.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct Simulation {
    machine: Machine,
    processors: String,
    activations: String,
    layers: Vec<String>,
    show: String,
    check: bool,
}

/// The view that prints what every instruction does.
const TRACE: &str = "trace";

/// Runs images on the associative processor: the table of a view, the logits as bytes of `i64`, and the classes.
#[pyfunction]
pub fn simulate<'py>(
    py: Python<'py>,
    network: &Network,
    images: &Images,
    technology: &Technology,
    simulation: Simulation,
) -> PyResult<(Table, Bound<'py, PyBytes>, Vec<usize>)> {
    let (network, set) = (Arc::clone(&network.network), Arc::clone(&images.0));
    let technology = technology.clone();
    let (table, logits, classes) = work::run(py, move || {
        let file = technology.typed("rtm-ap", |path| Ok(rtm_ap::load_technology(path)?))?;
        let question = Question {
            network: &network,
            options: simulation.machine.options()?,
            technology: &file,
            processors: simulation.processors.parse::<Allocation>()?,
            activations: simulation.activations.parse::<ActivationsAt>()?,
            layers: &simulation.layers,
            check: simulation.check,
        };
        if simulation.show == TRACE {
            return Ok((question.trace(&set)?, Vec::new(), Vec::new()));
        }
        let (table, run) = question.answer(&set, simulation.show.parse::<View>()?)?;
        Ok((table, run.logits, run.classes))
    })?;
    Ok((Table(table), PyBytes::new(py, &bytes(&logits, i64::to_le_bytes)), classes))
}

/// What a network's numbers are on a system that computes it from its shapes and statistics.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct Numbers {
    weights: String,
    activation_bits: Option<u32>,
    /// The share of ternary weights that are 0; the network's own if left out.
    sparsity: Option<f64>,
}

impl Numbers {
    fn precision(&self, network: &network::Network, own_bits: u32) -> Result<Precision, Failure> {
        let sparsity = self.sparsity.unwrap_or_else(|| weight_sparsity(network));
        if !(0.0..=1.0).contains(&sparsity) {
            let message = format!("a share of {sparsity} of the weights is 0; expected 0 to 1");
            return Err(WorkspaceError::argument(message).into());
        }
        let weights = match self.weights.parse::<WeightPrecision>()? {
            WeightPrecision::Ternary => WeightStatistics::Ternary { zeros: sparsity },
            WeightPrecision::EightBit => WeightStatistics::Symmetric { bits: 8 },
        };
        Ok(Precision { weights, activation_bits: self.activation_bits.unwrap_or(own_bits) })
    }
}

fn fitted(network: &network::Network, images: &network::ImageSet) -> Result<Vec<FeatureMap>, Failure> {
    Ok(images.fitted_to(network.input().shape())?.feature_maps())
}

/// What an image costs on a crossbar, layer by layer.
#[pyfunction]
pub fn crossbar(
    py: Python<'_>,
    network: &Network,
    images: &Images,
    technology: &Technology,
    numbers: Numbers,
    mode: String,
) -> PyResult<Table> {
    let own_bits = network.description.activation_bits;
    let (network, set) = (Arc::clone(&network.network), Arc::clone(&images.0));
    let technology = technology.clone();
    work::run(py, move || {
        let mut file = technology.typed("crossbar", |path| Ok(::crossbar::load_technology(path)?))?;
        file.design.counting = mode.parse::<Mode>()?.into();
        let layers = layers_over(&network, &fitted(&network, &set)?)?;
        let shapes: Vec<_> = layers.into_iter().map(|layer| layer.shape).collect();
        let crossbar = Crossbar::new(file.design, &file.parameters)?;
        let report = crossbar.evaluate(&shapes, numbers.precision(&network, own_bits)?)?;
        Ok(Table(as_table(&report)?))
    })
}

::tables::table! {
    /// What every layer of a network costs on a digital array, for one image; the last row is their sum.
    pub struct DigitalLayerRow: "digital_layers" {
        /// Name of the layer, or `total`.
        layer: String,
        /// Energy of multipliers and adders.
        arithmetic: f64 = "pJ",
        /// Energy of registers on the way.
        registers: f64 = "pJ",
        /// Energy of the buffer beside the array.
        buffer: f64 = "pJ",
        /// Energy of the large memory that holds weights and activations.
        memory: f64 = "pJ",
        /// Leakage over the layer's time.
        leakage: f64 = "pJ",
        /// All of these.
        energy: f64 = "pJ",
        /// Time of the layer.
        latency: f64 = "ns",
    }
}

/// What an image costs on a digital array, layer by layer.
#[pyfunction]
pub fn digital(
    py: Python<'_>,
    network: &Network,
    images: &Images,
    technology: &Technology,
    numbers: Numbers,
    zero_weights: String,
) -> PyResult<Table> {
    let own_bits = network.description.activation_bits;
    let (network, set) = (Arc::clone(&network.network), Arc::clone(&images.0));
    let technology = technology.clone();
    work::run(py, move || {
        let file = technology.typed("digital", |path| Ok(::digital::load_technology(path)?))?;
        let zeros: ZeroWeights = zero_weights.parse::<ZeroWeightsName>()?.into();
        let system = DigitalSystem::new(&file.name, file.design, file.parameters.clone(), zeros);
        let workload = Workload {
            name: network.name().to_owned(),
            layers: layers_over(&network, &fitted(&network, &set)?)?,
            precision: numbers.precision(&network, own_bits)?,
        };
        let report = system.evaluate(&workload)?;
        let row = |name: &str, parts: &::system::Parts, energy: f64, latency: f64| {
            let part = |place: usize| parts.get(place).map_or(0.0, |(_, energy)| energy.base());
            DigitalLayerRow {
                layer: name.to_owned(),
                arithmetic: part(0),
                registers: part(1),
                buffer: part(2),
                memory: part(3),
                leakage: part(4),
                energy,
                latency,
            }
        };
        let layers = report.layers().iter();
        let layers =
            layers.map(|layer| row(&layer.name, &layer.parts, layer.energy().base(), layer.latency.base()));
        let latency = report.latency().map_or(0.0, Quantity::base);
        let total = row("total", &report.parts(), report.energy().base(), latency);
        Ok(Table(::tables::Table::of(layers.chain([total]))?))
    })
}

/// What strikes, and how it is counted: the options of `tritrack inject`.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct Faults {
    machine: Machine,
    faults: Vec<String>,
    protection: String,
    rates: Vec<f64>,
    trials: u64,
    struck_only: bool,
    seed: u64,
    confidence: f64,
}

impl Faults {
    fn injection(&self) -> Result<Injection, Failure> {
        let faults = self.faults.iter().map(|kind| kind.parse::<FaultKind>());
        Ok(Injection {
            faults: faults.collect::<Result<_, _>>()?,
            mitigation: self.protection.parse::<Mitigation>()?,
            rate: self.rates.clone(),
            trials: self.trials,
            struck_only: self.struck_only,
            seed: self.seed,
            confidence: self.confidence,
        })
    }
}

/// Injects faults into the execution of images; a row for each rate.
#[pyfunction]
pub fn inject(
    py: Python<'_>,
    network: &Network,
    images: &Images,
    stated: &Technology,
    faults: Faults,
) -> PyResult<Table> {
    let (network, set) = (Arc::clone(&network.network), Arc::clone(&images.0));
    let stated = stated.clone();
    work::run(py, move || {
        let injection = faults.injection()?;
        let rates = stated.typed("faults", |path| {
            let file = TechnologyFile::<()>::load(path, &[LiteratureRates::DECLARATIONS])?;
            Ok(FaultRates::of(&LiteratureRates::resolve(&file.parameters)?)?)
        })?;
        let options = faults.machine.options()?;
        let images = fitted(&network, &set)?;
        let machine = rtm_ap::Machine::compile(network, &options)?;
        Ok(Table(injection.table(&machine, &images, set.labels(), &rates)?))
    })
}
