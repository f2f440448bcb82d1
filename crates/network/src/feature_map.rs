//! The values that flow along the graph's edges, of one image.

use crate::Shape;

/// Values of one image in channel-major order (C, H, W).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelMajor<T> {
    shape: Shape,
    values: Vec<T>,
}

/// Activations: unsigned integers. 16 bits hold every activation of up to 8 bits and the sums that a global pool makes.
pub type FeatureMap = ChannelMajor<u16>;

/// Sums of activations times ternary weights.
pub type Accumulators = ChannelMajor<i32>;

/// The number of values does not fill the shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{found} values found where {shape} needs {}", shape.len())]
pub struct FeatureMapLengthError {
    /// Values given.
    pub found: usize,
    /// The shape asked for.
    pub shape: Shape,
}

impl<T> ChannelMajor<T> {
    /// Values of a shape.
    ///
    /// # Errors
    /// If the number of values is not the shape's.
    pub fn new(shape: Shape, values: Vec<T>) -> Result<Self, FeatureMapLengthError> {
        if values.len() != shape.len() {
            return Err(FeatureMapLengthError { found: values.len(), shape });
        }
        Ok(Self { shape, values })
    }

    /// For code that has just made as many values as the shape needs.
    pub(crate) fn of(shape: Shape, values: Vec<T>) -> Self {
        debug_assert_eq!(values.len(), shape.len());
        Self { shape, values }
    }

    /// Channels, height and width.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// All values, channel-major.
    pub fn values(&self) -> &[T] {
        &self.values
    }

    /// All values, to be changed.
    pub fn values_mut(&mut self) -> &mut [T] {
        &mut self.values
    }

    /// The values of one channel after the other, row-major.
    pub fn channels(&self) -> impl ExactSizeIterator<Item = &[T]> {
        self.values.chunks_exact(self.shape.positions().max(1))
    }
}

impl FeatureMap {
    /// An image of 8-bit pixels.
    ///
    /// # Errors
    /// If the number of pixels is not the shape's.
    pub fn from_pixels(shape: Shape, pixels: &[u8]) -> Result<Self, FeatureMapLengthError> {
        Self::new(shape, pixels.iter().map(|&pixel| u16::from(pixel)).collect())
    }
}
