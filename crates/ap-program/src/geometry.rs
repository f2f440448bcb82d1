//! The extents of one associative processor.

use std::fmt;

names::names! {
    /// Where the carry of an addition is kept.
    #[derive(Hash, PartialOrd, Ord)]
    pub enum Carry: "a place of the carry", by default Column {
        /// In a column of the array, as any other bit.
        Column = "column",
        /// In one latch for every row, beside its tag.
        Latch = "latch",
    }
}

/// Rows, columns and domains of one associative processor's array, and whether its rows have a latch for the carry.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Geometry {
    rows: u16,
    columns: u16,
    domains: u8,
    carry: Carry,
}

/// Why a geometry cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GeometryError {
    /// The number of rows is out of range.
    #[error("an array has 1 to 4096 rows, not {0}")]
    Rows(u64),
    /// The number of columns is out of range.
    #[error("an array has 4 to 4096 columns (an addition needs four), not {0}")]
    Columns(u64),
    /// The number of domains is out of range.
    #[error("a track has 1 to 128 domains, not {0}")]
    Domains(u64),
}

impl Geometry {
    /// An array of `rows` x `columns` cells whose tracks hold `domains` bits each.
    ///
    /// # Errors
    /// If an extent is outside of what the machine supports.
    pub fn new(rows: u64, columns: u64, domains: u64) -> Result<Self, GeometryError> {
        Ok(Self {
            rows: u16::try_from(rows)
                .ok()
                .filter(|r| (1..=4096).contains(r))
                .ok_or(GeometryError::Rows(rows))?,
            columns: u16::try_from(columns)
                .ok()
                .filter(|c| (4..=4096).contains(c))
                .ok_or(GeometryError::Columns(columns))?,
            domains: u8::try_from(domains)
                .ok()
                .filter(|d| (1..=128).contains(d))
                .ok_or(GeometryError::Domains(domains))?,
            carry: Carry::Column,
        })
    }

    /// The same array with the carry of additions in another place.
    #[must_use]
    pub fn with_carry(self, carry: Carry) -> Self {
        Self { carry, ..self }
    }

    /// Where the carry of an addition is kept.
    pub fn carry(self) -> Carry {
        self.carry
    }

    /// Rows: output positions that are computed side by side.
    pub fn rows(self) -> usize {
        usize::from(self.rows)
    }

    /// Columns: cells of one row that a key can address.
    pub fn columns(self) -> usize {
        usize::from(self.columns)
    }

    /// Domains of one track: bits behind one cell.
    pub fn domains(self) -> usize {
        usize::from(self.domains)
    }

    /// Latches of a row.
    pub fn latches(self) -> usize {
        match self.carry {
            Carry::Column => 0,
            Carry::Latch => 1,
        }
    }

    /// Columns that hold words: all but the carry's, where it has one, which is the last.
    pub fn word_columns(self) -> usize {
        self.columns() + self.latches() - 1
    }
}

impl fmt::Debug for Geometry {
    /// An array without a latch has none to show: the text is part of fingerprints.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rows, columns, domains, carry } = self;
        let mut shown = f.debug_struct("Geometry");
        shown.field("rows", rows).field("columns", columns).field("domains", domains);
        if *carry == Carry::Latch {
            shown.field("carry", carry);
        }
        shown.finish()
    }
}

impl fmt::Display for Geometry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} rows x {} columns x {} domains", self.rows, self.columns, self.domains)?;
        match self.carry {
            Carry::Column => Ok(()),
            Carry::Latch => f.write_str(" with a latch for the carry"),
        }
    }
}
