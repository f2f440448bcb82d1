//! From a layer's weights to programs.

use network::TernaryWeights;

use crate::ir::LayerSums;
use crate::lut::{SynthesisError, standard_luts};
use crate::passes::emit::emit;
use crate::passes::fold::{channel_groups, fold};
use crate::passes::place::{PlacementError, place};
use crate::passes::schedule::schedule;
use crate::passes::share::{Sharing, share, shorten_lifetimes};
use crate::work::RowWork;
use crate::{Geometry, Program};

/// What the compiler is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Options {
    /// The array to compile for.
    pub geometry: Geometry,
    /// How subexpressions are shared.
    pub sharing: Sharing,
    /// The most outputs that one associative processor computes; more are split, evenly, over several.
    pub outputs_per_processor: Option<usize>,
}

/// The programs of one layer. Each computes some of the outputs, for any number of rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompiledLayer {
    /// The layer's name.
    pub name: String,
    /// One for each part of the outputs.
    pub programs: Vec<Program>,
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
        Sharing::None | Sharing::PerChannel => usize::MAX,
        Sharing::CrossChannel => 1,
    };
    share_layer_in_groups(layer, weights, input_maximum, sharing, groups)
}

/// The same with the input channels in a given number of groups.
pub fn share_layer_in_groups(
    layer: &str,
    weights: &TernaryWeights,
    input_maximum: u32,
    sharing: Sharing,
    groups: usize,
) -> LayerSums {
    let outputs: Vec<u32> = (0..weights.outputs() as u32).collect();
    shared_sums(layer, weights, input_maximum, &outputs, sharing, groups)
}

fn shared_sums(
    layer: &str,
    weights: &TernaryWeights,
    input_maximum: u32,
    outputs: &[u32],
    sharing: Sharing,
    groups: usize,
) -> LayerSums {
    let mut sums = fold(layer, weights, input_maximum, outputs, &channel_groups(weights, groups));
    share(&mut sums, sharing.algorithm());
    sums
}

/// Compiles a layer whose inputs range over `0..=input_maximum`. Outputs are split over as few processors as fit. A way of
/// sharing that looks across input channels gets them in the groups that take fewest operations without more
/// processors, and without more searches and track steps together, than single channels.
///
/// # Errors
/// If the array is too small for even one output.
pub fn compile_layer(
    layer: &str,
    weights: &TernaryWeights,
    input_maximum: u32,
    options: &Options,
) -> Result<CompiledLayer, CompileError> {
    let singly = compile_layer_in_groups(layer, weights, input_maximum, options, usize::MAX)?;
    match options.sharing {
        Sharing::None | Sharing::PerChannel => Ok(singly),
        Sharing::CrossChannel => in_larger_groups(singly, layer, weights, input_maximum, options),
    }
}

/// Looks for the number of channel groups with the fewest operations among those that need no more processors, and no
/// more searches and track steps together, than single channels.
///
/// Operations fall with the size of the groups until a group's terms no longer fit the array; track steps fall first and then
/// rise, since more terms than columns are alive and lie behind each other. So the number is halved while that is
/// acceptable, and the last halving is bisected.
fn in_larger_groups(
    singly: CompiledLayer,
    layer: &str,
    weights: &TernaryWeights,
    input_maximum: u32,
    options: &Options,
) -> Result<CompiledLayer, CompileError> {
    let parts = singly.programs.len();
    let limit = RowWork::of(&singly.programs).total();
    let mut best = singly;
    let (mut accepted, mut refused) = (weights.inputs(), 0);
    while accepted > refused + 1 {
        let groups = accepted.div_ceil(2).max((accepted + refused) / 2);
        match compile_in_parts(layer, weights, input_maximum, options, groups, parts)? {
            Ok(compiled) if RowWork::of(&compiled.programs).total() <= limit => {
                accepted = groups;
                if compiled.statistics.operations() < best.statistics.operations() {
                    best = compiled;
                }
            }
            Ok(_) | Err(_) => refused = groups,
        }
    }
    Ok(best)
}

/// The same with the input channels in a given number of groups.
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
    let outputs = weights.outputs();
    let mut parts = options.outputs_per_processor.map_or(1, |most| outputs.div_ceil(most.max(1))).max(1);
    loop {
        match compile_in_parts(layer, weights, input_maximum, options, groups, parts)? {
            Ok(compiled) => return Ok(compiled),
            Err(_) if parts < outputs => parts += 1,
            Err(source) => {
                return Err(CompileError::DoesNotFit {
                    layer: layer.to_owned(),
                    geometry: options.geometry,
                    source,
                });
            }
        }
    }
}

fn compile_in_parts(
    layer: &str,
    weights: &TernaryWeights,
    input_maximum: u32,
    options: &Options,
    groups: usize,
    parts: usize,
) -> Result<Result<CompiledLayer, PlacementError>, CompileError> {
    let luts = standard_luts()?;
    let mut compiled = CompiledLayer {
        name: layer.to_owned(),
        programs: Vec::with_capacity(parts),
        statistics: LayerStatistics { nonzeros: weights.nonzeros(), ..LayerStatistics::default() },
    };
    for part in 0..parts {
        let bound = |part| (weights.outputs() * part / parts) as u32;
        let outputs: Vec<u32> = (bound(part)..bound(part + 1)).collect();
        let mut sums = shared_sums(layer, weights, input_maximum, &outputs, options.sharing, groups);
        if options.sharing == Sharing::CrossChannel {
            let live:usize=std::env::var("LIVE").ok().and_then(|s|s.parse().ok()).unwrap_or(options.geometry.columns()); shorten_lifetimes(&mut sums, live);
        }
        let schedule = schedule(&sums, luts);
        let placement = match place(&schedule, options.geometry) {
            Ok(placement) => placement,
            Err(shortage) => return Ok(Err(shortage)),
        };
        let program = emit(&schedule, &placement, luts, options.geometry);
        let statistics = &mut compiled.statistics;
        statistics.adders += sums.adders();
        statistics.accumulates += sums.accumulates();
        statistics.loads += sums.loads();
        statistics.groups = statistics.groups.max(sums.groups.len());
        statistics.words += program.instructions.len();
        statistics.columns = statistics.columns.max(placement.columns_used);
        compiled.programs.push(program);
    }
    Ok(Ok(compiled))
}
