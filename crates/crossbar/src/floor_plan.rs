//! The sides of processing elements and tiles, chosen once for a network.
//!
//! The automatic choice follows DNN+NeuroSim's (`ChipFloorPlan` of its V1.3): of the sides that are the widest matrix of a network,
//! in whole subarrays and a power of two, and its halves, the one under which the largest share of all cells holds weights; the
//! larger one of two equally good. An element of unrolled layers is at most half as long as a tile, of the length that lets
//! the most copies into the tiles.

use crate::grouping::diagonal;
use crate::{Design, Grouping, LayerShape, Mapping};

/// The sides of what holds the subarrays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Organisation {
    /// Subarrays along a side of a processing element of layers split by tap.
    split_element_side: usize,
    /// Subarrays along a side of a processing element of unrolled layers.
    unrolled_element_side: usize,
    /// Subarrays along a side of a tile of unrolled layers.
    pub tile_side: usize,
    /// Taps of the layers that are split, a processing element for each; 0 if no layer is.
    pub split_taps: usize,
}

impl Organisation {
    pub(crate) fn new(design: &Design, layers: &[&LayerShape], cells_per_weight: usize) -> Self {
        let split_taps = match design.mapping {
            Mapping::Unrolled => 0,
            Mapping::SplitKernel => most_frequent_taps(layers),
        };
        let (split_element_side, unrolled_element_side, tile_side) = match design.grouping {
            Grouping::Fixed { element_side, tile_side } => (element_side, element_side, tile_side),
            Grouping::Automatic => {
                let (split, unrolled): (Vec<&LayerShape>, Vec<&LayerShape>) =
                    layers.iter().copied().partition(|layer| is_split(design, layer, split_taps));
                let blocks =
                    |layer: &LayerShape, rows: usize| Blocks::new(design, layer, rows, cells_per_weight);
                let split: Vec<Blocks> = split
                    .iter()
                    .map(|layer| blocks(layer, layer.input.channels / layer.groups.max(1)))
                    .collect();
                let unrolled: Vec<Blocks> =
                    unrolled.iter().map(|layer| blocks(layer, layer.rows())).collect();
                let tile_side = fullest_side(&unrolled, 4);
                (fullest_side(&split, 2), fullest_element(&unrolled, tile_side), tile_side)
            }
        };
        Self { split_element_side, unrolled_element_side, tile_side, split_taps }
    }

    /// Subarrays along a side of a processing element of layers split by tap, or of unrolled layers.
    pub(crate) fn element_side(&self, split: bool) -> usize {
        if split { self.split_element_side } else { self.unrolled_element_side }
    }

    /// Processing elements along a side of a tile of layers split by tap, or of unrolled layers.
    pub(crate) fn elements_along_tile(&self, split: bool) -> usize {
        if split {
            ceil_square_root(self.split_taps)
        } else {
            (self.tile_side / self.unrolled_element_side).max(1)
        }
    }
}

/// A matrix in subarrays, with the share of cells that it fills.
struct Blocks {
    rows: usize,
    columns: usize,
    /// Matrices of that shape: groups of channels that do not stand in one subarray.
    units: usize,
    filled: f64,
}

impl Blocks {
    fn new(design: &Design, layer: &LayerShape, rows: usize, cells_per_weight: usize) -> Self {
        let diagonal = diagonal(design, layer, cells_per_weight);
        let columns = (layer.outputs / layer.groups.max(1)).saturating_mul(cells_per_weight);
        let cells = rows as f64 * columns as f64 * layer.groups as f64;
        Self {
            rows: (rows * diagonal).div_ceil(design.rows),
            columns: (columns * diagonal).div_ceil(design.columns),
            units: layer.groups.div_ceil(diagonal),
            filled: cells / (design.rows as f64 * design.columns as f64),
        }
    }

    /// Squares of a side that hold the matrices.
    fn squares(&self, side: usize) -> f64 {
        let of_one = self.rows.div_ceil(side) as f64 * self.columns.div_ceil(side) as f64;
        if of_one > 1.0 {
            return of_one * self.units as f64;
        }
        let together = (side / self.rows.max(1)) * (side / self.columns.max(1));
        self.units.div_ceil(together.max(1)) as f64
    }
}

/// The side of squares of subarrays that matrices fill best, at least `smallest`.
fn fullest_side(matrices: &[Blocks], smallest: usize) -> usize {
    let filled: f64 = matrices.iter().map(|matrix| matrix.filled).sum();
    let share = |side: usize| {
        filled / (matrices.iter().map(|matrix| matrix.squares(side)).sum::<f64>() * (side * side) as f64)
    };
    let widest = matrices.iter().map(|matrix| matrix.columns).max().unwrap_or(0);
    let largest = widest.clamp(smallest, LARGEST_SIDE).next_power_of_two();
    // The smallest side itself is taken only where no larger one is to be had.
    best_of_halves(largest, smallest, 0.0, share)
}

/// The side of an element of unrolled layers: the one of which the most copies, by whole elements, fit into the tiles.
fn fullest_element(matrices: &[Blocks], tile_side: usize) -> usize {
    let along = |blocks: usize, side: usize| (tile_side / side / blocks.div_ceil(side).max(1)).max(1) as f64;
    let share = |side: usize| -> f64 {
        let copies = |matrix: &Blocks| along(matrix.rows, side) * along(matrix.columns, side);
        matrices.iter().map(|matrix| copies(matrix) * matrix.filled).sum()
    };
    let without_copies = matrices.iter().map(|matrix| matrix.filled).sum();
    best_of_halves(tile_side / 2, 2, without_copies, share)
}

/// The first of a side, its half and so on, all above `above`, whose share is the largest and larger than `least`; the side itself
/// if there is none.
fn best_of_halves(side: usize, above: usize, least: f64, share: impl Fn(usize) -> f64) -> usize {
    let halves = std::iter::successors(Some(side), |side| Some(side / 2)).take_while(|&side| side > above);
    let best = |best: (usize, f64), side: usize| {
        let share = share(side);
        if share > best.1 { (side, share) } else { best }
    };
    halves.fold((side, least), best).0
}

/// Subarrays along the side of the largest square that is considered.
const LARGEST_SIDE: usize = 64;

/// The smallest side of a square that holds `count` things.
pub(crate) fn ceil_square_root(count: usize) -> usize {
    let mut side = count.isqrt();
    if side * side < count {
        side += 1;
    }
    side.max(1)
}

/// The number of taps above one that most layers have; the smaller one of two equally frequent.
fn most_frequent_taps(layers: &[&LayerShape]) -> usize {
    let mut taps: Vec<usize> = layers.iter().map(|l| l.window.taps()).filter(|&taps| taps > 1).collect();
    taps.sort_unstable();
    let mut best = (0, 0);
    for group in taps.chunk_by(|a, b| a == b) {
        if group.len() > best.1 {
            best = (group.first().copied().unwrap_or(0), group.len());
        }
    }
    best.0
}

/// Whether a layer is split by tap.
pub(crate) fn is_split(design: &Design, layer: &LayerShape, split_taps: usize) -> bool {
    split_taps > 1 && layer.window.taps() == split_taps && layer.rows() >= design.rows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks(rows: usize, columns: usize) -> Blocks {
        Blocks { rows, columns, units: 1, filled: (rows * columns) as f64 }
    }

    #[test]
    fn a_side_is_the_fullest_of_the_widest_matrix_and_its_halves() {
        // Squares of 4 waste nothing on a matrix of 4 x 16 subarrays, one of 16 wastes three quarters.
        assert_eq!(fullest_side(&[blocks(4, 16)], 2), 4);
        // What fills squares of 8 and of 4 alike takes the larger ones.
        assert_eq!(fullest_side(&[blocks(8, 8)], 2), 8);
        // The smallest side only where the widest matrix is no wider, or there is none.
        assert_eq!(fullest_side(&[blocks(1, 4)], 2), 4);
        assert_eq!(fullest_side(&[blocks(1, 2)], 2), 2);
        assert_eq!(fullest_side(&[], 4), 4);
    }

    #[test]
    fn an_element_is_half_a_tile_unless_smaller_ones_hold_more_copies() {
        assert_eq!(fullest_element(&[blocks(8, 8)], 8), 4);
        assert_eq!(fullest_element(&[blocks(16, 16)], 16), 8);
        // In a tile of 16, elements of 4 hold 16 copies of a matrix of 4 x 4, elements of 8 only 4.
        assert_eq!(fullest_element(&[blocks(4, 4)], 16), 4);
        assert_eq!(fullest_element(&[], 4), 2);
    }
}
