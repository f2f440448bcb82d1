//! Execution of rows that faults strike.
//!
//! Rows do not know of each other, so rows of any images and trials can share the words of one execution, each with faults of its
//! own. A track that slipped stays displaced: words written and read after a slip are whole, words written before it are read
//! shifted. Beyond its ends a track has spare domains that hold 0.

use compiler::{Direction, Instruction, Operand, Program};

use crate::execute::{Block, Cells, Kernel, Port, Table, add_plane, each_plane, weight};
use crate::fused;
use crate::strike::{Effect, Strike, operands};

/// Spare domains that the model keeps at each end of a track; a track that slips farther stays there.
const SPARE: usize = 16;

/// A strike in one of the rows that are executed together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RowStrike {
    pub strike: Strike,
    pub row: u32,
}

/// Runs a program that keeps the machine's rules on at most 512 rows. `strikes` are in their order.
pub(crate) fn execute_struck(program: &Program, rows: usize, port: &mut impl Port, strikes: &[RowStrike]) {
    execute_struck_with(Kernel::best(), program, rows, port, strikes);
}

fn execute_struck_with(
    kernel: Kernel,
    program: &Program,
    rows: usize,
    port: &mut impl Port,
    strikes: &[RowStrike],
) {
    match rows.div_ceil(64) {
        0..=1 => execute_words::<1>(kernel, program, rows, port, strikes),
        2 => execute_words::<2>(kernel, program, rows, port, strikes),
        3..=4 => execute_words::<4>(kernel, program, rows, port, strikes),
        _ => execute_words::<8>(kernel, program, rows, port, strikes),
    }
}

fn execute_words<const WORDS: usize>(
    kernel: Kernel,
    program: &Program,
    rows: usize,
    port: &mut impl Port,
    strikes: &[RowStrike],
) {
    match kernel {
        // SAFETY: `Kernel::best` names these only after it has seen that the processor has their features.
        #[cfg(target_arch = "x86_64")]
        #[allow(unsafe_code)]
        Kernel::Avx512 => unsafe { x86::avx512::<WORDS>(program, rows, port, strikes) },
        #[cfg(target_arch = "x86_64")]
        #[allow(unsafe_code)]
        Kernel::Avx2 => unsafe { x86::avx2::<WORDS>(program, rows, port, strikes) },
        _ => interpret::<WORDS>(program, rows, port, strikes),
    }
}

/// The same loop, compiled for newer processors.
#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::{Port, Program, RowStrike, interpret};

    #[target_feature(enable = "avx2,popcnt,bmi1,bmi2,lzcnt")]
    pub(super) fn avx2<const WORDS: usize>(
        program: &Program,
        rows: usize,
        port: &mut impl Port,
        strikes: &[RowStrike],
    ) {
        interpret::<WORDS>(program, rows, port, strikes);
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vpopcntdq,avx2,popcnt,bmi1,bmi2,lzcnt")]
    pub(super) fn avx512<const WORDS: usize>(
        program: &Program,
        rows: usize,
        port: &mut impl Port,
        strikes: &[RowStrike],
    ) {
        interpret::<WORDS>(program, rows, port, strikes);
    }
}

/// Inlined into each kernel, so that it is compiled with that kernel's instructions.
#[inline(always)]
fn interpret<const WORDS: usize>(
    program: &Program,
    rows: usize,
    port: &mut impl Port,
    mut strikes: &[RowStrike],
) {
    let tables: Vec<Table> = program.luts.iter().map(Table::of).collect();
    let columns = program.geometry.columns();
    let mut array = StruckArray {
        block: Block::<WORDS>::new(program, rows, SPARE),
        columns: (0..columns).map(|_| Column::default()).collect(),
        any_stuck: false,
    };
    let mut values = vec![0_u16; rows];
    let mut sums = vec![0_i32; rows];
    for (index, instruction) in program.instructions.iter().enumerate() {
        let here = take(&mut strikes, |strike| strike.instruction == index as u32);
        if here.is_empty() && operands(instruction).all(|word| array.is_in_step(word, instruction)) {
            array.block.instruction(instruction, &tables, port, &mut values, &mut sums);
            continue;
        }
        let mut here = here;
        match *instruction {
            Instruction::Load { tap, destination } => {
                port.load(tap, &mut values);
                each_plane(&values, usize::from(destination.bits), |bit, mut plane| {
                    let of_bit = take(&mut here, |strike| usize::from(strike.bit) == bit);
                    array.displace(of_bit);
                    let cell = destination.cell(bit);
                    if of_bit.iter().any(|s| s.strike.effect.strikes_a_pass()) {
                        let before = array.read(cell);
                        keep_failed(&mut plane, &before, of_bit, 0, 0);
                    }
                    array.write(cell, &plane);
                });
            }
            Instruction::Apply { lut, bits, operands } if here.is_empty() => {
                array.apply(&tables[usize::from(lut)], bits, operands.as_slice());
            }
            Instruction::Apply { lut, bits, operands } => {
                let table = &tables[usize::from(lut)];
                let operands = operands.as_slice();
                for bit in 0..bits {
                    let of_bit = take(&mut here, |strike| strike.bit == bit);
                    array.displace(of_bit);
                    let mut cells = [[0; WORDS]; 4];
                    for (cell, &operand) in cells.iter_mut().zip(operands) {
                        *cell = array.read(operand.cell(usize::from(bit)));
                    }
                    let stuck = array.stuck(operands, usize::from(bit));
                    run(table, &mut cells, of_bit, &stuck);
                    for ((cell, operand), &written) in cells.iter().zip(operands).zip(&table.written) {
                        if written {
                            array.write(operand.cell(usize::from(bit)), cell);
                        }
                    }
                }
            }
            Instruction::Store { output, source, signed } => {
                sums.fill(0);
                for bit in 0..source.bits {
                    array.displace(take(&mut here, |strike| strike.bit == bit));
                    let plane = array.read(source.cell(usize::from(bit)));
                    add_plane(&plane, weight(source, signed, usize::from(bit)), &mut sums);
                }
                port.store(output, &sums);
            }
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

/// A table on the bits of its columns: all passes at once if nothing goes wrong in them.
#[inline(always)]
fn run<const WORDS: usize>(
    table: &Table,
    cells: &mut Cells<WORDS>,
    strikes: &[RowStrike],
    stuck: &StuckRows<'_, WORDS>,
) {
    let strikes_a_pass = |s: &RowStrike| s.strike.effect.strikes_a_pass();
    if stuck.iter().all(Option::is_none) && !strikes.iter().any(strikes_a_pass) {
        fused::run(table, cells);
    } else {
        run_pass_by_pass(table, cells, strikes, stuck);
    }
}

/// The passes of a table, one after the other, with what goes wrong in them.
fn run_pass_by_pass<const WORDS: usize>(
    table: &Table,
    cells: &mut Cells<WORDS>,
    strikes: &[RowStrike],
    stuck: &StuckRows<'_, WORDS>,
) {
    for (index, pass) in table.passes.iter().enumerate() {
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

struct StruckArray<const WORDS: usize> {
    block: Block<WORDS>,
    columns: Vec<Column<WORDS>>,
    any_stuck: bool,
}

impl<const WORDS: usize> StruckArray<WORDS> {
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
    fn stuck(&self, operands: &[Operand], bit: usize) -> StuckRows<'_, WORDS> {
        let mut stuck = [None; 4];
        if self.any_stuck {
            for (stuck, operand) in stuck.iter_mut().zip(operands) {
                *stuck = self.columns[operand.cell(bit).0].stuck.as_deref();
            }
        }
        stuck
    }

    /// What strikes the tracks before a bit is accessed.
    fn displace(&mut self, strikes: &[RowStrike]) {
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
                    self.block.pin((word, bit), usize::from(column), usize::from(domain), outwards);
                }
                Effect::Miss { .. } | Effect::FalseMatch { .. } | Effect::WriteFails { .. } => {}
            }
        }
    }

    /// Runs a table over bits, in none of which anything strikes.
    #[inline(always)]
    fn apply(&mut self, table: &Table, bits: u8, operands: &[Operand]) {
        // Place, column, and how both go on with the next bit.
        let mut lanes = [(0, 0, (0, 0)); 4];
        for (lane, operand) in lanes.iter_mut().zip(operands) {
            let cell = operand.cell(0);
            let step = match operand.direction {
                Direction::Along => (1, 0),
                Direction::Across => (self.block.track(), 1),
            };
            *lane = (self.block.place(cell), cell.0, step);
        }
        for bit in 1..=bits {
            let mut cells = [[0; WORDS]; 4];
            for (cell, &(place, column, _)) in cells.iter_mut().zip(&lanes[..operands.len()]) {
                *cell = self.read_at(place, column);
            }
            run(table, &mut cells, &[], &self.stuck(operands, usize::from(bit) - 1));
            for (index, operand) in operands.iter().enumerate() {
                let (place, column, step) = &mut lanes[index];
                if table.written[index] {
                    self.write_at(*place, *column, &cells[index]);
                }
                // Beyond a word's last bit it is the last bit again.
                if bit < operand.bits {
                    *place += step.0;
                    *column += step.1;
                }
            }
        }
    }

    #[inline(always)]
    fn read(&self, cell: (usize, usize)) -> [u64; WORDS] {
        self.read_at(self.block.place(cell), cell.0)
    }

    #[inline(always)]
    fn write(&mut self, cell: (usize, usize), plane: &[u64; WORDS]) {
        self.write_at(self.block.place(cell), cell.0, plane);
    }

    #[inline(always)]
    fn read_at(&self, place: usize, column: usize) -> [u64; WORDS] {
        let mut plane = self.block.planes[place];
        let column = &self.columns[column];
        for displaced in &column.displaced {
            let actual = &self.block.planes[place.wrapping_add_signed(isize::from(displaced.offset))];
            merge(&mut plane, actual, &displaced.rows);
        }
        if let Some(stuck) = &column.stuck {
            hold(&mut plane, stuck);
        }
        plane
    }

    #[inline(always)]
    fn write_at(&mut self, place: usize, column: usize, plane: &[u64; WORDS]) {
        let displaced = &self.columns[column].displaced;
        let before = std::mem::replace(&mut self.block.planes[place], *plane);
        for displaced in displaced {
            merge(&mut self.block.planes[place], &before, &displaced.rows);
        }
        for displaced in displaced {
            let actual = place.wrapping_add_signed(isize::from(displaced.offset));
            merge(&mut self.block.planes[actual], plane, &displaced.rows);
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
