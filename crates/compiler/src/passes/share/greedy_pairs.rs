//! Two-term sharing: replace the pair of terms that most sums have in common, with its relative sign, until none occurs
//! twice. A tie goes to the pair that is met first when the sums, and in each its terms, are scanned in order.

use super::CommonSubexpressions;
use crate::ir::{Definition, Group, SignedTerm, TermId};

/// The most frequent pair first.
pub struct GreedyPairs;

/// A pair of terms, the earlier first, and whether their signs differ.
type Pair = (TermId, TermId, bool);

impl CommonSubexpressions for GreedyPairs {
    fn share(&self, group: &mut Group) {
        let mut counts = PairCounts::default();
        while let Some((left, right, subtract)) = counts.most_frequent(group) {
            let id = TermId(group.terms() as u32);
            group.definitions.push(Definition { left, right, subtract });
            for sum in &mut group.sums {
                let find = |id| sum.terms.iter().position(|term| term.id == id);
                let (Some(l), Some(r)) = (find(left), find(right)) else { continue };
                let negative = sum.terms[l].negative;
                if (negative != sum.terms[r].negative) == subtract {
                    // Ids ascend within a sum, so the later one is removed first and the new one goes last.
                    sum.terms.remove(r.max(l));
                    sum.terms.remove(r.min(l));
                    sum.terms.push(SignedTerm { id, negative });
                }
            }
        }
    }
}

/// How often each pair occurs, indexed densely; `met` lists the pairs in the order in which the scan meets them.
#[derive(Default)]
struct PairCounts {
    counts: Vec<u32>,
    met: Vec<Pair>,
}

impl PairCounts {
    fn most_frequent(&mut self, group: &Group) -> Option<Pair> {
        let terms = group.terms();
        let index = |(left, right, subtract): Pair| {
            (left.index() * terms + right.index()) * 2 + usize::from(subtract)
        };
        self.counts.clear();
        self.counts.resize(terms * terms * 2, 0);
        self.met.clear();
        for sum in &group.sums {
            for (i, a) in sum.terms.iter().enumerate() {
                for b in &sum.terms[i + 1..] {
                    let pair = (a.id, b.id, a.negative != b.negative);
                    let count = &mut self.counts[index(pair)];
                    if *count == 0 {
                        self.met.push(pair);
                    }
                    *count += 1;
                }
            }
        }
        let mut best: Option<(u32, Pair)> = None;
        for &pair in &self.met {
            let count = self.counts[index(pair)];
            if count >= 2 && best.is_none_or(|(most, _)| count > most) {
                best = Some((count, pair));
            }
        }
        best.map(|(_, pair)| pair)
    }
}
