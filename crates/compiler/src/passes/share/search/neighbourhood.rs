//! Taking a part of the shared terms apart and sharing anew, again and again.

use std::collections::BinaryHeap;

use super::sums::{Pair, Sums};
use crate::random::Random;

/// Most terms that are taken apart together.
const MOST: u64 = 10;

/// One in so many changes that cost an addition is kept at first; towards the end so many times fewer.
const WARM: f64 = 8.0;
const COOLING: f64 = 60.0;

/// By how many occurrences, at most, chance may put one pair before another.
const NOISE: u64 = 24;

/// The last part of the work, in which no change is kept that costs anything.
const COLD: f64 = 0.1;

/// A search over the sums of one group.
pub(super) struct Search {
    sums: Sums,
    random: Random,
    heap: BinaryHeap<(u64, Pair)>,
    chosen: Vec<u32>,
}

impl Search {
    pub fn new(sums: Sums, seed: u64) -> Self {
        Self { sums, random: Random::new(seed), heap: BinaryHeap::new(), chosen: Vec::new() }
    }

    /// Searches until `done`, which is told the work so far, gives 1 or more: the share of the search that is done. It says too how
    /// readily changes for the worse are kept.
    pub fn run(&mut self, mut done: impl FnMut(u64) -> f64) {
        // Terms that one row uses cost nothing to take apart, and leave more to share.
        for row in self.sums.outputs()..self.sums.rows() {
            if let Some(term) = self.sums.term_of(row).filter(|&term| self.sums.users(term).len() < 2) {
                self.sums.take_apart(term);
            }
        }
        self.settle();
        self.sums.keep();
        let start = self.sums.steps();
        // A try counts too, so that a search ends where nothing can be taken apart.
        for tries in 0.. {
            let done = done(self.sums.steps() - start + tries);
            if done.is_nan() || done >= 1.0 {
                return;
            }
            let before = self.sums.adders();
            self.choose();
            let chosen = std::mem::take(&mut self.chosen);
            chosen.iter().for_each(|&term| self.sums.take_apart(term));
            self.chosen = chosen;
            self.settle();
            let worse = self.sums.adders() - before;
            let rarity = if done < 1.0 - COLD { WARM * (1.0 + COOLING * done) } else { f64::INFINITY };
            if worse <= 0 || worse <= self.slack(rarity) {
                self.sums.keep();
            } else {
                self.sums.undo();
            }
        }
    }

    pub fn into_sums(self) -> Sums {
        self.sums
    }

    /// How many additions a change may cost: one with a probability of one in `rarity`, two with the square of it.
    fn slack(&mut self, rarity: f64) -> i64 {
        let mut slack = 0;
        while slack < 3 && rarity.is_finite() && self.random.below(rarity as u64) == 0 {
            slack += 1;
        }
        slack
    }

    /// Chooses terms to take apart.
    fn choose(&mut self) {
        self.chosen.clear();
        let most = 1 + self.random.below(MOST);
        let size = 1 + self.random.below(most) as usize;
        if self.random.below(2) == 0 {
            self.walk(size);
        } else {
            self.around_an_element(size);
        }
    }

    /// Chooses shared terms that a window element is directly a part of.
    fn around_an_element(&mut self, size: usize) {
        let element = self.random.below(u64::from(self.sums.taps().max(1))) as u32;
        if element < self.sums.taps() {
            let terms = self.sums.users(element).iter().filter_map(|user| self.sums.term_of(user.id()));
            self.chosen.extend(terms.take(size));
        }
    }

    /// Chooses neighbours of a shared term: terms of rows that use it, and of its own.
    fn walk(&mut self, size: usize) {
        let rows = self.sums.rows() - self.sums.outputs();
        if rows == 0 {
            return;
        }
        let mut at = None;
        for _ in 0..16 {
            let row = self.sums.outputs() + self.random.below(u64::from(rows)) as u32;
            if self.sums.is_live(row) {
                at = Some(row);
                break;
            }
        }
        let Some(mut row) = at else { return };
        for _ in 0..4 * size {
            if let Some(term) = self.sums.term_of(row).filter(|term| !self.chosen.contains(term)) {
                self.chosen.push(term);
                if self.chosen.len() >= size {
                    return;
                }
            }
            // To a row that uses a term of this one, or to a term of this one.
            let terms = self.sums.row(row);
            if terms.is_empty() {
                return;
            }
            let entry = terms[self.random.below(terms.len() as u64) as usize];
            let next = match (self.sums.row_of(entry.id()), self.random.below(2)) {
                (Some(next), 0) => next,
                _ => {
                    let users = self.sums.users(entry.id());
                    users[self.random.below(users.len() as u64) as usize].id()
                }
            };
            row = next;
            // Outputs make no term: on to one of theirs.
            if row < self.sums.outputs() {
                let terms = self.sums.row(row);
                let entry = terms[self.random.below(terms.len() as u64) as usize];
                if let Some(next) = self.sums.row_of(entry.id()) {
                    row = next;
                }
            }
        }
    }

    /// Shares pairs until none is repeated. Which goes first is mostly left to chance, more or less so each time: from the most frequent
    /// pairs alone one does not come to the best sums.
    fn settle(&mut self) {
        let noise = self.random.below(NOISE);
        let salt = self.random.next();
        self.heap.clear();
        loop {
            self.sums.tidy();
            for pair in self.sums.take_repeated() {
                let count = self.sums.count(pair);
                if count >= 2 {
                    self.heap.push((score(pair, count, noise, salt), pair));
                }
            }
            let Some((scored, pair)) = self.heap.pop() else { return };
            let count = self.sums.count(pair);
            let now = score(pair, count, noise, salt);
            if count >= 2 && now < scored {
                self.heap.push((now, pair));
            } else if count >= 2 {
                self.sums.share(pair);
            }
        }
    }
}

/// Orders pairs: by count with so much noise, and then by chance.
fn score(pair: Pair, count: u32, noise: u64, salt: u64) -> u64 {
    let mixed = (pair.number() ^ salt).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let chance = mixed >> 44;
    ((4 * u64::from(count) + chance % (4 * noise + 1)) << 20) | chance
}
