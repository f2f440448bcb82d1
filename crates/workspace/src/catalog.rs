//! The files that a manifest can name.

use std::path::{Path, PathBuf};

use serde_json::Value;
use technology::ParameterSet;

use crate::error::Failure;

/// Reads a file of parameters: its title, and the parameters.
/// The second folder is that of libraries that a file may name, where it is not beside the file's own.
pub type ReadParameters = fn(&Path, Option<&Path>) -> Result<(String, ParameterSet), Failure>;

/// A kind of file that lies in a folder below `experiments/`.
#[derive(Debug, Clone, Copy)]
pub struct FileKind {
    /// What it is called in messages.
    pub name: &'static str,
    /// The folder, below `experiments/`.
    pub folder: &'static str,
    /// How the files' names end; folders themselves are meant where there is none.
    pub ending: Option<&'static str>,
    /// The schema, if the files have one.
    pub schema: Option<FileSchema>,
    /// How the parameters in such a file are read, if it holds any.
    pub parameters: Option<ReadParameters>,
}

/// The schema of a kind of file.
#[derive(Debug, Clone, Copy)]
pub struct FileSchema {
    /// The name on the command line and of the schema's file.
    pub name: &'static str,
    /// What it is a schema of.
    pub meaning: &'static str,
    /// Makes the schema.
    pub make: fn() -> Value,
}

impl FileKind {
    /// The kind of technology that a user names it by, if it is one: the last part of its folder.
    pub fn technology(&self) -> Option<&'static str> {
        self.folder.strip_prefix("technology/")
    }

    /// The names of the files in a folder `experiments/`, sorted; nothing if the folder cannot be read.
    pub fn names(&self, experiments: &Path) -> Option<Vec<String>> {
        let entries = std::fs::read_dir(experiments.join(self.folder)).ok()?.flatten();
        let mut names: Vec<String> = entries
            .filter_map(|entry| {
                let name = entry.file_name().to_string_lossy().into_owned();
                match self.ending {
                    Some(ending) => name.strip_suffix(ending).map(str::to_owned),
                    None => entry.path().is_dir().then_some(name),
                }
            })
            .collect();
        names.sort();
        Some(names)
    }
}

/// The files beside a manifest, by kind and name.
#[derive(Debug, Clone)]
pub struct Catalog {
    files: &'static [FileKind],
    folder: PathBuf,
}

impl Catalog {
    /// The files beside a manifest.
    pub fn beside(manifest: &Path, files: &'static [FileKind]) -> Self {
        Self { files, folder: manifest.parent().unwrap_or(Path::new("")).to_owned() }
    }

    /// The folder that they lie in.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

impl yaml::Files for Catalog {
    fn names(&self, kind: &str) -> Option<Vec<String>> {
        self.files.iter().find(|file| file.name == kind)?.names(&self.folder)
    }
}
