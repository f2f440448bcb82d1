//! What leaks: the latches and switches at the rows and columns of subarrays, shift-adders, encoders, the registers of elements and tiles,
//! and adder trees. Cells do not; they keep their codes without power. Leakage follows the width of the transistors and the
//! supply: low-standby-power transistors leak 100 pA/µm at every node (PTM low-power models at 300 K).

use technology::Power;

use crate::grouping::Placement;
use crate::model::Chip;
use crate::ports::{TilePorts, bits_of_sum};
use crate::work::tree_bits;
use crate::{Converter, TileAdders};

impl Chip<'_> {
    /// The leakage of a tile of a layer.
    pub(crate) fn tile_leakage(&self, placement: &Placement) -> Power {
        let p = self.parameters;
        let elements =
            placement.tile_subarrays as f64 / (placement.element_side * placement.element_side) as f64;
        let subarrays = self.subarray_leakage() * placement.tile_subarrays as f64;
        let registers = self.element_register_bits(placement) * elements + self.tile_buffer_bits(placement);
        let adders = self.element_tree_bits(placement) * elements + self.tile_tree_bits(placement);
        (subarrays + p.leakage_bit * registers + p.leakage_adder * adders) * self.scaling.leakage
    }

    /// A subarray at the reference node.
    fn subarray_leakage(&self) -> Power {
        let (p, design) = (self.parameters, self.design);
        let (conversion, planes) = self.bits();
        let encoder = match design.converter {
            Converter::Flash { bits } => p.leakage_level * f64::from(1_u32 << bits.min(12)),
            Converter::Successive { .. } => Power::ZERO,
        };
        // A shift-adder adds what a converter gives, and its register is longer by the shifts; where a weight has several cells, another
        // one shifts these.
        let shift_add = |added: f64, shifts: f64| p.leakage_adder * added + p.leakage_bit * (added + shifts);
        let cells = self.cells_per_weight as f64;
        let shift_adders = if self.cells_per_weight > 1 {
            shift_add(conversion, cells) + shift_add(conversion + cells, planes)
        } else {
            shift_add(conversion, planes)
        };
        p.leakage * (design.rows + design.columns) as f64
            + (encoder + shift_adders) * design.converters() as f64
    }

    /// The registers of an element: an activation for each row of a subarray, a sum for each converter.
    fn element_register_bits(&self, placement: &Placement) -> f64 {
        let (conversion, planes) = self.bits();
        let stages = f64::from(placement.element_side.next_power_of_two().ilog2());
        self.design.rows as f64 * planes + self.design.converters() as f64 * (conversion + planes + stages)
    }

    /// The buffers of a tile, for its inputs and its sums. DNN+NeuroSim counts one bank of each.
    fn tile_buffer_bits(&self, placement: &Placement) -> f64 {
        let counted = |bits: f64| if self.corrected() { bits } else { bits.min(TilePorts::BANK) };
        let ports = TilePorts::new(self, placement);
        counted(ports.input_bits) + counted(ports.sum_bits)
    }

    /// The adders of an element's trees, one for each of its converters along a row.
    fn element_tree_bits(&self, placement: &Placement) -> f64 {
        // DNN+NeuroSim counts the stages that the layer uses.
        let inputs = if self.corrected() {
            placement.element_side
        } else {
            placement.row_blocks.min(placement.element_side)
        };
        let (conversion, planes) = self.bits();
        let trees = placement.element_side * self.design.converters();
        tree_bits(inputs, conversion + planes + 1.0, self.corrected()) * trees as f64
    }

    /// The adders of a tile's trees over its elements.
    fn tile_tree_bits(&self, placement: &Placement) -> f64 {
        let inputs = if self.corrected() && !placement.split {
            self.organisation.elements_along_tile(false)
        } else {
            placement.summed_elements
        };
        let along = match self.design.tile_adders {
            TileAdders::PerElement if !self.corrected() => {
                if placement.split {
                    placement.matrices
                } else {
                    self.organisation.elements_along_tile(false)
                }
            }
            _ => placement.element_side,
        };
        let trees = along * self.design.converters();
        tree_bits(inputs, bits_of_sum(self, placement) + 1.0, self.corrected()) * trees as f64
    }
}
