//! JSON Schemas, derived from the types that read files.

use schemars::{JsonSchema, schema_for};
use serde_json::{Map, Value};

/// The schema of a type.
pub fn schema_of<T: JsonSchema>() -> Value {
    without_pointers(schema_for!(T).to_value())
}

/// A schema without comments that only point at other code: they say nothing to somebody who writes a file.
pub fn without_pointers(mut schema: Value) -> Value {
    let types = schema.get_mut("$defs").and_then(Value::as_object_mut);
    for of_type in types.into_iter().flat_map(Map::values_mut) {
        let points =
            of_type.get("description").and_then(Value::as_str).is_some_and(|text| text.starts_with("See [`"));
        if let (true, Some(of_type)) = (points, of_type.as_object_mut()) {
            of_type.remove("description");
        }
    }
    schema
}
