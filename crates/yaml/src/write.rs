//! YAML written as a person would: a field a line, what lies below on one line.

use std::fmt::{self, Display, Write};

/// What is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tree {
    /// A number or a flag, as it stands.
    Plain(String),
    /// A text; quoted where it could be something else.
    Text(String),
    List(Vec<Self>),
    /// Fields in their order.
    Fields(Vec<(&'static str, Self)>),
}

impl Tree {
    /// A number or a flag.
    pub fn plain(value: impl Display) -> Self {
        Self::Plain(value.to_string())
    }

    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// A list of numbers.
    pub fn numbers<T: Display>(values: impl IntoIterator<Item = T>) -> Self {
        Self::List(values.into_iter().map(Self::plain).collect())
    }
}

/// In one line.
struct Line<'t>(&'t Tree);

impl Display for Line<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Tree::Plain(text) => out.write_str(text),
            Tree::Text(text) => out.write_str(&quoted(text)),
            Tree::List(items) => {
                out.write_char('[')?;
                for (index, item) in items.iter().enumerate() {
                    write!(out, "{}{}", if index > 0 { ", " } else { "" }, Line(item))?;
                }
                out.write_char(']')
            }
            Tree::Fields(fields) => {
                out.write_char('{')?;
                for (index, (name, value)) in fields.iter().enumerate() {
                    write!(out, "{}{name}: {}", if index > 0 { ", " } else { "" }, Line(value))?;
                }
                out.write_char('}')
            }
        }
    }
}

impl Display for Tree {
    /// Fields each on a line; a list of fields below its name, an item a line.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Fields(fields) = self else { return writeln!(out, "{}", Line(self)) };
        for (name, value) in fields {
            match value {
                Self::List(items) if items.iter().any(|item| matches!(item, Self::Fields(_))) => {
                    writeln!(out, "{name}:")?;
                    for item in items {
                        match item {
                            Self::Fields(fields) if fields.len() == 1 => {
                                writeln!(out, "  - {}: {}", fields[0].0, Line(&fields[0].1))?;
                            }
                            item => writeln!(out, "  - {}", Line(item))?,
                        }
                    }
                }
                value => writeln!(out, "{name}: {}", Line(value))?,
            }
        }
        Ok(())
    }
}

/// A text as YAML: quoted where it could be something else.
fn quoted(text: &str) -> String {
    let is_plain =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '/' | ' ' | '(' | ')');
    let starts_plainly = text.starts_with(|c: char| c.is_ascii_alphabetic());
    let is_word =
        ["true", "false", "null", "yes", "no", "on", "off", "y", "n"].contains(&text.to_lowercase().as_str());
    if starts_plainly && text.chars().all(is_plain) && !text.ends_with(' ') && !is_word {
        return text.into();
    }
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => {
                let _ = write!(quoted, "\\U{:08x}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted + "\""
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{FieldPath, Node, Scalar, Value};

    #[test]
    fn words_that_could_be_something_else_are_quoted() {
        for (text, expected) in [
            ("layer1.0.conv1", "layer1.0.conv1"),
            ("0.5", "\"0.5\""),
            ("no", "\"no\""),
            ("a: b", "\"a: b\""),
            ("say \"x\"", "\"say \\\"x\\\"\""),
            ("", "\"\""),
        ] {
            assert_eq!(quoted(text), expected);
        }
    }

    #[test]
    fn fields_stand_below_each_other_and_what_they_hold_in_a_line() {
        let item = |name: &str| Tree::Fields(vec![("add", Tree::Fields(vec![("name", Tree::text(name))]))]);
        let tree = Tree::Fields(vec![
            ("name", Tree::text("a b")),
            ("input", Tree::Fields(vec![("height", Tree::plain(3)), ("zero", Tree::numbers([1, 2]))])),
            ("layers", Tree::List(vec![item("one"), item("2")])),
        ]);
        let expected = "name: a b\ninput: {height: 3, zero: [1, 2]}\nlayers:\n  - add: {name: one}\n  - add: {name: \"2\"}\n";
        assert_eq!(tree.to_string(), expected);
    }

    proptest! {
        #[test]
        fn any_text_comes_back(texts in prop::collection::vec("\\PC{0,12}|[a-z:#, \\[\\]{}'\"\\\\\n\t-]{0,12}", 1..4)) {
            let list = Tree::List(texts.iter().map(Tree::text).collect());
            let written = Tree::Fields(vec![("texts", list)]).to_string();
            let root = Node::parse(&written).unwrap();
            let found: Vec<&Value> = root.field("texts").unwrap().items().iter().map(|node| &node.value).collect();
            let expected: Vec<Value> = texts.iter().map(|text| Value::Scalar(Scalar::Text(text.clone()))).collect();
            prop_assert_eq!(found, expected.iter().collect::<Vec<_>>());
            let read: std::collections::BTreeMap<String, Vec<String>> = serde_yaml::from_str(&written).unwrap();
            prop_assert_eq!(&read["texts"], &texts);
            prop_assert_eq!(root.place_of_name(&FieldPath::of("texts")).line, 1);
        }
    }
}
