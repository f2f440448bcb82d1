//! What a crossbar computes, beside what it costs: partial sums of columns through converters of few bits.
//!
//! A layer's matrix stands in subarrays of some rows. Inputs come one bit plane at a time, all rows of a subarray at once; a
//! column's current is the sum of its active cells, and its converter gives one of `2^bits` levels. Planes are then weighed
//! and subarrays summed exactly. Cells may be ideal, or have [`NonIdealities`]. An ideal crossbar whose converters have a
//! level for every sum computes the integer convolution.

mod cells;
mod conversion;
mod layer;

use network::{Accumulators, FeatureMap, LinearEngine, LinearLayer, Network, ReferenceEngine};
use rand::Rng;

pub use cells::{Device, NonIdealities};
pub use conversion::ConverterRange;
use layer::AnalogLayer;

use crate::Mapping;

names::names! {
    /// How a weight of -1, 0 or 1 stands in cells.
    #[derive(Hash)]
    pub enum WeightEncoding: "a way to hold weights in cells", by default Offset {
        /// As weight + 1 in one cell of two bits; the number of active rows is subtracted, as a dummy column gives it.
        Offset = "offset",
        /// In two binary cells of two columns, one for 1 and one for -1, each with a conversion of its own.
        Differential = "differential",
    }
}

/// How columns are read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading {
    /// Rows of a subarray: as many cells add up in a column, at most.
    pub rows: usize,
    /// The order of a matrix's rows. Split kernels keep the taps of a layer in subarrays of their own where there is more than
    /// one tap and a tap fills a subarray.
    pub mapping: Mapping,
    /// How a weight stands in cells.
    pub encoding: WeightEncoding,
    /// Bits of a converter.
    pub converter_bits: u32,
    /// What the converter's levels span.
    pub range: ConverterRange,
}

/// Why a crossbar cannot be made.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ExecutionError {
    /// A subarray without rows, or converters of more or fewer bits than there are.
    #[error("{what} is {found}; expected {expected}")]
    Reading {
        /// What is wrong.
        what: &'static str,
        /// The value found.
        found: String,
        /// What it may be.
        expected: &'static str,
    },
    /// A layer was not programmed.
    #[error("layer `{0}` was not programmed into this crossbar")]
    Unknown(String),
    /// Activations are not of the layer's input shape.
    #[error("layer `{layer}`: activations of shape {found}; expected {expected}")]
    InputShape {
        layer: String,
        /// The shape given.
        found: network::Shape,
        /// The shape expected.
        expected: network::Shape,
    },
    /// An image for calibration does not fit the network.
    #[error(transparent)]
    Calibration(#[from] network::EvaluationError<std::convert::Infallible>),
}

/// A network programmed into crossbars. A reference to it computes accumulators, so that images can share it.
#[derive(Debug, Clone)]
pub struct AnalogCrossbar {
    layers: Vec<AnalogLayer>,
}

impl AnalogCrossbar {
    /// Programs ideal cells. Images in `calibration` set the range of the converters where [`ConverterRange::Calibrated`] asks
    /// for it: for each layer, the largest sum that any column has on them.
    ///
    /// # Errors
    /// If the reading cannot be, or an image does not fit the network.
    pub fn new(
        network: &Network,
        reading: Reading,
        calibration: &[FeatureMap],
    ) -> Result<Self, ExecutionError> {
        let refuse = |what, found: String, expected| Err(ExecutionError::Reading { what, found, expected });
        if !(1..=4096).contains(&reading.rows) {
            return refuse("the number of rows", reading.rows.to_string(), "1 to 4096");
        }
        if !(1..=12).contains(&reading.converter_bits) {
            return refuse("the number of converter bits", reading.converter_bits.to_string(), "1 to 12");
        }
        let mut layers: Vec<AnalogLayer> =
            network.linear_layers().map(|(_, layer)| AnalogLayer::new(layer, reading)).collect();
        if reading.range == ConverterRange::Calibrated {
            for image in calibration {
                let values = network.evaluate(image, &mut ReferenceEngine)?;
                for (layer, (id, _)) in layers.iter_mut().zip(network.linear_layers()) {
                    if let Some(input) = network.source(id).and_then(|source| values.activations(source)) {
                        layer.calibrate(input)?;
                    }
                }
            }
        }
        Ok(Self { layers })
    }

    /// The same crossbar in cells that are not ideal; `generator` draws them, layer by layer, row by row.
    #[must_use]
    pub fn with_cells(
        mut self,
        device: Device,
        non_idealities: &NonIdealities,
        generator: &mut impl Rng,
    ) -> Self {
        for layer in &mut self.layers {
            layer.draw_cells(device, non_idealities, generator);
        }
        self
    }
}

impl LinearEngine for &AnalogCrossbar {
    type Error = ExecutionError;

    fn accumulate(
        &mut self,
        layer: &LinearLayer,
        input: &FeatureMap,
    ) -> Result<Accumulators, ExecutionError> {
        let programmed = self.layers.iter().find(|programmed| programmed.name() == layer.name());
        programmed.ok_or_else(|| ExecutionError::Unknown(layer.name().to_owned()))?.accumulate(input)
    }
}
