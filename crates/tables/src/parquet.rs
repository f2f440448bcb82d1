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
use crate::guard::guarded;
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
/// More than a cell in memory takes.
const CELL: u64 = 32;
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
    let bytes = files::read(path).map_err(|source| TableError::Read { path: path.to_owned(), source })?;
    guarded(|| decode(bytes)).map_err(|reason| TableError::Malformed { path: path.to_owned(), reason })
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
    let length = bytes.len();
    let mut reader = ParquetReader::new(Cursor::new(bytes)).read_parallel(ParallelStrategy::None);
    let file = reader.get_metadata().map_err(|error| error.to_string())?;
    let chunks = file.row_groups.iter().flat_map(|group| {
        group.parquet_columns().iter().map(|column| Chunk {
            rows: group.num_rows(),
            values: column.num_values(),
            begin: column.dictionary_page_offset().unwrap_or(column.data_page_offset()),
            stored: column.compressed_size(),
            whole: column.uncompressed_size(),
        })
    });
    check_extents(chunks, length)?;
    let metadata: BTreeMap<String, String> = file
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

/// What a file says of the values of a column that stand together.
struct Chunk {
    rows: usize,
    values: i64,
    /// Where they begin in the file.
    begin: i64,
    /// Bytes that they take there.
    stored: i64,
    /// Bytes that they take once decompressed.
    whole: i64,
}

/// Checks what a file says of its own extents, before a reader takes it at its word.
fn check_extents(chunks: impl Iterator<Item = Chunk>, length: usize) -> Result<(), String> {
    let mut account = files::Account::default();
    for Chunk { rows, values, begin, stored, whole } in chunks {
        let inside = |bytes: i64| usize::try_from(bytes).ok().filter(|&bytes| bytes <= length);
        let end = inside(begin).zip(inside(stored)).and_then(|(begin, stored)| begin.checked_add(stored));
        if end.is_none_or(|end| end > length) {
            return Err(format!("{stored} bytes of a column from byte {begin} on; the file has {length}"));
        }
        if usize::try_from(values) != Ok(rows) {
            return Err(format!("{values} values of a column for {rows} rows"));
        }
        // Each value becomes a cell of its own, beside what is decompressed.
        let cells = (rows as u64).saturating_mul(CELL);
        let bytes = u64::try_from(whole).map_err(|_| format!("a column of {whole} bytes"))?;
        account.take("a column", bytes.saturating_add(cells)).map_err(|error| error.to_string())?;
    }
    Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;

    crate::table! {
        /// A table to be damaged.
        struct SampleRow: "sample" {
            /// A text.
            name: String,
            /// An integer.
            count: usize,
            /// A number.
            share: f64,
            /// A flag.
            holds: bool,
        }
    }

    /// Draws that are the same in every run.
    struct Draws(u64);

    impl Draws {
        fn below(&mut self, bound: usize) -> usize {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 33) as usize % bound
        }
    }

    #[test]
    fn a_damaged_footer_under_a_digest_that_was_made_right_is_an_error_or_a_table_and_never_a_panic() {
        let rows = (0..50_usize).map(|row| SampleRow {
            name: format!("row {}", row % 7),
            count: row,
            share: row as f64 / 3.0,
            holds: row % 2 == 0,
        });
        let table = Table::of(rows).unwrap();
        let whole = encode(&table).unwrap();
        let footer = footer_start(&whole).unwrap();
        let unsealed = [&whole[..footer - DIGEST_LENGTH], &whole[footer..]].concat();
        let pages = footer - DIGEST_LENGTH;
        let mut draws = Draws(7);
        let mut read = 0;
        for _ in 0..4000 {
            let mut damaged = unsealed.clone();
            for _ in 0..1 + draws.below(3) {
                let at = pages + draws.below(damaged.len() - pages);
                damaged[at] = draws.below(256) as u8;
            }
            let Some(sealed) = seal(damaged) else { continue };
            read += usize::from(guarded(|| decode(sealed)).is_ok());
        }
        assert!(read < 4000, "nothing was damaged");
        assert_eq!(decode(whole).unwrap(), table);
    }
}
