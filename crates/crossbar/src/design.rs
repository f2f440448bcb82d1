//! The choices of a crossbar accelerator that are not numbers with a range.

use serde::Deserialize;

use crate::CrossbarError;
use crate::execution::WeightEncoding;

/// How a column's current becomes a number, with the bits of that number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Converter {
    /// A current-mode flash converter: a sense amplifier for every level, one step.
    Flash {
        /// Bits, 1 to 12.
        bits: u32,
    },
    /// Successive approximation: one comparator, a step for every bit.
    Successive {
        /// Bits, 1 to 12.
        bits: u32,
    },
}

impl Converter {
    /// Bits of the result.
    pub fn bits(self) -> u32 {
        match self {
            Self::Flash { bits } | Self::Successive { bits } => bits,
        }
    }
}

/// How a convolution's weights become matrices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mapping {
    /// One matrix of all taps and channels (im2col).
    Unrolled,
    /// A matrix for every tap, each in a processing element of its own, so that inputs pass from one element to the next as
    /// the window moves. Layers of another kernel than the network's most frequent one, and layers that fill less than a
    /// subarray's rows, are unrolled.
    SplitKernel,
}

/// How many subarrays stand along a side of what holds them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Grouping {
    /// From the network: the sides, powers of two, under which the largest share of cells holds weights, up to that of the
    /// widest matrix; at least 2 subarrays along an element and 4 along a tile.
    Automatic,
    /// As given.
    Fixed {
        /// Subarrays along a side of a processing element.
        element_side: usize,
        /// Subarrays along a side of a tile of unrolled layers, a multiple of `element_side`.
        tile_side: usize,
    },
}

/// How tiles, elements and subarrays are joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Interconnect {
    /// A binary tree with the buffer at its root; its sides are powers of two.
    HTree,
    /// Horizontal and vertical buses.
    Bus,
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Counting {
    /// What happens: padded output positions, the drivers of active rows, the accumulators of mapped columns, no more copies of
    /// a layer than it has vectors.
    #[default]
    Corrected,
    /// As DNN+NeuroSim counts: padding is ignored when vectors are counted, drivers run for a fixed quarter of all rows,
    /// accumulators for every column that exists; of a tile leak one bank of each buffer and the trees in use, and while a layer is
    /// computed, the tiles of all others as if they were of its kind. With banked transfers, delays of adders and wires are counted in steps of
    /// 1 GHz, and the tree of a split tile spans its elements as if they stood in one row.
    NeurosimCompatible,
    /// The same with the padded output positions, as DNN+NeuroSim counts when it is given inputs enlarged by their padding.
    NeurosimCompatiblePadded,
}

/// The adder trees of a tile, over its processing elements. Only what DNN+NeuroSim counts depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TileAdders {
    /// As many as the columns of a subarray times the elements along the tile's rows, and a stage drops an odd sum: DNN+NeuroSim
    /// V1.3.
    #[default]
    PerElement,
    /// One for every column of an element, complete: what the run of DNN+NeuroSim V1.4 shows.
    PerColumn,
}

/// How buffers and wires move words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Transfers {
    /// Buffers take as many steps for each value as the technology file states. The tiles of a layer have their share of the wires of an
    /// H-tree: DNN+NeuroSim V1.4.
    #[default]
    Stated,
    /// Buffers are banks that store or load one word in a step, a layer has the whole width of an H-tree, and its turn at the global
    /// buffer comes once for every so many of the chip's tiles as it has itself: DNN+NeuroSim V1.3.
    Banked,
}

/// How the columns that share a converter take turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ColumnSampling {
    /// The word lines are raised anew for every group of columns that the converters read.
    #[default]
    Grouped,
    /// The word lines are raised once; every column holds its sample until its turn.
    Held,
}

/// Whether bit planes that hold no set bit are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ZeroSkipping {
    /// Every plane is read.
    #[default]
    None,
    /// A subarray skips a plane in which none of its rows is active; set bits are taken to be independent and equally
    /// likely in every plane, which understates what is skipped.
    EmptyPlanes,
}

/// Whether parts without weights are switched off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Gating {
    /// A word line is driven along the whole subarray.
    #[default]
    None,
    /// A word line is driven over the columns that hold weights only.
    Segments,
}

/// What tiles whose layer is not computed do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum IdleTiles {
    /// They leak: their cells keep the weights without power, but buffers, converters and adders stay on.
    #[default]
    Leaking,
    /// They are switched off until their layer's turn.
    Off,
}

/// What the accelerator is.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Design {
    /// Technology node in nm, 7 to 130 (the scaling rules were checked from 22 to 45).
    pub node_nm: f64,
    /// Rows of a subarray.
    pub rows: usize,
    /// Columns of a subarray.
    pub columns: usize,
    /// Bits that a cell holds, 1 to 8.
    pub cell_bits: u32,
    /// The converter.
    pub converter: Converter,
    /// Columns that share a converter.
    pub columns_per_converter: usize,
    /// How those columns take turns.
    #[serde(default)]
    pub column_sampling: ColumnSampling,
    /// How a convolution becomes matrices.
    pub mapping: Mapping,
    /// How subarrays are grouped.
    pub grouping: Grouping,
    /// How they are joined.
    pub interconnect: Interconnect,
    /// The adder trees of a tile.
    #[serde(default)]
    pub tile_adders: TileAdders,
    /// How buffers and wires move words.
    #[serde(default)]
    pub transfers: Transfers,
    /// What is counted.
    #[serde(default)]
    pub counting: Counting,
    /// Whether empty bit planes are skipped.
    #[serde(default)]
    pub zero_skipping: ZeroSkipping,
    /// Whether empty segments are gated.
    #[serde(default)]
    pub gating: Gating,
    /// What tiles whose layer is not computed do.
    #[serde(default)]
    pub idle_tiles: IdleTiles,
    /// How weights become codes of cells.
    #[serde(default)]
    pub encoding: WeightEncoding,
}

impl Design {
    /// Converters of a subarray, all of which work at the same time.
    pub fn converters(&self) -> usize {
        self.columns.div_ceil(self.columns_per_converter.max(1))
    }

    /// Cells that hold one weight.
    pub fn cells_per_weight(&self, weight_bits: u32) -> usize {
        let cells = |bits: u32| bits.div_ceil(self.cell_bits.max(1)) as usize;
        match self.encoding {
            WeightEncoding::Offset => cells(weight_bits),
            // The magnitude in one of two columns, its sign by which.
            WeightEncoding::Differential => 2 * cells(weight_bits.saturating_sub(1).max(1)),
        }
    }

    /// Bits by which the cells of one weight are shifted against each other when their sums are added.
    pub(crate) fn cell_shift_bits(&self, cells_per_weight: usize) -> f64 {
        let shifted = match self.encoding {
            WeightEncoding::Offset => cells_per_weight,
            WeightEncoding::Differential => cells_per_weight / 2,
        };
        f64::from(self.cell_bits) * shifted.saturating_sub(1) as f64
    }

    pub(crate) fn check(&self) -> Result<(), CrossbarError> {
        let fail = |field, found: String, expected| Err(CrossbarError::Design { field, found, expected });
        if !(self.node_nm >= 7.0 && self.node_nm <= 130.0) {
            return fail("node_nm", self.node_nm.to_string(), "must lie between 7 and 130");
        }
        if !(1..=65_536).contains(&self.rows) || !(1..=65_536).contains(&self.columns) {
            return fail(
                "rows, columns",
                format!("{} x {}", self.rows, self.columns),
                "each must lie between 1 and 65536",
            );
        }
        if !(1..=8).contains(&self.cell_bits) {
            return fail("cell_bits", self.cell_bits.to_string(), "must lie between 1 and 8");
        }
        if !(1..=12).contains(&self.converter.bits()) {
            return fail("converter.bits", self.converter.bits().to_string(), "must lie between 1 and 12");
        }
        if self.columns_per_converter == 0 || self.columns_per_converter > self.columns {
            return fail(
                "columns_per_converter",
                self.columns_per_converter.to_string(),
                "must lie between 1 and the number of columns",
            );
        }
        if let Grouping::Fixed { element_side, tile_side } = self.grouping
            && (element_side == 0 || tile_side == 0 || tile_side > 1024 || tile_side % element_side != 0)
        {
            return fail(
                "grouping.fixed",
                format!("element_side {element_side}, tile_side {tile_side}"),
                "the tile's side must be a multiple of the element's, both above zero and at most 1024",
            );
        }
        Ok(())
    }
}
