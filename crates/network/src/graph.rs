//! The typed graph: which values there are and how each is made from earlier ones.

use std::collections::BTreeSet;

use crate::linear::bits_of;
use crate::{LinearLayer, LinearLayerError, Shape, Window};

/// Fraction bits of the fixed-point multipliers and offsets of a requantization and of the logits.
pub const FRACTION_BITS: u32 = 24;

/// One of a network's activation values. Ids are handed out by the [`NetworkBuilder`], so every edge of the graph leads to an
/// earlier node, and a value of one kind cannot be used where the other is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ActivationId(usize);

/// One of a network's linear layers, and the accumulators that it makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LayerId(usize);

impl ActivationId {
    /// The image.
    pub const IMAGE: Self = Self(0);

    /// Its place among the activations, in execution order; the image is 0.
    pub const fn index(self) -> usize {
        self.0
    }
}

impl LayerId {
    /// Its place among the linear layers, in execution order.
    pub const fn index(self) -> usize {
        self.0
    }
}

/// An activation value: unsigned integers in `0..=maximum`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activation {
    name: String,
    shape: Shape,
    maximum: u16,
    operation: Operation,
}

impl Activation {
    /// Its name, unique in the network.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Channels, height and width.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// The largest value it can hold; the smallest is 0.
    pub fn maximum(&self) -> u16 {
        self.maximum
    }

    /// The bits that a value needs.
    pub fn bits(&self) -> u32 {
        bits_of(self.maximum)
    }

    /// How it is made.
    pub fn operation(&self) -> &Operation {
        &self.operation
    }
}

/// How an activation is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    /// It is the image.
    Input,
    /// `clamp((Σ addends + offset[channel]) >> FRACTION_BITS, 0, maximum)`, sums in 64 bits, the shift arithmetic.
    Requantize {
        /// What is summed up, at least one.
        addends: Vec<Addend>,
        /// Per channel, with [`FRACTION_BITS`] fraction bits; the one half that rounds is in it.
        offsets: Vec<i64>,
    },
    /// The largest value in each window; padding never wins, since activations are not negative.
    MaxPool {
        /// What is pooled.
        source: ActivationId,
        /// Kernel, stride and padding.
        window: Window,
    },
    /// The sum over all positions of each channel.
    SumPool {
        /// What is summed up.
        source: ActivationId,
    },
    /// The same values, channel-major, as channels of one position.
    Flatten {
        /// What is flattened.
        source: ActivationId,
    },
}

/// One addend of a requantization, with [`FRACTION_BITS`] fraction bits after its multiplication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Addend {
    /// A layer's accumulators, times a multiplier per channel.
    Accumulators {
        /// The layer.
        source: LayerId,
        /// Per channel.
        multipliers: Vec<i64>,
    },
    /// Activations times one multiplier: a residual block's identity shortcut.
    Activations {
        /// The activations.
        source: ActivationId,
        /// For all channels.
        multiplier: i64,
    },
}

/// The network's result: `logit[k] = acc[k] · multiplier[k] + offset[k]`, in 64 bits, with [`FRACTION_BITS`] fraction bits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logits {
    source: LayerId,
    multipliers: Vec<i64>,
    offsets: Vec<i64>,
}

impl Logits {
    /// The layer whose accumulators it reads.
    pub fn source(&self) -> LayerId {
        self.source
    }

    /// Per class.
    pub fn multipliers(&self) -> &[i64] {
        &self.multipliers
    }

    /// Per class.
    pub fn offsets(&self) -> &[i64] {
        &self.offsets
    }
}

/// A step of the network's execution.
#[derive(Debug, Clone, Copy)]
pub enum Node<'a> {
    /// Accumulators from activations.
    Linear(LayerId, &'a LinearLayer),
    /// Activations from earlier values.
    Activation(ActivationId, &'a Activation),
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Linear(LayerId),
    Activation(ActivationId),
}

/// A network with ternary weights and unsigned activations: a graph without cycles, checked when it was built.
#[derive(Debug, Clone)]
pub struct Network {
    name: String,
    activations: Vec<Activation>,
    layers: Vec<LinearLayer>,
    layer_sources: Vec<ActivationId>,
    steps: Vec<Step>,
    logits: Logits,
}

/// Why nodes do not make a network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GraphError {
    /// A layer does not fit its weights or input.
    #[error(transparent)]
    Layer(#[from] LinearLayerError),
    /// Two nodes have one name.
    #[error("layer `{0}`: a second one of that name")]
    DuplicateName(String),
    /// A node reads a value that this network does not have.
    #[error("layer `{0}`: reads a value of another network")]
    UnknownSource(String),
    /// A value has another shape than its reader needs.
    #[error("layer `{node}`: reads a value of shape {found}; expected {expected}")]
    Shape {
        /// The reader.
        node: String,
        /// The value's shape.
        found: Shape,
        /// The shape needed.
        expected: Shape,
    },
    /// A value's range is not the one that its reader was made for.
    #[error("layer `{node}`: made for inputs up to {expected}, but they reach {found}")]
    Range {
        /// The reader.
        node: String,
        /// The value's maximum.
        found: u16,
        /// The maximum that the reader was made for.
        expected: u16,
    },
    /// There are not as many multipliers or offsets as channels.
    #[error(
        "layer `{node}`: {found} multipliers or offsets found; expected one for each of {expected} channels"
    )]
    ParameterCount {
        /// The node.
        node: String,
        /// How many there are.
        found: usize,
        /// The number of channels.
        expected: usize,
    },
    /// A requantization of nothing.
    #[error("layer `{0}`: a requantization needs at least one addend")]
    NoAddend(String),
    /// Activations cannot have that many bits.
    #[error("layer `{node}`: activations of {bits} bits; expected 1 to 16")]
    Bits {
        /// The node.
        node: String,
        /// Bits asked for.
        bits: u32,
    },
    /// The 64-bit sum of a requantization or of a logit could overflow.
    #[error("layer `{node}`: the sum of channel {channel} can leave 64 bits")]
    SumOverflow {
        /// The node.
        node: String,
        /// The channel.
        channel: usize,
    },
    /// A sum over all positions could leave 16 bits.
    #[error("layer `{node}`: the sum over {positions} positions of up to {maximum} can leave 16 bits")]
    PoolOverflow {
        /// The node.
        node: String,
        /// Positions summed up.
        positions: usize,
        /// Maximum of each.
        maximum: u16,
    },
    /// The padded input is smaller than the window.
    #[error("layer `{node}`: the window does not fit into the padded input {input}")]
    DoesNotFit {
        /// The node.
        node: String,
        /// The input's shape.
        input: Shape,
    },
    /// A value that nothing reads.
    #[error("layer `{0}`: nothing reads its output")]
    Unread(String),
}

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
            activations: vec![Activation { name, shape: image, maximum, operation: Operation::Input }],
            layers: Vec::new(),
            layer_sources: Vec::new(),
            steps: Vec::new(),
        }
    }

    /// What is known of an activation so far; `None` for an id of another network.
    pub fn activation(&self, id: ActivationId) -> Option<&Activation> {
        self.activations.get(id.0)
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
        self.claim(layer.name())?;
        let id = LayerId(self.layers.len());
        self.layers.push(layer);
        self.layer_sources.push(source);
        self.steps.push(Step::Linear(id));
        Ok(id)
    }

    /// Adds a requantization to activations of `bits` bits.
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
            match addend {
                Addend::Accumulators { multipliers, .. } => {
                    check_count(name, multipliers.len(), expected)?;
                    // Whoever computes the accumulators, faultily or not, they are 32 bits wide.
                    for (reach, multiplier) in reach.iter_mut().zip(multipliers) {
                        *reach += u128::from(multiplier.unsigned_abs()) << 31;
                    }
                }
                Addend::Activations { multiplier, .. } => {
                    let most = u128::from(multiplier.unsigned_abs()) * u128::from(u16::MAX);
                    reach.iter_mut().for_each(|reach| *reach += most);
                }
            }
        }
        let shape = shape.ok_or_else(|| GraphError::NoAddend(name.into()))?;
        check_count(name, offsets.len(), shape)?;
        check_reach(name, &reach)?;
        let maximum = u16::MAX >> (u16::BITS - bits);
        self.add(name, shape, maximum, Operation::Requantize { addends, offsets })
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
        let &Activation { shape, maximum, .. } = self.source(name, source)?;
        let (height, width) =
            window.output(shape).ok_or_else(|| GraphError::DoesNotFit { node: name.into(), input: shape })?;
        self.add(
            name,
            Shape::new(shape.channels, height, width),
            maximum,
            Operation::MaxPool { source, window },
        )
    }

    /// Adds a sum over all positions of each channel.
    ///
    /// # Errors
    /// If the name is taken or a sum could leave 16 bits.
    pub fn sum_pool(&mut self, name: &str, source: ActivationId) -> Result<ActivationId, GraphError> {
        let &Activation { shape, maximum, .. } = self.source(name, source)?;
        let positions = shape.positions();
        let most = u16::try_from(positions).ok().and_then(|positions| positions.checked_mul(maximum));
        let most = most.ok_or_else(|| GraphError::PoolOverflow { node: name.into(), positions, maximum })?;
        self.add(name, Shape::new(shape.channels, 1, 1), most, Operation::SumPool { source })
    }

    /// Adds the same values as channels of one position.
    ///
    /// # Errors
    /// If the name is taken.
    pub fn flatten(&mut self, name: &str, source: ActivationId) -> Result<ActivationId, GraphError> {
        let &Activation { shape, maximum, .. } = self.source(name, source)?;
        self.add(name, Shape::new(shape.len(), 1, 1), maximum, Operation::Flatten { source })
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
        operation: Operation,
    ) -> Result<ActivationId, GraphError> {
        self.claim(name)?;
        let id = ActivationId(self.activations.len());
        self.activations.push(Activation { name: name.into(), shape, maximum, operation });
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

impl Network {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The image that it reads.
    pub fn input(&self) -> &Activation {
        &self.activations[0]
    }

    /// The number of classes.
    pub fn classes(&self) -> usize {
        self.logits.multipliers.len()
    }

    /// The linear layers, in execution order.
    pub fn linear_layers(&self) -> impl ExactSizeIterator<Item = (LayerId, &LinearLayer)> {
        self.layers.iter().enumerate().map(|(index, layer)| (LayerId(index), layer))
    }

    /// A linear layer; `None` for an id of another network.
    pub fn layer(&self, id: LayerId) -> Option<&LinearLayer> {
        self.layers.get(id.0)
    }

    /// The layer of a name.
    pub fn layer_named(&self, name: &str) -> Option<(LayerId, &LinearLayer)> {
        self.linear_layers().find(|(_, layer)| layer.name() == name)
    }

    /// Which activation a layer reads; `None` for an id of another network.
    pub fn source(&self, layer: LayerId) -> Option<ActivationId> {
        self.layer_sources.get(layer.0).copied()
    }

    /// An activation value; `None` for an id of another network.
    pub fn activation(&self, id: ActivationId) -> Option<&Activation> {
        self.activations.get(id.0)
    }

    /// The activation of a name.
    pub fn activation_named(&self, name: &str) -> Option<(ActivationId, &Activation)> {
        let mut activations = self.activations.iter().enumerate();
        activations
            .find(|(_, activation)| activation.name == name)
            .map(|(index, activation)| (ActivationId(index), activation))
    }

    /// Every node after the image, in execution order.
    pub fn nodes(&self) -> impl ExactSizeIterator<Item = Node<'_>> {
        self.steps.iter().map(|step| match *step {
            Step::Linear(id) => Node::Linear(id, &self.layers[id.0]),
            Step::Activation(id) => Node::Activation(id, &self.activations[id.0]),
        })
    }

    /// The network's result.
    pub fn logits(&self) -> &Logits {
        &self.logits
    }

    /// The source of a layer of this network.
    pub(crate) fn own_source(&self, layer: LayerId) -> ActivationId {
        self.layer_sources[layer.0]
    }

    /// The name of a value that nothing reads.
    fn unread(&self) -> Option<&str> {
        let mut activations = vec![false; self.activations.len()];
        let mut layers = vec![false; self.layers.len()];
        layers[self.logits.source.0] = true;
        self.layer_sources.iter().for_each(|source| activations[source.0] = true);
        for activation in &self.activations {
            match &activation.operation {
                Operation::Input => {}
                Operation::Requantize { addends, .. } => {
                    for addend in addends {
                        match addend {
                            Addend::Accumulators { source, .. } => layers[source.0] = true,
                            Addend::Activations { source, .. } => activations[source.0] = true,
                        }
                    }
                }
                Operation::MaxPool { source, .. }
                | Operation::SumPool { source }
                | Operation::Flatten { source } => activations[source.0] = true,
            }
        }
        let layer = layers.iter().position(|read| !read).map(|index| self.layers[index].name());
        layer.or_else(|| {
            activations.iter().position(|read| !read).map(|index| self.activations[index].name.as_str())
        })
    }
}
