//! Words of bits: how they are stored, and where they lie.

use std::fmt;
use std::str::FromStr;

/// How a value is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Format {
    /// Number of bits.
    pub bits: u8,
    /// Two's complement if signed.
    pub signed: bool,
}

impl fmt::Display for Format {
    /// As `u4` or `s12`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", if self.signed { 's' } else { 'u' }, self.bits)
    }
}

/// A text that is no format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no format, such as `u4` or `s12`")]
pub struct NoFormat(String);

impl FromStr for Format {
    type Err = NoFormat;
    fn from_str(text: &str) -> Result<Self, NoFormat> {
        let read = || {
            let (signed, bits) = match text.split_at_checked(1)? {
                ("u", bits) => (false, bits),
                ("s", bits) => (true, bits),
                _ => return None,
            };
            let digits = bits.bytes().all(|byte| byte.is_ascii_digit());
            let bits: u8 = bits.parse().ok().filter(|&bits| digits && bits > 0)?;
            Some(Self { bits, signed })
        };
        read().ok_or_else(|| NoFormat(text.to_owned()))
    }
}

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
