//! Execution on tracks that slip: a shift may leave one track of one row a domain too far or too short.
//!
//! A slipped track stays displaced: every later access of that row in that column reaches the neighbouring domain, until
//! something re-aligns the track. Words written and read after a slip are therefore whole; words written before it are read
//! shifted by one bit. Beyond its ends a track has spare domains that hold 0.

use compiler::{Instruction, Operand, Program};

use crate::execute::{Block, Port, Table, add_plane, plane_of, weight};

/// Decides when tracks slip. Asked before every move of a column's tracks.
pub trait Slips {
    /// A column's tracks move by `distance` domains, in `rows` rows: reports each track that slips, as its row and by how many
    /// domains.
    fn on_move(&mut self, distance: u8, rows: usize, slipped: &mut dyn FnMut(usize, i8));

    /// Whether tracks are re-aligned before an instruction.
    fn realigns_before(&mut self, _instruction: &Instruction) -> bool {
        false
    }
}

/// Spare domains that the model keeps at each end of a track; a track that slips farther stays there.
const SPARE: usize = 16;

/// What an execution on slipping tracks gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SlipOutcome {
    /// Bits written to tagged rows.
    pub tagged_bits: u64,
    /// Tracks that slipped.
    pub slips: u64,
}

/// Runs a program on up to `64 · WORDS` rows whose tracks slip.
pub fn execute_slipping<const WORDS: usize>(
    program: &Program,
    rows: usize,
    port: &mut impl Port,
    slips: &mut impl Slips,
) -> SlipOutcome {
    let tables: Vec<Table> = program.luts.iter().map(Table::of).collect();
    let columns = program.geometry.columns();
    let mut array = SlippingArray {
        block: Block::<WORDS>::new(program, rows, SPARE),
        rows,
        positions: vec![0; columns],
        displaced: (0..columns).map(|_| Vec::new()).collect(),
        slips: 0,
    };
    let mut values = vec![0_u16; rows];
    let mut sums = vec![0_i32; rows];
    for instruction in &program.instructions {
        if slips.realigns_before(instruction) {
            array.displaced.iter_mut().for_each(Vec::clear);
        }
        match *instruction {
            Instruction::Load { tap, destination } => {
                port.load(tap, &mut values);
                for bit in 0..usize::from(destination.bits) {
                    array.align(destination, bit, slips);
                    array.write(destination.cell(bit), &plane_of(&values, bit));
                }
            }
            Instruction::Apply { lut, bits, operands } => {
                let table = &tables[usize::from(lut)];
                let operands = operands.as_slice();
                for bit in 0..usize::from(bits) {
                    let mut cells = [[0; WORDS]; 4];
                    for (cell, &operand) in cells.iter_mut().zip(operands) {
                        array.align(operand, bit, slips);
                        *cell = array.read(operand.cell(bit));
                    }
                    array.block.run(table, &mut cells);
                    for ((cell, operand), &written) in cells.iter().zip(operands).zip(&table.written) {
                        if written {
                            array.write(operand.cell(bit), cell);
                        }
                    }
                }
            }
            Instruction::Store { output, source, signed } => {
                sums.fill(0);
                for bit in 0..usize::from(source.bits) {
                    array.align(source, bit, slips);
                    add_plane(&array.read(source.cell(bit)), weight(source, signed, bit), &mut sums);
                }
                port.store(output, &sums);
            }
        }
    }
    SlipOutcome { tagged_bits: array.block.tagged_bits, slips: array.slips }
}

/// The rows of a column whose tracks are displaced by the same number of domains.
struct Displaced<const WORDS: usize> {
    offset: i8,
    rows: [u64; WORDS],
}

struct SlippingArray<const WORDS: usize> {
    block: Block<WORDS>,
    rows: usize,
    positions: Vec<u8>,
    /// For each column, the displaced rows by their offset; none at offset 0.
    displaced: Vec<Vec<Displaced<WORDS>>>,
    slips: u64,
}

impl<const WORDS: usize> SlippingArray<WORDS> {
    fn align(&mut self, operand: Operand, bit: usize, slips: &mut impl Slips) {
        let (column, domain) = operand.cell(bit);
        let distance = self.positions[column].abs_diff(domain as u8);
        if distance == 0 {
            return;
        }
        self.positions[column] = domain as u8;
        let displaced = &mut self.displaced[column];
        let count = &mut self.slips;
        slips.on_move(distance, self.rows, &mut |row, by| {
            *count += 1;
            displace(displaced, row, by);
        });
    }

    fn read(&self, cell: (usize, usize)) -> [u64; WORDS] {
        let place = self.block.place(cell);
        let mut plane = self.block.planes[place];
        for displaced in &self.displaced[cell.0] {
            let actual = &self.block.planes[place.wrapping_add_signed(isize::from(displaced.offset))];
            merge(&mut plane, actual, &displaced.rows);
        }
        plane
    }

    fn write(&mut self, cell: (usize, usize), plane: &[u64; WORDS]) {
        let place = self.block.place(cell);
        let before = std::mem::replace(&mut self.block.planes[place], *plane);
        for displaced in &self.displaced[cell.0] {
            merge(&mut self.block.planes[place], &before, &displaced.rows);
        }
        for displaced in &self.displaced[cell.0] {
            let actual = place.wrapping_add_signed(isize::from(displaced.offset));
            merge(&mut self.block.planes[actual], plane, &displaced.rows);
        }
    }
}

/// Takes the bits of some rows from another plane.
fn merge<const WORDS: usize>(plane: &mut [u64; WORDS], other: &[u64; WORDS], rows: &[u64; WORDS]) {
    for word in 0..WORDS {
        plane[word] = (plane[word] & !rows[word]) | (other[word] & rows[word]);
    }
}

/// Moves a row's track from its offset by some domains.
fn displace<const WORDS: usize>(displaced: &mut Vec<Displaced<WORDS>>, row: usize, by: i8) {
    let (word, bit) = (row / 64, 1_u64 << (row % 64));
    let mut offset = 0;
    if let Some(group) = displaced.iter_mut().find(|group| group.rows[word] & bit != 0) {
        offset = group.offset;
        group.rows[word] &= !bit;
    }
    let limit = SPARE as i8;
    offset = (offset + by).clamp(-limit, limit);
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
    displaced.retain(|group| group.rows.iter().any(|&word| word != 0));
}
