//! Builds a network's graph, and checks every node as it comes.

use std::collections::BTreeSet;

use super::{Activation, ActivationId, Addend, GraphError, LayerId, Logits, Network, Operation, Step};
use crate::{LinearLayer, Shape, Window};

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
        self.requantize_around(name, addends, offsets, bits, 0)
    }

    /// The same, but `zero` stands for 0: the offsets hold it already, and whoever reads the activations fills padding with it.
    ///
    /// # Errors
    /// As for [`Self::requantize`], or if the activations do not reach `zero`.
    pub fn requantize_around(
        &mut self,
        name: &str,
        addends: Vec<Addend>,
        offsets: Vec<i64>,
        bits: u32,
        zero: u16,
    ) -> Result<ActivationId, GraphError> {
        if !(1..=16).contains(&bits) {
            return Err(GraphError::Bits { node: name.into(), bits });
        }
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
            // Whoever computes the accumulators, faultily or not, they are 32 bits wide.
            let most = match addend {
                Addend::Accumulators { .. } => 1 << 31,
                Addend::Activations { .. } => u128::from(u16::MAX),
            };
            for (reach, multiplier) in reach.iter_mut().zip(addend.multipliers()) {
                *reach += u128::from(multiplier.unsigned_abs()) * most;
            }
        }
        let shape = shape.ok_or_else(|| GraphError::NoAddend(name.into()))?;
        check_count(name, offsets.len(), shape)?;
        check_reach(name, &reach)?;
        let maximum = u16::MAX >> (u16::BITS - bits);
        if zero > maximum {
            return Err(GraphError::Zero { node: name.into(), found: zero, maximum });
        }
        self.add(name, shape, maximum, vec![zero; shape.channels], Operation::Requantize { addends, offsets })
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
        let (pooled, maximum, zeros) = self.pooled(name, source, window)?;
        self.add(name, pooled, maximum, zeros, Operation::MaxPool { source, window })
    }

    /// Adds the sum over each window of each channel.
    ///
    /// # Errors
    /// If the name is taken, the window does not fit or a sum could leave 16 bits.
    pub fn sum_pool(
        &mut self,
        name: &str,
        source: ActivationId,
        window: Window,
    ) -> Result<ActivationId, GraphError> {
        let (pooled, maximum, zeros) = self.pooled(name, source, window)?;
        let positions = window.taps();
        let overflow = || GraphError::PoolOverflow { node: name.into(), positions, maximum };
        let taps = u16::try_from(positions).map_err(|_| overflow())?;
        let most = taps.checked_mul(maximum).ok_or_else(overflow)?;
        // Nothing that stands for 0 is larger than the maximum.
        let zeros = zeros.into_iter().map(|zero| zero * taps).collect();
        self.add(name, pooled, most, zeros, Operation::SumPool { source, window })
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
        let (mut channels, mut maximum, mut zeros) = (0, 0, Vec::new());
        for &source in &sources {
            let part = self.source(name, source)?;
            let other = part.shape;
            if (other.height, other.width) != (first.height, first.width) {
                return Err(GraphError::Concat { node: name.into(), first, other });
            }
            channels += other.channels;
            maximum = maximum.max(part.maximum);
            zeros.extend_from_slice(&part.zeros);
        }
        let shape = Shape { channels, ..first };
        self.add(name, shape, maximum, zeros, Operation::Concat { sources })
    }

    /// Adds the same values as channels of one position.
    ///
    /// # Errors
    /// If the name is taken.
    pub fn flatten(&mut self, name: &str, source: ActivationId) -> Result<ActivationId, GraphError> {
        let &Activation { shape, maximum, ref zeros, .. } = self.source(name, source)?;
        let zeros = zeros.iter().flat_map(|&zero| std::iter::repeat_n(zero, shape.positions())).collect();
        self.add(name, Shape::new(shape.len(), 1, 1), maximum, zeros, Operation::Flatten { source })
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
        let reach = multipliers.iter().zip(&offsets).map(|(multiplier, offset)| {
            (u128::from(multiplier.unsigned_abs()) << 31) + u128::from(offset.unsigned_abs())
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

    /// What a pool makes of a source: the shape, and the source's maximum and zeros.
    fn pooled(
        &self,
        name: &str,
        source: ActivationId,
        window: Window,
    ) -> Result<(Shape, u16, Vec<u16>), GraphError> {
        let &Activation { shape, maximum, ref zeros, .. } = self.source(name, source)?;
        let (height, width) =
            window.output(shape).ok_or_else(|| GraphError::DoesNotFit { node: name.into(), input: shape })?;
        Ok((Shape::new(shape.channels, height, width), maximum, zeros.clone()))
    }

    fn source(&self, node: &str, id: ActivationId) -> Result<&Activation, GraphError> {
        self.activations.get(id.0).ok_or_else(|| GraphError::UnknownSource(node.into()))
    }

    fn accumulators(&self, node: &str, id: LayerId) -> Result<Shape, GraphError> {
        let layer = self.layers.get(id.0).ok_or_else(|| GraphError::UnknownSource(node.into()))?;
        Ok(layer.output())
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
        maximum: u16,
        zeros: Vec<u16>,
        operation: Operation,
    ) -> Result<ActivationId, GraphError> {
        self.claim(name)?;
        let id = ActivationId(self.activations.len());
        self.activations.push(Activation { name: name.into(), shape, maximum, zeros, operation });
        self.steps.push(Step::Activation(id));
        Ok(id)
    }
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
