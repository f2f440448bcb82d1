//! Bit-exact execution: the cells of a block of rows as bit planes, one bit of a row in one bit of a word.

use compiler::ir::Tap;
use compiler::lut::Lut;
use compiler::{Geometry, Instruction, Operand, Program};

use crate::counts::{ProgramCounts, ProgramError};

/// Where a program's operands come from and its results go.
pub trait Port {
    /// The window element of every row, row 0 first; `values` has one place for each row of the block.
    fn load(&mut self, tap: Tap, values: &mut [u16]);

    /// The accumulators of an output, one for each row.
    fn store(&mut self, output: u32, values: &[i32]);
}

/// What an execution gave beside the stored values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Execution {
    /// The events in one row that the program alone determines.
    pub counts: ProgramCounts,
    /// Bits written to tagged rows, over all rows in use.
    pub tagged_bits: u64,
}

/// Why a program is not executed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExecutionError {
    /// It breaks a rule of the machine.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// A processor does not have so many rows.
    #[error("{found} rows are to be used of a processor of {geometry}")]
    Rows {
        /// The rows in use.
        found: usize,
        /// The processor.
        geometry: Geometry,
    },
}

/// Checks a program and runs it on the first `rows` rows of one processor.
///
/// # Errors
/// If the program breaks a rule, or the processor has fewer rows; nothing was loaded or stored then.
pub fn execute_program(
    program: &Program,
    rows: usize,
    port: &mut impl Port,
) -> Result<Execution, ExecutionError> {
    if rows > program.geometry.rows() {
        return Err(ExecutionError::Rows { found: rows, geometry: program.geometry });
    }
    let counts = ProgramCounts::of(program)?;
    Ok(Execution { counts, tagged_bits: execute(program, rows, port) })
}

/// Runs a program that keeps the machine's rules on at most 4096 rows, and returns how many bits were written to tagged rows.
pub(crate) fn execute(program: &Program, rows: usize, port: &mut impl Port) -> u64 {
    match rows.div_ceil(64) {
        0..=1 => execute_words::<1>(program, rows, port),
        2 => execute_words::<2>(program, rows, port),
        3..=4 => execute_words::<4>(program, rows, port),
        5..=8 => execute_words::<8>(program, rows, port),
        9..=16 => execute_words::<16>(program, rows, port),
        _ => execute_words::<64>(program, rows, port),
    }
}

fn execute_words<const WORDS: usize>(program: &Program, rows: usize, port: &mut impl Port) -> u64 {
    let tables: Vec<Table> = program.luts.iter().map(Table::of).collect();
    let mut block = Block::<WORDS>::new(program, rows, 0);
    let mut values = vec![0_u16; rows];
    let mut sums = vec![0_i32; rows];
    for instruction in &program.instructions {
        match *instruction {
            Instruction::Load { tap, destination } => {
                port.load(tap, &mut values);
                block.fill(destination, &values);
            }
            Instruction::Apply { lut, bits, operands } => {
                let table = &tables[usize::from(lut)];
                for bit in 0..usize::from(bits) {
                    block.apply(table, bit, operands.as_slice());
                }
            }
            Instruction::Store { output, source, signed } => {
                block.read(source, signed, &mut sums);
                port.store(output, &sums);
            }
        }
    }
    block.tagged_bits
}

/// A table in the form that the inner loop reads.
pub(crate) struct Table {
    passes: Vec<TablePass>,
    /// The columns that some pass writes.
    pub(crate) written: Vec<bool>,
}

struct TablePass {
    /// Columns that are compared, and what to flip so that a match is 1.
    key: Vec<(usize, u64)>,
    /// Columns that are written, and the bit as a word of its copies.
    write: Vec<(usize, u64)>,
}

impl Table {
    pub(crate) fn of(lut: &Lut) -> Self {
        let columns = |mask: u8| (0..lut.columns().len()).filter(move |column| mask >> column & 1 == 1);
        let copies = |pattern: u8, column: usize| if pattern >> column & 1 == 1 { u64::MAX } else { 0 };
        let passes: Vec<TablePass> = lut
            .passes()
            .iter()
            .map(|pass| TablePass {
                key: columns(pass.key.mask()).map(|c| (c, !copies(pass.key.value(), c))).collect(),
                write: columns(pass.write.mask()).map(|c| (c, copies(pass.write.value(), c))).collect(),
            })
            .collect();
        let written = (0..lut.columns().len())
            .map(|column| passes.iter().any(|pass| pass.write.iter().any(|&(c, _)| c == column)))
            .collect();
        Self { passes, written }
    }
}

/// The cells of up to `64 · WORDS` rows.
pub(crate) struct Block<const WORDS: usize> {
    /// Domains of a track, spare ones included, and how many spare ones lie before domain 0.
    track: usize,
    spare: usize,
    /// By column, then domain.
    pub(crate) planes: Vec<[u64; WORDS]>,
    /// The rows of the block that hold an output position.
    occupied: [u64; WORDS],
    pub(crate) tagged_bits: u64,
}

/// The bits of one row-block in the columns that an instruction names.
pub(crate) type Cells<const WORDS: usize> = [[u64; WORDS]; 4];

impl<const WORDS: usize> Block<WORDS> {
    /// A block with `spare` domains before the first and behind the last one of every track.
    pub(crate) fn new(program: &Program, rows: usize, spare: usize) -> Self {
        let occupied = std::array::from_fn(|word| match rows.saturating_sub(64 * word) {
            0 => 0,
            rest @ 1..64 => (1 << rest) - 1,
            _ => u64::MAX,
        });
        let track = program.geometry.domains() + 2 * spare;
        let planes = vec![[0; WORDS]; program.geometry.columns() * track];
        Self { track, spare, planes, occupied, tagged_bits: 0 }
    }

    /// Index of the plane that holds a cell.
    pub(crate) fn place(&self, (column, domain): (usize, usize)) -> usize {
        column * self.track + self.spare + domain
    }

    fn apply(&mut self, table: &Table, bit: usize, operands: &[Operand]) {
        let mut cells = [[0_u64; WORDS]; 4];
        let mut places = [0; 4];
        for (i, &operand) in operands.iter().enumerate() {
            places[i] = self.place(operand.cell(bit));
            cells[i] = self.planes[places[i]];
        }
        self.run(table, &mut cells);
        for (i, _) in table.written.iter().enumerate().filter(|&(_, &written)| written) {
            self.planes[places[i]] = cells[i];
        }
    }

    /// The passes of a table on the cells of its columns.
    pub(crate) fn run(&mut self, table: &Table, cells: &mut Cells<WORDS>) {
        for pass in &table.passes {
            let mut tag = [u64::MAX; WORDS];
            for &(column, flip) in &pass.key {
                for word in 0..WORDS {
                    tag[word] &= cells[column][word] ^ flip;
                }
            }
            if !pass.key.is_empty() {
                let tagged: u32 = (0..WORDS).map(|word| (tag[word] & self.occupied[word]).count_ones()).sum();
                self.tagged_bits += u64::from(tagged) * pass.write.len() as u64;
            }
            for &(column, bits) in &pass.write {
                for word in 0..WORDS {
                    cells[column][word] = (cells[column][word] & !tag[word]) | (bits & tag[word]);
                }
            }
        }
    }

    fn fill(&mut self, destination: Operand, values: &[u16]) {
        for bit in 0..usize::from(destination.bits) {
            let place = self.place(destination.cell(bit));
            self.planes[place] = plane_of(values, bit);
        }
    }

    fn read(&self, source: Operand, signed: bool, sums: &mut [i32]) {
        sums.fill(0);
        for bit in 0..usize::from(source.bits) {
            add_plane(&self.planes[self.place(source.cell(bit))], weight(source, signed, bit), sums);
        }
    }
}

/// One bit of the values of all rows.
pub(crate) fn plane_of<const WORDS: usize>(values: &[u16], bit: usize) -> [u64; WORDS] {
    let mut plane = [0; WORDS];
    if bit >= 16 {
        return plane;
    }
    for (word, chunk) in plane.iter_mut().zip(values.chunks(64)) {
        *word = chunk.iter().enumerate().fold(0, |w, (row, &value)| w | u64::from(value >> bit & 1) << row);
    }
    plane
}

/// What a bit of a word stands for: its power of two, negative for a sign.
pub(crate) fn weight(word: Operand, signed: bool, bit: usize) -> i32 {
    let magnitude = 1_i64 << bit;
    (if signed && bit + 1 == usize::from(word.bits) { -magnitude } else { magnitude }) as i32
}

/// Adds a bit's weight to the sums of the rows that hold a 1.
pub(crate) fn add_plane<const WORDS: usize>(plane: &[u64; WORDS], weight: i32, sums: &mut [i32]) {
    for (chunk, word) in sums.chunks_mut(64).zip(plane) {
        for (row, sum) in chunk.iter_mut().enumerate() {
            *sum = sum.wrapping_add(weight * (word >> row & 1) as i32);
        }
    }
}
