//! `fold`: constant weights become signed sums of window elements; zeros leave no trace. Nor do the channels that an output of a
//! grouped convolution does not read: they are neither loaded nor added, and an output has a sum for those of its own group only.

use std::ops::Range;

use ap_program::Tap;
use network::TernaryWeights;

use crate::ir::{Group, LayerSums, LayerWeights, OutputSum, SignedTerm, TermId};
use crate::pass::{Transform, TransformError};

/// The pass.
pub struct Fold;

/// What of a layer is computed, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parts {
    pub outputs: Vec<u32>,
    /// Input channels that are taken together.
    pub channels: Vec<Range<usize>>,
}

impl Transform for Fold {
    const NAME: &'static str = "fold";
    const DESCRIPTION: &'static str = "unrolls constant weights into signed sums of window elements";
    type Takes = LayerWeights;
    type Makes = LayerSums;
    type Told = Parts;

    fn run(from: LayerWeights, parts: Parts) -> Result<LayerSums, TransformError> {
        Ok(fold(&from.layer, &from.weights, from.input_maximum, &parts.outputs, &parts.channels))
    }
}

/// Unrolls a layer over its weights for the given outputs, one group for each range of input channels.
pub fn fold(
    layer: &str,
    weights: &TernaryWeights,
    input_maximum: u32,
    outputs: &[u32],
    groups: &[Range<usize>],
) -> LayerSums {
    let groups = groups
        .iter()
        .map(|channels| fold_group(weights, outputs, &channels.clone().collect::<Vec<usize>>()))
        .filter(|group| !group.sums.is_empty())
        .collect();
    LayerSums { layer: layer.to_owned(), input_maximum, outputs: outputs.to_vec(), groups }
}

/// Splits the input channels into at most `count` groups of neighbours with about as many weights other than 0 in each: the
/// fullest group decides what has to fit the array.
pub fn channel_groups(weights: &TernaryWeights, count: usize) -> Vec<Range<usize>> {
    let inputs = weights.inputs();
    let mut nonzeros_before = vec![0; inputs + 1];
    for input in 0..inputs {
        nonzeros_before[input + 1] = nonzeros_before[input] + nonzeros_of(weights, input..input + 1);
    }
    let count = count.clamp(1, inputs.max(1));
    if count == inputs {
        return (0..inputs).map(|input| input..input + 1).collect();
    }
    let total = nonzeros_before[inputs];
    let mut groups = Vec::with_capacity(count);
    let mut start = 0;
    for group in 1..=count {
        let share = total * group / count;
        // The boundary whose share is nearest.
        let after = nonzeros_before.partition_point(|&before| before < share);
        let nearer = after > 0 && share - nonzeros_before[after - 1] < nonzeros_before[after] - share;
        let end = if group == count { inputs } else { after - usize::from(nearer) };
        if end > start {
            groups.push(start..end);
            start = end;
        }
    }
    groups
}

/// Splits the input channels into at most `count` groups of neighbours with as many channels in each, but for the last.
pub fn equal_channel_groups(inputs: usize, count: usize) -> Vec<Range<usize>> {
    let width = inputs.div_ceil(count.max(1)).max(1);
    (0..inputs.div_ceil(width)).map(|group| group * width..((group + 1) * width).min(inputs)).collect()
}

/// The weights other than 0 of some input channels.
pub fn nonzeros_of(weights: &TernaryWeights, channels: Range<usize>) -> usize {
    (0..weights.outputs())
        .flat_map(|output| channels.clone().flat_map(move |channel| weights.slice(output, channel)))
        .filter(|&&weight| weight != 0)
        .count()
}

fn fold_group(weights: &TernaryWeights, outputs: &[u32], channels: &[usize]) -> Group {
    let (taps_per_channel, width) = (weights.taps(), weights.kernel_width());
    let mut used = vec![false; channels.len() * taps_per_channel];
    for &output in outputs {
        for (c, &channel) in channels.iter().enumerate() {
            for (tap, &weight) in weights.slice(output as usize, channel).iter().enumerate() {
                used[c * taps_per_channel + tap] |= weight != 0;
            }
        }
    }
    let mut group = Group::default();
    let mut term_of = vec![TermId(0); used.len()];
    for (element, _) in used.iter().enumerate().filter(|&(_, &used)| used) {
        let (channel, tap) = (channels[element / taps_per_channel], element % taps_per_channel);
        term_of[element] = TermId(group.taps.len() as u32);
        group.taps.push(Tap {
            channel: channel as u32,
            row: (tap / width) as u8,
            column: (tap % width) as u8,
        });
    }
    for &output in outputs {
        let mut terms = Vec::new();
        for (c, &channel) in channels.iter().enumerate() {
            for (tap, &weight) in weights.slice(output as usize, channel).iter().enumerate() {
                if weight != 0 {
                    terms.push(SignedTerm { id: term_of[c * taps_per_channel + tap], negative: weight < 0 });
                }
            }
        }
        if !terms.is_empty() {
            group.sums.push(OutputSum { output, terms });
        }
    }
    group
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One output; channel `i` has `nonzeros[i]` weights other than 0.
    fn weights(nonzeros: &[usize]) -> TernaryWeights {
        let values = nonzeros.iter().flat_map(|&n| (0..9).map(move |tap| i8::from(tap < n))).collect();
        TernaryWeights::new([1, nonzeros.len(), 3, 3], values).unwrap()
    }

    #[test]
    fn groups_have_about_as_many_weights_each() {
        let weights = weights(&[9, 1, 1, 1, 6, 2, 2, 2, 9, 0, 0, 3]);
        // 36 weights in three groups: 12 each.
        assert_eq!(channel_groups(&weights, 3), [0..4, 4..8, 8..12]);
    }

    #[test]
    fn groups_are_neighbours_that_leave_no_channel_out() {
        let weights = weights(&[0, 9, 0, 0, 1, 5, 0]);
        for count in 1..10 {
            let groups = channel_groups(&weights, count);
            assert!(groups.len() <= count);
            assert!(groups.iter().all(|group| !group.is_empty()));
            assert_eq!(groups.into_iter().flatten().collect::<Vec<_>>(), (0..7).collect::<Vec<_>>());
        }
    }

    #[test]
    fn weights_that_are_all_zero_make_no_group_with_sums() {
        let sums = fold("zeros", &weights(&[0, 0]), 15, &[0], &channel_groups(&weights(&[0, 0]), 1));
        assert!(sums.groups.is_empty());
    }
}
