//! Manifests are read: what an experiment is, in YAML.

use std::path::Path;

use crate::catalog::Catalog;
use crate::checks::Checks;
use crate::error::WorkspaceError;
use crate::folders::Workspace;
use crate::registry::Registry;
use crate::study::Manifest;
use yaml::{Document, FieldPath, FileError, Node, Scalar, Value};

/// The fields of a manifest that are no study.
const NO_STUDIES: [&str; 3] = ["id", "title", "seed"];

impl Registry {
    /// The manifest of an experiment of a workspace.
    ///
    /// # Errors
    /// If it is not there or wrong.
    pub fn manifest(&self, workspace: &Workspace, id: &str) -> Result<Manifest, FileError> {
        Manifest::load(&workspace.manifest(id), self)
    }

    /// The experiments of a workspace whose manifests can be read, in the order of their ids; of the others it is told what is wrong.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn readable_manifests(&self, workspace: &Workspace) -> Result<Vec<Manifest>, WorkspaceError> {
        let readable = |id: String| {
            let manifest = self.manifest(workspace, &id);
            manifest.map_err(|error| (self.program.warn)(&error.to_string())).ok()
        };
        Ok(workspace.experiments()?.into_iter().filter_map(readable).collect())
    }
}

impl Manifest {
    /// Reads a manifest. What it names has to lie in the folders beside it.
    ///
    /// # Errors
    /// If the file cannot be read or is not a manifest.
    pub fn load(path: &Path, registry: &Registry) -> Result<Self, FileError> {
        let text = files::read_text(path)
            .map_err(|source| FileError::Unreadable { path: path.to_owned(), source })?;
        Self::read(&text, path, registry, Some(&Catalog::beside(path, registry.program.files)))
    }

    /// Reads a manifest's text; `path` is for messages, and its stem has to be the manifest's id. Names of files are not looked up.
    ///
    /// # Errors
    /// If the text is not a manifest.
    pub fn parse(text: &str, path: &Path, registry: &Registry) -> Result<Self, FileError> {
        Self::read(text, path, registry, None)
    }

    fn read(
        text: &str,
        path: &Path,
        registry: &Registry,
        catalog: Option<&Catalog>,
    ) -> Result<Self, FileError> {
        let mut document = Document::parse(text, path)?;
        document.hold_against(&registry.manifest_schema(), catalog.map(|catalog| catalog as _));
        let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        if let Some(Value::Scalar(Scalar::Text(id))) = document.root().field("id").map(|node| &node.value)
            && *id != stem
        {
            let message = format!("the id is `{id}`; expected the file's name, `{stem}`");
            document.report(&FieldPath::of("id"), message);
        }
        if let Some(message) = not_one_study(document.root(), registry) {
            document.report(&FieldPath::default(), message);
        }
        let kind = document.root().fields().iter().find_map(|(key, _)| registry.study(&key.name));
        let Some(kind) = kind else { return Err(document.rejection()) };
        let written = document.read_by(kind.read)?;
        let Some(study) = written.study else {
            document.report(&FieldPath::default(), "the study is empty".to_owned());
            return Err(document.rejection());
        };
        let mut checks = Checks::new(catalog);
        study.check(&mut checks);
        document.reject_if_any(checks.into_found())?;
        let hash = files::digest(text.as_bytes());
        let named = document.named().clone();
        Ok(Self { id: written.id, title: written.title, seed: written.seed, study, hash, named })
    }
}

/// What is wrong with the number of studies. Nothing, where a name is unknown: it may be meant for one, and is told.
fn not_one_study(root: &Node, registry: &Registry) -> Option<String> {
    let Value::Fields(fields) = &root.value else { return None };
    let is_study = |name: &str| registry.study(name).is_some();
    if fields.iter().any(|(key, _)| !NO_STUDIES.contains(&key.name.as_str()) && !is_study(&key.name)) {
        return None;
    }
    let found: Vec<&str> =
        fields.iter().map(|(key, _)| key.name.as_str()).filter(|name| is_study(name)).collect();
    let mut studies: Vec<&str> = registry.studies.iter().map(|study| study.name).collect();
    studies.sort_unstable();
    match found.len() {
        1 => None,
        0 => Some(format!("a manifest has exactly one study; there are: {}", studies.join(", "))),
        _ => Some(format!("a manifest has exactly one study; here are {}", found.join(" and "))),
    }
}
