//! The first difference between two tables.

use crate::table::{Table, first_difference};
use crate::value::Value;

/// Where two tables differ first.
#[derive(Debug, Clone, PartialEq)]
pub enum Difference {
    /// The columns differ; the text says how.
    Columns(String),
    /// A value differs.
    Value {
        /// The row, counted from 0.
        row: usize,
        column: String,
        /// The value in the first table.
        left: Value,
        /// The value in the second table.
        right: Value,
    },
    /// All rows that both have are equal, and one table has more.
    Rows {
        /// The rows of the first table.
        left: usize,
        /// The rows of the second table.
        right: usize,
    },
}

impl std::fmt::Display for Difference {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Columns(difference) => formatter.write_str(difference),
            Self::Value { row, column, left, right } => {
                write!(formatter, "row {row}, column `{column}`: {left} against {right}")
            }
            Self::Rows { left, right } => write!(formatter, "{left} rows against {right}"),
        }
    }
}

/// The first difference in columns, then values row by row, then the number of rows; `None` for equal tables.
/// Provenance is not compared: two versions of the code may agree in every number.
pub fn compare(left: &Table, right: &Table) -> Option<Difference> {
    if left.columns() != right.columns() {
        return Some(Difference::Columns(first_difference(left.columns(), right.columns())));
    }
    for (left, right) in left.iter().zip(right.iter()) {
        for ((column, a), (_, b)) in left.values().zip(right.values()) {
            if a != b {
                return Some(Difference::Value {
                    row: left.index(),
                    column: column.name.clone(),
                    left: a,
                    right: b,
                });
            }
        }
    }
    (left.rows() != right.rows()).then(|| Difference::Rows { left: left.rows(), right: right.rows() })
}
