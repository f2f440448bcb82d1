//! The table in memory: columns that follow a schema, checked on the way in.

use std::collections::BTreeMap;

use crate::error::TableError;
use crate::round::round10;
use crate::schema::{ColumnDescription, Kind, Schema};
use crate::value::Value;

/// The values of one column, one for each row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cells {
    Text(Vec<Option<String>>),
    Integer(Vec<Option<i64>>),
    Real(Vec<Option<f64>>),
    Flag(Vec<Option<bool>>),
}

impl Cells {
    fn empty(kind: Kind) -> Self {
        match kind {
            Kind::Text => Self::Text(Vec::new()),
            Kind::Integer => Self::Integer(Vec::new()),
            Kind::Real => Self::Real(Vec::new()),
            Kind::Flag => Self::Flag(Vec::new()),
        }
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Text(cells) => cells.len(),
            Self::Integer(cells) => cells.len(),
            Self::Real(cells) => cells.len(),
            Self::Flag(cells) => cells.len(),
        }
    }

    fn get(&self, row: usize) -> Value {
        match self {
            Self::Text(cells) => cells.get(row).cloned().flatten().into(),
            Self::Integer(cells) => cells.get(row).copied().flatten().into(),
            Self::Real(cells) => cells.get(row).copied().flatten().into(),
            Self::Flag(cells) => cells.get(row).copied().flatten().into(),
        }
    }

    /// The cells of `rows`, in that order.
    fn pick(&self, rows: &[usize]) -> Self {
        fn take<T: Clone>(cells: &[Option<T>], rows: &[usize]) -> Vec<Option<T>> {
            rows.iter().map(|&row| cells.get(row).cloned().flatten()).collect()
        }
        match self {
            Self::Text(cells) => Self::Text(take(cells, rows)),
            Self::Integer(cells) => Self::Integer(take(cells, rows)),
            Self::Real(cells) => Self::Real(take(cells, rows)),
            Self::Flag(cells) => Self::Flag(take(cells, rows)),
        }
    }

    /// Appends a value that was checked; anything else becomes a missing one.
    fn push(&mut self, value: Checked) {
        match (self, value) {
            (Self::Text(cells), Checked::Text(text)) => cells.push(Some(text)),
            (Self::Integer(cells), Checked::Integer(integer)) => cells.push(Some(integer)),
            (Self::Real(cells), Checked::Real(real)) => cells.push(Some(real)),
            (Self::Flag(cells), Checked::Flag(flag)) => cells.push(Some(flag)),
            (Self::Text(cells), _) => cells.push(None),
            (Self::Integer(cells), _) => cells.push(None),
            (Self::Real(cells), _) => cells.push(None),
            (Self::Flag(cells), _) => cells.push(None),
        }
    }
}

/// A value that fits its column.
enum Checked {
    Text(String),
    Integer(i64),
    Real(f64),
    Flag(bool),
    Missing,
}

/// A table that follows a schema, with the provenance of its values.
///
/// Rows keep the order in which they were given. Real values are rounded by [`round10`] when they enter, so that a
/// table and its file hold the same numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    name: String,
    meaning: String,
    columns: Vec<ColumnDescription>,
    cells: Vec<Cells>,
    rows: usize,
    provenance: BTreeMap<String, String>,
}

impl Table {
    /// A table of `schema` without rows.
    pub fn new(schema: &Schema) -> Self {
        Self {
            name: schema.name().to_owned(),
            meaning: schema.meaning().to_owned(),
            columns: schema.columns().iter().map(ColumnDescription::from).collect(),
            cells: schema.columns().iter().map(|column| Cells::empty(column.kind)).collect(),
            rows: 0,
            provenance: BTreeMap::new(),
        }
    }

    /// A table of `schema` from whole columns, given by name in any order.
    ///
    /// # Errors
    /// As [`Table::push_row`], and [`TableError::RaggedColumns`] when the columns differ in length.
    pub fn from_columns<'a>(
        schema: &Schema,
        columns: impl IntoIterator<Item = (&'a str, Vec<Value>)>,
    ) -> Result<Self, TableError> {
        let mut table = Self::new(schema);
        let mut given: Vec<Option<Vec<Value>>> = vec![None; table.columns.len()];
        for (name, values) in columns {
            let index = table.index(name)?;
            if let Some(place) = given.get_mut(index)
                && place.replace(values).is_some()
            {
                return Err(TableError::RepeatedColumn {
                    table: table.name,
                    column: name.to_owned(),
                    row: 0,
                });
            }
        }
        let mut cells = Vec::with_capacity(table.columns.len());
        let mut rows = None;
        for (description, values) in table.columns.iter().zip(given) {
            let Some(values) = values else {
                return Err(TableError::AbsentColumn {
                    table: table.name,
                    column: description.name.clone(),
                    row: 0,
                });
            };
            let expected = *rows.get_or_insert(values.len());
            if values.len() != expected {
                return Err(TableError::RaggedColumns {
                    table: table.name,
                    column: description.name.clone(),
                    expected,
                    found: values.len(),
                });
            }
            let mut filled = Cells::empty(description.kind);
            for (row, value) in values.into_iter().enumerate() {
                filled.push(table.check(description, row, value)?);
            }
            cells.push(filled);
        }
        table.cells = cells;
        table.rows = rows.unwrap_or(0);
        Ok(table)
    }

    /// A table whose parts come from a file; the reason when they do not fit each other.
    pub(crate) fn from_parts(
        name: String,
        meaning: String,
        columns: Vec<ColumnDescription>,
        cells: Vec<Cells>,
        provenance: BTreeMap<String, String>,
    ) -> Result<Self, TableError> {
        let rows = cells.first().map_or(0, Cells::len);
        let mut table = Self { name, meaning, columns, cells: Vec::new(), rows, provenance };
        for (description, filled) in table.columns.iter().zip(&cells) {
            if filled.len() != rows {
                return Err(TableError::RaggedColumns {
                    table: table.name,
                    column: description.name.clone(),
                    expected: rows,
                    found: filled.len(),
                });
            }
            for row in 0..rows {
                table.check(description, row, filled.get(row))?;
            }
        }
        table.cells = cells;
        Ok(table)
    }

    /// Appends a row, given as pairs of column and value in any order. A failed push leaves the table as it was.
    ///
    /// # Errors
    /// A column that the table does not have, a column that is left out or given twice, a value of another kind, a
    /// missing value in a column that is not optional, a real number that is not finite, an integer beyond 64 bits;
    /// each names the table, the row and the column.
    pub fn push_row<'a>(
        &mut self,
        values: impl IntoIterator<Item = (&'a str, Value)>,
    ) -> Result<(), TableError> {
        let mut row: Vec<Option<Checked>> = self.columns.iter().map(|_| None).collect();
        for (name, value) in values {
            let index = self.index(name)?;
            if let (Some(place), Some(description)) = (row.get_mut(index), self.columns.get(index))
                && place.replace(self.check(description, self.rows, value)?).is_some()
            {
                return Err(TableError::RepeatedColumn {
                    table: self.name.clone(),
                    column: name.to_owned(),
                    row: self.rows,
                });
            }
        }
        if let Some((description, _)) = self.columns.iter().zip(&row).find(|(_, value)| value.is_none()) {
            return Err(TableError::AbsentColumn {
                table: self.name.clone(),
                column: description.name.clone(),
                row: self.rows,
            });
        }
        for (cells, value) in self.cells.iter_mut().zip(row) {
            cells.push(value.unwrap_or(Checked::Missing));
        }
        self.rows += 1;
        Ok(())
    }

    /// Appends the rows of `other`, whose columns must be the same.
    ///
    /// # Errors
    /// [`TableError::OtherSchema`] when the columns differ.
    pub fn append(&mut self, other: &Self) -> Result<(), TableError> {
        if self.columns != other.columns {
            return Err(TableError::OtherSchema {
                table: other.name.clone(),
                schema: self.name.clone(),
                difference: first_difference(&self.columns, &other.columns),
            });
        }
        for (cells, more) in self.cells.iter_mut().zip(&other.cells) {
            match (cells, more) {
                (Cells::Text(cells), Cells::Text(more)) => cells.extend(more.iter().cloned()),
                (Cells::Integer(cells), Cells::Integer(more)) => cells.extend(more),
                (Cells::Real(cells), Cells::Real(more)) => cells.extend(more),
                (Cells::Flag(cells), Cells::Flag(more)) => cells.extend(more),
                // Equal descriptions have equal kinds.
                _ => {}
            }
        }
        self.rows += other.rows;
        Ok(())
    }

    fn check(&self, column: &ColumnDescription, row: usize, value: Value) -> Result<Checked, TableError> {
        let place = || (self.name.clone(), column.name.clone());
        match (column.kind, value) {
            (_, Value::Missing) if column.optional => Ok(Checked::Missing),
            (_, Value::Missing) => {
                let (table, column) = place();
                Err(TableError::MissingValue { table, column, row })
            }
            (Kind::Text, Value::Text(text)) => Ok(Checked::Text(text)),
            (Kind::Flag, Value::Flag(flag)) => Ok(Checked::Flag(flag)),
            (Kind::Integer, Value::Integer(found)) => match i64::try_from(found) {
                Ok(integer) => Ok(Checked::Integer(integer)),
                Err(_) => {
                    let (table, column) = place();
                    Err(TableError::IntegerRange { table, column, row, found })
                }
            },
            (Kind::Real, Value::Real(real)) if real.is_finite() => Ok(Checked::Real(round10(real))),
            (Kind::Real, Value::Real(found)) => {
                let (table, column) = place();
                Err(TableError::NotFinite { table, column, row, found })
            }
            (expected, value) => {
                let (table, column) = place();
                Err(TableError::WrongKind { table, column, row, expected, found: value.described() })
            }
        }
    }

    fn index(&self, name: &str) -> Result<usize, TableError> {
        self.columns.iter().position(|column| column.name == name).ok_or_else(|| TableError::UnknownColumn {
            table: self.name.clone(),
            column: name.to_owned(),
            known: self.columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>().join(", "),
        })
    }

    fn cells_of(&self, name: &str) -> Result<&Cells, TableError> {
        let index = self.index(name)?;
        // There are as many columns of cells as descriptions, always.
        self.cells.get(index).ok_or_else(|| TableError::UnknownColumn {
            table: self.name.clone(),
            column: name.to_owned(),
            known: String::new(),
        })
    }

    fn wrong_kind(&self, name: &str, expected: Kind, found: &Cells) -> TableError {
        let found = match found {
            Cells::Text(_) => Kind::Text,
            Cells::Integer(_) => Kind::Integer,
            Cells::Real(_) => Kind::Real,
            Cells::Flag(_) => Kind::Flag,
        };
        TableError::WrongColumnKind { table: self.name.clone(), column: name.to_owned(), expected, found }
    }

    /// The values of a column without gaps.
    fn whole<'a, T, U>(
        &self,
        name: &str,
        cells: &'a [Option<T>],
        value: impl Fn(&'a T) -> U,
    ) -> Result<Vec<U>, TableError> {
        cells
            .iter()
            .enumerate()
            .map(|(row, cell)| match cell {
                Some(cell) => Ok(value(cell)),
                None => {
                    Err(TableError::MissingValue { table: self.name.clone(), column: name.to_owned(), row })
                }
            })
            .collect()
    }

    /// The table's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// One sentence that says what the table holds.
    pub fn meaning(&self) -> &str {
        &self.meaning
    }

    /// The columns in order.
    pub fn columns(&self) -> &[ColumnDescription] {
        &self.columns
    }

    /// The description of one column, with its unit.
    ///
    /// # Errors
    /// [`TableError::UnknownColumn`].
    pub fn column(&self, name: &str) -> Result<&ColumnDescription, TableError> {
        let index = self.index(name)?;
        self.columns.get(index).ok_or_else(|| TableError::UnknownColumn {
            table: self.name.clone(),
            column: name.to_owned(),
            known: String::new(),
        })
    }

    pub(crate) fn cells(&self) -> &[Cells] {
        &self.cells
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Where the values come from: hashes of the inputs, the seed, the version of the code.
    pub fn provenance(&self) -> &BTreeMap<String, String> {
        &self.provenance
    }

    /// The same table with its provenance set.
    #[must_use]
    pub fn with_provenance(mut self, provenance: BTreeMap<String, String>) -> Self {
        self.provenance = provenance;
        self
    }

    /// The texts of a column.
    ///
    /// # Errors
    /// [`TableError::UnknownColumn`], [`TableError::WrongColumnKind`], or [`TableError::MissingValue`] at the first
    /// gap; [`Table::optional_text`] gives gaps too.
    pub fn text(&self, column: &str) -> Result<Vec<&str>, TableError> {
        self.whole(column, self.optional_text(column)?, |text| text.as_str())
    }

    /// The integers of a column; errors as [`Table::text`].
    pub fn integer(&self, column: &str) -> Result<Vec<i64>, TableError> {
        self.whole(column, self.optional_integer(column)?, |&integer| integer)
    }

    /// The real numbers of a column; errors as [`Table::text`].
    pub fn real(&self, column: &str) -> Result<Vec<f64>, TableError> {
        self.whole(column, self.optional_real(column)?, |&real| real)
    }

    /// The flags of a column; errors as [`Table::text`].
    pub fn flag(&self, column: &str) -> Result<Vec<bool>, TableError> {
        self.whole(column, self.optional_flag(column)?, |&flag| flag)
    }

    /// The texts of a column, `None` where there is no value.
    ///
    /// # Errors
    /// [`TableError::UnknownColumn`] or [`TableError::WrongColumnKind`].
    pub fn optional_text(&self, column: &str) -> Result<&[Option<String>], TableError> {
        match self.cells_of(column)? {
            Cells::Text(cells) => Ok(cells),
            other => Err(self.wrong_kind(column, Kind::Text, other)),
        }
    }

    /// The integers of a column, `None` where there is no value; errors as [`Table::optional_text`].
    pub fn optional_integer(&self, column: &str) -> Result<&[Option<i64>], TableError> {
        match self.cells_of(column)? {
            Cells::Integer(cells) => Ok(cells),
            other => Err(self.wrong_kind(column, Kind::Integer, other)),
        }
    }

    /// The real numbers of a column, `None` where there is no value; errors as [`Table::optional_text`].
    pub fn optional_real(&self, column: &str) -> Result<&[Option<f64>], TableError> {
        match self.cells_of(column)? {
            Cells::Real(cells) => Ok(cells),
            other => Err(self.wrong_kind(column, Kind::Real, other)),
        }
    }

    /// The flags of a column, `None` where there is no value; errors as [`Table::optional_text`].
    pub fn optional_flag(&self, column: &str) -> Result<&[Option<bool>], TableError> {
        match self.cells_of(column)? {
            Cells::Flag(cells) => Ok(cells),
            other => Err(self.wrong_kind(column, Kind::Flag, other)),
        }
    }

    /// The row at `index`, counted from 0, or `None` past the end.
    pub fn row(&self, index: usize) -> Option<Row<'_>> {
        (index < self.rows).then_some(Row { table: self, index })
    }

    /// All rows in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Row<'_>> + '_ {
        (0..self.rows).map(|index| Row { table: self, index })
    }

    /// The rows whose text in `column` is `text`, with the same columns and provenance.
    ///
    /// # Errors
    /// [`TableError::UnknownColumn`] or [`TableError::WrongColumnKind`].
    pub fn filter(&self, column: &str, text: &str) -> Result<Self, TableError> {
        let rows: Vec<usize> = self
            .optional_text(column)?
            .iter()
            .enumerate()
            .filter_map(|(row, cell)| (cell.as_deref() == Some(text)).then_some(row))
            .collect();
        Ok(Self {
            name: self.name.clone(),
            meaning: self.meaning.clone(),
            columns: self.columns.clone(),
            cells: self.cells.iter().map(|cells| cells.pick(&rows)).collect(),
            rows: rows.len(),
            provenance: self.provenance.clone(),
        })
    }

    /// Some of the columns, in the order given, with the same rows and provenance.
    ///
    /// # Errors
    /// [`TableError::UnknownColumn`].
    pub fn select(&self, columns: &[&str]) -> Result<Self, TableError> {
        let place = |name: &&str| {
            self.column(name)?;
            Ok(self.columns.iter().position(|column| column.name == **name).unwrap_or(0))
        };
        let places: Vec<usize> = columns.iter().map(place).collect::<Result<_, TableError>>()?;
        Ok(Self {
            name: self.name.clone(),
            meaning: self.meaning.clone(),
            columns: places.iter().map(|&place| self.columns[place].clone()).collect(),
            cells: places.iter().map(|&place| self.cells[place].clone()).collect(),
            rows: self.rows,
            provenance: self.provenance.clone(),
        })
    }

    /// The different texts of a column, in the order of their first row; gaps are left out.
    ///
    /// # Errors
    /// [`TableError::UnknownColumn`] or [`TableError::WrongColumnKind`].
    pub fn distinct(&self, column: &str) -> Result<Vec<&str>, TableError> {
        let mut seen = std::collections::BTreeSet::new();
        let cells = self.optional_text(column)?;
        Ok(cells.iter().flatten().map(String::as_str).filter(|text| seen.insert(*text)).collect())
    }

    /// Checks that the table has exactly the name and the columns of `schema`, as one read from a file may not.
    ///
    /// # Errors
    /// [`TableError::OtherSchema`] with the first difference.
    pub fn follows(&self, schema: &Schema) -> Result<(), TableError> {
        let expected: Vec<ColumnDescription> = schema.columns().iter().map(ColumnDescription::from).collect();
        let difference = if self.name != schema.name() {
            format!("its name is `{}`", self.name)
        } else if self.columns != expected {
            first_difference(&expected, &self.columns)
        } else {
            return Ok(());
        };
        Err(TableError::OtherSchema {
            table: self.name.clone(),
            schema: schema.name().to_owned(),
            difference,
        })
    }
}

/// The first difference between the columns that were expected and those that were found, for a message.
pub(crate) fn first_difference(expected: &[ColumnDescription], found: &[ColumnDescription]) -> String {
    for (index, expected) in expected.iter().enumerate() {
        let name = &expected.name;
        match found.get(index) {
            None => return format!("column `{name}` is absent"),
            Some(found) if found.name != *name => {
                return format!("column {index} is `{}` where `{name}` is expected", found.name);
            }
            Some(found) if found.kind != expected.kind => {
                return format!("column `{name}` holds {} where {} is expected", found.kind, expected.kind);
            }
            Some(found) if found.unit != expected.unit => {
                return format!(
                    "column `{name}` is in `{}` where `{}` is expected",
                    found.unit, expected.unit
                );
            }
            Some(found) if found.optional != expected.optional => {
                let found = if found.optional { "may" } else { "may not" };
                return format!("column `{name}` {found} miss values, unlike what is expected");
            }
            Some(found) if found.meaning != expected.meaning => {
                return format!("column `{name}` has another meaning: {}", found.meaning);
            }
            Some(_) => {}
        }
    }
    match found.get(expected.len()) {
        Some(extra) => format!("column `{}` is not expected", extra.name),
        None => "none".to_owned(),
    }
}

/// One row of a table.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    table: &'a Table,
    index: usize,
}

impl<'a> Row<'a> {
    /// The row's place in its table, counted from 0.
    pub fn index(&self) -> usize {
        self.index
    }

    /// The value in `column`.
    ///
    /// # Errors
    /// [`TableError::UnknownColumn`].
    pub fn value(&self, column: &str) -> Result<Value, TableError> {
        Ok(self.table.cells_of(column)?.get(self.index))
    }

    /// All values in the order of the columns.
    pub fn values(&self) -> impl Iterator<Item = (&'a ColumnDescription, Value)> + 'a {
        let Row { table, index } = *self;
        table.columns.iter().zip(&table.cells).map(move |(column, cells)| (column, cells.get(index)))
    }

    fn present<T>(&self, column: &str, cell: Option<T>) -> Result<T, TableError> {
        cell.ok_or_else(|| TableError::MissingValue {
            table: self.table.name.clone(),
            column: column.to_owned(),
            row: self.index,
        })
    }

    /// The text in `column`.
    ///
    /// # Errors
    /// [`TableError::UnknownColumn`], [`TableError::WrongColumnKind`] or [`TableError::MissingValue`].
    pub fn text(&self, column: &str) -> Result<&'a str, TableError> {
        let cell = self.table.optional_text(column)?.get(self.index).and_then(Option::as_deref);
        self.present(column, cell)
    }

    /// The integer in `column`; errors as [`Row::text`].
    pub fn integer(&self, column: &str) -> Result<i64, TableError> {
        let cell = self.table.optional_integer(column)?.get(self.index).copied().flatten();
        self.present(column, cell)
    }

    /// The real number in `column`; errors as [`Row::text`].
    pub fn real(&self, column: &str) -> Result<f64, TableError> {
        let cell = self.table.optional_real(column)?.get(self.index).copied().flatten();
        self.present(column, cell)
    }

    /// The flag in `column`; errors as [`Row::text`].
    pub fn flag(&self, column: &str) -> Result<bool, TableError> {
        let cell = self.table.optional_flag(column)?.get(self.index).copied().flatten();
        self.present(column, cell)
    }
}
