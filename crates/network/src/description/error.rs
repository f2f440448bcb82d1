//! Why a description cannot be used.

use std::io;
use std::path::{Path, PathBuf};

use super::places::Place;

/// Something in a description that contradicts something else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Line and column, from 1, where they are known.
    pub position: Option<(usize, usize)>,
    /// The field or layer, what was found and what was expected.
    pub what: String,
}

/// Why a description cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DescriptionError {
    /// The file cannot be read.
    #[error("{}: cannot be read: {source}", path.display())]
    Read {
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file is not a description; the reason names the field.
    #[error("{}{}: {reason}", path.display(), shown(*position))]
    Yaml {
        path: PathBuf,
        /// Line and column, from 1, where they are known.
        position: Option<(usize, usize)>,
        /// The field, what was found and what was expected.
        reason: String,
    },
    /// The description contradicts itself.
    #[error("{}", list(path, mistakes))]
    Mistakes {
        path: PathBuf,
        /// Everything that is wrong, in the order of the file's layers.
        mistakes: Vec<Mistake>,
    },
}

impl DescriptionError {
    pub(super) fn yaml(path: &Path, error: &serde_yaml::Error) -> Self {
        let position = error.location().map(|location| (location.line(), location.column()));
        let mut reason = error.to_string();
        // The position stands before the message already.
        if let Some((line, column)) = position
            && let Some(rest) = reason.strip_suffix(&format!(" at line {line} column {column}"))
        {
            reason = rest.into();
        }
        Self::Yaml { path: path.into(), position, reason }
    }
}

/// A place as it stands after a file's name.
pub(crate) fn shown(position: Option<Place>) -> String {
    position.map_or_else(String::new, |(line, column)| format!(":{line}:{column}"))
}

fn list(path: &Path, mistakes: &[Mistake]) -> String {
    let line = |mistake: &Mistake| format!("{}{}: {}", path.display(), shown(mistake.position), mistake.what);
    mistakes.iter().map(line).collect::<Vec<_>>().join("\n")
}
