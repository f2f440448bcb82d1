//! What is found of a claim, in a word.

use serde::Deserialize;

/// What is found of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Every criterion holds.
    Reproduced,
    /// Some criterion does not.
    NotReproduced,
    /// It cannot be tested here.
    NotTestable,
}

impl Verdict {
    /// As a reader is told.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reproduced => "reproduced",
            Self::NotReproduced => "not reproduced",
            Self::NotTestable => "not testable here",
        }
    }
}
