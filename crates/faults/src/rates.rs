//! How likely faults are.

use technology::{FeatureArea, Number, Parameters, Quantity};

/// Declares the probabilities that are one number each, once: as the file states them, and as models of faults get them.
macro_rules! rates {
    ($($(#[doc = $meaning:literal])+ $rate:ident = $path:literal,)+) => {
        technology::parameters! {
            /// Faults as the literature states them. Every number is a probability of at most one half.
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
                $($(#[doc = $meaning])+ $rate: Number = $path per "",)+
                /// Area of a further read-only port of a track.
                port_area: FeatureArea = "detector.port_area" per "port",
            }
        }

        /// The probability of every kind of fault.
        #[derive(Debug, Clone, Copy, PartialEq)]
        pub struct FaultRates {
            /// That a pulse train leaves a track one domain off, by the train's distance; half for each direction.
            pub by_one: TrainRates,
            /// That it leaves it two domains off.
            pub by_two: TrainRates,
            $($(#[doc = $meaning])+ pub $rate: f64,)+
        }

        impl FaultRates {
            /// Slips as given, and of everything else the probability that the literature states.
            fn with_slips(literature: &LiteratureRates, [by_one, by_two]: [TrainRates; 2]) -> Self {
                Self { by_one, by_two, $($rate: literature.$rate.base(),)+ }
            }

            /// The same probability for all kinds, slips over every distance included.
            pub fn uniform(probability: f64) -> Self {
                let slips = TrainRates { by_distance: [probability; LONGEST_TRAIN] };
                Self { by_one: slips, by_two: slips, $($rate: probability,)+ }
            }
        }
    };
}

rates! {
    /// Probability that a step of a track pins one of its walls.
    pinning = "shift.pinning",
    /// Probability that a cell keeps its bit when it is written.
    write_failure = "write.failure",
    /// Probability that a search does not find a row that matches.
    search_miss = "search.miss",
    /// Probability that a search finds a row that does not match.
    search_false_match = "search.false_match",
    /// Probability that a cell is stuck at one bit for good.
    stuck_cell = "cell.stuck",
    /// Probability that a transverse read of a detector gives the wrong bit.
    detector = "detector.transverse_read",
}

/// The longest pulse train; longer moves are composed of several.
const LONGEST_TRAIN: usize = 7;

/// Pulse trains that a move by a distance is composed of.
pub(crate) fn trains(distance: usize) -> u64 {
    distance.div_ceil(LONGEST_TRAIN) as u64
}

/// The distance of the last of them.
pub(crate) fn last_train(distance: usize) -> usize {
    match distance {
        0 => 0,
        _ => (distance - 1) % LONGEST_TRAIN + 1,
    }
}

/// Why rates cannot be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum RatesError {
    /// A fault that is likelier than that it does not happen, or no probability at all.
    #[error("{parameter}: {value} is no probability from 0 to 0.5")]
    NotAProbability { parameter: &'static str, value: f64 },
    /// Slips that do not happen have no proportions that another rate could keep.
    #[error(
        "the rates file states 0 for a slip in a shift by one domain, which cannot be scaled to {rate}; state the rates by distance"
    )]
    NothingToScale {
        /// The rate that was asked for.
        rate: f64,
    },
}

/// No fault is likelier.
const MOST: f64 = 0.5;

impl FaultRates {
    /// The literature's rates.
    ///
    /// # Errors
    /// If one of them is no probability of at most one half.
    pub fn of(literature: &LiteratureRates) -> Result<Self, RatesError> {
        let l = literature;
        // Every number that is declared is a probability, so none is forgotten here.
        for (declaration, value) in LiteratureRates::DECLARATIONS.iter().zip(l.base_values()) {
            if declaration.dimension == Number::DIMENSION && !(0.0..=MOST).contains(&value) {
                return Err(RatesError::NotAProbability { parameter: declaration.path, value });
            }
        }
        let by_one =
            [l.after_1, l.after_2, l.after_3, l.after_4, l.after_5, l.after_6, l.after_7].map(Quantity::base);
        let (first, last) = (libm::log(l.two_after_1.base()), libm::log(l.two_after_7.base()));
        let (near, far) = (l.two_after_1.base(), l.two_after_7.base());
        let between = |distance: usize| match distance + 1 {
            // Zero has no logarithm: what is zero at one end is so up to the other.
            1 if near == 0.0 || far == 0.0 => near,
            LONGEST_TRAIN if near == 0.0 || far == 0.0 => far,
            _ if near == 0.0 || far == 0.0 => 0.0,
            _ => libm::exp(first + (last - first) * distance as f64 / (LONGEST_TRAIN - 1) as f64),
        };
        let by_two = std::array::from_fn(between);
        Ok(Self::with_slips(l, [by_one, by_two].map(|by_distance| TrainRates { by_distance })))
    }

    /// The same with out-of-step shifts scaled so that a train over one domain has another rate; the dependence on the distance
    /// and the proportion of two domains to one stay. No probability exceeds one half.
    ///
    /// # Errors
    /// If such a train never slips, and another rate is asked for.
    pub fn with_shift_rate(self, rate: f64) -> Result<Self, RatesError> {
        let stated = self.by_one.at_distance_one();
        if rate == stated {
            return Ok(self);
        }
        if stated == 0.0 {
            return Err(RatesError::NothingToScale { rate });
        }
        let factor = rate / stated;
        Ok(Self { by_one: self.by_one.scaled(factor), by_two: self.by_two.scaled(factor), ..self })
    }
}

/// Probabilities of one kind of fault in a pulse train, by the train's distance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrainRates {
    by_distance: [f64; LONGEST_TRAIN],
}

impl TrainRates {
    fn scaled(self, factor: f64) -> Self {
        Self { by_distance: self.by_distance.map(|p| (p * factor).min(MOST)) }
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

    fn literature() -> LiteratureRates {
        let experiments = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments");
        let file = experiments.join("technology/faults/literature.yaml");
        let file = technology::TechnologyFile::<()>::load(&file, &[LiteratureRates::DECLARATIONS]).unwrap();
        LiteratureRates::resolve(&file.parameters).unwrap()
    }

    #[test]
    fn a_rate_of_nothing_stays_nothing_and_cannot_be_scaled() {
        let never = Number::from_base(0.0);
        let without_slips =
            LiteratureRates { after_1: never, two_after_1: never, two_after_7: never, ..literature() };
        let rates = FaultRates::of(&without_slips).unwrap();
        assert_eq!(rates.by_two.by_distance, [0.0; 7]);
        assert_eq!(rates.with_shift_rate(0.0), Ok(rates));
        assert_eq!(rates.with_shift_rate(1e-6), Err(RatesError::NothingToScale { rate: 1e-6 }));
        let none = FaultRates::of(&literature()).unwrap().with_shift_rate(0.0).unwrap();
        assert_eq!(none.by_one.hazard(9), 0.0);
    }

    #[test]
    fn what_is_no_probability_of_at_most_one_half_is_refused_by_name() {
        for value in [1.5, 0.9, -0.1, f64::NAN] {
            let wrong = LiteratureRates { write_failure: Number::from_base(value), ..literature() };
            let error = FaultRates::of(&wrong).unwrap_err().to_string();
            assert!(error.starts_with("write.failure: "), "{error}");
        }
    }

    #[test]
    fn every_rate_that_is_declared_is_checked_to_be_a_probability() {
        let experiments = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments");
        let file = experiments.join("technology/faults/literature.yaml");
        let file = technology::TechnologyFile::<()>::load(&file, &[LiteratureRates::DECLARATIONS]).unwrap();
        for declaration in LiteratureRates::DECLARATIONS {
            let set = file.parameters.with_value(declaration.path, 0.6).unwrap();
            let refused = FaultRates::of(&LiteratureRates::resolve(&set).unwrap());
            let is_probability = declaration.path != "detector.port_area";
            assert_eq!(refused.is_err(), is_probability, "{}", declaration.path);
            assert!(refused.err().is_none_or(|error| error.to_string().starts_with(declaration.path)));
        }
    }

    #[test]
    fn a_move_ends_with_the_train_of_what_trains_of_seven_leave() {
        let of = |distance| (trains(distance), last_train(distance));
        assert_eq!([0, 1, 7, 8, 14, 16].map(of), [(0, 0), (1, 1), (1, 7), (2, 1), (2, 7), (3, 2)]);
    }

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
