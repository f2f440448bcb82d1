//! An ideal adder in memory: every weight that is not 0 is an addition at every output position, and nothing else costs anything. No
//! machine can do better with additions alone, so its energy is a bound for all that computes by adding.

#![allow(clippy::unwrap_used)]

use std::path::Path;

use network::{Shape, Window};
use system::{
    Activations, Layer, LayerReport, LayerShape, Pool, Precision, Prepared, Report, System, SystemError,
    WeightStatistics, Workload,
};
use technology::node::NodeFactors;
use technology::{
    Area, Declaration, Energy, Length, ParameterSet, Parameters, Quantity, TechnologyFile, Time,
};

technology::parameters! {
    /// What an adder costs.
    pub struct AdderParameters {
        /// Node at which the parameters are given.
        node: Length = "adder.node" per "",
        /// Energy of an addition for each bit of an activation.
        addition: Energy = "adder.addition" per "bit",
        /// Time of an addition.
        time: Time = "adder.time" per "",
        /// Area of an adder.
        area: Area = "adder.area" per "adder",
    }
}

/// A memory with so many adders, at a node.
#[derive(Debug)]
pub struct AdderSystem {
    name: String,
    adders: u64,
    node_nm: f64,
    parameters: ParameterSet,
}

impl System for AdderSystem {
    fn kind(&self) -> &'static str {
        "adder"
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn node_nm(&self) -> f64 {
        self.node_nm
    }

    fn parameters(&self) -> &ParameterSet {
        &self.parameters
    }

    fn declarations(&self) -> Vec<Declaration> {
        AdderParameters::DECLARATIONS.to_vec()
    }

    fn prepare<'a>(&'a self, workload: &'a Workload) -> Result<Box<dyn Prepared + 'a>, SystemError> {
        if let WeightStatistics::Symmetric { bits } = workload.precision.weights {
            let message = format!("adders take weights of -1, 0 and 1, not of {bits} bits");
            return Err(SystemError::of_model(self.kind(), &self.name, message));
        }
        let additions = |layer: &Layer| {
            let (height, width) = layer.shape.output_extent()?;
            let weights = layer.shape.rows() * layer.shape.outputs;
            Ok(weights as f64 * layer.nonzero_weights * (height * width) as f64)
        };
        let additions = workload.layers.iter().map(additions).collect::<Result<_, SystemError>>()?;
        Ok(Box::new(PreparedAdder { system: self, workload, additions }))
    }
}

/// A workload with the additions of each of its layers.
#[derive(Debug)]
struct PreparedAdder<'a> {
    system: &'a AdderSystem,
    workload: &'a Workload,
    additions: Vec<f64>,
}

impl Prepared for PreparedAdder<'_> {
    fn report(&self, parameters: &ParameterSet) -> Result<Report, SystemError> {
        let p = AdderParameters::resolve(parameters)?;
        let factors = NodeFactors::stated(p.node.base() * 1e3, self.system.node_nm);
        let bits = f64::from(self.workload.precision.activation_bits);
        let layer = |(layer, additions): (&Layer, &f64)| LayerReport {
            name: layer.name().to_owned(),
            parts: vec![("addition", p.addition * (bits * additions * factors.logic))],
            latency: p.time * (additions / self.system.adders as f64).ceil(),
            arrays: 1,
        };
        let layers = self.workload.layers.iter().zip(&self.additions).map(layer).collect();
        Ok(Report::of_layers(layers, p.area * (self.system.adders as f64 * factors.area)))
    }
}

const TECHNOLOGY: &str = "
name: ideal-adder
title: An ideal adder in memory
design: null
parameters:
  adder:
    node: {value: 45, unit: nm, low: 45, high: 45, mark: source, source: 'Horowitz, ISSCC 2014, states energies at 45 nm'}
    addition: {value: 3.4, unit: fJ/bit, low: 3, high: 6, mark: source, source: 'Horowitz, ISSCC 2014: 0.03 pJ for 8 bits'}
    time: {value: 1, unit: ns, low: 0.7, high: 4, mark: assumption, source: 1 GHz}
    area: {value: 36, unit: um2/adder, low: 20, high: 60, mark: source, source: 'Horowitz, ISSCC 2014: 36 um2 for 8 bits'}
";

fn system(node_nm: f64) -> Box<dyn System> {
    let declared = [AdderParameters::DECLARATIONS];
    let file = TechnologyFile::<()>::parse(TECHNOLOGY, Path::new("ideal-adder.yaml"), &declared).unwrap();
    Box::new(AdderSystem { name: file.name, adders: 1_000, node_nm, parameters: file.parameters })
}

fn workload(weights: WeightStatistics) -> Workload {
    let shape = LayerShape {
        name: "conv".into(),
        input: Shape::new(16, 8, 8),
        groups: 1,
        outputs: 32,
        window: Window::new(3, 3, 1, 1).unwrap(),
        pool: Pool::None,
        activations: Activations::TYPICAL,
    };
    let layers = vec![Layer::new(shape, 0.25).unwrap()];
    Workload { name: "one layer".into(), layers, precision: Precision { weights, activation_bits: 4 } }
}

#[test]
fn every_weight_that_is_not_zero_is_an_addition_at_every_position() {
    let report = system(45.0).evaluate(&workload(WeightStatistics::Ternary { zeros: 0.75 })).unwrap();
    let additions = 16.0 * 9.0 * 32.0 * 0.25 * 64.0;
    assert!((report.energy().base() / (additions * 4.0 * 3.4e-3) - 1.0).abs() < 1e-12);
    assert_eq!(report.latency().unwrap().base(), 74.0);
    assert_eq!(report.area().unwrap().base(), 36_000.0);
}

#[test]
fn a_smaller_node_costs_less_and_other_weights_are_refused() {
    let ternary = workload(WeightStatistics::Ternary { zeros: 0.75 });
    assert!(
        system(22.0).evaluate(&ternary).unwrap().energy() < system(45.0).evaluate(&ternary).unwrap().energy()
    );
    let message = system(45.0).evaluate(&workload(WeightStatistics::Symmetric { bits: 8 })).unwrap_err();
    assert_eq!(message.to_string(), "adder `ideal-adder`: adders take weights of -1, 0 and 1, not of 8 bits");
}
