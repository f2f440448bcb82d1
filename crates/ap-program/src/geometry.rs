//! The extents of one associative processor.

use std::fmt;

/// Rows, columns and domains of one associative processor's array.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Geometry {
    rows: u16,
    columns: u16,
    domains: u8,
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
        })
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
}

impl fmt::Display for Geometry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} rows x {} columns x {} domains", self.rows, self.columns, self.domains)
    }
}
