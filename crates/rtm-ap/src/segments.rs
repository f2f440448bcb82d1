//! Match lines in segments: a search precharges only those that hold a column of the key. Each has a sense amplifier of its own, and a gate
//! that joins its answer to the row's tag.

use ap_program::{Observer, Step};
use serde::{Deserialize, Deserializer, Serialize, de};

use crate::events::PerRows;
use crate::layer::MachineLayer;

/// Numbers of segments that a row may have.
const COUNTS: [u32; 7] = [1, 2, 4, 8, 16, 32, 64];

/// Segments of a row's match line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, schemars::JsonSchema)]
#[schemars(transparent, extend("enum" = COUNTS))]
pub struct Segments(u32);

impl Segments {
    /// The whole line.
    pub const ONE: Self = Self(1);

    /// So many; nothing if it is no number of segments that a row may have.
    pub fn new(count: u32) -> Option<Self> {
        COUNTS.contains(&count).then_some(Self(count))
    }

    /// Every number of segments that a row may have.
    pub fn all() -> impl Iterator<Item = Self> {
        COUNTS.into_iter().map(Self)
    }

    /// How many.
    pub fn count(self) -> u32 {
        self.0
    }

    /// Columns of one of them; the last takes what is left.
    pub fn columns(self, columns: usize) -> usize {
        (columns / self.0 as usize).max(1)
    }

    /// The place among the counts.
    fn place(self) -> usize {
        self.0.trailing_zeros() as usize
    }
}

impl Default for Segments {
    fn default() -> Self {
        Self::ONE
    }
}

impl<'de> Deserialize<'de> for Segments {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let count = u32::deserialize(deserializer)?;
        let known = || COUNTS.map(|count| count.to_string()).join(", ");
        Self::new(count)
            .ok_or_else(|| de::Error::custom(format!("{count} segments; expected one of {}", known())))
    }
}

/// Segments that searches precharge in one row, for every number of segments that a row may have, with the searches that do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Precharges {
    searches: u64,
    segments: [u64; COUNTS.len()],
}

impl Precharges {
    /// Segments that so many searches precharge in one row, for every number of segments that a row may have.
    pub fn new(searches: u64, segments: [u64; COUNTS.len()]) -> Self {
        Self { searches, segments }
    }

    /// Of all programs of a layer, from the places of their words alone.
    pub(crate) fn of(layer: &MachineLayer) -> Self {
        let mut walker =
            Walker { columns: layer.geometry().columns(), made: Self::default(), keyed: Vec::new() };
        layer.programs().iter().for_each(|program| program.walk(&mut walker));
        walker.made
    }

    /// Segments that all searches precharge in one row, and these searches.
    pub fn totals(&self, segments: Segments) -> (u64, u64) {
        (self.segments[segments.place()], self.searches)
    }

    /// Those of searches in rows.
    pub(crate) fn over(&self, row_searches: PerRows) -> Precharged {
        Precharged(std::array::from_fn(|place| {
            row_searches * (self.segments[place] as f64 / self.searches.max(1) as f64)
        }))
    }
}

/// Segments precharged over all rows, for every number of segments that a row may have.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Precharged([PerRows; COUNTS.len()]);

impl Precharged {
    /// For a number of segments.
    pub fn of(&self, segments: Segments) -> PerRows {
        self.0[segments.place()]
    }

    pub(crate) fn map(self, change: impl Fn(PerRows) -> PerRows) -> Self {
        Self(self.0.map(change))
    }
}

impl std::ops::AddAssign for Precharged {
    fn add_assign(&mut self, other: Self) {
        self.0.iter_mut().zip(other.0).for_each(|(sum, more)| *sum += more);
    }
}

struct Walker {
    columns: usize,
    made: Precharges,
    /// Columns of the key; kept to save allocations.
    keyed: Vec<usize>,
}

impl Observer for Walker {
    fn steps(&mut self, step: Step<'_>) {
        let Step::Apply { table, cells } = step else { return };
        for pass in table.lut.passes().iter().filter(|pass| pass.compares()) {
            self.keyed.clear();
            let keyed = cells.iter().enumerate().filter(|(column, _)| pass.key.mask() >> column & 1 == 1);
            // The latch stands beside the line's segments.
            self.keyed.extend(keyed.map(|(_, cell)| cell.0).filter(|&column| column < self.columns));
            self.keyed.sort_unstable();
            self.made.searches += 1;
            for (sum, segments) in self.made.segments.iter_mut().zip(Segments::all()) {
                let width = segments.columns(self.columns);
                let last = segments.count() as usize - 1;
                let mut touched = self.keyed.iter().map(|column| (column / width).min(last));
                let mut before = None;
                *sum += touched.by_ref().filter(|&segment| before.replace(segment) != Some(segment)).count()
                    as u64;
            }
        }
    }
}
