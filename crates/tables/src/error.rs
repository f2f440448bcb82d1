//! What can be wrong with a table or its file.

use std::path::PathBuf;

use crate::schema::Kind;

/// Why a table could not be filled, read or written.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// A column was named that the table does not have.
    #[error("table `{table}` has no column `{column}`; it has: {known}")]
    UnknownColumn {
        /// The table's name.
        table: String,
        /// The name that was asked for.
        column: String,
        /// The columns that there are, separated by commas.
        known: String,
    },
    /// A row gave no value for a column, not even a missing one.
    #[error("table `{table}`, row {row}: column `{column}` was not given")]
    AbsentColumn {
        /// The table's name.
        table: String,
        /// The column without a value.
        column: String,
        /// The row, counted from 0.
        row: usize,
    },
    /// A row gave two values for one column.
    #[error("table `{table}`, row {row}: column `{column}` was given twice")]
    RepeatedColumn {
        /// The table's name.
        table: String,
        /// The column with two values.
        column: String,
        /// The row, counted from 0.
        row: usize,
    },
    /// A value does not fit its column's kind.
    #[error("table `{table}`, row {row}, column `{column}`: expected {expected}, found {found}")]
    WrongKind {
        /// The table's name.
        table: String,
        column: String,
        /// The row, counted from 0.
        row: usize,
        /// The column's kind.
        expected: Kind,
        /// The value, described.
        found: String,
    },
    /// A column was asked for as another kind than it is.
    #[error("table `{table}`, column `{column}` holds {found}, not {expected}")]
    WrongColumnKind {
        /// The table's name.
        table: String,
        column: String,
        /// The kind that was asked for.
        expected: Kind,
        /// The kind of the column.
        found: Kind,
    },
    /// A value is missing where every row needs one.
    #[error(
        "table `{table}`, row {row}, column `{column}`: no value, and the column needs one in this place"
    )]
    MissingValue {
        /// The table's name.
        table: String,
        column: String,
        /// The row, counted from 0.
        row: usize,
    },
    /// A real value is infinite or not a number.
    #[error(
        "table `{table}`, row {row}, column `{column}`: {found} is not a finite number; leave the value missing"
    )]
    NotFinite {
        /// The table's name.
        table: String,
        column: String,
        /// The row, counted from 0.
        row: usize,
        /// The value.
        found: f64,
    },
    /// An integer does not fit the 64 bits of the file.
    #[error(
        "table `{table}`, row {row}, column `{column}`: {found} does not fit a signed integer of 64 bits"
    )]
    IntegerRange {
        /// The table's name.
        table: String,
        column: String,
        /// The row, counted from 0.
        row: usize,
        /// The value.
        found: i128,
    },
    /// Columns of different lengths were given for one table.
    #[error("table `{table}`: column `{column}` has {found} rows where the first column has {expected}")]
    RaggedColumns {
        /// The table's name.
        table: String,
        /// The column that differs.
        column: String,
        /// The number of rows of the first column.
        expected: usize,
        /// The number of rows of this one.
        found: usize,
    },
    /// A table's columns are not those of the schema it should follow; its file is of another version.
    #[error("table `{table}` does not follow the schema `{schema}`: {difference}")]
    OtherSchema {
        /// The table's name.
        table: String,
        /// The schema's name.
        schema: String,
        /// The first difference.
        difference: String,
    },
    /// A file could not be read.
    #[error("cannot read {path}: {source}")]
    Read {
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file could not be written; what was there before is untouched.
    #[error("cannot write {path}: {source}")]
    Write {
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file is not a whole Parquet file with this crate's metadata.
    #[error("{path} is not a table of this project, or it is damaged: {reason}")]
    Malformed {
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The table could not be encoded as Parquet.
    #[error("cannot encode table `{table}`: {reason}")]
    Encode {
        /// The table's name.
        table: String,
        /// What the encoder said.
        reason: String,
    },
}
