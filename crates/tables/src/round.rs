//! The rounding that hides the last bits of a platform's arithmetic.

/// Rounds to the nearest number of ten significant decimal digits; negative zero becomes zero.
///
/// Libraries that call the platform's mathematical functions differ in the last bits from machine to machine. Values
/// of the tables are rounded with this function, so that such differences do not reach a file. The rounding itself is
/// exact decimal arithmetic and equal everywhere. Infinities and NaN pass unchanged.
pub fn round10(value: f64) -> f64 {
    if value == 0.0 {
        return 0.0;
    }
    if !value.is_finite() {
        return value;
    }
    // Formatting and parsing are correctly rounded on every platform; arithmetic with powers of ten is not. What the
    // formatter wrote always parses. The largest numbers may round up past the largest finite one: those stay.
    match format!("{value:.9e}").parse::<f64>() {
        Ok(rounded) if rounded.is_finite() => rounded,
        _ => value,
    }
}

#[cfg(test)]
mod tests {
    use super::round10;
    use proptest::prelude::*;

    #[test]
    fn the_eleventh_digit_is_rounded_away() {
        assert_eq!(round10(1.234_567_890_4), 1.234_567_890);
        assert_eq!(round10(0.1 + 0.2), 0.3);
        assert_eq!(round10(-123_456_789_049.0), -123_456_789_000.0);
        assert_eq!(round10(9.999_999_999_9), 10.0);
    }

    #[test]
    fn zero_has_one_sign_and_extremes_stay_finite() {
        assert!(round10(-0.0).is_sign_positive());
        assert_eq!(round10(f64::MAX), f64::MAX);
        assert!(round10(f64::MIN_POSITIVE) > 0.0);
    }

    proptest! {
        #[test]
        fn rounding_is_idempotent_and_close(value in -1e300..1e300f64) {
            let rounded = round10(value);
            prop_assert_eq!(round10(rounded).to_bits(), rounded.to_bits());
            prop_assert!((rounded - value).abs() <= 5.1e-10 * value.abs());
        }
    }
}
