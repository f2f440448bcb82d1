//! Schemas of technology files, derived from the parameters that models declare.

use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};
use technology::{Declaration, Distribution, Mark};

/// The schema of a technology file with a design and the declared parameters; those under `optional` prefixes may be left out.
pub fn technology_schema<D: JsonSchema>(
    title: &str,
    declarations: &[Declaration],
    optional: &[&str],
) -> Value {
    let mut generator = SchemaGenerator::default();
    let design = generator.subschema_for::<D>();
    let parameter = parameter(&mut generator);
    let mut sections: Map<String, Value> = Map::new();
    for declaration in declarations {
        let Some((section, name)) = declaration.path.split_once('.') else { continue };
        let section = sections.entry(section).or_insert_with(
            || json!({ "type": "object", "properties": {}, "required": [], "additionalProperties": false }),
        );
        let description = format!("{} In multiples of {}.", declaration.meaning, declaration.base_unit());
        section["properties"][name] = json!({ "$ref": "#/$defs/Parameter", "description": description });
        let may_miss = optional.iter().any(|prefix| declaration.path.starts_with(prefix));
        if let (false, Value::Array(required)) = (may_miss, &mut section["required"]) {
            required.push(name.into());
        }
    }
    let required = sections.iter().filter(|(_, section)| section["required"] != json!([]));
    let required: Vec<&String> = required.map(|(name, _)| name).collect();
    let parameters = json!({
        "description": "What the parts cost, in sections.",
        "type": "object", "properties": sections, "required": required, "additionalProperties": false,
    });
    let mut definitions = generator.take_definitions(true);
    definitions.insert("Parameter".to_owned(), parameter);
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        "type": "object",
        "properties": {
            "name": { "description": "The name that manifests and tables use.", "type": "string" },
            "title": { "description": "One line for a figure's legend.", "type": "string" },
            "components": { "description": "The component library that parts are counted in.", "type": "string" },
            "design": design,
            "parameters": parameters,
        },
        "required": ["name", "title", "design", "parameters"],
        "additionalProperties": false,
        "$defs": definitions,
    })
}

/// The schema of one parameter.
fn parameter(generator: &mut SchemaGenerator) -> Value {
    json!({
        "description": "A value with its range, its source, and how far it can be trusted.",
        "type": "object",
        "properties": {
            "value": { "description": "The value, in `unit`.", "type": "number" },
            // `1`, the unit of plain numbers, may stand without quotes.
            "unit": { "description": "The unit, such as fJ/bit.", "type": ["string", "integer"] },
            "low": { "description": "The 5 % point, in `unit`.", "type": "number" },
            "high": { "description": "The 95 % point, in `unit`.", "type": "number" },
            "source": { "description": "Where the value comes from.", "type": "string", "minLength": 1 },
            "mark": generator.subschema_for::<Mark>(),
            "of": {
                "description": "What the part is made of: components of the library and how many of each.",
                "type": "object", "additionalProperties": { "type": "number", "exclusiveMinimum": 0 }, "minProperties": 1,
            },
            "within": {
                "description": "5 % and 95 % points over what the components come to, for what the part's design leaves open.",
                "type": "array", "items": { "type": "number", "exclusiveMinimum": 0 }, "minItems": 2, "maxItems": 2,
            },
            "distribution": generator.subschema_for::<Distribution>(),
        },
        "required": ["unit", "source"],
        "additionalProperties": false,
    })
}
