//! What the activations that each layer reads look like: hardware pays for their bits.

use std::convert::Infallible;

use rayon::prelude::*;

use crate::{EvaluationError, FeatureMap, LayerId, Network, ReferenceEngine};

/// The inputs of one linear layer over a number of images, without the padding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ActivationStatistics {
    values: u64,
    zeros: u64,
    /// By bit, the lowest first.
    set_bits: [u64; 16],
    /// Bits that a value takes.
    width: u32,
}

impl ActivationStatistics {
    /// Values seen.
    pub fn values(&self) -> u64 {
        self.values
    }

    /// The share of values that are 0.
    pub fn zero_share(&self) -> f64 {
        share(self.zeros, self.values)
    }

    /// The share of bits that are 1, of all bits that the values take.
    pub fn set_bit_share(&self) -> f64 {
        share(self.set_bits.iter().sum(), self.values * u64::from(self.width))
    }

    /// The share of values in which a bit is 1, the lowest bit being bit 0.
    pub fn share_with_bit(&self, bit: usize) -> f64 {
        share(self.set_bits.get(bit).copied().unwrap_or(0), self.values)
    }

    fn of(input: &FeatureMap, width: u32) -> Self {
        let values = input.values();
        Self {
            values: values.len() as u64,
            zeros: values.iter().filter(|&&value| value == 0).count() as u64,
            set_bits: std::array::from_fn(|bit| values.iter().map(|value| u64::from(value >> bit & 1)).sum()),
            width,
        }
    }

    fn plus(self, other: Self) -> Self {
        Self {
            values: self.values + other.values,
            zeros: self.zeros + other.zeros,
            set_bits: std::array::from_fn(|bit| self.set_bits[bit] + other.set_bits[bit]),
            width: self.width.max(other.width),
        }
    }
}

fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

impl Network {
    /// The statistics of every linear layer's input over images, in execution order. Counts are exact, so they do not depend
    /// on the number of threads.
    ///
    /// # Errors
    /// If an image does not fit the network's input.
    pub fn activation_statistics(
        &self,
        images: &[FeatureMap],
    ) -> Result<Vec<(LayerId, ActivationStatistics)>, EvaluationError<Infallible>> {
        let nothing = || {
            vec![
                ActivationStatistics { values: 0, zeros: 0, set_bits: [0; 16], width: 0 };
                self.linear_layers().len()
            ]
        };
        let of_image = |image: &FeatureMap| {
            let values = self.evaluate(image, &mut ReferenceEngine)?;
            let inputs = self.linear_layers().filter_map(|(id, layer)| {
                Some(ActivationStatistics::of(values.activations(self.source(id)?)?, layer.input_bits()))
            });
            Ok(inputs.collect::<Vec<_>>())
        };
        let sum = |a: Vec<ActivationStatistics>, b: Vec<ActivationStatistics>| {
            Ok(a.into_iter().zip(b).map(|(a, b)| a.plus(b)).collect())
        };
        let statistics = images.par_iter().map(of_image).try_reduce(nothing, sum)?;
        Ok(self.linear_layers().map(|(id, _)| id).zip(statistics).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Shape;

    #[test]
    fn zeros_and_set_bits_are_counted_over_all_bits() {
        let input = FeatureMap::new(Shape::new(1, 2, 2), vec![0, 15, 1, 0]).unwrap();
        let one = ActivationStatistics::of(&input, 4);
        for (statistics, values) in [(one, 4), (one.plus(one), 8)] {
            assert_eq!(statistics.values(), values);
            assert_eq!(statistics.zero_share(), 0.5);
            assert_eq!(statistics.set_bit_share(), 5.0 / 16.0);
            assert_eq!([0, 1, 3, 4].map(|bit| statistics.share_with_bit(bit)), [0.5, 0.25, 0.25, 0.0]);
        }
    }
}
