//! Constants as sums of powers of two with signs.

/// A power of two with a sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Digit {
    /// The power.
    pub place: u32,
    /// Whether it is subtracted.
    pub negative: bool,
}

/// The ones of a number, the lowest place first.
pub(super) fn binary(value: u64) -> Vec<Digit> {
    let ones = (0..u64::BITS).filter(|place| value >> place & 1 == 1);
    ones.map(|place| Digit { place, negative: false }).collect()
}

/// The canonical signed digits of a number, the highest place first: no two are neighbours, so there are as few as can be,
/// and every leading part of them is a positive number.
pub(super) fn signed(value: u64) -> Vec<Digit> {
    let (mut rest, mut place, mut digits) = (u128::from(value), 0, Vec::new());
    while rest != 0 {
        if rest & 1 == 1 {
            let negative = rest & 0b11 == 0b11;
            digits.push(Digit { place, negative });
            rest = if negative { rest + 1 } else { rest - 1 };
        }
        rest >>= 1;
        place += 1;
    }
    digits.reverse();
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(digits: &[Digit]) -> i128 {
        digits.iter().map(|d| if d.negative { -(1_i128 << d.place) } else { 1 << d.place }).sum()
    }

    #[test]
    fn digits_add_up_to_the_number_and_leading_parts_stay_positive() {
        for number in (0..4096).chain([u64::MAX, u64::MAX / 3, 1 << 63, 0xdead_beef_1234_5678]) {
            assert_eq!(value(&binary(number)), i128::from(number));
            let digits = signed(number);
            assert_eq!(value(&digits), i128::from(number));
            assert!((1..=digits.len()).all(|count| value(&digits[..count]) > 0), "{number}");
            assert!(digits.windows(2).all(|pair| pair[0].place > pair[1].place + 1), "{number}");
        }
    }
}
