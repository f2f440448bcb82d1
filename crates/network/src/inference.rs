//! Integer inference: runs a network's graph, whoever computes the accumulators.

use std::convert::Infallible;
use std::error::Error;

use rayon::prelude::*;

use crate::graph::{
    Activation, ActivationId, Addend, Border, Bounds, FRACTION_BITS, LayerId, Logits, Network, Node,
    Operation,
};
use crate::{Accumulators, ChannelMajor, FeatureMap, LinearLayer, ReferenceEngine, Shape, Window};

/// Computes the accumulators of linear layers: the reference, a simulated machine, a faulty one.
pub trait LinearEngine {
    /// Why it may fail.
    type Error;

    /// The accumulators of a layer, of the shape `layer.output()`, from activations of the shape `layer.input()` with values
    /// up to `layer.input_maximum()`.
    ///
    /// # Errors
    /// As the engine defines.
    fn accumulate(&mut self, layer: &LinearLayer, input: &FeatureMap) -> Result<Accumulators, Self::Error>;
}

/// Computes the accumulators of a layer for several images at once.
pub trait BatchEngine {
    /// Why it may fail.
    type Error;

    /// The accumulators of a layer for each image, as [`LinearEngine::accumulate`] gives them for one.
    ///
    /// # Errors
    /// As the engine defines.
    fn accumulate_all(
        &mut self,
        layer: &LinearLayer,
        inputs: &[&FeatureMap],
    ) -> Result<Vec<Accumulators>, Self::Error>;

    /// The values of an activation for each image, from what was evaluated before it, if the engine makes them itself. `None`,
    /// what an engine says that does not define this, leaves them to the network's integer arithmetic.
    ///
    /// # Errors
    /// As the engine defines.
    fn activate_all(
        &mut self,
        activation: &Activation,
        images: &[Evaluation],
    ) -> Result<Option<Vec<FeatureMap>>, Self::Error> {
        let _ = (activation, images);
        Ok(None)
    }
}

/// One image after the other.
struct OneByOne<'e, E>(&'e mut E);

impl<E: LinearEngine> BatchEngine for OneByOne<'_, E> {
    type Error = E::Error;

    fn accumulate_all(
        &mut self,
        layer: &LinearLayer,
        inputs: &[&FeatureMap],
    ) -> Result<Vec<Accumulators>, E::Error> {
        inputs.iter().map(|input| self.0.accumulate(layer, input)).collect()
    }
}

/// Why an image cannot be evaluated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EvaluationError<E: Error + 'static> {
    /// The image is not of the network's input shape.
    #[error("network `{network}`: an image of shape {found}; expected {expected}")]
    ImageShape {
        network: String,
        /// The image's shape.
        found: Shape,
        /// The network's input shape.
        expected: Shape,
    },
    /// A pixel is larger than the network's input allows.
    #[error("network `{network}`: a pixel of {found}; expected at most {expected}")]
    Pixel {
        network: String,
        /// The pixel's value.
        found: u16,
        /// The largest allowed.
        expected: u16,
    },
    /// The engine failed.
    #[error("layer `{layer}`: {source}")]
    Engine {
        layer: String,
        /// What the engine says.
        source: E,
    },
    /// The engine gave accumulators of another shape.
    #[error("layer `{layer}`: the engine gave values of shape {found}; expected {expected}")]
    EngineShape {
        layer: String,
        /// The shape given.
        found: Shape,
        /// The layer's output shape.
        expected: Shape,
    },
}

/// Every value of a network for one image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evaluation {
    activations: Vec<FeatureMap>,
    accumulators: Vec<Accumulators>,
    logits: Vec<i64>,
}

impl Evaluation {
    /// The values of an activation; `None` for an id of another network.
    pub fn activations(&self, id: ActivationId) -> Option<&FeatureMap> {
        self.activations.get(id.index())
    }

    /// The accumulators of a layer; `None` for an id of another network.
    pub fn accumulators(&self, id: LayerId) -> Option<&Accumulators> {
        self.accumulators.get(id.index())
    }

    /// The logits, one for each class, with [`FRACTION_BITS`] fraction bits.
    pub fn logits(&self) -> &[i64] {
        &self.logits
    }

    /// The class of the largest logit.
    pub fn class(&self) -> usize {
        class_of(&self.logits)
    }

    fn activation(&self, id: ActivationId) -> &FeatureMap {
        &self.activations[id.index()]
    }
}

/// Where an activation finds the values that it is made from. The ids asked for are those of values that come before it.
pub trait Values {
    /// The values of an activation.
    fn activations_of(&self, id: ActivationId) -> &FeatureMap;

    /// The accumulators of a layer.
    fn accumulators_of(&self, id: LayerId) -> &Accumulators;
}

impl Values for Evaluation {
    fn activations_of(&self, id: ActivationId) -> &FeatureMap {
        self.activation(id)
    }

    fn accumulators_of(&self, id: LayerId) -> &Accumulators {
        &self.accumulators[id.index()]
    }
}

impl Activation {
    /// Makes the activation from earlier values.
    pub fn made_from(&self, values: &impl Values) -> FeatureMap {
        activate(self, values)
    }
}

impl Logits {
    /// The logits of the accumulators that they are made from, one for each class.
    pub fn of(&self, accumulators: &Accumulators) -> Vec<i64> {
        (accumulators.values().iter().zip(self.multipliers()).zip(self.offsets()))
            .map(|((&sum, multiplier), offset)| {
                i64::from(sum).saturating_mul(*multiplier).saturating_add(*offset)
            })
            .collect()
    }
}

/// The place of the largest logit; the first one of equals, and 0 of none.
pub fn class_of(logits: &[i64]) -> usize {
    let best = logits.iter().enumerate().reduce(|best, next| if next.1 > best.1 { next } else { best });
    best.map_or(0, |(class, _)| class)
}

impl Network {
    /// All values for an image, the accumulators computed by `engine`.
    ///
    /// # Errors
    /// If the image does not fit the network's input, or the engine fails.
    pub fn evaluate<E>(
        &self,
        image: &FeatureMap,
        engine: &mut E,
    ) -> Result<Evaluation, EvaluationError<E::Error>>
    where
        E: LinearEngine,
        E::Error: Error + 'static,
    {
        let evaluations = self.evaluate_all(std::slice::from_ref(image), &mut OneByOne(engine))?;
        // One image gives one evaluation.
        evaluations.into_iter().next().ok_or_else(|| EvaluationError::ImageShape {
            network: self.name().into(),
            found: image.shape(),
            expected: self.input().shape(),
        })
    }

    /// All values for several images, layer by layer, the accumulators of a layer computed for all of them at once.
    ///
    /// # Errors
    /// If an image does not fit the network's input, or the engine fails.
    pub fn evaluate_all<E>(
        &self,
        images: &[FeatureMap],
        engine: &mut E,
    ) -> Result<Vec<Evaluation>, EvaluationError<E::Error>>
    where
        E: BatchEngine,
        E::Error: Error + 'static,
    {
        images.iter().try_for_each(|image| self.check_image(image))?;
        let start = |image: &FeatureMap| Evaluation {
            activations: vec![image.clone()],
            accumulators: Vec::with_capacity(self.linear_layers().len()),
            logits: Vec::new(),
        };
        let mut all: Vec<Evaluation> = images.iter().map(start).collect();
        for node in self.nodes() {
            match node {
                Node::Linear(id, layer) => {
                    let source = self.own_source(id);
                    let inputs: Vec<&FeatureMap> =
                        all.iter().map(|values| values.activation(source)).collect();
                    let accumulators = engine
                        .accumulate_all(layer, &inputs)
                        .map_err(|source| EvaluationError::Engine { layer: layer.name().into(), source })?;
                    for (values, accumulators) in all.iter_mut().zip(accumulators) {
                        if accumulators.shape() != layer.output() {
                            return Err(EvaluationError::EngineShape {
                                layer: layer.name().into(),
                                found: accumulators.shape(),
                                expected: layer.output(),
                            });
                        }
                        values.accumulators.push(accumulators);
                    }
                }
                Node::Activation(_, activation) => {
                    let layer = || activation.name().into();
                    let made = engine
                        .activate_all(activation, &all)
                        .map_err(|source| EvaluationError::Engine { layer: layer(), source })?;
                    let Some(made) = made else {
                        all.par_iter_mut().for_each(|values| {
                            let made = activate(activation, values);
                            values.activations.push(made);
                        });
                        continue;
                    };
                    for (values, made) in all.iter_mut().zip(made) {
                        let (found, expected) = (made.shape(), activation.shape());
                        if found != expected {
                            return Err(EvaluationError::EngineShape { layer: layer(), found, expected });
                        }
                        values.activations.push(made);
                    }
                }
            }
        }
        let logits = self.logits();
        for values in &mut all {
            values.logits = logits.of(&values.accumulators[logits.source().index()]);
        }
        Ok(all)
    }

    /// The logits of an image, by the reference engine.
    ///
    /// # Errors
    /// If the image does not fit the network's input.
    pub fn infer(&self, image: &FeatureMap) -> Result<Vec<i64>, EvaluationError<Infallible>> {
        Ok(self.evaluate(image, &mut ReferenceEngine)?.logits)
    }

    /// The logits of many images, by the reference engine, in parallel; the same at any number of threads.
    ///
    /// # Errors
    /// If an image does not fit the network's input.
    pub fn infer_all(&self, images: &[FeatureMap]) -> Result<Vec<Vec<i64>>, EvaluationError<Infallible>> {
        images.par_iter().map(|image| self.infer(image)).collect()
    }

    fn check_image<E: Error>(&self, image: &FeatureMap) -> Result<(), EvaluationError<E>> {
        let input = self.input();
        if image.shape() != input.shape() {
            return Err(EvaluationError::ImageShape {
                network: self.name().into(),
                found: image.shape(),
                expected: input.shape(),
            });
        }
        match image.values().iter().find(|&&pixel| pixel > input.maximum()) {
            Some(&found) => {
                Err(EvaluationError::Pixel { network: self.name().into(), found, expected: input.maximum() })
            }
            None => Ok(()),
        }
    }
}

/// Makes an activation from earlier values. The graph was checked when it was built: every source is there and fits.
fn activate(activation: &Activation, values: &impl Values) -> FeatureMap {
    let shape = activation.shape();
    match activation.operation() {
        Operation::Input => values.activations_of(ActivationId::IMAGE).clone(),
        Operation::Requantize { addends, offsets } => {
            FeatureMap::of(shape, requantize(activation, addends, offsets, values))
        }
        Operation::MaxPool { source, window } => max_pool(values.activations_of(*source), *window, shape),
        Operation::SumPool { source, window, border } => {
            sum_pool(values.activations_of(*source), *window, *border, activation)
        }
        Operation::Concat { sources } => {
            let parts = sources.iter().flat_map(|&source| values.activations_of(source).values());
            FeatureMap::of(shape, parts.copied().collect())
        }
        Operation::Flatten { source } => {
            FeatureMap::of(shape, values.activations_of(*source).values().to_vec())
        }
        Operation::Pick { source, channels } => {
            let (map, positions) = (values.activations_of(*source), shape.positions());
            let picked =
                channels.iter().flat_map(|channel| &map.values()[channel * positions..][..positions]);
            FeatureMap::of(shape, picked.copied().collect())
        }
        Operation::Table { source, values: table } => {
            let read = values.activations_of(*source).values();
            FeatureMap::of(shape, read.iter().map(|&value| table[usize::from(value)]).collect())
        }
        Operation::Multiply { source, gate, zeros, multiplier, offset } => {
            let [a, b] = [source, gate].map(|id| values.activations_of(*id));
            FeatureMap::of(shape, multiply(activation.bounds(), [a, b], zeros, (*multiplier, *offset)))
        }
    }
}

fn requantize(
    activation: &Activation,
    addends: &[Addend],
    offsets: &[i64],
    values: &impl Values,
) -> Vec<u16> {
    let positions = activation.shape().positions();
    let mut sums: Vec<i64> =
        offsets.iter().flat_map(|&offset| std::iter::repeat_n(offset, positions)).collect();
    for addend in addends {
        match addend {
            Addend::Accumulators { source, multipliers } => {
                add_scaled(&mut sums, values.accumulators_of(*source), multipliers);
            }
            Addend::Activations { source, multipliers } => {
                add_scaled(&mut sums, values.activations_of(*source), multipliers);
            }
        }
    }
    let bounds = activation.bounds();
    sums.into_iter().map(|sum| bounds.clamp(sum >> FRACTION_BITS)).collect()
}

/// Products of values and gates.
fn multiply(
    bounds: Bounds,
    [source, gate]: [&FeatureMap; 2],
    zeros: &[[u16; 2]],
    (multiplier, offset): (i64, i64),
) -> Vec<u16> {
    let channels = source.channels().zip(gate.channels()).zip(zeros);
    let of_channel = |((values, gates), zeros): ((&[u16], &[u16]), &[u16; 2])| -> Vec<u16> {
        let [of_value, of_gate] = zeros.map(i64::from);
        let product = |(place, &value): (usize, &u16)| {
            // A gate of one position stands for all.
            let gate = gates[place.min(gates.len() - 1)];
            let product = (i64::from(value) - of_value) * (i64::from(gate) - of_gate);
            bounds.clamp((product * multiplier + offset) >> FRACTION_BITS)
        };
        values.iter().enumerate().map(product).collect()
    };
    channels.flat_map(of_channel).collect()
}

/// Adds values, each times its channel's multiplier.
fn add_scaled<T: Copy + Into<i64>>(sums: &mut [i64], values: &ChannelMajor<T>, multipliers: &[i64]) {
    let channels = sums.chunks_exact_mut(values.shape().positions()).zip(values.channels());
    for ((sums, values), multiplier) in channels.zip(multipliers) {
        for (sum, &value) in sums.iter_mut().zip(values) {
            *sum = sum.saturating_add(value.into().saturating_mul(*multiplier));
        }
    }
}

fn max_pool(input: &FeatureMap, window: Window, output: Shape) -> FeatureMap {
    // Padding never wins: no activation is below 0, and every window holds one.
    pool(input, window, output, |_, values| values.flatten().max().unwrap_or(0))
}

fn sum_pool(input: &FeatureMap, window: Window, border: Border, activation: &Activation) -> FeatureMap {
    pool(input, window, activation.shape(), |channel, values| match border {
        Border::Zero => {
            // What stands for 0 in a sum is as many times what stands for it in a value as the window has taps.
            let padding = usize::from(activation.zeros()[channel]) / window.taps();
            values.map(|value| value.unwrap_or(padding as u16)).sum()
        }
        Border::LeftOut => {
            let taps = window.taps();
            let zero = i64::from(activation.zeros()[channel]) / taps as i64;
            let (sum, inside) = values
                .flatten()
                .fold((0, 0), |(sum, inside), value| (sum + i64::from(value) - zero, inside + 1));
            // No more than the largest value times the taps, which the graph has checked to fit.
            (Border::of_part(sum, inside, taps) + zero * taps as i64)
                .clamp(0, i64::from(activation.maximum())) as u16
        }
    })
}

/// Makes one value of the values under each window, `None` in the padding.
fn pool(
    input: &FeatureMap,
    window: Window,
    output: Shape,
    combine: impl Fn(usize, &mut dyn Iterator<Item = Option<u16>>) -> u16,
) -> FeatureMap {
    let width = input.shape().width;
    let mut pooled = Vec::with_capacity(output.len());
    for (index, channel) in input.channels().enumerate() {
        for row in 0..output.height {
            for column in 0..output.width {
                let mut values = (0..window.taps()).map(|tap| {
                    let tap = (tap / window.kernel_width(), tap % window.kernel_width());
                    let (y, x) = window.source(input.shape(), (row, column), tap)?;
                    Some(channel[y * width + x])
                });
                pooled.push(combine(index, &mut values));
            }
        }
    }
    FeatureMap::of(output, pooled)
}
