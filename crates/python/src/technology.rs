//! Technology files, with values that are changed.

use std::path::{Path, PathBuf};

use pyo3::prelude::*;
use serde_yaml::Value as Yaml;
use technology::{Library, Parameter, ParameterSet, parse_unit};
use tritrack::commands::crossbar::set_field;
use workspace::{Failure, WorkspaceError};

use crate::errors::raised;
use crate::workspace::{REGISTRY, Workspace};

/// What the paths of design fields begin with.
const DESIGN: &str = "design.";

/// A technology file of a kind, as its folder is called, with values that may have been changed since it was read.
#[pyclass(frozen, module = "tritrack._native")]
#[derive(Clone)]
pub struct Technology {
    kind: String,
    file: Yaml,
    path: PathBuf,
    parameters: ParameterSet,
    title: String,
}

impl Technology {
    fn read(kind: &str, path: &Path) -> Result<Self, Failure> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| WorkspaceError::Unreadable { path: path.to_owned(), source })?;
        // Its own reader first: what is wrong is said with its place.
        let (title, parameters) = parameters(kind, path)?;
        let file = serde_yaml::from_str(&text)?;
        Ok(Self { kind: kind.to_owned(), file, path: path.to_owned(), parameters, title })
    }

    /// Reads the technology by the model's own reader, which is given a file that holds the values as they are now.
    ///
    /// # Errors
    /// If it is of another kind than is expected, or what the reader says.
    pub fn typed<T>(
        &self,
        expected: &str,
        read: impl FnOnce(&Path) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        if self.kind != expected {
            let message =
                format!("a technology of {expected} is expected here, and this is one of {}", self.kind);
            return Err(WorkspaceError::argument(message).into());
        }
        let folder = tempfile::tempdir()
            .map_err(|source| WorkspaceError::Unwritable { path: std::env::temp_dir(), source })?;
        read(&self.written(folder.path())?)
    }

    /// Writes a file of the technology's own name into a folder, with the component library that it names in `components`, and gives its path.
    fn written(&self, folder: &Path) -> Result<PathBuf, Failure> {
        let unwritable = |path: &Path, source| WorkspaceError::Unwritable { path: path.to_owned(), source };
        if let Some(name) = self.file.get("components").and_then(Yaml::as_str) {
            let libraries = folder.join("components");
            std::fs::create_dir_all(&libraries).map_err(|source| unwritable(&libraries, source))?;
            let copy = libraries.join(format!("{name}.yaml"));
            std::fs::copy(Library::beside(&self.path, name), &copy)
                .map_err(|source| unwritable(&copy, source))?;
        }
        let path = folder.join(self.path.file_name().unwrap_or("technology.yaml".as_ref()));
        tables::write_atomically(&path, serde_yaml::to_string(&self.file)?.as_bytes())?;
        Ok(path)
    }

    fn change(&mut self, path: &str, value: &str) -> Result<(), Failure> {
        let refused = |message: String| WorkspaceError::argument(format!("{path}={value}: {message}"));
        if let Some(field) = path.strip_prefix(DESIGN) {
            let design = self.file.get_mut("design").ok_or_else(|| refused("it has no design".into()))?;
            return Ok(set_field(design, field, value).map_err(refused)?);
        }
        let Some(parameter) = self.parameters.get(path) else {
            let known: Vec<String> = self.parameters.iter().map(|(path, _)| path.to_owned()).collect();
            let (kind, name) = ("parameter", path.to_owned());
            return Err(WorkspaceError::UnknownName { kind, name, known }.into());
        };
        let number = in_unit_of(parameter, value).map_err(refused)?;
        let (low, high) = (parameter.low.min(number), parameter.high.max(number));
        let mut place = self.file.get_mut("parameters");
        for name in path.split('.') {
            place = place.and_then(|place| place.get_mut(name));
        }
        let Some(Yaml::Mapping(fields)) = place else {
            return Err(refused("the model computes it from others; change those".into()).into());
        };
        if fields.contains_key("of") {
            let message = "it is made of components; price those in a library of your own, or count others in a file of your own";
            return Err(refused(message.into()).into());
        }
        for (field, number) in [("value", number), ("low", low), ("high", high)] {
            fields.insert(field.into(), number.into());
        }
        Ok(())
    }
}

/// Title and parameters of a file of a kind.
fn parameters(kind: &str, path: &Path) -> Result<(String, ParameterSet), Failure> {
    let kinds = REGISTRY.program.files.iter().filter_map(|file| {
        let folder = file.folder.strip_prefix("technology/")?;
        Some((folder, file.parameters?))
    });
    let mut known = Vec::new();
    for (folder, read) in kinds {
        if folder == kind {
            return read(path, None);
        }
        known.push(folder.to_owned());
    }
    Err(WorkspaceError::UnknownName { kind: "kind of technology", name: kind.to_owned(), known }.into())
}

/// A number with or without a unit, in a parameter's.
fn in_unit_of(parameter: &Parameter, text: &str) -> Result<f64, String> {
    let unit = &parameter.unit;
    let (number, given) = text.trim().split_once(char::is_whitespace).unwrap_or((text.trim(), ""));
    let number: f64 = match number.parse() {
        Ok(number) if f64::is_finite(number) => number,
        _ => return Err(format!("expected a number, in {unit} unless it says another unit")),
    };
    let given = given.trim();
    // What it is counted per may be left out.
    if given.is_empty() || given == unit || Some(given) == unit.split_once('/').map(|(of, _)| of) {
        return Ok(number);
    }
    match (parse_unit(given), parse_unit(unit)) {
        (Some((dimension, factor, per)), Some((own, own_factor, own_per)))
            if dimension == own && (per.is_empty() || per == own_per) =>
        {
            Ok(number * factor / own_factor)
        }
        _ => Err(format!("`{given}` is no unit for what is counted in {unit}")),
    }
}

#[pymethods]
impl Technology {
    /// A technology of a workspace.
    #[staticmethod]
    fn load(py: Python<'_>, kind: &str, name: &str, workspace: &Workspace) -> PyResult<Self> {
        let read = || -> Result<Self, Failure> {
            let path = workspace.0.technology(kind, name);
            if path.is_file() {
                return Self::read(kind, &path);
            }
            parameters(kind, &path).map(drop).or_else(|error| match error.of() {
                Some(WorkspaceError::UnknownName { .. }) => Err(error),
                _ => Ok(()),
            })?;
            let known = workspace.0.technology_names(kind)?;
            Err(WorkspaceError::UnknownName { kind: "technology", name: name.to_owned(), known }.into())
        };
        read().map_err(|error| raised(py, &error))
    }

    /// A technology from a file.
    #[staticmethod]
    fn open(py: Python<'_>, kind: &str, path: PathBuf) -> PyResult<Self> {
        Self::read(kind, &path).map_err(|error| raised(py, &error))
    }

    #[getter]
    fn kind(&self) -> &str {
        &self.kind
    }

    #[getter]
    fn name(&self) -> &str {
        self.parameters.technology()
    }

    #[getter]
    fn title(&self) -> &str {
        &self.title
    }

    #[getter]
    fn path(&self) -> &Path {
        &self.path
    }

    /// The design's fields as YAML.
    fn design(&self) -> String {
        let design = self.file.get("design").cloned().unwrap_or_default();
        serde_yaml::to_string(&design).unwrap_or_default()
    }

    /// Path, value, unit, low, high, source and mark of every parameter.
    #[allow(clippy::type_complexity, reason = "plain values that Python takes apart")]
    fn parameters(&self) -> Vec<(&str, f64, &str, f64, f64, &str, &'static str)> {
        let all = self.parameters.iter();
        all.map(|(path, p)| (path, p.value, p.unit.as_str(), p.low, p.high, p.source.as_str(), p.mark.name()))
            .collect()
    }

    /// A copy with other values: pairs of a parameter's or a design field's path and a value as text.
    fn replace(&self, py: Python<'_>, changes: Vec<(String, String)>) -> PyResult<Self> {
        let changed = || -> Result<Self, Failure> {
            let mut copy = self.clone();
            for (path, value) in &changes {
                copy.change(path, value)?;
            }
            let kind = copy.kind.clone();
            (copy.title, copy.parameters) = copy.typed(&kind, |path| parameters(&kind, path))?;
            Ok(copy)
        };
        changed().map_err(|error| raised(py, &error))
    }

    /// Writes the technology's file into a folder, with the component library that it names.
    fn save(&self, py: Python<'_>, folder: PathBuf) -> PyResult<PathBuf> {
        self.written(&folder).map_err(|error| raised(py, &error))
    }

    /// The file's text with the values as they are now.
    fn text(&self) -> String {
        serde_yaml::to_string(&self.file).unwrap_or_default()
    }
}
