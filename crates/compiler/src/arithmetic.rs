//! Words from bits: which tables an addition or subtraction of words runs, and over how many bits.

use ap_program::{Format, Lut};

use crate::lut::LutKind;

/// Which of the two operands still have bits, or a sign that goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reads {
    /// Both.
    Both,
    /// The left one only.
    Left,
    /// The right one only.
    Right,
    /// None: what is left is the carry.
    Neither,
}

/// A run of bits that one table handles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment {
    /// The table.
    pub lut: LutKind,
    /// The operands that it reads; in place, the target counts as the right one.
    pub reads: Reads,
    /// The first bit of the words.
    pub first: u8,
    /// How many bits.
    pub bits: u8,
}

/// The tables that run one after the other, and whether the carry is known to be 0 at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WordSchedule {
    /// In order, without gaps from bit 0 to the result's last.
    pub segments: Vec<Segment>,
    /// If false, the next operation has to clear the carry first.
    pub leaves_carry_clear: bool,
}

impl WordSchedule {
    /// Compares and writes, over all bits.
    pub fn cycles(&self, luts: &[Lut]) -> u64 {
        self.segments.iter().map(|s| u64::from(s.bits) * luts[s.lut.index()].cycles() as u64).sum()
    }
}

/// `target <- target ± addend`. Beyond its last bit an unsigned addend leaves only the carry to add; a sign goes on.
pub fn in_place(target: Format, addend: Format, subtract: bool) -> WordSchedule {
    let (both, carry) = if subtract {
        (LutKind::SubtractInPlace, LutKind::BorrowInPlace)
    } else {
        (LutKind::AddInPlace, LutKind::CarryInPlace)
    };
    let lut_of_bit =
        |bit| if addend.signed || bit < addend.bits { (both, Reads::Both) } else { (carry, Reads::Right) };
    WordSchedule {
        segments: segments((0..target.bits).map(lut_of_bit)),
        // An unsigned target never leaves its range, so nothing is carried out of its last bit.
        leaves_carry_clear: !target.signed,
    }
}

/// `result <- left ± right`, in columns of its own.
pub fn out_of_place(result: Format, left: Format, right: Format, subtract: bool) -> WordSchedule {
    let has = |operand: Format, bit| operand.signed || bit < operand.bits;
    let exhausted = left.bits.max(right.bits);
    let lut_of_bit = |bit| match (has(left, bit), has(right, bit), subtract) {
        (true, true, false) => (LutKind::Add, Reads::Both),
        (true, true, true) => (LutKind::Subtract, Reads::Both),
        (true, false, true) => (LutKind::Borrow, Reads::Left),
        (false, true, true) => (LutKind::Negate, Reads::Right),
        (true, false, false) => (LutKind::Carry, Reads::Left),
        (false, true, false) => (LutKind::Carry, Reads::Right),
        (false, false, true) => (LutKind::CopyBorrow, Reads::Neither),
        (false, false, false) if bit == exhausted => (LutKind::MoveCarry, Reads::Neither),
        (false, false, false) => (LutKind::Clear, Reads::Neither),
    };
    WordSchedule {
        segments: segments((0..result.bits).map(lut_of_bit)),
        leaves_carry_clear: !subtract && !left.signed && !right.signed,
    }
}

fn segments(luts: impl Iterator<Item = (LutKind, Reads)>) -> Vec<Segment> {
    let mut segments: Vec<Segment> = Vec::new();
    for (bit, (lut, reads)) in luts.enumerate() {
        match segments.last_mut() {
            Some(last) if (last.lut, last.reads) == (lut, reads) => last.bits += 1,
            _ => segments.push(Segment { lut, reads, first: bit as u8, bits: 1 }),
        }
    }
    segments
}
