//! What a converter makes of a column's sum.

names::names! {
    /// What the levels of a converter span. Sums beyond the last level are clipped to it.
    #[derive(Hash)]
    pub enum ConverterRange: "what a converter's levels span" {
        /// Every sum that the rows of a subarray can have.
        FullScale = "full-scale",
        /// Up to the largest sum that a column of the layer has on calibration images.
        Calibrated = "calibrated",
        /// One level for each unit of the sum: small sums are exact.
        UnitSteps = "unit-steps",
    }
}

/// Levels from 0 in equal steps.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Levels {
    step: f64,
    last: u32,
}

impl Levels {
    /// Levels of `bits` that span sums up to `largest`; no step is finer than one unit, since ideal sums are whole.
    pub fn spanning(bits: u32, largest: f64) -> Self {
        let last = (1_u32 << bits) - 1;
        Self { step: (largest / f64::from(last)).max(1.0), last }
    }

    /// The level nearest to a sum, as a sum.
    #[inline]
    pub fn convert(self, sum: f32) -> f64 {
        // A cast rounds towards zero and keeps within the type; `round` is a call on processors without an instruction for it.
        let level = (f64::from(sum) / self.step + 0.5) as u32;
        f64::from(level.min(self.last)) * self.step
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_exact_where_there_are_enough_and_clip_and_round_where_not() {
        let exact = Levels::spanning(5, 31.0);
        assert!((0..=31_u8).all(|sum| exact.convert(f32::from(sum)) == f64::from(sum)));
        assert_eq!(exact.convert(40.0), 31.0);
        // Steps of 8 up to 248.
        let coarse = Levels::spanning(5, 248.0);
        assert_eq!(
            [3.0, 5.0, 248.0, 300.0, -2.0].map(|sum| coarse.convert(sum)),
            [0.0, 8.0, 248.0, 248.0, 0.0]
        );
    }
}
