//! What the parts of a digital array cost, and its shape.

use serde::Deserialize;
use technology::{Area, Energy, Length, Number, Power, Time};

/// The shape of an array.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ArrayDesign {
    /// Node that it is built at, nm.
    pub node_nm: f64,
    /// Units along which partial sums are added: inputs of a matrix.
    pub rows: usize,
    /// Units side by side: outputs of a matrix.
    pub columns: usize,
    /// Bits of the buffer beside the array.
    pub buffer_bits: u64,
}

technology::parameters! {
    /// What the parts of a digital array cost.
    pub struct ArrayParameters {
        /// Node at which the parameters are given.
        reference_node: Length = "scaling.reference_node" per "",
        /// Exponent of the node with which the gate capacitance of the narrowest transistor grows.
        gate_exponent: Number = "scaling.gate_exponent" per "",
        /// Supply at the reference node over that at 22 nm.
        supply_ratio: Number = "scaling.supply_ratio" per "",
        /// Energy of a multiplier for each product of a weight's and an activation's bit.
        multiplier_bit: Energy = "unit.multiplier" per "bit2" of components,
        /// Energy of an adder for each bit.
        adder_bit: Energy = "unit.adder" per "bit" of components,
        /// Energy to store one bit in a register.
        register_bit: Energy = "unit.register" per "bit" of components,
        /// Time of a multiplication with its addition.
        cycle: Time = "unit.cycle" per "",
        /// Energy to read or write one bit of the buffer beside the array.
        buffer_bit: Energy = "buffer.access" per "bit" of components,
        /// Energy to read or write one bit of the large memory.
        memory_bit: Energy = "memory.access" per "bit" of components,
        /// Leakage of a unit.
        unit_leakage: Power = "leakage.unit" per "unit" of components,
        /// Leakage of a bit of memory.
        bit_leakage: Power = "leakage.bit" per "bit" of components,
        /// Area of a unit.
        unit_area: Area = "area.unit" per "unit" of components,
        /// Area of a bit of memory.
        bit_area: Area = "area.bit" per "bit" of components,
    }
}
