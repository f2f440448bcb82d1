//! Words without a place become operands, tables' applications become instructions.

use std::ops::Range;

use ap_program::{Carry, Direction, Format, Geometry, Instruction, Latch, Operand, Operands, Program, Tap};

use super::ActivationError;
use super::tables::{Table, WithCarry, tables};

/// A word of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Word(usize);

/// Some bits of a word; bits beyond the last are the last again, so a flag is a word of one bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bits {
    word: Word,
    first: u8,
}

impl Word {
    pub(super) fn bits_from(self, first: u8) -> Bits {
        Bits { word: self, first }
    }
}

impl Bits {
    /// The bits from a later one on.
    pub(super) fn shifted(self, by: u8) -> Self {
        Self { first: self.first + by, ..self }
    }
}

impl From<Word> for Bits {
    fn from(word: Word) -> Self {
        word.bits_from(0)
    }
}

/// The carry of additions and the borrow of subtractions: a word of one bit, or the latch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CarryBit {
    Word(Word),
    Latch,
}

/// Collects a program. Words keep their places: what is computed one after the other uses the same words again.
#[derive(Debug)]
pub(super) struct Builder {
    geometry: Geometry,
    places: Vec<Operand>,
    /// What the next table that has the latch does with it first.
    latch: Latch,
    instructions: Vec<Instruction>,
}

impl Builder {
    /// Bits of a word that holds the carry: none where there is a latch.
    pub(super) fn carry_bits(geometry: Geometry) -> u32 {
        match geometry.carry() {
            Carry::Column => 1,
            Carry::Latch => 0,
        }
    }

    /// Places words of the given bits: across columns at domain 0 if the columns suffice, otherwise along a track each. A word of no
    /// bits takes no place, and is not used.
    pub(super) fn new(
        geometry: Geometry,
        bits: impl IntoIterator<Item = u32>,
    ) -> Result<(Self, Vec<Word>), ActivationError> {
        let bits: Vec<u8> = bits
            .into_iter()
            .map(|bits| u8::try_from(bits).map_err(|_| ActivationError::TooWide(bits)))
            .collect::<Result<_, _>>()?;
        let all: usize = bits.iter().map(|&bits| usize::from(bits)).sum();
        let longest = bits.iter().map(|&bits| usize::from(bits)).max().unwrap_or(0);
        let direction = if all <= geometry.columns() {
            Direction::Across
        } else if bits.iter().filter(|&&bits| bits > 0).count() <= geometry.columns()
            && longest <= geometry.domains()
        {
            Direction::Along
        } else {
            return Err(ActivationError::DoesNotFit { words: bits.len(), bits: all, longest, geometry });
        };
        let mut column = 0;
        let places = bits.iter().map(|&bits| {
            let place = Operand { column, domain: 0, bits, direction };
            column += if direction == Direction::Across { u16::from(bits) } else { u16::from(bits > 0) };
            place
        });
        let places: Vec<Operand> = places.collect();
        let words = (0..places.len()).map(Word).collect();
        Ok((Self { geometry, places, latch: Latch::Cleared, instructions: Vec::new() }, words))
    }

    /// Fills the first `bits` bits of a word from the elements `channel,addend,0`, `channel,addend,1`, ..., sixteen bits from each.
    pub(super) fn load(&mut self, channel: u32, addend: u8, word: Word, bits: u32) {
        for piece in 0..bits.div_ceil(16) as u8 {
            let tap = Tap { channel, row: addend, column: piece };
            let part = self.part(word.bits_from(16 * piece), (bits - 16 * u32::from(piece)).min(16) as u8);
            self.instructions.push(Instruction::Load { tap, destination: part });
        }
    }

    /// Fills a word of at most sixteen bits from one element.
    pub(super) fn load_element(&mut self, tap: Tap, word: Word) {
        self.instructions.push(Instruction::Load { tap, destination: self.places[word.0] });
    }

    /// The carry, in a word where there is no latch.
    pub(super) fn carry(&self, word: Word) -> CarryBit {
        match self.geometry.carry() {
            Carry::Column => CarryBit::Word(word),
            Carry::Latch => CarryBit::Latch,
        }
    }

    /// Clears the carry.
    pub(super) fn clear_carry(&mut self, carry: CarryBit) {
        match carry {
            CarryBit::Word(word) => self.apply(Table::Clear, 1, &[word.into()]),
            CarryBit::Latch => self.latch = Latch::Cleared,
        }
    }

    /// Runs a table over the given number of bits with the carry as its column of this name; the operands are the others.
    pub(super) fn apply_with_carry(
        &mut self,
        table: WithCarry,
        bits: u8,
        carry: CarryBit,
        operands: &[Bits],
    ) {
        match carry {
            CarryBit::Word(word) => {
                let (table, column) = table.of_columns();
                let mut all = operands.to_vec();
                all.insert(column, word.into());
                self.apply(table, bits, &all);
            }
            CarryBit::Latch if bits > 0 => {
                let number = table.number(std::mem::replace(&mut self.latch, Latch::Kept));
                self.push(number, bits, operands);
            }
            CarryBit::Latch => {}
        }
    }

    /// Runs a table over the given number of bits; does nothing for none.
    pub(super) fn apply(&mut self, table: Table, bits: u8, operands: &[Bits]) {
        if bits > 0 {
            self.push(table as u8, bits, operands);
        }
    }

    fn push(&mut self, lut: u8, bits: u8, operands: &[Bits]) {
        let places: Vec<Operand> = operands.iter().map(|o| self.places[o.word.0].from_bit(o.first)).collect();
        self.instructions.push(Instruction::Apply { lut, bits, operands: Operands::new(&places) });
    }

    /// Runs one of two tables over each bit of a range, by the bits of a constant; neighbours of the same table together.
    pub(super) fn apply_by_bits(
        &mut self,
        constant: u128,
        range: Range<u8>,
        tables: [Table; 2],
        operands: impl Fn(u8) -> [Bits; 2],
    ) {
        Self::by_bits(constant, range, tables, |table, first, bits| {
            self.apply(table, bits, &operands(first));
        });
    }

    /// The same of tables with the carry; the other operand is a word's bits.
    pub(super) fn apply_with_carry_by_bits(
        &mut self,
        constant: u128,
        range: Range<u8>,
        tables: [WithCarry; 2],
        carry: CarryBit,
        word: Word,
    ) {
        Self::by_bits(constant, range, tables, |table, first, bits| {
            self.apply_with_carry(table, bits, carry, &[word.bits_from(first)]);
        });
    }

    /// Runs of equal bits of a constant in a range: the table of each, its first bit and how many.
    fn by_bits<T: Copy>(
        constant: u128,
        range: Range<u8>,
        [zero, one]: [T; 2],
        mut apply: impl FnMut(T, u8, u8),
    ) {
        let bit = |place: u8| u32::from(place) < u128::BITS && constant >> place & 1 == 1;
        let mut first = range.start;
        while first < range.end {
            let is_one = bit(first);
            let end = (first..range.end).find(|&place| bit(place) != is_one).unwrap_or(range.end);
            apply(if is_one { one } else { zero }, first, end - first);
            first = end;
        }
    }

    /// Reads some bits out of all rows.
    pub(super) fn store(&mut self, bits: Bits, format: Format, output: u32) {
        let source = self.part(bits, format.bits);
        self.instructions.push(Instruction::Store { output, source, signed: format.signed });
    }

    pub(super) fn finish(self) -> Result<Program, ActivationError> {
        Ok(Program {
            geometry: self.geometry,
            luts: tables(self.geometry.carry())?.to_vec(),
            instructions: self.instructions,
        })
    }

    fn part(&self, bits: Bits, count: u8) -> Operand {
        Operand { bits: count, ..self.places[bits.word.0].from_bit(bits.first) }
    }
}
