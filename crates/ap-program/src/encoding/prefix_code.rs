//! Canonical prefix codes (Huffman's) of limited length: a decoder needs the lengths alone.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::DecodeError;
use super::bits::{BitReader, BitWriter};

/// The longest code, in bits: more entries than it can tell apart do not fit a program.
const LONGEST: u8 = 24;
/// Bits in which a length is written.
const LENGTH_BITS: u32 = 5;

/// A code for the symbols 0, 1, ...; a symbol of length 0 does not occur.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrefixCode {
    lengths: Vec<u8>,
    codes: Vec<u32>,
    /// The symbols that occur, in the order of their codes.
    order: Vec<usize>,
    /// For each length, its first code and how many codes are shorter.
    first: [(u32, usize); LONGEST as usize + 1],
}

impl PrefixCode {
    /// The shortest code for symbols that occur so often, none longer than twenty-four bits.
    pub fn of_counts(counts: &[u64]) -> Self {
        let mut counts = counts.to_vec();
        loop {
            let lengths = huffman(&counts);
            if lengths.iter().all(|&length| length <= u32::from(LONGEST)) {
                return Self::of_lengths(lengths.into_iter().map(|length| length as u8).collect());
            }
            // Flatter counts give shorter codes.
            counts.iter_mut().filter(|count| **count > 0).for_each(|count| *count = *count / 2 + 1);
        }
    }

    /// The code of given lengths: codes of one length follow one another in the order of the symbols, shorter ones come first.
    fn of_lengths(lengths: Vec<u8>) -> Self {
        let (mut codes, mut order) = (vec![0; lengths.len()], Vec::new());
        let mut first = [(0, 0); LONGEST as usize + 1];
        let mut code = 0_u32;
        for length in 1..=LONGEST {
            first[usize::from(length)] = (code, order.len());
            for (symbol, _) in lengths.iter().enumerate().filter(|(_, of)| **of == length) {
                codes[symbol] = code;
                order.push(symbol);
                code += 1;
            }
            code <<= 1;
        }
        Self { lengths, codes, order, first }
    }

    /// Writes the lengths: five bits each; after a 0 stands how many more zeros follow.
    pub fn write_lengths(&self, bits: &mut BitWriter) {
        let mut symbol = 0;
        while symbol < self.lengths.len() {
            bits.value(u64::from(self.lengths[symbol]), LENGTH_BITS);
            symbol += 1;
            if self.lengths[symbol - 1] == 0 {
                let zeros = self.lengths[symbol..].iter().take_while(|length| **length == 0).count();
                bits.number(zeros as u64);
                symbol += zeros;
            }
        }
    }

    /// Reads the lengths of so many symbols.
    pub fn read_lengths(bits: &mut BitReader<'_>, symbols: usize) -> Result<Self, DecodeError> {
        let mut lengths = Vec::with_capacity(symbols.min(1 << 16));
        while lengths.len() < symbols {
            let length = bits.value(LENGTH_BITS)? as u8;
            if length > LONGEST {
                return Err(DecodeError::Code);
            }
            lengths.push(length);
            if length == 0 {
                let zeros = usize::try_from(bits.number()?).map_err(|_| DecodeError::Number)?;
                if zeros > symbols - lengths.len() {
                    return Err(DecodeError::Code);
                }
                lengths.resize(lengths.len() + zeros, 0);
            }
        }
        // Codes that overlap could be read in two ways.
        let taken: u64 =
            lengths.iter().filter(|length| **length > 0).map(|length| 1_u64 << (LONGEST - length)).sum();
        if taken > 1_u64 << LONGEST {
            return Err(DecodeError::Code);
        }
        Ok(Self::of_lengths(lengths))
    }

    /// Writes a symbol that occurs.
    pub fn write(&self, bits: &mut BitWriter, symbol: usize) {
        bits.value(u64::from(self.codes[symbol]), u32::from(self.lengths[symbol]));
    }

    /// Reads a symbol.
    pub fn read(&self, bits: &mut BitReader<'_>) -> Result<usize, DecodeError> {
        let mut code = 0_u32;
        for length in 1..=usize::from(LONGEST) {
            code = code << 1 | u32::from(bits.bit()?);
            let (first, shorter) = self.first[length];
            let up_to = self.first.get(length + 1).map_or(self.order.len(), |(_, shorter)| *shorter);
            if let Some(place) =
                code.checked_sub(first).map(|place| shorter + place as usize).filter(|p| *p < up_to)
            {
                return Ok(self.order[place]);
            }
        }
        Err(DecodeError::Code)
    }
}

/// The lengths of Huffman's code; a symbol alone gets one bit. Of equal counts the lower symbols are joined first, and symbols before what
/// was joined already, so that the lengths are the same everywhere.
fn huffman(counts: &[u64]) -> Vec<u32> {
    let mut lengths = vec![0; counts.len()];
    let occurring: Vec<usize> = (0..counts.len()).filter(|&symbol| counts[symbol] > 0).collect();
    if let [only] = occurring[..] {
        lengths[only] = 1;
        return lengths;
    }
    // Nodes by number: the symbols that occur first, then what is joined, each with the node that it is joined into.
    let mut parents: Vec<usize> = vec![0; occurring.len()];
    let mut waiting: BinaryHeap<Reverse<(u64, usize)>> =
        occurring.iter().enumerate().map(|(node, &symbol)| Reverse((counts[symbol], node))).collect();
    while let Some(Reverse((first_count, first))) = waiting.pop() {
        let Some(Reverse((second_count, second))) = waiting.pop() else { break };
        let joined = parents.len();
        parents.push(joined);
        (parents[first], parents[second]) = (joined, joined);
        waiting.push(Reverse((first_count + second_count, joined)));
    }
    // A node lies one deeper than its parent, which has a higher number; the last is the root.
    let mut depths = vec![0; parents.len()];
    for node in (0..parents.len().saturating_sub(1)).rev() {
        depths[node] = depths[parents[node]] + 1;
    }
    occurring.iter().zip(depths).for_each(|(&symbol, depth)| lengths[symbol] = depth);
    lengths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frequent_symbols_get_short_codes() {
        let code = PrefixCode::of_counts(&[5, 0, 1, 1, 9]);
        assert_eq!(code.lengths, [2, 0, 3, 3, 1]);
        assert_eq!(code.codes, [0b10, 0, 0b110, 0b111, 0b0]);
    }

    #[test]
    fn a_symbol_alone_takes_one_bit() {
        assert_eq!(PrefixCode::of_counts(&[0, 7, 0]).lengths, [0, 1, 0]);
    }

    #[test]
    fn no_code_is_longer_than_twenty_four_bits() {
        // Fibonacci's numbers give the longest codes.
        let mut counts = vec![1_u64, 1];
        (2..40).for_each(|n| counts.push(counts[n - 1] + counts[n - 2]));
        let code = PrefixCode::of_counts(&counts);
        assert!(code.lengths.iter().all(|length| (1..=24).contains(length)), "{:?}", code.lengths);
        let mut bits = BitWriter::default();
        code.write_lengths(&mut bits);
        (0..40).for_each(|symbol| code.write(&mut bits, symbol));
        let (bytes, _) = bits.finish();
        let mut bits = BitReader::new(&bytes);
        let read = PrefixCode::read_lengths(&mut bits, 40).unwrap();
        assert_eq!(read, code);
        assert!((0..40).all(|symbol| read.read(&mut bits).unwrap() == symbol));
    }
}
