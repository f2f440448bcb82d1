//! The intermediate representation: the stages between a layer's weights and its programs. `docs/ir.md` defines them.
//!
//! Each stage has a file with its type, its text, printed and read back to the same, and its verifier. Sums and words are expanded
//! symbolically: every value is a sum of window elements with whole-number factors, and what an output gets is compared with the
//! weights. So the proof holds for all inputs. Programs are run on random ones.

mod expansion;
mod placed;
mod program;
mod reader;
mod sums;
mod verification;
mod weights;
mod words;

use std::fmt;

use ap_program::{Program, assembly};

pub use placed::{PlacedWords, Placement};
use reader::Reader;
pub use reader::TextError;
pub use sums::{Definition, Group, LayerSums, OutputSum, SignedTerm, TermId};
pub use verification::{Verification, VerificationError};
pub use weights::LayerWeights;
pub use words::{Value, ValueId, ValueKind, WordOperation, Words};

use crate::pass::Settings;

names::names! {
    /// The kinds of intermediate representation.
    #[derive(Hash, PartialOrd, Ord)]
    pub enum StageKind: "a stage" {
        /// [`Stage::Weights`].
        Weights = "weights",
        /// [`Stage::Sums`].
        Sums = "sums",
        /// [`Stage::Words`].
        Words = "words",
        /// [`Stage::Placed`].
        Placed = "placed words",
        /// [`Stage::Program`].
        Program = "a program",
    }
}

/// The type of a stage.
pub trait Representation: fmt::Display + Sized {
    /// Which stage.
    const KIND: StageKind;

    /// As one of all stages.
    fn into_stage(self) -> Stage;

    /// Back again.
    ///
    /// # Errors
    /// The stage, if it is another one.
    fn of_stage(stage: Stage) -> Result<Self, Stage>;

    /// Checks it against the weights and the rules of the representation.
    ///
    /// # Errors
    /// The first thing that is wrong.
    fn verify(&self, from: &LayerWeights, settings: &Settings) -> Result<(), VerificationError>;
}

/// The intermediate representation between two passes. It prints as text, and [`Stage::parse`] reads it back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// A layer's weights.
    Weights(LayerWeights),
    /// Sums of window elements, with shared definitions or without.
    Sums(LayerSums),
    /// Operations on words.
    Words(Words),
    /// The same with places.
    Placed(PlacedWords),
    /// Instructions.
    Program(Program),
}

impl Stage {
    /// Its kind.
    pub const fn kind(&self) -> StageKind {
        match self {
            Self::Weights(_) => StageKind::Weights,
            Self::Sums(_) => StageKind::Sums,
            Self::Words(_) => StageKind::Words,
            Self::Placed(_) => StageKind::Placed,
            Self::Program(_) => StageKind::Program,
        }
    }

    /// Reads what a stage prints.
    ///
    /// # Errors
    /// The first word that cannot stand where it does.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        let mut reader = Reader::new(text);
        match reader.peek() {
            Some("weights") => LayerWeights::read(&mut reader).map(Self::Weights),
            Some("layer") => LayerSums::read(&mut reader).map(Self::Sums),
            Some("words" | "placed") => words::read(&mut reader),
            Some(word) if word.starts_with(".geometry") => Ok(Self::Program(assembly::parse(text)?)),
            _ => {
                let mut line = reader.line("`weights`, `layer`, `words`, `placed` or `.geometry`")?;
                Err(line.unexpected("`weights`, `layer`, `words`, `placed` or `.geometry`"))
            }
        }
    }

    /// Checks a stage of a layer's compilation.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn verify(&self, from: &LayerWeights, settings: &Settings) -> Result<(), VerificationError> {
        match self {
            Self::Weights(weights) => weights.verify(from, settings),
            Self::Sums(sums) => sums.verify(from, settings),
            Self::Words(words) => words.verify(from, settings),
            Self::Placed(placed) => placed.verify(from, settings),
            Self::Program(program) => program.verify(from, settings),
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Weights(weights) => weights.fmt(f),
            Self::Sums(sums) => sums.fmt(f),
            Self::Words(words) => words.fmt(f),
            Self::Placed(placed) => placed.fmt(f),
            Self::Program(program) => program.fmt(f),
        }
    }
}
