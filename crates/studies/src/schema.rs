//! JSON Schemas of the files that people write, derived from the types that read them and from the parameters that models declare.

use clap::ValueEnum;
use faults::{LiteratureEndurance, LiteratureRates};
use rtm_ap::{ProcessorDesign, ProcessorParameters, TrackParameters};
use schemars::{JsonSchema, SchemaGenerator, schema_for};
use serde_json::{Map, Value, json};
use technology::{Declaration, Distribution, Mark, Parameters};

use crate::claims::Claims;
use crate::manifest::WrittenManifest;
use crate::studies::fault_comparison::AnalogParameters;

/// The kinds of files that have a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SchemaKind {
    /// A manifest: `experiments/*.yaml`
    Experiment,
    /// The claims: `experiments/claims.yaml`
    Claims,
    /// A network: `experiments/networks/*.yaml`
    Network,
    /// A technology of the associative processor: `experiments/technology/rtm-ap/*.yaml`
    RtmAp,
    /// A technology of a crossbar: `experiments/technology/crossbar/*.yaml`
    Crossbar,
    /// A technology of a digital array: `experiments/technology/digital/*.yaml`
    Digital,
    /// Fault rates: `experiments/technology/faults/*.yaml`
    Faults,
    /// Endurances: `experiments/technology/endurance/*.yaml`
    Endurance,
    /// Non-idealities of crossbars: `experiments/technology/analog/*.yaml`
    Analog,
}

impl SchemaKind {
    /// Every kind.
    pub const ALL: [Self; 9] = [
        Self::Experiment,
        Self::Claims,
        Self::Network,
        Self::RtmAp,
        Self::Crossbar,
        Self::Digital,
        Self::Faults,
        Self::Endurance,
        Self::Analog,
    ];

    /// The name on the command line and of the schema's file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Experiment => "experiment",
            Self::Claims => "claims",
            Self::Network => "network",
            Self::RtmAp => "rtm-ap",
            Self::Crossbar => "crossbar",
            Self::Digital => "digital",
            Self::Faults => "faults",
            Self::Endurance => "endurance",
            Self::Analog => "analog",
        }
    }

    /// The schema.
    pub fn schema(self) -> Value {
        match self {
            Self::Experiment => schema_of::<WrittenManifest>(),
            Self::Claims => schema_of::<Claims>(),
            Self::Network => schema_of::<network::NetworkDescription>(),
            Self::RtmAp => technology::<ProcessorDesign>(
                "Technology of the associative processor",
                &[ProcessorParameters::DECLARATIONS, TrackParameters::DECLARATIONS].concat(),
                // Which of both a file gives is said by `design.shift`.
                &["shift.", "track."],
            ),
            Self::Crossbar => technology::<crossbar::Design>(
                "Technology of a crossbar",
                crossbar::CrossbarParameters::DECLARATIONS,
                &[],
            ),
            Self::Digital => technology::<digital::ArrayDesign>(
                "Technology of a digital array",
                digital::ArrayParameters::DECLARATIONS,
                &[],
            ),
            Self::Faults => technology::<()>("Fault rates", LiteratureRates::DECLARATIONS, &[]),
            Self::Endurance => technology::<()>("Endurances", LiteratureEndurance::DECLARATIONS, &[]),
            Self::Analog => {
                technology::<()>("Non-idealities of crossbars", AnalogParameters::DECLARATIONS, &[])
            }
        }
    }

    /// The schema as its file holds it.
    pub fn text(self) -> String {
        format!("{:#}\n", self.schema())
    }
}

/// The schema of a type.
pub fn schema_of<T: JsonSchema>() -> Value {
    let mut schema = schema_for!(T).to_value();
    // Comments that only point at other code say nothing to somebody who writes a file.
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

/// The schema of a technology file with a design and the declared parameters; those under `optional` prefixes may be left out.
fn technology<D: JsonSchema>(title: &str, declarations: &[Declaration], optional: &[&str]) -> Value {
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
            "distribution": generator.subschema_for::<Distribution>(),
        },
        "required": ["value", "unit", "low", "high", "source", "mark"],
        "additionalProperties": false,
    })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::*;
    use crate::manifest::{Document, Manifest};

    const REWRITE: &str = "TRITRACK_REWRITE_EXPECTATIONS";

    fn experiments() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments")
    }

    /// The committed files of a kind.
    fn files(kind: SchemaKind) -> Vec<PathBuf> {
        let folder = match kind {
            SchemaKind::Experiment | SchemaKind::Claims => experiments(),
            SchemaKind::Network => experiments().join("networks"),
            _ => experiments().join("technology").join(kind.name()),
        };
        let mut files: Vec<PathBuf> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.retain(|path| {
            let claims = path.file_stem().is_some_and(|stem| stem == "claims");
            path.extension().is_some_and(|extension| extension == "yaml")
                && match kind {
                    SchemaKind::Experiment => !claims,
                    SchemaKind::Claims => claims,
                    _ => true,
                }
        });
        files.sort();
        files
    }

    #[test]
    fn every_committed_file_is_of_the_form_of_its_schema() {
        for kind in SchemaKind::ALL {
            let schema = kind.schema();
            let files = files(kind);
            assert!(!files.is_empty(), "{kind:?}");
            for path in files {
                let text = fs::read_to_string(&path).unwrap();
                let mut document = Document::parse(&text, &path).unwrap();
                document.hold_against(&schema, None);
                if let Err(error) = document.reject_if_any(Vec::new()) {
                    panic!("{error}");
                }
            }
        }
    }

    #[test]
    fn every_committed_manifest_can_be_loaded_and_what_it_names_is_there() {
        for path in files(SchemaKind::Experiment) {
            Manifest::load(&path).unwrap();
        }
        Claims::load(&experiments().join("claims.yaml")).unwrap();
    }

    #[test]
    fn every_committed_file_names_its_schema_in_its_first_line() {
        for kind in SchemaKind::ALL {
            for path in files(kind) {
                let text = fs::read_to_string(&path).unwrap();
                let first = text.lines().next().unwrap_or_default();
                let named = first.strip_prefix("# yaml-language-server: $schema=");
                let named = named.map(|name| path.parent().unwrap().join(name).canonicalize().unwrap());
                let schema = experiments().join("schemas").join(format!("{}.json", kind.name()));
                assert_eq!(named, Some(schema.canonicalize().unwrap()), "{}", path.display());
            }
        }
    }

    #[test]
    fn the_schema_files_are_those_of_the_types() {
        for kind in SchemaKind::ALL {
            let path = experiments().join("schemas").join(format!("{}.json", kind.name()));
            if std::env::var_os(REWRITE).is_some() {
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(&path, kind.text()).unwrap();
            }
            let committed = fs::read_to_string(&path).unwrap_or_default();
            assert!(committed == kind.text(), "set {REWRITE}=1 to rewrite {}", path.display());
        }
    }
}
