//! What holds for any numbers: intervals against exact sums, names, rates, resampling.

#![allow(clippy::unwrap_used)]

use faults::{
    FaultRates, Interval, Mitigation, Stream, clopper_pearson, cluster_bootstrap, design_effect, wilson,
};
use proptest::prelude::*;

/// The probability of `successes` in `trials`, term by term.
fn binomial(successes: u64, trials: u64, p: f64) -> f64 {
    let choose = (0..successes).fold(1.0, |product, i| product * (trials - i) as f64 / (i + 1) as f64);
    choose * p.powi(successes as i32) * (1.0 - p).powi((trials - successes) as i32)
}

fn covers(interval: Interval, p: f64) -> bool {
    interval.low <= p && p <= interval.high
}

proptest! {
    #[test]
    fn the_exact_interval_covers_any_proportion_at_least_as_often_as_it_says(
        trials in 1_u64..40,
        p in 0.0..=1.0,
        confidence in 0.5..0.999,
    ) {
        let covered: f64 = (0..=trials)
            .filter(|&successes| covers(clopper_pearson(successes, trials, confidence).unwrap(), p))
            .map(|successes| binomial(successes, trials, p))
            .sum();
        prop_assert!(covered >= confidence - 1e-9, "{} of {}", covered, confidence);
    }

    #[test]
    fn intervals_hold_the_share_that_was_seen_mirror_with_it_and_grow_with_confidence(
        trials in 1_u64..10_000,
        successes: prop::sample::Index,
        confidence in 0.1..0.99,
    ) {
        let successes = successes.index(trials as usize + 1) as u64;
        for interval in [wilson, clopper_pearson] {
            let of = |k, confidence| interval(k, trials, confidence).unwrap();
            let (here, wider) = (of(successes, confidence), of(successes, (1.0 + confidence) / 2.0));
            prop_assert!(covers(here, successes as f64 / trials as f64));
            prop_assert!(wider.low <= here.low + 1e-12 && here.high <= wider.high + 1e-12);
            let mirrored = of(trials - successes, confidence);
            prop_assert!((mirrored.low - (1.0 - here.high)).abs() < 1e-9, "{:?} {:?}", here, mirrored);
        }
    }

    #[test]
    fn protections_are_read_from_what_they_print_whatever_their_number(count: u32, text in ".*") {
        for mitigation in [Mitigation::SpareRows(count), Mitigation::SpareColumns(count)] {
            prop_assert_eq!(mitigation.to_string().parse(), Ok(mitigation));
        }
        if let Ok(read) = text.parse::<Mitigation>() {
            // Digits with zeros in front are a number too.
            prop_assert_eq!(read.to_string().parse(), Ok(read));
        }
    }

    #[test]
    fn slips_scale_with_the_rate_and_add_up_over_trains(p in 1e-12..1e-3_f64, factor in 1e-3..10.0_f64, distance in 1_usize..128) {
        let rates = FaultRates::uniform(p);
        let scaled = rates.with_shift_rate(p * factor).unwrap();
        let (before, after) = (rates.by_one.hazard(distance), scaled.by_one.hazard(distance));
        // A hazard is -ln(1 - p), which is p to the first order.
        prop_assert!((after / before / factor - 1.0).abs() < 12.0 * p * factor.max(1.0));
        prop_assert_eq!(scaled.pinning, p);
        let seven = rates.by_one.hazard(7);
        prop_assert!((rates.by_one.hazard(distance + 7) - rates.by_one.hazard(distance) - seven).abs() <= 1e-9 * seven);
    }

    #[test]
    fn what_is_resampled_lies_among_what_was_seen_and_repeats(
        means in prop::collection::vec(0.0..=1.0, 1..30),
        seed: u64,
        members in 1_u64..20,
    ) {
        let stream = Stream::resampling(seed, 3);
        let interval = cluster_bootstrap(&means, 0.9, 200, stream).unwrap();
        let (least, most) = means.iter().fold((1.0_f64, 0.0_f64), |(l, m), &x| (l.min(x), m.max(x)));
        prop_assert!(least - 1e-12 <= interval.low && interval.low <= interval.high && interval.high <= most + 1e-12);
        prop_assert_eq!(cluster_bootstrap(&means, 0.9, 200, stream), Some(interval));
        prop_assert!(design_effect(&means, members) >= 1.0);
    }
}
