//! Pools: every row holds one value of the result, whatever its channel.

use ap_program::{Format, Geometry, Program, Tap};

use super::ActivationError;
use super::builder::Builder;
use super::tables::{Table, WithCarry};

/// The largest of a window's elements `0,H,W`, unsigned words of `bits` bits, as output 0.
///
/// # Errors
/// If the array is too small.
pub fn max_pool_program(
    (height, width): (u8, u8),
    bits: u8,
    geometry: Geometry,
) -> Result<Program, ActivationError> {
    let (mut builder, words) = Builder::new(geometry, [u32::from(bits), u32::from(bits), 1])?;
    let (largest, next, greater) = (words[0], words[1], words[2]);
    for tap in taps(height, width) {
        if (tap.row, tap.column) == (0, 0) {
            builder.load_element(tap, largest);
            continue;
        }
        builder.load_element(tap, next);
        builder.apply(Table::Clear, 1, &[greater.into()]);
        builder.apply(Table::Greater, bits, &[greater.into(), next.into(), largest.into()]);
        builder.apply(Table::Select, bits, &[greater.into(), next.into(), largest.into()]);
    }
    builder.store(largest.into(), Format { bits, signed: false }, 0);
    builder.finish()
}

/// The sum of a window's elements `0,H,W`, unsigned words of `bits` bits, as output 0.
///
/// # Errors
/// If the array is too small.
pub fn sum_pool_program(
    (height, width): (u8, u8),
    bits: u8,
    geometry: Geometry,
) -> Result<Program, ActivationError> {
    let largest = (1_u64 << bits) - 1;
    let bits_of = |elements: usize| (u64::BITS - (largest * elements as u64).leading_zeros()) as u8;
    let sum_bits = bits_of(usize::from(height) * usize::from(width));
    let (mut builder, words) =
        Builder::new(geometry, [u32::from(sum_bits), u32::from(bits), Builder::carry_bits(geometry)])?;
    let (sum, next, carry) = (words[0], words[1], builder.carry(words[2]));
    builder.apply(Table::Clear, sum_bits - bits, &[sum.bits_from(bits)]);
    builder.clear_carry(carry);
    for (before, tap) in taps(height, width).enumerate() {
        if before == 0 {
            builder.load(tap.channel, tap.row, sum, u32::from(bits));
            continue;
        }
        builder.load_element(tap, next);
        builder.apply_with_carry(WithCarry::Add, bits, carry, &[next.into(), sum.into()]);
        // The sum of what was added so far has no more bits than this, so nothing is carried out of them.
        let beyond = bits_of(before + 1) - bits;
        builder.apply_with_carry(WithCarry::Carry, beyond, carry, &[sum.bits_from(bits)]);
    }
    builder.store(sum.into(), Format { bits: sum_bits, signed: false }, 0);
    builder.finish()
}

fn taps(height: u8, width: u8) -> impl Iterator<Item = Tap> {
    (0..height).flat_map(move |row| (0..width).map(move |column| Tap { channel: 0, row, column }))
}
