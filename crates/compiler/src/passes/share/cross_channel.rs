//! Sharing over all terms of a group, whatever channel they come from: the pair that saves most first, and among pairs that
//! save the same the one that stands least in the way of others.
//!
//! # The problem
//! The sums of a group are a constant ternary matrix (sums x terms) times the vector of window elements. A pair of terms
//! with a relative sign that `n` sums have in common becomes a new term: one addition instead of `n`. The new term may
//! itself be part of pairs, so larger common parts grow pair by pair. Nothing ever cancels: the terms of a sum have no
//! window element in common, before and after.
//!
//! Three outputs of four inputs `a b c d` that have `±(a + b)` in common; the third has it negated:
//! ```
//! use compiler::{Sharing, share_layer};
//! use network::TernaryWeights;
//!
//! let weights = TernaryWeights::new([3, 4, 1, 1], vec![
//!      1,  1,  1,  0,
//!      1,  1, -1,  0,
//!     -1, -1,  0,  1,
//! ])?;
//! let sums = share_layer("example", &weights, 15, Sharing::CrossChannel);
//! assert_eq!(sums.adders(), 4); // a + b once, and one more for each output; 6 if nothing were shared
//! assert_eq!(sums.to_string(), "\
//! layer example inputs 0..=15 outputs 0 1 2
//! group
//!   t0 = tap 0,0,0
//!   t1 = tap 1,0,0
//!   t2 = tap 2,0,0
//!   t3 = tap 3,0,0
//!   t4 = t0 + t1
//!   y0 += +t2 +t4
//!   y1 += -t2 +t4
//!   y2 += +t3 -t4
//! ");
//! # Ok::<(), network::TernaryWeightsError>(())
//! ```
//!
//! # The choice
//! Taking the most frequent pair is Hartley's old rule, and it leaves many ties: most of the additions are saved by pairs
//! that occur a handful of times, and thousands of pairs occur as often. A replacement takes occurrences away from the pairs
//! of the two terms with every other term of the sums it touches. With the potential `Σ (occurrences - 1)` over all pairs
//! that occur at all (what is to be had from each pair on its own) a pair's *interference* is what the potential loses when
//! the pair is replaced. If term `x` occurs `v` times in the touched sums with a sign, then `(left, x)` and `(right, x)`
//! lose `v` each, or `v - 1` if they occur nowhere else, and `(new, x)` brings `v - 1`, so that
//!
//! ```text
//! interference = Σ over x and signs of  v + 1 - [x meets left only here] - [x meets right only here]
//! ```
//!
//! Small interference is a common part that is nearly complete, or sums that are already short. Against plain ties by
//! position this saves 2 to 4 % of the additions.
//!
//! # The cost
//! For every term two bit sets say in which sums it is added and subtracted: the occurrences of a pair are a population
//! count of `sums / 64` words. Pairs wait in a bucket for each count. Counts only fall, new pairs come with new terms only,
//! so a pair is counted again when it is taken out and put back if it fell: no count is ever updated. Interference is
//! computed when a pair's count becomes the highest, and once more before the pair is replaced; in between it goes stale.
//! Buckets of low counts would hold nearly every pair of terms, so they are filled late, when the most frequent pairs have
//! shortened the sums. A layer of 2304 x 256 with 118 000 weights takes two seconds, one of 4608 x 512 twenty.
//!
//! The result is a function of the group alone; nothing is drawn at random.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::CommonSubexpressions;
use crate::ir::{Definition, Group, OutputSum, SignedTerm, TermId};

/// Interference-aware greedy sharing over a whole group.
pub struct CrossChannel;

/// A pair has to occur this often to be worth a term.
const LEAST: usize = 2;

/// Pairs that wait in buckets after filling, 8 bytes each.
const MOST_WAITING: usize = 4_000_000;

/// Terms of sums that are shared together at most: it bounds time and memory for the largest layers, whose sums are cut by window
/// elements.
const MOST_TERMS: usize = 2_000_000;

impl CommonSubexpressions for CrossChannel {
    fn share(&self, group: &mut Group) {
        share_in_blocks(group, MOST_TERMS);
    }
}

/// Shares among neighbouring window elements only, as many of them as the sums have so many terms of.
fn share_in_blocks(group: &mut Group, most_terms: usize) {
    let terms: usize = group.sums.iter().map(|sum| sum.terms.len()).sum();
    if terms <= most_terms || !group.definitions.is_empty() {
        let mut matrix = Matrix::new(group);
        Search::run(&mut matrix);
        matrix.write_back(group);
        return;
    }
    let taps = group.taps.len();
    let blocks = terms.div_ceil(most_terms.max(1)).clamp(1, taps.max(1));
    let bounds: Vec<usize> = (0..=blocks).map(|block| taps * block / blocks).collect();
    let of_block = |range: &[usize]| {
        let (first, end) = (range[0], range[1]);
        let inside = |term: &&SignedTerm| (first..end).contains(&term.id.index());
        let local = |term: &SignedTerm| SignedTerm { id: TermId(term.id.0 - first as u32), ..*term };
        let sum = |sum: &OutputSum| OutputSum {
            output: sum.output,
            terms: sum.terms.iter().filter(inside).map(local).collect(),
        };
        let sums = group.sums.iter().map(sum).collect();
        let mut part = Group { taps: group.taps[first..end].to_vec(), definitions: Vec::new(), sums };
        let mut matrix = Matrix::new(&part);
        Search::run(&mut matrix);
        matrix.write_back(&mut part);
        part
    };
    let parts: Vec<Group> = bounds.windows(2).map(of_block).collect();
    group.sums.iter_mut().for_each(|sum| sum.terms.clear());
    for (part, &first) in parts.iter().zip(&bounds) {
        let (elements, before) = (part.taps.len(), group.definitions.len());
        // Definitions of earlier blocks come before those of this one.
        let moved = |id: TermId| {
            let place = id.index();
            let place = if place < elements { first + place } else { taps + before + place - elements };
            TermId(place as u32)
        };
        group.definitions.extend(part.definitions.iter().map(|definition| Definition {
            left: moved(definition.left),
            right: moved(definition.right),
            subtract: definition.subtract,
        }));
        for (sum, of_part) in group.sums.iter_mut().zip(&part.sums) {
            sum.terms.extend(of_part.terms.iter().map(|term| SignedTerm { id: moved(term.id), ..*term }));
        }
    }
    group.sums.iter_mut().for_each(|sum| sum.terms.sort_unstable());
}

/// A term of a sum, or a sum of a term: the number, and whether the sign is negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Entry(u32);

impl Entry {
    fn new(id: u32, negative: bool) -> Self {
        Self(id << 1 | u32::from(negative))
    }

    fn id(self) -> u32 {
        self.0 >> 1
    }

    fn negative(self) -> bool {
        self.0 & 1 == 1
    }

    fn negated(self) -> Self {
        Self(self.0 ^ 1)
    }

    /// The sign that is left when another's is taken as positive.
    fn relative_to(self, other: Self) -> Self {
        Self(self.0 ^ (other.0 & 1))
    }
}

/// Two terms, and whether their signs differ in the sums that count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Pair {
    left: u32,
    /// The later term; negative if it is subtracted where `left` is added.
    right: Entry,
}

/// Signed sums, by sum and by term.
struct Matrix {
    /// The terms of every sum, ascending.
    sums: Vec<Vec<Entry>>,
    /// Words of one bit set over the sums.
    words: usize,
    /// For every term the sums where it is added, then those where it is subtracted.
    occurrences: Vec<u64>,
    definitions: Vec<Definition>,
}

impl Matrix {
    fn new(group: &Group) -> Self {
        let words = group.sums.len().div_ceil(64);
        let mut occurrences = vec![0; group.terms() * 2 * words];
        let mut sums = Vec::with_capacity(group.sums.len());
        for (index, sum) in group.sums.iter().enumerate() {
            for term in &sum.terms {
                let set = 2 * term.id.index() + usize::from(term.negative);
                occurrences[set * words + index / 64] |= 1 << (index % 64);
            }
            sums.push(sum.terms.iter().map(|term| Entry::new(term.id.0, term.negative)).collect());
        }
        Self { sums, words, occurrences, definitions: Vec::new() }
    }

    fn terms(&self) -> u32 {
        (self.occurrences.len() / (2 * self.words).max(1)) as u32
    }

    /// The sums in which a term has a sign.
    fn set(&self, entry: Entry) -> &[u64] {
        let start = entry.0 as usize * self.words;
        &self.occurrences[start..start + self.words]
    }

    /// The sums of a term, each with the term's sign.
    fn sums_of(&self, term: u32, found: &mut Vec<Entry>) {
        found.clear();
        let sets = self.set(Entry::new(term, false)).iter().zip(self.set(Entry::new(term, true)));
        for (word, (&added, &subtracted)) in sets.enumerate() {
            push_members(word, added, subtracted, found);
        }
    }

    /// The sums that have a pair, where its left term is added and where it is subtracted, word by word.
    fn common(&self, pair: Pair) -> impl Iterator<Item = (u64, u64)> + '_ {
        let left = Entry::new(pair.left, false);
        let added = self.set(left).iter().zip(self.set(pair.right));
        let subtracted = self.set(left.negated()).iter().zip(self.set(pair.right.negated()));
        added.zip(subtracted).map(|((la, ra), (ls, rs))| (la & ra, ls & rs))
    }

    /// How many sums have a pair.
    fn count(&self, pair: Pair) -> u32 {
        self.common(pair).map(|(added, subtracted)| (added | subtracted).count_ones()).sum()
    }

    /// The sums that have a pair, each with the sign of the pair's left term.
    fn shared_sums(&self, pair: Pair, found: &mut Vec<Entry>) {
        found.clear();
        for (word, (added, subtracted)) in self.common(pair).enumerate() {
            push_members(word, added, subtracted, found);
        }
    }

    /// The sums that have one term of a pair, but not the pair: left, left negated, right and right negated,
    /// word by word, without words that are empty.
    fn sums_elsewhere(&self, pair: Pair, found: &mut Vec<(usize, [u64; 4])>) {
        found.clear();
        let left = Entry::new(pair.left, false);
        let lefts = self.set(left).iter().zip(self.set(left.negated()));
        let rights = self.set(pair.right).iter().zip(self.set(pair.right.negated()));
        for (word, ((&la, &ls), (&ra, &rs))) in lefts.zip(rights).enumerate() {
            let elsewhere = !(la & ra | ls & rs);
            let sets = [la & elsewhere, ls & elsewhere, ra & elsewhere, rs & elsewhere];
            if sets != [0; 4] {
                found.push((word, sets));
            }
        }
    }

    /// Makes a pair a term of its own, the last one.
    fn replace(&mut self, pair: Pair, shared: &[Entry]) -> u32 {
        let new = self.terms();
        let (left, right) = (pair.left, pair.right.id());
        self.occurrences.resize(self.occurrences.len() + 2 * self.words, 0);
        for &sum in shared {
            let (index, negative) = (sum.id() as usize, sum.negative());
            let (word, bit) = (index / 64, 1 << (index % 64));
            for (entry, present) in [
                (Entry::new(left, negative), false),
                (Entry::new(right, negative != pair.right.negative()), false),
                (Entry::new(new, negative), true),
            ] {
                let set = &mut self.occurrences[entry.0 as usize * self.words + word];
                *set = if present { *set | bit } else { *set & !bit };
            }
            let terms = &mut self.sums[index];
            terms.retain(|entry| entry.id() != left && entry.id() != right);
            terms.push(Entry::new(new, negative));
        }
        self.definitions.push(Definition {
            left: TermId(left),
            right: TermId(right),
            subtract: pair.right.negative(),
        });
        new
    }

    fn write_back(self, group: &mut Group) {
        group.definitions.extend(self.definitions);
        for (sum, entries) in group.sums.iter_mut().zip(self.sums) {
            sum.terms =
                entries.iter().map(|e| SignedTerm { id: TermId(e.id()), negative: e.negative() }).collect();
        }
    }
}

fn push_members(word: usize, added: u64, subtracted: u64, found: &mut Vec<Entry>) {
    let mut members = added | subtracted;
    while members != 0 {
        let bit = members.trailing_zeros();
        found.push(Entry::new(word as u32 * 64 + bit, subtracted >> bit & 1 == 1));
        members &= members - 1;
    }
}

/// A candidate; the greatest is the best. Ties go to the pair of the earliest terms.
type Candidate = (Reverse<u64>, Reverse<Pair>);

/// The order in which pairs are replaced.
struct Search {
    /// Pairs by a count that they had once; the present one is not larger.
    buckets: Vec<Vec<Pair>>,
    /// Pairs that occur less often are in no bucket yet.
    floor: usize,
    /// Occurrences by term and sign, all 0 between uses.
    tally: Vec<u32>,
    met: Vec<Entry>,
    shared: Vec<Entry>,
    elsewhere: Vec<(usize, [u64; 4])>,
}

impl Search {
    fn run(matrix: &mut Matrix) {
        let mut search = Self {
            buckets: Vec::new(),
            floor: usize::MAX,
            tally: vec![0; 2 * matrix.terms() as usize],
            met: Vec::new(),
            shared: Vec::new(),
            elsewhere: Vec::new(),
        };
        while search.floor > LEAST {
            search.fill_buckets(matrix);
            // A pair with a new term occurs no more often than the pair that became it: counts never rise.
            for count in (search.floor..search.buckets.len()).rev() {
                search.replace_pairs(matrix, count);
            }
        }
    }

    /// Collects the pairs that occur most often, as many as are kept at a time; lowers the floor.
    fn fill_buckets(&mut self, matrix: &Matrix) {
        let before = self.floor;
        self.floor = LEAST;
        self.buckets.clear();
        let mut waiting = 0;
        for term in 0..matrix.terms() {
            waiting += self.add_pairs(matrix, term);
            // The floor stays below the one before, whatever that takes: every filling makes progress.
            while waiting > MOST_WAITING && self.floor + 1 < before.min(self.buckets.len()) {
                waiting -= std::mem::take(&mut self.buckets[self.floor]).len();
                self.floor += 1;
            }
        }
    }

    /// Puts the pairs of a term with earlier ones into the buckets; says how many.
    fn add_pairs(&mut self, matrix: &Matrix, term: u32) -> usize {
        matrix.sums_of(term, &mut self.shared);
        if self.shared.len() < self.floor {
            return 0;
        }
        for sum in &self.shared {
            for &entry in &matrix.sums[sum.id() as usize] {
                if entry.id() >= term {
                    break;
                }
                let relative = entry.relative_to(*sum);
                let count = &mut self.tally[relative.0 as usize];
                if *count == 0 {
                    self.met.push(relative);
                }
                *count += 1;
            }
        }
        let mut added = 0;
        for entry in self.met.drain(..) {
            let count = std::mem::take(&mut self.tally[entry.0 as usize]) as usize;
            if count >= self.floor {
                if self.buckets.len() <= count {
                    self.buckets.resize_with(count + 1, Vec::new);
                }
                self.buckets[count]
                    .push(Pair { left: entry.id(), right: Entry::new(term, entry.negative()) });
                added += 1;
            }
        }
        added
    }

    /// Replaces pairs that occur `count` times until there is none.
    fn replace_pairs(&mut self, matrix: &mut Matrix, count: usize) {
        let mut pool: BinaryHeap<Candidate> = BinaryHeap::new();
        loop {
            while let Some(pair) = self.buckets[count].pop() {
                if self.still_occurs(matrix, pair, count) {
                    pool.push((Reverse(self.interference(matrix, pair)), Reverse(pair)));
                }
            }
            let Some((_, Reverse(pair))) = pool.pop() else { return };
            if !self.still_occurs(matrix, pair, count) {
                continue;
            }
            let candidate = (Reverse(self.interference(matrix, pair)), Reverse(pair));
            if pool.peek().is_some_and(|next| *next > candidate) {
                pool.push(candidate);
                continue;
            }
            matrix.shared_sums(pair, &mut self.shared);
            let new = matrix.replace(pair, &self.shared);
            self.tally.resize(2 * matrix.terms() as usize, 0);
            self.add_pairs(matrix, new);
        }
    }

    /// Whether a pair occurs as often as it is said to; if not, it goes to the bucket where it belongs.
    fn still_occurs(&mut self, matrix: &Matrix, pair: Pair, count: usize) -> bool {
        let present = matrix.count(pair) as usize;
        if present < count && present >= self.floor {
            self.buckets[present].push(pair);
        }
        present == count
    }

    /// What replacing a pair takes from all other pairs, as defined above.
    fn interference(&mut self, matrix: &Matrix, pair: Pair) -> u64 {
        matrix.shared_sums(pair, &mut self.shared);
        for sum in &self.shared {
            for &entry in &matrix.sums[sum.id() as usize] {
                let relative = entry.relative_to(*sum);
                let count = &mut self.tally[relative.0 as usize];
                if *count == 0 {
                    self.met.push(relative);
                }
                *count += 1;
            }
        }
        matrix.sums_elsewhere(pair, &mut self.elsewhere);
        let mut interference = 0;
        for entry in self.met.drain(..) {
            let here = u64::from(std::mem::take(&mut self.tally[entry.0 as usize]));
            if entry.id() == pair.left || entry.id() == pair.right.id() {
                continue;
            }
            let (same, opposite) = (matrix.set(entry), matrix.set(entry.negated()));
            let (mut meets_left, mut meets_right) = (0, 0);
            for &(word, [left, left_negated, right, right_negated]) in &self.elsewhere {
                let (same, opposite) = (same[word], opposite[word]);
                meets_left |= left & same | left_negated & opposite;
                meets_right |= right & same | right_negated & opposite;
            }
            interference += here - 1 + u64::from(meets_left != 0) + u64::from(meets_right != 0);
        }
        interference
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use network::TernaryWeights;

    use super::*;
    use crate::ir::{LayerWeights, Representation};
    use crate::pass::Settings;
    use crate::{Geometry, Layout, Options, Sharing, share_layer_in_groups};

    #[test]
    fn sums_that_are_cut_are_right_and_share_nearly_as_much() {
        let values =
            (0..40 * 60).map(|i: u64| [1, 0, -1, 0, 0][(i * i + 7 * i) as usize * 2_654_435 % 5]).collect();
        let weights = TernaryWeights::new([40, 60, 1, 1], values).unwrap();
        let geometry = Geometry::new(64, 256, 64).unwrap();
        let options = Options {
            geometry,
            sharing: Sharing::CrossChannel,
            layout: Layout::Along,
            outputs_per_processor: None,
        };
        let settings = Settings::unlimited(&weights, &options);
        let adders = |most_terms: usize| {
            let mut sums = share_layer_in_groups("cut", &weights, 15, Sharing::None, 1);
            share_in_blocks(&mut sums.groups[0], most_terms);
            let from =
                LayerWeights { layer: "cut".into(), input_maximum: 15, weights: Arc::new(weights.clone()) };
            sums.verify(&from, &settings).unwrap();
            sums.adders()
        };
        let unshared = share_layer_in_groups("cut", &weights, 15, Sharing::None, 1).adders();
        let (whole, halves) = (adders(usize::MAX), adders(weights.nonzeros().div_ceil(2)));
        assert!(whole <= halves && halves < unshared, "{whole} {halves} {unshared}");
    }
}
