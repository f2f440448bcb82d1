//! Sums: definitions use earlier terms, and every output's sums expand to its weights.

use std::collections::{BTreeMap, BTreeSet};

use super::{Expansion, VerificationError};
use crate::flow::LayerWeights;
use crate::ir::{Group, LayerSums, TermId};

pub fn verify(sums: &LayerSums, from: &LayerWeights, outputs: &[u32]) -> Result<(), VerificationError> {
    if sums.outputs != outputs {
        let (found, expected) = (sums.outputs.clone(), outputs.to_vec());
        return Err(VerificationError::Outputs { found, expected });
    }
    let mut found: BTreeMap<u32, Expansion> =
        outputs.iter().map(|&output| (output, Expansion::default())).collect();
    for (index, group) in sums.groups.iter().enumerate() {
        let terms = expand(group)?;
        let term = |user: &dyn Fn() -> String, id: TermId| {
            let there = || VerificationError::NotThere { user: user(), used: format!("t{}", id.0) };
            terms.get(id.index()).ok_or_else(there)
        };
        for sum in &group.sums {
            let ascending = sum.terms.windows(2).all(|pair| pair[0].id < pair[1].id);
            if sum.terms.is_empty() || !ascending {
                return Err(VerificationError::Terms { output: sum.output, group: index });
            }
            let user = || format!("the sum for output {} in group {index}", sum.output);
            let Some(total) = found.get_mut(&sum.output) else {
                return Err(VerificationError::NotThere { user: user(), used: "that output".to_owned() });
            };
            for signed in &sum.terms {
                total.add(term(&user, signed.id)?, signed.negative);
            }
        }
    }
    found.iter().try_for_each(|(&output, expansion)| expansion.verify(output, from))
}

fn expand(group: &Group) -> Result<Vec<Expansion>, VerificationError> {
    let mut seen = BTreeSet::new();
    if let Some(&tap) = group.taps.iter().find(|&&tap| !seen.insert(tap)) {
        return Err(VerificationError::RepeatedTap(tap));
    }
    let mut terms: Vec<Expansion> = group.taps.iter().map(|&tap| Expansion::of(tap)).collect();
    for definition in &group.definitions {
        let earlier = |id: TermId| {
            terms.get(id.index()).ok_or_else(|| VerificationError::NotThere {
                user: format!("t{}", terms.len()),
                used: format!("t{}", id.0),
            })
        };
        let mut sum = earlier(definition.left)?.clone();
        sum.add(earlier(definition.right)?, definition.subtract);
        terms.push(sum);
    }
    Ok(terms)
}
