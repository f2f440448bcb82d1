//! The page that documents every table.

use crate::schema::Schema;

/// A Markdown page with a section for each schema, in the order given: what it holds, and every column's name, kind,
/// unit and meaning.
pub fn schema_page(schemas: &[&Schema]) -> String {
    let mut page = String::from(
        "# Tables\n\nEvery result is a Parquet file that carries this documentation of its columns in its own \
         metadata.\nReal numbers have ten significant digits. A column marked optional may miss values.\n",
    );
    for schema in schemas {
        page.push_str(&format!("\n## {}\n\n{}\n\n", escaped(schema.name()), escaped(schema.meaning())));
        page.push_str("| column | kind | unit | meaning |\n|---|---|---|---|\n");
        for column in schema.columns() {
            let optional = if column.optional { ", optional" } else { "" };
            page.push_str(&format!(
                "| `{}` | {}{optional} | {} | {} |\n",
                escaped(column.name),
                column.kind,
                escaped(column.unit),
                escaped(column.meaning)
            ));
        }
    }
    page
}

/// Text for a cell of a Markdown table, which a bar or a line break would end.
fn escaped(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}
