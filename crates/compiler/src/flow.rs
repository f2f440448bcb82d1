//! The passes by name, one after the other, with the intermediate representation in between to look at and to verify.
//!
//! [`crate::compile_layer`] runs the same passes; here their order is given, and every stage can be printed, read back
//! (`docs/ir.md`) and checked. Words across columns are laid out by `tile`, which shares, schedules and places block by block
//! and is no pass of its own.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;
use std::sync::Arc;

use network::TernaryWeights;

use crate::ir::LayerSums;
use crate::lut::{SynthesisError, standard_luts};
use crate::passes::emit::{emit, emit_rewinding};
use crate::passes::fold::{channel_groups, fold};
use crate::passes::place::{Accumulators, Placement, PlacementError, place};
use crate::passes::schedule::{Schedule, schedule};
use crate::passes::share::{Sharing, share, shorten_lifetimes};
use crate::{CompileError, Geometry, Layout, Options, Program, compile_layer};

/// A pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Pass {
    /// See [`Pass::description`].
    Fold,
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
    Emit,
    /// See [`Pass::description`].
    EmitRewinding,
}

impl Pass {
    /// Every pass.
    pub const ALL: [Self; 8] = [
        Self::Fold,
        Self::Share,
        Self::Lifetimes,
        Self::Schedule,
        Self::Place,
        Self::PlaceApart,
        Self::Emit,
        Self::EmitRewinding,
    ];

    /// The name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fold => "fold",
            Self::Share => "share",
            Self::Lifetimes => "lifetimes",
            Self::Schedule => "schedule",
            Self::Place => "place",
            Self::PlaceApart => "place-apart",
            Self::Emit => "emit",
            Self::EmitRewinding => "emit-rewinding",
        }
    }

    /// What it does, in a line.
    pub const fn description(self) -> &'static str {
        match self {
            Self::Fold => "unrolls constant weights into signed sums of window elements",
            Self::Share => "turns common subexpressions into definitions, by the algorithm that is set",
            Self::Lifetimes => "orders sums and accumulates terms early, so that few are alive together",
            Self::Schedule => "orders operations on words and gives each its exact width",
            Self::Place => {
                "gives every word a column and a domain along a track, accumulators one behind the other"
            }
            Self::PlaceApart => "the same with accumulators one a column as far as there are columns",
            Self::Emit => "turns operations on words into look-up tables over their bits",
            Self::EmitRewinding => "the same with the tracks rewound after every operation",
        }
    }

    /// What it works on, and what it makes.
    pub const fn stages(self) -> (StageKind, StageKind) {
        match self {
            Self::Fold => (StageKind::Weights, StageKind::Sums),
            Self::Share | Self::Lifetimes => (StageKind::Sums, StageKind::Sums),
            Self::Schedule => (StageKind::Sums, StageKind::Words),
            Self::Place | Self::PlaceApart => (StageKind::Words, StageKind::Placed),
            Self::Emit | Self::EmitRewinding => (StageKind::Placed, StageKind::Program),
        }
    }

    /// The passes that [`compile_layer`] runs for words along tracks.
    pub fn flow(options: &Options) -> Vec<Self> {
        let naive = options.layout == Layout::Naive;
        let mut passes = vec![Self::Fold, Self::Share];
        if options.sharing == Sharing::CrossChannel && !naive {
            passes.push(Self::Lifetimes);
        }
        passes.push(Self::Schedule);
        passes.extend(if naive {
            [Self::PlaceApart, Self::EmitRewinding]
        } else {
            [Self::Place, Self::Emit]
        });
        passes
    }
}

impl fmt::Display for Pass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that no pass has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no pass; there are: fold, share, lifetimes, schedule, place, place-apart, emit, emit-rewinding"
)]
pub struct UnknownPass(String);

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
        }
    }

    /// What [`compile_layer`] tells the passes, for each of the layer's programs with words along tracks.
    ///
    /// # Errors
    /// If the layer does not fit the array.
    pub fn of_programs(from: &LayerWeights, options: &Options) -> Result<Vec<Self>, CompileError> {
        let weights = &from.weights;
        let layout = if options.layout == Layout::Naive { Layout::Naive } else { Layout::Along };
        let options = Options { layout, ..*options };
        let compiled = compile_layer(&from.layer, weights, from.input_maximum, &options)?;
        let parts = compiled.programs.len();
        let bound = |part: usize| (weights.outputs() * part / parts) as u32;
        let channels = channel_groups(weights, compiled.channel_groups);
        Ok((0..parts)
            .map(|part| Self {
                geometry: options.geometry,
                sharing: options.sharing,
                outputs: (bound(part)..bound(part + 1)).collect(),
                channels: channels.clone(),
            })
            .collect())
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
    /// A table could not be synthesized.
    #[error(transparent)]
    Lut(#[from] SynthesisError),
}

/// Runs a pass.
///
/// # Errors
/// If it works on another kind of representation, or the words do not fit the array.
pub fn run(pass: Pass, stage: Stage, settings: &Settings) -> Result<Stage, FlowError> {
    let luts = standard_luts()?;
    let geometry = settings.geometry;
    Ok(match (pass, stage) {
        (Pass::Fold, Stage::Weights(from)) => {
            let (outputs, channels) = (&settings.outputs, &settings.channels);
            Stage::Sums(fold(&from.layer, &from.weights, from.input_maximum, outputs, channels))
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
            let placement = place(&schedule, geometry, accumulators)
                .map_err(|source| FlowError::Placement { pass, source })?;
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
