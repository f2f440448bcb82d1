//! How likely a track slips.

use technology::{Number, Quantity};

technology::parameters! {
    /// Shift faults as the literature states them.
    pub struct LiteratureRates {
        /// Probability that a pulse train over one domain leaves a track one domain off.
        after_1: Number = "shift.out_of_step_by_one_after_1" per "",
        /// The same over two domains.
        after_2: Number = "shift.out_of_step_by_one_after_2" per "",
        /// The same over three domains.
        after_3: Number = "shift.out_of_step_by_one_after_3" per "",
        /// The same over four domains.
        after_4: Number = "shift.out_of_step_by_one_after_4" per "",
        /// The same over five domains.
        after_5: Number = "shift.out_of_step_by_one_after_5" per "",
        /// The same over six domains.
        after_6: Number = "shift.out_of_step_by_one_after_6" per "",
        /// The same over seven domains.
        after_7: Number = "shift.out_of_step_by_one_after_7" per "",
    }
}

/// The longest pulse train; longer moves are composed of several.
const LONGEST_TRAIN: usize = 7;

/// Probability that a pulse train leaves a track one domain off, by the train's distance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ShiftFaultRates {
    by_distance: [f64; LONGEST_TRAIN],
}

impl ShiftFaultRates {
    /// The literature's rates.
    pub fn of(literature: &LiteratureRates) -> Self {
        let l = literature;
        let by_distance =
            [l.after_1, l.after_2, l.after_3, l.after_4, l.after_5, l.after_6, l.after_7].map(Quantity::base);
        Self { by_distance }
    }

    /// The same dependence on the distance, scaled to another rate at distance 1; no probability exceeds one half.
    pub fn scaled_to(self, rate: f64) -> Self {
        let factor = rate / self.by_distance[0];
        Self { by_distance: self.by_distance.map(|p| (p * factor).min(0.5)) }
    }

    /// The rate of a train over one domain.
    pub fn at_distance_one(self) -> f64 {
        self.by_distance[0]
    }

    /// The expected number of slips of one track that moves by a distance, as a rate of a Poisson process: trains of seven
    /// domains and one of the rest.
    pub fn hazard(self, distance: usize) -> f64 {
        let of_train = |length: usize| match length {
            0 => 0.0,
            length => -libm::log1p(-self.by_distance[length - 1]),
        };
        (distance / LONGEST_TRAIN) as f64 * of_train(LONGEST_TRAIN) + of_train(distance % LONGEST_TRAIN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn longer_moves_are_composed_of_trains_of_seven() {
        let rates = ShiftFaultRates { by_distance: [1e-5, 2e-5, 3e-5, 4e-5, 5e-5, 6e-5, 7e-5] };
        assert_eq!(rates.hazard(0), 0.0);
        assert!((rates.hazard(16) - (2.0 * rates.hazard(7) + rates.hazard(2))).abs() < 1e-18);
        let scaled = rates.scaled_to(1e-9);
        assert!((scaled.hazard(3) / 3e-9 - 1.0).abs() < 1e-6);
    }
}
