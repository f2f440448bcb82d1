//! Signed sums with shared terms that can be taken apart and put together again, with every pair of terms counted at all times and
//! every change undone on demand.

use crate::ir::{Definition, Group, OutputSum, SignedTerm, TermId};

/// A term of a row, or a row of a term: the number, and whether the sign is negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry(u32);

impl Entry {
    pub fn new(id: u32, negative: bool) -> Self {
        Self(id << 1 | u32::from(negative))
    }

    pub fn id(self) -> u32 {
        self.0 >> 1
    }

    pub fn negative(self) -> bool {
        self.0 & 1 == 1
    }

    /// With another sign if `by` is negative.
    fn times(self, by: Self) -> Self {
        Self(self.0 ^ (by.0 & 1))
    }
}

/// Two terms, the lower number first, and whether their signs differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Pair(u64);

impl Pair {
    fn of(a: Entry, b: Entry) -> Self {
        let (low, high) = if a.id() < b.id() { (a, b) } else { (b, a) };
        Self(u64::from(low.id()) << 33 | u64::from(high.id()) << 1 | u64::from((low.0 ^ high.0) & 1))
    }

    /// The pair with its first term positive.
    pub fn entries(self) -> [Entry; 2] {
        [Entry::new((self.0 >> 33) as u32, false), Entry((self.0 & 0xffff_ffff) as u32)]
    }

    pub fn number(self) -> u64 {
        self.0
    }
}

/// How many rows have a pair: open addressing, so that what it holds does not depend on any hasher's seed.
struct Counts {
    slots: Vec<(u64, u32)>,
    /// Slots that hold a pair, with a count of 0 or not.
    taken: usize,
}

impl Counts {
    fn new() -> Self {
        Self { slots: vec![(0, 0); 1 << 15], taken: 0 }
    }

    /// No pair has the number 0: its terms differ.
    #[inline]
    fn slot(&mut self, pair: Pair) -> &mut u32 {
        if 4 * self.taken > self.slots.len() {
            self.rebuild();
        }
        let mask = self.slots.len() - 1;
        let mut at = (pair.0.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20) as usize & mask;
        loop {
            let found = self.slots[at].0;
            if found == pair.0 {
                return &mut self.slots[at].1;
            }
            if found == 0 {
                self.taken += 1;
                self.slots[at].0 = pair.0;
                return &mut self.slots[at].1;
            }
            at = (at + 1) & mask;
        }
    }

    fn get(&self, pair: Pair) -> u32 {
        let mask = self.slots.len() - 1;
        let mut at = (pair.0.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20) as usize & mask;
        loop {
            match self.slots[at] {
                (0, _) => return 0,
                (found, count) if found == pair.0 => return count,
                _ => at = (at + 1) & mask,
            }
        }
    }

    fn rebuild(&mut self) {
        let live: Vec<(u64, u32)> = self.slots.iter().copied().filter(|&(_, count)| count > 0).collect();
        let mut size = self.slots.len();
        while 12 * live.len() > size {
            size *= 2;
        }
        self.slots = vec![(0, 0); size];
        self.taken = 0;
        for (pair, count) in live {
            *self.slot(Pair(pair)) = count;
        }
    }
}

/// One change.
#[derive(Debug, Clone, Copy)]
enum Change {
    Added(u32, Entry),
    Removed(u32, Entry),
    Made(u32),
    Freed(u32),
}

/// The sums of a group. Rows are the outputs and then the shared terms; every row is a sum of window elements and shared terms.
pub(super) struct Sums {
    taps: u32,
    outputs: u32,
    rows: Vec<Vec<Entry>>,
    /// For each term the rows that have it, with its sign there.
    users: Vec<Vec<Entry>>,
    /// Whether a row is in use; outputs always are.
    live: Vec<bool>,
    free: Vec<u32>,
    counts: Counts,
    /// Terms in all rows, less one for each row.
    adders: i64,
    log: Vec<Change>,
    /// Pairs that came to be in two rows or more.
    repeated: Vec<Pair>,
    /// Terms that a row left.
    left: Vec<u32>,
    /// Pairs counted up or down since the beginning: what work is measured in.
    steps: u64,
}

impl Sums {
    /// The sums of a group, shared as they are.
    pub fn new(group: &Group) -> Self {
        let (taps, outputs) = (group.taps.len() as u32, group.sums.len() as u32);
        let rows = group.sums.len() + group.definitions.len();
        let mut sums = Self {
            taps,
            outputs,
            rows: vec![Vec::new(); rows],
            users: vec![Vec::new(); group.terms()],
            live: vec![true; rows],
            free: Vec::new(),
            counts: Counts::new(),
            adders: -(rows as i64),
            log: Vec::new(),
            repeated: Vec::new(),
            left: Vec::new(),
            steps: 0,
        };
        for (row, sum) in (0..).zip(&group.sums) {
            sum.terms.iter().for_each(|term| sums.add(row, Entry::new(term.id.0, term.negative)));
        }
        for (row, definition) in (outputs..).zip(&group.definitions) {
            sums.add(row, Entry::new(definition.left.0, false));
            sums.add(row, Entry::new(definition.right.0, definition.subtract));
        }
        sums.log.clear();
        sums
    }

    /// Additions and subtractions.
    pub fn adders(&self) -> i64 {
        self.adders
    }

    pub fn steps(&self) -> u64 {
        self.steps
    }

    pub fn taps(&self) -> u32 {
        self.taps
    }

    pub fn outputs(&self) -> u32 {
        self.outputs
    }

    /// Rows, in use or not.
    pub fn rows(&self) -> u32 {
        self.rows.len() as u32
    }

    pub fn row(&self, row: u32) -> &[Entry] {
        &self.rows[row as usize]
    }

    pub fn users(&self, term: u32) -> &[Entry] {
        &self.users[term as usize]
    }

    /// The row of a shared term.
    pub fn row_of(&self, term: u32) -> Option<u32> {
        term.checked_sub(self.taps).map(|number| number + self.outputs)
    }

    /// The term that a row makes; outputs make none.
    pub fn term_of(&self, row: u32) -> Option<u32> {
        row.checked_sub(self.outputs).map(|number| number + self.taps)
    }

    pub fn is_live(&self, row: u32) -> bool {
        self.live[row as usize]
    }

    pub fn count(&self, pair: Pair) -> u32 {
        self.counts.get(pair)
    }

    /// Pairs that came to be repeated since this was asked last.
    pub fn take_repeated(&mut self) -> Vec<Pair> {
        std::mem::take(&mut self.repeated)
    }

    fn add(&mut self, row: u32, entry: Entry) {
        self.log.push(Change::Added(row, entry));
        self.put(row, entry);
    }

    fn remove(&mut self, row: u32, entry: Entry) {
        self.log.push(Change::Removed(row, entry));
        self.left.push(entry.id());
        self.take(row, entry);
    }

    fn put(&mut self, row: u32, entry: Entry) {
        let terms = std::mem::take(&mut self.rows[row as usize]);
        self.steps += terms.len() as u64;
        for &term in &terms {
            let pair = Pair::of(term, entry);
            let count = self.counts.slot(pair);
            *count += 1;
            if *count >= 2 {
                self.repeated.push(pair);
            }
        }
        self.rows[row as usize] = terms;
        self.rows[row as usize].push(entry);
        self.users[entry.id() as usize].push(Entry::new(row, entry.negative()));
        self.adders += 1;
    }

    fn take(&mut self, row: u32, entry: Entry) {
        let mut terms = std::mem::take(&mut self.rows[row as usize]);
        if let Some(place) = terms.iter().position(|&term| term == entry) {
            terms.swap_remove(place);
        }
        self.steps += terms.len() as u64;
        for &term in &terms {
            *self.counts.slot(Pair::of(term, entry)) -= 1;
        }
        self.rows[row as usize] = terms;
        let users = &mut self.users[entry.id() as usize];
        if let Some(place) = users.iter().position(|user| user.id() == row) {
            users.swap_remove(place);
        }
        self.adders -= 1;
    }

    fn make(&mut self) -> u32 {
        let row = self.free.pop().unwrap_or_else(|| {
            self.rows.push(Vec::new());
            self.users.push(Vec::new());
            self.live.push(false);
            self.rows.len() as u32 - 1
        });
        self.log.push(Change::Made(row));
        self.live[row as usize] = true;
        self.adders -= 1;
        row
    }

    /// Gives a row up that has no terms any more.
    fn release(&mut self, row: u32) {
        self.log.push(Change::Freed(row));
        self.live[row as usize] = false;
        self.free.push(row);
        self.adders += 1;
    }

    /// Puts the terms of a shared term in its place wherever it is used.
    pub fn take_apart(&mut self, term: u32) {
        let Some(row) = self.row_of(term).filter(|&row| self.live[row as usize]) else { return };
        let terms = self.rows[row as usize].clone();
        terms.iter().rev().for_each(|&entry| self.remove(row, entry));
        while let Some(&user) = self.users[term as usize].last() {
            self.remove(user.id(), Entry::new(term, user.negative()));
            terms.iter().for_each(|&entry| self.add(user.id(), entry.times(user)));
        }
        self.release(row);
    }

    /// Takes shared terms apart that one row uses or none, among those that some row left; what that leaves too.
    pub fn tidy(&mut self) {
        while let Some(term) = self.left.pop() {
            if term >= self.taps && self.users[term as usize].len() < 2 {
                self.take_apart(term);
            }
        }
    }

    /// The rows that have a pair, with the sign that it has there as it is written.
    fn rows_with(&self, pair: Pair) -> impl Iterator<Item = Entry> + '_ {
        let [first, second] = pair.entries();
        let (few, other) = if self.users[first.id() as usize].len() <= self.users[second.id() as usize].len()
        {
            (first, second)
        } else {
            (second, first)
        };
        self.users[few.id() as usize]
            .iter()
            .filter(move |user| {
                let wanted = other.times(few).times(Entry::new(0, user.negative()));
                self.rows[user.id() as usize].contains(&wanted)
            })
            .map(move |user| user.times(few))
    }

    /// Makes a pair one term in all rows that have it. A row that is nothing but the pair is that term.
    pub fn share(&mut self, pair: Pair) {
        let [first, second] = pair.entries();
        let rows: Vec<Entry> = self.rows_with(pair).collect();
        let made =
            rows.iter().find(|row| row.id() >= self.outputs && self.rows[row.id() as usize].len() == 2);
        let (term, own) = match made.copied() {
            // That row may hold the pair negated: then so does its term.
            Some(row) => (Entry::new(row.id() - self.outputs + self.taps, row.negative()), Some(row.id())),
            None => {
                let row = self.make();
                self.add(row, first);
                self.add(row, second);
                (Entry::new(row - self.outputs + self.taps, false), None)
            }
        };
        for row in rows.into_iter().filter(|row| own != Some(row.id())) {
            self.remove(row.id(), first.times(row));
            self.remove(row.id(), second.times(row));
            self.add(row.id(), term.times(row));
        }
    }

    /// Forgets how to undo what was done.
    pub fn keep(&mut self) {
        self.log.clear();
    }

    /// Undoes everything since it was kept.
    pub fn undo(&mut self) {
        while let Some(change) = self.log.pop() {
            match change {
                Change::Added(row, entry) => self.take(row, entry),
                Change::Removed(row, entry) => self.put(row, entry),
                Change::Made(row) => {
                    self.live[row as usize] = false;
                    self.free.push(row);
                    self.adders += 1;
                }
                Change::Freed(row) => {
                    self.live[row as usize] = true;
                    self.free.pop();
                    self.adders -= 1;
                }
            }
        }
        self.repeated.clear();
        self.left.clear();
    }

    /// The sums as definitions of two terms each, in an order in which each uses earlier ones only.
    pub fn write_back(&self, group: &mut Group) {
        let mut writer = Writer { sums: self, ids: vec![None; self.users.len()], definitions: Vec::new() };
        let sums: Vec<Vec<SignedTerm>> = (0..self.outputs)
            .map(|row| {
                let mut terms: Vec<SignedTerm> = writer.terms(row);
                terms.sort_unstable();
                terms
            })
            .collect();
        group.definitions = writer.definitions;
        for (OutputSum { terms, .. }, written) in group.sums.iter_mut().zip(sums) {
            *terms = written;
        }
    }
}

struct Writer<'a> {
    sums: &'a Sums,
    /// For every shared term the term that it is written as, and whether negated.
    ids: Vec<Option<SignedTerm>>,
    definitions: Vec<Definition>,
}

impl Writer<'_> {
    /// The terms of a row as they are written.
    fn terms(&mut self, row: u32) -> Vec<SignedTerm> {
        let entries: Vec<Entry> = self.sums.rows[row as usize].clone();
        entries
            .into_iter()
            .map(|entry| {
                let term = self.term(entry.id());
                SignedTerm { negative: term.negative != entry.negative(), ..term }
            })
            .collect()
    }

    fn term(&mut self, term: u32) -> SignedTerm {
        if let Some(known) = self.ids[term as usize] {
            return known;
        }
        let Some(row) = self.sums.row_of(term) else {
            return SignedTerm { id: TermId(term), negative: false };
        };
        // Recursion goes as deep as terms are built of each other: some dozens.
        let mut terms = self.terms(row);
        terms.sort_unstable();
        // A definition counts its first term positively; a sum of negative terms only is written negated.
        let negated = terms.iter().all(|term| term.negative);
        let first = terms.iter().position(|term| term.negative == negated).unwrap_or(0);
        let mut sum = terms.remove(first).id;
        for term in terms {
            self.definitions.push(Definition {
                left: sum,
                right: term.id,
                subtract: term.negative != negated,
            });
            sum = TermId(self.sums.taps + self.definitions.len() as u32 - 1);
        }
        let written = SignedTerm { id: sum, negative: negated };
        self.ids[term as usize] = Some(written);
        written
    }
}
