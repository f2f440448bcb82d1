//! How the pixels of an image become a network's input.

use std::fmt;

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
    /// Means for pixels of 0 to 255 and deviations for pixels of 0 to 1, or the other way round.
    #[error(
        "means {mean:?} and deviations {deviation:?}; expected both for pixels of 0 to 1, or both for pixels of 0 to 255"
    )]
    Conventions {
        /// As given.
        mean: Vec<f64>,
        /// As given.
        deviation: Vec<f64>,
    },
    /// A mean or deviation is out of range.
    #[error("{name} {found} of channel {channel}; expected {expected}")]
    Value {
        /// Which of the two.
        name: &'static str,
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

    /// Pixels as they are, 0 to 255.
    pub fn raw(channels: usize) -> Self {
        Self { mean: vec![0.0; channels], deviation: vec![1.0 / 255.0; channels] }
    }

    /// Means and deviations in either convention of the field: for pixels of 0 to 1, or for pixels of 0 to 255, where a mean, or
    /// without means a deviation, is above 1.
    ///
    /// # Errors
    /// As for [`Self::new`], or if means are of one convention and deviations of the other.
    pub fn of_either(mean: Vec<f64>, deviation: Vec<f64>) -> Result<Self, PixelScaleError> {
        // Deviations of pixels of 0 to 1 are a half at most, unless nothing is divided.
        let is_large = |values: &[f64]| values.iter().any(|&value| value > 1.0 && value.is_finite());
        let is_nothing = |values: &[f64], nothing: f64| values.iter().all(|&value| value == nothing);
        let is_of_255 = is_large(&mean) || (is_nothing(&mean, 0.0) && is_large(&deviation));
        if is_large(&deviation) && !is_of_255
            || is_large(&mean) && !is_large(&deviation) && !is_nothing(&deviation, 1.0)
        {
            return Err(PixelScaleError::Conventions { mean, deviation });
        }
        if !is_of_255 {
            return Self::new(mean, deviation);
        }
        let of_1 = |values: &[f64]| values.iter().map(|value| value / 255.0).collect::<Vec<f64>>();
        Self::new(of_1(&mean), of_1(&deviation))
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

/// What pixels become, in words.
impl fmt::Display for PixelScale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let channels = self.mean.len();
        if *self == Self::unit(channels) {
            return f.write_str("0 to 255 as 0 to 1");
        }
        if *self == Self::raw(channels) {
            return f.write_str("0 to 255 as they are");
        }
        let list = |values: &[f64]| {
            let is_one = values.iter().all(|&value| value == values[0]);
            let shown = values.iter().take(if is_one { 1 } else { values.len() });
            // Six digits: what was divided by 255 on the way is as it was given.
            let shown = shown.map(|value| ((value * 1e6).round() / 1e6).to_string()).collect::<Vec<_>>();
            if is_one { shown.concat() } else { format!("[{}]", shown.join(", ")) }
        };
        write!(f, "(pixel / 255 − {}) / {}", list(&self.mean), list(&self.deviation))
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
    fn both_conventions_of_means_and_deviations_are_understood() {
        let unit = PixelScale::new(vec![0.485, 0.456], vec![0.229, 0.224]).unwrap();
        let of_255 = PixelScale::of_either(vec![123.675, 116.28], vec![58.395, 57.12]).unwrap();
        for channel in [0, 1] {
            for pixel in [0, 17, 255] {
                assert!((unit.value(channel, pixel) - of_255.value(channel, pixel)).abs() < 1e-6);
            }
        }
        assert_eq!(PixelScale::of_either(vec![0.485, 0.456], vec![0.229, 0.224]).unwrap(), unit);
        // Means alone are taken off pixels of 0 to 255; a deviation alone divides them.
        let caffe = PixelScale::of_either(vec![103.939], vec![1.0]).unwrap();
        assert!((caffe.value(0, 200) - 96.061).abs() < 1e-4);
        assert_eq!(PixelScale::of_either(vec![0.0], vec![255.0]).unwrap(), PixelScale::unit(1));
        assert!(PixelScale::of_either(vec![0.485], vec![58.395]).is_err());
        assert!(PixelScale::of_either(vec![123.675], vec![0.229]).is_err());
        assert!(PixelScale::of_either(vec![f64::NAN], vec![1.0]).is_err());
    }

    #[test]
    fn what_is_fed_is_said_in_words() {
        assert_eq!(PixelScale::unit(3).to_string(), "0 to 255 as 0 to 1");
        assert_eq!(PixelScale::raw(1).to_string(), "0 to 255 as they are");
        let scale = PixelScale::of_either(vec![123.675, 116.28], vec![58.395, 58.395]).unwrap();
        assert_eq!(scale.to_string(), "(pixel / 255 − [0.485, 0.456]) / 0.229");
    }

    #[test]
    fn means_and_deviations_out_of_range_are_told() {
        assert!(PixelScale::new(vec![0.5], vec![]).is_err() && PixelScale::new(vec![], vec![]).is_err());
        let error = PixelScale::new(vec![0.1, 123.7], vec![1.0, 58.0]).unwrap_err();
        assert_eq!(error.to_string(), "mean 123.7 of channel 1; expected 0 to 1");
        assert!(PixelScale::new(vec![0.1], vec![0.0]).is_err());
    }
}
