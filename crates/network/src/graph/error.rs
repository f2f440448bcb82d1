//! Why nodes do not make a network.

use crate::{LinearLayerError, Shape};

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
        node: String,
        /// Bits asked for.
        bits: u32,
    },
    /// The 64-bit sum of a requantization or of a logit could overflow.
    #[error("layer `{node}`: the sum of channel {channel} can leave 64 bits")]
    SumOverflow { node: String, channel: usize },
    /// A sum over a window could leave 16 bits.
    #[error("layer `{node}`: the sum over {positions} positions of up to {maximum} can leave 16 bits")]
    PoolOverflow {
        node: String,
        /// Positions summed up.
        positions: usize,
        /// Maximum of each.
        maximum: u16,
    },
    /// The padded input is smaller than the window.
    #[error("layer `{node}`: the window does not fit into the padded input {input}")]
    DoesNotFit {
        node: String,
        /// The input's shape.
        input: Shape,
    },
    /// What stands for 0 in a value is not what its reader was made for, or cannot stand for it.
    #[error("layer `{node}`: {found:?} stand for 0 in its input, channel by channel; expected {expected:?}")]
    Zeros {
        /// The reader.
        node: String,
        /// What stands for 0 in the value.
        found: Vec<u16>,
        /// What the reader was made for.
        expected: Vec<u16>,
    },
    /// Too large a value to stand for 0.
    #[error(
        "layer `{node}`: {found} cannot stand for 0; expected one value for each channel, up to {maximum}"
    )]
    Zero {
        node: String,
        /// What should stand for 0.
        found: u16,
        /// The largest value of the activation.
        maximum: u16,
    },
    /// A bound beyond what the activation's bits can hold.
    #[error("layer `{node}`: bounded by {found}; expected at most {maximum}")]
    Bound {
        node: String,
        /// The bound.
        found: u16,
        /// The largest value of the activation.
        maximum: u16,
    },
    /// Channels that are not there, or none, are picked.
    #[error("layer `{node}`: picks a channel that is not there, or none; expected some of {channels}")]
    Pick {
        node: String,
        /// Channels of what it reads.
        channels: usize,
    },
    /// A table is not one for what it reads.
    #[error("layer `{node}`: a table of {found} values up to {most}; expected {expected} up to {maximum}")]
    Table {
        node: String,
        /// Values of the table.
        found: usize,
        /// The largest.
        most: u16,
        /// One for each value of what is read.
        expected: usize,
        /// The largest value of the activation.
        maximum: u16,
    },
    /// Values of different extents cannot be put together.
    #[error("layer `{node}`: puts together maps of {first} and {other}; expected the same height and width")]
    Concat {
        node: String,
        /// The first map.
        first: Shape,
        /// One of another extent.
        other: Shape,
    },
    /// Nothing to put together.
    #[error("layer `{0}`: puts nothing together")]
    NothingToConcat(String),
    /// A value that nothing reads.
    #[error("layer `{0}`: nothing reads its output")]
    Unread(String),
}
