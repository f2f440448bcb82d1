//! The image: what training did to pixels, and what is left of it when the network reads whole pixels.

use float_network::{Convolution, FloatMap, PixelScale};
use network::ImageSet;

use crate::options::PostTrainingError;
use crate::plan::{Kind, Norm, Plan, Source};
use crate::stored::StoredNorm;

/// How pixels are read: less the whole pixel that is nearest to the mean, in steps of 1/255.
pub(crate) struct ImageScale {
    pixels: PixelScale,
    zeros: Vec<u16>,
    /// What the pixel that stands for 0 really stands for, per channel: less than half a pixel.
    remainders: Vec<f64>,
}

impl ImageScale {
    pub fn new(pixels: PixelScale) -> Self {
        let zeros: Vec<u16> = pixels.mean().iter().map(|mean| (255.0 * mean).round() as u16).collect();
        let remainders = zeros.iter().zip(pixels.mean()).map(|(&zero, mean)| f64::from(zero) / 255.0 - mean);
        let remainders = remainders.collect();
        Self { pixels, zeros, remainders }
    }

    /// What training did to pixels.
    pub fn pixels(&self) -> &PixelScale {
        &self.pixels
    }

    /// What is left of the mean, per channel, in pixels of 0 to 1.
    pub fn remainders(&self) -> &[f64] {
        &self.remainders
    }

    /// The pixels that stand for 0, per channel.
    pub fn zeros(&self) -> &[u16] {
        &self.zeros
    }

    /// Whether a pixel that stands for 0 stands for something else.
    pub fn has_remainders(&self) -> bool {
        self.remainders.iter().any(|&remainder| remainder != 0.0)
    }

    /// What reads the image reads pixels: the deviations that training divided them by go into its weights.
    pub fn fold_deviations(&self, plan: &mut Plan) -> Result<(), PostTrainingError> {
        let pixels = &self.pixels;
        if pixels.deviation().iter().all(|&deviation| deviation == 1.0) {
            return Ok(());
        }
        for step in plan.steps.iter_mut().filter(|step| step.sources.contains(&Source::Image)) {
            match &mut step.kind {
                // A table holds what each pixel stands for.
                Kind::Table(_) => {}
                Kind::Linear { layer, .. } => {
                    let [_, inputs, rows, columns] = layer.shape();
                    let of_group = inputs.max(1) * (layer.shape()[0] / layer.groups()).max(1);
                    let deviation = |index: usize| {
                        let filter_channel = index / (rows * columns);
                        let channel = filter_channel / of_group * inputs + filter_channel % inputs;
                        // A flattened image has its positions side by side.
                        let channels = pixels.deviation().len();
                        pixels.deviation()[channel * channels / (inputs * layer.groups())]
                    };
                    let weights = layer.weights().iter().enumerate();
                    let weights = weights
                        .map(|(index, &weight)| (f64::from(weight) / deviation(index)) as f32)
                        .collect();
                    let misfit = || PostTrainingError::Misfit { layer: step.name.clone() };
                    *layer = layer.with_weights(weights).ok_or_else(misfit)?;
                }
                Kind::Rescale { norm } => {
                    let both = pixels.deviation().iter().enumerate().map(|(channel, deviation)| {
                        let (scale, shift) = norm.scale_and_shift(channel);
                        (scale / deviation, shift)
                    });
                    let (scale, shift) = both.unzip();
                    *norm = Norm::Affine { scale, shift };
                }
                _ => return Err(PostTrainingError::Image { layer: step.name.clone() }),
            }
        }
        Ok(())
    }

    /// Pixels, from which the one that stands for 0 is taken off.
    pub fn centred(&self, images: &ImageSet) -> Vec<FloatMap> {
        let unit = PixelScale::unit(self.zeros.len());
        let maps = unit.maps(images);
        maps.iter()
            .map(|map| map.map(|channel, value| (value * 255.0).round() - f32::from(self.zeros[channel])))
            .collect()
    }

    /// The pixel that stands for 0 is a whole number, the mean it stands for is not: the rest is a constant for each output.
    pub fn offsets_of_remainders(
        &self,
        layer: &Convolution,
        approximation: &[f32],
        stored: &StoredNorm,
    ) -> Vec<(f64, f64)> {
        let [outputs, inputs, rows, columns] = layer.shape();
        let (taps, channels) = (rows * columns, self.remainders.len());
        let offset = |output: usize| {
            let group = output / (outputs / layer.groups());
            let filter = &approximation[output * inputs * taps..(output + 1) * inputs * taps];
            let sum: f64 = filter
                .iter()
                .enumerate()
                .map(|(index, &weight)| {
                    let channel = (group * inputs + index / taps) * channels / (inputs * layer.groups());
                    f64::from(weight) * self.remainders[channel]
                })
                .sum();
            (1.0, sum * stored.scale_and_shift(output).0)
        };
        (0..outputs).map(offset).collect()
    }
}
