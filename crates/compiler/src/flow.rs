//! Passes one after the other, with the intermediate representation in between to look at and to verify.
//!
//! [`crate::compile_layer`] runs them by [`run_passes`], in the order of [`passes_for`]; any other order that fits can be run too. Every
//! stage can be printed, read back (`docs/ir.md`) and verified.

use ap_program::{Program, ProgramError};

use crate::Layout;
use crate::ir::{LayerWeights, Stage, StageKind, Verification, VerificationError};
use crate::lut::SynthesisError;
use crate::pass::{Pass, Settings};
use crate::passes::place::PlacementError;
use crate::passes::{
    Emit, EmitRewinding, Fold, Lifetimes, Place, PlaceApart, Schedule, Share, Sharing, Split, Tile,
};

/// How a layer's programs are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flow {
    /// The passes of every program.
    pub passes: Vec<Pass>,
    /// What they are told for each program.
    pub parts: Vec<Settings>,
}

/// The passes that [`crate::compile_layer`] runs for a layout, from weights to a program. For [`Layout::Best`] these are the ones of
/// [`Layout::Along`]; which layout is best for a layer stands in what `compile_layer` gives.
pub fn passes_for(sharing: Sharing, layout: Layout) -> Vec<Pass> {
    let (fold, share, schedule) = (Pass::of::<Fold>(), Pass::of::<Share>(), Pass::of::<Schedule>());
    let (place, emit) = (Pass::of::<Place>(), Pass::of::<Emit>());
    match (layout, sharing) {
        (Layout::Naive, _) => {
            vec![fold, share, schedule, Pass::of::<PlaceApart>(), Pass::of::<EmitRewinding>()]
        }
        // With more terms than room beside the windows, blocks would have to be smaller.
        (Layout::Tiled, Sharing::CrossChannel | Sharing::Searched) => {
            vec![fold, Pass::of::<Split>(), share, Pass::of::<Lifetimes>(), Pass::of::<Tile>(), emit]
        }
        (Layout::Tiled, _) => vec![fold, Pass::of::<Split>(), share, Pass::of::<Tile>(), emit],
        // With more terms than columns every use of one is a journey along its track.
        (Layout::Along | Layout::Best, Sharing::CrossChannel | Sharing::Searched) => {
            vec![fold, share, Pass::of::<Lifetimes>(), schedule, place, emit]
        }
        (Layout::Along | Layout::Best, Sharing::None | Sharing::PerChannel) => {
            vec![fold, share, schedule, place, emit]
        }
    }
}

/// Why passes cannot run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FlowError {
    /// A pass got what it cannot work on.
    #[error("pass `{pass}` works on {takes}, but was given {given}; {hint}")]
    Order {
        pass: Pass,
        /// What it works on.
        takes: StageKind,
        /// What it was given.
        given: StageKind,
        /// The passes that make what it works on.
        hint: String,
    },
    /// The words do not fit the array.
    #[error("pass `{pass}`: {source}")]
    Placement {
        pass: Pass,
        /// The shortage.
        source: PlacementError,
    },
    /// A pass works on blocks of outputs, and nothing says how many.
    #[error(
        "pass `{0}` works on blocks of outputs, which layout `tiled` has for layers that fit; layout `along` has none"
    )]
    NoBlocks(Pass),
    /// A stage is wrong.
    #[error("after pass `{pass}`: {source}")]
    Verification {
        /// The pass that made it.
        pass: Pass,
        /// What is wrong.
        source: VerificationError,
    },
    /// The last pass did not make a program.
    #[error("the passes end with {0}, not with a program")]
    Unfinished(StageKind),
    /// A table could not be synthesized.
    #[error(transparent)]
    Lut(#[from] SynthesisError),
    /// The program breaks a rule of the machine.
    #[error(transparent)]
    Rule(#[from] ProgramError),
}

impl FlowError {
    pub(crate) fn out_of_order(pass: Pass, given: StageKind) -> Self {
        let takes = pass.stages().0;
        let makers: Vec<&str> = Pass::ALL
            .iter()
            .filter(|maker| maker.stages().1 == takes && maker.stages().0 != takes)
            .map(|maker| maker.name())
            .collect();
        let hint = if makers.is_empty() {
            "weights are what comes first".to_owned()
        } else {
            format!("{takes} are made by: {}", makers.join(", "))
        };
        Self::Order { pass, takes, given, hint }
    }
}

/// Runs passes on a layer's weights, one after the other, and shows what each of them makes.
///
/// # Errors
/// If a pass works on another kind of representation than it is given, the words do not fit the array, or a stage is found wrong.
pub fn run_passes(
    passes: &[Pass],
    from: &LayerWeights,
    settings: &Settings,
    verification: Verification,
    mut show: impl FnMut(Pass, &Stage),
) -> Result<Stage, FlowError> {
    let mut stage = Stage::Weights(from.clone());
    for &pass in passes {
        stage = pass.run(stage, settings)?;
        if verification == Verification::EveryPass {
            stage.verify(from, settings).map_err(|source| FlowError::Verification { pass, source })?;
        }
        show(pass, &stage);
    }
    Ok(stage)
}

/// The program that passes made.
///
/// # Errors
/// If they end with another stage.
pub(crate) fn program_of(stage: Stage) -> Result<Program, FlowError> {
    match stage {
        Stage::Program(program) => Ok(program),
        other => Err(FlowError::Unfinished(other.kind())),
    }
}

/// Whether passes can run one after the other on a layer's weights.
///
/// # Errors
/// The first pass that would get what it cannot work on.
pub fn check_order(passes: &[Pass]) -> Result<(), FlowError> {
    let mut given = StageKind::Weights;
    for &pass in passes {
        let (takes, makes) = pass.stages();
        if takes != given {
            return Err(FlowError::out_of_order(pass, given));
        }
        given = makes;
    }
    Ok(())
}
