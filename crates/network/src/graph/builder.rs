//! Builds a network's graph, and checks every node as it comes.

use std::collections::BTreeSet;

use super::{
    Activation, ActivationId, Addend, Border, Bounds, GraphError, LayerId, Logits, Network, Operation,
    Rounding, Step,
};
use crate::{LinearLayer, Shape, Window};

/// The shape of a pool's result; its maximum and bounds, and its zeros, if it were the largest value of each window.
type Pooled = (Shape, (u16, Bounds), Vec<u16>);

/// Builds a [`Network`] node by node, in execution order.
#[derive(Debug)]
pub struct NetworkBuilder {
    names: BTreeSet<String>,
    activations: Vec<Activation>,
    layers: Vec<LinearLayer>,
    layer_sources: Vec<ActivationId>,
    steps: Vec<Step>,
}

impl NetworkBuilder {
    /// A network that reads images of the given shape and pixels up to `maximum`.
    pub fn new(image: Shape, maximum: u16) -> Self {
        let name = String::from("input");
        Self {
            names: BTreeSet::from([name.clone()]),
            activations: vec![Activation {
                name,
                shape: image,
                maximum,
                bounds: Bounds::up_to(maximum),
                zeros: vec![0; image.channels],
                operation: Operation::Input,
            }],
            layers: Vec::new(),
            layer_sources: Vec::new(),
            steps: Vec::new(),
        }
    }

    /// The same with the pixel value that stands for 0, for each channel.
    ///
    /// # Errors
    /// If there are not as many as channels, or one is larger than a pixel can be.
    pub fn with_image_zeros(mut self, zeros: Vec<u16>) -> Result<Self, GraphError> {
        let image = &mut self.activations[0];
        let node = image.name.clone();
        check_count(&node, zeros.len(), image.shape)?;
        if let Some(&found) = zeros.iter().find(|&&zero| zero > image.maximum) {
            return Err(GraphError::Zero { node, found, maximum: image.maximum });
        }
        image.zeros = zeros;
        Ok(self)
    }

    /// What is known of an activation so far; `None` for an id of another network.
    pub fn activation(&self, id: ActivationId) -> Option<&Activation> {
        self.activations.get(id.0)
    }

    /// The activation of a name, if it was added.
    pub fn activation_named(&self, name: &str) -> Option<ActivationId> {
        self.activations.iter().position(|activation| activation.name == name).map(ActivationId)
    }

    /// The layers added so far.
    pub fn layer(&self, id: LayerId) -> Option<&LinearLayer> {
        self.layers.get(id.0)
    }

    /// Whether a node has that name.
    pub fn is_taken(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// Adds a layer that reads `source`.
    ///
    /// # Errors
    /// If the name is taken, or the source's shape or range is not the one that the layer was made for.
    pub fn linear(&mut self, source: ActivationId, layer: LinearLayer) -> Result<LayerId, GraphError> {
        let input = self.source(layer.name(), source)?;
        if input.shape != layer.input() {
            return Err(GraphError::Shape {
                node: layer.name().into(),
                found: input.shape,
                expected: layer.input(),
            });
        }
        if input.maximum != layer.input_maximum() {
            return Err(GraphError::Range {
                node: layer.name().into(),
                found: input.maximum,
                expected: layer.input_maximum(),
            });
        }
        if input.zeros != layer.input_zeros() {
            return Err(GraphError::Zeros {
                node: layer.name().into(),
                found: input.zeros.clone(),
                expected: layer.input_zeros().into(),
            });
        }
        self.claim(layer.name())?;
        let id = LayerId(self.layers.len());
        self.layers.push(layer);
        self.layer_sources.push(source);
        self.steps.push(Step::Linear(id));
        Ok(id)
    }

    /// Adds a requantization to activations of `bits` bits, of which 0 stands for 0.
    ///
    /// # Errors
    /// If the name is taken, the addends' shapes differ, there are not as many parameters as channels, the bits are not 1 to
    /// 16, or a sum could overflow.
    pub fn requantize(
        &mut self,
        name: &str,
        addends: Vec<Addend>,
        offsets: Vec<i64>,
        bits: u32,
    ) -> Result<ActivationId, GraphError> {
        self.requantize_to(name, addends, offsets, Rounding::bits(bits))
    }

    /// The same to other integers: the offsets hold what stands for 0 already, and whoever reads the activations fills padding
    /// with it.
    ///
    /// # Errors
    /// As for [`Self::requantize`], or if the activations do not reach what stands for 0, or their bounds.
    pub fn requantize_to(
        &mut self,
        name: &str,
        addends: Vec<Addend>,
        offsets: Vec<i64>,
        rounding: Rounding,
    ) -> Result<ActivationId, GraphError> {
        let range = rounded(name, rounding)?;
        let mut shape = None;
        let mut reach: Vec<u128> = offsets.iter().map(|offset| u128::from(offset.unsigned_abs())).collect();
        for addend in &addends {
            let found = match addend {
                Addend::Accumulators { source, .. } => self.accumulators(name, *source)?,
                Addend::Activations { source, .. } => self.source(name, *source)?.shape,
            };
            let expected = *shape.get_or_insert(found);
            if found != expected {
                return Err(GraphError::Shape { node: name.into(), found, expected });
            }
            check_count(name, addend.multipliers().len(), expected)?;
            let most = match addend {
                Addend::Accumulators { source, .. } => self.accumulator_reach(*source),
                Addend::Activations { source, .. } => {
                    let maximum = self.source(name, *source)?.maximum;
                    vec![u128::from(maximum); expected.channels]
                }
            };
            for ((reach, multiplier), most) in reach.iter_mut().zip(addend.multipliers()).zip(most) {
                *reach += u128::from(multiplier.unsigned_abs()) * most;
            }
        }
        let shape = shape.ok_or_else(|| GraphError::NoAddend(name.into()))?;
        check_count(name, offsets.len(), shape)?;
        check_reach(name, &reach)?;
        let zeros = vec![rounding.zero; shape.channels];
        self.add(name, shape, range, zeros, Operation::Requantize { addends, offsets })
    }

    /// Adds a max pool.
    ///
    /// # Errors
    /// If the name is taken or the window does not fit.
    pub fn max_pool(
        &mut self,
        name: &str,
        source: ActivationId,
        window: Window,
    ) -> Result<ActivationId, GraphError> {
        let (pooled, range, zeros) = self.pooled(name, source, window)?;
        self.add(name, pooled, range, zeros, Operation::MaxPool { source, window })
    }

    /// Adds the sum over each window of each channel; the padding counts with what stands for 0.
    ///
    /// # Errors
    /// If the name is taken, the window does not fit or a sum could leave 16 bits.
    pub fn sum_pool(
        &mut self,
        name: &str,
        source: ActivationId,
        window: Window,
    ) -> Result<ActivationId, GraphError> {
        self.sum_pool_with(name, source, window, Border::Zero)
    }

    /// The same with a choice of what the padding counts.
    ///
    /// # Errors
    /// As for [`Self::sum_pool`].
    pub fn sum_pool_with(
        &mut self,
        name: &str,
        source: ActivationId,
        window: Window,
        border: Border,
    ) -> Result<ActivationId, GraphError> {
        let (pooled, (maximum, bounds), zeros) = self.pooled(name, source, window)?;
        let positions = window.taps();
        let overflow = || GraphError::PoolOverflow { node: name.into(), positions, maximum };
        let taps = u16::try_from(positions).map_err(|_| overflow())?;
        let most = taps.checked_mul(maximum).ok_or_else(overflow)?;
        // Nothing that stands for 0 is larger than the maximum, and no bound is.
        let zeros = zeros.into_iter().map(|zero| zero * taps).collect();
        let bounds = match border {
            Border::LeftOut => Bounds::new(bounds.low() * taps, bounds.high() * taps),
            // A corner may hold zeros for the most part.
            Border::Zero => None,
        };
        let range = (most, bounds.unwrap_or(Bounds::up_to(most)));
        self.add(name, pooled, range, zeros, Operation::SumPool { source, window, border })
    }

    /// Adds the sum over all positions of each channel.
    ///
    /// # Errors
    /// As for [`Self::sum_pool`].
    pub fn global_sum_pool(&mut self, name: &str, source: ActivationId) -> Result<ActivationId, GraphError> {
        let input = self.source(name, source)?.shape;
        let window =
            Window::whole(input).ok_or_else(|| GraphError::DoesNotFit { node: name.into(), input })?;
        self.sum_pool(name, source, window)
    }

    /// Adds the channels of several activations, one after the other. Its maximum is the largest of theirs.
    ///
    /// # Errors
    /// If the name is taken, there is nothing to put together, or heights and widths differ.
    pub fn concat(&mut self, name: &str, sources: Vec<ActivationId>) -> Result<ActivationId, GraphError> {
        let &[first, ..] = sources.as_slice() else {
            return Err(GraphError::NothingToConcat(name.into()));
        };
        let first = self.source(name, first)?.shape;
        let (mut channels, mut maximum, mut bounds, mut zeros) = (0, 0, None::<Bounds>, Vec::new());
        for &source in &sources {
            let part = self.source(name, source)?;
            let other = part.shape;
            if (other.height, other.width) != (first.height, first.width) {
                return Err(GraphError::Concat { node: name.into(), first, other });
            }
            channels += other.channels;
            maximum = maximum.max(part.maximum);
            bounds = Some(bounds.map_or(part.bounds, |bounds| bounds.joined(part.bounds)));
            zeros.extend_from_slice(&part.zeros);
        }
        let shape = Shape { channels, ..first };
        let range = (maximum, bounds.unwrap_or(Bounds::up_to(maximum)));
        self.add(name, shape, range, zeros, Operation::Concat { sources })
    }

    /// Adds the same values as channels of one position.
    ///
    /// # Errors
    /// If the name is taken.
    pub fn flatten(&mut self, name: &str, source: ActivationId) -> Result<ActivationId, GraphError> {
        let &Activation { shape, maximum, bounds, ref zeros, .. } = self.source(name, source)?;
        let zeros = zeros.iter().flat_map(|&zero| std::iter::repeat_n(zero, shape.positions())).collect();
        let flat = Shape::new(shape.len(), 1, 1);
        self.add(name, flat, (maximum, bounds), zeros, Operation::Flatten { source })
    }

    /// Adds some channels of an activation, in the order given; one may come more than once.
    ///
    /// # Errors
    /// If the name is taken, no channel is picked, or one that is not there.
    pub fn pick(
        &mut self,
        name: &str,
        source: ActivationId,
        channels: Vec<usize>,
    ) -> Result<ActivationId, GraphError> {
        let &Activation { shape, maximum, bounds, ref zeros, .. } = self.source(name, source)?;
        let picked = channels.iter().map(|&channel| zeros.get(channel).copied());
        let zeros = picked.collect::<Option<Vec<u16>>>().filter(|zeros| !zeros.is_empty());
        let wrong = || GraphError::Pick { node: name.into(), channels: shape.channels };
        let zeros = zeros.ok_or_else(wrong)?;
        let shape = Shape { channels: channels.len(), ..shape };
        self.add(name, shape, (maximum, bounds), zeros, Operation::Pick { source, channels })
    }

    /// Adds what a table holds for each value.
    ///
    /// # Errors
    /// If the name is taken, the bits are not 1 to 16, or the table has not one value of these bits for each that the source's
    /// bits can hold.
    pub fn table(
        &mut self,
        name: &str,
        source: ActivationId,
        values: Vec<u16>,
        rounding: Rounding,
    ) -> Result<ActivationId, GraphError> {
        let &Activation { shape, maximum: read, .. } = self.source(name, source)?;
        let (maximum, _) = rounded(name, rounding)?;
        let expected = usize::from(read) + 1;
        let most = values.iter().copied().max().unwrap_or(0);
        if values.len() != expected || most > maximum {
            return Err(GraphError::Table {
                node: name.into(),
                found: values.len(),
                most,
                expected,
                maximum,
            });
        }
        let low = values.iter().copied().min().unwrap_or(0);
        let bounds = Bounds::new(low, most).unwrap_or(Bounds::up_to(maximum));
        let zeros = vec![rounding.zero; shape.channels];
        self.add(name, shape, (maximum, bounds), zeros, Operation::Table { source, values })
    }

    /// Adds the product of two activations, each less what stands for 0 in it, requantized.
    ///
    /// # Errors
    /// If the name is taken, the gate has neither the source's shape nor one position of as many channels, the rounding is not
    /// one of integers of 1 to 16 bits, or a product could overflow.
    pub fn multiply(
        &mut self,
        name: &str,
        [source, gate]: [ActivationId; 2],
        (multiplier, offset): (i64, i64),
        rounding: Rounding,
    ) -> Result<ActivationId, GraphError> {
        let &Activation { shape, ref zeros, .. } = self.source(name, source)?;
        let &Activation { shape: found, zeros: ref gate_zeros, .. } = self.source(name, gate)?;
        let expected = Shape::new(shape.channels, 1, 1);
        if found != shape && found != expected {
            return Err(GraphError::Shape { node: name.into(), found, expected });
        }
        let most = u128::from(u16::MAX) * u128::from(u16::MAX);
        let reach = most * u128::from(multiplier.unsigned_abs()) + u128::from(offset.unsigned_abs());
        check_reach(name, &[reach])?;
        let range = rounded(name, rounding)?;
        let pairs = zeros.iter().zip(gate_zeros).map(|(&a, &b)| [a, b]).collect();
        let operation = Operation::Multiply { source, gate, zeros: pairs, multiplier, offset };
        self.add(name, shape, range, vec![rounding.zero; shape.channels], operation)
    }

    /// Ends the network with the logits of a layer of one output position.
    ///
    /// # Errors
    /// If the layer has more than one position, there are not as many parameters as classes, a logit could overflow, or a
    /// value of the network is read by nothing.
    pub fn finish(
        self,
        name: impl Into<String>,
        source: LayerId,
        multipliers: Vec<i64>,
        offsets: Vec<i64>,
    ) -> Result<Network, GraphError> {
        let node = "logits";
        let shape = self.accumulators(node, source)?;
        let expected = Shape::new(shape.channels, 1, 1);
        if shape != expected {
            return Err(GraphError::Shape { node: node.into(), found: shape, expected });
        }
        check_count(node, multipliers.len(), shape)?;
        check_count(node, offsets.len(), shape)?;
        let most = self.accumulator_reach(source);
        let reach = multipliers.iter().zip(&offsets).zip(most).map(|((multiplier, offset), most)| {
            u128::from(multiplier.unsigned_abs()) * most + u128::from(offset.unsigned_abs())
        });
        check_reach(node, &reach.collect::<Vec<_>>())?;
        let network = Network {
            name: name.into(),
            activations: self.activations,
            layers: self.layers,
            layer_sources: self.layer_sources,
            steps: self.steps,
            logits: Logits { source, multipliers, offsets },
        };
        match network.unread() {
            Some(name) => Err(GraphError::Unread(name.into())),
            None => Ok(network),
        }
    }

    /// What a pool makes of a source: the shape, and the source's maximum, bounds and zeros.
    fn pooled(&self, name: &str, source: ActivationId, window: Window) -> Result<Pooled, GraphError> {
        let &Activation { shape, maximum, bounds, ref zeros, .. } = self.source(name, source)?;
        let (height, width) =
            window.output(shape).ok_or_else(|| GraphError::DoesNotFit { node: name.into(), input: shape })?;
        Ok((Shape::new(shape.channels, height, width), (maximum, bounds), zeros.clone()))
    }

    fn source(&self, node: &str, id: ActivationId) -> Result<&Activation, GraphError> {
        self.activations.get(id.0).ok_or_else(|| GraphError::UnknownSource(node.into()))
    }

    fn accumulators(&self, node: &str, id: LayerId) -> Result<Shape, GraphError> {
        let layer = self.layers.get(id.0).ok_or_else(|| GraphError::UnknownSource(node.into()))?;
        Ok(layer.output())
    }

    /// For each output of a layer, the largest magnitude that an accumulator can have. One that a faulty machine makes larger than
    /// that is multiplied all the same, and what then leaves 64 bits is saturated.
    fn accumulator_reach(&self, id: LayerId) -> Vec<u128> {
        let Some(layer) = self.layers.get(id.0) else { return Vec::new() };
        let (weights, maximum) = (layer.weights(), u128::from(layer.input_maximum()));
        let nonzeros = |output| weights.filter(output).iter().filter(|&&weight| weight != 0).count();
        (0..weights.outputs()).map(|output| nonzeros(output) as u128 * maximum).collect()
    }

    fn claim(&mut self, name: &str) -> Result<(), GraphError> {
        if !self.names.insert(name.into()) {
            return Err(GraphError::DuplicateName(name.into()));
        }
        Ok(())
    }

    fn add(
        &mut self,
        name: &str,
        shape: Shape,
        (maximum, bounds): (u16, Bounds),
        zeros: Vec<u16>,
        operation: Operation,
    ) -> Result<ActivationId, GraphError> {
        self.claim(name)?;
        let id = ActivationId(self.activations.len());
        self.activations.push(Activation { name: name.into(), shape, maximum, bounds, zeros, operation });
        self.steps.push(Step::Activation(id));
        Ok(id)
    }
}

/// The maximum of integers of some bits, and their bounds.
fn rounded(node: &str, rounding: Rounding) -> Result<(u16, Bounds), GraphError> {
    let Rounding { bits, zero, bounds } = rounding;
    if !(1..=16).contains(&bits) {
        return Err(GraphError::Bits { node: node.into(), bits });
    }
    let maximum = u16::MAX >> (u16::BITS - bits);
    if zero > maximum {
        return Err(GraphError::Zero { node: node.into(), found: zero, maximum });
    }
    let bounds = bounds.unwrap_or(Bounds::up_to(maximum));
    if bounds.high() > maximum {
        return Err(GraphError::Bound { node: node.into(), found: bounds.high(), maximum });
    }
    Ok((maximum, bounds))
}

fn check_count(node: &str, found: usize, shape: Shape) -> Result<(), GraphError> {
    if found != shape.channels {
        return Err(GraphError::ParameterCount { node: node.into(), found, expected: shape.channels });
    }
    Ok(())
}

fn check_reach(node: &str, reach: &[u128]) -> Result<(), GraphError> {
    match reach.iter().position(|&reach| reach > u128::from(i64::MAX.unsigned_abs())) {
        Some(channel) => Err(GraphError::SumOverflow { node: node.into(), channel }),
        None => Ok(()),
    }
}
