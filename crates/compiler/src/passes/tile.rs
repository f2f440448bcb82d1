//! `tile`: order and places for words that lie across columns, so that most shifts disappear.
//!
//! Along a track every bit of a word costs a step forth and, before the word is used again, a step back. Across columns a
//! word costs nothing while it stands at the ports, and one step of each of its columns to make room for its neighbour in
//! depth. The loops are therefore tiled. Outputs are taken in blocks whose accumulators stand at the ports together; the blocks
//! lie behind each other in depth. The windows of as many channels as a track has domains lie behind each other in other
//! columns, and are loaded once. For each such tile of channels, each block of outputs is brought to the ports once, and the
//! windows pass by, forth for one block and back for the next. Temporaries live in the remaining columns, which never shift.

use std::ops::Range;

use network::TernaryWeights;

use crate::Geometry;
use crate::ir::{LayerSums, Tap};
use crate::lut::Lut;
use crate::passes::fold::fold;
use crate::passes::place::{Placement, PlacementError};
use crate::passes::schedule::{GroupSchedule, Schedule, ValueId, ValueKind, WordOperation};
use crate::passes::share::{CommonSubexpressions, share};
use crate::passes::widths::{accumulator_spans, sum_spans, term_spans};
use crate::program::{Direction, Operand};

/// How a layer is cut into blocks of outputs and tiles of input channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tiling {
    /// Outputs whose accumulators stand at the ports together.
    pub outputs_per_block: usize,
    /// Window elements that stand at the ports together.
    pub window_lanes: usize,
}

/// A layer's part in blocks, each with its own shared sums over the same groups of channels.
pub struct Blocks {
    sums: Vec<LayerSums>,
    /// The window elements that any block uses, by group of channels.
    taps: Vec<Vec<Tap>>,
    input_maximum: u32,
}

impl Blocks {
    /// Folds and shares the given outputs, block by block.
    pub fn new(
        layer: &str,
        weights: &TernaryWeights,
        input_maximum: u32,
        outputs: &[u32],
        groups: &[Range<usize>],
        outputs_per_block: usize,
        algorithm: &dyn CommonSubexpressions,
    ) -> Self {
        let group_of = |tap: &Tap| groups.partition_point(|channels| channels.end <= tap.channel as usize);
        let mut taps = vec![Vec::new(); groups.len()];
        for group in fold(layer, weights, input_maximum, outputs, groups).groups {
            if let Some(first) = group.taps.first() {
                taps[group_of(first)].clone_from(&group.taps);
            }
        }
        let sums = outputs
            .chunks(outputs_per_block.max(1))
            .map(|outputs| {
                let mut sums = fold(layer, weights, input_maximum, outputs, groups);
                share(&mut sums, algorithm);
                sums
            })
            .collect();
        Self { sums, taps, input_maximum }
    }

    /// The sums of every block.
    pub fn sums(&self) -> &[LayerSums] {
        &self.sums
    }

    /// Window elements loaded.
    pub fn loads(&self) -> usize {
        self.taps.iter().map(Vec::len).sum()
    }

    /// The most window elements of a group.
    pub fn largest_window(&self) -> usize {
        self.taps.iter().map(Vec::len).max().unwrap_or(0)
    }
}

/// Where a group's window stands: its depth, and the lane of its first element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Berth {
    tile: usize,
    depth: usize,
    lane: usize,
}

/// Orders and places a layer's part.
///
/// # Errors
/// If a group's window has more elements than there are lanes, or accumulators, windows and temporaries do not fit side by side.
pub fn tile(
    blocks: &Blocks,
    tiling: Tiling,
    luts: &[Lut],
    geometry: Geometry,
) -> Result<(Schedule, Placement), PlacementError> {
    let domains = geometry.domains();
    if blocks.largest_window() > tiling.window_lanes {
        return Err(PlacementError::Window { elements: blocks.largest_window(), lanes: tiling.window_lanes });
    }
    if blocks.sums.len() > domains {
        return Err(PlacementError::Blocks { blocks: blocks.sums.len(), domains });
    }
    let mut builder = Builder { schedule: Schedule::default(), places: Vec::new() };
    let accumulators = builder.accumulators(blocks);
    let accumulator_columns = builder.columns();
    let berths = berths(blocks, tiling, domains);
    let input_bits =
        crate::passes::widths::Span { added: 1, subtracted: 0 }.format(blocks.input_maximum).bits;
    let window_column = accumulator_columns;
    let temporary_column = window_column + tiling.window_lanes * usize::from(input_bits);
    let carry_column = geometry.columns() - 1;
    if temporary_column >= carry_column {
        return Err(PlacementError::Accumulators {
            accumulators: tiling.outputs_per_block,
            bits: input_bits,
            needed: temporary_column,
            columns: geometry.columns(),
        });
    }

    let tiles = berths.iter().flatten().map(|berth| berth.tile + 1).max().unwrap_or(1);
    let mut forth = true;
    for tile in 0..tiles {
        let of_tile: Vec<usize> = (0..berths.len())
            .filter(|&group| berths[group].is_some_and(|berth| berth.tile == tile))
            .collect();
        let inputs = builder.load(blocks, &of_tile, &berths, window_column, input_bits);
        let mut order: Vec<usize> = (0..blocks.sums.len()).collect();
        if tile % 2 == 1 {
            order.reverse();
        }
        for block in order {
            if tile == 0 {
                let clears = accumulators[block].iter().map(|&value| WordOperation::Clear { value });
                builder.schedule.operations.extend(clears);
            }
            builder.block(blocks, block, &accumulators[block], &inputs, forth, luts);
            forth = !forth;
            if tile + 1 == tiles {
                let stores = accumulators[block].iter().map(|&value| WordOperation::Store { value });
                builder.schedule.operations.extend(stores);
            }
        }
    }
    let Builder { schedule, places } = builder;
    let placement = place_temporaries(&schedule, places, temporary_column, carry_column)?;
    Ok((schedule, placement))
}

/// Groups side by side while lanes last, then behind each other while domains last, then in the next tile.
fn berths(blocks: &Blocks, tiling: Tiling, domains: usize) -> Vec<Option<Berth>> {
    let mut next = Berth { tile: 0, depth: 0, lane: 0 };
    blocks
        .taps
        .iter()
        .map(|taps| {
            if taps.is_empty() {
                return None;
            }
            if next.lane + taps.len() > tiling.window_lanes {
                next = Berth { tile: next.tile, depth: next.depth + 1, lane: 0 };
            }
            if next.depth == domains {
                next = Berth { tile: next.tile + 1, depth: 0, lane: 0 };
            }
            let berth = next;
            next.lane += taps.len();
            Some(berth)
        })
        .collect()
}

/// Inputs of a tile by group and element.
type TileInputs = Vec<(usize, Vec<(Tap, ValueId)>)>;

struct Builder {
    schedule: Schedule,
    /// The place of every value that has one so far; temporaries get theirs at the end.
    places: Vec<Option<Operand>>,
}

impl Builder {
    fn value(&mut self, kind: ValueKind, format: crate::Format, place: Operand) -> ValueId {
        let id = self.schedule.value(kind, format);
        self.places.resize(id.index(), None);
        self.places.push(Some(place));
        id
    }

    /// The accumulators, by block: block `b` at domain `b`, its outputs side by side.
    fn accumulators(&mut self, blocks: &Blocks) -> Vec<Vec<ValueId>> {
        let formats: Vec<Vec<crate::Format>> = blocks
            .sums
            .iter()
            .map(|sums| {
                accumulator_spans(sums).into_iter().map(|span| span.format(blocks.input_maximum)).collect()
            })
            .collect();
        let lanes = formats.iter().map(Vec::len).max().unwrap_or(0);
        let width = |lane: usize| {
            formats.iter().filter_map(|block| block.get(lane)).map(|f| f.bits).max().unwrap_or(0)
        };
        let mut columns = vec![0_usize];
        for lane in 0..lanes {
            columns.push(columns[lane] + usize::from(width(lane)));
        }
        let mut values = Vec::new();
        for (block, (sums, formats)) in blocks.sums.iter().zip(&formats).enumerate() {
            let of_block = sums.outputs.iter().zip(formats).enumerate().map(|(lane, (&output, &format))| {
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
        blocks: &Blocks,
        groups: &[usize],
        berths: &[Option<Berth>],
        first_column: usize,
        bits: u8,
    ) -> TileInputs {
        let mut inputs = Vec::new();
        for &group in groups {
            let Some(berth) = berths[group] else { continue };
            let mut of_group = Vec::new();
            for (element, &tap) in blocks.taps[group].iter().enumerate() {
                let column = first_column + (berth.lane + element) * usize::from(bits);
                let place = across(column, berth.depth, bits);
                let format = crate::Format { bits, signed: false };
                let value = self.value(ValueKind::Input { tap }, format, place);
                self.schedule.operations.push(WordOperation::Load { value });
                of_group.push((tap, value));
            }
            inputs.push((group, of_group));
        }
        inputs
    }

    fn block(
        &mut self,
        blocks: &Blocks,
        block: usize,
        accumulators: &[ValueId],
        inputs: &TileInputs,
        forth: bool,
        luts: &[Lut],
    ) {
        let sums = &blocks.sums[block];
        let mut visits: Vec<&(usize, Vec<(Tap, ValueId)>)> = inputs.iter().collect();
        if !forth {
            visits.reverse();
        }
        for (_, elements) in visits {
            let Some(&(first, _)) = elements.first() else { continue };
            let last = elements.last().map_or(first, |&(tap, _)| tap);
            // Groups ascend by channel; a block that uses nothing of this group has no sums for it.
            let at = sums.groups.partition_point(|group| group.taps.last().is_none_or(|tap| *tap < first));
            let Some(group) =
                sums.groups.get(at).filter(|group| group.taps.first().is_some_and(|tap| *tap <= last))
            else {
                continue;
            };
            let spans = term_spans(group);
            let mut value_of = vec![None; group.terms()];
            for (place, tap) in value_of.iter_mut().zip(&group.taps) {
                let at = elements.binary_search_by_key(tap, |&(element, _)| element);
                *place = at.ok().map(|at| elements[at].1);
            }
            let mut group_schedule = GroupSchedule {
                group,
                input_maximum: blocks.input_maximum,
                value_of,
                spans: &spans,
                luts,
                steps_per_bit: 0,
                schedule: &mut self.schedule,
            };
            for (sum, span) in group.sums.iter().zip(sum_spans(group, &spans)) {
                if let Ok(place) = sums.outputs.binary_search(&sum.output) {
                    group_schedule.accumulate(sum, span, accumulators[place]);
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
    schedule: &Schedule,
    mut places: Vec<Option<Operand>>,
    first_column: usize,
    carry_column: usize,
) -> Result<Placement, PlacementError> {
    places.resize(schedule.values.len(), None);
    let fixed: Vec<bool> = places.iter().map(Option::is_some).collect();
    let mut last_use = vec![0; schedule.values.len()];
    for (time, operation) in schedule.operations.iter().enumerate() {
        operation.values().for_each(|id| last_use[id.index()] = time);
    }
    let mut free = vec![true; carry_column - first_column];
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
    let carry = across(carry_column, 0, 1);
    let operands = places.into_iter().map(|place| place.unwrap_or(carry)).collect();
    Ok(Placement { operands, carry, columns_used: highest + 1 })
}
