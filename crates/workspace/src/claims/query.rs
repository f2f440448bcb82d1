//! One number of a result table.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;
use tables::{Table, TableError, Value, read_parquet};

use crate::folders::Workspace;

/// Which number is meant.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Query {
    /// The table, as `fig7/ratios`.
    pub table: String,
    /// The column.
    pub column: String,
    /// The rows: those whose columns have these values, written as they are printed. All if left out.
    #[serde(default, rename = "where")]
    pub rows: BTreeMap<String, Wanted>,
    /// What is made of several rows; of one there has to be just one if left out.
    pub of: Option<Aggregate>,
}

/// A value that a row has to have.
#[derive(Debug, Clone, PartialEq, Deserialize, schemars::JsonSchema)]
#[serde(untagged)]
pub enum Wanted {
    /// True or false.
    Flag(bool),
    /// A number.
    Number(f64),
    /// Text.
    Text(String),
    /// Any of these texts.
    AnyOf(Vec<String>),
}

/// What is made of the values of several rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Aggregate {
    /// The smallest.
    Min,
    /// The largest.
    Max,
    /// Their sum.
    Sum,
}

/// A number of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Quantity {
    /// The number.
    pub value: f64,
    /// The unit of its column; empty where it has none.
    pub unit: String,
}

/// Why there is no number.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// The table cannot be read.
    #[error("{source}; `tritrack reproduce {experiment}` makes it")]
    Table {
        /// The experiment that makes the table.
        experiment: String,
        /// What is wrong.
        source: TableError,
    },
    /// The table's name does not name an experiment and a table.
    #[error("`{0}` names no table; expected EXPERIMENT/TABLE, such as fig7/ratios")]
    Name(String),
    /// A column is not there, or holds no numbers.
    #[error("{}: {source}", path.display())]
    Column {
        /// The table.
        path: PathBuf,
        /// What is wrong.
        source: TableError,
    },
    /// Not the number of rows that a number can be taken from.
    #[error("{}: {found} rows match {wanted}; expected {expected}", path.display())]
    Rows {
        /// The table.
        path: PathBuf,
        /// What rows were looked for.
        wanted: String,
        /// How many there are.
        found: usize,
        /// How many there should be.
        expected: &'static str,
    },
}

impl Query {
    /// The file of the table.
    ///
    /// # Errors
    /// If its name is none.
    pub fn file(&self, workspace: &Workspace) -> Result<PathBuf, QueryError> {
        let (experiment, table) =
            self.table.split_once('/').ok_or_else(|| QueryError::Name(self.table.clone()))?;
        Ok(workspace.result(experiment, table))
    }

    /// The number.
    ///
    /// # Errors
    /// If the table is not there, or does not have it.
    pub fn number(&self, workspace: &Workspace) -> Result<f64, QueryError> {
        Ok(self.quantity(workspace)?.value)
    }

    /// The number with its unit.
    ///
    /// # Errors
    /// If the table is not there, or does not have it.
    pub fn quantity(&self, workspace: &Workspace) -> Result<Quantity, QueryError> {
        let path = self.file(workspace)?;
        let experiment = self.table.split('/').next().unwrap_or_default().to_owned();
        let table = read_parquet(&path).map_err(|source| QueryError::Table { experiment, source })?;
        let shown = PathBuf::from(workspace.shown(&path).to_string());
        let column = |source| QueryError::Column { path: shown.clone(), source };
        let numbers = self.matching(&table).map_err(column)?;
        let unit = table.column(&self.column).map_err(column)?.unit.clone();
        let wanted = self.rows.iter().map(|(column, value)| format!("{column}: {}", value.shown()));
        let rows = |expected| QueryError::Rows {
            path: shown.clone(),
            wanted: format!("{{{}}}", wanted.collect::<Vec<_>>().join(", ")),
            found: numbers.len(),
            expected,
        };
        let value = match (self.of, numbers.as_slice()) {
            (None, &[number]) => number,
            (None, _) => return Err(rows("one, or `of: min`, `max` or `sum`")),
            (Some(_), []) => return Err(rows("at least one")),
            (Some(Aggregate::Sum), numbers) => numbers.iter().sum(),
            (Some(Aggregate::Min), numbers) => numbers.iter().copied().fold(f64::INFINITY, f64::min),
            (Some(Aggregate::Max), numbers) => numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        };
        Ok(Quantity { value, unit })
    }

    /// The values of the column in the rows that are meant; missing ones are left out.
    fn matching(&self, table: &Table) -> Result<Vec<f64>, TableError> {
        let mut numbers = Vec::new();
        for row in table.iter() {
            let mut matches = true;
            for (column, wanted) in &self.rows {
                matches &= wanted.is(&row.value(column)?);
            }
            let value = row.value(&self.column)?;
            match value {
                _ if !matches => {}
                Value::Real(number) => numbers.push(number),
                Value::Integer(number) => numbers.push(number as f64),
                Value::Flag(flag) => numbers.push(f64::from(u8::from(flag))),
                Value::Text(_) => {
                    // Asking for it as a number words the error.
                    row.real(&self.column)?;
                }
                Value::Missing => {}
            }
        }
        Ok(numbers)
    }
}

impl Wanted {
    fn is(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Flag(wanted), Value::Flag(found)) => wanted == found,
            (Self::Number(wanted), Value::Real(found)) => wanted == found,
            (Self::Number(wanted), Value::Integer(found)) => *wanted == *found as f64,
            (Self::Text(wanted), Value::Text(found)) => wanted == found,
            // A column that may miss values is asked for those rows by an empty text.
            (Self::Text(wanted), Value::Missing) => wanted.is_empty(),
            (Self::AnyOf(wanted), Value::Text(found)) => wanted.contains(found),
            _ => false,
        }
    }

    fn shown(&self) -> String {
        match self {
            Self::Flag(flag) => flag.to_string(),
            Self::Number(number) => number.to_string(),
            Self::Text(text) => format!("{text:?}"),
            Self::AnyOf(texts) => format!("{texts:?}"),
        }
    }
}
