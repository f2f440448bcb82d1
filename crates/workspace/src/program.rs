//! The program that runs a workspace, as far as files are concerned: which kinds there are, and what results were made by.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::catalog::{FileKind, FileSchema};

/// What a workspace is told about the program that runs it.
#[derive(Debug)]
pub struct Program {
    /// The kinds of files that manifests name.
    pub files: &'static [FileKind],
    /// Schemas of files that no manifest names.
    pub schemas: &'static [FileSchema],
    /// Data that users bring themselves, by name.
    pub users_data: &'static [&'static str],
    /// The files beside a file of the user's that are read with it, if they are there.
    pub beside: fn(&Path) -> Vec<PathBuf>,
    /// A fingerprint of the sources, as far as results depend on them: another text, and all results are stale.
    pub sources: &'static str,
    /// The version, as results name it.
    pub version: &'static str,
    /// Where warnings go.
    pub warn: fn(&str),
}

impl Program {
    /// Every kind of file that has a schema, manifests left out.
    pub fn file_schemas(&self) -> impl Iterator<Item = FileSchema> {
        self.schemas.iter().copied().chain(self.files.iter().filter_map(|file| file.schema))
    }

    /// The schema of a kind of file, by its name on the command line.
    pub fn schema_of(&self, name: &str) -> Option<Value> {
        self.file_schemas().find(|schema| schema.name == name).map(|schema| (schema.make)())
    }
}
