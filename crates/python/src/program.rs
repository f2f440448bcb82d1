//! Single layers: float weights made ternary, and ternary ones compiled and run.

use std::sync::Arc;
use std::time::Instant;

use compiler::{Options, share_layer};
use network::{FeatureMap, LinearLayer, Shape, TernaryWeights, Window};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use quantizer::ThresholdRule;
use rtm_ap::MachineLayer;
use tritrack::commands::compile;
use workspace::{Failure, WorkspaceError};

use crate::errors::raised;
use crate::machine::Machine;
use crate::networks::{Network, at_most_one, granularity, layer_of};
use crate::table::Table;
use crate::values::{bytes, numbers};
use crate::work;

/// Makes weights `[outputs, inputs, rows, columns]`, bytes of `f32`, ternary: bytes of `i8`, a scale for each output as bytes of `f32`,
/// and the thresholds.
#[pyfunction]
pub fn ternarize<'py>(
    py: Python<'py>,
    weights: &[u8],
    shape: [usize; 4],
    sparsity: Option<f64>,
    twn: Option<f64>,
    threshold: Option<f64>,
    per: &str,
) -> PyResult<(Bound<'py, PyBytes>, Bound<'py, PyBytes>, Vec<f64>)> {
    let made = || -> Result<quantizer::TernaryLayer, Failure> {
        at_most_one([sparsity, twn, threshold])?;
        let rule = ThresholdRule::stated(sparsity, twn, threshold)?;
        Ok(quantizer::ternarize(shape, &numbers::<f32>(weights)?, rule, granularity(per)?)?)
    };
    let layer = made().map_err(|error| raised(py, &error))?;
    let values = bytes(layer.weights().values(), i8::to_le_bytes);
    let alpha = bytes(layer.alpha(), f32::to_le_bytes);
    Ok((PyBytes::new(py, &values), PyBytes::new(py, &alpha), layer.thresholds().to_vec()))
}

/// A layer that was compiled.
#[pyclass(frozen, module = "tritrack._native")]
pub struct Program {
    layer: LinearLayer,
    compiled: Arc<MachineLayer>,
    options: Options,
    statistics: tables::Table,
}

/// What a layer of weights alone is told.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct Placement {
    name: String,
    shape: [usize; 4],
    groups: usize,
    rows: usize,
    columns: usize,
    stride: (usize, usize),
    padding: (usize, usize),
    input_maximum: u16,
}

impl Placement {
    fn layer(&self, values: Vec<i8>) -> Result<LinearLayer, Failure> {
        let weights = TernaryWeights::grouped(self.shape, self.groups, values)?;
        let kernel = (weights.kernel_height(), weights.kernel_width());
        let (vertical, horizontal) = self.padding;
        let padding =
            network::Padding { top: vertical, bottom: vertical, left: horizontal, right: horizontal };
        let window = Window::of(kernel, self.stride, padding)?;
        let input = Shape::new(weights.inputs(), self.rows, self.columns);
        Ok(LinearLayer::convolution(&self.name, weights, window, input, self.input_maximum)?)
    }
}

/// Compiles ternary weights, bytes of `i8`.
#[pyfunction]
pub fn compile_weights(
    py: Python<'_>,
    weights: &[u8],
    placement: Placement,
    machine: Machine,
) -> PyResult<Program> {
    let values = numbers::<i8>(weights);
    work::run(py, move || Program::compile(placement.layer(values?)?, machine.options()?))
}

/// Compiles a layer of a network.
#[pyfunction]
pub fn compile_layer(
    py: Python<'_>,
    network: &Network,
    layer: String,
    machine: Machine,
) -> PyResult<Program> {
    let network = Arc::clone(&network.network);
    work::run(py, move || Program::compile(layer_of(&network, &layer)?.clone(), machine.options()?))
}

impl Program {
    fn compile(layer: LinearLayer, options: Options) -> Result<Self, Failure> {
        let started = Instant::now();
        let compiled = MachineLayer::compile(&layer, &options)?;
        let statistics = compile::statistics(&layer, &compiled, options.sharing, started)?;
        Ok(Self { layer, compiled: Arc::new(compiled), options, statistics })
    }
}

#[pymethods]
impl Program {
    #[getter]
    fn name(&self) -> &str {
        self.layer.name()
    }

    #[getter]
    fn input_shape(&self) -> (usize, usize, usize) {
        let Shape { channels, height, width } = self.layer.input();
        (channels, height, width)
    }

    #[getter]
    fn output_shape(&self) -> (usize, usize, usize) {
        let Shape { channels, height, width } = self.layer.output();
        (channels, height, width)
    }

    #[getter]
    fn input_maximum(&self) -> u16 {
        self.layer.input_maximum()
    }

    fn statistics(&self) -> Table {
        Table(self.statistics.clone())
    }

    /// The programs as assembly, one after the other, as `tritrack compile --emit asm` prints them.
    fn assembly(&self) -> String {
        let name = self.layer.name();
        let programs = self.compiled.compiled().programs.iter();
        programs.map(|program| format!("; layer {name}\n{program}")).collect()
    }

    /// The sums with their shared definitions, as `tritrack compile --emit ir` prints them.
    fn ir(&self, py: Python<'_>) -> PyResult<String> {
        let (layer, sharing) = (self.layer.clone(), self.options.sharing);
        work::run(py, move || {
            let maximum = u32::from(layer.input_maximum());
            Ok(share_layer(layer.name(), layer.weights(), maximum, sharing).to_string())
        })
    }

    /// Runs inputs `[count, channels, rows, columns]`, bytes of `u16`: accumulators `[count, outputs, rows, columns]`, bytes of `i32`.
    fn run<'py>(&self, py: Python<'py>, inputs: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
        let (values, compiled) = (numbers::<u16>(inputs), Arc::clone(&self.compiled));
        let (shape, maximum) = (self.layer.input(), self.layer.input_maximum());
        let sums = work::run(py, move || {
            let values = values?;
            if let Some(found) = values.iter().find(|&&value| value > maximum) {
                let message = format!("an input is {found}; the program was compiled for 0 to {maximum}");
                return Err(WorkspaceError::argument(message).into());
            }
            let maps = values.chunks(shape.len()).map(|values| FeatureMap::new(shape, values.to_vec()));
            let maps = maps.collect::<Result<Vec<_>, _>>()?;
            let maps: Vec<&FeatureMap> = maps.iter().collect();
            let (sums, _) = compiled.execute_all(&maps)?;
            Ok(sums.iter().flat_map(|map| map.values()).copied().collect::<Vec<_>>())
        })?;
        Ok(PyBytes::new(py, &bytes(&sums, i32::to_le_bytes)))
    }
}
