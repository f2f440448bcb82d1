//! What can go wrong, said so that the user knows what to do.

use std::fmt;
use std::path::PathBuf;

use names::suggestion;

/// An error of anything that a workspace runs: of a study, a model, a reader or the workspace itself. What it says is what the error
/// says; [`Failure::of`] tells what it is.
pub struct Failure(Box<dyn std::error::Error + Send + Sync>);

impl Failure {
    /// The error, if it is of that type.
    pub fn of<E: std::error::Error + 'static>(&self) -> Option<&E> {
        self.0.downcast_ref()
    }
}

impl<E: std::error::Error + Send + Sync + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(Box::new(error))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

/// What can go wrong in a workspace.
#[derive(Debug, thiserror::Error)]
pub enum WorkspaceError {
    /// Not in a workspace.
    #[error(
        "no folder `experiments` in {} or above it; change into a Tritrack workspace, or name one with --workspace or in TRITRACK_WORKSPACE",
        start.display()
    )]
    NoWorkspace {
        /// Where the search began.
        start: PathBuf,
    },
    /// No manifest of that name.
    #[error("there is no experiment `{id}`{}; there are: {}", suggestion(id, known), known.join(", "))]
    UnknownExperiment {
        /// The name.
        id: String,
        /// The names there are.
        known: Vec<String>,
    },
    /// No file of that name.
    #[error("there is no {kind} `{name}`{}; there are: {}", suggestion(name, known), known.join(", "))]
    UnknownName {
        /// What was looked for.
        kind: &'static str,
        name: String,
        /// The names there are.
        known: Vec<String>,
    },
    /// Shards cannot be brought together.
    #[error(
        "shards of {experiment} cannot be merged:{list}\nrun them again, for example: for i in {indices}; do tritrack shard \
         {experiment} --index $i --count {count}; done\nor let `tritrack merge {experiment} --run-missing` do it"
    )]
    Shards {
        experiment: String,
        /// Each file with what is wrong with it, a line each.
        list: String,
        /// Their numbers.
        indices: String,
        /// How many shards there are.
        count: u64,
    },
    /// An argument is wrong.
    #[error("{message}")]
    Argument {
        /// What was found and what was expected.
        message: String,
    },
    /// A check that was asked for fails.
    #[error("{message}")]
    Check {
        /// What differs.
        message: String,
    },
    /// A file or folder cannot be read.
    #[error("{}: cannot be read: {source}", path.display())]
    Unreadable {
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file or folder cannot be written.
    #[error("{}: cannot be written: {source}", path.display())]
    Unwritable {
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Data that the repository may not carry was not named.
    #[error("this needs `{data}`, which may not be carried here; name where it lies with --data {data}=PATH")]
    NoData {
        /// The data's name.
        data: &'static str,
    },
    /// A study asked for the result of a stage that is none of its own: a mistake in the study.
    #[error("a result was asked for that is not of the stages that were declared: {what}")]
    Undeclared {
        /// What was asked for.
        what: &'static str,
    },
}

impl WorkspaceError {
    /// That an argument is wrong.
    pub fn argument(message: impl Into<String>) -> Self {
        Self::Argument { message: message.into() }
    }
}
