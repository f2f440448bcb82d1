//! YAML with the place of every value: what messages about a manifest point at.

use std::fmt;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle};

/// Nobody nests a manifest deeper; it bounds the recursion of everything that walks one.
const DEEPEST: usize = 64;

/// Where something stands in a text, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub line: usize,
    /// The column, in characters.
    pub column: usize,
}

impl From<Marker> for Place {
    fn from(marker: Marker) -> Self {
        Self { line: marker.line().max(1), column: marker.col() + 1 }
    }
}

/// A value with its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Where it begins.
    pub place: Place,
    /// What it is.
    pub value: Value,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A null, a flag, a number or a text.
    Scalar(Scalar),
    List(Vec<Node>),
    /// Fields in the order of the text, each name with its place.
    Fields(Vec<(Key, Node)>),
    /// A reference to an anchor or a value with a tag: not looked into here.
    Opaque,
}

/// The name of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Where it begins.
    pub place: Place,
    pub name: String,
}

/// A value without parts.
#[derive(Debug, Clone, PartialEq)]
pub enum Scalar {
    /// Nothing.
    Null,
    /// True or false.
    Flag(bool),
    /// A whole number; those beyond `i128` are real.
    Whole(i128),
    /// A real number.
    Real(f64),
    Text(String),
}

impl Scalar {
    /// What a scalar without quotes stands for, by the rules of the reader that fills our types.
    fn plain(text: &str) -> Self {
        match text {
            "" | "~" | "null" | "Null" | "NULL" => return Self::Null,
            "true" | "True" | "TRUE" => return Self::Flag(true),
            "false" | "False" | "FALSE" => return Self::Flag(false),
            ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => return Self::Real(f64::INFINITY),
            "-.inf" | "-.Inf" | "-.INF" => return Self::Real(f64::NEG_INFINITY),
            ".nan" | ".NaN" | ".NAN" => return Self::Real(f64::NAN),
            _ => {}
        }
        let (negative, digits) = match text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let radix = [("0x", 16), ("0o", 8), ("0b", 2)];
        let in_radix = radix.iter().find_map(|(prefix, radix)| Some((digits.strip_prefix(prefix)?, *radix)));
        let (digits, radix) = in_radix.unwrap_or((digits, 10));
        let padded = radix == 10 && digits.len() > 1 && digits.starts_with('0');
        let numeric = digits.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '.');
        if !padded
            && numeric
            && let Ok(number) = i128::from_str_radix(digits, radix)
        {
            return Self::Whole(if negative { -number } else { number });
        }
        let whole_and_padded = padded && digits.bytes().all(|byte| byte.is_ascii_digit());
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() && numeric && !whole_and_padded => Self::Real(number),
            _ => Self::Text(text.to_owned()),
        }
    }
}

impl fmt::Display for Scalar {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => out.write_str("null"),
            Self::Flag(flag) => write!(out, "{flag}"),
            Self::Whole(number) => write!(out, "{number}"),
            Self::Real(number) => write!(out, "{number}"),
            Self::Text(text) => write!(out, "`{text}`"),
        }
    }
}

/// Where a field stands in a file: the names and numbers on the way to it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FieldPath(Vec<Step>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Field(String),
    Item(usize),
}

impl FieldPath {
    /// A field of the whole file.
    pub fn of(name: &str) -> Self {
        Self::default().field(name)
    }

    /// A field of what stands here.
    #[must_use]
    pub fn field(&self, name: &str) -> Self {
        self.then(Step::Field(name.to_owned()))
    }

    /// An element of the list that stands here, counted from 0.
    #[must_use]
    pub fn item(&self, index: usize) -> Self {
        self.then(Step::Item(index))
    }

    fn then(&self, step: Step) -> Self {
        Self(self.0.iter().cloned().chain([step]).collect())
    }

    /// Whether it is the whole file.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
            match step {
                Step::Field(name) if position == 0 => out.write_str(name)?,
                Step::Field(name) => write!(out, ".{name}")?,
                Step::Item(index) => write!(out, "[{index}]")?,
            }
        }
        Ok(())
    }
}

impl Node {
    /// The first document of a text.
    ///
    /// # Errors
    /// If the text is not YAML, with the place where it stops being so.
    pub fn parse(text: &str) -> Result<Self, (Place, String)> {
        let mut open: Vec<Open> = Vec::new();
        for event in Parser::new_from_str(text) {
            let (event, span) = event.map_err(|error| ((*error.marker()).into(), error.info().to_owned()))?;
            let place = span.start.into();
            let finished = match event {
                Event::Scalar(text, style, _, tag) => {
                    let value = match (tag, style) {
                        (Some(_), _) => Value::Opaque,
                        (None, ScalarStyle::Plain) => Value::Scalar(Scalar::plain(&text)),
                        (None, _) => Value::Scalar(Scalar::Text(text.into_owned())),
                    };
                    Self { place, value }
                }
                Event::Alias(_) => Self { place, value: Value::Opaque },
                Event::SequenceStart(_, tag) | Event::MappingStart(_, tag) if open.len() >= DEEPEST => {
                    let _ = tag;
                    return Err((place, format!("nested deeper than {DEEPEST} levels")));
                }
                Event::SequenceStart(..) => {
                    open.push(Open { place, value: Value::List(Vec::new()), key: None });
                    continue;
                }
                Event::MappingStart(..) => {
                    open.push(Open { place, value: Value::Fields(Vec::new()), key: None });
                    continue;
                }
                Event::SequenceEnd | Event::MappingEnd => match open.pop() {
                    Some(open) => Self { place: open.place, value: open.value },
                    None => continue,
                },
                Event::Nothing
                | Event::StreamStart
                | Event::StreamEnd
                | Event::DocumentStart(_)
                | Event::DocumentEnd => continue,
            };
            match open.last_mut() {
                Some(holder) => holder.take(finished),
                None => return Ok(finished),
            }
        }
        Ok(Self { place: Place { line: 1, column: 1 }, value: Value::Scalar(Scalar::Null) })
    }

    /// The fields; none of what has none.
    pub fn fields(&self) -> &[(Key, Self)] {
        match &self.value {
            Value::Fields(fields) => fields,
            _ => &[],
        }
    }

    /// A field by name.
    pub fn field(&self, name: &str) -> Option<&Self> {
        self.fields().iter().find(|(key, _)| key.name == name).map(|(_, node)| node)
    }

    /// The elements of a list; none of what is none.
    pub fn items(&self) -> &[Self] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    /// The place of a field's name; of the nearest thing around it that is there.
    pub fn place_of_name(&self, path: &FieldPath) -> Place {
        self.reached(path).0
    }

    /// The place of a field; of the nearest thing around it that is there.
    pub fn place_of(&self, path: &FieldPath) -> Place {
        self.reached(path).1.place
    }

    /// A field with the place of its name; the nearest thing around it that is there, with its own place.
    fn reached(&self, path: &FieldPath) -> (Place, &Self) {
        let (mut place, mut node) = (self.place, self);
        for step in &path.0 {
            let next = match step {
                Step::Field(name) => {
                    let field = node.fields().iter().find(|(key, _)| key.name == *name);
                    field.map(|(key, node)| (key.place, node))
                }
                Step::Item(index) => node.items().get(*index).map(|node| (node.place, node)),
            };
            match next {
                Some(next) => (place, node) = next,
                None => return (node.place, node),
            }
        }
        (place, node)
    }
}

/// A list or a mapping whose end has not come yet.
struct Open {
    place: Place,
    value: Value,
    key: Option<Key>,
}

impl Open {
    fn take(&mut self, node: Node) {
        match (&mut self.value, self.key.take()) {
            (Value::List(items), _) => items.push(node),
            (Value::Fields(fields), Some(key)) => fields.push((key, node)),
            (Value::Fields(_), None) => {
                let name = match node.value {
                    Value::Scalar(Scalar::Text(name)) => name,
                    Value::Scalar(scalar) => scalar.to_string(),
                    _ => "?".to_owned(),
                };
                self.key = Some(Key { place: node.place, name });
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_knows_its_place() {
        let root = Node::parse("# a comment\na: 1\nb:\n  - {c: x, d: [1.5, ~]}\n").unwrap();
        let d = FieldPath::of("b").item(0).field("d").item(1);
        assert_eq!(d.to_string(), "b[0].d[1]");
        assert_eq!(root.place_of(&d), Place { line: 4, column: 21 });
        assert_eq!(root.place_of(&FieldPath::of("b").item(0).field("no")), Place { line: 4, column: 5 });
    }

    #[test]
    fn scalars_are_what_the_reader_of_our_types_takes_them_for() {
        for text in [
            "~", "", "true", "12", "-3", "0x1f", "012", "1.5", "1e3", "-0.5", ".inf", "inf", "nan", "a",
            "1_0", "+7",
        ] {
            let ours = Scalar::plain(text);
            let theirs: serde_yaml::Value = serde_yaml::from_str(text).unwrap();
            let same = match (&ours, &theirs) {
                (Scalar::Null, serde_yaml::Value::Null) => true,
                (Scalar::Flag(ours), serde_yaml::Value::Bool(theirs)) => ours == theirs,
                (Scalar::Whole(ours), serde_yaml::Value::Number(theirs)) => {
                    theirs.as_i64() == i64::try_from(*ours).ok()
                }
                (Scalar::Real(ours), serde_yaml::Value::Number(theirs)) => {
                    !theirs.is_i64() && theirs.as_f64() == Some(*ours)
                }
                (Scalar::Text(ours), serde_yaml::Value::String(theirs)) => ours == theirs,
                _ => false,
            };
            assert!(same, "{text}: {ours:?}, {theirs:?}");
        }
    }

    #[test]
    fn depth_is_bounded() {
        assert!(Node::parse(&"[".repeat(100_000)).is_err());
    }
}
