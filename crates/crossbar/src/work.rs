//! The work that one layer makes for a chip: vectors, bit planes, active rows, additions and bits moved. Energy and latency
//! are these counts times what one of each costs.

use technology::{Energy, Power};

use crate::grouping::Placement;
use crate::model::Chip;
use crate::placed::PlacedLayer;
use crate::ports::bits_of_sum;
use crate::{
    Counting, CrossbarError, Design, EnergyParts, Gating, IdleTiles, Interconnect, LayerReport, LayerShape,
    Precision, TileAdders, Transfers, ZeroSkipping,
};

/// The share of rows whose drivers DNN+NeuroSim takes to switch in every bit plane, whatever the activations.
const NOMINAL_DRIVER_ACTIVITY: f64 = 0.25;

/// What a layer asks of a design, whatever its parts cost.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Demand {
    /// Vectors of one image.
    pub vectors: usize,
    /// Bit planes of an activation.
    pub planes: f64,
    /// Bit planes that a subarray reads.
    pub read_planes: f64,
    /// The share of set bits on the rows, padding included.
    pub set_bits: f64,
    /// The share of outputs that are stored after the pool.
    pub stored_share: f64,
}

impl Demand {
    pub(crate) fn new(
        design: &Design,
        precision: Precision,
        layer: &LayerShape,
        placement: &Placement,
    ) -> Result<Self, CrossbarError> {
        let bits = precision.activation_bits;
        // A padded tap is a row without any activation.
        let set_bits = layer.activations.set_bit_share(bits) * layer.real_tap_share()?;
        let read_share = match design.zero_skipping {
            ZeroSkipping::None => 1.0,
            ZeroSkipping::EmptyPlanes => {
                1.0 - libm::pow(1.0 - set_bits, placement.rows as f64 / placement.row_blocks as f64)
            }
        };
        Ok(Self {
            vectors: vectors(design.counting, layer)?,
            planes: f64::from(bits),
            read_planes: f64::from(bits) * read_share,
            set_bits,
            stored_share: layer.stored_share()?,
        })
    }
}

/// The work of one layer on a chip; counts are for one vector and one of the layer's units unless stated.
pub(crate) struct Work<'a> {
    pub chip: &'a Chip<'a>,
    pub name: &'a str,
    pub placement: &'a Placement,
    pub demand: Demand,
}

impl<'a> Work<'a> {
    pub(crate) fn new(chip: &'a Chip<'a>, layer: &'a PlacedLayer) -> Self {
        Self { chip, name: &layer.name, placement: &layer.placement, demand: layer.demand }
    }

    pub(crate) fn report(&self) -> LayerReport {
        let latency = self.latency();
        let of_units = self.demand.vectors as f64 * self.placement.full_units;
        LayerReport {
            name: self.name.to_owned(),
            subarrays: self.placement.subarrays(),
            copies: self.placement.copies,
            utilization: self.placement.utilization(self.chip.design),
            vectors: self.demand.vectors,
            conversions: self.conversions() * of_units,
            energy: EnergyParts {
                conversion: self.conversion() * of_units,
                accumulation: self.accumulation() * of_units,
                drivers: self.drivers() * of_units,
                buffers: self.buffers() * of_units,
                interconnect: self.interconnect() * of_units,
            },
            leakage: self.leaking() * latency.total(),
            latency,
        }
    }

    /// What leaks while the layer is computed.
    fn leaking(&self) -> Power {
        let tile = self.chip.tile_leakage(self.placement);
        let own = self.placement.tiles();
        match self.chip.design.idle_tiles {
            IdleTiles::Off => tile * own as f64,
            IdleTiles::Leaking if self.chip.corrected() => self.chip.leakage,
            // DNN+NeuroSim counts the tiles of all other layers, as if they were of this layer's kind.
            IdleTiles::Leaking => tile * self.chip.tiles.saturating_sub(own) as f64,
        }
    }

    /// Conversions of columns.
    fn conversions(&self) -> f64 {
        self.demand.read_planes * self.row_subarrays() * self.placement.columns as f64
    }

    /// Rows of the weight matrix.
    pub(crate) fn matrix_rows(&self) -> f64 {
        (self.placement.matrices * self.placement.rows) as f64
    }

    /// Subarrays along the rows of all matrices.
    fn row_subarrays(&self) -> f64 {
        (self.placement.matrices * self.placement.row_blocks) as f64
    }

    /// Rows with a set bit, over all planes.
    fn active_rows(&self) -> f64 {
        self.demand.planes * self.matrix_rows() * self.demand.set_bits
    }

    /// Columns of the subarrays that a row crosses, mapped or not.
    fn physical_columns(&self) -> f64 {
        (self.placement.column_blocks * self.chip.design.columns) as f64
    }

    /// Word lines, in units of a subarray's, that every active row has: one in each column block.
    fn word_lines(&self) -> f64 {
        let columns = match self.chip.design.gating {
            Gating::None => self.physical_columns(),
            Gating::Segments => self.placement.columns as f64,
        };
        columns / self.chip.design.columns as f64
    }

    /// Processing elements that a row crosses.
    fn element_columns(&self) -> f64 {
        self.placement.column_blocks.div_ceil(self.placement.element_side) as f64
    }

    fn conversion(&self) -> Energy {
        let subarray = &self.chip.subarray;
        subarray.word_line * (self.active_rows() * self.word_lines())
            + subarray.conversion.fixed * self.conversions()
            + subarray.conversion.active_row * (self.active_rows() * self.placement.columns as f64)
    }

    fn drivers(&self) -> Energy {
        let switched = if self.chip.corrected() {
            self.active_rows() * self.word_lines()
        } else {
            self.demand.planes
                * (self.placement.subarrays_of_a_copy() as f64)
                * (self.chip.design.rows as f64)
                * NOMINAL_DRIVER_ACTIVITY
        };
        self.chip.subarray.driver * switched
    }

    fn accumulation(&self) -> Energy {
        let columns =
            if self.chip.corrected() { self.placement.columns as f64 } else { self.physical_columns() };
        let adder_bit = self.chip.parameters.adder * self.chip.scaling.logic;
        self.chip.subarray.shift_add * (self.demand.read_planes * self.row_subarrays() * columns)
            + adder_bit * self.adder_bits()
    }

    /// Bits of a partial sum as it leaves a subarray's shift-adder.
    fn shifted_bits(&self) -> f64 {
        f64::from(self.chip.design.converter.bits())
            + self.demand.planes
            + self.chip.design.cell_shift_bits(self.chip.cells_per_weight)
    }

    /// Bits of a partial sum as it leaves a processing element.
    pub(crate) fn sum_bits(&self) -> f64 {
        self.shifted_bits() + f64::from(self.placement.element_side.next_power_of_two().ilog2())
    }

    /// Bits of all adders that work.
    fn adder_bits(&self) -> f64 {
        let placement = self.placement;
        let outputs = self.placement.outputs as f64;
        let between_tiles = (placement.row_tiles - 1) as f64 * outputs * self.sum_bits();
        let full_elements = placement.matrices * (placement.row_blocks / placement.element_side);
        let last_blocks = placement.row_blocks % placement.element_side;
        let tree_of_element =
            |blocks: usize| tree_bits(blocks, self.shifted_bits() + 1.0, self.chip.corrected());
        let in_elements = full_elements as f64 * tree_of_element(placement.element_side)
            + placement.matrices as f64 * tree_of_element(last_blocks);
        let complete = self.chip.corrected() || self.chip.design.tile_adders == TileAdders::PerColumn;
        let between_elements = placement.row_tiles as f64
            * tree_bits(placement.summed_elements, self.sum_bits() + 1.0, complete);
        if self.chip.corrected() {
            // The cells of a weight are added too, after their shifts.
            let row_elements = placement.matrices * placement.row_blocks.div_ceil(placement.element_side);
            let between_cells = (row_elements * (self.chip.cells_per_weight - 1)) as f64 * self.sum_bits();
            return (between_cells + in_elements + between_elements) * outputs + between_tiles;
        }
        // DNN+NeuroSim's trees work for every column, whether it holds weights or not.
        let columns = self.chip.design.columns as f64 / self.chip.cells_per_weight as f64;
        let element_trees = placement.element_side as f64 * columns * self.element_columns();
        let tile_columns = match self.chip.design.tile_adders {
            TileAdders::PerColumn => placement.element_side,
            TileAdders::PerElement if placement.split => placement.matrices,
            TileAdders::PerElement => self.chip.organisation.elements_along_tile(false),
        };
        let tile_trees = tile_columns as f64 * columns * placement.column_tiles as f64;
        // Where an element holds several copies of a whole unrolled matrix, it counts the element's trees once for every subarray
        // of a copy.
        let counted = if !placement.split && placement.copies_in_element() > 1 {
            placement.subarrays_of_a_copy()
        } else {
            1
        };
        in_elements * element_trees * counted as f64 + between_elements * tile_trees + between_tiles
    }

    /// Partial sums as they leave the elements that hold weights.
    fn partial_sums(&self) -> f64 {
        let placement = self.placement;
        placement.outputs as f64 * (placement.summed_elements * placement.row_tiles) as f64
    }

    /// The same as DNN+NeuroSim counts them: of all elements along a tile's rows, whether they hold weights or not, unless these work for
    /// copies.
    fn counted_sums(&self, copies: bool) -> f64 {
        let placement = self.placement;
        if self.chip.corrected() || placement.split || (copies && placement.copies > 1) {
            return self.partial_sums();
        }
        let elements = self.chip.organisation.elements_along_tile(false);
        placement.outputs as f64 * (elements * placement.row_tiles) as f64
    }

    /// Inputs and outputs pass the global buffer, inputs and sums are stored in a tile and loaded; the registers of an element hold its inputs
    /// and what its trees give.
    fn buffers(&self) -> Energy {
        let (parameters, placement) = (self.chip.parameters, self.placement);
        let (conversion, planes) = self.chip.bits();
        let inputs = self.demand.planes * self.matrix_rows();
        let loaded = inputs / placement.reuse as f64;
        let banked =
            loaded + self.sent_bits() + 2.0 * (loaded * placement.column_tiles as f64 + self.tile_sum_bits());
        let sums = if self.chip.corrected() { self.sum_bits() } else { conversion + planes + 1.0 };
        let held = inputs * self.element_columns() + self.counted_sums(true) * sums;
        (parameters.buffer * banked + parameters.register * held) * self.chip.scaling.logic
    }

    /// Bits of the sums that leave the tiles' trees.
    fn tile_sum_bits(&self) -> f64 {
        let sums = self.placement.outputs as f64 * self.placement.row_tiles as f64;
        sums * (bits_of_sum(self.chip, self.placement) + 1.0) / self.uncounted_sums()
    }

    fn interconnect(&self) -> Energy {
        let (parameters, paths) = (self.chip.parameters, &self.chip.paths);
        let bit = |length, activity| self.chip.bit_energy(length, activity);
        let (element_path, tile_path, chip_path) = if self.placement.split {
            (paths.split_element, paths.split_tile, paths.split_chip)
        } else {
            (paths.unrolled_element, paths.unrolled_tile, paths.unrolled_chip)
        };
        let in_element = bit(element_path, parameters.element_activity);
        let in_tile = bit(tile_path, parameters.tile_activity);
        let (to_tile, from_tile) = match self.chip.design.interconnect {
            Interconnect::HTree => (parameters.tree_input_activity, parameters.tree_output_activity),
            Interconnect::Bus => (parameters.input_global_activity, parameters.output_global_activity),
        };
        let inputs = self.demand.planes * self.matrix_rows();
        let loaded = inputs / self.placement.reuse as f64;
        bit(chip_path, to_tile) * loaded
            + bit(chip_path, from_tile) * self.sent_bits()
            + in_tile * (loaded * self.placement.column_tiles as f64 + self.tile_sum_bits())
            + in_element * (inputs * self.element_columns() + self.collected_bits())
    }

    /// Bits that the subarrays send within their elements. DNN+NeuroSim V1.3 sends what the converters give, and not their sums.
    fn collected_bits(&self) -> f64 {
        let banked = self.chip.design.transfers == Transfers::Banked;
        let bits = if banked && !self.chip.corrected() { self.chip.bits().0 } else { self.sum_bits() };
        self.counted_sums(banked) * bits
    }

    /// DNN+NeuroSim V1.3 moves the sums of a tile of a split layer as if each element had a part of them.
    pub(crate) fn uncounted_sums(&self) -> f64 {
        let parts = !self.chip.corrected() && self.chip.design.transfers == Transfers::Banked;
        if parts { self.placement.matrices as f64 } else { 1.0 }
    }

    /// Bits that leave the tiles. Where several tiles hold the rows, each sends partial sums.
    fn sent_bits(&self) -> f64 {
        let outputs = self.placement.outputs as f64;
        if self.chip.corrected() && self.placement.row_tiles > 1 {
            return outputs * self.sum_bits() * self.placement.row_tiles as f64;
        }
        outputs * self.demand.planes * self.demand.stored_share
    }
}

/// Bits of the adders of a tree over `inputs` sums of `bits` bits; every stage is a bit wider. Where a stage is left with an odd sum,
/// the next one takes it; DNN+NeuroSim's trees drop it.
pub(crate) fn tree_bits(inputs: usize, bits: f64, takes_odd: bool) -> f64 {
    let (mut waiting, mut width, mut sum) = (inputs, bits, 0.0);
    while waiting > 1 {
        sum += (waiting / 2) as f64 * width;
        waiting = if takes_odd { waiting.div_ceil(2) } else { waiting / 2 };
        width += 1.0;
    }
    sum
}

/// Vectors that are multiplied for one image.
fn vectors(counting: Counting, layer: &LayerShape) -> Result<usize, CrossbarError> {
    let (height, width) = layer.output_extent()?;
    Ok(match counting {
        Counting::Corrected | Counting::NeurosimCompatiblePadded => height * width,
        Counting::NeurosimCompatible => {
            let along = |extent: usize, kernel: usize, stride: usize| {
                (extent.saturating_sub(kernel) + 1).div_ceil(stride)
            };
            let window = layer.window;
            let (rows, columns) = window.span();
            along(layer.input.height, rows, window.row_stride())
                * along(layer.input.width, columns, window.column_stride())
        }
    })
}

#[cfg(test)]
mod tests {
    use super::tree_bits;

    #[test]
    fn a_tree_of_nine_takes_the_odd_sum_along_or_drops_it() {
        // 4 adders of 12 bits, 2 of 13, 1 of 14, and 1 of 15 for the ninth sum.
        assert_eq!(tree_bits(9, 12.0, true), 48.0 + 26.0 + 14.0 + 15.0);
        assert_eq!(tree_bits(9, 12.0, false), 48.0 + 26.0 + 14.0);
        assert_eq!((tree_bits(1, 12.0, true), tree_bits(0, 12.0, false)), (0.0, 0.0));
    }
}
