//! What can go wrong in a study, beyond what models and readers say.

/// What can go wrong in a study.
#[derive(Debug, thiserror::Error)]
pub enum StudyError {
    /// The machine and the integer reference differ: a mistake in one of them.
    #[error(
        "{network}: the machine's values for image {image} (counted from 0) are not those of the integer inference"
    )]
    NotTheReference {
        network: String,
        /// The first image with such a value.
        image: usize,
    },
    /// Images without labels where they are needed.
    #[error("the image set `{0}` has no labels, so no accuracy can be measured on it")]
    NoLabels(String),
    /// What is varied has no place in an experiment.
    #[error(
        "{experiment}: {option} has nothing to stand in for: this experiment {what}. Copy its manifest and edit that"
    )]
    NoPlace {
        experiment: String,
        /// What was asked for.
        option: String,
        /// Why there is none, after "this experiment".
        what: String,
    },
    /// A network has no golden vectors.
    #[error("network `{0}` has no golden vectors; name a data set under `images` instead")]
    NoGolden(String),
}
