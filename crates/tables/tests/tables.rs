//! Filling, storing, reading and rendering tables.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;

use proptest::prelude::*;
use tables::{
    Column, Difference, Kind, Schema, Table, TableError, Value, compare, parquet_bytes, read_parquet,
    schema_page, to_csv, to_json, to_text, write_parquet,
};

static LAYERS: Schema = Schema::new(
    "layers",
    "One row for each layer | of a network.",
    &[
        Column::text("layer", "Name of the layer."),
        Column::integer("operations", "", "Additions and subtractions."),
        Column::real("energy", "pJ", "Energy for one image."),
        Column::flag("measured", "Whether events were executed."),
        Column::text("note", "A remark.").optional(),
        Column::integer("adc_bits", "bit", "Resolution of the converter.").optional(),
        Column::real("accuracy", "%", "Top-1 accuracy.").optional(),
        Column::flag("worn", "Whether the endurance is exceeded.").optional(),
    ],
);

type Outcome = Result<(), Box<dyn Error>>;

fn row(layer: &str, operations: i64, energy: f64) -> [(&'static str, Value); 8] {
    [
        ("layer", layer.into()),
        ("operations", operations.into()),
        ("energy", energy.into()),
        ("measured", true.into()),
        ("note", Value::Missing),
        ("adc_bits", Some(5_u32).into()),
        ("accuracy", None::<f64>.into()),
        ("worn", Value::Missing),
    ]
}

fn with(mut row: [(&'static str, Value); 8], column: &str, value: Value) -> [(&'static str, Value); 8] {
    if let Some(place) = row.iter_mut().find(|place| place.0 == column) {
        place.1 = value;
    }
    row
}

fn sample() -> Result<Table, TableError> {
    let mut table = Table::new(&LAYERS);
    table.push_row(row("conv1", 118_013_952, 1.25e-3))?;
    table.push_row(with(row("conv \"2\", µ", -7, 1.0 / 3.0), "note", "".into()))?;
    let provenance = [("manifest", "blake3:00ff"), ("seed", "7"), ("größe", "5 µm²")];
    Ok(table.with_provenance(provenance.map(|(key, value)| (key.to_owned(), value.to_owned())).into()))
}

fn any_row() -> impl Strategy<Value = [(&'static str, Value); 8]> {
    let required = (any::<String>(), any::<i64>(), -1e300..1e300f64, any::<bool>());
    let optional = (
        any::<Option<String>>(),
        any::<Option<i64>>(),
        proptest::option::of(-1e-300..1e-300f64),
        any::<Option<bool>>(),
    );
    (required, optional).prop_map(|((layer, operations, energy, measured), (note, bits, accuracy, worn))| {
        [
            ("layer", layer.into()),
            ("operations", operations.into()),
            ("energy", energy.into()),
            ("measured", measured.into()),
            ("note", note.into()),
            ("adc_bits", bits.into()),
            ("accuracy", accuracy.into()),
            ("worn", worn.into()),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn what_is_written_is_read_again_and_gives_the_same_bytes(
        rows in proptest::collection::vec(any_row(), 0..20),
        provenance in proptest::collection::btree_map(any::<String>(), any::<String>(), 0..4),
    ) {
        let mut table = Table::new(&LAYERS).with_provenance(provenance);
        for row in rows {
            table.push_row(row)?;
        }
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("table.parquet");
        write_parquet(&table, &path)?;
        let read = read_parquet(&path)?;
        prop_assert_eq!(&read, &table);
        prop_assert_eq!(compare(&read, &table), None);
        prop_assert_eq!(parquet_bytes(&read)?, fs::read(&path)?);
    }
}

#[test]
fn more_rows_than_a_writers_usual_row_group_come_back() -> Outcome {
    let mut table = Table::new(&LAYERS);
    for i in 0..300_000_i32 {
        table.push_row(row(&format!("layer {}", i % 21), i64::from(i), f64::from(i) / 7.0))?;
    }
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("many.parquet");
    write_parquet(&table, &path)?;
    assert_eq!(read_parquet(&path)?, table);
    assert_eq!(parquet_bytes(&table)?, fs::read(&path)?);
    Ok(())
}

#[test]
fn units_meanings_and_provenance_come_back_from_the_file_alone() -> Outcome {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("new/folder/table.parquet");
    write_parquet(&sample()?, &path)?;
    let read = read_parquet(&path)?;
    assert_eq!(read.name(), "layers");
    assert_eq!(read.meaning(), "One row for each layer | of a network.");
    let energy = read.column("energy")?;
    assert_eq!((energy.unit.as_str(), energy.meaning.as_str()), ("pJ", "Energy for one image."));
    assert!(read.column("note")?.optional && !energy.optional);
    assert_eq!(read.provenance().get("größe").map(String::as_str), Some("5 µm²"));
    read.follows(&LAYERS)?;
    Ok(())
}

#[test]
fn a_table_of_another_version_of_its_schema_says_what_differs() -> Outcome {
    static OTHER: Schema = Schema::new(
        "layers",
        "Other.",
        &[
            Column::text("layer", "Name of the layer."),
            Column::integer("operations", "", "Additions and subtractions."),
            Column::real("energy", "nJ", "Energy for one image."),
        ],
    );
    let message = sample()?.follows(&OTHER).err().ok_or("it follows")?.to_string();
    assert!(message.contains("`energy` is in `pJ` where `nJ` is expected"), "{message}");
    Ok(())
}

#[test]
fn reals_have_ten_digits_in_memory_as_in_the_file() -> Outcome {
    assert_eq!(sample()?.real("energy")?, [1.25e-3, 0.333_333_333_3]);
    Ok(())
}

#[test]
fn every_misfit_is_refused_by_name_and_leaves_the_table_unchanged() -> Outcome {
    let mut table = sample()?;
    let before = table.clone();
    let base = row("conv3", 1, 1.0);
    let mut refused =
        |values: Vec<(&'static str, Value)>| table.push_row(values).err().map(|e| e.to_string());
    let cases = [
        (with(base.clone(), "energy", 3_i32.into()).to_vec(), "expected real, found integer 3"),
        (with(base.clone(), "layer", Value::Missing).to_vec(), "column `layer`: no value"),
        (with(base.clone(), "accuracy", f64::NAN.into()).to_vec(), "NaN is not a finite number"),
        (with(base.clone(), "energy", f64::INFINITY.into()).to_vec(), "inf is not a finite number"),
        (with(base.clone(), "operations", u64::MAX.into()).to_vec(), "18446744073709551615 does not fit"),
        (base[1..].to_vec(), "column `layer` was not given"),
        ([base.to_vec(), vec![("layer", "x".into())]].concat(), "column `layer` was given twice"),
        ([base.to_vec(), vec![("area", 1.0.into())]].concat(), "no column `area`; it has: layer, operations"),
    ];
    for (values, expected) in cases {
        let message = refused(values).ok_or(expected)?;
        assert!(message.contains("table `layers`") && message.contains(expected), "{message}");
    }
    assert_eq!(table, before);
    Ok(())
}

#[test]
fn whole_columns_make_the_same_table_as_rows() -> Outcome {
    static PAIR: Schema =
        Schema::new("pair", "Two columns.", &[Column::text("a", "A."), Column::real("b", "ns", "B.")]);
    let names = || vec![Value::from("x"), "y".into()];
    let table = Table::from_columns(&PAIR, [("b", vec![1.0.into(), 2.0.into()]), ("a", names())])?;
    let mut rows = Table::new(&PAIR);
    rows.push_row([("a", "x".into()), ("b", 1.0.into())])?;
    rows.push_row([("a", "y".into()), ("b", 2.0.into())])?;
    assert_eq!(table, rows);
    let ragged = Table::from_columns(&PAIR, [("a", names()), ("b", vec![1.0.into()])]);
    assert!(matches!(ragged, Err(TableError::RaggedColumns { expected: 2, found: 1, .. })), "{ragged:?}");
    let absent = Table::from_columns(&PAIR, [("a", names())]);
    assert!(matches!(&absent, Err(TableError::AbsentColumn { column, .. }) if column == "b"), "{absent:?}");
    Ok(())
}

#[test]
fn reading_a_column_as_another_kind_or_over_a_gap_is_an_error() -> Outcome {
    let table = sample()?;
    let wrong = table.real("layer");
    let expected = (Kind::Real, Kind::Text);
    assert!(
        matches!(wrong, Err(TableError::WrongColumnKind { expected: e, found: f, .. }) if (e, f) == expected)
    );
    assert!(matches!(table.text("note"), Err(TableError::MissingValue { row: 0, .. })));
    assert_eq!(table.optional_text("note")?, [None, Some(String::new())]);
    assert!(matches!(table.flag("nothing"), Err(TableError::UnknownColumn { .. })));
    assert!(table.row(2).is_none());
    assert_eq!(table.row(1).ok_or("no row")?.integer("operations")?, -7);
    Ok(())
}

#[test]
fn filtering_keeps_the_order_and_the_provenance() -> Outcome {
    let mut table = sample()?;
    table.push_row(row("conv1", 3, 2.0))?;
    let filtered = table.filter("layer", "conv1")?;
    assert_eq!(filtered.integer("operations")?, [118_013_952, 3]);
    assert_eq!(filtered.provenance(), table.provenance());
    assert_eq!(table.distinct("layer")?, ["conv1", "conv \"2\", µ"]);
    let mut joined = filtered.clone();
    joined.append(&filtered)?;
    assert_eq!(joined.rows(), 4);
    assert_eq!(joined.integer("operations")?, [118_013_952, 3, 118_013_952, 3]);
    Ok(())
}

#[test]
fn a_truncated_file_or_one_with_any_byte_changed_names_itself() -> Outcome {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("table.parquet");
    let table = sample()?;
    let bytes = parquet_bytes(&table)?;
    let mut damaged: Vec<Vec<u8>> = (0..bytes.len()).map(|length| bytes[..length].to_vec()).collect();
    for place in 0..bytes.len() {
        let mut flipped = bytes.clone();
        flipped[place] ^= 0x20;
        damaged.push(flipped);
    }
    for (case, bytes) in damaged.into_iter().enumerate() {
        fs::write(&path, bytes)?;
        let error = read_parquet(&path).err().ok_or_else(|| format!("case {case} was read"))?;
        assert!(matches!(&error, TableError::Malformed { path: named, .. } if *named == path), "{error}");
    }
    Ok(())
}

#[test]
fn a_foreign_or_absent_file_is_an_error_that_names_the_path() -> Outcome {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("foreign.parquet");
    let absent = read_parquet(&path).err().ok_or("read")?;
    assert!(matches!(absent, TableError::Read { .. }) && absent.to_string().contains("foreign.parquet"));
    fs::write(&path, "layer,energy\nconv1,3\n")?;
    let foreign = read_parquet(&path).err().ok_or("read")?.to_string();
    assert!(foreign.contains("foreign.parquet is not a table"), "{foreign}");
    Ok(())
}

#[test]
fn csv_tells_an_empty_text_from_a_missing_one() -> Outcome {
    assert_eq!(
        to_csv(&sample()?),
        "layer,operations,energy,measured,note,adc_bits,accuracy,worn\n\
         conv1,118013952,0.00125,true,,5,,\n\
         \"conv \"\"2\"\", µ\",-7,0.3333333333,true,\"\",5,,\n"
    );
    Ok(())
}

#[test]
fn json_carries_units_provenance_and_rows() -> Outcome {
    let json: serde_json::Value = serde_json::from_str(&to_json(&sample()?))?;
    assert_eq!(json["columns"][2]["unit"], "pJ");
    assert_eq!(json["provenance"]["seed"], "7");
    assert_eq!(json["rows"][1]["energy"], 0.333_333_333_3);
    assert_eq!(json["rows"][0]["note"], serde_json::Value::Null);
    let empty: serde_json::Value = serde_json::from_str(&to_json(&Table::new(&LAYERS)))?;
    assert_eq!(empty["rows"], serde_json::json!([]));
    Ok(())
}

#[test]
fn text_is_aligned_under_headings_with_units() -> Outcome {
    static PAIR: Schema = Schema::new(
        "pair",
        "Two columns.",
        &[Column::text("layer", "A."), Column::real("energy", "pJ", "B.").optional()],
    );
    let mut table = Table::new(&PAIR);
    table.push_row([("layer", "größer".into()), ("energy", (1.0 / 3.0).into())])?;
    table.push_row([("layer", "b".into()), ("energy", Value::Missing)])?;
    assert_eq!(
        to_text(&table),
        "layer   energy [pJ]\n\
         ──────  ───────────\n\
         größer     0.333333\n\
         b                 –\n"
    );
    Ok(())
}

#[test]
fn comparison_finds_the_first_difference() -> Outcome {
    let table = sample()?;
    let mut more = table.clone();
    more.push_row(row("conv3", 1, 1.0))?;
    assert_eq!(compare(&table, &more), Some(Difference::Rows { left: 2, right: 3 }));
    let mut other = Table::new(&LAYERS);
    other.push_row(row("conv1", 118_013_952, 1.26e-3))?;
    let difference = compare(&table, &other).ok_or("equal")?;
    assert_eq!(difference.to_string(), "row 0, column `energy`: 0.00125 against 0.00126");
    let without = other.with_provenance(BTreeMap::from([("seed".to_owned(), "8".to_owned())]));
    let mut same = Table::new(&LAYERS);
    same.push_row(row("conv1", 118_013_952, 1.26e-3))?;
    assert_eq!(compare(&without, &same), None);
    Ok(())
}

#[test]
fn the_schema_page_lists_every_column_with_unit_and_meaning() {
    let page = schema_page(&[&LAYERS]);
    assert!(page.contains("## layers\n\nOne row for each layer \\| of a network.\n"));
    assert!(page.contains("| `energy` | real | pJ | Energy for one image. |\n"));
    assert!(page.contains("| `note` | text, optional |  | A remark. |\n"));
    let rows = page.lines().filter(|line| line.starts_with("| `")).count();
    assert_eq!(rows, LAYERS.columns().len());
}
