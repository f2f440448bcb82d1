//! `tile`: order and places for words that lie across columns, so that most shifts disappear.
//!
//! Along a track every bit of a word costs a step forth and, before the word is used again, a step back. Across columns a
//! word costs nothing while it stands at the ports, and one step of each of its columns to make room for its neighbour in
//! depth. The loops are therefore tiled. Outputs are taken in blocks whose accumulators stand at the ports together; the blocks
//! lie behind each other in depth. The windows of as many channels as a track has domains lie behind each other in other
//! columns, and are loaded once. For each such tile of channels, each block of outputs is brought to the ports once, and the
//! windows pass by, forth for one block and back for the next. Temporaries live in the remaining columns, which never shift.

use std::collections::BTreeSet;

use ap_program::{Carry, Direction, Format, Geometry, Lut, Operand, Tap};

use crate::ir::{Group, LayerSums, PlacedWords, Placement, ValueId, ValueKind, WordOperation, Words};
use crate::lut::standard_luts;
use crate::pass::{Transform, TransformError};
use crate::passes::place::PlacementError;
use crate::passes::schedule::GroupSchedule;
use crate::passes::widths::{Span, accumulator_spans, sum_spans, term_spans};

/// The pass.
pub struct Tile;

impl Transform for Tile {
    const NAME: &'static str = "tile";
    const DESCRIPTION: &'static str = "orders operations block by block, and lays words across columns";
    type Takes = LayerSums;
    type Makes = PlacedWords;
    type Told = (Tiling, Geometry);

    fn run(sums: LayerSums, (tiling, geometry): (Tiling, Geometry)) -> Result<PlacedWords, TransformError> {
        let (words, placement) = tile(&sums, tiling, standard_luts(geometry.carry())?, geometry)?;
        Ok(PlacedWords { words, placement })
    }
}

/// How a layer is cut into blocks of outputs and tiles of input channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tiling {
    /// Outputs whose accumulators stand at the ports together.
    pub outputs_per_block: usize,
    /// Window elements that stand at the ports together.
    pub window_lanes: usize,
}

/// Sums by blocks of outputs and windows. A window is the elements that groups of the same input channels use in any block;
/// windows ascend by channel.
struct Blocks<'a> {
    sums: &'a LayerSums,
    /// The outputs of every block.
    outputs: Vec<&'a [u32]>,
    /// The window elements that any block uses, ascending.
    windows: Vec<Vec<Tap>>,
    /// The groups by block and window.
    groups: Vec<Vec<Vec<&'a Group>>>,
}

impl<'a> Blocks<'a> {
    fn new(sums: &'a LayerSums, outputs_per_block: usize) -> Result<Self, PlacementError> {
        let outputs: Vec<&[u32]> = sums.outputs.chunks(outputs_per_block.max(1)).collect();
        let windows = windows(sums);
        let mut groups = vec![vec![Vec::new(); windows.len()]; outputs.len()];
        for group in &sums.groups {
            let (Some(tap), Some(sum)) = (group.taps.first(), group.sums.first()) else { continue };
            let block = outputs.partition_point(|block| block.last().is_some_and(|&last| last < sum.output));
            let elsewhere = |sum: &&crate::ir::OutputSum| {
                outputs.get(block).is_none_or(|block| block.binary_search(&sum.output).is_err())
            };
            if let Some(other) = group.sums.iter().find(elsewhere) {
                return Err(PlacementError::Straddles { output: sum.output, other: other.output });
            }
            let window = windows.partition_point(|window| window.last().is_some_and(|last| last < tap));
            groups[block][window].push(group);
        }
        Ok(Self { sums, outputs, windows, groups })
    }
}

/// The window elements of all groups, those together whose groups have channels in common.
fn windows(sums: &LayerSums) -> Vec<Vec<Tap>> {
    let taps: BTreeSet<Tap> = sums.groups.iter().flat_map(|group| group.taps.iter().copied()).collect();
    let mut spans: Vec<(u32, u32)> = sums
        .groups
        .iter()
        .filter_map(|group| {
            let channels = || group.taps.iter().map(|tap| tap.channel);
            Some((channels().min()?, channels().max()?))
        })
        .collect();
    spans.sort_unstable();
    let mut ends: Vec<u32> = Vec::new();
    for (first, last) in spans {
        match ends.last_mut() {
            Some(end) if first <= *end => *end = last.max(*end),
            _ => ends.push(last),
        }
    }
    let mut windows = vec![Vec::new(); ends.len()];
    for tap in taps {
        windows[ends.partition_point(|&end| end < tap.channel)].push(tap);
    }
    windows
}

/// Where a window stands: its depth, and the lane of its first element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Berth {
    tile: usize,
    depth: usize,
    lane: usize,
}

/// Orders and places a layer's part, whose groups serve one block of outputs each.
///
/// # Errors
/// If a group serves several blocks, a window has more elements than there are lanes, or accumulators, windows and temporaries do
/// not fit side by side.
fn tile(
    sums: &LayerSums,
    tiling: Tiling,
    luts: &[Lut],
    geometry: Geometry,
) -> Result<(Words, Placement), PlacementError> {
    let blocks = Blocks::new(sums, tiling.outputs_per_block)?;
    let domains = geometry.domains();
    let elements = blocks.windows.iter().map(Vec::len).max().unwrap_or(0);
    if elements > tiling.window_lanes {
        return Err(PlacementError::Window { elements, lanes: tiling.window_lanes });
    }
    if blocks.outputs.len() > domains {
        return Err(PlacementError::Blocks { blocks: blocks.outputs.len(), domains });
    }
    let mut builder = Builder { schedule: Words::default(), places: Vec::new() };
    let accumulators = builder.accumulators(&blocks);
    let accumulator_columns = builder.columns();
    let berths = berths(&blocks.windows, tiling, domains);
    let input_bits = Span { added: 1, subtracted: 0 }.format(sums.input_maximum).bits;
    let window_column = accumulator_columns;
    let temporary_column = window_column + tiling.window_lanes * usize::from(input_bits);
    if temporary_column >= geometry.word_columns() {
        return Err(PlacementError::Accumulators {
            accumulators: tiling.outputs_per_block,
            bits: input_bits,
            needed: temporary_column,
            columns: geometry.columns(),
        });
    }

    let tiles = berths.iter().map(|berth| berth.tile + 1).max().unwrap_or(1);
    let mut forth = true;
    for tile in 0..tiles {
        let of_tile: Vec<usize> = (0..berths.len()).filter(|&window| berths[window].tile == tile).collect();
        let inputs = builder.load(&blocks, &of_tile, &berths, window_column, input_bits);
        let mut order: Vec<usize> = (0..blocks.outputs.len()).collect();
        if tile % 2 == 1 {
            order.reverse();
        }
        for block in order {
            if tile == 0 {
                let clears = accumulators[block].iter().map(|&value| WordOperation::Clear { value });
                builder.schedule.operations.extend(clears);
            }
            builder.block(&blocks, block, &accumulators[block], &inputs, forth, luts);
            forth = !forth;
            if tile + 1 == tiles {
                let stores = accumulators[block].iter().map(|&value| WordOperation::Store { value });
                builder.schedule.operations.extend(stores);
            }
        }
    }
    let Builder { schedule, places } = builder;
    let placement = place_temporaries(&schedule, places, temporary_column, geometry)?;
    Ok((schedule, placement))
}

/// Windows side by side while lanes last, then behind each other while domains last, then in the next tile.
fn berths(windows: &[Vec<Tap>], tiling: Tiling, domains: usize) -> Vec<Berth> {
    let mut next = Berth { tile: 0, depth: 0, lane: 0 };
    windows
        .iter()
        .map(|taps| {
            if next.lane + taps.len() > tiling.window_lanes {
                next = Berth { tile: next.tile, depth: next.depth + 1, lane: 0 };
            }
            if next.depth == domains {
                next = Berth { tile: next.tile + 1, depth: 0, lane: 0 };
            }
            let berth = next;
            next.lane += taps.len();
            berth
        })
        .collect()
}

/// Inputs of a tile by window and element.
type TileInputs = Vec<(usize, Vec<(Tap, ValueId)>)>;

struct Builder {
    schedule: Words,
    /// The place of every value that has one so far; temporaries get theirs at the end.
    places: Vec<Option<Operand>>,
}

impl Builder {
    fn value(&mut self, kind: ValueKind, format: Format, place: Operand) -> ValueId {
        let id = self.schedule.value(kind, format);
        self.places.resize(id.index(), None);
        self.places.push(Some(place));
        id
    }

    /// The accumulators, by block: block `b` at domain `b`, its outputs side by side.
    fn accumulators(&mut self, blocks: &Blocks<'_>) -> Vec<Vec<ValueId>> {
        let maximum = blocks.sums.input_maximum;
        let formats: Vec<Format> =
            accumulator_spans(blocks.sums).into_iter().map(|span| span.format(maximum)).collect();
        let most = blocks.outputs.first().map_or(1, |block| block.len());
        let formats: Vec<&[Format]> = formats.chunks(most).collect();
        let lanes = formats.iter().map(|block| block.len()).max().unwrap_or(0);
        let width = |lane: usize| {
            formats.iter().filter_map(|block| block.get(lane)).map(|f| f.bits).max().unwrap_or(0)
        };
        let mut columns = vec![0_usize];
        for lane in 0..lanes {
            columns.push(columns[lane] + usize::from(width(lane)));
        }
        let mut values = Vec::new();
        for (block, (outputs, formats)) in blocks.outputs.iter().zip(&formats).enumerate() {
            let of_block = outputs.iter().zip(*formats).enumerate().map(|(lane, (&output, &format))| {
                let place = across(columns[lane], block, format.bits);
                self.value(ValueKind::Accumulator { output }, format, place)
            });
            values.push(of_block.collect());
        }
        values
    }

    /// Columns that the values placed so far take.
    fn columns(&self) -> usize {
        let ends =
            self.places.iter().flatten().map(|place| usize::from(place.column) + usize::from(place.bits));
        ends.max().unwrap_or(0)
    }

    fn load(
        &mut self,
        blocks: &Blocks<'_>,
        windows: &[usize],
        berths: &[Berth],
        first_column: usize,
        bits: u8,
    ) -> TileInputs {
        let mut inputs = Vec::new();
        for &window in windows {
            let berth = berths[window];
            let mut of_window = Vec::new();
            for (element, &tap) in blocks.windows[window].iter().enumerate() {
                let column = first_column + (berth.lane + element) * usize::from(bits);
                let place = across(column, berth.depth, bits);
                let format = Format { bits, signed: false };
                let value = self.value(ValueKind::Input { tap }, format, place);
                self.schedule.operations.push(WordOperation::Load { value });
                of_window.push((tap, value));
            }
            inputs.push((window, of_window));
        }
        inputs
    }

    fn block(
        &mut self,
        blocks: &Blocks<'_>,
        block: usize,
        accumulators: &[ValueId],
        inputs: &TileInputs,
        forth: bool,
        luts: &[Lut],
    ) {
        let mut visits: Vec<&(usize, Vec<(Tap, ValueId)>)> = inputs.iter().collect();
        if !forth {
            visits.reverse();
        }
        for (window, elements) in visits {
            for &group in &blocks.groups[block][*window] {
                let spans = term_spans(group);
                let mut value_of = vec![None; group.terms()];
                for (place, tap) in value_of.iter_mut().zip(&group.taps) {
                    let at = elements.binary_search_by_key(tap, |&(element, _)| element);
                    *place = at.ok().map(|at| elements[at].1);
                }
                let mut group_schedule = GroupSchedule {
                    group,
                    input_maximum: blocks.sums.input_maximum,
                    value_of,
                    spans: &spans,
                    luts,
                    steps_per_bit: 0,
                    schedule: &mut self.schedule,
                };
                for (sum, span) in group.sums.iter().zip(sum_spans(group, &spans)) {
                    if let Ok(place) = blocks.outputs[block].binary_search(&sum.output) {
                        group_schedule.accumulate(sum, span, accumulators[place]);
                    }
                }
            }
        }
    }
}

fn across(column: usize, domain: usize, bits: u8) -> Operand {
    Operand { column: column as u16, domain: domain as u8, bits, direction: Direction::Across }
}

/// Gives temporaries neighbouring columns for their life times, all at domain 0.
fn place_temporaries(
    schedule: &Words,
    mut places: Vec<Option<Operand>>,
    first_column: usize,
    geometry: Geometry,
) -> Result<Placement, PlacementError> {
    places.resize(schedule.values.len(), None);
    let fixed: Vec<bool> = places.iter().map(Option::is_some).collect();
    let mut last_use = vec![0; schedule.values.len()];
    for (time, operation) in schedule.operations.iter().enumerate() {
        operation.values().for_each(|id| last_use[id.index()] = time);
    }
    let mut free = vec![true; geometry.word_columns() - first_column];
    let (mut live, mut highest) = (0_usize, first_column);
    for (time, operation) in schedule.operations.iter().enumerate() {
        for id in operation.values() {
            if places[id.index()].is_none() {
                let bits = schedule.values[id.index()].format.bits;
                let width = usize::from(bits);
                let room = (0..free.len().saturating_sub(width - 1))
                    .find(|&at| free[at..at + width].iter().all(|&f| f));
                let Some(at) = room else {
                    return Err(PlacementError::Full { bits, live, columns: free.len(), domains: 1 });
                };
                free[at..at + width].fill(false);
                places[id.index()] = Some(across(first_column + at, 0, bits));
                highest = highest.max(first_column + at + width);
                live += 1;
            }
        }
        for id in operation.values() {
            if !fixed[id.index()]
                && last_use[id.index()] == time
                && let Some(place) = places[id.index()]
            {
                let at = usize::from(place.column) - first_column;
                free[at..at + usize::from(place.bits)].fill(true);
                live -= 1;
            }
        }
    }
    let carry = match geometry.carry() {
        Carry::Column => Some(across(geometry.word_columns(), 0, 1)),
        Carry::Latch => None,
    };
    // A value that no operation uses has no place of its own.
    let nowhere = carry.unwrap_or(across(0, 0, 1));
    let operands = places.into_iter().map(|place| place.unwrap_or(nowhere)).collect();
    Ok(Placement { operands, carry, columns_used: highest + usize::from(carry.is_some()) })
}
