//! `place`: every value gets a column and a base domain for its life time.
//!
//! Words lie along the tracks. Operands that meet in one instruction lie in different columns. Accumulators are packed into
//! the first columns in the order of the outputs, so that going from one to the next continues a track's travel instead of
//! rewinding it; window elements and temporaries share the columns that are left, and the last column holds the carry, if no latch does.

use ap_program::{Carry, Direction, Geometry, Operand};

use crate::ir::{PlacedWords, Placement, Value, ValueId, ValueKind, WordOperation, Words};
use crate::pass::{Transform, TransformError};

/// The pass.
pub struct Place;

impl Transform for Place {
    const NAME: &'static str = "place";
    const DESCRIPTION: &'static str =
        "gives every word a column and a domain along a track, accumulators one behind the other";
    type Takes = Words;
    type Makes = PlacedWords;
    type Told = Geometry;

    fn run(words: Words, geometry: Geometry) -> Result<PlacedWords, TransformError> {
        let placement = place(&words, geometry, Accumulators::Packed)?;
        Ok(PlacedWords { words, placement })
    }
}

/// The same pass for the naive layout.
pub struct PlaceApart;

impl Transform for PlaceApart {
    const NAME: &'static str = "place-apart";
    const DESCRIPTION: &'static str = "the same with accumulators one a column as far as there are columns";
    type Takes = Words;
    type Makes = PlacedWords;
    type Told = Geometry;

    fn run(words: Words, geometry: Geometry) -> Result<PlacedWords, TransformError> {
        let placement = place(&words, geometry, Accumulators::Apart)?;
        Ok(PlacedWords { words, placement })
    }
}

/// Why a schedule does not fit an array.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlacementError {
    /// A word is longer than a track.
    #[error("a word of {bits} bits does not fit a track of {domains} domains")]
    WordTooLong {
        /// The word.
        bits: u8,
        /// The track.
        domains: usize,
    },
    /// The accumulators leave no room for operands.
    #[error(
        "{accumulators} accumulators of up to {bits} bits take {needed} of {columns} columns; inputs, temporaries and the carry \
         need at least 4 more"
    )]
    Accumulators {
        /// How many.
        accumulators: usize,
        /// The longest.
        bits: u8,
        /// Columns that they need.
        needed: usize,
        /// Columns that there are.
        columns: usize,
    },
    /// A group's window has more elements than stand at the ports together.
    #[error("{elements} window elements of a group do not fit {lanes} lanes")]
    Window { elements: usize, lanes: usize },
    /// There are more blocks of outputs than domains.
    #[error("{blocks} blocks of outputs do not fit a track of {domains} domains")]
    Blocks {
        blocks: usize,
        /// The track.
        domains: usize,
    },
    /// A group of sums serves more than one block.
    #[error(
        "a group has sums for outputs {output} and {other}, which lie in different blocks: `split` comes first"
    )]
    Straddles {
        /// An output of the group.
        output: u32,
        /// One of another block.
        other: u32,
    },
    /// A temporary or an input finds no room.
    #[error(
        "no room for a word of {bits} bits: {live} words are alive in {columns} columns of {domains} domains"
    )]
    Full {
        /// The word.
        bits: u8,
        /// Inputs and temporaries alive at that point.
        live: usize,
        /// Columns for inputs and temporaries.
        columns: usize,
        /// Domains of each.
        domains: usize,
    },
}

/// How accumulators share columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Accumulators {
    /// One behind the other, so that going to the next continues a track's travel.
    Packed,
    /// One a column, or as few a column as can be where inputs and temporaries need the others.
    Apart,
}

/// Places every value of a schedule.
///
/// # Errors
/// If the values that are alive together do not fit the array.
fn place(
    schedule: &Words,
    geometry: Geometry,
    arrangement: Accumulators,
) -> Result<Placement, PlacementError> {
    let domains = geometry.domains();
    if let Some(value) = schedule.values.iter().find(|value| usize::from(value.format.bits) > domains) {
        return Err(PlacementError::WordTooLong { bits: value.format.bits, domains });
    }
    let lives = Lives::of(schedule);
    let (accumulators, first_free) = place_accumulators(schedule, &lives, geometry, arrangement)?;
    place_others(schedule, &lives, geometry, accumulators, first_free)
}

fn along(column: usize, domain: usize, bits: u8) -> Operand {
    Operand { column: column as u16, domain: domain as u8, bits, direction: Direction::Along }
}

/// The accumulators' places, and the first column that they leave free.
fn place_accumulators(
    schedule: &Words,
    lives: &Lives,
    geometry: Geometry,
    arrangement: Accumulators,
) -> Result<(Vec<Operand>, usize), PlacementError> {
    let (domains, word_columns) = (geometry.domains(), geometry.word_columns());
    let is_accumulator = |value: &&Value| matches!(value.kind, ValueKind::Accumulator { .. });
    let words: Vec<u8> =
        schedule.values.iter().take_while(is_accumulator).map(|value| value.format.bits).collect();
    let packed = packed(&words, domains);
    let (places, first_free) = match arrangement {
        Accumulators::Packed => packed,
        Accumulators::Apart => {
            let others = lives.most_alive(schedule, words.len()).max(3);
            let columns = word_columns.saturating_sub(others).max(packed.1);
            apart(&words, columns.min(words.len()), domains).unwrap_or(packed)
        }
    };
    if first_free + 3 > word_columns {
        return Err(PlacementError::Accumulators {
            accumulators: words.len(),
            bits: words.iter().copied().max().unwrap_or(0),
            needed: first_free,
            columns: geometry.columns(),
        });
    }
    let operand = |(&(column, domain), &bits)| along(column, domain, bits);
    Ok((places.iter().zip(&words).map(operand).collect(), first_free))
}

/// The places of inputs and temporaries in the columns that are left, each for its life time.
fn place_others(
    schedule: &Words,
    lives: &Lives,
    geometry: Geometry,
    mut operands: Vec<Operand>,
    first_free: usize,
) -> Result<Placement, PlacementError> {
    let (domains, accumulators) = (geometry.domains(), operands.len());
    let mut occupied = vec![0_u128; geometry.word_columns() - first_free];
    operands.resize(schedule.values.len(), along(0, 0, 1));
    let mut placed = vec![false; schedule.values.len()];
    let (mut live, mut columns_used) = (0_usize, first_free);
    for (time, operation) in schedule.operations.iter().enumerate() {
        for id in operation.values() {
            if id.index() < accumulators || placed[id.index()] {
                continue;
            }
            let bits = schedule.values[id.index()].format.bits;
            let mut barred = vec![false; occupied.len()];
            for partner in lives.partners(schedule, id) {
                if placed[partner.index()] && lives.last_use[partner.index()] >= time {
                    barred[usize::from(operands[partner.index()].column) - first_free] = true;
                }
            }
            let Some((column, base)) = lowest_room(&occupied, &barred, bits, domains) else {
                return Err(PlacementError::Full { bits, live, columns: occupied.len(), domains });
            };
            occupied[column] |= word_mask(bits) << base;
            operands[id.index()] = along(first_free + column, base, bits);
            placed[id.index()] = true;
            live += 1;
            columns_used = columns_used.max(first_free + column + 1);
        }
        for id in operation.values() {
            if id.index() >= accumulators && lives.last_use[id.index()] == time {
                let operand = operands[id.index()];
                occupied[usize::from(operand.column) - first_free] &=
                    !(word_mask(operand.bits) << operand.domain);
                live -= 1;
            }
        }
    }
    let carry = match geometry.carry() {
        Carry::Column => Some(along(geometry.word_columns(), 0, 1)),
        Carry::Latch => None,
    };
    Ok(Placement { operands, carry, columns_used: columns_used + usize::from(carry.is_some()) })
}

/// Columns and domains of words, and how many columns they take.
type Places = (Vec<(usize, usize)>, usize);

/// Words one behind the other, column after column.
fn packed(words: &[u8], domains: usize) -> Places {
    let (mut column, mut domain) = (0, 0);
    let places = words.iter().map(|&bits| {
        if domain + usize::from(bits) > domains {
            (column, domain) = (column + 1, 0);
        }
        domain += usize::from(bits);
        (column, domain - usize::from(bits))
    });
    let places: Vec<(usize, usize)> = places.collect();
    let columns = if words.is_empty() { 0 } else { column + 1 };
    (places, columns)
}

/// Words spread over columns, each in the column with most room. `None` if one finds none.
fn apart(words: &[u8], columns: usize, domains: usize) -> Option<Places> {
    let mut filled = vec![0; columns];
    let places = words.iter().map(|&bits| {
        let column = (0..columns).min_by_key(|&column| filled[column])?;
        let domain = filled[column];
        filled[column] += usize::from(bits);
        (filled[column] <= domains).then_some((column, domain))
    });
    Some((places.collect::<Option<_>>()?, columns))
}

fn word_mask(bits: u8) -> u128 {
    if bits >= 128 { u128::MAX } else { (1 << bits) - 1 }
}

/// The free place at the lowest domain, and among those in the first column: a track that rests at 0 needs no seek.
fn lowest_room(occupied: &[u128], barred: &[bool], bits: u8, domains: usize) -> Option<(usize, usize)> {
    (0..=domains - usize::from(bits)).find_map(|base| {
        (0..occupied.len())
            .find(|&column| !barred[column] && occupied[column] & (word_mask(bits) << base) == 0)
            .map(|column| (column, base))
    })
}

/// When values are used, and with which others.
struct Lives {
    last_use: Vec<usize>,
    /// The operations that touch value `v` are `uses[starts[v]..starts[v + 1]]`.
    starts: Vec<usize>,
    uses: Vec<u32>,
}

impl Lives {
    fn of(schedule: &Words) -> Self {
        let values = schedule.values.len();
        let mut starts = vec![0; values + 1];
        let mut last_use = vec![0; values];
        for (time, operation) in schedule.operations.iter().enumerate() {
            for id in operation.values() {
                starts[id.index() + 1] += 1;
                last_use[id.index()] = time;
            }
        }
        for value in 0..values {
            starts[value + 1] += starts[value];
        }
        let mut next = starts.clone();
        let mut uses = vec![0; starts[values]];
        for (time, operation) in schedule.operations.iter().enumerate() {
            for id in operation.values() {
                uses[next[id.index()]] = time as u32;
                next[id.index()] += 1;
            }
        }
        Self { last_use, starts, uses }
    }

    /// The most values after the first `skipped` that are alive at once.
    fn most_alive(&self, schedule: &Words, skipped: usize) -> usize {
        let (mut alive, mut most) = (0_usize, 0);
        for (time, operation) in schedule.operations.iter().enumerate() {
            for id in operation.values().filter(|id| id.index() >= skipped) {
                alive += usize::from(self.uses[self.starts[id.index()]] as usize == time);
            }
            most = most.max(alive);
            for id in operation.values().filter(|id| id.index() >= skipped) {
                alive -= usize::from(self.last_use[id.index()] == time);
            }
        }
        most
    }

    /// The inputs and temporaries that meet `id` in some operation.
    fn partners<'a>(&'a self, schedule: &'a Words, id: ValueId) -> impl Iterator<Item = ValueId> + 'a {
        self.uses[self.starts[id.index()]..self.starts[id.index() + 1]].iter().flat_map(move |&time| {
            let operation: WordOperation = schedule.operations[time as usize];
            operation.values().filter(move |&other| {
                other != id && !matches!(schedule.values[other.index()].kind, ValueKind::Accumulator { .. })
            })
        })
    }
}
