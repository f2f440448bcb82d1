//! Products with constants as sums of shifted words.
//!
//! A multiplier below 0 is made positive by taking the word's complement, so every partial sum is a number from 0 on with
//! known bounds: additions need no sign and stop where the sum does. What remains of the offset is a constant, added or
//! subtracted at the end; of the bits that are dropped only the carry or the borrow is computed, with one pass a bit.

use ap_program::Format;

use super::builder::{Bits, Builder, CarryBit, Word};
use super::digits::{Digit, binary, signed};
use super::requantize::{ChannelRequantization, ScaledWord};
use super::tables::{Table, WithCarry};

/// One channel's requantization as a sum of shifted words.
#[derive(Debug, Clone)]
pub(super) struct Sum {
    products: Vec<Product>,
    /// Added to the products after they lost their common low zeros.
    constant: i128,
    /// Bits that are dropped, counted likewise.
    fraction: u8,
    /// Bits of the sum.
    width: u32,
}

#[derive(Debug, Clone)]
struct Product {
    addend: u8,
    bits: u8,
    most: u128,
    /// Whether the word's complement is multiplied.
    complement: bool,
    digits: Vec<Digit>,
}

const CARRY: usize = 0;
const OVERFLOW: usize = 1;
const SUM: usize = 2;
const LOADED: usize = 3;
const COMPLEMENT: usize = 4;

impl Sum {
    pub(super) fn of(channel: &ChannelRequantization) -> Self {
        let mut constant = i128::from(channel.offset);
        for word in &channel.addends {
            constant += i128::from(word.multiplier) * word.least();
            if word.multiplier < 0 {
                // -|m| · loaded = |m| · complement - |m| · most
                constant += i128::from(word.multiplier) * word.most_loaded() as i128;
            }
        }
        let scaled = || channel.addends.iter().filter(|word| word.multiplier != 0);
        let zeros =
            scaled().map(|word| word.multiplier.trailing_zeros()).min().unwrap_or(0).min(channel.fraction);
        let products: Vec<Product> = channel
            .addends
            .iter()
            .enumerate()
            .filter(|(_, word)| word.multiplier != 0)
            .map(|(addend, word)| Product::of(addend as u8, *word, zeros))
            .collect();
        let (constant, fraction) = (constant >> zeros, channel.fraction - zeros);
        let most = products.iter().map(Product::most).sum::<u128>();
        let with_constant =
            if constant < 0 { constant.unsigned_abs() } else { most + constant.unsigned_abs() };
        // Leading digits may add up to more than all of them do.
        let mut peak = most.max(with_constant);
        let mut before = 0;
        for product in &products {
            peak = product.partial_sums().map(|partial| before + partial).fold(peak, u128::max);
            before += product.most();
        }
        let width = bits_of(peak).max(fraction + u32::from(channel.bits));
        Self { products, constant, fraction: fraction as u8, width }
    }

    /// Bits of the words that are alive together; the carry has as many as are said.
    pub(super) fn words(&self, carry: u32) -> Vec<u32> {
        let longest = |complement: bool| {
            let of_kind = self.products.iter().filter(|product| !complement || product.complement);
            of_kind.map(|product| u32::from(product.bits)).max()
        };
        let mut words = vec![carry, 1, self.width];
        words.extend(longest(false));
        words.extend(longest(true));
        words
    }

    pub(super) fn emit(&self, channel: &ChannelRequantization, builder: &mut Builder, words: &[Word]) {
        let (carry, sum) = (builder.carry(words[CARRY]), words[SUM]);
        builder.apply(Table::Clear, self.width as u8, &[sum.into()]);
        builder.clear_carry(carry);
        let mut most = 0;
        for product in &self.products {
            product.emit(channel.channel, builder, words, &mut most);
        }
        self.emit_constant(builder, carry, sum);
        let (fraction, bits) = (self.fraction, channel.bits);
        let result = sum.bits_from(fraction);
        let beyond = self.width as u8 - fraction - bits;
        if beyond > 0 {
            let overflow: Bits = words[OVERFLOW].into();
            builder.apply(Table::Clear, 1, &[overflow]);
            builder.apply(Table::SetWhereOne, beyond, &[sum.bits_from(fraction + bits), overflow]);
            builder.apply(Table::SetWhereOne, bits, &[overflow, result]);
        }
        if self.constant < 0 {
            // The last borrow says that the sum is below 0; it wins over the bits that it left at 1.
            builder.apply_with_carry(WithCarry::ClearWhereCarry, bits, carry, &[result]);
        }
        self.emit_bounds(channel, builder, words, result);
        builder.store(result, Format { bits, signed: false }, channel.channel);
    }

    /// Replaces results beyond the bounds, where these are tighter than the bits are: a flag that knows whether the result reaches
    /// a constant, as in a staircase, then writes the bound's bits.
    fn emit_bounds(
        &self,
        channel: &ChannelRequantization,
        builder: &mut Builder,
        words: &[Word],
        result: Bits,
    ) {
        let (bits, flag): (u8, Bits) = (channel.bits, words[OVERFLOW].into());
        let mut replace = |reached: u16, bound: u16, [one, zero]: [Table; 2]| {
            builder.apply(Table::Set, 1, &[flag]);
            let tables = [Table::SetWhereOne, Table::ClearWhereZero];
            let first = (reached.trailing_zeros() as u8).min(bits);
            builder
                .apply_by_bits(u128::from(reached), first..bits, tables, |bit| [result.shifted(bit), flag]);
            for bit in 0..bits {
                let table = if bound >> bit & 1 == 1 { one } else { zero };
                builder.apply(table, 1, &[flag, result.shifted(bit)]);
            }
        };
        if channel.high < channel.most() {
            replace(channel.high + 1, channel.high, [Table::SetWhereOne, Table::ClearWhereOne]);
        }
        if channel.low > 0 {
            replace(channel.low, channel.low, [Table::SetWhereZero, Table::ClearWhereZero]);
        }
    }

    fn emit_constant(&self, builder: &mut Builder, carry: CarryBit, sum: Word) {
        let constant = self.constant.unsigned_abs();
        if constant == 0 {
            return;
        }
        // Below its lowest 1 a constant changes nothing and carries nothing.
        let lowest = (constant.trailing_zeros() as u8).min(self.width as u8);
        let dropped = if self.constant < 0 {
            [WithCarry::ClearCarryWhereOne, WithCarry::SetCarryWhereZero]
        } else {
            [WithCarry::ClearCarryWhereZero, WithCarry::SetCarryWhereOne]
        };
        let kept = if self.constant < 0 {
            [WithCarry::Borrow, WithCarry::SubtractOne]
        } else {
            [WithCarry::Carry, WithCarry::AddOne]
        };
        let range = lowest.min(self.fraction)..self.fraction;
        builder.apply_with_carry_by_bits(constant, range, dropped, carry, sum);
        let range = lowest.max(self.fraction)..self.width as u8;
        builder.apply_with_carry_by_bits(constant, range, kept, carry, sum);
    }
}

impl Product {
    /// Whichever digits take fewer cycles: ones from the lowest on, whose sums stay short, or fewer digits with signs from the
    /// highest on.
    fn of(addend: u8, word: ScaledWord, zeros: u32) -> Self {
        let multiplier = word.multiplier.unsigned_abs() >> zeros;
        let product = |digits| Self {
            addend,
            bits: word.format.bits,
            most: word.most_loaded(),
            complement: word.multiplier < 0,
            digits,
        };
        let (ones, with_signs) = (product(binary(multiplier)), product(signed(multiplier)));
        if with_signs.half_additions() < ones.half_additions() { with_signs } else { ones }
    }

    /// The largest value of the product after each digit.
    fn partial_sums(&self) -> impl Iterator<Item = u128> + '_ {
        self.digits.iter().scan(0_i128, |sum, digit| {
            *sum += digit.value() * self.most as i128;
            Some(sum.unsigned_abs())
        })
    }

    fn most(&self) -> u128 {
        self.partial_sums().last().unwrap_or(0)
    }

    /// Additions of two bits, counted twice, and of a carry.
    fn half_additions(&self) -> u64 {
        let bits = u32::from(self.bits);
        let beyond = self.partial_sums().zip(&self.digits).map(|(sum, digit)| {
            2 * u64::from(bits) + u64::from(bits_of(sum).saturating_sub(digit.place + bits))
        });
        beyond.sum()
    }

    /// Adds the product to a sum of at most `most_so_far`.
    fn emit(&self, channel: u32, builder: &mut Builder, words: &[Word], most_so_far: &mut u128) {
        let (carry, sum, bits) = (builder.carry(words[CARRY]), words[SUM], self.bits);
        builder.load(channel, self.addend, words[LOADED], u32::from(bits));
        let mut factor = words[LOADED];
        if self.complement {
            factor = words[COMPLEMENT];
            builder.apply(Table::Set, bits, &[factor.into()]);
            builder.apply(Table::ClearWhereOne, bits, &[words[LOADED].into(), factor.into()]);
        }
        let others = *most_so_far;
        for (digit, partial) in self.digits.iter().zip(self.partial_sums()) {
            let before = *most_so_far;
            *most_so_far = others + partial;
            let place = digit.place as u8;
            if before == 0 {
                builder.apply(Table::SetWhereOne, bits, &[factor.into(), sum.bits_from(place)]);
                continue;
            }
            let (add, go_on) = if digit.negative {
                (WithCarry::Subtract, WithCarry::Borrow)
            } else {
                (WithCarry::Add, WithCarry::Carry)
            };
            // Neither sum has bits beyond the longer one's, so no carry and no borrow leaves them.
            let end = bits_of(before.max(*most_so_far)) as u8;
            let of_word = bits.min(end.saturating_sub(place));
            builder.apply_with_carry(add, of_word, carry, &[factor.into(), sum.bits_from(place)]);
            let beyond = end.saturating_sub(place + of_word);
            builder.apply_with_carry(go_on, beyond, carry, &[sum.bits_from(place + of_word)]);
        }
    }
}

impl Digit {
    fn value(&self) -> i128 {
        if self.negative { -(1 << self.place) } else { 1 << self.place }
    }
}

fn bits_of(value: u128) -> u32 {
    u128::BITS - value.leading_zeros()
}
