//! Where a layer's weights stand: blocks of subarrays, processing elements, tiles, and copies of the layer within them.

use crate::floor_plan::{Organisation, is_split};
use crate::{Design, LayerShape};

/// How one layer is placed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Placement {
    /// Whether every tap has a processing element of its own.
    pub split: bool,
    /// Subarrays along a side of its processing elements.
    pub element_side: usize,
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
        let element_side = organisation.element_side(split);
        let (matrices, rows, side) = if split {
            (layer.window.taps(), layer.input.channels, element_side)
        } else {
            (1, layer.rows(), organisation.tile_side)
        };
        let (row_blocks, column_blocks) = (rows.div_ceil(design.rows), columns.div_ceil(design.columns));
        let blocks_in_element = row_blocks.min(element_side);
        let elements_of_tile_rows =
            if split { matrices } else { row_blocks.min(side).div_ceil(element_side) };
        Self {
            split,
            element_side,
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

    /// Copies within one processing element; 1 if the weights fill more than one.
    pub(crate) fn copies_in_element(&self) -> usize {
        let along = |blocks: usize| (self.element_side / blocks.max(1)).max(1);
        if self.row_blocks.max(self.column_blocks) > self.element_side {
            return 1;
        }
        along(self.row_blocks) * along(self.column_blocks)
    }

    /// The share of cells, in the subarrays that hold a copy, that hold weights.
    pub(crate) fn utilization(&self, design: &Design) -> f64 {
        let along =
            |used: usize, blocks: usize, of_block: usize| used as f64 / (blocks as f64 * of_block as f64);
        along(self.rows, self.row_blocks, design.rows)
            * along(self.columns, self.column_blocks, design.columns)
    }
}
