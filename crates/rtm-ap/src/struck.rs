//! Execution of rows that faults strike.
//!
//! Rows do not know of each other, so rows of any images and trials can share the words of one execution, each with faults of its
//! own. A track that slipped stays displaced: words written and read after a slip are whole, words written before it are read
//! shifted. Beyond its ends a track has spare domains that hold 0.

use ap_program::{Direction, Instruction, Operand, Program};

use crate::block::{Block, Cells, Table};
use crate::execute::{Hooks, Lane, Port, Purpose, execute_for};
use crate::fused;
use crate::kernel::Kernel;
use crate::strike::{Effect, Strike, operands};

/// Spare domains that the model keeps at each end of a track; a track that slips farther stays there.
const SPARE: usize = 16;

/// A strike in one of the rows that are executed together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RowStrike {
    pub strike: Strike,
    pub row: u32,
}

/// Runs a program that keeps the machine's rules. `strikes` are in their order.
pub(crate) fn execute_struck(program: &Program, rows: usize, port: &mut dyn Port, strikes: &[RowStrike]) {
    execute_for(Strikes(strikes), Kernel::best(), program, rows, port);
}

/// Strikes in rows that are executed together, in their order.
struct Strikes<'s>(&'s [RowStrike]);

impl<'s> Purpose for Strikes<'s> {
    type Hooks<const WORDS: usize> = StruckArray<'s, WORDS>;
    type Outcome = ();

    fn begin<const WORDS: usize>(&self, program: &Program, _: usize) -> StruckArray<'s, WORDS> {
        StruckArray {
            columns: (0..program.geometry.columns()).map(|_| Column::default()).collect(),
            any_stuck: false,
            to_come: self.0,
            here: &[],
            of_bit: &[],
        }
    }

    fn end<const WORDS: usize>(self, _: StruckArray<'s, WORDS>, _: usize) {}
}

impl<const WORDS: usize> Hooks<WORDS> for StruckArray<'_, WORDS> {
    const SPARE: usize = SPARE;

    #[inline(always)]
    fn is_plain(&mut self, place: usize, instruction: &Instruction) -> bool {
        self.here = take(&mut self.to_come, |strike| strike.instruction == place as u32);
        self.here.is_empty() && operands(instruction).all(|word| self.is_in_step(word, instruction))
    }

    #[inline(always)]
    fn before_bit(&mut self, block: &mut Block<WORDS>, bit: u8) {
        self.of_bit = take(&mut self.here, |strike| strike.bit == bit);
        if !self.of_bit.is_empty() {
            self.displace(block, self.of_bit);
        }
    }

    fn fill(&mut self, block: &mut Block<WORDS>, lane: Lane, mut plane: [u64; WORDS]) {
        if self.of_bit.iter().any(|s| s.strike.effect.strikes_a_pass()) {
            let before = self.read(block, lane);
            keep_failed(&mut plane, &before, self.of_bit, 0, 0);
        }
        self.write(block, lane, &plane);
    }

    #[inline(always)]
    fn read(&self, block: &Block<WORDS>, lane: Lane) -> [u64; WORDS] {
        let mut plane = block.planes[lane.place];
        let column = &self.columns[lane.cell.0];
        for displaced in &column.displaced {
            let actual = &block.planes[lane.place.wrapping_add_signed(isize::from(displaced.offset))];
            merge(&mut plane, actual, &displaced.rows);
        }
        if let Some(stuck) = &column.stuck {
            hold(&mut plane, stuck);
        }
        plane
    }

    #[inline(always)]
    fn apply(&mut self, table: &Table, bit: u8, cells: &mut Cells<WORDS>, lanes: &[Lane]) {
        let stuck = self.stuck(lanes);
        let strikes_a_pass = |s: &RowStrike| s.strike.effect.strikes_a_pass();
        if stuck.iter().all(Option::is_none) && !self.of_bit.iter().any(strikes_a_pass) {
            fused::run(table, cells);
        } else {
            run_pass_by_pass(table, bit, cells, self.of_bit, &stuck);
        }
    }

    #[inline(always)]
    fn write(&mut self, block: &mut Block<WORDS>, lane: Lane, plane: &[u64; WORDS]) {
        let (place, displaced) = (lane.place, &self.columns[lane.cell.0].displaced);
        let before = std::mem::replace(&mut block.planes[place], *plane);
        for displaced in displaced {
            merge(&mut block.planes[place], &before, &displaced.rows);
        }
        for displaced in displaced {
            let actual = place.wrapping_add_signed(isize::from(displaced.offset));
            merge(&mut block.planes[actual], plane, &displaced.rows);
        }
    }
}

/// Takes the strikes at the front of a slice for which something holds.
fn take<'s>(strikes: &mut &'s [RowStrike], holds: impl Fn(&Strike) -> bool) -> &'s [RowStrike] {
    let count = strikes.iter().take_while(|row_strike| holds(&row_strike.strike)).count();
    let (here, rest) = strikes.split_at(count);
    *strikes = rest;
    here
}

impl Effect {
    fn strikes_a_pass(self) -> bool {
        matches!(self, Self::Miss { .. } | Self::FalseMatch { .. } | Self::WriteFails { .. })
    }
}

/// For each column of a table, the rows that always read a 0, and those that always read a 1.
type StuckRows<'a, const WORDS: usize> = [Option<&'a [[u64; WORDS]; 2]>; 4];

/// The passes of a table, one after the other, with what goes wrong in them.
fn run_pass_by_pass<const WORDS: usize>(
    table: &Table,
    bit: u8,
    cells: &mut Cells<WORDS>,
    strikes: &[RowStrike],
    stuck: &StuckRows<'_, WORDS>,
) {
    // A row that a fault has changed could match a pass that is left out.
    let runs = |index: &usize| bit > 0 || table.first_passes.contains(index);
    for (index, pass) in table.passes.iter().enumerate().filter(|(index, _)| runs(index)) {
        let mut tag = pass.tag(cells);
        for row_strike in strikes {
            let (word, bit) = place(row_strike.row);
            match row_strike.strike.effect {
                Effect::Miss { pass } if usize::from(pass) == index => tag[word] &= !bit,
                Effect::FalseMatch { pass } if usize::from(pass) == index => tag[word] |= bit,
                _ => {}
            }
        }
        let before = *cells;
        pass.write_tagged(cells, &tag);
        for (operand, (cell, before)) in cells.iter_mut().zip(&before).enumerate() {
            keep_failed(cell, before, strikes, index, operand);
        }
        // What is stuck reads the same in the next pass, whatever was written.
        for (cell, stuck) in cells.iter_mut().zip(stuck) {
            if let Some(stuck) = stuck {
                hold(cell, stuck);
            }
        }
    }
}

/// Makes stuck rows read what they always do.
#[inline(always)]
fn hold<const WORDS: usize>(plane: &mut [u64; WORDS], stuck: &[[u64; WORDS]; 2]) {
    for (word, plane) in plane.iter_mut().enumerate() {
        *plane = (*plane & !stuck[0][word]) | stuck[1][word];
    }
}

/// Gives back their bits to rows in which a write of a pass to an operand fails.
fn keep_failed<const WORDS: usize>(
    plane: &mut [u64; WORDS],
    before: &[u64; WORDS],
    strikes: &[RowStrike],
    pass_index: usize,
    operand_index: usize,
) {
    for row_strike in strikes {
        if let Effect::WriteFails { pass, operand } = row_strike.strike.effect
            && (usize::from(pass), usize::from(operand)) == (pass_index, operand_index)
        {
            let (word, bit) = place(row_strike.row);
            plane[word] = (plane[word] & !bit) | (before[word] & bit);
        }
    }
}

/// The word of a row, and its bit in it.
fn place(row: u32) -> (usize, u64) {
    (row as usize / 64, 1 << (row % 64))
}

/// The rows of a column whose tracks are displaced by the same number of domains.
struct Displaced<const WORDS: usize> {
    offset: i8,
    rows: [u64; WORDS],
}

/// What is not as it should be with a column's tracks.
#[derive(Default)]
struct Column<const WORDS: usize> {
    /// The displaced rows by their offset; none at offset 0.
    displaced: Vec<Displaced<WORDS>>,
    /// The rows that always read a 0, and those that always read a 1.
    stuck: Option<Box<[[u64; WORDS]; 2]>>,
}

/// What faults have done to an array, and what they will.
struct StruckArray<'s, const WORDS: usize> {
    columns: Vec<Column<WORDS>>,
    any_stuck: bool,
    /// Strikes in later instructions, in this one, and in this bit of it.
    to_come: &'s [RowStrike],
    here: &'s [RowStrike],
    of_bit: &'s [RowStrike],
}

impl<const WORDS: usize> StruckArray<'_, WORDS> {
    /// Whether nothing is wrong with the columns that an instruction needs of a word.
    fn is_in_step(&self, word: Operand, instruction: &Instruction) -> bool {
        let bits = match instruction {
            Instruction::Apply { bits, .. } => *bits,
            _ => word.bits,
        };
        let fine = |column: usize| {
            let column = &self.columns[column];
            column.displaced.is_empty() && column.stuck.is_none()
        };
        match word.direction {
            Direction::Along => fine(usize::from(word.column)),
            Direction::Across => (0..usize::from(bits.min(word.bits))).all(|bit| fine(word.cell(bit).0)),
        }
    }

    /// The stuck rows of the columns that hold a bit of some operands.
    #[inline(always)]
    fn stuck(&self, lanes: &[Lane]) -> StuckRows<'_, WORDS> {
        let mut stuck = [None; 4];
        if self.any_stuck {
            for (stuck, lane) in stuck.iter_mut().zip(lanes) {
                *stuck = self.columns[lane.cell.0].stuck.as_deref();
            }
        }
        stuck
    }

    /// What strikes the tracks before a bit is accessed.
    fn displace(&mut self, block: &mut Block<WORDS>, strikes: &[RowStrike]) {
        for row_strike in strikes {
            let (word, bit) = place(row_strike.row);
            match row_strike.strike.effect {
                Effect::Stick { column, value } => {
                    self.any_stuck = true;
                    let none = || Box::new([[0; WORDS]; 2]);
                    let stuck = self.columns[usize::from(column)].stuck.get_or_insert_with(none);
                    stuck[usize::from(value)][word] |= bit;
                    stuck[usize::from(!value)][word] &= !bit;
                }
                Effect::Realign { column } => {
                    let displaced = &mut self.columns[usize::from(column)].displaced;
                    displaced.iter_mut().for_each(|group| group.rows[word] &= !bit);
                    displaced.retain(|group| group.rows != [0; WORDS]);
                }
                Effect::Slip { column, by } => {
                    slip(&mut self.columns[usize::from(column)].displaced, (word, bit), by);
                }
                Effect::Pin { column, domain, outwards } => {
                    block.pin((word, bit), usize::from(column), usize::from(domain), outwards);
                }
                Effect::Miss { .. } | Effect::FalseMatch { .. } | Effect::WriteFails { .. } => {}
            }
        }
    }
}

/// Takes the bits of some rows from another plane.
#[inline(always)]
fn merge<const WORDS: usize>(plane: &mut [u64; WORDS], other: &[u64; WORDS], rows: &[u64; WORDS]) {
    for word in 0..WORDS {
        plane[word] = (plane[word] & !rows[word]) | (other[word] & rows[word]);
    }
}

/// Moves a row's track from its offset by some domains.
fn slip<const WORDS: usize>(displaced: &mut Vec<Displaced<WORDS>>, (word, bit): (usize, u64), by: i8) {
    let mut offset = 0;
    if let Some(group) = displaced.iter_mut().find(|group| group.rows[word] & bit != 0) {
        offset = group.offset;
        group.rows[word] &= !bit;
    }
    let limit = SPARE as i8;
    offset = offset.saturating_add(by).clamp(-limit, limit);
    if offset != 0 {
        match displaced.iter_mut().find(|group| group.offset == offset) {
            Some(group) => group.rows[word] |= bit,
            None => {
                let mut rows = [0; WORDS];
                rows[word] = bit;
                displaced.push(Displaced { offset, rows });
            }
        }
    }
    displaced.retain(|group| group.rows != [0; WORDS]);
}
