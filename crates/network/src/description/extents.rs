//! Numbers of a description that may be given once or for each of several places.

use std::fmt;

use serde::de::{self, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::Padding;

/// Rows and columns: one number for both, or `[rows, columns]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(untagged)]
pub enum Sides {
    /// The same for both.
    Both(usize),
    /// Rows, then columns.
    Each([usize; 2]),
}

impl Sides {
    /// Rows and columns.
    pub const fn pair(self) -> (usize, usize) {
        match self {
            Self::Both(sides) => (sides, sides),
            Self::Each([rows, columns]) => (rows, columns),
        }
    }
}

impl Default for Sides {
    fn default() -> Self {
        Self::Both(1)
    }
}

impl From<usize> for Sides {
    fn from(sides: usize) -> Self {
        Self::Both(sides)
    }
}

/// Rows and columns added around a map: one number for every side, or `[top, left, bottom, right]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(untagged)]
pub enum PaddingDescription {
    /// The same on every side.
    Every(usize),
    /// Top, left, bottom, right.
    Each([usize; 4]),
}

impl PaddingDescription {
    /// Each side.
    pub const fn sides(self) -> Padding {
        match self {
            Self::Every(sides) => Padding::even(sides),
            Self::Each([top, left, bottom, right]) => Padding { top, left, bottom, right },
        }
    }

    /// Whether nothing is added.
    pub(super) fn is_none(&self) -> bool {
        self.sides().is_none()
    }
}

impl Default for PaddingDescription {
    fn default() -> Self {
        Self::Every(0)
    }
}

impl From<usize> for PaddingDescription {
    fn from(sides: usize) -> Self {
        Self::Every(sides)
    }
}

/// The pixel that stands for 0: one number for all channels, or one for each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(untagged)]
pub enum PixelZero {
    /// The same in all channels.
    All(u16),
    /// Channel by channel.
    Each(Vec<u16>),
}

impl PixelZero {
    /// For each of some channels.
    pub fn of_channels(&self, channels: usize) -> Vec<u16> {
        match self {
            Self::All(zero) => vec![*zero; channels],
            Self::Each(zeros) => zeros.clone(),
        }
    }

    pub(super) fn is_zero(&self) -> bool {
        *self == Self::All(0)
    }
}

impl Default for PixelZero {
    fn default() -> Self {
        Self::All(0)
    }
}

/// Reads one number or a list of them; says what it expects.
struct OneOrMore(&'static str);

enum Numbers {
    One(u64),
    More(Vec<u64>),
}

impl<'de> Visitor<'de> for OneOrMore {
    type Value = Numbers;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Numbers, E> {
        Ok(Numbers::One(number))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Numbers, A::Error> {
        let mut numbers = Vec::new();
        while let Some(number) = items.next_element()? {
            numbers.push(number);
        }
        Ok(Numbers::More(numbers))
    }
}

/// One number, or as many as there are places.
fn read<'de, const PLACES: usize, D: Deserializer<'de>>(
    deserializer: D,
    expected: &'static str,
) -> Result<Result<usize, [usize; PLACES]>, D::Error> {
    let number = |number: u64| {
        usize::try_from(number)
            .map_err(|_| de::Error::invalid_value(de::Unexpected::Unsigned(number), &expected))
    };
    match deserializer.deserialize_any(OneOrMore(expected))? {
        Numbers::One(one) => Ok(Ok(number(one)?)),
        Numbers::More(more) => {
            let more = more.into_iter().map(number).collect::<Result<Vec<usize>, _>>()?;
            let found = more.len();
            more.try_into().map(Err).map_err(|_| de::Error::invalid_length(found, &expected))
        }
    }
}

impl<'de> Deserialize<'de> for Sides {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(read::<2, D>(deserializer, "a number, or [rows, columns]")?.map_or_else(Self::Each, Self::Both))
    }
}

impl<'de> Deserialize<'de> for PaddingDescription {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(read::<4, D>(deserializer, "a number, or [top, left, bottom, right]")?
            .map_or_else(Self::Each, Self::Every))
    }
}

impl<'de> Deserialize<'de> for PixelZero {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let expected = "a pixel of 0 to 255, or one for each channel";
        let pixel = |number: u64| {
            u16::try_from(number)
                .map_err(|_| de::Error::invalid_value(de::Unexpected::Unsigned(number), &expected))
        };
        Ok(match deserializer.deserialize_any(OneOrMore(expected))? {
            Numbers::One(one) => Self::All(pixel(one)?),
            Numbers::More(more) => Self::Each(more.into_iter().map(pixel).collect::<Result<_, _>>()?),
        })
    }
}
