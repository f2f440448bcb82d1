//! What there is in a workspace: kinds of studies and of files, as the program that runs it says.

use std::path::Path;

use serde_json::{Map, Value, json};
use technology::ParameterSet;

use crate::catalog::FileKind;
use crate::claims::Claims;
use crate::error::Failure;
use crate::study::StudyKind;
use yaml::schema_of;

/// Everything that the engine is told.
#[derive(Debug)]
pub struct Registry {
    /// The kinds of studies, in the order in which they are told.
    pub studies: &'static [StudyKind],
    /// The kinds of files that manifests name.
    pub files: &'static [FileKind],
    /// Data that users bring themselves, by name.
    pub users_data: &'static [&'static str],
    /// The program, as far as results depend on it: another text, and all results are stale.
    pub program: &'static str,
    /// The version of the program, as results name it.
    pub version: &'static str,
    /// Where warnings go.
    pub warn: fn(&str),
}

/// Reads a file of parameters: its title, and the parameters.
pub type ReadParameters = fn(&Path) -> Result<(String, ParameterSet), Failure>;

/// A kind of file that has a schema.
#[derive(Debug, Clone, Copy)]
pub struct SchemaKind {
    /// The name on the command line and of the schema's file.
    pub name: &'static str,
    /// What it is a schema of.
    pub meaning: &'static str,
    /// The schema.
    make: fn(&Registry) -> Value,
}

impl SchemaKind {
    /// The schema.
    pub fn schema(self, registry: &Registry) -> Value {
        (self.make)(registry)
    }

    /// The schema as its file holds it.
    pub fn text(self, registry: &Registry) -> String {
        format!("{:#}\n", self.schema(registry))
    }
}

impl Registry {
    /// Every kind of file that has a schema.
    pub fn schemas(&self) -> Vec<SchemaKind> {
        let mut kinds = vec![
            SchemaKind {
                name: "experiment",
                meaning: "A manifest: `experiments/*.yaml`",
                make: Self::manifest_schema,
            },
            SchemaKind {
                name: "claims",
                meaning: "The claims: `experiments/claims.yaml`",
                make: |_| schema_of::<Claims>(),
            },
        ];
        kinds.extend(self.files.iter().filter_map(|file| {
            let schema = file.schema?;
            Some(SchemaKind { name: schema.name, meaning: schema.meaning, make: schema.make })
        }));
        kinds
    }

    /// The kind of file by its name in messages.
    pub fn file(&self, name: &str) -> Option<&'static FileKind> {
        self.files.iter().find(|kind| kind.name == name)
    }

    /// The kind of study by its field in a manifest.
    pub fn study(&self, name: &str) -> Option<&'static StudyKind> {
        self.studies.iter().find(|study| study.name == name)
    }

    /// The schema of manifests: exactly one study, which stands under its name.
    pub fn manifest_schema(&self) -> Value {
        let mut generator = schemars::SchemaGenerator::default();
        let mut properties = Map::new();
        properties.insert(
            "id".into(),
            json!({ "description": "The name of the experiment, and of its file.", "type": "string" }),
        );
        properties
            .insert("title".into(), json!({ "description": "The title of the figure.", "type": "string" }));
        properties.insert(
            "seed".into(),
            json!({ "description": "Keys every random stream.", "type": "integer", "format": "uint64", "minimum": 0,
                    "default": 0 }),
        );
        for study in self.studies {
            let schema = (study.schema)(&mut generator);
            properties.insert(
                study.name.into(),
                json!({ "description": study.meaning, "anyOf": [schema, { "type": "null" }] }),
            );
        }
        let schema = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": "Tritrack experiment",
            "description": "An experiment: exactly one study, which stands under its name.",
            "type": "object",
            "properties": properties,
            "additionalProperties": false,
            "required": ["id", "title"],
            "$defs": generator.take_definitions(true),
        });
        yaml::without_pointers(schema)
    }
}
