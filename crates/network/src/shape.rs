//! The shape of a feature map.

use std::fmt;

/// Channels, height and width of one image's feature map, stored channel-major (C, H, W).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Shape {
    /// Number of channels.
    pub channels: usize,
    /// Rows of a channel.
    pub height: usize,
    /// Columns of a channel.
    pub width: usize,
}

impl Shape {
    /// A shape of the given extents.
    pub const fn new(channels: usize, height: usize, width: usize) -> Self {
        Self { channels, height, width }
    }

    /// The number of values in it.
    pub const fn len(self) -> usize {
        self.channels * self.height * self.width
    }

    /// Whether it holds no value.
    pub const fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The number of positions in one channel.
    pub const fn positions(self) -> usize {
        self.height * self.width
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}x{}", self.channels, self.height, self.width)
    }
}
