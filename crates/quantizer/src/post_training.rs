//! Post-training quantization: a float network and calibration images to a network file, layer by layer, each layer seeing what
//! the quantized layers before it really give.

use std::rc::Rc;

use float_network::{
    Convolution, FloatMap, FloatNetwork, NodeId, Operation, PixelScale, Quantization, evaluate_node,
};
use network::{Checkpoint, ImageSet, Shape, Tensor, TensorLengthError};
use rayon::prelude::*;

use crate::float_run::FloatRun;
use crate::histogram::{Histogram, StepRule, range};
use crate::lower::{LowerError, lower};
use crate::moments::{Moments, signal_to_noise};
use crate::network_file::NetworkFile;
use crate::plan::{Activation, Kind, Norm, Plan, Source, Step};
use crate::rule::{Granularity, Sparsity, ThresholdRule};
use crate::sensitivity::{Sensitivity, allocate};
use crate::statistics::SparsityStatistics;
use crate::stored::StoredNorm;
use crate::ternarize::{TernarizeError, TernaryLayer, keep_ternary, ternarize};

/// Images on which sensitivities are measured: the first of those that calibrate.
const SENSITIVITY_IMAGES: usize = 8;
/// Bits of activations if nothing is said.
const DEFAULT_BITS: u32 = 4;

/// How a network is quantized.
#[derive(Debug, Clone, PartialEq)]
pub struct PostTraining {
    /// How weights become ternary. Layers that are ternary already stay as they are.
    pub weights: WeightRule,
    /// What shares a threshold.
    pub granularity: Granularity,
    /// Bits of the activations, 1 to 8; if left out, those of a network that is quantized already, else 4.
    pub bits: Option<u32>,
    /// How the steps between activations are chosen, where the network does not bring them along.
    pub steps: StepRule,
    /// How each layer's output is brought back to the float network's.
    pub correction: Correction,
}

/// How weights become ternary.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum WeightRule {
    /// By the same rule in every layer.
    Same(ThresholdRule),
    /// Sparser where that adds less noise to a layer's output, so that all weights together have the given sparsity.
    BySensitivity(Sparsity),
}

/// What is changed in a layer's batch norm, so that its output on the calibration images is again like the float network's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Correction {
    /// Nothing: batch norms are folded as trained.
    None,
    /// Each channel's mean (Nagel et al., "Data-Free Quantization through Weight Equalization and Bias Correction", arXiv
    /// 1906.04721, section 4.2, with measured means).
    Bias,
    /// Each channel's mean and variance: batch norm's statistics, estimated anew on the quantized network.
    BatchNorm,
}

/// A quantized network.
#[derive(Debug, Clone)]
pub struct PostTrained {
    /// The network's file.
    pub file: NetworkFile,
    /// Its tensors.
    pub checkpoint: Checkpoint,
    /// What became of each layer.
    pub layers: Vec<LayerReport>,
    /// What was changed on the way, one fact each.
    pub notes: Vec<String>,
}

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

/// Why a network cannot be quantized.
#[derive(Debug, thiserror::Error)]
pub enum PostTrainingError {
    /// The network has what a network file cannot hold.
    #[error(transparent)]
    Lower(#[from] LowerError),
    /// Weights cannot be made ternary.
    #[error("layer `{layer}`: {source}")]
    Ternarize {
        /// The layer.
        layer: String,
        /// What is wrong.
        source: TernarizeError,
    },
    /// Images are not of the network's shape.
    #[error("images of {found}; the network reads {expected}")]
    Images {
        /// The images' shape.
        found: Shape,
        /// The network's.
        expected: Shape,
    },
    /// Steps have to be chosen, but there is nothing to choose them on.
    #[error("layer `{layer}`: its activations have no step; calibration images are needed")]
    NoImages {
        /// The layer.
        layer: String,
    },
    /// Bits that activations cannot have.
    #[error("activations of {found} bits; expected 1 to 8")]
    Bits {
        /// The bits.
        found: u32,
    },
    /// The network's own quantization is not one of the file's.
    #[error(
        "layer `{layer}`: the network rounds its activations to {found} levels; with {bits} bits there are {expected}"
    )]
    Levels {
        /// The layer.
        layer: String,
        /// Levels of the network.
        found: u32,
        /// Bits of the file.
        bits: u32,
        /// Levels of the file.
        expected: u32,
    },
    /// A layer reads the image in a way that its scale does not allow.
    #[error(
        "layer `{layer}`: reads the image, whose deviations differ from 1; supported are convolutions and fully connected layers"
    )]
    Image {
        /// The layer.
        layer: String,
    },
    /// Layers do not fit their inputs: a mistake in the lowering.
    #[error("layer `{layer}`: does not fit what it reads")]
    Misfit {
        /// The layer.
        layer: String,
    },
    /// A result does not fill its shape.
    #[error("tensor `{tensor}`: {source}")]
    Length {
        /// The tensor.
        tensor: String,
        /// What is wrong.
        source: TensorLengthError,
    },
}

/// A value of the quantized network on every calibration image.
#[derive(Clone)]
enum Held {
    /// Integers, from which the one that stands for 0 is taken off, and what 1 stands for.
    Integers(Rc<Vec<FloatMap>>, f64),
    /// Real numbers that a sum reads.
    Real(Rc<Vec<FloatMap>>),
}

/// Quantizes a network. `images` calibrate it: of the network's shape, pixels not yet scaled; none are needed if the network brings
/// all steps along. `progress` is told how many steps of how many are done.
///
/// # Errors
/// If the network has what a file cannot hold, or images are needed and not there.
pub fn quantize_network(
    network: &FloatNetwork,
    images: &ImageSet,
    options: &PostTraining,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<PostTrained, PostTrainingError> {
    if !images.is_empty() && images.shape() != network.input() {
        return Err(PostTrainingError::Images { found: images.shape(), expected: network.input() });
    }
    let mut plan = lower(network)?;
    let pixels = plan.pixels.clone();
    let zeros: Vec<u16> = pixels.mean().iter().map(|mean| (255.0 * mean).round() as u16).collect();
    let bits = bits(&mut plan, options.bits)?;
    let maximum = u16::MAX >> (u16::BITS - bits);
    fold_deviations(&mut plan, &pixels)?;
    let sparsities = match options.weights {
        WeightRule::BySensitivity(overall) if !images.is_empty() => {
            let few = images.first(SENSITIVITY_IMAGES.min(images.len())).unwrap_or_else(|_| images.clone());
            by_sensitivity(&plan, network, &few, &zeros, overall, options.granularity)?
        }
        WeightRule::BySensitivity(overall) => vec![overall.value(); plan.steps.len()],
        WeightRule::Same(_) => Vec::new(),
    };
    let shared = shared_steps(&plan, network, images, options.steps, maximum)?;
    let mut walk = Walk {
        checkpoint: Checkpoint::new(format!("{}.safetensors.zst", network.name())),
        layers: Vec::new(),
        held: vec![None; plan.steps.len()],
        left: plan.reader_counts(),
        image: Rc::new(centred(images, &zeros)),
        run: FloatRun::new(
            network,
            network.pixels().maps(images),
            plan.steps.iter().map(|step| step.reference),
        ),
        remainders: zeros
            .iter()
            .zip(pixels.mean())
            .map(|(&zero, mean)| f64::from(zero) / 255.0 - mean)
            .collect(),
        sparsities,
        options,
        maximum,
        has_images: !images.is_empty(),
    };
    let count = plan.steps.len();
    for (place, step) in plan.steps.iter().enumerate() {
        progress(place, count);
        walk.step(place, step, place + 1 == count, shared[place])?;
    }
    progress(count, count);
    let sparsity = overall_sparsity(&walk.layers);
    let file = NetworkFile::new(network, &plan, &zeros, bits, sparsity);
    Ok(PostTrained { file, checkpoint: walk.checkpoint, layers: walk.layers, notes: plan.notes })
}

fn overall_sparsity(layers: &[LayerReport]) -> f64 {
    let weights: usize = layers.iter().map(|layer| layer.weights).sum();
    let zeros: f64 = layers.iter().map(|layer| layer.sparsity * layer.weights as f64).sum();
    if weights == 0 { 0.0 } else { zeros / weights as f64 }
}

/// The bits of the activations; a network's own quantization is brought to them where that changes nothing but where it saturates.
fn bits(plan: &mut Plan, asked: Option<u32>) -> Result<u32, PostTrainingError> {
    for step in &mut plan.steps {
        // After a ReLU nothing is below 0: integers that stand for less are never used.
        if let (Some(given), Activation::Relu { .. }) = (&mut step.given, step.activation) {
            *given = Quantization { maximum: given.maximum - given.zero, zero: 0, ..*given };
        }
    }
    let most = plan.steps.iter().filter_map(|step| step.given).map(|given| given.maximum).max();
    let own = most.map(|maximum| u16::BITS - maximum.leading_zeros());
    let bits = asked.or(own).unwrap_or(DEFAULT_BITS);
    if !(1..=8).contains(&bits) {
        return Err(PostTrainingError::Bits { found: bits });
    }
    let maximum = u16::MAX >> (u16::BITS - bits);
    for step in &mut plan.steps {
        let Some(given) = &mut step.given else { continue };
        if given.maximum > maximum {
            let (found, expected) = (u32::from(given.maximum) + 1, u32::from(maximum) + 1);
            return Err(PostTrainingError::Levels { layer: step.name.clone(), found, bits, expected });
        }
        if given.maximum < maximum {
            let note = format!("`{}` saturates at {maximum} instead of {}", step.name, given.maximum);
            plan.notes.push(note);
            given.maximum = maximum;
        }
    }
    Ok(bits)
}

/// What reads the image reads pixels: the deviations that training divided them by go into its weights.
fn fold_deviations(plan: &mut Plan, pixels: &PixelScale) -> Result<(), PostTrainingError> {
    if pixels.deviation().iter().all(|&deviation| deviation == 1.0) {
        return Ok(());
    }
    for step in plan.steps.iter_mut().filter(|step| step.sources.contains(&Source::Image)) {
        match &mut step.kind {
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
                let weights =
                    weights.map(|(index, &weight)| (f64::from(weight) / deviation(index)) as f32).collect();
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
fn centred(images: &ImageSet, zeros: &[u16]) -> Vec<FloatMap> {
    let unit = PixelScale::unit(zeros.len());
    let maps = unit.maps(images);
    maps.iter()
        .map(|map| map.map(|channel, value| (value * 255.0).round() - f32::from(zeros[channel])))
        .collect()
}

/// A sparsity for each step; steps without weights have one that nobody asks for.
fn by_sensitivity(
    plan: &Plan,
    network: &FloatNetwork,
    images: &ImageSet,
    zeros: &[u16],
    overall: Sparsity,
    granularity: Granularity,
) -> Result<Vec<f64>, PostTrainingError> {
    let linear = plan.steps.iter().enumerate().filter_map(|(place, step)| match &step.kind {
        Kind::Linear { layer, node, norm, .. } => Some((place, step, layer, *node, norm)),
        _ => None,
    });
    let linear: Vec<_> = linear
        .filter(|(_, _, layer, ..)| !matches!(keep_ternary(layer.shape(), layer.weights()), Ok(Some(_))))
        .collect();
    let inputs: Vec<NodeId> = linear.iter().map(|(.., node, _)| input_of(network, *node)).collect();
    let mut run = FloatRun::new(network, network.pixels().maps(images), inputs.iter().copied());
    let mut sensitivities = Vec::new();
    for ((_, step, layer, _, norm), &input) in linear.iter().zip(&inputs) {
        let maps = run.take(input);
        let scales: Vec<f64> = (0..norm.channels()).map(|channel| norm.scale_and_shift(channel).0).collect();
        let maps = if step.sources == [Source::Image] { Rc::new(centred(images, zeros)) } else { maps };
        let measured = Sensitivity::measure(layer, &scales, &maps, granularity);
        sensitivities.push(
            measured.map_err(|source| PostTrainingError::Ternarize { layer: step.name.clone(), source })?,
        );
    }
    let mut sparsities = vec![overall.value(); plan.steps.len()];
    for ((place, ..), sparsity) in linear.iter().zip(allocate(&sensitivities, overall)) {
        sparsities[*place] = sparsity;
    }
    Ok(sparsities)
}

/// The value that a linear node reads, before its padding, which is in the step's window.
fn input_of(network: &FloatNetwork, node: NodeId) -> NodeId {
    let mut input = node;
    loop {
        let Some(&next) = network.node(input).and_then(|node| node.inputs().first()) else { return input };
        input = next;
        if !matches!(network.node(input).map(float_network::Node::operation), Some(Operation::Pad(_))) {
            return input;
        }
    }
}

/// The step and zero of every value that is concatenated with others: from the float values of all of them together.
fn shared_steps(
    plan: &Plan,
    network: &FloatNetwork,
    images: &ImageSet,
    rule: StepRule,
    maximum: u16,
) -> Result<Vec<Option<Quantization>>, PostTrainingError> {
    let classes = plan.classes();
    let mut members: Vec<Vec<usize>> = vec![Vec::new(); plan.steps.len()];
    for (place, step) in plan.steps.iter().enumerate() {
        if step.kind.is_rounded()
            && step.activation != Activation::Accumulators
            && place + 1 < plan.steps.len()
        {
            members[classes[place]].push(place);
        }
    }
    let mut shared: Vec<Option<Quantization>> = plan.steps.iter().map(|step| step.given).collect();
    members.retain(|members| members.len() > 1);
    for members in &members {
        let given = members.iter().find_map(|&place| plan.steps[place].given);
        for &place in members {
            let step = &plan.steps[place];
            if let (Some(own), Some(given)) = (step.given, given)
                && own != given
            {
                let reason =
                    "is concatenated with values of another scale; supported is one scale for all".into();
                return Err(LowerError { node: step.name.clone(), reason }.into());
            }
            shared[place] = given;
        }
    }
    members.retain(|members| members.iter().any(|&place| shared[place].is_none()));
    if members.is_empty() || images.is_empty() {
        return Ok(shared);
    }
    let all = || members.iter().flatten().map(|&place| plan.steps[place].reference);
    let maps = network.pixels().maps(images);
    let mut of_class = vec![None; members.len()];
    // Ranges first, then counts in bins of the ranges.
    let mut ranges = Vec::new();
    let mut run = FloatRun::new(network, maps.clone(), all());
    for members in &members {
        let mut both = (0.0_f64, 0.0_f64);
        for &place in members {
            let values = run.take(plan.steps[place].reference);
            let (low, high) = range(values.par_iter(), plan.steps[place].activation);
            both = (both.0.min(low), both.1.max(high));
        }
        ranges.push(both);
    }
    let mut run = FloatRun::new(network, maps, all());
    for ((members, &range), histogram) in members.iter().zip(&ranges).zip(&mut of_class) {
        for &place in members {
            let values = run.take(plan.steps[place].reference);
            let own = Histogram::of(values.par_iter(), plan.steps[place].activation, range);
            *histogram = Some(match histogram.take() {
                Some(sum) => own.plus(&sum),
                None => own,
            });
        }
    }
    for (members, histogram) in members.iter().zip(&of_class) {
        let quantization = histogram.as_ref().map(|histogram| histogram.quantization(rule, maximum));
        members.iter().for_each(|&place| shared[place] = quantization);
    }
    Ok(shared)
}

struct Walk<'a> {
    checkpoint: Checkpoint,
    layers: Vec<LayerReport>,
    held: Vec<Option<Held>>,
    /// How often each step is still to be read.
    left: Vec<usize>,
    /// Pixels less the one that stands for 0.
    image: Rc<Vec<FloatMap>>,
    run: FloatRun<'a>,
    /// What the pixel that stands for 0 really stands for, per channel: less than half a pixel.
    remainders: Vec<f64>,
    sparsities: Vec<f64>,
    options: &'a PostTraining,
    maximum: u16,
    has_images: bool,
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
        values: impl Into<network::TensorValues>,
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

    fn step(
        &mut self,
        place: usize,
        step: &Step,
        is_last: bool,
        shared: Option<Quantization>,
    ) -> Result<(), PostTrainingError> {
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
            Kind::SumPool(window) => sum_pooled(first, *window).ok_or_else(misfit)?,
            Kind::Concat => concatenated(&inputs).ok_or_else(misfit)?,
            Kind::Linear { layer, is_fully_connected, norm, .. } => {
                let Held::Integers(maps, input_step) = first else { return Err(misfit()) };
                let ternary = self.ternary(place, step, layer)?;
                let outputs = layer.shape()[0];
                report.weights = layer.weights().len();
                report.sparsity = SparsityStatistics::of(ternary.weights()).sparsity();
                let approximation = ternary.approximation();
                report.weight_snr =
                    signal_to_noise(layer.weights().iter().copied().zip(approximation.iter().copied()));
                let flat = if *is_fully_connected { flattened(maps) } else { Rc::clone(maps) };
                let signs = ternary.weights().values().iter().map(|&weight| f32::from(weight)).collect();
                let sums =
                    layer.with_weights(signs).and_then(|layer| layer.apply(&flat)).ok_or_else(misfit)?;
                let alpha = ternary.alpha();
                let mut stored = StoredNorm::of(norm);
                if step.sources == [Source::Image]
                    && self.remainders.iter().any(|&remainder| remainder != 0.0)
                {
                    stored = stored.corrected(&self.offsets_of_remainders(layer, &approximation, &stored));
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
                let reference = self.run.take(step.reference);
                let mut corrected = None;
                if self.has_images {
                    report.output_snr_before = Some(snr(&reference, &plain));
                    let corrections = corrections(self.options.correction, &reference, &plain, outputs);
                    stored = stored.corrected(&corrections);
                    let maps = real(&stored);
                    report.output_snr = Some(snr(&reference, &maps));
                    corrected = Some(maps);
                }
                self.put_linear(step, layer, *is_fully_connected, &ternary)?;
                self.put_norm(&step.name, &stored)?;
                let real = corrected.unwrap_or(plain);
                self.rounded(step, is_last, shared, real, &reference, &mut report)?
            }
            Kind::Add => {
                let real = added(&inputs).ok_or_else(misfit)?;
                let reference = self.run.take(step.reference);
                if self.has_images {
                    report.output_snr = Some(snr(&reference, &real));
                    report.output_snr_before = report.output_snr;
                }
                self.rounded(step, is_last, shared, real, &reference, &mut report)?
            }
            Kind::Rescale { norm } => {
                let Held::Integers(maps, input_step) = first else { return Err(misfit()) };
                let stored = StoredNorm::of(norm);
                let affine: Vec<(f64, f64)> =
                    (0..stored.channels()).map(|k| stored.scale_and_shift(k)).collect();
                let real = maps.par_iter().map(|map| {
                    map.map(|k, value| (f64::from(value) * input_step * affine[k].0 + affine[k].1) as f32)
                });
                let real: Vec<FloatMap> = real.collect();
                self.put_norm(&step.name, &stored)?;
                let reference = self.run.take(step.reference);
                if self.has_images {
                    report.output_snr = Some(snr(&reference, &real));
                    report.output_snr_before = report.output_snr;
                }
                self.rounded(step, is_last, shared, real, &reference, &mut report)?
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

    fn ternary(
        &self,
        place: usize,
        step: &Step,
        layer: &Convolution,
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
        ternarize(layer.shape(), layer.weights(), rule, self.options.granularity).map_err(failed)
    }

    /// The pixel that stands for 0 is a whole number, the mean it stands for is not: the rest is a constant for each output.
    fn offsets_of_remainders(
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
    fn rounded(
        &mut self,
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
        let quantization = match shared {
            Some(quantization) => quantization,
            None if self.has_images => {
                let range = range(real.par_iter(), activation);
                Histogram::of(real.par_iter(), activation, range)
                    .quantization(self.options.steps, self.maximum)
            }
            None => return Err(PostTrainingError::NoImages { layer: step.name.clone() }),
        };
        let Quantization { step: size, zero, maximum } = quantization;
        self.put(&step.name, "act.step", vec![1], vec![size as f32])?;
        if zero != 0 {
            self.put(&step.name, "act.zero", vec![1], vec![i32::from(zero)])?;
        }
        // As the network's integer inference rounds: half a step up.
        let (low, high) = (-f64::from(zero), f64::from(maximum) - f64::from(zero));
        let integer = |value: f32| (f64::from(value) / size + 0.5).floor().clamp(low, high) as f32;
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

fn snr(expected: &[FloatMap], found: &[FloatMap]) -> f64 {
    let pairs = expected.iter().zip(found);
    signal_to_noise(pairs.flat_map(|(a, b)| a.values().iter().copied().zip(b.values().iter().copied())))
}

/// Per channel, what the output is to be multiplied by and then moved by.
fn corrections(
    correction: Correction,
    expected: &[FloatMap],
    found: &[FloatMap],
    channels: usize,
) -> Vec<(f64, f64)> {
    let (expected, found) = (Moments::of(expected, channels), Moments::of(found, channels));
    let of_channel = |(expected, found): (&Moments, &Moments)| match correction {
        Correction::None => (1.0, 0.0),
        Correction::Bias => (1.0, expected.mean() - found.mean()),
        Correction::BatchNorm => {
            // A filter without weights gives one value only, which becomes the mean.
            let gain =
                if found.variance() > 0.0 { (expected.variance() / found.variance()).sqrt() } else { 0.0 };
            (gain, expected.mean() - gain * found.mean())
        }
    };
    expected.iter().zip(&found).map(of_channel).collect()
}

fn flattened(maps: &Rc<Vec<FloatMap>>) -> Rc<Vec<FloatMap>> {
    match maps.first() {
        Some(first) if first.shape().positions() > 1 => {
            let flat =
                |map: &FloatMap| FloatMap::new(Shape::new(map.shape().len(), 1, 1), map.values().to_vec());
            Rc::new(maps.iter().filter_map(flat).collect())
        }
        _ => Rc::clone(maps),
    }
}

/// A pool of integers, whose results stand for `factor` times as little.
fn pooled(input: &Held, operation: &Operation, factor: f64) -> Option<Held> {
    let Held::Integers(maps, step) = input else { return None };
    let pooled = match maps.first() {
        Some(first) => {
            let mut builder = float_network::FloatNetworkBuilder::new("input", first.shape()).ok()?;
            let id = builder.add("pool", operation.clone(), vec![NodeId::IMAGE]).ok()?;
            evaluate_node(builder.node(id)?, &[maps])
        }
        None => Vec::new(),
    };
    let whole = |map: &FloatMap| map.map(|_, value| (f64::from(value) * factor).round() as f32);
    Some(Held::Integers(Rc::new(pooled.iter().map(whole).collect()), step / factor))
}

/// Sums, as means times their number.
fn sum_pooled(input: &Held, window: Option<float_network::Window>) -> Option<Held> {
    let Held::Integers(maps, _) = input else { return None };
    match window {
        Some(window) => {
            let pool = float_network::Pool { window, counts_padding: true };
            pooled(input, &Operation::AveragePool(pool), window.taps() as f64)
        }
        None => {
            let positions = maps.first().map_or(1, |map| map.shape().positions());
            pooled(input, &Operation::GlobalAveragePool, positions as f64)
        }
    }
}

fn concatenated(inputs: &[Held]) -> Option<Held> {
    let parts = inputs.iter().map(|input| match input {
        Held::Integers(maps, step) => Some((maps, *step)),
        Held::Real(_) => None,
    });
    let parts = parts.collect::<Option<Vec<_>>>()?;
    let (first, step) = *parts.first()?;
    let whole = |image: usize| {
        let values: Vec<&[f32]> =
            parts.iter().filter_map(|(maps, _)| Some(maps.get(image)?.values())).collect();
        let channels = parts.iter().filter_map(|(maps, _)| Some(maps.get(image)?.shape().channels)).sum();
        let shape = first[image].shape();
        FloatMap::new(Shape::new(channels, shape.height, shape.width), values.concat())
    };
    let maps = (0..first.len()).map(whole).collect::<Option<Vec<_>>>()?;
    Some(Held::Integers(Rc::new(maps), step))
}

fn added(inputs: &[Held]) -> Option<Vec<FloatMap>> {
    let (maps, _) = match inputs.first()? {
        Held::Integers(maps, step) => (maps, *step),
        Held::Real(maps) => (maps, 1.0),
    };
    let sum = |image: usize| {
        let shape = maps[image].shape();
        let mut sums = vec![0.0_f64; shape.len()];
        for input in inputs {
            let (maps, step) = match input {
                Held::Integers(maps, step) => (maps, *step),
                Held::Real(maps) => (maps, 1.0),
            };
            sums.iter_mut()
                .zip(maps.get(image)?.values())
                .for_each(|(sum, &value)| *sum += f64::from(value) * step);
        }
        FloatMap::new(shape, sums.into_iter().map(|sum| sum as f32).collect())
    };
    (0..maps.len()).map(sum).collect()
}
