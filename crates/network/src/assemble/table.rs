//! Tables of functions of one value, for networks whose numbers are drawn from a seed.

use super::parameters::Scale;

/// How the integers that a table is asked for stand for real values.
#[derive(Debug, Clone, Copy)]
pub(super) struct ReadScale {
    pub step: f64,
    /// The integer that stands for 0.
    pub zero: i64,
    /// The largest integer.
    pub maximum: u16,
}

/// Hard swish (Howard et al., "Searching for MobileNetV3", ICCV 2019, section 5.2), rounded.
pub(super) fn hard_swish(read: ReadScale, made: Scale, maximum: u16) -> Vec<u16> {
    let of = |integer: u16| {
        let x = (i64::from(integer) - read.zero) as f64 * read.step;
        let y = x * (x / 6.0 + 0.5).clamp(0.0, 1.0);
        ((y / made.step + 0.5).floor() + f64::from(made.zero)).clamp(0.0, f64::from(maximum)) as u16
    };
    (0..=read.maximum).map(of).collect()
}
