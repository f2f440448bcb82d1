//! The typed graph: which values there are and how each is made from earlier ones.

mod builder;
mod error;
mod rounding;

pub use builder::NetworkBuilder;
pub use error::GraphError;
pub use rounding::{Bounds, Rounding};

use crate::linear::bits_of;
use crate::{LinearLayer, Shape, Window};

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

/// An activation value: unsigned integers in `0..=maximum`, of which those within its bounds are reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activation {
    name: String,
    shape: Shape,
    maximum: u16,
    bounds: Bounds,
    zeros: Vec<u16>,
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

    /// The largest value that its bits can hold; the smallest is 0.
    pub fn maximum(&self) -> u16 {
        self.maximum
    }

    /// What it is clamped to where it is rounded: a ReLU's floor where integers below what stands for 0 exist, a ceiling, a narrow
    /// range. All that its bits can hold unless more is known.
    pub fn bounds(&self) -> Bounds {
        self.bounds
    }

    /// The value that stands for 0, for each channel; 0 itself unless the real values can be negative. Padding is filled with it.
    pub fn zeros(&self) -> &[u16] {
        &self.zeros
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
    /// `clamp((Σ addends + offset[channel]) >> FRACTION_BITS, low, high)`, sums in 64 bits, the shift arithmetic, low and high
    /// being the activation's bounds.
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
    /// The sum over each window of each channel.
    SumPool {
        /// What is summed up.
        source: ActivationId,
        /// Kernel, stride and padding; the kernel of a global pool is the whole map.
        window: Window,
        /// What the padding counts.
        border: Border,
    },
    /// The channels of several activations, one after the other.
    Concat {
        /// What is put together, at least one.
        sources: Vec<ActivationId>,
    },
    /// The same values, channel-major, as channels of one position.
    Flatten {
        /// What is flattened.
        source: ActivationId,
    },
    /// Some channels of an activation, in an order of its own: a part of it, or a shuffle.
    Pick {
        /// What is picked from.
        source: ActivationId,
        /// For each channel of the result, which one of the source it is.
        channels: Vec<usize>,
    },
    /// For each value what a table holds for it: a function of one real number, rounded once.
    Table {
        /// What is looked up.
        source: ActivationId,
        /// For each value that the source's bits can hold.
        values: Vec<u16>,
    },
    /// `clamp(((a − zero of a) · (b − zero of b) · multiplier + offset) >> FRACTION_BITS, low, high)`, in 64 bits: a product of
    /// two real values, rounded.
    Multiply {
        /// `a`.
        source: ActivationId,
        /// `b`: of the same shape, or of one position, which then stands for all of its channel.
        gate: ActivationId,
        /// For each channel what stands for 0 in `a`, and in `b`.
        zeros: Vec<[u16; 2]>,
        /// With [`FRACTION_BITS`] fraction bits.
        multiplier: i64,
        /// Likewise; the one half that rounds is in it.
        offset: i64,
    },
}

/// What the padding of a sum counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Border {
    /// What stands for 0.
    #[default]
    Zero,
    /// Nothing: a window with `k` of its `n` taps inside gives its sum times n / k, so that it stands for the mean of those. With
    /// what stands for 0 taken off each value, and then added n times: see [`Border::of_part`].
    LeftOut,
}

impl Border {
    /// What a sum over `inside` of a window's `taps` stands for as a sum over all of them, values that stand for 0 being 0:
    /// `(sum · rint(taps / inside · 2^FRACTION_BITS) + 2^(FRACTION_BITS − 1)) >> FRACTION_BITS`.
    pub fn of_part(sum: i64, inside: usize, taps: usize) -> i64 {
        if inside == taps {
            return sum;
        }
        let ratio = taps as f64 / inside.max(1) as f64 * f64::from(1_u32 << FRACTION_BITS);
        (sum * ratio.round_ties_even() as i64 + (1 << (FRACTION_BITS - 1))) >> FRACTION_BITS
    }
}

/// A value that an activation is made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ValueId {
    Activation(ActivationId),
    /// The accumulators of a layer.
    Accumulators(LayerId),
}

impl Operation {
    /// The values that are read, in the order in which they are named.
    pub fn sources(&self) -> Vec<ValueId> {
        match self {
            Self::Input => Vec::new(),
            Self::Requantize { addends, .. } => addends.iter().map(Addend::source).collect(),
            Self::MaxPool { source, .. }
            | Self::SumPool { source, .. }
            | Self::Flatten { source }
            | Self::Pick { source, .. }
            | Self::Table { source, .. } => {
                vec![ValueId::Activation(*source)]
            }
            Self::Multiply { source, gate, .. } => {
                vec![ValueId::Activation(*source), ValueId::Activation(*gate)]
            }
            Self::Concat { sources } => sources.iter().copied().map(ValueId::Activation).collect(),
        }
    }
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
    /// Activations times a multiplier per channel: a residual block's identity shortcut, or a batch norm without a layer.
    Activations {
        /// The activations.
        source: ActivationId,
        /// Per channel.
        multipliers: Vec<i64>,
    },
}

impl Addend {
    /// What is multiplied.
    pub fn source(&self) -> ValueId {
        match self {
            Self::Accumulators { source, .. } => ValueId::Accumulators(*source),
            Self::Activations { source, .. } => ValueId::Activation(*source),
        }
    }

    /// What it is multiplied with, per channel.
    pub fn multipliers(&self) -> &[i64] {
        match self {
            Self::Accumulators { multipliers, .. } | Self::Activations { multipliers, .. } => multipliers,
        }
    }
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
        for source in self.activations.iter().flat_map(|activation| activation.operation.sources()) {
            match source {
                ValueId::Activation(id) => activations[id.0] = true,
                ValueId::Accumulators(id) => layers[id.0] = true,
            }
        }
        let layer = layers.iter().position(|read| !read).map(|index| self.layers[index].name());
        layer.or_else(|| {
            activations.iter().position(|read| !read).map(|index| self.activations[index].name.as_str())
        })
    }
}
