//! Programs of an associative processor: what the compiler emits and the machine executes.

use crate::ir::Tap;
use crate::lut::Lut;
use crate::{Format, Geometry};

/// How the bits of an operand lie in the array.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// In successive domains of one column: every bit costs a shift.
    Along,
    /// In successive columns at one domain: no shift between bits.
    Across,
}

/// The place of a word: its least significant bit lies at `column` and `domain`, the others follow in a direction.
/// A bit beyond the last is the last bit again: this is how a sign is extended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Operand {
    /// Column of the least significant bit.
    pub column: u16,
    /// Domain of the least significant bit.
    pub domain: u8,
    /// Number of bits, at least 1.
    pub bits: u8,
    /// Where the further bits lie.
    pub direction: Direction,
}

impl Operand {
    /// The column and domain of bit `i`, or of the last bit if there are fewer.
    #[inline]
    pub fn cell(self, i: usize) -> (usize, usize) {
        let i = i.min(usize::from(self.bits).saturating_sub(1));
        let (column, domain) = (usize::from(self.column), usize::from(self.domain));
        match self.direction {
            Direction::Along => (column, domain + i),
            Direction::Across => (column + i, domain),
        }
    }

    /// The same word without its first `skipped` bits; what is left of it is at least its last bit.
    pub fn from_bit(self, skipped: u8) -> Self {
        let skipped = skipped.min(self.bits.saturating_sub(1));
        let (column, domain) = self.cell(usize::from(skipped));
        Self {
            column: column as u16,
            domain: domain as u8,
            bits: self.bits - skipped,
            direction: self.direction,
        }
    }
}

/// Up to four operands, in the order of a table's columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Operands {
    operands: [Operand; 4],
    count: u8,
}

impl Operands {
    /// Takes the first four of a slice: tables have no more columns.
    pub fn new(operands: &[Operand]) -> Self {
        let none = Operand { column: 0, domain: 0, bits: 1, direction: Direction::Along };
        let mut all = [none; 4];
        let count = operands.len().min(4);
        all[..count].copy_from_slice(&operands[..count]);
        Self { operands: all, count: count as u8 }
    }

    /// As a slice.
    #[inline]
    pub fn as_slice(&self) -> &[Operand] {
        &self.operands[..usize::from(self.count)]
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
