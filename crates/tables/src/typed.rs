//! Rows as structs: a table's columns, their types, units and documentation from one declaration.

use crate::error::TableError;
use crate::schema::{Column, Kind, Schema};
use crate::table::Table;
use crate::value::Value;

/// What a field of a row may be.
pub trait Cell: Sized {
    /// What its column holds.
    const KIND: Kind;
    /// Whether a row may leave it out.
    const OPTIONAL: bool;

    /// The value in a table.
    fn into_value(self) -> Value;

    /// What a table's value stands for; nothing if it is of another kind or range.
    fn from_value(value: Value) -> Option<Self>;
}

impl Cell for String {
    const KIND: Kind = Kind::Text;
    const OPTIONAL: bool = false;

    fn into_value(self) -> Value {
        Value::Text(self)
    }

    fn from_value(value: Value) -> Option<Self> {
        if let Value::Text(text) = value { Some(text) } else { None }
    }
}

impl Cell for f64 {
    const KIND: Kind = Kind::Real;
    const OPTIONAL: bool = false;

    fn into_value(self) -> Value {
        Value::Real(self)
    }

    fn from_value(value: Value) -> Option<Self> {
        if let Value::Real(real) = value { Some(real) } else { None }
    }
}

impl Cell for bool {
    const KIND: Kind = Kind::Flag;
    const OPTIONAL: bool = false;

    fn into_value(self) -> Value {
        Value::Flag(self)
    }

    fn from_value(value: Value) -> Option<Self> {
        if let Value::Flag(flag) = value { Some(flag) } else { None }
    }
}

macro_rules! integer_cells {
    ($($integer:ty),*) => {
        $(impl Cell for $integer {
            const KIND: Kind = Kind::Integer;
            const OPTIONAL: bool = false;

            fn into_value(self) -> Value {
                Value::from(self)
            }

            fn from_value(value: Value) -> Option<Self> {
                if let Value::Integer(integer) = value { Self::try_from(integer).ok() } else { None }
            }
        })*
    };
}
integer_cells!(u8, u16, u32, u64, usize, i64);

impl<T: Cell> Cell for Option<T> {
    const KIND: Kind = T::KIND;
    const OPTIONAL: bool = true;

    fn into_value(self) -> Value {
        self.map_or(Value::Missing, T::into_value)
    }

    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Missing => Some(None),
            value => T::from_value(value).map(Some),
        }
    }
}

/// A row whose fields are the columns of a table; made by [`table!`](crate::table!).
pub trait TypedRow: Sized {
    /// The table.
    const SCHEMA: &'static Schema;

    /// The values, in the order of the columns.
    fn into_values(self) -> Vec<Value>;

    /// A row of values in the order of the columns; nothing if one is of another kind or range.
    fn from_values(values: impl Iterator<Item = Value>) -> Option<Self>;
}

impl Column {
    /// The column of a field.
    pub const fn of<T: Cell>(name: &'static str, unit: &'static str, meaning: &'static str) -> Self {
        Self { name, kind: T::KIND, unit, meaning, optional: T::OPTIONAL }
    }
}

/// A comment without the space that stands before its first word.
#[doc(hidden)]
pub const fn comment(text: &'static str) -> &'static str {
    match text.as_bytes().first() {
        Some(b' ') => text.split_at(1).1,
        _ => text,
    }
}

impl Table {
    /// The table of these rows.
    ///
    /// # Errors
    /// As [`Table::push_row`].
    pub fn of<R: TypedRow>(rows: impl IntoIterator<Item = R>) -> Result<Self, TableError> {
        let mut table = Self::new(R::SCHEMA);
        rows.into_iter().try_for_each(|row| table.push(row))?;
        Ok(table)
    }

    /// Appends a row. A failed push leaves the table as it was.
    ///
    /// # Errors
    /// If the table is of another schema, or as [`Table::push_row`].
    pub fn push<R: TypedRow>(&mut self, row: R) -> Result<(), TableError> {
        if self.name() != R::SCHEMA.name() {
            self.follows(R::SCHEMA)?;
        }
        self.push_row(R::SCHEMA.columns().iter().map(|column| column.name).zip(row.into_values()))
    }

    /// The rows of a table that has exactly the columns of `R`.
    ///
    /// # Errors
    /// [`TableError::OtherSchema`] with the first difference, or an integer beyond the field that it is meant for.
    pub fn typed<R: TypedRow>(&self) -> Result<Vec<R>, TableError> {
        self.follows(R::SCHEMA)?;
        let row = |row: crate::Row<'_>| {
            let index = row.index();
            R::from_values(row.values().map(|(_, value)| value)).ok_or_else(|| TableError::OtherSchema {
                table: self.name().to_owned(),
                schema: R::SCHEMA.name().to_owned(),
                difference: format!("row {index} has an integer that its field cannot hold"),
            })
        };
        self.iter().map(row).collect()
    }
}

/// Declares a table by the struct of its rows: comments are what the table and its columns mean, types are what columns hold
/// (`Option` where a row may leave a value out), and what stands behind `=` is the unit.
///
/// ```
/// tables::table! {
///     /// Energy of one inference, layer by layer.
///     pub struct LayerEnergy: "energy" {
///         /// Name of the layer in the network's description.
///         layer: String,
///         /// Energy of the layer for one image.
///         energy: f64 = "pJ",
///         /// Part of it in the converters.
///         adc_energy: Option<f64> = "pJ",
///     }
/// }
///
/// # fn main() -> Result<(), tables::TableError> {
/// let table = tables::Table::of([LayerEnergy { layer: "conv1".into(), energy: 12.5, adc_energy: None }])?;
/// assert_eq!(table.column("energy")?.unit, "pJ");
/// assert_eq!(table.typed::<LayerEnergy>()?[0].layer, "conv1");
/// # Ok(())
/// # }
/// ```
#[macro_export]
macro_rules! table {
    (
        $(#[doc = $meaning:literal])+
        $visibility:vis struct $row:ident: $name:literal {
            $($(#[doc = $column:literal])+ $field:ident: $type:ty $(= $unit:literal)?),* $(,)?
        }
    ) => {
        $(#[doc = $meaning])+
        #[derive(Debug, Clone, PartialEq)]
        $visibility struct $row {
            $($(#[doc = $column])+ pub $field: $type,)*
        }

        impl $crate::TypedRow for $row {
            const SCHEMA: &'static $crate::Schema = &$crate::Schema::new(
                $name,
                $crate::comment(concat!($($meaning),+)),
                &[$($crate::Column::of::<$type>(
                    stringify!($field),
                    concat!($($unit)?),
                    $crate::comment(concat!($($column),+)),
                )),*],
            );

            fn into_values(self) -> Vec<$crate::Value> {
                vec![$($crate::Cell::into_value(self.$field)),*]
            }

            fn from_values(mut values: impl Iterator<Item = $crate::Value>) -> Option<Self> {
                Some(Self { $($field: $crate::Cell::from_value(values.next()?)?),* })
            }
        }
    };
}
