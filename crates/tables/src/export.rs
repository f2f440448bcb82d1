//! Tables as text: CSV and JSON for other programs, aligned columns for a terminal.

use crate::schema::Kind;
use crate::table::Table;
use crate::value::Value;

/// Comma-separated values (RFC 4180, but lines end in a line feed), with the columns' names in the first line.
///
/// A missing value is empty; an empty text is `""`. Numbers are exact. Units and provenance are in [`to_json`].
pub fn to_csv(table: &Table) -> String {
    let mut csv = String::new();
    let names: Vec<String> = table.columns().iter().map(|column| quoted(&column.name)).collect();
    csv.push_str(&names.join(","));
    csv.push('\n');
    for row in table.iter() {
        let fields: Vec<String> = row
            .values()
            .map(|(_, value)| match value {
                Value::Missing => String::new(),
                Value::Text(text) => quoted(&text),
                other => other.to_string(),
            })
            .collect();
        csv.push_str(&fields.join(","));
        csv.push('\n');
    }
    csv
}

/// A field of CSV, in quotes where it needs them or where it would read as missing.
fn quoted(text: &str) -> String {
    let plain = !text.is_empty() && !text.contains(['"', ',', '\n', '\r']) && text.trim() == text;
    if plain { text.to_owned() } else { format!("\"{}\"", text.replace('"', "\"\"")) }
}

/// A JSON document with the table's name, meaning, columns, provenance and rows (each an object), ending in a line
/// feed. A missing value is `null`.
pub fn to_json(table: &Table) -> String {
    // Lines are laid out here so that a difference between two files is a difference between rows.
    let json = |value: serde_json::Value| value.to_string();
    let list = |items: Vec<String>| match items.is_empty() {
        true => "[]".to_owned(),
        false => format!("[\n    {}\n  ]", items.join(",\n    ")),
    };
    let columns = table
        .columns()
        .iter()
        .map(|column| {
            format!(
                "{{\"name\": {}, \"kind\": {}, \"unit\": {}, \"meaning\": {}, \"optional\": {}}}",
                json(column.name.as_str().into()),
                json(column.kind.name().into()),
                json(column.unit.as_str().into()),
                json(column.meaning.as_str().into()),
                column.optional
            )
        })
        .collect();
    let provenance: Vec<String> = table
        .provenance()
        .iter()
        .map(|(key, value)| format!("{}: {}", json(key.as_str().into()), json(value.as_str().into())))
        .collect();
    let provenance = match provenance.is_empty() {
        true => "{}".to_owned(),
        false => format!("{{\n    {}\n  }}", provenance.join(",\n    ")),
    };
    let rows = table
        .iter()
        .map(|row| {
            let fields: Vec<String> = row
                .values()
                .map(|(column, value)| {
                    let value = match value {
                        Value::Missing => "null".to_owned(),
                        Value::Text(text) => json(text.into()),
                        // Finite numbers only, which Rust and JSON write alike.
                        other => other.to_string(),
                    };
                    format!("{}: {value}", json(column.name.as_str().into()))
                })
                .collect();
            format!("{{{}}}", fields.join(", "))
        })
        .collect();
    format!(
        "{{\n  \"table\": {},\n  \"meaning\": {},\n  \"columns\": {},\n  \"provenance\": {},\n  \"rows\": {}\n}}\n",
        json(table.name().into()),
        json(table.meaning().into()),
        list(columns),
        provenance,
        list(rows)
    )
}

/// Aligned columns for a terminal: names with units, a rule, the rows; numbers to the right with six significant
/// digits, everything else to the left, a missing value as an en dash.
pub fn to_text(table: &Table) -> String {
    let headings: Vec<String> = table.columns().iter().map(|column| column.heading()).collect();
    let rows: Vec<Vec<String>> =
        table.iter().map(|row| row.values().map(|(_, value)| shown(&value)).collect()).collect();
    let widths: Vec<usize> = headings
        .iter()
        .enumerate()
        .map(|(index, heading)| {
            let cells = rows.iter().filter_map(|row| row.get(index));
            cells.chain([heading]).map(|text| text.chars().count()).max().unwrap_or(0)
        })
        .collect();
    let line = |fields: &[String]| {
        let fields: Vec<String> = fields
            .iter()
            .zip(&widths)
            .zip(table.columns())
            .map(|((field, &width), column)| match column.kind {
                Kind::Integer | Kind::Real => format!("{field:>width$}"),
                Kind::Text | Kind::Flag => format!("{field:<width$}"),
            })
            .collect();
        format!("{}\n", fields.join("  ").trim_end())
    };
    let rule: Vec<String> = widths.iter().map(|&width| "─".repeat(width)).collect();
    let mut text = line(&headings);
    text.push_str(&format!("{}\n", rule.join("  ")));
    for row in &rows {
        text.push_str(&line(row));
    }
    text
}

fn shown(value: &Value) -> String {
    match value {
        Value::Real(real) => {
            let rounded = format!("{real:.5e}").parse::<f64>().unwrap_or(*real);
            format!("{rounded:?}")
        }
        // A line break within a cell would break the alignment.
        Value::Text(text) => text.replace(['\n', '\r', '\t'], " "),
        Value::Flag(true) => "yes".to_owned(),
        Value::Flag(false) => "no".to_owned(),
        other => other.to_string(),
    }
}
