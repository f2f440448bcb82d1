//! `split`: every group of sums is cut by blocks of outputs, so that what comes after works on one block at a time.
//!
//! The groups of a block follow each other; the first block comes first. A definition that several blocks use is made in each of
//! them.

use crate::ir::{Definition, Group, LayerSums, OutputSum, SignedTerm, TermId};
use crate::pass::{Transform, TransformError};
use crate::passes::Tiling;

/// The pass.
pub struct Split;

impl Transform for Split {
    const NAME: &'static str = "split";
    const DESCRIPTION: &'static str =
        "cuts every group of sums by the blocks of outputs that `tile` works on";
    type Takes = LayerSums;
    type Makes = LayerSums;
    type Told = Tiling;

    fn run(mut sums: LayerSums, tiling: Tiling) -> Result<LayerSums, TransformError> {
        split(&mut sums, tiling.outputs_per_block);
        Ok(sums)
    }
}

/// Cuts the groups by blocks of the given number of outputs; the last block may have fewer.
fn split(sums: &mut LayerSums, outputs_per_block: usize) {
    let blocks = sums.outputs.chunks(outputs_per_block.max(1));
    let groups = blocks.flat_map(|outputs| sums.groups.iter().map(|group| for_outputs(group, outputs)));
    sums.groups = groups.filter(|group| !group.sums.is_empty()).collect();
}

/// The sums of a group for some outputs, ascending, and the terms that these sums need.
fn for_outputs(group: &Group, outputs: &[u32]) -> Group {
    let of_outputs = |sum: &&OutputSum| outputs.binary_search(&sum.output).is_ok();
    let mut needed = vec![false; group.terms()];
    for term in group.sums.iter().filter(of_outputs).flat_map(|sum| &sum.terms) {
        needed[term.id.index()] = true;
    }
    for (place, definition) in group.definitions.iter().enumerate().rev() {
        if needed[group.taps.len() + place] {
            needed[definition.left.index()] = true;
            needed[definition.right.index()] = true;
        }
    }
    let mut next = 0;
    let renumbered: Vec<TermId> = needed
        .iter()
        .map(|&needed| {
            next += u32::from(needed);
            TermId(next.saturating_sub(1))
        })
        .collect();
    let new = |id: TermId| renumbered[id.index()];
    let definitions =
        group.definitions.iter().zip(&needed[group.taps.len()..]).filter(|&(_, &needed)| needed);
    Group {
        taps: group.taps.iter().zip(&needed).filter(|&(_, &needed)| needed).map(|(&tap, _)| tap).collect(),
        definitions: definitions
            .map(|(&Definition { left, right, subtract }, _)| Definition {
                left: new(left),
                right: new(right),
                subtract,
            })
            .collect(),
        sums: group
            .sums
            .iter()
            .filter(of_outputs)
            .map(|sum| OutputSum {
                output: sum.output,
                terms: sum.terms.iter().map(|term| SignedTerm { id: new(term.id), ..*term }).collect(),
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use network::TernaryWeights;

    use super::*;
    use crate::passes::fold::{channel_groups, fold};

    #[test]
    fn a_block_is_what_folding_its_outputs_alone_gives() {
        let values = (0..7 * 3 * 4).map(|i| [1, 0, -1, 0, 0, 1, -1, 1][(i * i % 8) ^ (i % 3)]).collect();
        let weights = TernaryWeights::new([7, 3, 2, 2], values).unwrap();
        let channels = channel_groups(&weights, 3);
        let of = |outputs: &[u32]| fold("layer", &weights, 15, outputs, &channels).groups;
        let mut sums = fold("layer", &weights, 15, &[0, 1, 2, 3, 4, 5, 6], &channels);
        split(&mut sums, 3);
        assert_eq!(sums.groups, [of(&[0, 1, 2]), of(&[3, 4, 5]), of(&[6])].concat());
    }
}
