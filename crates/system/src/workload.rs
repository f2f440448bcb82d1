//! A network as systems see it.

use crate::{LayerShape, Precision, ShapeError};

/// One layer of a workload.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    /// Its shape, what follows it, and the statistics of what comes in.
    pub shape: LayerShape,
    /// The share of its weights that are not 0, 0 to 1.
    pub nonzero_weights: f64,
}

impl Layer {
    /// A layer whose weights are other than 0 in a share.
    ///
    /// # Errors
    /// If the layer cannot be computed, or the share does not lie from 0 to 1.
    pub fn new(shape: LayerShape, nonzero_weights: f64) -> Result<Self, ShapeError> {
        shape.check()?;
        if !(0.0..=1.0).contains(&nonzero_weights) {
            let message = format!("a share of {nonzero_weights} of its weights is not 0; expected 0 to 1");
            return Err(ShapeError { layer: shape.name, message });
        }
        Ok(Self { shape, nonzero_weights })
    }

    /// The layer's name.
    pub fn name(&self) -> &str {
        &self.shape.name
    }
}

/// A network with trained weights, as far as a system's cost depends on it: layers in the order in which they are computed, one
/// image at a time, and the bits of weights and activations.
#[derive(Debug, Clone, PartialEq)]
pub struct Workload {
    /// The network's name.
    pub name: String,
    /// Convolutions and fully connected layers, in order.
    pub layers: Vec<Layer>,
    /// What the weights are, and the bits of activations.
    pub precision: Precision,
}

impl Workload {
    /// The layers' shapes, in order.
    pub fn shapes(&self) -> impl Iterator<Item = &LayerShape> + Clone {
        self.layers.iter().map(|layer| &layer.shape)
    }

    /// The same network with other bits.
    #[must_use]
    pub fn at(&self, precision: Precision) -> Self {
        Self { precision, ..self.clone() }
    }
}
