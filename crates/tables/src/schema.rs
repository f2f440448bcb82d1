//! What a table's columns are: name, kind, unit and meaning.

use serde::{Deserialize, Serialize};

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// UTF-8 text.
    Text,
    /// A signed integer of 64 bits.
    Integer,
    /// A finite real number, kept to ten significant digits.
    Real,
    /// True or false.
    Flag,
}

impl Kind {
    /// The kind's name as it appears in messages, files and the schema page.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Integer => "integer",
            Self::Real => "real",
            Self::Flag => "flag",
        }
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.name())
    }
}

/// One column of a [`Schema`], built by [`Column::text`], [`Column::integer`], [`Column::real`] or [`Column::flag`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// The column's name, unique in its schema.
    pub name: &'static str,
    /// What the column holds.
    pub kind: Kind,
    /// The unit of the values, such as `pJ`; empty for a count, a ratio or a name.
    pub unit: &'static str,
    /// One sentence that says what the values mean.
    pub meaning: &'static str,
    /// Whether a row may leave the value out.
    pub optional: bool,
}

impl Column {
    /// A column of text, such as a name.
    pub const fn text(name: &'static str, meaning: &'static str) -> Self {
        Self { name, kind: Kind::Text, unit: "", meaning, optional: false }
    }

    /// A column of integers in `unit` (empty for a plain count).
    pub const fn integer(name: &'static str, unit: &'static str, meaning: &'static str) -> Self {
        Self { name, kind: Kind::Integer, unit, meaning, optional: false }
    }

    /// A column of real numbers in `unit` (empty for a ratio).
    pub const fn real(name: &'static str, unit: &'static str, meaning: &'static str) -> Self {
        Self { name, kind: Kind::Real, unit, meaning, optional: false }
    }

    /// A column of yes or no.
    pub const fn flag(name: &'static str, meaning: &'static str) -> Self {
        Self { name, kind: Kind::Flag, unit: "", meaning, optional: false }
    }

    /// The same column with rows allowed to leave the value out.
    pub const fn optional(mut self) -> Self {
        self.optional = true;
        self
    }
}

/// The documented columns of a table, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schema {
    name: &'static str,
    meaning: &'static str,
    columns: &'static [Column],
}

impl Schema {
    /// A schema; meant for a `static`, where the checks below fail the build.
    ///
    /// # Panics
    /// When a name or a meaning is empty, when there is no column, or when two columns share a name.
    pub const fn new(name: &'static str, meaning: &'static str, columns: &'static [Column]) -> Self {
        assert!(!name.is_empty(), "a schema needs a name");
        assert!(!meaning.is_empty(), "a schema needs a meaning");
        assert!(!columns.is_empty(), "a schema needs columns");
        let mut i = 0;
        while i < columns.len() {
            assert!(!columns[i].name.is_empty(), "a column needs a name");
            assert!(!columns[i].meaning.is_empty(), "a column needs a meaning");
            let mut j = 0;
            while j < i {
                assert!(!same(columns[i].name, columns[j].name), "two columns share a name");
                j += 1;
            }
            i += 1;
        }
        Self { name, meaning, columns }
    }

    /// The table's name.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// One sentence that says what the table holds.
    pub const fn meaning(&self) -> &'static str {
        self.meaning
    }

    /// The columns in order.
    pub const fn columns(&self) -> &'static [Column] {
        self.columns
    }
}

/// String equality that a constant can evaluate.
const fn same(left: &str, right: &str) -> bool {
    let (left, right) = (left.as_bytes(), right.as_bytes());
    if left.len() != right.len() {
        return false;
    }
    let mut i = 0;
    while i < left.len() {
        if left[i] != right[i] {
            return false;
        }
        i += 1;
    }
    true
}

/// A column as a [`Table`](crate::Table) carries it: what a [`Column`] says, whether it came from a schema or from a
/// file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColumnDescription {
    /// The column's name, unique in its table.
    pub name: String,
    /// What the column holds.
    pub kind: Kind,
    /// The unit of the values; empty for a count, a ratio or a name.
    pub unit: String,
    /// One sentence that says what the values mean.
    pub meaning: String,
    /// Whether a row may leave the value out.
    pub optional: bool,
}

impl ColumnDescription {
    /// The name with its unit, as a heading: `energy [pJ]`.
    pub fn heading(&self) -> String {
        if self.unit.is_empty() { self.name.clone() } else { format!("{} [{}]", self.name, self.unit) }
    }
}

impl From<&Column> for ColumnDescription {
    fn from(column: &Column) -> Self {
        Self {
            name: column.name.to_owned(),
            kind: column.kind,
            unit: column.unit.to_owned(),
            meaning: column.meaning.to_owned(),
            optional: column.optional,
        }
    }
}
