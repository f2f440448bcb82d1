//! `widths`: the exact range of every value, and the bits that hold it.
//!
//! Inputs range over `0..=maximum` independently of each other and no input occurs twice in a sum, so the range of a sum is
//! known from how many inputs it adds and how many it subtracts, and both ends are reached.

use ap_program::Format;

use crate::ir::{Group, LayerSums};

/// How many inputs a value adds and how many it subtracts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    /// Inputs that count positively.
    pub added: u32,
    /// Inputs that count negatively.
    pub subtracted: u32,
}

impl Span {
    const INPUT: Self = Self { added: 1, subtracted: 0 };

    fn plus(self, other: Self, subtract: bool) -> Self {
        let other = if subtract { Self { added: other.subtracted, subtracted: other.added } } else { other };
        Self { added: self.added + other.added, subtracted: self.subtracted + other.subtracted }
    }

    /// The bits that hold every value it can take when inputs range over `0..=maximum`.
    pub fn format(self, maximum: u32) -> Format {
        let (most, least) =
            (u64::from(self.added) * u64::from(maximum), u64::from(self.subtracted) * u64::from(maximum));
        let magnitude_bits = |value: u64| u64::BITS - value.leading_zeros();
        if least == 0 {
            return Format { bits: magnitude_bits(most).max(1) as u8, signed: false };
        }
        // Two's complement of n bits holds -2^(n-1) ..= 2^(n-1) - 1.
        Format { bits: (magnitude_bits(most).max(magnitude_bits(least - 1)) + 1) as u8, signed: true }
    }
}

/// The spans of a group's taps and definitions, in the order of their ids.
pub fn term_spans(group: &Group) -> Vec<Span> {
    let mut spans = vec![Span::INPUT; group.taps.len()];
    for definition in &group.definitions {
        let span = spans[definition.left.index()].plus(spans[definition.right.index()], definition.subtract);
        spans.push(span);
    }
    spans
}

/// What each sum of a group adds, in the order of the sums.
pub fn sum_spans(group: &Group, terms: &[Span]) -> Vec<Span> {
    group
        .sums
        .iter()
        .map(|sum| {
            sum.terms.iter().fold(Span::default(), |span, t| span.plus(terms[t.id.index()], t.negative))
        })
        .collect()
}

/// The span of every output's accumulator over all groups, in the order of `sums.outputs`.
pub fn accumulator_spans(sums: &LayerSums) -> Vec<Span> {
    let mut spans = vec![Span::default(); sums.outputs.len()];
    for group in &sums.groups {
        let terms = term_spans(group);
        for (sum, span) in group.sums.iter().zip(sum_spans(group, &terms)) {
            if let Ok(place) = sums.outputs.binary_search(&sum.output) {
                spans[place] = spans[place].plus(span, false);
            }
        }
    }
    spans
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bits_hold_both_ends_of_the_range_and_one_less_would_not() {
        for (added, subtracted, maximum) in
            [(1, 0, 15), (2, 0, 15), (1, 1, 15), (0, 1, 15), (3, 4, 255), (0, 2, 1), (9, 0, 1), (4, 8, 4)]
        {
            let format = Span { added, subtracted }.format(maximum);
            let (least, most) = (-i64::from(subtracted * maximum), i64::from(added * maximum));
            let holds = |bits: u8| {
                if format.signed {
                    -(1_i64 << (bits - 1)) <= least && most < 1_i64 << (bits - 1)
                } else {
                    most < 1_i64 << bits
                }
            };
            assert!(
                holds(format.bits) && !holds(format.bits - 1),
                "{added} {subtracted} {maximum} {format:?}"
            );
        }
    }
}
