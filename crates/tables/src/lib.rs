//! Result tables: checked rows in memory, Parquet on disk.
//!
//! A [`Schema`] says what every column of a table means and in which unit it is; [`table!`] declares one by the struct of its
//! rows, so that a misspelt column does not compile. A [`Table`] is filled against a schema and refuses what does not fit it,
//! so that a table in memory is always whole: every column has a value (or a stated gap) in every row. [`write_parquet`] stores
//! the values together with the columns' units and meanings and with the table's provenance, and [`read_parquet`] gives back
//! an equal table: a file needs nothing beside it to be understood.
//!
//! The same table always gives the same bytes: one row group, fixed encodings and compression, no clock, and real
//! numbers rounded to ten significant digits ([`round10`]).
//!
//! This crate knows no experiment: schemas are defined by those who compute the values.

mod arrow;
mod atomic;
mod compare;
mod error;
mod export;
mod guard;
mod parquet;
mod round;
mod schema;
mod schema_page;
mod table;
mod typed;
mod value;

pub use arrow::{ArrowStream, arrow_stream};
pub use atomic::write_atomically;
pub use compare::{Difference, compare};
pub use error::TableError;
pub use export::{to_csv, to_json, to_text};
pub use parquet::{parquet_bytes, read_parquet, write_parquet};
pub use round::round10;
pub use schema::{Column, ColumnDescription, Kind, Schema};
pub use schema_page::schema_page;
pub use table::{Row, Table};
#[doc(hidden)]
pub use typed::comment;
pub use typed::{Cell, TypedRow};
pub use value::Value;
