//! From the node that a technology file is for to another one. The rules and their constants are those of [`technology::node`]; this
//! file says which of them moves which part:
//!
//! | what | rule |
//! |---|---|
//! | logic and memory (latches, program store, decoder, buffer, requantization, pools) | logic |
//! | searches | wires and gates that span cells |
//! | moving a bit, a word's way from the store | wires of the same length |
//! | writing and reading a junction | node (assumption: the current follows the junction's diameter more than its area, to stay stable) |
//! | shifting a track, stated | as searches; times stay (assumption: driver and wires dominate memory-array figures) |
//! | shifting a track, computed | width and domain length follow the node; thickness, resistance of a square and current density stay |
//! | search time, time of a latch | the time of a step, as a crossbar's converters |
//! | leakage, areas | leakage, areas |

use technology::node::{DELAY_EXPONENT, NodeFactors};
use technology::{Length, Quantity};

use crate::technology_parameters::ProcessorParameters;

impl ProcessorParameters {
    /// The same processor at another node, nm; `self` is at the node of its feature size.
    #[must_use]
    pub fn at_node(&self, node_nm: f64) -> Self {
        let own_nm = self.feature_size.base() * 1e3;
        let factors = NodeFactors::stated(own_nm, node_nm);
        let NodeFactors { size, logic, cell_wire, wire, leakage, area, .. } = factors;
        if size == 1.0 {
            return self.clone();
        }
        Self {
            search_active_bit: self.search_active_bit * cell_wire,
            search_match_line_bit: self.search_match_line_bit * cell_wire,
            search_match_line_row: self.search_match_line_row * cell_wire,
            search_key_column: self.search_key_column * cell_wire,
            search_time: self.search_time * factors.delay(DELAY_EXPONENT.value),
            write_bit: self.write_bit * size,
            latch_compare: self.latch_compare * logic,
            latch_write: self.latch_write * logic,
            latch_time: self.latch_time * factors.delay(DELAY_EXPONENT.value),
            latch_leakage: self.latch_leakage * leakage,
            segment_leakage: self.segment_leakage * leakage,
            segment_area: self.segment_area * area,
            latch_area: self.latch_area * area,
            read_bit: self.read_bit * size,
            shift_step: self.shift_step * cell_wire,
            store_sram: self.store_sram * logic,
            store_edram: self.store_edram * logic,
            store_sram_leakage: self.store_sram_leakage * leakage,
            store_edram_leakage: self.store_edram_leakage * leakage,
            store_sram_area: self.store_sram_area * area,
            store_edram_area: self.store_edram_area * area,
            store_way: self.store_way * wire,
            decode_word: self.decode_word * logic,
            decode_encoded: self.decode_encoded * logic,
            broadcast_word: self.broadcast_word * wire,
            movement_bit: self.movement_bit * wire,
            buffer_bit: self.buffer_bit * logic,
            buffer_leakage: self.buffer_leakage * leakage,
            buffer_area: self.buffer_area * area,
            requantization: self.requantization * logic,
            pool_operation: self.pool_operation * logic,
            row_leakage: self.row_leakage * leakage,
            column_leakage: self.column_leakage * leakage,
            controller_leakage: self.controller_leakage * leakage,
            feature_size: Length::micrometres(node_nm * 1e-3),
            row_area: self.row_area * area,
            column_area: self.column_area * area,
            controller_area: self.controller_area * area,
            ..self.clone()
        }
    }
}
