//! Programs of an associative processor: what the compiler emits and the machine executes.

use std::fmt;

use crate::{Format, Geometry, Lut, Operand, Operands};

/// One element of the window: an input channel and a place in the kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tap {
    /// The input channel.
    pub channel: u32,
    /// The kernel's row.
    pub row: u8,
    /// The kernel's column.
    pub column: u8,
}

impl fmt::Display for Tap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{},{},{}", self.channel, self.row, self.column)
    }
}

/// One word of a program. The controller broadcasts it to all processors that run the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Instruction {
    /// Fills an operand with the window element that belongs to each row's output position.
    Load {
        /// Which element.
        tap: Tap,
        /// Where it goes.
        destination: Operand,
    },
    /// Runs a table's passes on bit 0, 1, ... of the operands.
    Apply {
        /// Index into the program's tables.
        lut: u8,
        /// How many bits.
        bits: u8,
        /// One for each of the table's columns.
        operands: Operands,
    },
    /// Reads an accumulator out of all rows.
    Store {
        /// The output channel it belongs to.
        output: u32,
        /// Where it lies.
        source: Operand,
        /// Whether its last bit is a sign.
        signed: bool,
    },
}

/// The program that computes some outputs of a layer, for every row at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// The array it was compiled for.
    pub geometry: Geometry,
    /// The tables that `Apply` names.
    pub luts: Vec<Lut>,
    /// In the order of execution.
    pub instructions: Vec<Instruction>,
}

impl Program {
    /// The format of each output that is stored, in the order of storing.
    pub fn outputs(&self) -> impl Iterator<Item = (u32, Format)> + '_ {
        self.instructions.iter().filter_map(|instruction| match *instruction {
            Instruction::Store { output, source, signed } => {
                Some((output, Format { bits: source.bits, signed }))
            }
            _ => None,
        })
    }
}
