//! Where a layer's weights stand: blocks of subarrays, processing elements, tiles, and copies of the layer within them.
//!
//! A grouped convolution is a matrix for each group of channels. As many of these as fit stand along the diagonal of one subarray and
//! make one matrix together; the cells beside the diagonal hold zeros, and are read and take area like any others. A 3x3 depthwise
//! convolution takes 9 rows and one column for each channel: 14 channels stand in a subarray of 128 x 128, and 126 of its cells
//! hold weights. A group that is larger than a subarray is a matrix of its own. The last subarray of a layer may hold fewer
//! groups; its work is counted by what it holds, its area as a whole.

use crate::floor_plan::{Organisation, is_split};
use crate::{Design, LayerShape};

/// How one layer is placed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Placement {
    /// Whether every tap has a processing element of its own.
    pub split: bool,
    /// Subarrays along a side of its processing elements.
    pub element_side: usize,
    /// Matrices of different inputs and outputs, which work side by side: groups of channels, several along a diagonal where they are
    /// small. 1 if the convolution is not grouped. All that follows is of one of them.
    pub units: usize,
    /// Units, the last of which may be less full, in whole ones.
    pub full_units: f64,
    /// Groups of channels along the diagonal of a unit.
    pub diagonal: usize,
    /// Units that one tile holds at most, or copies of one.
    pub units_of_tile: usize,
    /// Matrices that a unit's weights form: its taps if split, else 1.
    pub matrices: usize,
    /// Taps that an input value serves each time it is loaded: it is passed on along a row of the kernel as the window moves, if the layer is
    /// split; 1 if not.
    pub reuse: usize,
    /// Rows of a matrix.
    pub rows: usize,
    /// Outputs of a matrix.
    pub outputs: usize,
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
        let split = is_split(design, layer, organisation.split_taps);
        let diagonal = if split { 1 } else { diagonal(design, layer, cells_per_weight) };
        let units = layer.groups.div_ceil(diagonal);
        let outputs = layer.outputs / layer.groups * diagonal;
        let columns = outputs * cells_per_weight;
        let element_side = organisation.element_side(split);
        let (matrices, rows, side) = if split {
            (layer.window.taps(), layer.input.channels / layer.groups, element_side)
        } else {
            (1, layer.rows() * diagonal, organisation.tile_side)
        };
        let (row_blocks, column_blocks) = (rows.div_ceil(design.rows), columns.div_ceil(design.columns));
        let blocks_in_element = row_blocks.min(element_side);
        let elements_of_tile_rows =
            if split { matrices } else { row_blocks.min(side).div_ceil(element_side) };
        let units_of_tile = (side / row_blocks.min(side)) * (side / column_blocks.min(side));
        Self {
            units,
            full_units: layer.groups as f64 / diagonal as f64,
            diagonal,
            units_of_tile,
            outputs,
            split,
            element_side,
            matrices,
            reuse: if split { layer.window.kernel_width() } else { 1 },
            rows,
            columns,
            row_blocks,
            column_blocks,
            row_tiles: row_blocks.div_ceil(side),
            column_tiles: column_blocks.div_ceil(side),
            tile_subarrays: side * side * matrices,
            copies: (units_of_tile / units).max(1),
            summed_elements: elements_of_tile_rows,
            summed_blocks: blocks_in_element,
        }
    }

    /// Tiles of the layer.
    pub(crate) fn tiles(&self) -> usize {
        let of_a_unit = self.row_tiles.saturating_mul(self.column_tiles);
        if of_a_unit > 1 {
            self.units.saturating_mul(of_a_unit)
        } else {
            self.units.div_ceil(self.units_of_tile)
        }
    }

    /// Subarrays of those tiles.
    pub(crate) fn subarrays(&self) -> usize {
        self.tiles().saturating_mul(self.tile_subarrays)
    }

    /// Units that share one tile.
    pub(crate) fn units_in_tile(&self) -> usize {
        self.units.min(self.units_of_tile)
    }

    /// Subarrays of a unit that one vector is read from.
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
        // Along a diagonal, a group's columns hold weights in the rows of that group only.
        along(self.rows, self.row_blocks, design.rows)
            * along(self.columns, self.column_blocks, design.columns)
            / self.diagonal as f64
    }
}

/// Groups of channels that fit along the diagonal of a subarray; 1 if not even one does.
pub(crate) fn diagonal(design: &Design, layer: &LayerShape, cells_per_weight: usize) -> usize {
    let columns = layer.outputs / layer.groups * cells_per_weight;
    let fitting = (design.rows / layer.rows().max(1)).min(design.columns / columns.max(1));
    fitting.clamp(1, layer.groups)
}
