//! What a pass is: a step from one stage of the intermediate representation to the next, with a name, a description and the options
//! that it listens to.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use ap_program::Geometry;
use network::TernaryWeights;

use crate::ir::{Representation, Stage, StageKind};
use crate::lut::SynthesisError;
use crate::passes::fold::{Parts, channel_groups, equal_channel_groups};
use crate::passes::place::PlacementError;
use crate::passes::{self, Sharing, Tiling};
use crate::{FlowError, Options};

/// A step of the compilation. Its type says what it works on, what it makes and what it has to be told.
pub trait Transform {
    /// The name on the command line.
    const NAME: &'static str;
    /// What it does, in a line.
    const DESCRIPTION: &'static str;
    /// What it works on.
    type Takes: Representation;
    /// What it makes.
    type Makes: Representation;
    /// What it is told.
    type Told: Told;

    /// Runs it.
    ///
    /// # Errors
    /// If the words do not fit the array, or a table could not be made.
    fn run(taken: Self::Takes, told: Self::Told) -> Result<Self::Makes, TransformError>;
}

/// Why a pass cannot make what it should.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransformError {
    /// The words do not fit the array.
    #[error(transparent)]
    Placement(#[from] PlacementError),
    /// A table could not be synthesized.
    #[error(transparent)]
    Lut(#[from] SynthesisError),
}

/// What the passes of one program are told. Each takes what it listens to: see [`Told`].
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
        Self {
            geometry: options.geometry,
            sharing: options.sharing,
            outputs: (0..weights.outputs() as u32).collect(),
            channels: channel_groups(weights, options.sharing.groups_without_limits(weights)),
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
        let channels = match tiling {
            // Windows stand at the ports whole, so the widest decides.
            Some(_) => equal_channel_groups(weights.inputs(), groups),
            None => channel_groups(weights, groups),
        };
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

/// What a pass listens to among the settings.
pub trait Told: Sized {
    /// The settings' names, as golden files have them.
    const OPTIONS: &'static [&'static str];

    /// Taken from the settings; nothing if they do not say.
    fn of(settings: &Settings) -> Option<Self>;
}

impl Told for () {
    const OPTIONS: &'static [&'static str] = &[];

    fn of(_: &Settings) -> Option<Self> {
        Some(())
    }
}

impl Told for Geometry {
    const OPTIONS: &'static [&'static str] = &["array"];

    fn of(settings: &Settings) -> Option<Self> {
        Some(settings.geometry)
    }
}

impl Told for Sharing {
    const OPTIONS: &'static [&'static str] = &["sharing"];

    fn of(settings: &Settings) -> Option<Self> {
        Some(settings.sharing)
    }
}

impl Told for Tiling {
    const OPTIONS: &'static [&'static str] = &["blocks"];

    fn of(settings: &Settings) -> Option<Self> {
        settings.tiling
    }
}

impl Told for (Tiling, Geometry) {
    const OPTIONS: &'static [&'static str] = &["blocks", "array"];

    fn of(settings: &Settings) -> Option<Self> {
        Some((Tiling::of(settings)?, settings.geometry))
    }
}

impl Told for Parts {
    const OPTIONS: &'static [&'static str] = &["together"];

    fn of(settings: &Settings) -> Option<Self> {
        Some(Self { outputs: settings.outputs.clone(), channels: settings.channels.clone() })
    }
}

/// A registered pass.
#[derive(Clone, Copy)]
pub struct Pass(&'static Registered);

struct Registered {
    name: &'static str,
    description: &'static str,
    takes: StageKind,
    makes: StageKind,
    options: &'static [&'static str],
    run: fn(Stage, &Settings) -> Result<Stage, FlowError>,
}

/// A pass as the registry keeps it.
struct Registration<T>(T);

impl<T: Transform> Registration<T> {
    const ENTRY: Registered = Registered {
        name: T::NAME,
        description: T::DESCRIPTION,
        takes: T::Takes::KIND,
        makes: T::Makes::KIND,
        options: T::Told::OPTIONS,
        run: run::<T>,
    };
}

fn run<T: Transform>(stage: Stage, settings: &Settings) -> Result<Stage, FlowError> {
    let pass = Pass::of::<T>();
    let taken = T::Takes::of_stage(stage).map_err(|stage| FlowError::out_of_order(pass, stage.kind()))?;
    let told = T::Told::of(settings).ok_or(FlowError::NoBlocks(pass))?;
    let made = T::run(taken, told).map_err(|error| match error {
        TransformError::Placement(source) => FlowError::Placement { pass, source },
        TransformError::Lut(source) => FlowError::Lut(source),
    })?;
    Ok(made.into_stage())
}

impl Pass {
    /// Every registered pass.
    pub const ALL: &'static [Self] = passes::REGISTERED;

    /// A pass by its type.
    pub const fn of<T: Transform>() -> Self {
        Self(&Registration::<T>::ENTRY)
    }

    /// The name on the command line.
    pub const fn name(self) -> &'static str {
        self.0.name
    }

    /// What it does, in a line.
    pub const fn description(self) -> &'static str {
        self.0.description
    }

    /// What it works on, and what it makes.
    pub const fn stages(self) -> (StageKind, StageKind) {
        (self.0.takes, self.0.makes)
    }

    /// The settings that it listens to.
    pub const fn options(self) -> &'static [&'static str] {
        self.0.options
    }

    /// Runs it.
    ///
    /// # Errors
    /// If it works on another kind of representation or on blocks that are not set, or the words do not fit the array.
    pub fn run(self, stage: Stage, settings: &Settings) -> Result<Stage, FlowError> {
        (self.0.run)(stage, settings)
    }
}

impl PartialEq for Pass {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Pass {}

impl fmt::Debug for Pass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Pass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A name that no pass has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no pass; there are:{known}", known = known_passes())]
pub struct UnknownPass(String);

/// The passes with what they do, a line each.
fn known_passes() -> String {
    Pass::ALL.iter().map(|pass| format!("\n  {pass:<15} {}", pass.description())).collect()
}

impl FromStr for Pass {
    type Err = UnknownPass;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.iter().copied().find(|pass| pass.name() == text).ok_or_else(|| UnknownPass(text.to_owned()))
    }
}
