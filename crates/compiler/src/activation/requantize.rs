//! Requantization: `clamp((Σ multiplier · word + offset) >> fraction, low, high)`, bit for bit.

use ap_program::{Format, Geometry, Program};

use super::ActivationError;
use super::builder::Builder;
use super::shift_and_add::Sum;
use super::thresholds::Staircase;

/// A word of the sum with its multiplier. The word's values are those of its format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScaledWord {
    /// Bits and sign.
    pub format: Format,
    /// The constant that it is multiplied by.
    pub multiplier: i64,
}

impl ScaledWord {
    /// The word's value when all bits that are loaded are 0: a signed word comes with its last bit inverted.
    pub(super) fn least(self) -> i128 {
        if self.format.signed { -(1 << (self.format.bits - 1)) } else { 0 }
    }

    /// The largest number that the loaded bits can be.
    pub(super) fn most_loaded(self) -> u128 {
        (1 << self.format.bits) - 1
    }
}

/// One channel's requantization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelRequantization {
    /// The channel; the result is stored as the output of this number.
    pub channel: u32,
    /// What is summed up. Addend `A` is loaded from the elements `channel,A,0` and on.
    pub addends: Vec<ScaledWord>,
    /// Added to the sum.
    pub offset: i64,
    /// Bits of the sum that are dropped.
    pub fraction: u32,
    /// Bits of the result, 1 to 16.
    pub bits: u8,
    /// The least result.
    pub low: u16,
    /// The largest one; no more than the bits can hold.
    pub high: u16,
}

impl ChannelRequantization {
    /// The largest number that the result's bits can hold.
    pub(super) fn most(&self) -> u16 {
        u16::MAX >> (u16::BITS - u32::from(self.bits).clamp(1, u16::BITS))
    }
}

/// How a requantization is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RequantizationMethod {
    /// Products as sums of shifted words, then a comparison with 0 and with the largest result.
    ShiftAndAdd,
    /// A single word is compared with the places at which the result steps up; several words are shifted and added.
    Thresholds,
}

/// The program that requantizes channels one after the other, on words that lie in the same places.
///
/// # Errors
/// If the array is too small for a channel's words.
pub fn requantization_program(
    channels: &[ChannelRequantization],
    method: RequantizationMethod,
    geometry: Geometry,
) -> Result<Program, ActivationError> {
    let steps: Vec<Channel<'_>> = channels
        .iter()
        .map(|channel| {
            match method {
                RequantizationMethod::Thresholds => {
                    Staircase::of(channel).map(|s| Channel::Staircase(channel, s))
                }
                RequantizationMethod::ShiftAndAdd => None,
            }
            .unwrap_or_else(|| Channel::Sum(channel, Sum::of(channel)))
        })
        .collect();
    // Every channel's words begin at the same place; a word is as long as the longest of them.
    let mut bits: Vec<u32> = Vec::new();
    for step in &steps {
        for (place, needed) in step.words(geometry).into_iter().enumerate() {
            match bits.get_mut(place) {
                Some(bits) => *bits = (*bits).max(needed),
                None => bits.push(needed),
            }
        }
    }
    let (mut builder, words) = Builder::new(geometry, bits)?;
    for step in &steps {
        match step {
            Channel::Sum(channel, sum) => sum.emit(channel, &mut builder, &words),
            Channel::Staircase(channel, stairs) => stairs.emit(channel, &mut builder, &words),
        }
    }
    builder.finish()
}

enum Channel<'a> {
    Sum(&'a ChannelRequantization, Sum),
    Staircase(&'a ChannelRequantization, Staircase),
}

impl Channel<'_> {
    fn words(&self, geometry: Geometry) -> Vec<u32> {
        match self {
            Self::Sum(_, sum) => sum.words(Builder::carry_bits(geometry)),
            Self::Staircase(_, stairs) => stairs.words(),
        }
    }
}
