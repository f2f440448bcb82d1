//! Bits in a row, the first in the highest place of the first byte.

use super::DecodeError;

/// Bits that are written.
#[derive(Debug, Default)]
pub struct BitWriter {
    bytes: Vec<u8>,
    bits: u64,
}

impl BitWriter {
    /// One bit.
    pub fn bit(&mut self, bit: bool) {
        if self.bits.is_multiple_of(8) {
            self.bytes.push(0);
        }
        if let Some(last) = self.bytes.last_mut() {
            *last |= u8::from(bit) << (7 - self.bits % 8);
        }
        self.bits += 1;
    }

    /// The lowest `count` bits of a value, the highest of them first.
    pub fn value(&mut self, value: u64, count: u32) {
        (0..count).rev().for_each(|place| self.bit(value >> place & 1 == 1));
    }

    /// A number from 0 by Elias' gamma code of the number after it: as many zeros as it has further bits, then its bits.
    pub fn number(&mut self, number: u64) {
        let number = number.saturating_add(1);
        let further = u64::BITS - 1 - number.leading_zeros();
        (0..further).for_each(|_| self.bit(false));
        self.value(number, further + 1);
    }

    /// The bytes, the last filled up with zeros, and how many bits were written.
    pub fn finish(self) -> (Vec<u8>, u64) {
        (self.bytes, self.bits)
    }
}

/// Bits that are read.
#[derive(Debug)]
pub struct BitReader<'a> {
    bytes: &'a [u8],
    place: u64,
}

impl<'a> BitReader<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, place: 0 }
    }

    /// One bit.
    pub fn bit(&mut self) -> Result<bool, DecodeError> {
        let byte = usize::try_from(self.place / 8).ok().and_then(|byte| self.bytes.get(byte));
        let byte = byte.ok_or(DecodeError::Ends)?;
        let bit = byte >> (7 - self.place % 8) & 1 == 1;
        self.place += 1;
        Ok(bit)
    }

    /// A value of `count` bits, up to 64.
    pub fn value(&mut self, count: u32) -> Result<u64, DecodeError> {
        (0..count).try_fold(0, |value, _| Ok(value << 1 | u64::from(self.bit()?)))
    }

    /// A number as [`BitWriter::number`] writes it.
    pub fn number(&mut self) -> Result<u64, DecodeError> {
        let mut further = 0;
        while !self.bit()? {
            further += 1;
            if further > 40 {
                return Err(DecodeError::Number);
            }
        }
        Ok((1_u64 << further | self.value(further)?) - 1)
    }
}
