//! What the results say beyond the claims: paragraphs whose numbers are taken from the tables when they are written.
//!
//! Where a paragraph says something without a number ("none reaches", "the highest is"), a statement beside it says what has
//! to hold of the tables for it; a paragraph whose words no longer hold fails `claims --check` like a verdict that turned.

use std::collections::BTreeMap;

use figures::{count, printed_unit, three_digits};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::claims::measurement::{Measured, Measurement, Shown, measure};
use crate::claims::query::{Quantity, Query, QueryError};
use crate::folders::Workspace;

/// A space at which no line ends.
const NO_BREAK: &str = "\u{a0}";

/// A paragraph on the results.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// Its short name, which marks its place in README.md.
    pub id: String,
    /// The figure that shows it.
    pub figure: String,
    /// The paragraph; `{name}` stands for one of `numbers` with its unit.
    pub text: String,
    /// The numbers in it, by name.
    pub numbers: BTreeMap<String, Number>,
    /// What has to hold for what it says in words.
    #[serde(default)]
    pub words: Vec<Measurement>,
}

/// A number in a paragraph.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Number {
    /// How it is shown; as it is, with the unit of its column, if left out.
    #[serde(default)]
    pub shown: Shown,
    /// Where it stands.
    pub value: Query,
    /// What it is divided by, if it is.
    pub over: Option<Query>,
}

/// A paragraph with its numbers.
#[derive(Debug, Clone)]
pub struct Written {
    /// The paragraph.
    pub text: String,
    /// What its words say, with whether it holds.
    pub words: Vec<Measured>,
}

impl Finding {
    /// Every number that is asked for.
    pub fn queries(&self) -> impl Iterator<Item = &Query> {
        let numbers =
            self.numbers.values().flat_map(|number| [&number.value].into_iter().chain(&number.over));
        numbers.chain(self.words.iter().flat_map(Measurement::queries))
    }

    /// What is wrong with it by itself, without the tables.
    pub(super) fn check(&self) -> Result<(), String> {
        let named: Vec<&str> = pieces(&self.text).filter_map(|piece| piece.err()).collect();
        if let Some(name) = named.iter().find(|name| !self.numbers.contains_key(**name)) {
            return Err(format!("`{{{name}}}` stands in the text, but not among the `numbers`"));
        }
        if let Some(name) = self.numbers.keys().find(|name| !named.contains(&name.as_str())) {
            return Err(format!("the number `{name}` does not stand in the text"));
        }
        self.words.iter().try_for_each(Measurement::expects_something)
    }

    /// The paragraph with the numbers that the tables give.
    ///
    /// # Errors
    /// If a number is not there.
    pub fn write(&self, workspace: &Workspace) -> Result<Written, QueryError> {
        let mut text = String::new();
        for piece in pieces(self.text.trim()) {
            match piece.map_err(|name| self.numbers.get(name)) {
                Ok(words) => text.push_str(words),
                Err(Some(number)) => text.push_str(&number.write(workspace)?),
                // Refused when the file was read.
                Err(None) => {}
            }
        }
        let words = self.words.iter().map(|words| measure(words, workspace)).collect::<Result<_, _>>()?;
        Ok(Written { text, words })
    }
}

impl Number {
    fn write(&self, workspace: &Workspace) -> Result<String, QueryError> {
        let over = self.over.as_ref().map(|query| query.quantity(workspace)).transpose()?;
        let quantity = self.value.quantity(workspace)?;
        let value = self.shown.of(quantity.value, over.as_ref().map(|over| over.value));
        let number = match (self.shown, over) {
            // A quotient of two columns has lost their unit.
            (Shown::Number, None) => with_unit(&quantity),
            (shown, _) => shown.in_words(value),
        };
        // No line ends between a number and its unit.
        Ok(number.replace(' ', NO_BREAK))
    }
}

/// What stands between braces as `Err`, and what stands around them as `Ok`.
fn pieces(text: &str) -> impl Iterator<Item = Result<&str, &str>> {
    let mut parts = text.split('{');
    let first = parts.next().map(Ok);
    first.into_iter().chain(parts.flat_map(|part| match part.split_once('}') {
        Some((name, after)) => [Err(name), Ok(after)],
        None => [Err(part), Ok("")],
    }))
}

fn with_unit(quantity: &Quantity) -> String {
    let (value, unit) = match (quantity.value, quantity.unit.as_str()) {
        (bytes, "B") if bytes >= 1e6 => (bytes / 1e6, "MB"),
        other => other,
    };
    let number = if value.fract() == 0.0 { count(value) } else { three_digits(value) };
    format!("{number} {}", printed_unit(unit)).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(text: &str, numbers: &[&str]) -> Finding {
        let value =
            Query { table: "fig7/ratios".into(), column: "ratio".into(), rows: BTreeMap::new(), of: None };
        let number = |name: &&str| {
            ((*name).to_owned(), Number { shown: Shown::Number, value: value.clone(), over: None })
        };
        Finding {
            id: "x".into(),
            figure: "fig7".into(),
            text: text.into(),
            numbers: numbers.iter().map(number).collect(),
            words: Vec::new(),
        }
    }

    #[test]
    fn every_name_in_the_text_is_a_number_and_every_number_stands_in_it() {
        assert_eq!(finding("{a} and {b}", &["a", "b"]).check(), Ok(()));
        let missing = finding("{a} and {c}", &["a"]).check().unwrap_err();
        assert_eq!(missing, "`{c}` stands in the text, but not among the `numbers`");
        let unused = finding("{a}", &["a", "b"]).check().unwrap_err();
        assert_eq!(unused, "the number `b` does not stand in the text");
        assert!(finding("an open {brace", &[]).check().is_err());
    }

    #[test]
    fn numbers_carry_the_unit_of_their_column() {
        let said = |value, unit: &str| with_unit(&Quantity { value, unit: unit.into() });
        assert_eq!(said(4065.23, "uJ"), "4070 µJ");
        assert_eq!(said(29_697_600.0, "B"), "29.7 MB");
        assert_eq!(said(49.0, ""), "49");
        assert_eq!(said(0.0370, ""), "0.0370");
        assert_eq!(said(110.119, "mm2"), "110 mm²");
    }
}
