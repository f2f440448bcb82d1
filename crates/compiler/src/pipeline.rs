//! From a layer's weights to programs.

use std::sync::Arc;

use ap_program::{CheckedProgram, Geometry, Program};
use network::TernaryWeights;
use rayon::prelude::*;

use crate::flow::{Flow, FlowError, passes_for, program_of, run_passes};
use crate::ir::{LayerSums, LayerWeights, Stage, Verification};
use crate::pass::{Pass, Settings};
use crate::passes::fold::{channel_groups, fold, nonzeros_of};
use crate::passes::place::PlacementError;
use crate::passes::share::share;
use crate::passes::widths::Span;
use crate::passes::{Fold, Sharing, Tiling};
use crate::{Layout, Options};

/// The programs of one layer. Each computes some of the outputs, for any number of rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompiledLayer {
    /// The layer's name.
    pub name: String,
    /// One for each part of the outputs.
    pub programs: Vec<CheckedProgram>,
    /// How its words lie: naively, along or tiled.
    pub layout: Layout,
    /// The passes that made them, and what these were told for each.
    pub flow: Flow,
    /// What was counted on the way.
    pub statistics: LayerStatistics,
}

impl CompiledLayer {
    /// Searches and steps of tracks in one row, over all programs, as far as the compiler weighs them: tracks stay where they are
    /// led. What a search costs against a step is up to the technology; here they count alike.
    fn work(&self) -> u64 {
        let counts = self.programs.iter().map(CheckedProgram::counts);
        counts.map(|counts| counts.compares + counts.steps_on_the_way()).sum()
    }
}

/// Counts of a layer, over all its programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LayerStatistics {
    /// Weights other than 0.
    pub nonzeros: usize,
    /// Additions and subtractions; the first term of a sum is free.
    pub adders: usize,
    /// Additions into accumulators.
    pub accumulates: usize,
    /// Window elements loaded.
    pub loads: usize,
    /// Program words.
    pub words: usize,
    /// Groups of input channels.
    pub groups: usize,
    /// Columns that the program with the most of them uses.
    pub columns: usize,
}

impl LayerStatistics {
    /// Additions of any kind.
    pub fn operations(&self) -> usize {
        self.adders + self.accumulates
    }

    /// Takes down what the stage behind a pass shows.
    fn count(&mut self, pass: Pass, stage: &Stage) {
        match stage {
            Stage::Weights(_) | Stage::Words(_) => {}
            Stage::Sums(sums) => {
                (self.adders, self.accumulates) = (sums.adders(), sums.accumulates());
                if pass == Pass::of::<Fold>() {
                    self.groups = sums.groups.len();
                }
            }
            Stage::Placed(placed) => {
                self.loads = placed.words.loads();
                self.columns = placed.placement.columns_used;
            }
            Stage::Program(program) => self.words = program.instructions.len(),
        }
    }
}

/// Why a layer cannot be compiled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CompileError {
    /// Even one output alone does not fit.
    #[error("layer `{layer}` does not fit an array of {geometry}, not even one output at a time: {source}")]
    DoesNotFit {
        layer: String,
        /// The array.
        geometry: Geometry,
        /// The shortage.
        source: PlacementError,
    },
    /// A kernel of more rows or columns than window elements are told apart by.
    #[error("layer `{layer}`: a kernel of {height}x{width}; expected at most 256 rows and columns")]
    Kernel {
        layer: String,
        /// Rows.
        height: usize,
        /// Columns.
        width: usize,
    },
    /// A pass fails for another reason than a shortage of room.
    #[error("layer `{layer}`: {source}")]
    Pass {
        layer: String,
        /// What fails.
        source: Box<FlowError>,
    },
}

/// The sums of a layer after folding and sharing, without regard to any array: what operation counts are taken from. Input
/// channels are taken one by one, or all at once if the way of sharing looks across them.
pub fn share_layer(layer: &str, weights: &TernaryWeights, input_maximum: u32, sharing: Sharing) -> LayerSums {
    share_layer_in_groups(layer, weights, input_maximum, sharing, sharing.groups_without_limits(weights))
}

/// The same with the input channels in at most the given number of groups.
pub fn share_layer_in_groups(
    layer: &str,
    weights: &TernaryWeights,
    input_maximum: u32,
    sharing: Sharing,
    groups: usize,
) -> LayerSums {
    let outputs: Vec<u32> = (0..weights.outputs() as u32).collect();
    let mut sums = fold(layer, weights, input_maximum, &outputs, &channel_groups(weights, groups));
    share(&mut sums, sharing.algorithm());
    sums
}

/// Compiles a layer whose inputs range over `0..=input_maximum`. Outputs are split over as few processors as fit. A way of
/// sharing that looks across input channels gets them in the groups that take fewest operations without more processors,
/// and without more searches and track steps together, than single channels.
///
/// # Errors
/// If the array is too small for even one output.
pub fn compile_layer(
    layer: &str,
    weights: &TernaryWeights,
    input_maximum: u32,
    options: &Options,
) -> Result<CompiledLayer, CompileError> {
    let (height, width) = (weights.kernel_height(), weights.kernel_width());
    if height.max(width) > usize::from(u8::MAX) + 1 {
        return Err(CompileError::Kernel { layer: layer.to_owned(), height, width });
    }
    let compilation = Compilation::new(layer, weights, input_maximum, options);
    if options.sharing == Sharing::Searched {
        // How the layer is cut is found with greedy sharing, whose terms take about as much room.
        let greedy = Options { sharing: Sharing::CrossChannel, ..*options };
        let greedy = compile_layer(layer, weights, input_maximum, &greedy)?;
        return compilation.searched(greedy).map_err(|error| compilation.failed(error));
    }
    let tiled = match options.layout {
        Layout::Naive => return compilation.in_groups(weights.inputs()),
        Layout::Along => None,
        Layout::Tiled | Layout::Best => compilation.tiled().map_err(|error| compilation.failed(error))?,
    };
    match tiled {
        Some(tiled) if options.layout == Layout::Tiled => Ok(tiled),
        tiled => {
            let along = compilation.along()?;
            Ok(tiled.filter(|tiled| tiled.work() <= along.work()).unwrap_or(along))
        }
    }
}

/// The same with the input channels in at most the given number of groups.
///
/// # Errors
/// If the array is too small for even one output.
pub fn compile_layer_in_groups(
    layer: &str,
    weights: &TernaryWeights,
    input_maximum: u32,
    options: &Options,
    groups: usize,
) -> Result<CompiledLayer, CompileError> {
    Compilation::new(layer, weights, input_maximum, options).in_groups(groups)
}

/// A layer on its way to programs.
struct Compilation<'a> {
    from: LayerWeights,
    options: &'a Options,
    verification: Verification,
}

/// A program, and what was counted on its way.
type Part = (Program, LayerStatistics);

impl<'a> Compilation<'a> {
    fn new(layer: &str, weights: &TernaryWeights, input_maximum: u32, options: &'a Options) -> Self {
        let weights = Arc::new(weights.clone());
        let from = LayerWeights { layer: layer.to_owned(), input_maximum, weights };
        Self { from, options, verification: Verification::of_this_build() }
    }

    fn weights(&self) -> &TernaryWeights {
        &self.from.weights
    }

    fn failed(&self, error: FlowError) -> CompileError {
        let (layer, geometry) = (self.from.layer.clone(), self.options.geometry);
        match error {
            FlowError::Placement { source, .. } => CompileError::DoesNotFit { layer, geometry, source },
            source => CompileError::Pass { layer, source: Box::new(source) },
        }
    }

    /// Words along the tracks, in the groups of channels that suit the way of sharing.
    fn along(&self) -> Result<CompiledLayer, CompileError> {
        let singly = self.in_groups(self.weights().inputs())?;
        match self.options.sharing {
            Sharing::None | Sharing::PerChannel => Ok(singly),
            Sharing::CrossChannel | Sharing::Searched => {
                self.in_fewer_groups(singly).map_err(|error| self.failed(error))
            }
        }
    }

    /// Words across columns. A way of sharing that looks across input channels gets them two by two, four by four and so on, as long as that
    /// takes fewer searches and track steps: wider windows leave room for fewer outputs, between which terms are shared as well. `None`
    /// if a window has too many elements to stand at the ports at once.
    fn tiled(&self) -> Result<Option<CompiledLayer>, FlowError> {
        let mut best = self.tiled_by(1)?;
        let is_across = matches!(self.options.sharing, Sharing::CrossChannel | Sharing::Searched);
        let mut channels = 2;
        while is_across && channels < 2 * self.weights().inputs() {
            let Some(wider) = self.tiled_by(channels)? else { break };
            if best.as_ref().is_some_and(|best| best.work() <= wider.work()) {
                break;
            }
            best = Some(wider);
            channels *= 2;
        }
        Ok(best)
    }

    /// Words across columns, so many channels to a window, in blocks of as many outputs as fit beside the windows.
    fn tiled_by(&self, channels: usize) -> Result<Option<CompiledLayer>, FlowError> {
        let (weights, input_maximum) = (self.weights(), self.from.input_maximum);
        let input_bits = u32::BITS as usize - input_maximum.leading_zeros() as usize;
        let groups = weights.inputs().div_ceil(channels).max(1);
        let elements = weights.taps() * weights.inputs().div_ceil(groups);
        let window_columns = elements * input_bits;
        let side_by_side = (WINDOW_COLUMNS / window_columns.max(1)).clamp(1, groups);
        let window_lanes = elements * side_by_side;
        let taken = window_lanes * input_bits + TEMPORARY_COLUMNS;
        let rest = self.options.geometry.word_columns().saturating_sub(taken);
        let widest = widest_accumulator(weights, input_maximum);
        let mut outputs_per_block = (rest / widest).min(weights.outputs());
        // Terms of several channels take so much room that it is found in larger steps.
        let step = |outputs: usize| if channels == 1 { 1 } else { outputs.div_ceil(8) };
        while outputs_per_block > 0 {
            match self.in_blocks(Tiling { outputs_per_block, window_lanes }, groups) {
                Ok(compiled) => return Ok(Some(compiled)),
                Err(FlowError::Placement { source, .. }) => match source {
                    PlacementError::Full { .. } | PlacementError::Accumulators { .. } => {
                        outputs_per_block -= step(outputs_per_block);
                    }
                    _ => break,
                },
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    fn in_blocks(&self, tiling: Tiling, groups: usize) -> Result<CompiledLayer, FlowError> {
        let outputs = self.weights().outputs();
        let most = self.options.outputs_per_processor.unwrap_or(usize::MAX);
        let most = most.min(tiling.outputs_per_block * self.options.geometry.domains()).max(1);
        self.in_parts(Layout::Tiled, groups, outputs.div_ceil(most).max(1), Some(tiling))
    }

    /// Looks for the number of channel groups with the fewest operations among those that need no more processors, and no
    /// more searches and track steps together, than single channels.
    ///
    /// Operations fall with the size of the groups until a group's terms no longer fit the array; track steps fall first and
    /// then rise, since more terms than columns are alive and lie behind each other. So the number is quartered while that
    /// is acceptable, and what lies between the last two is bisected to a sixteenth.
    fn in_fewer_groups(&self, singly: CompiledLayer) -> Result<CompiledLayer, FlowError> {
        let parts = singly.programs.len();
        let limit = singly.work();
        let mut best = singly;
        let (mut accepted, mut refused) = (self.weights().inputs(), 0);
        while accepted > refused + 1 + accepted / 16 {
            let groups = accepted.div_ceil(4).max((accepted + refused) / 2);
            match self.fitting(groups, parts)? {
                Some(compiled) if compiled.work() <= limit => {
                    accepted = groups;
                    if compiled.statistics.operations() < best.statistics.operations() {
                        best = compiled;
                    }
                }
                _ => refused = groups,
            }
        }
        Ok(best)
    }

    /// The programs for a number of groups and processors if they fit. That the fullest group fits is tried first.
    fn fitting(&self, groups: usize, parts: usize) -> Result<Option<CompiledLayer>, FlowError> {
        let weights = self.weights();
        let mut settings = self.settings(Layout::Along, groups, parts, None);
        let Some(mut first) = settings.drain(..).next() else { return Ok(None) };
        let fullest = first.channels.iter().max_by_key(|&channels| nonzeros_of(weights, channels.clone()));
        first.channels = fullest.cloned().into_iter().collect();
        let passes = passes_for(self.options.sharing, Layout::Along);
        // Some channels alone do not make the sums that the weights stand for.
        if if_it_fits(self.program(&passes, &first, Verification::Skipped))?.is_none() {
            return Ok(None);
        }
        if_it_fits(self.in_parts(Layout::Along, groups, parts, None))
    }

    fn in_groups(&self, groups: usize) -> Result<CompiledLayer, CompileError> {
        let layout = if self.options.layout == Layout::Naive { Layout::Naive } else { Layout::Along };
        let outputs = self.weights().outputs();
        let most = self.options.outputs_per_processor;
        let parts = most.map_or(1, |most| outputs.div_ceil(most.max(1))).max(1);
        let mut parts = self.parts_with_room(parts);
        loop {
            match self.in_parts(layout, groups, parts, None) {
                Ok(compiled) => return Ok(compiled),
                Err(FlowError::Placement { .. }) if parts < outputs => parts += 1,
                Err(error) => return Err(self.failed(error)),
            }
        }
    }

    /// The least number of parts, from some on, in which no part's accumulators alone take more cells than there are: all of them are
    /// alive together, so fewer parts need not be tried.
    fn parts_with_room(&self, least: usize) -> usize {
        let (weights, geometry) = (self.weights(), self.options.geometry);
        let room = geometry.columns() * geometry.domains();
        let bits = accumulator_bits(weights, self.from.input_maximum);
        let before: Vec<usize> = std::iter::once(0)
            .chain(bits.scan(0, |sum, bits| {
                *sum += bits;
                Some(*sum)
            }))
            .collect();
        let outputs = weights.outputs();
        let fits = |parts: usize| {
            let bound = |part: usize| before[outputs * part / parts];
            (0..parts).all(|part| bound(part + 1) - bound(part) <= room)
        };
        (least..outputs).find(|&parts| fits(parts)).unwrap_or(least.max(outputs))
    }

    /// What the passes are told for each of several equal parts of the outputs.
    fn settings(&self, layout: Layout, groups: usize, parts: usize, tiling: Option<Tiling>) -> Vec<Settings> {
        let options = Options { layout, ..*self.options };
        Settings::of_parts(self.weights(), &options, groups, parts, tiling)
    }

    /// A program for each of several equal parts of the outputs.
    fn in_parts(
        &self,
        layout: Layout,
        channel_groups: usize,
        parts: usize,
        tiling: Option<Tiling>,
    ) -> Result<CompiledLayer, FlowError> {
        self.with_settings(layout, self.settings(layout, channel_groups, parts, tiling))
    }

    /// The same parts as greedy sharing has, with shared terms searched for in each; if that is no better, or does not fit, those of
    /// greedy sharing.
    fn searched(&self, greedy: CompiledLayer) -> Result<CompiledLayer, FlowError> {
        let of_part = |settings: &Settings| Settings { sharing: Sharing::Searched, ..settings.clone() };
        let settings = greedy.flow.parts.iter().map(of_part).collect();
        let searched = if_it_fits(self.with_settings(greedy.layout, settings))?;
        let is_better = |searched: &CompiledLayer| {
            (searched.work(), searched.statistics.operations())
                <= (greedy.work(), greedy.statistics.operations())
        };
        Ok(searched.filter(is_better).unwrap_or(greedy))
    }

    /// A program for each of some parts of the layer.
    fn with_settings(&self, layout: Layout, settings: Vec<Settings>) -> Result<CompiledLayer, FlowError> {
        let passes = passes_for(self.options.sharing, layout);
        let of_part = |settings: &Settings| -> Result<(CheckedProgram, LayerStatistics), FlowError> {
            let (program, statistics) = self.program(&passes, settings, self.verification)?;
            Ok((CheckedProgram::new(program)?, statistics))
        };
        let programs: Vec<_> = settings.par_iter().map(of_part).collect();
        let mut compiled = CompiledLayer {
            name: self.from.layer.clone(),
            programs: Vec::with_capacity(settings.len()),
            layout,
            flow: Flow { passes, parts: settings },
            statistics: LayerStatistics { nonzeros: self.weights().nonzeros(), ..LayerStatistics::default() },
        };
        for program in programs {
            let (program, part) = program?;
            let statistics = &mut compiled.statistics;
            statistics.adders += part.adders;
            statistics.accumulates += part.accumulates;
            statistics.loads += part.loads;
            statistics.words += part.words;
            statistics.groups = statistics.groups.max(part.groups);
            statistics.columns = statistics.columns.max(part.columns);
            compiled.programs.push(program);
        }
        Ok(compiled)
    }

    /// The program for one part.
    fn program(
        &self,
        passes: &[Pass],
        settings: &Settings,
        verification: Verification,
    ) -> Result<Part, FlowError> {
        let mut statistics = LayerStatistics::default();
        let stage = run_passes(passes, &self.from, settings, verification, |pass, stage| {
            statistics.count(pass, stage);
        })?;
        Ok((program_of(stage)?, statistics))
    }
}

/// `None` if it does not fit.
fn if_it_fits<T>(result: Result<T, FlowError>) -> Result<Option<T>, FlowError> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(FlowError::Placement { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Columns that blocks leave to temporaries at first; more are taken from the blocks if they do not suffice.
const TEMPORARY_COLUMNS: usize = 30;

/// Columns that windows should fill: windows of few elements stand side by side with those of further channels.
const WINDOW_COLUMNS: usize = 40;

/// Bits of the widest accumulator.
fn widest_accumulator(weights: &TernaryWeights, input_maximum: u32) -> usize {
    accumulator_bits(weights, input_maximum).max().unwrap_or(1)
}

/// Bits of every output's accumulator.
fn accumulator_bits(weights: &TernaryWeights, input_maximum: u32) -> impl Iterator<Item = usize> {
    (0..weights.outputs()).map(move |output| {
        let filter = weights.filter(output);
        let count = |sign: i8| filter.iter().filter(|&&weight| weight == sign).count() as u32;
        usize::from(Span { added: count(1), subtracted: count(-1) }.format(input_maximum).bits)
    })
}
