//! What can be wrong with what the crossbar model is given.

use std::path::PathBuf;

/// What can be wrong with a design, a list of shapes or measured data.
#[derive(Debug, thiserror::Error)]
pub enum CrossbarError {
    /// A file cannot be read.
    #[error("{}: cannot be read: {source}", path.display())]
    Unreadable {
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file is not of its form; the message names the field.
    #[error("{}:{line}: {message}", path.display())]
    Malformed {
        path: PathBuf,
        /// Counted from 1; 0 if not known.
        line: usize,
        /// What was found and what was expected.
        message: String,
    },
    /// A design that cannot be built.
    #[error("design: `{field}` is {found}, but {expected}")]
    Design {
        /// The field of the design.
        field: &'static str,
        /// Its value.
        found: String,
        /// What it has to be.
        expected: &'static str,
    },
    /// A parameter that makes an equation meaningless.
    #[error("parameter `{path}` is {found}, but {expected}")]
    Parameter {
        /// `section.name`.
        path: &'static str,
        /// Its value, with its unit.
        found: String,
        /// What it has to be.
        expected: &'static str,
    },
    /// A layer that cannot be computed.
    #[error(transparent)]
    Layer(#[from] ::system::ShapeError),
    /// No layer at all.
    #[error("the network has no layer")]
    NoLayer,
    /// A precision that the model does not cover.
    #[error("{what} of {found} bits: {expected}")]
    Precision {
        /// `weights` or `activations`.
        what: &'static str,
        /// The number of bits.
        found: u32,
        /// What is covered.
        expected: &'static str,
    },
    /// The technology file is wrong.
    #[error(transparent)]
    Technology(#[from] technology::TechnologyError),
}
