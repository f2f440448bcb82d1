//! The JSON Schema of a name.

use schemars::{Schema, json_schema};
use serde_json::{Value, json};

use crate::{Named, without_indent};

/// The keyword for names that are still read but no longer written. Editors pass over it, and so never suggest them.
pub const ONCE: &str = "x-once";

/// One of the names, each with what it means.
#[doc(hidden)]
pub fn schema<T: Named>() -> Schema {
    let names: Vec<Value> = T::VARIANTS
        .iter()
        .map(|variant| json!({"description": variant.meaning(), "type": "string", "const": variant.name}))
        .collect();
    let mut schema = json_schema!({"description": without_indent(T::DOCUMENTATION), "oneOf": names});
    let once: Vec<&str> = T::VARIANTS.iter().flat_map(|variant| variant.once).copied().collect();
    if !once.is_empty() {
        schema.insert(ONCE.to_owned(), json!(once));
    }
    schema
}
