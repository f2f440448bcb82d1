//! Tables for other libraries in the same process, by the Arrow C stream interface: whoever takes the stream takes the columns as they
//! lie, without a copy of them.

use polars_arrow::array::{Array, BooleanArray, PrimitiveArray, StructArray, Utf8Array};
use polars_arrow::datatypes::{ArrowDataType, Field, Metadata};
use polars_arrow::ffi;

use crate::error::TableError;
use crate::schema::{ColumnDescription, Kind};
use crate::table::{Cells, Table};

/// A table as an Arrow C stream of one batch. It is laid out as the C structure `ArrowArrayStream`; what was not taken from it is let
/// go of when it is dropped.
pub type ArrowStream = ffi::ArrowArrayStream;

/// A column's kind, unit and meaning in the metadata of its Arrow field.
const KIND_KEY: &str = "kind";
const UNIT_KEY: &str = "unit";
const MEANING_KEY: &str = "meaning";
/// What the table is, in the metadata of the stream's schema.
const NAME_KEY: &str = "table.name";
const TABLE_MEANING_KEY: &str = "table.meaning";
const PROVENANCE_KEY: &str = "table.provenance";

/// The table as a stream: text as large UTF-8, integers and real numbers of 64 bits, flags as booleans. Each field's metadata has the
/// column's `kind`, `unit` (empty for a plain number) and `meaning`; the schema's has the table's name, meaning and provenance (JSON).
///
/// # Errors
/// [`TableError::Encode`] when a text column holds more than a stream can.
pub fn arrow_stream(table: &Table) -> Result<ArrowStream, TableError> {
    let failed = |reason: String| TableError::Encode { table: table.name().to_owned(), reason };
    let provenance = serde_json::to_string(table.provenance()).map_err(|error| failed(error.to_string()))?;
    let fields: Vec<Field> = table.columns().iter().map(field).collect();
    let columns = table.cells().iter().map(array).collect();
    let rows = StructArray::try_new(ArrowDataType::Struct(fields), table.rows(), columns, None)
        .map_err(|error| failed(error.to_string()))?;
    let described = metadata([
        (NAME_KEY, table.name()),
        (TABLE_MEANING_KEY, table.meaning()),
        (PROVENANCE_KEY, &provenance),
    ]);
    let schema = Field::new("".into(), rows.dtype().clone(), false).with_metadata(described);
    Ok(ffi::export_iterator(Box::new(std::iter::once(Ok(rows.boxed()))), schema))
}

fn field(column: &ColumnDescription) -> Field {
    let dtype = match column.kind {
        Kind::Text => ArrowDataType::LargeUtf8,
        Kind::Integer => ArrowDataType::Int64,
        Kind::Real => ArrowDataType::Float64,
        Kind::Flag => ArrowDataType::Boolean,
    };
    Field::new(column.name.as_str().into(), dtype, column.optional).with_metadata(metadata([
        (KIND_KEY, column.kind.name()),
        (UNIT_KEY, &column.unit),
        (MEANING_KEY, &column.meaning),
    ]))
}

fn metadata<const N: usize>(pairs: [(&str, &str); N]) -> Metadata {
    pairs.into_iter().map(|(key, value)| (key.into(), value.into())).collect()
}

fn array(cells: &Cells) -> Box<dyn Array> {
    match cells {
        Cells::Text(cells) => Utf8Array::<i64>::from_iter(cells.iter().map(Option::as_deref)).boxed(),
        Cells::Integer(cells) => PrimitiveArray::<i64>::from_iter(cells.iter().copied()).boxed(),
        Cells::Real(cells) => PrimitiveArray::<f64>::from_iter(cells.iter().copied()).boxed(),
        Cells::Flag(cells) => BooleanArray::from_iter(cells.iter().copied()).boxed(),
    }
}
