//! From the node that a technology file is for to another one, by stated rules:
//!
//! | what | rule |
//! |---|---|
//! | supply | 0.85 V at 22 nm and 6.2 mV more for each nm (PTM low-power models: 0.85, 0.9, 1.0 V at 22, 32, 45 nm) |
//! | logic and memory (program, buffer, requantization, pools) | gate capacitance, node^1.4, times supply squared |
//! | searches | wires and gates that span cells: node times supply squared |
//! | moving a bit | wires of the same length: supply squared |
//! | writing and reading a junction | node (assumption: the current follows the junction's diameter more than its area, to stay stable) |
//! | shifting a track, stated | as searches; times stay (assumption: driver and wires dominate memory-array figures) |
//! | shifting a track, computed | width and domain length follow the node; thickness, resistance of a square and current density stay |
//! | search time | node^0.534, as a crossbar's converters |
//! | leakage | width of the transistors times supply |
//! | areas | node squared |

use technology::{Length, Quantity};

use crate::technology_parameters::ProcessorParameters;

/// Supply at 22 nm, V, and its growth, V/nm.
const SUPPLY: (f64, f64) = (0.85, 6.2e-3);
/// Exponent of a gate's capacitance.
const GATE_EXPONENT: f64 = 1.4;
/// Exponent of a search's time.
const DELAY_EXPONENT: f64 = 0.534;

fn supply(node_nm: f64) -> f64 {
    SUPPLY.0 + SUPPLY.1 * (node_nm - 22.0)
}

impl ProcessorParameters {
    /// The same processor at another node, nm; `self` is at the node of its feature size.
    #[must_use]
    pub fn at_node(&self, node_nm: f64) -> Self {
        let own_nm = self.feature_size.base() * 1e3;
        let size = node_nm / own_nm;
        if size == 1.0 {
            return self.clone();
        }
        let volts = supply(node_nm) / supply(own_nm);
        let (wire, cell) = (volts * volts, size * volts * volts);
        let logic = libm::pow(size, GATE_EXPONENT) * volts * volts;
        let area = size * size;
        Self {
            search_active_bit: self.search_active_bit * cell,
            search_match_line_bit: self.search_match_line_bit * cell,
            search_match_line_row: self.search_match_line_row * cell,
            search_key_column: self.search_key_column * cell,
            search_time: self.search_time * libm::pow(size, DELAY_EXPONENT),
            write_bit: self.write_bit * size,
            read_bit: self.read_bit * size,
            shift_step: self.shift_step * cell,
            fetch_word: self.fetch_word * logic,
            decode_word: self.decode_word * logic,
            broadcast_word: self.broadcast_word * wire,
            program_bit_area: self.program_bit_area * area,
            movement_bit: self.movement_bit * wire,
            buffer_bit: self.buffer_bit * logic,
            requantization: self.requantization * logic,
            pool_operation: self.pool_operation * logic,
            leakage: self.leakage * (size * volts),
            feature_size: Length::micrometres(node_nm * 1e-3),
            row_area: self.row_area * area,
            column_area: self.column_area * area,
            controller_area: self.controller_area * area,
            ..self.clone()
        }
    }
}
