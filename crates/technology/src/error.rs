//! What can be wrong with a technology file.

use std::path::PathBuf;

/// What can be wrong with a technology file or with a change to its parameters.
#[derive(Debug, thiserror::Error)]
pub enum TechnologyError {
    /// The file cannot be read.
    #[error("{}: cannot be read: {source}", path.display())]
    Unreadable {
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not a technology file; the message names the line and the field.
    #[error("{}:{line}:{column}: {message}", path.display())]
    Malformed {
        path: PathBuf,
        /// Counted from 1; 0 if not known.
        line: usize,
        /// Counted from 1; 0 if not known.
        column: usize,
        /// What was found and what was expected.
        message: String,
    },
    /// The model needs a parameter that is not given.
    #[error("technology `{technology}`: parameter `{path}` ({unit}: {meaning}) is missing")]
    Missing {
        /// The technology's name.
        technology: String,
        /// `section.name`.
        path: String,
        /// The unit it is expected in.
        unit: String,
        /// What it means.
        meaning: String,
    },
    /// A parameter that no model knows.
    #[error("technology `{technology}`: parameter `{path}` is not known; the parameters are: {known}")]
    Unknown {
        /// The technology's name.
        technology: String,
        /// `section.name`.
        path: String,
        /// Every path that is known.
        known: String,
    },
    /// A parameter in the wrong unit.
    #[error(
        "technology `{technology}`: parameter `{path}` is in `{found}`, but a multiple of `{expected}` is expected"
    )]
    WrongUnit {
        /// The technology's name.
        technology: String,
        /// `section.name`.
        path: String,
        /// The unit in the file.
        found: String,
        /// The base unit of what the model needs.
        expected: String,
    },
    /// A price of its own for what the component library prices.
    #[error(
        "technology `{technology}`: `{path}` has a price of its own, but the component library prices what it is made of; expected \
         `{path}: {{of: {{component: count, ...}}, unit: {unit}, source: ...}}` and `components: NAME` at the top of the file"
    )]
    OwnPrice {
        /// The technology's name.
        technology: String,
        /// `section.name`.
        path: String,
        /// The unit in the file.
        unit: String,
    },
}
