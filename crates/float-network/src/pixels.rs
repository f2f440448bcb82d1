//! How the pixels of an image become a network's input.

use network::{ImageSet, Shape};
use serde::{Deserialize, Serialize};

use crate::FloatMap;

/// What training did to pixels: value = (pixel / 255 − mean) / deviation, per channel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "StoredScale", into = "StoredScale")]
pub struct PixelScale {
    mean: Vec<f64>,
    deviation: Vec<f64>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredScale {
    mean: Vec<f64>,
    deviation: Vec<f64>,
}

/// Why means and deviations cannot scale pixels.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PixelScaleError {
    /// There is not one of each for each channel.
    #[error("{means} means and {deviations} deviations; expected as many of both, one for each channel")]
    Count {
        /// Means given.
        means: usize,
        /// Deviations given.
        deviations: usize,
    },
    /// A mean or deviation is out of range.
    #[error("{name} {found} of channel {channel}; expected {expected}")]
    Value {
        /// Which of the two.
        name: &'static str,
        /// The channel.
        channel: usize,
        /// What it is.
        found: f64,
        /// What it may be.
        expected: &'static str,
    },
}

impl PixelScale {
    /// Pixels of 0 to 255 as 0 to 1.
    pub fn unit(channels: usize) -> Self {
        Self { mean: vec![0.0; channels], deviation: vec![1.0; channels] }
    }

    /// The mean and the deviation of each channel, for pixels of 0 to 1.
    ///
    /// # Errors
    /// If there are not as many of one as of the other, a mean is not in 0 to 1 (its pixel fills the padding), or a deviation
    /// is not a finite number above 0.
    pub fn new(mean: Vec<f64>, deviation: Vec<f64>) -> Result<Self, PixelScaleError> {
        if mean.len() != deviation.len() || mean.is_empty() {
            return Err(PixelScaleError::Count { means: mean.len(), deviations: deviation.len() });
        }
        let wrong =
            |name, channel, found, expected| PixelScaleError::Value { name, channel, found, expected };
        if let Some(channel) = mean.iter().position(|mean| !(0.0..=1.0).contains(mean)) {
            return Err(wrong("mean", channel, mean[channel], "0 to 1"));
        }
        if let Some(channel) = deviation.iter().position(|value| !(value.is_finite() && *value > 0.0)) {
            return Err(wrong("deviation", channel, deviation[channel], "a finite number above 0"));
        }
        Ok(Self { mean, deviation })
    }

    /// Per channel.
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// Per channel.
    pub fn deviation(&self) -> &[f64] {
        &self.deviation
    }

    /// The value of a pixel.
    pub fn value(&self, channel: usize, pixel: u8) -> f32 {
        let (mean, deviation) =
            (self.mean[channel % self.mean.len()], self.deviation[channel % self.mean.len()]);
        ((f64::from(pixel) / 255.0 - mean) / deviation) as f32
    }

    /// Images as a network's inputs.
    pub fn maps(&self, images: &ImageSet) -> Vec<FloatMap> {
        (0..images.len()).filter_map(|image| Some(self.map(images.shape(), images.pixels(image)?))).collect()
    }

    /// One image's pixels, channel-major, as a network's input.
    pub fn map(&self, shape: Shape, pixels: &[u8]) -> FloatMap {
        let channels = pixels.chunks_exact(shape.positions().max(1)).enumerate();
        let values = channels.flat_map(|(channel, pixels)| {
            // A channel has 256 values at most: the division is made once for each.
            let table: Vec<f32> = (0..=255).map(|pixel| self.value(channel, pixel)).collect();
            pixels.iter().map(move |&pixel| table[usize::from(pixel)])
        });
        FloatMap::of(shape, values.collect())
    }
}

impl TryFrom<StoredScale> for PixelScale {
    type Error = PixelScaleError;

    fn try_from(stored: StoredScale) -> Result<Self, PixelScaleError> {
        Self::new(stored.mean, stored.deviation)
    }
}

impl From<PixelScale> for StoredScale {
    fn from(PixelScale { mean, deviation }: PixelScale) -> Self {
        Self { mean, deviation }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_are_scaled_by_channel() {
        let scale = PixelScale::new(vec![0.0, 0.5], vec![1.0, 0.25]).unwrap();
        let map = scale.map(Shape::new(2, 1, 2), &[0, 255, 0, 255]);
        assert_eq!(map.values(), [0.0, 1.0, -2.0, 2.0]);
    }

    #[test]
    fn means_and_deviations_out_of_range_are_told() {
        assert!(PixelScale::new(vec![0.5], vec![]).is_err() && PixelScale::new(vec![], vec![]).is_err());
        let error = PixelScale::new(vec![0.1, 123.7], vec![1.0, 58.0]).unwrap_err();
        assert_eq!(error.to_string(), "mean 123.7 of channel 1; expected 0 to 1");
        assert!(PixelScale::new(vec![0.1], vec![0.0]).is_err());
    }
}
