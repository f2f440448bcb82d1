//! Errors as the exceptions of `tritrack.errors`, with the file, the line and what was perhaps meant.

use std::path::{Path, PathBuf};

use network::NetworkError;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use technology::TechnologyError;
use tritrack::CommandError;
use workspace::{Failure, WorkspaceError};
use yaml::FileError;

/// What an exception carries beside its message.
#[derive(Default)]
struct Said {
    class: &'static str,
    file: Option<PathBuf>,
    line: Option<usize>,
    column: Option<usize>,
}

impl Said {
    fn of(class: &'static str) -> Self {
        Self { class, ..Self::default() }
    }

    fn in_file(path: &Path) -> Self {
        Self { file: Some(path.to_owned()), ..Self::of("FileError") }
    }

    fn at(path: &Path, line: usize, column: usize) -> Self {
        // Readers that know no place say 0.
        let known = |number: usize| (number > 0).then_some(number);
        Self { line: known(line), column: known(column), ..Self::in_file(path) }
    }
}

/// An error as an exception.
pub fn raised(py: Python<'_>, error: &Failure) -> PyErr {
    let message = error.to_string();
    let said = said(error, &message);
    exception(py, &said, &message, &meant(error, &message)).unwrap_or_else(|error| error)
}

/// That an argument is wrong, as an exception.
pub fn wrong(py: Python<'_>, message: impl Into<String>) -> PyErr {
    raised(py, &WorkspaceError::argument(message).into())
}

fn said(error: &Failure, message: &str) -> Said {
    if let Some(error) = error.of::<WorkspaceError>() {
        return match error {
            WorkspaceError::UnknownExperiment { .. } | WorkspaceError::UnknownName { .. } => {
                Said::of("UnknownNameError")
            }
            WorkspaceError::Argument { .. } => Said::of("ArgumentError"),
            WorkspaceError::Unreadable { path, .. } | WorkspaceError::Unwritable { path, .. } => {
                Said::in_file(path)
            }
            _ => placed(message),
        };
    }
    if let Some(error) = error.of::<FileError>() {
        return match error {
            FileError::Unreadable { path, .. } => Said::in_file(path),
            FileError::Rejected { path, problems } => match problems.first() {
                Some(first) => Said::at(path, first.place.line, first.place.column),
                None => Said::in_file(path),
            },
        };
    }
    match error.of::<TechnologyError>() {
        Some(TechnologyError::Malformed { path, line, column, .. }) => return Said::at(path, *line, *column),
        Some(TechnologyError::Unreadable { path, .. }) => return Said::in_file(path),
        Some(TechnologyError::Unknown { .. }) => return Said::of("UnknownNameError"),
        _ => {}
    }
    match error.of::<CommandError>() {
        Some(CommandError::UnknownLayer { .. }) => Said::of("UnknownNameError"),
        Some(_) => Said::of("ArgumentError"),
        None if error.of::<names::UnknownName>().is_some() => Said::of("UnknownNameError"),
        None if error.of::<NetworkError>().is_some() => placed(message),
        None => placed(message),
    }
}

/// The place with which a message begins, if it begins with one: `file:line:column: `, as readers of other kinds of files say it.
fn placed(message: &str) -> Said {
    let first = message.lines().next().unwrap_or_default();
    let parts: Vec<&str> = first.splitn(4, ':').collect();
    match parts[..] {
        [file, line, column, _] => match (line.parse(), column.parse()) {
            (Ok(line), Ok(column)) => Said::at(Path::new(file), line, column),
            _ => Said::of("TritrackError"),
        },
        _ => Said::of("TritrackError"),
    }
}

/// The names that were perhaps meant: those that the message asks about, `did you mean ...?`.
fn meant(error: &Failure, message: &str) -> Vec<String> {
    // The names of variants are told without asking.
    let asked = match error.of::<names::UnknownName>() {
        Some(unknown) => {
            let known: Vec<String> = unknown.known.iter().map(|&name| name.to_owned()).collect();
            names::suggestion(&unknown.found, &known)
        }
        None => message.to_owned(),
    };
    let asked = asked.split("did you mean `").skip(1);
    asked.filter_map(|rest| rest.split_once('`')).map(|(name, _)| name.to_owned()).collect()
}

fn exception(py: Python<'_>, said: &Said, message: &str, suggestions: &[String]) -> PyResult<PyErr> {
    let class = py.import("tritrack.errors")?.getattr(said.class)?;
    let fields = PyDict::new(py);
    fields.set_item("file", said.file.as_deref().map(|path| path.to_string_lossy().into_owned()))?;
    fields.set_item("line", said.line)?;
    fields.set_item("column", said.column)?;
    fields.set_item("suggestions", suggestions)?;
    Ok(PyErr::from_value(class.call((message,), Some(&fields))?))
}
