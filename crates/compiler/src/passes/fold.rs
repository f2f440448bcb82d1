//! `fold`: constant weights become signed sums of window elements; zeros leave no trace.

use network::TernaryWeights;

use crate::ir::{Group, LayerSums, OutputSum, SignedTerm, Tap, TermId};

/// Unrolls a layer over its weights, with `channels_per_group` input channels in each group, for the given outputs.
pub fn fold(
    layer: &str,
    weights: &TernaryWeights,
    input_maximum: u32,
    outputs: &[u32],
    channels_per_group: usize,
) -> LayerSums {
    let channels: Vec<usize> = (0..weights.inputs()).collect();
    let groups = channels
        .chunks(channels_per_group.max(1))
        .map(|channels| fold_group(weights, outputs, channels))
        .filter(|group| !group.sums.is_empty())
        .collect();
    LayerSums { layer: layer.to_owned(), input_maximum, outputs: outputs.to_vec(), groups }
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
