//! The search for shared terms: never worse than where it starts, right, the same for the same work, and as good as can be on
//! matrices small enough to try everything; and the file in which what it found is kept.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::{BTreeSet, HashSet};

use ap_program::Geometry;
use compiler::ir::{LayerSums, LayerWeights, Representation};
use compiler::kept::{self, KeptError};
use compiler::pass::Settings;
use compiler::passes::search;
use compiler::{Layout, Options, Sharing, share_layer};
use network::TernaryWeights;
use proptest::prelude::*;
use std::sync::Arc;

fn weights() -> impl Strategy<Value = TernaryWeights> {
    (1_usize..20, 1_usize..14, 1_usize..4, 0_u8..3).prop_flat_map(|(outputs, inputs, taps, zeros)| {
        let weight = (0_u8..3 + 2 * zeros).prop_map(|n| [1, -1, 0, 0, 0, 0, 0][usize::from(n)]);
        prop::collection::vec(weight, outputs * inputs * taps)
            .prop_map(move |values| TernaryWeights::new([outputs, inputs, 1, taps], values).unwrap())
    })
}

fn verified(sums: &LayerSums, weights: &TernaryWeights) -> bool {
    let from = LayerWeights { layer: "random".into(), input_maximum: 15, weights: Arc::new(weights.clone()) };
    let geometry = Geometry::new(64, 256, 64).unwrap();
    let options =
        Options { geometry, sharing: Sharing::Searched, layout: Layout::Along, outputs_per_processor: None };
    sums.verify(&from, &Settings::unlimited(weights, &options)).is_ok()
}

fn shared(weights: &TernaryWeights, sharing: Sharing) -> LayerSums {
    share_layer("random", weights, 15, sharing)
}

/// The fewest additions for rows of signs over a few columns, by trying every set of shared terms that could matter: rows are
/// reduced pair by pair in every order.
fn fewest(
    rows: &[Vec<(u8, bool)>],
    terms: u8,
    seen: &mut HashSet<Vec<Vec<(u8, bool)>>>,
    best: &mut usize,
    made: usize,
) {
    let cost = made + rows.iter().map(|row| row.len().saturating_sub(1)).sum::<usize>();
    *best = (*best).min(cost);
    if !seen.insert(rows.to_vec()) {
        return;
    }
    let mut pairs = BTreeSet::new();
    for row in rows {
        for (i, &(a, s)) in row.iter().enumerate() {
            pairs.extend(row[i + 1..].iter().map(|&(b, t)| (a, b, s != t)));
        }
    }
    for (a, b, differ) in pairs {
        let has = |row: &[(u8, bool)]| {
            let sign = |term| row.iter().find(|&&(t, _)| t == term).map(|&(_, s)| s);
            Some(sign(a)?).filter(|&s| sign(b).is_some_and(|t| (s != t) == differ))
        };
        if rows.iter().filter(|row| has(row).is_some()).count() < 2 {
            continue;
        }
        let next: Vec<Vec<(u8, bool)>> = rows
            .iter()
            .map(|row| match has(row) {
                None => row.clone(),
                Some(sign) => {
                    let rest = row.iter().copied().filter(|&(t, _)| t != a && t != b);
                    rest.chain([(terms, sign)]).collect()
                }
            })
            .collect();
        fewest(&next, terms + 1, seen, best, made + 1);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_search_is_right_and_never_worse_than_where_it_starts(weights in weights()) {
        let (greedy, searched) = (shared(&weights, Sharing::CrossChannel), shared(&weights, Sharing::Searched));
        prop_assert!(searched.adders() <= greedy.adders());
        prop_assert!(verified(&searched, &weights));
        prop_assert_eq!(searched, shared(&weights, Sharing::Searched));
    }

    #[test]
    fn on_small_matrices_it_finds_what_trying_every_order_of_pairs_finds(
        values in prop::collection::vec(-1_i8..=1, 5 * 5),
    ) {
        let weights = TernaryWeights::new([5, 5, 1, 1], values.clone()).unwrap();
        let rows: Vec<Vec<(u8, bool)>> = values
            .chunks(5)
            .map(|row| (0..).zip(row).filter(|(_, w)| **w != 0).map(|(t, &w)| (t, w < 0)).collect())
            .collect();
        let mut best = usize::MAX;
        fewest(&rows, 5, &mut HashSet::new(), &mut best, 0);
        // It may share within what it shares too, which no order of pairs over the outputs alone does.
        prop_assert!(shared(&weights, Sharing::Searched).adders() <= best);
    }

    #[test]
    fn what_is_kept_is_read_back_and_what_is_damaged_is_refused_or_means_the_same(
        weights in weights(),
        at: prop::sample::Index,
        with: u8,
    ) {
        let (unshared, searched) = (compiler::share_layer_in_groups("random", &weights, 15, Sharing::None, 1), shared(&weights, Sharing::Searched));
        let bytes = kept::write(&searched, 77);
        let read = kept::read(&bytes, &unshared).unwrap();
        prop_assert_eq!((&read.sums, read.work), (&searched, 77));
        let mut damaged = bytes.clone();
        let at = at.index(bytes.len());
        damaged[at] = with;
        if let Ok(read) = kept::read(&damaged, &unshared) {
            prop_assert!(verified(&read.sums, &weights));
        }
        prop_assert!(kept::read(&bytes[..bytes.len() - 1], &unshared).is_err());
    }
}

#[test]
fn sums_of_other_weights_are_refused_by_name() {
    let of = |values: Vec<i8>| TernaryWeights::new([2, 4, 1, 1], values).unwrap();
    let (one, other) = (of(vec![1, 1, 1, 0, 1, 1, 0, 1]), of(vec![1, 1, 1, 0, 1, -1, 0, 1]));
    let unshared =
        |weights: &TernaryWeights| compiler::share_layer_in_groups("small", weights, 15, Sharing::None, 1);
    let bytes = kept::write(&share_layer("small", &one, 15, Sharing::Searched), 0);
    assert!(kept::read(&bytes, &unshared(&one)).is_ok());
    assert_eq!(kept::read(&bytes, &unshared(&other)), Err(KeptError::Sum { group: 0, output: 1 }));
    assert_eq!(kept::read(b"something else", &unshared(&one)), Err(KeptError::Magic));
}

#[test]
fn more_work_finds_no_more_additions_and_as_much_work_finds_the_same() {
    let mut state = 1_u64;
    let mut weight = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        [0, 0, 1, -1, 0][(state >> 33) as usize % 5]
    };
    let values = (0..48 * 40).map(|_| weight()).collect();
    let weights = TernaryWeights::new([48, 40, 1, 1], values).unwrap();
    let greedy = share_layer("random", &weights, 15, Sharing::CrossChannel);
    let with = |work| {
        let mut group = greedy.groups[0].clone();
        search::search(&mut group, work, 3);
        group
    };
    let (none, some, again) = (with(0), with(2_000_000), with(2_000_000));
    assert!(none.adders() <= greedy.adders());
    assert!(
        (some.adders() as f64) < 0.98 * greedy.adders() as f64,
        "{} of {}",
        some.adders(),
        greedy.adders()
    );
    assert_eq!(some, again);
}
