//! The walk over a plan: each step quantized on what the steps before it really give.

use std::rc::Rc;

use float_network::{Convolution, FloatMap, FloatNetwork, Operation, Quantization};
use network::{Checkpoint, ImageSet, Tensor, TensorValues};
use rayon::prelude::*;

use crate::correction::corrections;
use crate::float_run::FloatRun;
use crate::held::{Held, added, concatenated, flattened, multiplied, picked, pooled, sum_pooled};
use crate::histogram::{Histogram, range};
use crate::image::ImageScale;
use crate::integers::{Bounded, bounds};
use crate::moments::{maps_signal_to_noise, signal_to_noise};
use crate::options::{Fit, PostTraining, PostTrainingError, WeightRule};
use crate::plan::{Activation, Kind, Norm, Plan, Source, Step};
use crate::reconstruct::{Zeros, reconstruct};
use crate::rule::{Sparsity, ThresholdRule};
use crate::statistics::SparsityStatistics;
use crate::stored::StoredNorm;
use crate::ternarize::{TernaryLayer, keep_ternary, ternarize};

/// What became of a layer. Ratios of signal to noise are in decibels, against the float network's values on the calibration images;
/// infinite where nothing differs, none where there are no images.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerReport {
    /// Its name in the file.
    pub name: String,
    /// Weights; 0 for layers without any.
    pub weights: usize,
    /// The share of weights that are 0.
    pub sparsity: f64,
    /// Of the weights themselves.
    pub weight_snr: f64,
    /// Of the layer's output before any correction.
    pub output_snr_before: Option<f64>,
    /// Of the layer's output with its correction.
    pub output_snr: Option<f64>,
    /// Of what the next layers read: after the activation, rounded.
    pub activation_snr: Option<f64>,
    /// What an activation of 1 stands for, and the one that stands for 0.
    pub step: Option<(f64, u16)>,
}

pub(crate) struct Walk<'a> {
    pub checkpoint: Checkpoint,
    pub layers: Vec<LayerReport>,
    held: Vec<Option<Held>>,
    /// How often each step is still to be read.
    left: Vec<usize>,
    /// Pixels less the one that stands for 0.
    image: Rc<Vec<FloatMap>>,
    run: FloatRun<'a>,
    image_scale: &'a ImageScale,
    sparsities: Vec<f64>,
    options: &'a PostTraining,
    maxima: &'a [u16],
    /// How each step that was rounded is.
    rounded: Vec<Option<Quantization>>,
    has_images: bool,
}

impl<'a> Walk<'a> {
    /// Before the first step.
    pub fn new(
        network: &'a FloatNetwork,
        plan: &Plan,
        images: &ImageSet,
        image_scale: &'a ImageScale,
        options: &'a PostTraining,
        maxima: &'a [u16],
        sparsities: Vec<f64>,
    ) -> Self {
        let references = plan.steps.iter().map(|step| step.reference);
        Self {
            checkpoint: Checkpoint::new(format!("{}.safetensors.zst", network.name())),
            layers: Vec::new(),
            held: vec![None; plan.steps.len()],
            left: plan.reader_counts(),
            image: Rc::new(image_scale.centred(images)),
            run: FloatRun::new(network, network.pixels().maps(images), references),
            image_scale,
            sparsities,
            options,
            maxima,
            rounded: vec![None; plan.steps.len()],
            has_images: !images.is_empty(),
        }
    }
}

impl Walk<'_> {
    /// Takes a value that a step reads.
    fn read(&mut self, source: Source) -> Option<Held> {
        match source {
            Source::Image => Some(Held::Integers(Rc::clone(&self.image), 1.0 / 255.0)),
            Source::Step(place) => {
                self.left[place] = self.left[place].saturating_sub(1);
                if self.left[place] == 0 { self.held[place].take() } else { self.held[place].clone() }
            }
        }
    }

    fn put(
        &mut self,
        name: &str,
        parameter: &str,
        shape: Vec<usize>,
        values: impl Into<TensorValues>,
    ) -> Result<(), PostTrainingError> {
        let tensor = format!("{name}.{parameter}");
        match Tensor::new(shape, values) {
            Ok(values) => {
                self.checkpoint.insert(tensor, values);
                Ok(())
            }
            Err(source) => Err(PostTrainingError::Length { tensor, source }),
        }
    }

    fn put_norm(&mut self, name: &str, norm: &StoredNorm) -> Result<(), PostTrainingError> {
        let channels = vec![norm.channels()];
        self.put(name, "bn.gamma", channels.clone(), norm.gamma.clone())?;
        self.put(name, "bn.beta", channels.clone(), norm.beta.clone())?;
        self.put(name, "bn.mean", channels.clone(), norm.mean.clone())?;
        self.put(name, "bn.var", channels, norm.variance.clone())
    }

    /// Quantizes a step and keeps its value for those that read it.
    pub fn step(
        &mut self,
        plan: &Plan,
        place: usize,
        shared: Option<Quantization>,
    ) -> Result<(), PostTrainingError> {
        let step = &plan.steps[place];
        let is_last = place + 1 == plan.steps.len();
        let misfit = || PostTrainingError::Misfit { layer: step.name.clone() };
        let inputs: Vec<Held> =
            step.sources.iter().map(|&source| self.read(source)).collect::<Option<_>>().ok_or_else(misfit)?;
        let mut report = LayerReport {
            name: step.name.clone(),
            weights: 0,
            sparsity: 0.0,
            weight_snr: f64::INFINITY,
            output_snr_before: None,
            output_snr: None,
            activation_snr: None,
            step: None,
        };
        let first = inputs.first().ok_or_else(misfit)?;
        let held = match &step.kind {
            Kind::MaxPool(window) => pooled(first, &Operation::MaxPool(*window), 1.0).ok_or_else(misfit)?,
            Kind::SumPool { window, counts_padding } => {
                sum_pooled(first, *window, *counts_padding).ok_or_else(misfit)?
            }
            Kind::Concat => concatenated(&inputs).ok_or_else(misfit)?,
            Kind::Flatten => {
                let Held::Integers(maps, input_step) = first else { return Err(misfit()) };
                Held::Integers(flattened(maps), *input_step)
            }
            Kind::Pick(channels) => picked(first, channels).ok_or_else(misfit)?,
            Kind::Table(expression) => {
                let Held::Integers(maps, _) = first else { return Err(misfit()) };
                let read = self.table_inputs(plan, step).ok_or_else(misfit)?;
                let table = read.map(|x| expression.at(x) as f32);
                let real: Vec<FloatMap> =
                    maps.par_iter().map(|map| map.map(|_, value| table.at(value))).collect();
                let reference = self.run.take(step.reference);
                if self.has_images {
                    report.output_snr = Some(maps_signal_to_noise(&reference, &real));
                    report.output_snr_before = report.output_snr;
                }
                let held = self.rounded(place, step, is_last, shared, real, &reference, &mut report)?;
                if let Some(quantization) = self.rounded[place] {
                    let bounds = bounds(step.activation.clamp(), quantization, step.given);
                    let integers = table
                        .values
                        .iter()
                        .map(|&y| i32::from(integer(quantization, step.given, bounds, y) as u16));
                    let integers: Vec<i32> = integers.collect();
                    self.put(&step.name, "table", vec![integers.len()], integers)?;
                }
                held
            }
            Kind::Multiply => {
                let real = multiplied(&inputs).ok_or_else(misfit)?;
                let reference = self.run.take(step.reference);
                if self.has_images {
                    report.output_snr = Some(maps_signal_to_noise(&reference, &real));
                    report.output_snr_before = report.output_snr;
                }
                self.rounded(place, step, is_last, shared, real, &reference, &mut report)?
            }
            Kind::Linear { layer, is_fully_connected, norm, .. } => {
                let Held::Integers(maps, input_step) = first else { return Err(misfit()) };
                let outputs = layer.shape()[0];
                let flat = if *is_fully_connected { flattened(maps) } else { Rc::clone(maps) };
                let reference = self.run.take(step.reference);
                let ternary = self.ternary(place, step, layer, norm, (&flat, *input_step), &reference)?;
                report.weights = layer.weights().len();
                report.sparsity = SparsityStatistics::of(ternary.weights()).sparsity();
                let approximation = ternary.approximation();
                report.weight_snr =
                    signal_to_noise(layer.weights().iter().copied().zip(approximation.iter().copied()));
                let signs = ternary.weights().values().iter().map(|&weight| f32::from(weight)).collect();
                let sums =
                    layer.with_weights(signs).and_then(|layer| layer.apply(&flat)).ok_or_else(misfit)?;
                let alpha = ternary.alpha();
                let mut stored = StoredNorm::of(norm);
                let is_of_image = step.sources.iter().all(|&source| plan.is_of_image(source));
                if is_of_image && self.image_scale.has_remainders() {
                    stored = stored.corrected(&self.image_scale.offsets_of_remainders(
                        layer,
                        &approximation,
                        &stored,
                    ));
                }
                let real = |stored: &StoredNorm| -> Vec<FloatMap> {
                    let affine: Vec<(f64, f64)> = (0..outputs)
                        .map(|k| {
                            let (scale, shift) = stored.scale_and_shift(k);
                            (scale * f64::from(alpha[k]) * input_step, shift)
                        })
                        .collect();
                    sums.par_iter()
                        .map(|map| map.map(|k, sum| (f64::from(sum) * affine[k].0 + affine[k].1) as f32))
                        .collect()
                };
                let plain = real(&stored);
                let mut corrected = None;
                if self.has_images {
                    report.output_snr_before = Some(maps_signal_to_noise(&reference, &plain));
                    let corrections = corrections(self.options.correction, &reference, &plain, outputs);
                    stored = stored.corrected(&corrections);
                    let maps = real(&stored);
                    report.output_snr = Some(maps_signal_to_noise(&reference, &maps));
                    corrected = Some(maps);
                }
                self.put_linear(step, layer, *is_fully_connected, &ternary)?;
                self.put_norm(&step.name, &stored)?;
                let real = corrected.unwrap_or(plain);
                self.rounded(place, step, is_last, shared, real, &reference, &mut report)?
            }
            Kind::Add => {
                let real = added(&inputs).ok_or_else(misfit)?;
                let reference = self.run.take(step.reference);
                if self.has_images {
                    report.output_snr = Some(maps_signal_to_noise(&reference, &real));
                    report.output_snr_before = report.output_snr;
                }
                self.rounded(place, step, is_last, shared, real, &reference, &mut report)?
            }
            Kind::Rescale { norm } => {
                let Held::Integers(maps, input_step) = first else { return Err(misfit()) };
                let mut stored = StoredNorm::of(norm);
                if step.sources.iter().all(|&source| plan.is_of_image(source)) {
                    let remainders = self.image_scale.remainders().iter().enumerate();
                    let offsets: Vec<(f64, f64)> = remainders
                        .map(|(channel, remainder)| (1.0, remainder * stored.scale_and_shift(channel).0))
                        .collect();
                    stored = stored.corrected(&offsets);
                }
                let affine: Vec<(f64, f64)> =
                    (0..stored.channels()).map(|k| stored.scale_and_shift(k)).collect();
                let real = maps.par_iter().map(|map| {
                    map.map(|k, value| (f64::from(value) * input_step * affine[k].0 + affine[k].1) as f32)
                });
                let real: Vec<FloatMap> = real.collect();
                self.put_norm(&step.name, &stored)?;
                let reference = self.run.take(step.reference);
                if self.has_images {
                    report.output_snr = Some(maps_signal_to_noise(&reference, &real));
                    report.output_snr_before = report.output_snr;
                }
                self.rounded(place, step, is_last, shared, real, &reference, &mut report)?
            }
        };
        if step.kind.is_rounded() {
            self.layers.push(report);
        }
        if self.left[place] > 0 {
            self.held[place] = Some(held);
        }
        Ok(())
    }

    /// The real values that the integers stand for which a table reads.
    fn table_inputs(&self, plan: &Plan, step: &Step) -> Option<Lookup> {
        match *step.sources.first()? {
            Source::Image => {
                let (pixels, zero) = (self.image_scale.pixels(), *self.image_scale.zeros().first()?);
                let values = (0..=255).map(|pixel| pixels.value(0, pixel)).collect();
                Some(Lookup { zero, values })
            }
            source => {
                let place = *plan.rounding(source).first()?;
                let Quantization { step, zero, maximum } = self.rounded[place]?;
                let real = |integer: u16| ((f64::from(integer) - f64::from(zero)) * step) as f32;
                Some(Lookup { zero, values: (0..=maximum).map(real).collect() })
            }
        }
    }

    fn ternary(
        &self,
        place: usize,
        step: &Step,
        layer: &Convolution,
        norm: &Norm,
        (inputs, input_step): (&[FloatMap], f64),
        reference: &[FloatMap],
    ) -> Result<TernaryLayer, PostTrainingError> {
        let failed = |source| PostTrainingError::Ternarize { layer: step.name.clone(), source };
        if let Some(ternary) = keep_ternary(layer.shape(), layer.weights()).map_err(failed)? {
            return Ok(ternary);
        }
        let rule = match self.options.weights {
            WeightRule::Same(rule) => rule,
            WeightRule::BySensitivity(overall) => {
                let sparsity = self.sparsities.get(place).copied().unwrap_or(overall.value());
                ThresholdRule::TargetSparsity(Sparsity::clamped(sparsity))
            }
        };
        let rounded =
            ternarize(layer.shape(), layer.weights(), rule, self.options.granularity).map_err(failed)?;
        if self.options.fit == Fit::Weights || !self.has_images {
            return Ok(rounded);
        }
        // What the layer gave before its norm; of a channel that the norm wipes out, nothing is known.
        let affine: Vec<(f64, f64)> = (0..norm.channels()).map(|k| norm.scale_and_shift(k)).collect();
        if affine.iter().any(|(scale, _)| *scale == 0.0) {
            return Ok(rounded);
        }
        let before =
            |map: &FloatMap| map.map(|k, value| ((f64::from(value) - affine[k].1) / affine[k].0) as f32);
        let outputs: Vec<FloatMap> = reference.par_iter().map(before).collect();
        let zeros = match rule {
            ThresholdRule::Twn(_) => Zeros::Free,
            ThresholdRule::TargetSparsity(_) | ThresholdRule::Fixed(_) => Zeros::Kept,
        };
        let better = reconstruct(layer, &rounded, inputs, &outputs, input_step, zeros);
        better.ok_or_else(|| PostTrainingError::Misfit { layer: step.name.clone() })
    }

    fn put_linear(
        &mut self,
        step: &Step,
        layer: &Convolution,
        is_fully_connected: bool,
        ternary: &TernaryLayer,
    ) -> Result<(), PostTrainingError> {
        let shape = layer.shape();
        let stored = if is_fully_connected { shape[..2].to_vec() } else { shape.to_vec() };
        self.put(&step.name, "weight", stored, ternary.weights().values().to_vec())?;
        self.put(&step.name, "alpha", vec![shape[0]], ternary.alpha().to_vec())
    }

    /// Chooses the step of a real result and rounds it.
    #[allow(clippy::too_many_arguments, reason = "what is known of a step when it is rounded")]
    fn rounded(
        &mut self,
        place: usize,
        step: &Step,
        is_last: bool,
        shared: Option<Quantization>,
        real: Vec<FloatMap>,
        reference: &[FloatMap],
        report: &mut LayerReport,
    ) -> Result<Held, PostTrainingError> {
        if is_last || step.activation == Activation::Accumulators {
            return Ok(Held::Real(Rc::new(real)));
        }
        let activation = step.activation;
        let maximum = self.maxima[place];
        let quantization = match shared {
            Some(quantization) => quantization,
            None if self.has_images => {
                let range = range(real.par_iter(), activation);
                Histogram::of(real.par_iter(), activation, range).quantization(self.options.steps, maximum)
            }
            None => return Err(PostTrainingError::NoImages { layer: step.name.clone() }),
        };
        self.rounded[place] = Some(quantization);
        let Quantization { step: size, zero, .. } = quantization;
        self.put(&step.name, "act.step", vec![1], vec![size as f32])?;
        let bounds = bounds(activation.clamp(), quantization, step.given);
        let mut put = |parameter: &str, value: u16, unless: u16| match value == unless {
            true => Ok(()),
            false => self.put(&step.name, parameter, vec![1], vec![i32::from(value)]),
        };
        put("act.zero", zero, 0)?;
        // A table holds its bounds.
        if !matches!(step.kind, Kind::Table(_)) {
            put("act.low", bounds.low, 0)?;
            put("act.high", bounds.high, maximum)?;
        }
        let own = if matches!(step.kind, Kind::Table(_)) { step.given } else { None };
        let integer = |value: f32| (integer(quantization, own, bounds, value) - f64::from(zero)) as f32;
        let integers: Vec<FloatMap> = real.par_iter().map(|map| map.map(|_, value| integer(value))).collect();
        if self.has_images {
            let pairs = reference.iter().zip(&integers).flat_map(|(expected, found)| {
                let expected = expected.values().iter().map(|&value| activation.of(f64::from(value)) as f32);
                expected.zip(found.values().iter().map(|&value| (f64::from(value) * size) as f32))
            });
            report.activation_snr = Some(signal_to_noise(pairs));
        }
        report.step = Some((size, zero));
        Ok(Held::Integers(Rc::new(integers), size))
    }
}

/// A value for each integer of an activation.
struct Lookup {
    /// The integer that stands for 0.
    zero: u16,
    values: Vec<f32>,
}

impl Lookup {
    fn map(&self, of: impl Fn(f64) -> f32) -> Self {
        Self { zero: self.zero, values: self.values.iter().map(|&value| of(f64::from(value))).collect() }
    }

    /// The value for an integer from which the one that stands for 0 was taken off.
    fn at(&self, integer: f32) -> f32 {
        let place = (integer + f32::from(self.zero)).max(0.0) as usize;
        self.values.get(place).copied().unwrap_or_default()
    }
}

/// The integer for a real value: half a step up, as the network's integer inference rounds, or as a table is told to.
fn integer(quantization: Quantization, own: Option<Quantization>, bounds: Bounded, value: f32) -> f64 {
    let (zero, step) = (f64::from(quantization.zero), quantization.step);
    let integer = match own {
        Some(own) => own.integer(value) - f64::from(own.zero) + zero,
        None => (f64::from(value) / step + 0.5).floor() + zero,
    };
    integer.clamp(f64::from(bounds.low), f64::from(bounds.high))
}
