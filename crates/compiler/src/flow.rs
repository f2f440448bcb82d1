//! The passes by name, one after the other, with the intermediate representation in between to look at and to verify.
//!
//! [`crate::compile_layer`] runs them by [`run_passes`], in the order of [`Pass::flow`]; any other order that fits can be run
//! too. Every stage can be printed, read back (`docs/ir.md`) and verified.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;
use std::sync::Arc;

use ap_program::{Geometry, Program, ProgramError};
use network::TernaryWeights;

use crate::ir::LayerSums;
use crate::lut::{SynthesisError, standard_luts};
use crate::passes::emit::{emit, emit_rewinding};
use crate::passes::fold::{channel_groups, fold};
use crate::passes::place::{Accumulators, Placement, PlacementError, place};
use crate::passes::schedule::{Schedule, schedule};
use crate::passes::share::{Sharing, share, shorten_lifetimes};
use crate::passes::split::split;
use crate::passes::tile::{Tiling, tile};
use crate::verify::{Verification, VerificationError, verify};
use crate::{CompileError, Layout, Options, compile_layer};

/// A pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Pass {
    /// See [`Pass::description`].
    Fold,
    /// See [`Pass::description`].
    Split,
    /// See [`Pass::description`].
    Share,
    /// See [`Pass::description`].
    Lifetimes,
    /// See [`Pass::description`].
    Schedule,
    /// See [`Pass::description`].
    Place,
    /// See [`Pass::description`].
    PlaceApart,
    /// See [`Pass::description`].
    Tile,
    /// See [`Pass::description`].
    Emit,
    /// See [`Pass::description`].
    EmitRewinding,
}

impl Pass {
    /// Every pass.
    pub const ALL: [Self; 10] = [
        Self::Fold,
        Self::Split,
        Self::Share,
        Self::Lifetimes,
        Self::Schedule,
        Self::Place,
        Self::PlaceApart,
        Self::Tile,
        Self::Emit,
        Self::EmitRewinding,
    ];

    /// The name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fold => "fold",
            Self::Split => "split",
            Self::Share => "share",
            Self::Lifetimes => "lifetimes",
            Self::Schedule => "schedule",
            Self::Place => "place",
            Self::PlaceApart => "place-apart",
            Self::Tile => "tile",
            Self::Emit => "emit",
            Self::EmitRewinding => "emit-rewinding",
        }
    }

    /// What it does, in a line.
    pub const fn description(self) -> &'static str {
        match self {
            Self::Fold => "unrolls constant weights into signed sums of window elements",
            Self::Split => "cuts every group of sums by the blocks of outputs that `tile` works on",
            Self::Share => "turns common subexpressions into definitions, by the algorithm that is set",
            Self::Lifetimes => "orders sums and accumulates terms early, so that few are alive together",
            Self::Schedule => "orders operations on words and gives each its exact width",
            Self::Place => {
                "gives every word a column and a domain along a track, accumulators one behind the other"
            }
            Self::PlaceApart => "the same with accumulators one a column as far as there are columns",
            Self::Tile => "orders operations block by block, and lays words across columns",
            Self::Emit => "turns operations on words into look-up tables over their bits",
            Self::EmitRewinding => "the same with the tracks rewound after every operation",
        }
    }

    /// What it works on, and what it makes.
    pub const fn stages(self) -> (StageKind, StageKind) {
        match self {
            Self::Fold => (StageKind::Weights, StageKind::Sums),
            Self::Split | Self::Share | Self::Lifetimes => (StageKind::Sums, StageKind::Sums),
            Self::Schedule => (StageKind::Sums, StageKind::Words),
            Self::Place | Self::PlaceApart => (StageKind::Words, StageKind::Placed),
            Self::Tile => (StageKind::Sums, StageKind::Placed),
            Self::Emit | Self::EmitRewinding => (StageKind::Placed, StageKind::Program),
        }
    }

    /// The passes that [`compile_layer`] runs for a layout, from weights to a program. For [`Layout::Best`] these are the ones of
    /// [`Layout::Along`]; which layout is best for a layer stands in what `compile_layer` gives.
    pub fn flow(sharing: Sharing, layout: Layout) -> Vec<Self> {
        match (layout, sharing) {
            (Layout::Naive, _) => {
                vec![Self::Fold, Self::Share, Self::Schedule, Self::PlaceApart, Self::EmitRewinding]
            }
            (Layout::Tiled, _) => vec![Self::Fold, Self::Split, Self::Share, Self::Tile, Self::Emit],
            // With more terms than columns every use of one is a journey along its track.
            (Layout::Along | Layout::Best, Sharing::CrossChannel) => {
                vec![Self::Fold, Self::Share, Self::Lifetimes, Self::Schedule, Self::Place, Self::Emit]
            }
            (Layout::Along | Layout::Best, Sharing::None | Sharing::PerChannel) => {
                vec![Self::Fold, Self::Share, Self::Schedule, Self::Place, Self::Emit]
            }
        }
    }
}

impl fmt::Display for Pass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that no pass has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no pass; there are:{known}", known = known_passes())]
pub struct UnknownPass(String);

/// The passes with what they do, a line each.
fn known_passes() -> String {
    Pass::ALL.iter().map(|pass| format!("\n  {:<15} {}", pass.name(), pass.description())).collect()
}

impl FromStr for Pass {
    type Err = UnknownPass;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|pass| pass.name() == text).ok_or_else(|| UnknownPass(text.to_owned()))
    }
}

/// The kinds of intermediate representation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum StageKind {
    /// [`Stage::Weights`].
    Weights,
    /// [`Stage::Sums`].
    Sums,
    /// [`Stage::Words`].
    Words,
    /// [`Stage::Placed`].
    Placed,
    /// [`Stage::Program`].
    Program,
}

impl fmt::Display for StageKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Weights => "weights",
            Self::Sums => "sums",
            Self::Words => "words",
            Self::Placed => "placed words",
            Self::Program => "a program",
        })
    }
}

/// What a layer's compilation starts from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerWeights {
    /// The layer's name.
    pub layer: String,
    /// The largest value of an input; the least is 0.
    pub input_maximum: u32,
    /// The weights.
    pub weights: Arc<TernaryWeights>,
}

/// Operations on words that have their places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacedWords {
    /// The operations.
    pub(crate) schedule: Schedule,
    /// The places.
    pub(crate) placement: Placement,
}

/// Operations on words that have no place yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words(pub(crate) Schedule);

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

    /// The program, if that is what it is.
    ///
    /// # Errors
    /// If it is another stage.
    pub fn into_program(self) -> Result<Program, FlowError> {
        match self {
            Self::Program(program) => Ok(program),
            other => Err(FlowError::Unfinished(other.kind())),
        }
    }
}

/// What the passes are told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The array.
    pub geometry: Geometry,
    /// How subexpressions are shared.
    pub sharing: Sharing,
    /// The outputs that are computed.
    pub outputs: Vec<u32>,
    /// Input channels that are taken together.
    pub channels: Vec<Range<usize>>,
    /// How `split` and `tile` cut outputs and windows; without it they cannot run.
    pub tiling: Option<Tiling>,
}

impl Settings {
    /// All outputs on one processor of whatever size, the input channels one by one, or all at once if the way of sharing looks
    /// across them.
    pub fn unlimited(weights: &TernaryWeights, options: &Options) -> Self {
        let groups = if options.sharing == Sharing::CrossChannel { 1 } else { weights.inputs() };
        Self {
            geometry: options.geometry,
            sharing: options.sharing,
            outputs: (0..weights.outputs() as u32).collect(),
            channels: channel_groups(weights, groups),
            tiling: None,
        }
    }

    /// For each of several equal parts of the outputs, with the input channels in at most the given number of groups.
    pub(crate) fn of_parts(
        weights: &TernaryWeights,
        options: &Options,
        groups: usize,
        parts: usize,
        tiling: Option<Tiling>,
    ) -> Vec<Self> {
        let bound = |part: usize| (weights.outputs() * part / parts) as u32;
        let channels = channel_groups(weights, groups);
        let part = |part: usize| Self {
            geometry: options.geometry,
            sharing: options.sharing,
            outputs: (bound(part)..bound(part + 1)).collect(),
            channels: channels.clone(),
            tiling,
        };
        (0..parts).map(part).collect()
    }
}

/// How [`compile_layer`] makes a layer's programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flow {
    /// The passes of every program.
    pub passes: Vec<Pass>,
    /// What they are told for each program.
    pub parts: Vec<Settings>,
}

impl Flow {
    /// Compiles a layer to see how its programs are made.
    ///
    /// # Errors
    /// If the layer does not fit the array.
    pub fn of_layer(from: &LayerWeights, options: &Options) -> Result<Self, CompileError> {
        let compiled = compile_layer(&from.layer, &from.weights, from.input_maximum, options)?;
        let (groups, parts) = (compiled.channel_groups, compiled.programs.len());
        Ok(Self {
            passes: Pass::flow(options.sharing, compiled.layout),
            parts: Settings::of_parts(&from.weights, options, groups, parts, compiled.tiling),
        })
    }
}

/// Why passes cannot run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FlowError {
    /// A pass got what it cannot work on.
    #[error("pass `{pass}` works on {takes}, but was given {given}; {hint}")]
    Order {
        /// The pass.
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
        /// The pass.
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
        stage = run(pass, stage, settings)?;
        if verification == Verification::EveryPass {
            verify(&stage, from, settings).map_err(|source| FlowError::Verification { pass, source })?;
        }
        show(pass, &stage);
    }
    Ok(stage)
}

/// Runs a pass.
///
/// # Errors
/// If it works on another kind of representation or on blocks that are not set, or the words do not fit the array.
pub fn run(pass: Pass, stage: Stage, settings: &Settings) -> Result<Stage, FlowError> {
    let luts = standard_luts()?;
    let geometry = settings.geometry;
    let tiling = || settings.tiling.ok_or(FlowError::NoBlocks(pass));
    let too_large = |source| FlowError::Placement { pass, source };
    Ok(match (pass, stage) {
        (Pass::Fold, Stage::Weights(from)) => {
            let (outputs, channels) = (&settings.outputs, &settings.channels);
            Stage::Sums(fold(&from.layer, &from.weights, from.input_maximum, outputs, channels))
        }
        (Pass::Split, Stage::Sums(mut sums)) => {
            split(&mut sums, tiling()?.outputs_per_block);
            Stage::Sums(sums)
        }
        (Pass::Share, Stage::Sums(mut sums)) => {
            share(&mut sums, settings.sharing.algorithm());
            Stage::Sums(sums)
        }
        (Pass::Lifetimes, Stage::Sums(mut sums)) => {
            shorten_lifetimes(&mut sums, geometry.columns());
            Stage::Sums(sums)
        }
        (Pass::Schedule, Stage::Sums(sums)) => Stage::Words(Words(schedule(&sums, luts))),
        (Pass::Place | Pass::PlaceApart, Stage::Words(Words(schedule))) => {
            let apart = pass == Pass::PlaceApart;
            let accumulators = if apart { Accumulators::Apart } else { Accumulators::Packed };
            let placement = place(&schedule, geometry, accumulators).map_err(too_large)?;
            Stage::Placed(PlacedWords { schedule, placement })
        }
        (Pass::Tile, Stage::Sums(sums)) => {
            let (schedule, placement) = tile(&sums, tiling()?, luts, geometry).map_err(too_large)?;
            Stage::Placed(PlacedWords { schedule, placement })
        }
        (Pass::Emit, Stage::Placed(placed)) => {
            Stage::Program(emit(&placed.schedule, &placed.placement, luts, geometry))
        }
        (Pass::EmitRewinding, Stage::Placed(placed)) => {
            Stage::Program(emit_rewinding(&placed.schedule, &placed.placement, luts, geometry))
        }
        (pass, stage) => return Err(out_of_order(pass, stage.kind())),
    })
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
            return Err(out_of_order(pass, given));
        }
        given = makes;
    }
    Ok(())
}

fn out_of_order(pass: Pass, given: StageKind) -> FlowError {
    let takes = pass.stages().0;
    let makers: Vec<&str> = Pass::ALL
        .into_iter()
        .filter(|maker| maker.stages().1 == takes && maker.stages().0 != takes)
        .map(Pass::name)
        .collect();
    let hint = if makers.is_empty() {
        "weights are what comes first".to_owned()
    } else {
        format!("{takes} are made by: {}", makers.join(", "))
    };
    FlowError::Order { pass, takes, given, hint }
}
