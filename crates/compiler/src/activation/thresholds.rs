//! A requantization of one word is a staircase: the result is the number of stairs that the word has reached.
//!
//! Each stair has a flag. From bit 0 on, a flag knows whether what was seen of the word reaches what was seen of the stair: a
//! 1 in the word where the stair has a 0 makes it true, a 0 where the stair has a 1 makes it false, equal bits leave it. That is
//! one pass a bit, against the four of an addition. Flags of reached stairs then write the bits of their number, in order.

use ap_program::Format;

use super::builder::{Builder, Word};
use super::requantize::ChannelRequantization;
use super::tables::Table;

/// The most bits of a result: the stairs double with each.
const MOST_BITS: u8 = 6;

/// One channel's requantization as stairs.
#[derive(Debug, Clone)]
pub(super) struct Staircase {
    /// For the results 1, 2, ..., the loaded word from which on (or up to which, if it falls) they are reached.
    stairs: Vec<Stair>,
    /// Bits of the word.
    bits: u8,
    /// Whether a larger word gives a smaller result.
    falls: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stair {
    Always,
    Never,
    At(u128),
}

const FIRST_FLAG: usize = 2;

impl Staircase {
    /// `None` if there are several words, or too many stairs.
    pub(super) fn of(channel: &ChannelRequantization) -> Option<Self> {
        let &[word] = channel.addends.as_slice() else { return None };
        if channel.bits > MOST_BITS {
            return None;
        }
        let (multiplier, most) = (i128::from(word.multiplier), word.most_loaded() as i128);
        // multiplier · (loaded + least) + offset >= result << fraction
        let base = multiplier * word.least() + i128::from(channel.offset);
        let stairs = (1..1_i128 << channel.bits).map(|result| {
            let needed = (result << channel.fraction) - base;
            let reached_at = |loaded: i128| multiplier * loaded >= needed;
            // No result is below the least, and none above the largest.
            if result <= i128::from(channel.low) {
                return Stair::Always;
            }
            if result > i128::from(channel.high) {
                return Stair::Never;
            }
            match (reached_at(0), reached_at(most)) {
                (true, true) => Stair::Always,
                (false, false) => Stair::Never,
                _ if multiplier > 0 => Stair::At((needed + multiplier - 1).div_euclid(multiplier) as u128),
                // -|m| · loaded >= needed
                _ => Stair::At((-needed).div_euclid(-multiplier) as u128),
            }
        });
        Some(Self { stairs: stairs.collect(), bits: word.format.bits, falls: multiplier < 0 })
    }

    pub(super) fn words(&self) -> Vec<u32> {
        let result_bits = usize::BITS - self.stairs.len().leading_zeros();
        let flags = std::iter::repeat_n(1, self.stairs.len());
        [u32::from(self.bits), result_bits].into_iter().chain(flags).collect()
    }

    pub(super) fn emit(&self, channel: &ChannelRequantization, builder: &mut Builder, words: &[Word]) {
        let (word, result) = (words[0], words[1]);
        builder.load(channel.channel, 0, word, u32::from(self.bits));
        builder.apply(Table::Clear, channel.bits, &[result.into()]);
        for (&stair, &flag) in self.stairs.iter().zip(&words[FIRST_FLAG..]) {
            let Stair::At(place) = stair else { continue };
            // Equal so far counts as reached.
            builder.apply(Table::Set, 1, &[flag.into()]);
            let (tables, first) = if self.falls {
                // Trailing ones of the stair cannot make it false.
                ([Table::ClearWhereOne, Table::SetWhereZero], place.trailing_ones())
            } else {
                ([Table::SetWhereOne, Table::ClearWhereZero], place.trailing_zeros())
            };
            let range = (first as u8).min(self.bits)..self.bits;
            builder.apply_by_bits(place, range, tables, |bit| [word.bits_from(bit), flag.into()]);
        }
        for bit in 0..channel.bits {
            for (number, (&stair, &flag)) in (1_usize..).zip(self.stairs.iter().zip(&words[FIRST_FLAG..])) {
                if number % (1 << bit) != 0 {
                    continue;
                }
                let is_one = number >> bit & 1 == 1;
                let target = result.bits_from(bit);
                match stair {
                    Stair::Never => {}
                    Stair::Always => {
                        builder.apply(if is_one { Table::Set } else { Table::Clear }, 1, &[target]);
                    }
                    Stair::At(_) => {
                        let table = if is_one { Table::SetWhereOne } else { Table::ClearWhereOne };
                        builder.apply(table, 1, &[flag.into(), target]);
                    }
                }
            }
        }
        builder.store(result.into(), Format { bits: channel.bits, signed: false }, channel.channel);
    }
}
