//! What no sharing within one input channel can go below.

use std::collections::BTreeSet;

use network::TernaryWeights;

/// A lower bound on the operations of a layer if subexpressions are shared within one input channel only: one accumulate for
/// each slice of weights that is not empty, and one addition for every distinct slice of several taps, up to its sign.
pub fn per_channel_lower_bound(weights: &TernaryWeights) -> usize {
    (0..weights.inputs())
        .map(|input| {
            let mut patterns = BTreeSet::new();
            let mut slices = 0;
            for output in 0..weights.outputs() {
                let slice = weights.slice(output, input);
                let Some(&first) = slice.iter().find(|&&weight| weight != 0) else { continue };
                slices += 1;
                if slice.iter().filter(|&&weight| weight != 0).count() > 1 {
                    patterns.insert(slice.iter().map(|&weight| weight * first).collect::<Vec<i8>>());
                }
            }
            slices + patterns.len()
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_that_differ_in_sign_only_count_once() {
        let weights = TernaryWeights::new([4, 1, 1, 2], vec![1, -1, -1, 1, 0, 1, 0, 0]).unwrap();
        assert_eq!(per_channel_lower_bound(&weights), 3 + 1);
    }
}
