//! Where a layer's weights stand: blocks of subarrays, processing elements, tiles, and copies of the layer within them.

use crate::{Design, Grouping, LayerShape, Mapping};

/// The sides of what holds the subarrays, chosen once for a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Organisation {
    /// Subarrays along a side of a processing element.
    pub element_side: usize,
    /// Subarrays along a side of a tile of unrolled layers.
    pub tile_side: usize,
    /// Taps of the layers that are split, a processing element for each; 0 if no layer is.
    pub split_taps: usize,
}

impl Organisation {
    pub(crate) fn new(design: &Design, layers: &[LayerShape], cells_per_weight: usize) -> Self {
        let split_taps = match design.mapping {
            Mapping::Unrolled => 0,
            Mapping::SplitKernel => most_frequent_taps(layers),
        };
        let split = |layer: &LayerShape| is_split(design, layer, split_taps);
        let (element_side, tile_side) = match design.grouping {
            Grouping::Fixed { element_side, tile_side } => (element_side, tile_side),
            Grouping::Automatic => {
                let deepest = layers.iter().filter(|l| split(l)).map(|l| l.input.channels).max().unwrap_or(0);
                let longest = layers
                    .iter()
                    .filter(|l| !split(l))
                    .map(|l| l.rows().max(l.outputs.saturating_mul(cells_per_weight)))
                    .max()
                    .unwrap_or(0);
                let side = |extent: usize| extent.div_ceil(design.rows).min(64).next_power_of_two();
                (side(deepest).clamp(2, 4), side(longest).clamp(4, 8))
            }
        };
        Self { element_side, tile_side, split_taps }
    }

    /// Processing elements along a side of a tile of layers split by tap, or of unrolled layers.
    pub(crate) fn elements_along_tile(&self, split: bool) -> usize {
        if split { ceil_square_root(self.split_taps) } else { (self.tile_side / self.element_side).max(1) }
    }
}

/// The smallest side of a square that holds `count` things.
pub(crate) fn ceil_square_root(count: usize) -> usize {
    let mut side = count.isqrt();
    if side * side < count {
        side += 1;
    }
    side.max(1)
}

/// The number of taps above one that most layers have; the smaller one of two equally frequent.
fn most_frequent_taps(layers: &[LayerShape]) -> usize {
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

fn is_split(design: &Design, layer: &LayerShape, split_taps: usize) -> bool {
    split_taps > 1 && layer.window.taps() == split_taps && layer.rows() >= design.rows
}

/// How one layer is placed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Placement {
    /// Whether every tap has a processing element of its own.
    pub split: bool,
    /// Matrices that the layer's weights form: its taps if split, else 1.
    pub matrices: usize,
    /// Rows of a matrix.
    pub rows: usize,
    /// Columns of a matrix: outputs times cells of a weight.
    pub columns: usize,
    /// Subarrays along the rows of a matrix.
    pub row_blocks: usize,
    /// Subarrays along the columns of a matrix.
    pub column_blocks: usize,
    /// Tiles along the rows.
    pub row_tiles: usize,
    /// Tiles along the columns.
    pub column_tiles: usize,
    /// Subarrays of a tile, used or not.
    pub tile_subarrays: usize,
    /// Copies of the weights that fit into the tiles and work on different vectors at the same time.
    pub copies: usize,
    /// Processing elements, of one copy, whose partial sums are added in a tile.
    pub summed_elements: usize,
    /// Row blocks whose partial sums are added within a processing element.
    pub summed_blocks: usize,
}

impl Placement {
    pub(crate) fn new(
        design: &Design,
        organisation: &Organisation,
        layer: &LayerShape,
        cells_per_weight: usize,
    ) -> Self {
        let columns = layer.outputs * cells_per_weight;
        let split = is_split(design, layer, organisation.split_taps);
        let (matrices, rows, side) = if split {
            (layer.window.taps(), layer.input.channels, organisation.element_side)
        } else {
            (1, layer.rows(), organisation.tile_side)
        };
        let (row_blocks, column_blocks) = (rows.div_ceil(design.rows), columns.div_ceil(design.columns));
        let blocks_in_element = row_blocks.min(organisation.element_side);
        let elements_of_tile_rows =
            if split { matrices } else { row_blocks.min(side).div_ceil(organisation.element_side) };
        Self {
            split,
            matrices,
            rows,
            columns,
            row_blocks,
            column_blocks,
            row_tiles: row_blocks.div_ceil(side),
            column_tiles: column_blocks.div_ceil(side),
            tile_subarrays: side * side * matrices,
            copies: (side / row_blocks.min(side)) * (side / column_blocks.min(side)),
            summed_elements: elements_of_tile_rows,
            summed_blocks: blocks_in_element,
        }
    }

    /// Tiles of the layer.
    pub(crate) fn tiles(&self) -> usize {
        self.row_tiles.saturating_mul(self.column_tiles)
    }

    /// Subarrays of those tiles.
    pub(crate) fn subarrays(&self) -> usize {
        self.tiles().saturating_mul(self.tile_subarrays)
    }

    /// Subarrays that one vector is read from.
    pub(crate) fn subarrays_of_a_copy(&self) -> usize {
        self.matrices * self.row_blocks * self.column_blocks
    }

    /// The share of cells, in the subarrays that hold a copy, that hold weights.
    pub(crate) fn utilization(&self, design: &Design) -> f64 {
        let along =
            |used: usize, blocks: usize, of_block: usize| used as f64 / (blocks as f64 * of_block as f64);
        along(self.rows, self.row_blocks, design.rows)
            * along(self.columns, self.column_blocks, design.columns)
    }
}
