//! The wires between subarrays, processing elements, tiles and the global buffer.
//!
//! The path from the root of an H-tree to a leaf halves at every level, in both directions: with n leaves of pitch p along a
//! side it is n·p long, n a power of two. The mean way along a horizontal and a vertical bus of n stops is as long, for any n.

use technology::{Area, Energy, Length, Number, Quantity};

use crate::Interconnect;
use crate::model::Chip;

/// The lengths of the paths.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Paths {
    /// From a processing element's edge to a subarray, layers split by tap.
    pub split_element: Length,
    /// The same, unrolled layers.
    pub unrolled_element: Length,
    /// From a tile's edge to a processing element, tiles of layers split by tap.
    pub split_tile: Length,
    /// The same, tiles of unrolled layers.
    pub unrolled_tile: Length,
    /// From the global buffer to a tile.
    pub chip: Length,
}

/// The length of a path over `along` leaves of an area each.
pub(crate) fn path(kind: Interconnect, along: usize, leaf_side: Length) -> Length {
    let along = match kind {
        Interconnect::HTree => along.next_power_of_two(),
        Interconnect::Bus => along,
    };
    leaf_side * along as f64
}

/// The side of a square.
pub(crate) fn side(area: Area) -> Length {
    Length::micrometres(libm::sqrt(area.base().max(0.0)))
}

impl Chip<'_> {
    /// The energy of a bit over a length of wire of which a share is charged.
    pub(crate) fn bit_energy(&self, length: Length, activity: Number) -> Energy {
        (self.parameters.wire * length.base()).switching_energy(self.scaling.supply) * activity.base()
    }
}
