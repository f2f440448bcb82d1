//! `program`: instructions.

use ap_program::Program;

use super::expansion::stored_once;
use super::{LayerWeights, Representation, Stage, StageKind, VerificationError};
use crate::check;
use crate::pass::Settings;

/// Any seed would do; one makes a failure appear again.
const CHECK_SEED: u64 = 1;

impl Representation for Program {
    const KIND: StageKind = StageKind::Program;

    fn into_stage(self) -> Stage {
        Stage::Program(self)
    }

    fn of_stage(stage: Stage) -> Result<Self, Stage> {
        if let Stage::Program(program) = stage { Ok(program) } else { Err(stage) }
    }

    /// Every output is stored once, and what is stored is right on random inputs.
    fn verify(&self, from: &LayerWeights, settings: &Settings) -> Result<(), VerificationError> {
        let stored: Vec<u32> = self.outputs().map(|(output, _)| output).collect();
        stored_once(&stored, &settings.outputs)?;
        Ok(check::check(self, &from.weights, from.input_maximum, CHECK_SEED)?)
    }
}
