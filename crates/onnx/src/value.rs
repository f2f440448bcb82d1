//! What a name of the model stands for while it is read.

use std::rc::Rc;

use float_network::{NodeId, Quantization};
use network::Shape;

use crate::array::Array;

/// A value of the model.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    /// Known before any image is.
    Constant(Rc<Array>),
    /// Depends on the image.
    Map(Map),
    /// Made by a node that is not supported: whoever reads it is not told again.
    Failed,
}

/// A value that depends on the image: a node of the float network, which always has its channels first.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Map {
    pub node: NodeId,
    pub form: Form,
    /// If it holds the integers of a QuantizeLinear, what they stand for.
    pub integers: Option<Quantization>,
    /// The operator that made it, if that one is supported at the end of a network only.
    pub last: Option<String>,
    /// The extents that it was spread to, every channel's one value at all positions.
    pub spread: Option<Vec<usize>>,
}

/// How the model sees the node's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// `[batch, channels, rows, columns]`.
    ChannelsFirst,
    /// `[batch, rows, columns, channels]`.
    ChannelsLast,
    /// `[batch, rows, columns]`: of a single channel.
    NoChannels,
    /// `[batch, channels, rows or columns]`: one of the two was reduced to a single one and is gone.
    Reduced,
    /// The same with the channels last.
    ReducedChannelsLast,
    /// `[batch, groups, channels / groups, rows, columns]`.
    Grouped(usize),
    /// `[batch, channels / groups, groups, rows, columns]`: the channels of a grouped value, shuffled.
    Shuffled(usize),
    /// `[batch, features]`.
    Flat,
    /// `[batch, features]`, flattened from a map of this shape with its channels last.
    FlatChannelsLast(Shape),
}

impl Map {
    pub fn new(node: NodeId, form: Form) -> Self {
        Self { node, form, integers: None, last: None, spread: None }
    }

    /// The same value, made otherwise.
    pub fn at(&self, node: NodeId) -> Self {
        Self { node, ..self.clone() }
    }

    /// The same value, seen otherwise.
    pub fn seen_as(&self, form: Form) -> Self {
        Self { form, ..self.clone() }
    }
}

impl Form {
    /// Extents of a value whose node has the given shape.
    pub fn dims(self, batch: usize, shape: Shape) -> Vec<usize> {
        let Shape { channels, height, width } = shape;
        match self {
            Self::ChannelsFirst => vec![batch, channels, height, width],
            Self::ChannelsLast => vec![batch, height, width, channels],
            Self::NoChannels => vec![batch, height, width],
            Self::Reduced => vec![batch, channels, height * width],
            Self::ReducedChannelsLast => vec![batch, height * width, channels],
            Self::Grouped(groups) => vec![batch, groups, channels / groups, height, width],
            Self::Shuffled(groups) => vec![batch, channels / groups, groups, height, width],
            Self::Flat | Self::FlatChannelsLast(_) => vec![batch, shape.len()],
        }
    }

    /// Which axis the channels, or features, are.
    pub fn channel_axis(self) -> Option<usize> {
        match self {
            Self::ChannelsLast => Some(3),
            Self::ReducedChannelsLast => Some(2),
            Self::ChannelsFirst | Self::Reduced | Self::Flat | Self::FlatChannelsLast(_) => Some(1),
            Self::NoChannels | Self::Grouped(_) | Self::Shuffled(_) => None,
        }
    }

    /// Which axes rows and columns are, if there are both.
    pub fn position_axes(self) -> Option<[usize; 2]> {
        match self {
            Self::ChannelsFirst => Some([2, 3]),
            Self::ChannelsLast | Self::NoChannels => Some([1, 2]),
            _ => None,
        }
    }
}

/// Where each feature of a map that was flattened with its channels last is when it is flattened with its channels first.
pub(crate) fn channels_first_order(shape: Shape) -> Vec<usize> {
    let place = |feature: usize| {
        let (position, channel) = (feature / shape.channels, feature % shape.channels);
        channel * shape.positions() + position
    };
    (0..shape.len()).map(place).collect()
}
