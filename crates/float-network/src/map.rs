//! The values of one image.

use network::Shape;

/// Values of one image in channel-major order (C, H, W).
#[derive(Debug, Clone, PartialEq)]
pub struct FloatMap {
    shape: Shape,
    values: Vec<f32>,
}

impl FloatMap {
    /// Values of a shape; `None` if there are not as many.
    pub fn new(shape: Shape, values: Vec<f32>) -> Option<Self> {
        (values.len() == shape.len()).then_some(Self { shape, values })
    }

    /// For code that has just made as many values as the shape needs.
    pub(crate) fn of(shape: Shape, values: Vec<f32>) -> Self {
        debug_assert_eq!(values.len(), shape.len());
        Self { shape, values }
    }

    /// Channels, height and width.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// All values, channel-major.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// The values of each channel, one after the other.
    pub fn channels(&self) -> impl ExactSizeIterator<Item = &[f32]> {
        self.values.chunks_exact(self.shape.positions().max(1))
    }

    /// The same values with each one changed, which sees the channel's number too.
    #[must_use]
    pub fn map(&self, change: impl Fn(usize, f32) -> f32) -> Self {
        let channels = self.channels().enumerate();
        let values = channels.flat_map(|(channel, values)| {
            let change = &change;
            values.iter().map(move |&value| change(channel, value))
        });
        Self { shape: self.shape, values: values.collect() }
    }

    /// The place of the largest value, the first of equal ones: the class, where the values are logits.
    pub fn class(&self) -> usize {
        let best = |best: usize, (index, value): (usize, &f32)| {
            if *value > self.values[best] { index } else { best }
        };
        self.values.iter().enumerate().skip(1).fold(0, best)
    }
}
