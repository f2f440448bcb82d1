//! How likely faults are.

use technology::{FeatureArea, Number, Quantity};

technology::parameters! {
    /// Faults as the literature states them.
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
        /// Probability that a pulse train over one domain leaves a track two domains off.
        two_after_1: Number = "shift.out_of_step_by_two_after_1" per "",
        /// The same over seven domains; between them the logarithm is linear in the distance.
        two_after_7: Number = "shift.out_of_step_by_two_after_7" per "",
        /// Probability that a step of a track pins one of its walls.
        pinning: Number = "shift.pinning" per "",
        /// Probability that a cell keeps its bit when it is written.
        write_failure: Number = "write.failure" per "",
        /// Probability that a search does not find a row that matches.
        search_miss: Number = "search.miss" per "",
        /// Probability that a search finds a row that does not match.
        search_false_match: Number = "search.false_match" per "",
        /// Probability that a cell is stuck at one bit for good.
        stuck_cell: Number = "cell.stuck" per "",
        /// Probability that a transverse read of a detector gives the wrong bit.
        detector: Number = "detector.transverse_read" per "",
        /// Area of a further read-only port of a track.
        port_area: FeatureArea = "detector.port_area" per "port",
    }
}

/// The longest pulse train; longer moves are composed of several.
const LONGEST_TRAIN: usize = 7;

/// The probability of every kind of fault.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FaultRates {
    /// That a pulse train leaves a track one domain off, by the train's distance; half for each direction.
    pub by_one: TrainRates,
    /// That it leaves it two domains off.
    pub by_two: TrainRates,
    /// That a step of a track pins one of its walls.
    pub pinning: f64,
    /// That a cell keeps its bit when it is written.
    pub write_failure: f64,
    /// That a search does not find a row that matches.
    pub search_miss: f64,
    /// That a search finds a row that does not match.
    pub search_false_match: f64,
    /// That a cell is stuck at one bit for good.
    pub stuck_cell: f64,
    /// That a detector reads the wrong bit.
    pub detector: f64,
}

impl FaultRates {
    /// The literature's rates.
    pub fn of(literature: &LiteratureRates) -> Self {
        let l = literature;
        let by_one =
            [l.after_1, l.after_2, l.after_3, l.after_4, l.after_5, l.after_6, l.after_7].map(Quantity::base);
        let (first, last) = (libm::log(l.two_after_1.base()), libm::log(l.two_after_7.base()));
        let between = |distance: usize| {
            libm::exp(first + (last - first) * distance as f64 / (LONGEST_TRAIN - 1) as f64)
        };
        Self {
            by_one: TrainRates { by_distance: by_one },
            by_two: TrainRates { by_distance: std::array::from_fn(between) },
            pinning: l.pinning.base(),
            write_failure: l.write_failure.base(),
            search_miss: l.search_miss.base(),
            search_false_match: l.search_false_match.base(),
            stuck_cell: l.stuck_cell.base(),
            detector: l.detector.base(),
        }
    }

    /// The same with out-of-step shifts scaled so that a train over one domain has another rate; the dependence on the distance
    /// and the proportion of two domains to one stay. No probability exceeds one half.
    pub fn with_shift_rate(self, rate: f64) -> Self {
        let factor = rate / self.by_one.at_distance_one();
        Self { by_one: self.by_one.scaled(factor), by_two: self.by_two.scaled(factor), ..self }
    }
}

/// Probabilities of one kind of fault in a pulse train, by the train's distance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrainRates {
    by_distance: [f64; LONGEST_TRAIN],
}

impl TrainRates {
    fn scaled(self, factor: f64) -> Self {
        Self { by_distance: self.by_distance.map(|p| (p * factor).min(0.5)) }
    }

    /// The rate of a train over one domain.
    pub fn at_distance_one(self) -> f64 {
        self.by_distance[0]
    }

    /// The expected number of faults of one track that moves by a distance, as a rate of a Poisson process: trains of seven
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
        let rates = TrainRates { by_distance: [1e-5, 2e-5, 3e-5, 4e-5, 5e-5, 6e-5, 7e-5] };
        assert_eq!(rates.hazard(0), 0.0);
        assert!((rates.hazard(16) - (2.0 * rates.hazard(7) + rates.hazard(2))).abs() < 1e-18);
        let scaled = rates.scaled(1e-4);
        assert!((scaled.hazard(3) / 3e-9 - 1.0).abs() < 1e-6);
        assert_eq!(rates.scaled(1e9).by_distance, [0.5; 7]);
    }
}
