//! Tables as Parquet files: encoding, metadata, and reading back with every check.

use std::collections::BTreeMap;
use std::io::Cursor;
use std::path::Path;

use polars::prelude::{
    BooleanChunked, Column as FrameColumn, DataFrame, DataType, Float64Chunked, Int64Chunked, IntoColumn,
    KeyValueMetadata, NewChunkedArray, ParallelStrategy, ParquetCompression, ParquetReader, ParquetWriter,
    SerReader, StringChunked,
};

use crate::atomic::write_atomically;
use crate::error::TableError;
use crate::schema::{ColumnDescription, Kind};
use crate::table::{Cells, Table};

/// The version of the metadata below; a reader refuses another.
const FORMAT: &str = "1";
const FORMAT_KEY: &str = "table.format";
const NAME_KEY: &str = "table.name";
const MEANING_KEY: &str = "table.meaning";
const COLUMNS_KEY: &str = "table.columns";
const PROVENANCE_KEY: &str = "table.provenance";

/// The last bytes of every Parquet file.
const MAGIC: &[u8; 4] = b"PAR1";
const DIGEST_LENGTH: usize = blake3::OUT_LEN;

/// Writes the table to `path`, whole or not at all; creates the folder.
///
/// The same table gives the same bytes. Name, meaning, columns (as JSON, with kinds, units and meanings) and
/// provenance (as JSON) are in the file's key-value metadata, under keys that begin with `table.`. A BLAKE3 digest of
/// the file stands before its footer; other readers of Parquet pass over it.
///
/// # Errors
/// [`TableError::Encode`], or [`TableError::Write`] with the path.
pub fn write_parquet(table: &Table, path: &Path) -> Result<(), TableError> {
    write_atomically(path, &parquet_bytes(table)?)
}

/// The bytes that [`write_parquet`] would write.
///
/// # Errors
/// [`TableError::Encode`].
pub fn parquet_bytes(table: &Table) -> Result<Vec<u8>, TableError> {
    encode(table).map_err(|reason| TableError::Encode { table: table.name().to_owned(), reason })
}

/// Reads a table that [`write_parquet`] wrote, with its units, meanings and provenance.
///
/// # Errors
/// [`TableError::Read`] when the file cannot be read, [`TableError::Malformed`] when it is truncated, damaged, or
/// written by something else; both name the path.
pub fn read_parquet(path: &Path) -> Result<Table, TableError> {
    let bytes = std::fs::read(path).map_err(|source| TableError::Read { path: path.to_owned(), source })?;
    decode(bytes).map_err(|reason| TableError::Malformed { path: path.to_owned(), reason })
}

fn encode(table: &Table) -> Result<Vec<u8>, String> {
    let columns: Vec<FrameColumn> = table
        .columns()
        .iter()
        .zip(table.cells())
        .map(|(column, cells)| frame_column(column, cells))
        .collect();
    let mut frame = DataFrame::new(table.rows(), columns).map_err(|error| error.to_string())?;
    let json = |error: serde_json::Error| error.to_string();
    let metadata = [
        (FORMAT_KEY, FORMAT.to_owned()),
        (NAME_KEY, table.name().to_owned()),
        (MEANING_KEY, table.meaning().to_owned()),
        (COLUMNS_KEY, serde_json::to_string(table.columns()).map_err(json)?),
        (PROVENANCE_KEY, serde_json::to_string(table.provenance()).map_err(json)?),
    ];
    let metadata = metadata.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    let mut bytes = Vec::new();
    ParquetWriter::new(&mut bytes)
        .with_compression(ParquetCompression::Zstd(None))
        // One row group whatever the size; zero rows still need a size that is not zero.
        .with_row_group_size(Some(table.rows().max(1)))
        .set_parallel(false)
        .with_key_value_metadata(Some(KeyValueMetadata::from_static(metadata)))
        .finish(&mut frame)
        .map_err(|error| error.to_string())?;
    seal(bytes).ok_or_else(|| "the encoder wrote no footer".to_owned())
}

fn frame_column(column: &ColumnDescription, cells: &Cells) -> FrameColumn {
    let name = column.name.as_str().into();
    match cells {
        Cells::Text(cells) => {
            StringChunked::from_iter_options(name, cells.iter().map(Option::as_deref)).into_column()
        }
        Cells::Integer(cells) => Int64Chunked::from_slice_options(name, cells).into_column(),
        Cells::Real(cells) => Float64Chunked::from_slice_options(name, cells).into_column(),
        Cells::Flag(cells) => BooleanChunked::from_slice_options(name, cells).into_column(),
    }
}

fn decode(bytes: Vec<u8>) -> Result<Table, String> {
    check_seal(&bytes)?;
    let mut reader = ParquetReader::new(Cursor::new(bytes)).read_parallel(ParallelStrategy::None);
    let metadata: BTreeMap<String, String> = reader
        .get_metadata()
        .map_err(|error| error.to_string())?
        .key_value_metadata
        .iter()
        .flatten()
        .filter_map(|pair| pair.value.clone().map(|value| (pair.key.clone(), value)))
        .collect();
    let text = |key: &str| metadata.get(key).cloned().ok_or_else(|| format!("its metadata lacks `{key}`"));
    let format = text(FORMAT_KEY)?;
    if format != FORMAT {
        return Err(format!("its metadata is of format {format}, this program reads format {FORMAT}"));
    }
    let columns: Vec<ColumnDescription> = serde_json::from_str(&text(COLUMNS_KEY)?)
        .map_err(|error| format!("its metadata `{COLUMNS_KEY}`: {error}"))?;
    let provenance: BTreeMap<String, String> = serde_json::from_str(&text(PROVENANCE_KEY)?)
        .map_err(|error| format!("its metadata `{PROVENANCE_KEY}`: {error}"))?;
    let frame = reader.finish().map_err(|error| error.to_string())?;
    let described: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    let stored: Vec<&str> = frame.columns().iter().map(|column| column.name().as_str()).collect();
    if described != stored {
        return Err(format!("it stores the columns {stored:?} and describes {described:?}"));
    }
    let cells = columns
        .iter()
        .zip(frame.columns())
        .map(|(description, column)| cells(description, column))
        .collect::<Result<Vec<_>, _>>()?;
    Table::from_parts(text(NAME_KEY)?, text(MEANING_KEY)?, columns, cells, provenance)
        .map_err(|error| error.to_string())
}

fn cells(description: &ColumnDescription, column: &FrameColumn) -> Result<Cells, String> {
    let expected = match description.kind {
        Kind::Text => DataType::String,
        Kind::Integer => DataType::Int64,
        Kind::Real => DataType::Float64,
        Kind::Flag => DataType::Boolean,
    };
    if *column.dtype() != expected {
        return Err(format!(
            "column `{}` is stored as {} and described as {}",
            description.name,
            column.dtype(),
            description.kind
        ));
    }
    let cells = match description.kind {
        Kind::Text => {
            column.str().map(|cells| Cells::Text(cells.iter().map(|cell| cell.map(str::to_owned)).collect()))
        }
        Kind::Integer => column.i64().map(|cells| Cells::Integer(cells.iter().collect())),
        Kind::Real => column.f64().map(|cells| Cells::Real(cells.iter().collect())),
        Kind::Flag => column.bool().map(|cells| Cells::Flag(cells.iter().collect())),
    };
    cells.map_err(|error| error.to_string())
}

/// The digest of a file's bytes before and after the place of the digest itself.
fn digest(pages: &[u8], footer: &[u8]) -> [u8; DIGEST_LENGTH] {
    *blake3::Hasher::new().update(pages).update(footer).finalize().as_bytes()
}

/// Where the footer begins, the metadata at the end of every Parquet file; `None` for what is none.
fn footer_start(bytes: &[u8]) -> Option<usize> {
    let (rest, magic) = bytes.split_last_chunk::<4>()?;
    let (rest, length) = rest.split_last_chunk::<4>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    (magic == MAGIC).then(|| rest.len().checked_sub(length)).flatten()
}

/// Puts a digest of the whole file between its pages and its footer, where readers of Parquet do not look: they find
/// pages by their distance from the file's start, and those do not move.
fn seal(mut bytes: Vec<u8>) -> Option<Vec<u8>> {
    let footer = bytes.split_off(footer_start(&bytes)?);
    let digest = digest(&bytes, &footer);
    bytes.extend(digest);
    bytes.extend(footer);
    Some(bytes)
}

/// Checks the digest that [`seal`] put in. Without it a flipped bit would be another value, or a panic in the decoder.
fn check_seal(bytes: &[u8]) -> Result<(), String> {
    let footer = footer_start(bytes).ok_or("it does not end as a Parquet file does")?;
    let (before, footer) = bytes.split_at_checked(footer).ok_or("it has no footer")?;
    let (pages, found) = before.split_last_chunk::<DIGEST_LENGTH>().ok_or("it has no digest")?;
    if digest(pages, footer) == *found {
        Ok(())
    } else {
        Err("its digest does not match its bytes".to_owned())
    }
}
