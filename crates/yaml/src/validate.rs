//! A file against the JSON Schema of its type, so that everything that is wrong with it is found at once.
//!
//! Of JSON Schema this knows what our types lead to: `type`, `enum`, `const`, `minimum`, `maximum` and their exclusive forms,
//! `minItems`, `items`, `properties`, `required`, `additionalProperties`, `anyOf`, `oneOf`, `$ref`, [`NAME_OF`] and [`ONCE`].

use std::collections::BTreeSet;

use names::{ONCE, suggestion};
use serde_json::{Map, Value as Json};

use crate::place::{FieldPath, Key, Node, Place, Scalar, Value};

/// More that is wrong with a file nobody reads.
const MOST_FOUND: usize = 100;

/// The keyword of a schema that says of which kind of file a text has to be the name. Editors pass over it.
pub const NAME_OF: &str = "x-name-of";

/// The files that a text may name.
pub trait Files {
    /// The names that there are of a kind of file, sorted; nothing if there is no such kind, or they cannot be listed.
    fn names(&self, kind: &str) -> Option<Vec<String>>;
}

/// What is wrong and where.
pub type Found = (Place, String);

/// What a file is by a schema.
#[derive(Debug, Default)]
pub struct Validated {
    /// Everything in which it differs from what the schema asks for.
    pub found: Vec<Found>,
    /// The files that it names, by kind and name.
    pub named: BTreeSet<(String, String)>,
}

/// Holds a file against a schema. Names of files are looked up among those that there are, if they are told.
pub fn validate(root: &Node, schema: &Json, files: Option<&dyn Files>) -> Validated {
    let mut walk = Walk { schema, files, found: Vec::new(), named: BTreeSet::new() };
    walk.value(root, schema, &FieldPath::default());
    Validated { found: walk.found, named: walk.named }
}

struct Walk<'s> {
    schema: &'s Json,
    files: Option<&'s dyn Files>,
    found: Vec<Found>,
    named: BTreeSet<(String, String)>,
}

impl<'s> Walk<'s> {
    fn report(&mut self, place: Place, path: &FieldPath, message: &str) {
        let message = if path.is_root() { message.to_owned() } else { format!("{path}: {message}") };
        self.found.push((place, message));
    }

    /// What a schema says once its references are followed.
    fn resolved(&self, schema: &'s Json) -> &'s Json {
        let mut schema = schema;
        // A chain of references is short; one that never ends would be a mistake of ours.
        for _ in 0..8 {
            let target = schema.get("$ref").and_then(Json::as_str);
            let target = target.and_then(|target| self.schema.pointer(target.trim_start_matches('#')));
            match target {
                Some(target) => schema = target,
                None => break,
            }
        }
        schema
    }

    fn value(&mut self, node: &Node, schema: &'s Json, path: &FieldPath) {
        if matches!(node.value, Value::Opaque) {
            return;
        }
        if self.found.len() >= MOST_FOUND {
            return;
        }
        let Json::Object(schema) = self.resolved(schema) else { return };
        if let (Value::Scalar(Scalar::Text(text)), Some(Json::Array(once))) = (&node.value, schema.get(ONCE))
            && once.iter().any(|name| name == text)
        {
            return;
        }
        if let Some(Json::Array(alternatives)) = schema.get("anyOf").or_else(|| schema.get("oneOf")) {
            return self.alternatives(node, alternatives, path);
        }
        if !self.has_type(node, schema, path) {
            return;
        }
        match &node.value {
            Value::Scalar(scalar) => self.scalar(node.place, scalar, schema, path),
            Value::List(items) => {
                let least = schema.get("minItems").and_then(Json::as_u64).unwrap_or(0);
                if (items.len() as u64) < least {
                    let found =
                        if items.is_empty() { "empty".to_owned() } else { format!("{} long", items.len()) };
                    let least = if least == 1 { "one".to_owned() } else { least.to_string() };
                    self.found.push((node.place, format!("{path} is {found}; expected at least {least}")));
                }
                if let Some(of_item) = schema.get("items") {
                    for (index, item) in items.iter().enumerate() {
                        self.value(item, of_item, &path.item(index));
                    }
                }
            }
            Value::Fields(fields) => self.fields(node, fields, schema, path),
            Value::Opaque => {}
        }
    }

    fn has_type(&mut self, node: &Node, schema: &Map<String, Json>, path: &FieldPath) -> bool {
        let wanted: Vec<&str> = match schema.get("type") {
            Some(Json::String(one)) => vec![one],
            Some(Json::Array(several)) => several.iter().filter_map(Json::as_str).collect(),
            _ => return true,
        };
        let has = |name: &str| match (&node.value, name) {
            (Value::List(_), "array") | (Value::Fields(_), "object") => true,
            (Value::Scalar(scalar), name) => matches!(
                (scalar, name),
                (Scalar::Null, "null")
                    | (Scalar::Flag(_), "boolean")
                    | (Scalar::Whole(_), "integer" | "number")
                    | (Scalar::Real(_), "number")
                    | (Scalar::Text(_), "string")
            ),
            _ => false,
        };
        if wanted.iter().any(|name| has(name)) {
            return true;
        }
        let found = match &node.value {
            Value::Scalar(Scalar::Text(text)) => format!("the text `{text}`"),
            Value::Scalar(Scalar::Null) => "nothing".to_owned(),
            Value::Scalar(scalar) if wanted.contains(&"string") => {
                format!("{scalar}, which needs quotes to be a text")
            }
            Value::Scalar(scalar) => scalar.to_string(),
            Value::List(_) => "a list".to_owned(),
            Value::Fields(_) | Value::Opaque => "fields".to_owned(),
        };
        let expected: Vec<&str> =
            wanted.iter().filter(|name| **name != "null").map(|name| called(name)).collect();
        let mut expected = expected.join(" or ");
        if let Some(choices) = schema.get("enum").and_then(Json::as_array) {
            expected = format!("{expected}, one of: {}", joined(choices.iter().filter_map(Json::as_str)));
        }
        self.report(node.place, path, &format!("found {found}; expected {expected}"));
        false
    }

    fn scalar(&mut self, place: Place, scalar: &Scalar, schema: &Map<String, Json>, path: &FieldPath) {
        if let Scalar::Text(text) = scalar {
            let one = schema.get("const").map(std::slice::from_ref);
            let several = schema.get("enum").and_then(Json::as_array).map(Vec::as_slice);
            if let Some(choices) = one.or(several) {
                let choices: Vec<String> =
                    choices.iter().filter_map(Json::as_str).map(str::to_owned).collect();
                return self.choice(place, text, &choices, path);
            }
            if let Some(pattern) = schema.get("pattern").and_then(Json::as_str)
                && !matches_numbered(pattern, text)
            {
                return self.choice(place, text, &[pattern_in_words(pattern)], path);
            }
            let kind = schema.get(NAME_OF).and_then(Json::as_str);
            self.named.extend(kind.map(|kind| (kind.to_owned(), text.clone())));
            if let Some((kind, catalog)) = kind.zip(self.files)
                && let Some(known) = catalog.names(kind)
                && !known.contains(text)
            {
                let there = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
                let meant = suggestion(text, &known);
                self.report(place, path, &format!("there is no {kind} `{text}`{meant}; there are: {there}"));
            }
        }
        let number = match scalar {
            Scalar::Whole(number) => *number as f64,
            Scalar::Real(number) => *number,
            _ => return,
        };
        type Holds = fn(f64, f64) -> bool;
        let bounds: [(&str, &str, Holds); 4] = [
            ("minimum", "at least", |number, bound| number >= bound),
            ("maximum", "at most", |number, bound| number <= bound),
            ("exclusiveMinimum", "more than", |number, bound| number > bound),
            ("exclusiveMaximum", "less than", |number, bound| number < bound),
        ];
        let bounds = bounds
            .iter()
            .filter_map(|(keyword, words, holds)| Some((schema.get(*keyword)?.as_f64()?, words, holds)));
        let bounds: Vec<_> = bounds.collect();
        if bounds.iter().any(|(bound, _, holds)| !holds(number, *bound)) {
            let expected: Vec<String> =
                bounds.iter().map(|(bound, words, _)| format!("{words} {bound}")).collect();
            self.found.push((place, format!("{path} is {scalar}; expected {}", expected.join(" and "))));
        }
    }

    fn choice(&mut self, place: Place, text: &str, choices: &[String], path: &FieldPath) {
        if !choices.iter().any(|choice| choice == text) {
            let meant = suggestion(text, choices);
            self.report(
                place,
                path,
                &format!("unknown value `{text}`{meant}; there are: {}", choices.join(", ")),
            );
        }
    }

    fn fields(
        &mut self,
        node: &Node,
        fields: &[(Key, Node)],
        schema: &'s Map<String, Json>,
        path: &FieldPath,
    ) {
        let none = Map::new();
        let properties = schema.get("properties").and_then(Json::as_object);
        let names: Vec<String> = properties.unwrap_or(&none).keys().cloned().collect();
        let mut meant_fields = Vec::new();
        let mut earlier: BTreeSet<&str> = BTreeSet::new();
        for (key, value) in fields {
            if self.found.len() >= MOST_FOUND {
                return;
            }
            if !earlier.insert(&key.name) {
                self.report(key.place, path, &format!("field `{}` stands here a second time", key.name));
            }
            let known = properties.and_then(|properties| properties.get(&key.name));
            match (known, schema.get("additionalProperties")) {
                (Some(of_field), _) => self.value(value, of_field, &path.field(&key.name)),
                (None, Some(Json::Bool(false))) => {
                    let meant = suggestion(&key.name, &names);
                    meant_fields.extend(names.iter().filter(|name| meant.contains(&format!("`{name}`"))));
                    let message =
                        format!("unknown field `{}`{meant}; there are: {}", key.name, names.join(", "));
                    self.report(key.place, path, &message);
                }
                (None, Some(of_any)) => self.value(value, of_any, &path.field(&key.name)),
                (None, None) => {}
            }
        }
        let required = schema.get("required").and_then(Json::as_array).into_iter().flatten();
        // One that is there under a misspelt name is told already.
        let is_there = |name: &str| {
            fields.iter().any(|(key, _)| key.name == name) || meant_fields.iter().any(|meant| *meant == name)
        };
        let missing = required.filter_map(Json::as_str).filter(|name| !is_there(name));
        let missing: Vec<String> = missing.map(|name| format!("`{name}`")).collect();
        if !missing.is_empty() {
            let several = if missing.len() > 1 { "s" } else { "" };
            self.report(node.place, path, &format!("missing field{several} {}", missing.join(", ")));
        }
    }

    fn alternatives(&mut self, node: &Node, alternatives: &'s [Json], path: &FieldPath) {
        let schemas: Vec<&'s Json> = alternatives.iter().map(|schema| self.resolved(schema)).collect();
        let is_null = |schema: &&Json| schema.get("type").and_then(Json::as_str) == Some("null");
        if matches!(node.value, Value::Scalar(Scalar::Null)) && schemas.iter().any(is_null) {
            return;
        }
        let schemas: Vec<&'s Json> = schemas.into_iter().filter(|schema| !is_null(schema)).collect();
        if let [only] = schemas[..] {
            return self.value(node, only, path);
        }
        if let Value::Fields(fields) = &node.value
            && (self.by_kind(node, &schemas, path) || self.by_only_field(node, fields, &schemas, path))
        {
            return;
        }
        let fitting = schemas.iter().find_map(|schema| {
            let (found, named) = (Vec::new(), BTreeSet::new());
            let mut apart = Walk { schema: self.schema, files: self.files, found, named };
            apart.value(node, schema, path);
            apart.found.is_empty().then_some(apart.named)
        });
        match fitting {
            Some(named) => self.named.extend(named),
            None => self.expected_one_of(node, &schemas, path),
        }
    }

    /// Of fields, the alternative that is meant may be told by a field that holds its kind: whether it is.
    fn by_kind(&mut self, node: &Node, schemas: &[&'s Json], path: &FieldPath) -> bool {
        let tag = |schema: &'s Json| {
            let properties = schema.get("properties")?.as_object()?;
            properties.iter().find_map(|(name, of)| Some((name.as_str(), of.get("const")?.as_str()?)))
        };
        let tags: Vec<_> = schemas.iter().filter_map(|schema| tag(schema)).collect();
        let Some((name, _)) = tags.first().filter(|_| tags.len() == schemas.len()) else { return false };
        let found = node.field(name);
        let Some(Value::Scalar(Scalar::Text(kind))) = found.map(|node| &node.value) else {
            let kinds = joined(tags.iter().map(|(_, kind)| *kind));
            self.report(node.place, path, &format!("missing field `{name}`; there are: {kinds}"));
            return true;
        };
        match (tags.iter().position(|(_, known)| known == kind), found) {
            (Some(meant), _) => self.value(node, schemas[meant], path),
            (None, Some(at)) => {
                let kinds: Vec<String> = tags.iter().map(|(_, kind)| (*kind).to_owned()).collect();
                self.choice(at.place, kind, &kinds, &path.field(name));
            }
            (None, None) => {}
        }
        true
    }

    /// Of fields, the alternative that is meant may be told by the name of the only one: whether it is.
    fn by_only_field(
        &mut self,
        node: &Node,
        fields: &[(Key, Node)],
        schemas: &[&'s Json],
        path: &FieldPath,
    ) -> bool {
        let property = |schema: &'s Json| schema.get("properties")?.as_object()?.keys().next();
        let single: Vec<&String> = schemas.iter().filter_map(|schema| property(schema)).collect();
        let [(key, _)] = fields else { return false };
        if single.len() != schemas.len() {
            return false;
        }
        match single.iter().position(|name| **name == key.name) {
            Some(meant) => self.value(node, schemas[meant], path),
            None => {
                let names: Vec<String> = single.into_iter().cloned().collect();
                let meant = suggestion(&key.name, &names);
                let message = format!("unknown field `{}`{meant}; there are: {}", key.name, names.join(", "));
                self.report(key.place, path, &message);
            }
        }
        true
    }

    /// Says what a value should have been.
    fn expected_one_of(&mut self, node: &Node, schemas: &[&'s Json], path: &FieldPath) {
        let mut choices = Vec::new();
        let mut types = Vec::new();
        for schema in schemas {
            let one = schema.get("const").map(std::slice::from_ref);
            let several = schema.get("enum").and_then(Json::as_array).map(Vec::as_slice);
            choices.extend(one.or(several).into_iter().flatten().filter_map(Json::as_str).map(str::to_owned));
            choices.extend(schema.get("pattern").and_then(Json::as_str).map(pattern_in_words));
            types.extend(schema.get("type").and_then(Json::as_str).map(called));
        }
        match &node.value {
            Value::Scalar(Scalar::Text(text)) if !choices.is_empty() => {
                self.choice(node.place, text, &choices, path);
            }
            _ => {
                types.dedup();
                let mut expected = types.join(" or ");
                if !choices.is_empty() {
                    expected = format!("{expected}, one of: {}", choices.join(", "));
                }
                self.report(node.place, path, &format!("expected {expected}"));
            }
        }
    }
}

/// A type as a reader is told.
fn called(name: &str) -> &str {
    match name {
        "string" => "a text",
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "true or false",
        "array" => "a list",
        "object" => "fields",
        other => other,
    }
}

/// Whether a text is what the one kind of pattern that our schemas have asks for: `^PREFIX[0-9]+$`.
fn matches_numbered(pattern: &str, text: &str) -> bool {
    let prefix = pattern.trim_matches(['^', '$']).trim_end_matches("[0-9]+");
    let digits = text.strip_prefix(prefix);
    digits.is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Such a pattern as a reader is told.
fn pattern_in_words(pattern: &str) -> String {
    pattern.trim_matches(['^', '$']).replace("[0-9]+", "COUNT")
}

fn joined<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}
