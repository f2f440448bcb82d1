//! The JSON Schema of a name.

use schemars::{Schema, json_schema};
use serde_json::{Value, json};

use crate::{Named, without_indent};

/// One of the names, each with what it means.
#[doc(hidden)]
pub fn schema<T: Named>() -> Schema {
    let names: Vec<Value> = T::VARIANTS
        .iter()
        .map(|variant| json!({"description": variant.meaning(), "type": "string", "const": variant.name}))
        .collect();
    json_schema!({"description": without_indent(T::DOCUMENTATION), "oneOf": names})
}
