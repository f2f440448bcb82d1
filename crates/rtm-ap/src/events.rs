//! What happens when programs run: counts, without any notion of time or energy.

use std::ops::{Add, AddAssign, Mul};

use ap_program::SerialSteps;
use serde::{Deserialize, Serialize};

use crate::segments::Precharged;

/// A count over rows: those that hold an output position, and those that exist.
///
/// The last processor of a layer is filled up with rows that hold nothing; without row gating they search, shift and are
/// written like the others.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct PerRows {
    /// In rows that hold an output position.
    pub occupied: f64,
    /// In all rows of the processors that take part.
    pub physical: f64,
}

impl PerRows {
    /// The same count for every row.
    pub fn uniform(count: u64, rows: RowCount) -> Self {
        Self { occupied: (count * rows.occupied) as f64, physical: (count * rows.physical) as f64 }
    }
}

impl Add for PerRows {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self { occupied: self.occupied + other.occupied, physical: self.physical + other.physical }
    }
}

impl AddAssign for PerRows {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Mul<f64> for PerRows {
    type Output = Self;
    fn mul(self, factor: f64) -> Self {
        Self { occupied: self.occupied * factor, physical: self.physical * factor }
    }
}

/// Bits written to rows that a search tagged: those of cells, and latches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tagged<N> {
    pub cells: N,
    pub latches: N,
}

impl<N> Tagged<N> {
    /// Both of them changed in the same way.
    pub(crate) fn map<M>(self, change: impl Fn(N) -> M) -> Tagged<M> {
        Tagged { cells: change(self.cells), latches: change(self.latches) }
    }
}

impl<N: AddAssign> AddAssign for Tagged<N> {
    fn add_assign(&mut self, other: Self) {
        self.cells += other.cells;
        self.latches += other.latches;
    }
}

/// Rows of the processors that run one program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RowCount {
    /// Rows that hold an output position.
    pub occupied: u64,
    /// All rows.
    pub physical: u64,
}

/// What the passes of one table did for one image: the events of searches and writes, split by the kind of pass.
#[derive(Debug, Clone, PartialEq)]
pub struct TableEvents {
    /// The table's name.
    pub name: String,
    /// Bits that the table was applied to, over all programs: each took all of its passes.
    pub bits: u64,
    /// Rows that searched, summed over compares.
    pub row_searches: PerRows,
    /// Bits that searched: columns not masked, in every row.
    pub searched_bits: PerRows,
    /// Bits written to rows that a search tagged; known from data only.
    pub tagged_bits: PerRows,
    /// Bits written to every row without a search.
    pub broadcast_bits: PerRows,
    /// What happened to the rows' latches.
    pub latch: LatchEvents,
}

/// What happens to the latches of rows, on machines that have them.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct LatchEvents {
    /// Latches that searched, beside the bits of cells.
    pub searches: PerRows,
    /// Latches written in rows that a search tagged; known from data only.
    pub tagged: PerRows,
    /// Latches written without a search: most of them cleared when a word begins.
    pub broadcast: PerRows,
}

impl AddAssign for LatchEvents {
    fn add_assign(&mut self, other: Self) {
        self.searches += other.searches;
        self.tagged += other.tagged;
        self.broadcast += other.broadcast;
    }
}

impl LatchEvents {
    /// Every count changed in the same way.
    #[must_use]
    pub fn map(self, change: impl Fn(PerRows) -> PerRows) -> Self {
        Self {
            searches: change(self.searches),
            tagged: change(self.tagged),
            broadcast: change(self.broadcast),
        }
    }
}

impl TableEvents {
    /// Nothing yet.
    pub fn none(name: &str) -> Self {
        let (row_searches, searched_bits, tagged_bits, broadcast_bits) = Default::default();
        let (name, latch) = (name.to_owned(), LatchEvents::default());
        Self { name, bits: 0, row_searches, searched_bits, tagged_bits, broadcast_bits, latch }
    }

    /// Adds events of passes to those of the table with their name.
    pub fn merge(all: &mut Vec<Self>, more: &[Self]) {
        for events in more {
            let place = all.iter().position(|known| known.name == events.name).unwrap_or_else(|| {
                all.push(Self::none(&events.name));
                all.len() - 1
            });
            let sum = &mut all[place];
            sum.bits += events.bits;
            sum.row_searches += events.row_searches;
            sum.searched_bits += events.searched_bits;
            sum.tagged_bits += events.tagged_bits;
            sum.broadcast_bits += events.broadcast_bits;
            sum.latch += events.latch;
        }
    }
}

/// The events of one layer for one image. Counts are whole numbers; those of an expectation need not be.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Events {
    /// Rows that searched, summed over compares.
    pub row_searches: PerRows,
    /// Bits that searched: columns not masked, in every row.
    pub searched_bits: PerRows,
    /// Columns of search lines driven, in every processor.
    pub driven_columns: f64,
    /// Segments of match lines precharged; known where programs are given to processors.
    #[serde(default)]
    pub precharged: Precharged,
    /// Bits written to rows that a search tagged; known from data only.
    pub tagged_bits: PerRows,
    /// Bits written to every row without a search.
    pub broadcast_bits: PerRows,
    /// What happened to the rows' latches.
    #[serde(default)]
    pub latch: LatchEvents,
    /// Steps of tracks.
    pub track_steps: PerRows,
    /// Bits brought from the buffer and written into rows.
    pub loaded_bits: f64,
    /// Bits of accumulators read out.
    pub stored_bits: f64,
    /// Bits of activations brought to the buffer.
    pub output_bits: f64,
    /// Program words fetched and decoded, once for all processors that run the same program.
    pub words_fetched: f64,
    /// Bits fetched of programs in their encoded form; known where programs are given to processors.
    pub encoded_bits_fetched: f64,
    /// Program words received by processors.
    pub words_broadcast: f64,
    /// Accumulators multiplied, added, shifted and clamped to activations.
    pub requantizations: f64,
    /// Comparisons and additions of pools.
    pub pool_operations: f64,
    /// Processors that take part.
    pub processors: u64,
    /// The longest of the programs that run side by side.
    pub serial: SerialSteps,
}

impl AddAssign for Events {
    /// Layer after layer: counts and steps add up, processors are used again.
    fn add_assign(&mut self, other: Self) {
        self.row_searches += other.row_searches;
        self.searched_bits += other.searched_bits;
        self.driven_columns += other.driven_columns;
        self.precharged += other.precharged;
        self.tagged_bits += other.tagged_bits;
        self.broadcast_bits += other.broadcast_bits;
        self.latch += other.latch;
        self.track_steps += other.track_steps;
        self.loaded_bits += other.loaded_bits;
        self.stored_bits += other.stored_bits;
        self.output_bits += other.output_bits;
        self.words_fetched += other.words_fetched;
        self.encoded_bits_fetched += other.encoded_bits_fetched;
        self.words_broadcast += other.words_broadcast;
        self.requantizations += other.requantizations;
        self.pool_operations += other.pool_operations;
        self.processors = self.processors.max(other.processors);
        self.serial += other.serial;
    }
}
