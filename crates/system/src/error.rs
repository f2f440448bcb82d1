//! Why a system gives no report.

use technology::TechnologyError;

/// A layer that no system can compute: empty, too large, or smaller than its kernel.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("layer `{layer}`: {message}")]
pub struct ShapeError {
    /// The layer's name.
    pub layer: String,
    /// What was found and what was expected.
    pub message: String,
}

/// Why a system gives no report.
#[derive(Debug, thiserror::Error)]
pub enum SystemError {
    /// A layer that cannot be computed.
    #[error(transparent)]
    Shape(#[from] ShapeError),
    /// A parameter is missing or in a wrong unit.
    #[error(transparent)]
    Technology(#[from] TechnologyError),
    /// The system was made for another workload: it knows what one network did on it, and no other.
    #[error("{kind} `{name}` has the events of {expected}, and cannot price {found}")]
    OtherWorkload {
        /// The system's kind.
        kind: &'static str,
        /// The system's name.
        name: String,
        /// What it knows.
        expected: String,
        /// What it was asked for.
        found: String,
    },
    /// The system's model does not cover the workload, its design or its parameters.
    #[error("{kind} `{name}`: {source}")]
    Model {
        /// The system's kind.
        kind: &'static str,
        /// The system's name.
        name: String,
        /// What the model says.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl SystemError {
    /// What a model says, with the system that says it.
    pub fn of_model(
        kind: &'static str,
        name: &str,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Model { kind, name: name.to_owned(), source: source.into() }
    }
}
