//! What can be wrong with the arguments of a command, beyond what models and readers say.

use names::suggestion;

/// What can be wrong with the arguments of a command.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// No layer of that name.
    #[error("there is no layer `{layer}`{}; there are: {}", suggestion(layer, known), known.join(", "))]
    UnknownLayer {
        /// The name.
        layer: String,
        /// The names there are.
        known: Vec<String>,
    },
    /// A parameter or a design field cannot be set so.
    #[error("--set {settings}: {message}")]
    Setting {
        /// What was to be set, as given.
        settings: String,
        /// What was expected.
        message: String,
    },
    /// A list of shapes does not say how many bits activations have.
    #[error("`{0}` does not say how many bits activations have; give --activation-bits")]
    NoActivationBits(String),
}
