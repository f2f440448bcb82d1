//! From matrices and vectors to energy, latency and area.

use std::path::Path;

use ::system::{Layer, ShapeError};
use technology::node::{NodeFactors, SUPPLY_NODE_NM, Supply};
use technology::{
    Area, Energy, ParameterSet, Parameters, Power, Quantity, TechnologyError, TechnologyFile, Time,
};

use crate::parameters::{ArrayDesign, ArrayParameters};

/// One layer as a matrix and the vectors that it is multiplied by. A grouped convolution has a matrix for each group of channels;
/// as many of them as fit stand along the diagonal of the array at a time.
#[derive(Debug, Clone, PartialEq)]
pub struct MatrixLayer {
    /// The layer's name.
    pub name: String,
    /// Vectors of one image: output positions.
    pub vectors: u64,
    /// Matrices, one for each group of channels; 1 if the convolution is not grouped.
    pub groups: u64,
    /// Rows of a matrix: inputs of one output.
    pub rows: u64,
    /// Columns of a matrix: outputs of a group.
    pub outputs: u64,
    /// Values of the input.
    pub input_values: u64,
    /// Values that are stored after the pool.
    pub stored_values: u64,
    /// Share of the weights that are not zero.
    pub nonzero_weights: f64,
}

impl MatrixLayer {
    /// A workload's layer as matrices.
    ///
    /// # Errors
    /// If the layer cannot be computed.
    pub fn of(layer: &Layer) -> Result<Self, ShapeError> {
        let shape = &layer.shape;
        let (height, width) = shape.output_extent()?;
        Ok(Self {
            name: shape.name.clone(),
            vectors: (height * width) as u64,
            groups: shape.groups as u64,
            rows: shape.rows() as u64,
            outputs: (shape.outputs / shape.groups) as u64,
            input_values: shape.input.len() as u64,
            stored_values: (shape.stored_positions()? * shape.outputs) as u64,
            nonzero_weights: layer.nonzero_weights,
        })
    }
}

/// What is done with weights that are zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ZeroWeights {
    /// They are multiplied like the others.
    Computed,
    /// The units skip them, without any cost of finding them; time is not saved, as the array's rows wait for each other.
    Skipped,
}

/// What can be wrong with a digital array.
#[derive(Debug, thiserror::Error)]
pub enum DigitalError {
    /// A shape that cannot be built.
    #[error(
        "digital array of {rows} x {columns} units at {node_nm} nm; expected 1 to 65536 along each side and 7 to 130 nm"
    )]
    Design {
        /// Units along partial sums.
        rows: usize,
        /// Units side by side.
        columns: usize,
        /// Node.
        node_nm: f64,
    },
    /// Bits that are not covered.
    #[error("{what} of {bits} bits; 1 to 16 are covered")]
    Bits {
        /// `weights` or `activations`.
        what: &'static str,
        /// Found.
        bits: u32,
    },
    /// A layer that cannot be computed.
    #[error(transparent)]
    Layer(#[from] ShapeError),
    /// Parameters under which the supply at a node is nothing.
    #[error(
        "digital array: a supply of {ratio} times that at {} nm at {reference_nm} nm gives {supply} of it at {node_nm} nm; \
         expected a reference node other than {} nm, and a supply above zero",
        SUPPLY_NODE_NM,
        SUPPLY_NODE_NM
    )]
    Supply {
        /// `scaling.supply_ratio`.
        ratio: f64,
        /// `scaling.reference_node`, nm.
        reference_nm: f64,
        /// The array's node, nm.
        node_nm: f64,
        /// The supply at the array's node over that at the reference node.
        supply: f64,
    },
    /// The technology file is wrong.
    #[error(transparent)]
    Technology(#[from] TechnologyError),
}

/// Energy by part.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct DigitalParts {
    /// Multipliers and adders.
    pub arithmetic: Energy,
    /// Registers of the units.
    pub registers: Energy,
    /// The buffer beside the array: vectors and partial sums.
    pub buffer: Energy,
    /// The large memory: weights and activations.
    pub memory: Energy,
    /// Leakage over the latency.
    pub leakage: Energy,
}

impl DigitalParts {
    /// The names of the parts, in the order of [`DigitalParts::values`].
    pub const NAMES: [&'static str; 5] = ["arithmetic", "registers", "buffer", "memory", "leakage"];

    /// The parts.
    pub fn values(&self) -> [Energy; 5] {
        [self.arithmetic, self.registers, self.buffer, self.memory, self.leakage]
    }

    /// Their sum.
    pub fn total(&self) -> Energy {
        self.values().into_iter().sum()
    }
}

/// What one layer costs.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerCost {
    /// The layer's name.
    pub name: String,
    /// Energy by part.
    pub energy: DigitalParts,
    /// Latency.
    pub latency: Time,
}

/// What a network costs for one image, layer after layer.
#[derive(Debug, Clone, PartialEq)]
pub struct DigitalReport {
    /// The layers, in order.
    pub layers: Vec<LayerCost>,
    /// The array with its buffer and memory.
    pub area: Area,
}

impl DigitalReport {
    /// Energy of one image.
    pub fn energy(&self) -> Energy {
        self.layers.iter().map(|layer| layer.energy.total()).sum()
    }

    /// Latency of one image.
    pub fn latency(&self) -> Time {
        self.layers.iter().map(|layer| layer.latency).sum()
    }
}

/// A digital array.
#[derive(Debug, Clone, PartialEq)]
pub struct MacArray {
    design: ArrayDesign,
    parameters: ArrayParameters,
    /// From the reference node to the design's.
    factors: NodeFactors,
    /// Images that go through a layer together.
    images: u32,
}

/// Reads a digital array's technology file.
///
/// # Errors
/// If the file cannot be read, is not of the form, or does not give exactly the parameters that the model needs.
pub fn load_technology(path: &Path) -> Result<TechnologyFile<ArrayDesign>, TechnologyError> {
    load_technology_with(path, None)
}

/// The same with the component libraries in a folder of their own.
///
/// # Errors
/// As [`load_technology`].
pub fn load_technology_with(
    path: &Path,
    libraries: Option<&Path>,
) -> Result<TechnologyFile<ArrayDesign>, TechnologyError> {
    TechnologyFile::load_as(path, libraries, |_| ArrayParameters::DECLARATIONS.to_vec())
}

impl MacArray {
    /// From a design and parameters. Energies follow node and supply by the rules of [`technology::node`].
    ///
    /// # Errors
    /// If the array cannot be built, a parameter is missing, or the supply at the design's node is nothing.
    pub fn new(design: ArrayDesign, parameters: &ParameterSet) -> Result<Self, DigitalError> {
        let sides = 1..=65_536_usize;
        let ArrayDesign { node_nm, rows, columns, .. } = design;
        if !sides.contains(&rows) || !sides.contains(&columns) || !(7.0..=130.0).contains(&node_nm) {
            return Err(DigitalError::Design { rows, columns, node_nm });
        }
        let parameters = ArrayParameters::resolve(parameters)?;
        let reference_nm = parameters.reference_node.base() * 1e3;
        let supply = Supply::of_ratio(reference_nm, parameters.supply_ratio.base());
        let factors = NodeFactors::new(reference_nm, node_nm, &supply, parameters.gate_exponent.base());
        if !(factors.supply > 0.0 && factors.supply.is_finite()) {
            let (ratio, supply) = (parameters.supply_ratio.base(), factors.supply);
            return Err(DigitalError::Supply { ratio, reference_nm, node_nm, supply });
        }
        Ok(Self { design, parameters, factors, images: 1 })
    }

    /// The same array with so many images that go through a layer together, for which weights are loaded once.
    #[must_use]
    pub fn in_batches(self, images: u32) -> Self {
        Self { images: images.max(1), ..self }
    }

    /// What a network costs for one image.
    ///
    /// # Errors
    /// If weights or activations have bits that are not covered.
    pub fn evaluate(
        &self,
        layers: &[MatrixLayer],
        weight_bits: u32,
        activation_bits: u32,
        zeros: ZeroWeights,
    ) -> Result<DigitalReport, DigitalError> {
        for (what, bits) in [("weights", weight_bits), ("activations", activation_bits)] {
            if !(1..=16).contains(&bits) {
                return Err(DigitalError::Bits { what, bits });
            }
        }
        let bits = (f64::from(weight_bits), f64::from(activation_bits));
        let weights: u64 = layers.iter().map(|layer| layer.groups * layer.rows * layer.outputs).sum();
        let largest_map =
            layers.iter().map(|layer| layer.input_values + layer.stored_values).max().unwrap_or(0);
        let maps = largest_map as f64 * f64::from(self.images);
        let memory_bits = weights as f64 * bits.0 + maps * bits.1 + self.design.buffer_bits as f64;
        let p = &self.parameters;
        let units = (self.design.rows * self.design.columns) as f64;
        let leakage = (p.unit_leakage * units + p.bit_leakage * memory_bits) * self.factors.leakage;
        let area = (p.unit_area * units + p.bit_area * memory_bits) * self.factors.area;
        let layers = layers.iter().map(|layer| self.layer(layer, bits, zeros, leakage)).collect();
        Ok(DigitalReport { layers, area })
    }

    fn layer(
        &self,
        layer: &MatrixLayer,
        (weight_bits, activation_bits): (f64, f64),
        zeros: ZeroWeights,
        leakage: Power,
    ) -> LayerCost {
        let (p, logic) = (&self.parameters, self.factors.logic);
        let along = |extent: u64, side: usize| extent.div_ceil(side as u64) as f64;
        let (row_blocks, column_blocks) =
            (along(layer.rows, self.design.rows), along(layer.outputs, self.design.columns));
        let (vectors, rows, outputs) = (layer.vectors as f64, layer.rows as f64, layer.outputs as f64);
        let sum_bits = weight_bits + activation_bits + libm::ceil(libm::log2(rows.max(1.0)));
        let computed = match zeros {
            ZeroWeights::Computed => 1.0,
            ZeroWeights::Skipped => layer.nonzero_weights,
        };
        let groups = layer.groups as f64;
        let multiplications = groups * vectors * rows * outputs * computed;
        // Each unit passes an activation on and stores a partial sum.
        let registers = multiplications * (activation_bits + sum_bits);
        // Vectors are read for every block of columns, partial sums written and read between blocks of rows.
        let streamed = groups * vectors * rows * column_blocks * activation_bits;
        let partial_sums = groups * vectors * outputs * (2.0 * row_blocks - 1.0) * sum_bits;
        let stored = (layer.input_values + layer.stored_values) as f64 * activation_bits;
        let loaded = groups * rows * outputs * weight_bits;
        // A block of weights is loaded row by row, then the vectors stream through, and the last ones leave.
        let (array_rows, array_columns) = (self.design.rows as f64, self.design.columns as f64);
        let fitting = |side: usize, extent: u64| (side as u64 / extent.max(1)).max(1);
        let together = fitting(self.design.rows, layer.rows).min(fitting(self.design.columns, layer.outputs));
        let turns = layer.groups.div_ceil(together) as f64 * row_blocks * column_blocks;
        let images = f64::from(self.images);
        let cycles = turns * (vectors + (2.0 * array_rows + array_columns) / images);
        let latency = p.cycle * cycles;
        let product = p.multiplier_bit * (weight_bits * activation_bits) + p.adder_bit * sum_bits;
        LayerCost {
            name: layer.name.clone(),
            energy: DigitalParts {
                arithmetic: product * (multiplications * logic),
                registers: p.register_bit * (registers * logic),
                buffer: p.buffer_bit * ((streamed + partial_sums) * logic),
                memory: p.memory_bit * ((stored + loaded / images) * logic),
                leakage: leakage * latency,
            },
            latency,
        }
    }
}
