//! The wires between subarrays, processing elements, tiles and the global buffer.
//!
//! From the root of an H-tree with 2^k leaves of pitch p along a side to a leaf there are (2^k - 1)·p, as the way halves at every level in
//! both directions; a trunk leads from the edge, where the buffer is, to the root. The mean way along a horizontal and a vertical bus of n
//! stops is n·p long.

use technology::{Area, Energy, Length, Number, Quantity, Time};

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
    /// From the global buffer to a tile of a layer that is split.
    pub split_chip: Length,
    /// The same, unrolled layers.
    pub unrolled_chip: Length,
}

/// The length of the buses of a processing element with so many subarrays along a side.
pub(crate) fn buses(kind: Interconnect, along: usize, leaf_side: Length) -> Length {
    let along = match kind {
        Interconnect::HTree => along.next_power_of_two(),
        Interconnect::Bus => along,
    };
    leaf_side * along as f64
}

/// The length of a path over `along` leaves along a side.
pub(crate) fn path(kind: Interconnect, along: usize, leaf_side: Length, corrected: bool) -> Length {
    let along = along.max(1);
    match kind {
        Interconnect::HTree => {
            let half = along / 2;
            // DNN+NeuroSim's root is as far from the edge as the tree has levels.
            let trunk =
                if corrected { half } else { (along.ilog2() as usize).min(along - along.ilog2() as usize) };
            leaf_side * (along.next_power_of_two() - 1 + trunk) as f64
        }
        Interconnect::Bus => leaf_side * along as f64,
    }
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

    /// Whole steps that a bit takes over a length of wire.
    pub(crate) fn wire_steps(&self, length: Length) -> f64 {
        self.whole_steps(self.parameters.wire_delay * (length.base() * self.scaling.wire_delay))
    }

    /// Whole steps of a time. DNN+NeuroSim V1.3 counts them at 1 GHz, whatever its clock is then.
    pub(crate) fn whole_steps(&self, time: Time) -> f64 {
        let banked = self.design.transfers == crate::Transfers::Banked;
        let step =
            if banked && !self.corrected() { Time::nanoseconds(1.0) } else { self.subarray.conversion.time };
        (time / step).ceil().max(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_as_long_as_its_levels_and_its_trunk_and_a_bus_as_its_stops() {
        let length = |kind, along, corrected| path(kind, along, Length::micrometres(1.0), corrected).base();
        // Eight leaves along a side, 4 + 2 + 1, and two or three to the root.
        assert_eq!(length(Interconnect::HTree, 7, true), 7.0 + 3.0);
        assert_eq!(length(Interconnect::HTree, 7, false), 7.0 + 2.0);
        assert_eq!(length(Interconnect::HTree, 2, false), 1.0 + 1.0);
        assert_eq!(length(Interconnect::HTree, 1, true), 0.0);
        assert_eq!(length(Interconnect::Bus, 7, true), 7.0);
    }
}
