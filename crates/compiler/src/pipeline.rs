//! From a layer's weights to programs.

use std::ops::Range;

use network::TernaryWeights;
use rayon::prelude::*;

use crate::ir::LayerSums;
use crate::lut::{Lut, SynthesisError, standard_luts};
use crate::passes::emit::{emit, emit_rewinding};
use crate::passes::fold::{channel_groups, fold, nonzeros_of};
use crate::passes::place::{Accumulators, PlacementError, place};
use crate::passes::schedule::schedule;
use crate::passes::share::{Sharing, share, shorten_lifetimes};
use crate::passes::tile::{Blocks, Tiling, tile};
use crate::passes::widths::Span;
use crate::work::RowWork;
use crate::{Geometry, Layout, Options, Program};

/// The programs of one layer. Each computes some of the outputs, for any number of rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompiledLayer {
    /// The layer's name.
    pub name: String,
    /// One for each part of the outputs.
    pub programs: Vec<Program>,
    /// How its words lie: naively, along or tiled.
    pub layout: Layout,
    /// Groups of input channels that were asked for; groups without weights do not count in the statistics.
    pub channel_groups: usize,
    /// What was counted on the way.
    pub statistics: LayerStatistics,
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
}

/// Why a layer cannot be compiled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CompileError {
    /// Even one output alone does not fit.
    #[error("layer `{layer}` does not fit an array of {geometry}, not even one output at a time: {source}")]
    DoesNotFit {
        /// The layer.
        layer: String,
        /// The array.
        geometry: Geometry,
        /// The shortage.
        source: PlacementError,
    },
    /// A table could not be synthesized.
    #[error(transparent)]
    Lut(#[from] SynthesisError),
}

/// The sums of a layer after folding and sharing, without regard to any array: what operation counts are taken from. Input
/// channels are taken one by one, or all at once if the way of sharing looks across them.
pub fn share_layer(layer: &str, weights: &TernaryWeights, input_maximum: u32, sharing: Sharing) -> LayerSums {
    let groups = match sharing {
        Sharing::None | Sharing::PerChannel => weights.inputs(),
        Sharing::CrossChannel => 1,
    };
    share_layer_in_groups(layer, weights, input_maximum, sharing, groups)
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
    let compilation = Compilation { layer, weights, input_maximum, options, luts: standard_luts()? };
    let tiled = match options.layout {
        Layout::Naive => return compilation.in_groups(weights.inputs()),
        Layout::Along => None,
        Layout::Tiled | Layout::Best => compilation.tiled(),
    };
    match tiled {
        Some(tiled) if options.layout == Layout::Tiled => Ok(tiled),
        tiled => {
            let along = compilation.along()?;
            let work = |compiled: &CompiledLayer| RowWork::of(&compiled.programs).total();
            Ok(tiled.filter(|tiled| work(tiled) <= work(&along)).unwrap_or(along))
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
    Compilation { layer, weights, input_maximum, options, luts: standard_luts()? }.in_groups(groups)
}

/// A layer on its way to programs.
struct Compilation<'a> {
    layer: &'a str,
    weights: &'a TernaryWeights,
    input_maximum: u32,
    options: &'a Options,
    luts: &'static [Lut],
}

impl Compilation<'_> {
    /// Words along the tracks, in the groups of channels that suit the way of sharing.
    fn along(&self) -> Result<CompiledLayer, CompileError> {
        let singly = self.in_groups(self.weights.inputs())?;
        match self.options.sharing {
            Sharing::None | Sharing::PerChannel => Ok(singly),
            Sharing::CrossChannel => Ok(self.in_fewer_groups(singly)),
        }
    }

    /// Words across columns, in blocks of as many outputs as fit beside the windows. `None` if a window has too many elements
    /// to stand at the ports at once.
    fn tiled(&self) -> Option<CompiledLayer> {
        let input_bits = u32::BITS as usize - self.input_maximum.leading_zeros() as usize;
        let window_columns = self.weights.taps() * input_bits;
        let side_by_side = (WINDOW_COLUMNS / window_columns.max(1)).clamp(1, self.weights.inputs().max(1));
        let window_lanes = self.weights.taps() * side_by_side;
        let taken = window_lanes * input_bits + TEMPORARY_COLUMNS;
        let rest = (self.options.geometry.columns() - 1).saturating_sub(taken);
        let widest = widest_accumulator(self.weights, self.input_maximum);
        let mut outputs_per_block = (rest / widest).min(self.weights.outputs());
        while outputs_per_block > 0 {
            match self.in_blocks(Tiling { outputs_per_block, window_lanes }) {
                Ok(compiled) => return Some(compiled),
                Err(PlacementError::Full { .. } | PlacementError::Accumulators { .. }) => {
                    outputs_per_block -= 1;
                }
                Err(_) => break,
            }
        }
        None
    }

    fn in_blocks(&self, tiling: Tiling) -> Result<CompiledLayer, PlacementError> {
        let channels = channel_groups(self.weights, self.weights.inputs());
        let most = self.options.outputs_per_processor.unwrap_or(usize::MAX);
        let most = most.min(tiling.outputs_per_block * self.options.geometry.domains()).max(1);
        let parts = self.weights.outputs().div_ceil(most).max(1);
        self.in_parts(Layout::Tiled, channels.len(), parts, |outputs| {
            self.tiled_program(outputs, &channels, tiling)
        })
    }

    fn tiled_program(
        &self,
        outputs: &[u32],
        channels: &[Range<usize>],
        tiling: Tiling,
    ) -> Result<(Program, LayerStatistics), PlacementError> {
        let Options { geometry, sharing, .. } = *self.options;
        let algorithm = sharing.algorithm();
        let per_block = tiling.outputs_per_block;
        let blocks = Blocks::new(
            self.layer,
            self.weights,
            self.input_maximum,
            outputs,
            channels,
            per_block,
            algorithm,
        );
        let (schedule, placement) = tile(&blocks, tiling, self.luts, geometry)?;
        let program = emit(&schedule, &placement, self.luts, geometry);
        let statistics = LayerStatistics {
            nonzeros: 0,
            adders: blocks.sums().iter().map(LayerSums::adders).sum(),
            accumulates: blocks.sums().iter().map(LayerSums::accumulates).sum(),
            loads: blocks.loads(),
            words: program.instructions.len(),
            groups: channels.len(),
            columns: placement.columns_used,
        };
        Ok((program, statistics))
    }

    /// Looks for the number of channel groups with the fewest operations among those that need no more processors, and no
    /// more searches and track steps together, than single channels.
    ///
    /// Operations fall with the size of the groups until a group's terms no longer fit the array; track steps fall first and
    /// then rise, since more terms than columns are alive and lie behind each other. So the number is quartered while that
    /// is acceptable, and what lies between the last two is bisected to a sixteenth.
    fn in_fewer_groups(&self, singly: CompiledLayer) -> CompiledLayer {
        let parts = singly.programs.len();
        let limit = RowWork::of(&singly.programs).total();
        let mut best = singly;
        let (mut accepted, mut refused) = (self.weights.inputs(), 0);
        while accepted > refused + 1 + accepted / 16 {
            let groups = accepted.div_ceil(4).max((accepted + refused) / 2);
            match self.fitting(groups, parts) {
                Some(compiled) if RowWork::of(&compiled.programs).total() <= limit => {
                    accepted = groups;
                    if compiled.statistics.operations() < best.statistics.operations() {
                        best = compiled;
                    }
                }
                _ => refused = groups,
            }
        }
        best
    }

    /// The programs for a number of groups and processors if they fit. That the fullest group fits is tried first.
    fn fitting(&self, groups: usize, parts: usize) -> Option<CompiledLayer> {
        let channels = channel_groups(self.weights, groups);
        let nonzeros = |channels: &Range<usize>| nonzeros_of(self.weights, channels.clone());
        let fullest = channels.iter().max_by_key(|channels| nonzeros(channels))?;
        self.program(&self.outputs(0, parts), std::slice::from_ref(fullest)).ok()?;
        self.in_parts(Layout::Along, groups, parts, |outputs| self.program(outputs, &channels)).ok()
    }

    fn in_groups(&self, groups: usize) -> Result<CompiledLayer, CompileError> {
        let channels = channel_groups(self.weights, groups);
        let outputs = self.weights.outputs();
        let most = self.options.outputs_per_processor;
        let mut parts = most.map_or(1, |most| outputs.div_ceil(most.max(1))).max(1);
        loop {
            match self.in_parts(self.words_along(), groups, parts, |outputs| self.program(outputs, &channels))
            {
                Ok(compiled) => return Ok(compiled),
                Err(_) if parts < outputs => parts += 1,
                Err(source) => {
                    let (layer, geometry) = (self.layer.to_owned(), self.options.geometry);
                    return Err(CompileError::DoesNotFit { layer, geometry, source });
                }
            }
        }
    }

    /// The layout of words along the tracks.
    fn words_along(&self) -> Layout {
        if self.options.layout == Layout::Naive { Layout::Naive } else { Layout::Along }
    }

    /// A program for each of several equal parts of the outputs.
    fn in_parts(
        &self,
        layout: Layout,
        channel_groups: usize,
        parts: usize,
        program: impl Fn(&[u32]) -> Result<(Program, LayerStatistics), PlacementError> + Sync,
    ) -> Result<CompiledLayer, PlacementError> {
        let programs: Vec<Result<(Program, LayerStatistics), PlacementError>> =
            (0..parts).into_par_iter().map(|part| program(&self.outputs(part, parts))).collect();
        let mut compiled = CompiledLayer {
            name: self.layer.to_owned(),
            programs: Vec::with_capacity(parts),
            layout,
            channel_groups,
            statistics: LayerStatistics { nonzeros: self.weights.nonzeros(), ..LayerStatistics::default() },
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

    /// The outputs of one of several equal parts.
    fn outputs(&self, part: usize, parts: usize) -> Vec<u32> {
        let bound = |part| (self.weights.outputs() * part / parts) as u32;
        (bound(part)..bound(part + 1)).collect()
    }

    /// The program that computes some outputs from some groups of channels.
    fn program(
        &self,
        outputs: &[u32],
        channels: &[Range<usize>],
    ) -> Result<(Program, LayerStatistics), PlacementError> {
        let Options { geometry, sharing, .. } = *self.options;
        let mut sums = fold(self.layer, self.weights, self.input_maximum, outputs, channels);
        share(&mut sums, sharing.algorithm());
        if sharing == Sharing::CrossChannel && self.words_along() == Layout::Along {
            // With more terms than columns every use of one is a journey along its track.
            shorten_lifetimes(&mut sums, geometry.columns());
        }
        let schedule = schedule(&sums, self.luts);
        let (placement, program) = if self.words_along() == Layout::Naive {
            let placement = place(&schedule, geometry, Accumulators::Apart)?;
            let program = emit_rewinding(&schedule, &placement, self.luts, geometry);
            (placement, program)
        } else {
            let placement = place(&schedule, geometry, Accumulators::Packed)?;
            let program = emit(&schedule, &placement, self.luts, geometry);
            (placement, program)
        };
        let statistics = LayerStatistics {
            nonzeros: 0,
            adders: sums.adders(),
            accumulates: sums.accumulates(),
            loads: sums.loads(),
            words: program.instructions.len(),
            groups: sums.groups.len(),
            columns: placement.columns_used,
        };
        Ok((program, statistics))
    }
}

/// Columns that blocks leave to temporaries at first; more are taken from the blocks if they do not suffice.
const TEMPORARY_COLUMNS: usize = 30;

/// Columns that windows should fill: windows of few elements stand side by side with those of further channels.
const WINDOW_COLUMNS: usize = 40;

/// Bits of the widest accumulator.
fn widest_accumulator(weights: &TernaryWeights, input_maximum: u32) -> usize {
    let per_output = weights.values().chunks((weights.inputs() * weights.taps()).max(1));
    let bits = per_output.map(|filter| {
        let count = |sign: i8| filter.iter().filter(|&&weight| weight == sign).count() as u32;
        usize::from(Span { added: count(1), subtracted: count(-1) }.format(input_maximum).bits)
    });
    bits.max().unwrap_or(1)
}
