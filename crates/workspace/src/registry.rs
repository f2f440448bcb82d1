//! What there is: kinds of studies, and the program that runs them.

use serde_json::{Map, Value, json};

use crate::program::Program;
use crate::study::StudyKind;

/// Everything that the engine is told.
#[derive(Debug)]
pub struct Registry {
    /// The kinds of studies, in the order in which they are told.
    pub studies: &'static [StudyKind],
    /// The program that runs them, with its kinds of files.
    pub program: Program,
}

/// A kind of file that has a schema.
#[derive(Debug, Clone, Copy)]
pub struct SchemaKind {
    /// The name on the command line and of the schema's file.
    pub name: &'static str,
    /// What it is a schema of.
    pub meaning: &'static str,
    source: SchemaSource,
}

/// Where a schema comes from.
#[derive(Debug, Clone, Copy)]
enum SchemaSource {
    /// The kinds of studies.
    Studies,
    /// The kind of file itself.
    File(fn() -> Value),
}

impl SchemaKind {
    /// The schema.
    pub fn schema(self, registry: &Registry) -> Value {
        match self.source {
            SchemaSource::Studies => registry.manifest_schema(),
            SchemaSource::File(make) => make(),
        }
    }

    /// The schema as its file holds it.
    pub fn text(self, registry: &Registry) -> String {
        format!("{:#}\n", self.schema(registry))
    }
}

impl Registry {
    /// Every kind of file that has a schema.
    pub fn schemas(&self) -> Vec<SchemaKind> {
        let manifests = SchemaKind {
            name: "experiment",
            meaning: "A manifest: `experiments/*.yaml`",
            source: SchemaSource::Studies,
        };
        let files = self.program.file_schemas().map(|schema| SchemaKind {
            name: schema.name,
            meaning: schema.meaning,
            source: SchemaSource::File(schema.make),
        });
        [manifests].into_iter().chain(files).collect()
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
