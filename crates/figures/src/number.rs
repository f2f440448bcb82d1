//! Numbers as text.

/// `value` with three significant digits: `7.52`, `0.0123`, `12 300`, `4.56×10⁻⁷`.
///
/// Plain digits from a thousandth to a million, with a narrow space between groups of three from 10 000 on; powers of
/// ten in superscripts beyond. The minus sign is U+2212.
pub fn three_digits(value: f64) -> String {
    significant(value, 3)
}

/// As [`three_digits`], with `digits` significant digits (at least one).
pub fn significant(value: f64, digits: usize) -> String {
    let digits = digits.max(1);
    if value == 0.0 {
        return "0".to_owned();
    }
    if !value.is_finite() {
        return format!("{value}");
    }
    // The exponent after rounding: 9.999 with three digits is 10.0.
    let scientific = format!("{:.*e}", digits - 1, value);
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let text = if (-3..6).contains(&exponent) {
        let decimals = usize::try_from(digits as i32 - 1 - exponent).unwrap_or(0);
        // Digits past the significant ones are zeros: 12 345 with three digits is 12 300.
        let rounded: f64 = scientific.parse().unwrap_or(value);
        grouped(&format!("{rounded:.decimals$}"))
    } else {
        format!("{mantissa}×10{}", superscript(exponent))
    };
    text.replace('-', "−")
}

/// A number of things: digit by digit below 10 000, as [`three_digits`] from there on.
pub fn count(value: f64) -> String {
    if value.abs() < 1e4 { format!("{value:.0}").replace('-', "−") } else { three_digits(value) }
}

/// A unit as it is printed: tables and technology files write `uJ`, `um2/row`, `kohm` for `µJ`, `µm²/row`, `kΩ`.
pub fn printed_unit(unit: &str) -> String {
    let piece = |piece: &str| {
        let micro =
            piece.strip_prefix('u').filter(|rest| rest.starts_with(|first: char| first.is_alphabetic()));
        let piece = micro.filter(|rest| *rest != "nit").map_or(piece.to_owned(), |rest| format!("µ{rest}"));
        let piece = piece.strip_suffix('2').map_or(piece.clone(), |base| format!("{base}²"));
        piece.strip_suffix("ohm").map_or(piece.clone(), |prefix| format!("{prefix}Ω"))
    };
    let factors = unit.split(' ').map(|factor| factor.split('/').map(piece).collect::<Vec<_>>().join("/"));
    factors.collect::<Vec<_>>().join(" ")
}

/// `value` as short as it can be said exactly within a relative error of 1e-9: `0.5`, `200`, `1×10⁻⁹`.
pub(crate) fn shortest(value: f64) -> String {
    for digits in 1..=9 {
        let rounded: f64 = format!("{:.*e}", digits - 1, value).parse().unwrap_or(value);
        if (rounded - value).abs() <= 1e-9 * value.abs() {
            return significant(value, digits);
        }
    }
    significant(value, 9)
}

/// A power of ten as an axis shows it: plain digits from 0.001 to 10 000, `10⁻⁶` beyond.
pub(crate) fn power_of_ten(exponent: i32, plain: bool) -> String {
    if plain {
        significant(libm::pow(10.0, f64::from(exponent)), 1)
    } else {
        format!("10{}", superscript(exponent))
    }
}

/// Digits in groups of three from 10 000 on; the fraction stays whole.
fn grouped(number: &str) -> String {
    let (sign, digits) = number.strip_prefix('-').map_or(("", number), |digits| ("-", digits));
    let (whole, fraction) =
        digits.split_once('.').map_or((digits, None), |(whole, part)| (whole, Some(part)));
    let mut text = sign.to_owned();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && whole.len() > 4 && (whole.len() - index).is_multiple_of(3) {
            // A narrow space that does not break.
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    if let Some(fraction) = fraction {
        text.push('.');
        text.push_str(fraction);
    }
    text
}

fn superscript(number: i32) -> String {
    let raised = |digit: char| match digit {
        '-' => '⁻',
        '0' => '⁰',
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        '4' => '⁴',
        '5' => '⁵',
        '6' => '⁶',
        '7' => '⁷',
        '8' => '⁸',
        _ => '⁹',
    };
    number.to_string().chars().map(raised).collect()
}

#[cfg(test)]
mod tests {
    use super::{count, power_of_ten, printed_unit, shortest, three_digits};

    #[test]
    fn three_digits_are_kept_whatever_the_size() {
        let cases = [
            (7.5, "7.50"),
            (9.999, "10.0"),
            (0.001_234_5, "0.00123"),
            (12_345.0, "12\u{202f}300"),
            (1_234.0, "1230"),
            (999_999.0, "1.00×10⁶"),
            (4.56e-7, "4.56×10⁻⁷"),
            (-0.5, "−0.500"),
            (0.0, "0"),
        ];
        for (value, expected) in cases {
            assert_eq!(three_digits(value), expected);
        }
    }

    #[test]
    fn units_are_printed_with_their_signs() {
        let cases = [
            ("uJ", "µJ"),
            ("uJ ms", "µJ ms"),
            ("mm2", "mm²"),
            ("um2/unit", "µm²/unit"),
            ("kohm", "kΩ"),
            ("fF/um", "fF/µm"),
            ("1/s", "1/s"),
            ("", ""),
        ];
        for (unit, expected) in cases {
            assert_eq!(printed_unit(unit), expected);
        }
    }

    #[test]
    fn things_are_counted_without_decimals() {
        assert_eq!([0.0, 1.0, 49.0, 9472.0].map(count), ["0", "1", "49", "9472"]);
        assert_eq!(count(12_345.0), "12\u{202f}300");
    }

    #[test]
    fn short_numbers_are_as_short_as_they_are_exact() {
        assert_eq!(shortest(0.5), "0.5");
        assert_eq!(shortest(0.1 + 0.2), "0.3");
        assert_eq!(shortest(1e-9), "1×10⁻⁹");
        assert_eq!(shortest(200.0), "200");
        assert_eq!(power_of_ten(-6, false), "10⁻⁶");
        assert_eq!(power_of_ten(-2, true), "0.01");
        assert_eq!(power_of_ten(3, true), "1000");
    }
}
