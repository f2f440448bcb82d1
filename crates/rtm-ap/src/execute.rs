//! Bit-exact execution: the cells of a block of rows as bit planes, one bit of a row in one bit of a word.

use compiler::ir::Tap;
use compiler::lut::Lut;
use compiler::{Direction, Geometry, Instruction, Operand, Program};

use crate::counts::{ProgramCounts, ProgramError};
use crate::fused::{self, After, Fused};

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
    /// Bits written to tagged rows, over all rows in use, by table of the program.
    pub tagged_bits: Vec<u64>,
}

/// Why a program is not executed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExecutionError {
    /// It breaks a rule of the machine.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// It was compiled for another array.
    #[error("the program is for an array of {found}; the processor has one of {expected}")]
    Geometry {
        /// The program's.
        found: Geometry,
        /// The processor's.
        expected: Geometry,
    },
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
/// If the program breaks a rule or is for another array, or the processor has fewer rows; nothing was loaded or stored then.
pub fn execute_program(
    processor: Geometry,
    program: &Program,
    rows: usize,
    port: &mut impl Port,
) -> Result<Execution, ExecutionError> {
    if program.geometry != processor {
        return Err(ExecutionError::Geometry { found: program.geometry, expected: processor });
    }
    if rows > processor.rows() {
        return Err(ExecutionError::Rows { found: rows, geometry: program.geometry });
    }
    let counts = ProgramCounts::of(program)?;
    Ok(Execution { counts, tagged_bits: execute(program, rows, port) })
}

/// The instruction sets that the inner loop is compiled for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kernel {
    /// What every processor of the target has.
    Portable,
    /// x86-64 with 256-bit vectors and a population count.
    Avx2,
    /// x86-64 with 512-bit vectors and a population count for them.
    Avx512,
}

impl Kernel {
    /// The best that this processor runs.
    pub(crate) fn best() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            let bits = is_x86_feature_detected!("popcnt")
                && is_x86_feature_detected!("lzcnt")
                && is_x86_feature_detected!("bmi1")
                && is_x86_feature_detected!("bmi2");
            let avx2 = bits && is_x86_feature_detected!("avx2");
            let avx512 = is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512vl")
                && is_x86_feature_detected!("avx512vpopcntdq");
            if avx2 {
                return if avx512 { Self::Avx512 } else { Self::Avx2 };
            }
        }
        Self::Portable
    }
}

/// Runs a program that keeps the machine's rules on at most 4096 rows, and returns how many bits each of its tables wrote to
/// tagged rows.
pub(crate) fn execute(program: &Program, rows: usize, port: &mut impl Port) -> Vec<u64> {
    execute_with(Kernel::best(), program, rows, port)
}

fn execute_with(kernel: Kernel, program: &Program, rows: usize, port: &mut impl Port) -> Vec<u64> {
    match rows.div_ceil(64) {
        0..=1 => execute_words::<1>(kernel, program, rows, port),
        2 => execute_words::<2>(kernel, program, rows, port),
        3..=4 => execute_words::<4>(kernel, program, rows, port),
        5..=8 => execute_words::<8>(kernel, program, rows, port),
        9..=16 => execute_words::<16>(kernel, program, rows, port),
        _ => execute_words::<64>(kernel, program, rows, port),
    }
}

fn execute_words<const WORDS: usize>(
    kernel: Kernel,
    program: &Program,
    rows: usize,
    port: &mut impl Port,
) -> Vec<u64> {
    match kernel {
        // SAFETY: `Kernel::best` names these only after it has seen that the processor has their features, and the tests ask
        // for none above it.
        #[cfg(target_arch = "x86_64")]
        #[allow(unsafe_code)]
        Kernel::Avx512 => unsafe { x86::avx512::<WORDS>(program, rows, port) },
        #[cfg(target_arch = "x86_64")]
        #[allow(unsafe_code)]
        Kernel::Avx2 => unsafe { x86::avx2::<WORDS>(program, rows, port) },
        _ => interpret::<WORDS>(program, rows, port, &mut |_| {}),
    }
}

/// Runs a program that keeps the machine's rules on at most 4096 rows, and tells after each instruction how many bits it wrote
/// to tagged rows.
pub(crate) fn execute_told(
    program: &Program,
    rows: usize,
    port: &mut impl Port,
    tell: &mut impl FnMut(u64),
) -> Vec<u64> {
    match rows.div_ceil(64) {
        0..=8 => interpret::<8>(program, rows, port, tell),
        _ => interpret::<64>(program, rows, port, tell),
    }
}

/// The same loop, compiled for newer processors.
#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::{Port, Program, interpret};

    #[target_feature(enable = "avx2,popcnt,bmi1,bmi2,lzcnt")]
    pub(super) fn avx2<const WORDS: usize>(program: &Program, rows: usize, port: &mut impl Port) -> Vec<u64> {
        interpret::<WORDS>(program, rows, port, &mut |_| {})
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vpopcntdq,avx2,popcnt,bmi1,bmi2,lzcnt")]
    pub(super) fn avx512<const WORDS: usize>(
        program: &Program,
        rows: usize,
        port: &mut impl Port,
    ) -> Vec<u64> {
        interpret::<WORDS>(program, rows, port, &mut |_| {})
    }
}

/// Inlined into each kernel, so that it is compiled with that kernel's instructions.
#[inline(always)]
fn interpret<const WORDS: usize>(
    program: &Program,
    rows: usize,
    port: &mut impl Port,
    tell: &mut impl FnMut(u64),
) -> Vec<u64> {
    let mut tagged = vec![0; program.luts.len()];
    let tables: Vec<Table> = program.luts.iter().map(Table::of).collect();
    let mut block = Block::<WORDS>::new(program, rows, 0);
    let mut values = vec![0_u16; rows];
    let mut sums = vec![0_i32; rows];
    for instruction in &program.instructions {
        let before = block.tagged_bits;
        block.instruction(instruction, &tables, port, &mut values, &mut sums);
        if let Instruction::Apply { lut, .. } = instruction {
            tagged[usize::from(*lut)] += block.tagged_bits - before;
        }
        tell(block.tagged_bits - before);
    }
    tagged
}

/// A table in the form that the inner loop reads.
pub(crate) struct Table {
    /// All passes at once, if the table is one of those that are known.
    pub(crate) fused: Option<Fused>,
    pub(crate) passes: Vec<TablePass>,
    /// The columns that some pass writes.
    pub(crate) written: Vec<bool>,
}

/// A pass over the four columns that a table can have, those that take no part included: the loop then has no branches.
pub(crate) struct TablePass {
    /// For each column, what to flip so that a match is 1, and all ones if the column is masked.
    key: [(u64, u64); 4],
    compares: bool,
    /// For each column, all ones if it is written, and the bit as a word of its copies.
    pub(crate) write: [(u64, u64); 4],
    written_columns: u64,
}

impl TablePass {
    /// The rows that the pass finds.
    #[inline(always)]
    pub(crate) fn tag<const WORDS: usize>(&self, [a, b, c, d]: &Cells<WORDS>) -> [u64; WORDS] {
        let key = &self.key;
        std::array::from_fn(|word| {
            ((a[word] ^ key[0].0) | key[0].1)
                & ((b[word] ^ key[1].0) | key[1].1)
                & ((c[word] ^ key[2].0) | key[2].1)
                & ((d[word] ^ key[3].0) | key[3].1)
        })
    }

    /// Writes the rows that are tagged.
    #[inline(always)]
    pub(crate) fn write_tagged<const WORDS: usize>(&self, cells: &mut Cells<WORDS>, tag: &[u64; WORDS]) {
        for (cell, &(mask, value)) in cells.iter_mut().zip(&self.write) {
            for (bits, tag) in cell.iter_mut().zip(tag) {
                *bits ^= (*bits ^ value) & tag & mask;
            }
        }
    }
}

impl Table {
    pub(crate) fn of(lut: &Lut) -> Self {
        let copies = |bits: u8, column: usize| if bits >> column & 1 == 1 { u64::MAX } else { 0 };
        let of_pass = |pass: &compiler::lut::Pass| TablePass {
            key: std::array::from_fn(|c| (!copies(pass.key.value(), c), !copies(pass.key.mask(), c))),
            compares: pass.compares(),
            write: std::array::from_fn(|c| (copies(pass.write.mask(), c), copies(pass.write.value(), c))),
            written_columns: u64::from(pass.write.width()),
        };
        let written = |column: usize| lut.passes().iter().any(|pass| pass.write.mask() >> column & 1 == 1);
        Self {
            fused: Fused::of(lut),
            passes: lut.passes().iter().map(of_pass).collect(),
            written: (0..lut.columns().len()).map(written).collect(),
        }
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

    /// The rows that hold an output position.
    pub(crate) fn occupied(&self) -> [u64; WORDS] {
        self.occupied
    }

    /// Planes from a column to the next.
    pub(crate) fn track(&self) -> usize {
        self.track
    }

    /// Index of the plane that holds a cell.
    pub(crate) fn place(&self, (column, domain): (usize, usize)) -> usize {
        column * self.track + self.spare + domain
    }

    /// Carries out an instruction; `values` and `sums` have a place for each row.
    #[inline(always)]
    pub(crate) fn instruction(
        &mut self,
        instruction: &Instruction,
        tables: &[Table],
        port: &mut impl Port,
        values: &mut [u16],
        sums: &mut [i32],
    ) {
        match *instruction {
            Instruction::Load { tap, destination } => {
                port.load(tap, values);
                self.fill(destination, values);
            }
            Instruction::Apply { lut, bits, operands } => {
                self.apply_all(&tables[usize::from(lut)], bits, operands.as_slice());
            }
            Instruction::Store { output, source, signed } => {
                self.read(source, signed, sums);
                port.store(output, sums);
            }
        }
    }

    /// Moves a row's bits from one domain of a track on by one domain, away from the track's start or towards it.
    pub(crate) fn pin(&mut self, (word, bit): (usize, u64), column: usize, domain: usize, outwards: bool) {
        let first = self.place((column, domain));
        let end = (column + 1) * self.track;
        let take = |planes: &mut [[u64; WORDS]], to: usize, from: usize| {
            planes[to][word] = (planes[to][word] & !bit) | (planes[from][word] & bit);
        };
        if outwards {
            (first + 1..end).rev().for_each(|to| take(&mut self.planes, to, to - 1));
        } else {
            (first..end - 1).for_each(|to| take(&mut self.planes, to, to + 1));
            self.planes[end - 1][word] &= !bit;
        }
    }

    /// Runs a table over bits, all passes of a bit at once where that is known to be the same.
    #[inline(always)]
    fn apply_all(&mut self, table: &Table, bits: u8, operands: &[Operand]) {
        match table.fused {
            Some(Fused::Clear) => self.fuse::<1, 0b1>(bits, operands, fused::clear),
            Some(Fused::AddInPlace) => self.fuse::<3, 0b101>(bits, operands, fused::add_in_place),
            Some(Fused::SubtractInPlace) => self.fuse::<3, 0b101>(bits, operands, fused::subtract_in_place),
            Some(Fused::CarryInPlace) => self.fuse::<2, 0b11>(bits, operands, fused::carry_in_place),
            Some(Fused::BorrowInPlace) => self.fuse::<2, 0b11>(bits, operands, fused::borrow_in_place),
            Some(Fused::Add) => self.fuse::<4, 0b1001>(bits, operands, fused::add),
            Some(Fused::Subtract) => self.fuse::<4, 0b1001>(bits, operands, fused::subtract),
            Some(Fused::Carry) => self.fuse::<3, 0b101>(bits, operands, fused::carry),
            Some(Fused::Borrow) => self.fuse::<3, 0b101>(bits, operands, fused::borrow),
            Some(Fused::Negate) => self.fuse::<3, 0b101>(bits, operands, fused::negate),
            Some(Fused::MoveCarry) => self.fuse::<2, 0b11>(bits, operands, fused::move_carry),
            Some(Fused::CopyBorrow) => self.fuse::<2, 0b10>(bits, operands, fused::copy_borrow),
            None => {
                for bit in 0..usize::from(bits) {
                    self.apply(table, bit, operands);
                }
            }
        }
    }

    /// Runs a function of `COLUMNS` columns over bits; those of `WRITTEN` are written back.
    #[inline(always)]
    fn fuse<const COLUMNS: usize, const WRITTEN: u8>(
        &mut self,
        bits: u8,
        operands: &[Operand],
        function: impl Fn([u64; COLUMNS]) -> After<COLUMNS>,
    ) {
        let Ok(operands) = <&[Operand; COLUMNS]>::try_from(operands) else { return };
        let mut places = operands.map(|operand| self.place(operand.cell(0)));
        let steps = operands.map(|operand| match operand.direction {
            Direction::Along => 1,
            Direction::Across => self.track,
        });
        let (mut ones, mut twos) = (0, 0);
        for bit in 1..=bits {
            let cells: [[u64; WORDS]; COLUMNS] = places.map(|place| self.planes[place]);
            let mut after = cells;
            for word in 0..WORDS {
                let made = function(std::array::from_fn(|column| cells[column][word]));
                for (after, made) in after.iter_mut().zip(made.columns) {
                    after[word] = made;
                }
                ones += u64::from((made.one & self.occupied[word]).count_ones());
                twos += u64::from((made.two & self.occupied[word]).count_ones());
            }
            for column in 0..COLUMNS {
                if WRITTEN >> column & 1 == 1 {
                    self.planes[places[column]] = after[column];
                }
                // Beyond a word's last bit it is the last bit again.
                if bit < operands[column].bits {
                    places[column] += steps[column];
                }
            }
        }
        self.tagged_bits += ones + 2 * twos;
    }

    #[inline(always)]
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
    #[inline(always)]
    pub(crate) fn run(&mut self, table: &Table, cells: &mut Cells<WORDS>) {
        for pass in &table.passes {
            let tag = pass.tag(cells);
            if pass.compares {
                let tagged = |word: usize| u64::from((tag[word] & self.occupied[word]).count_ones());
                self.tagged_bits += (0..WORDS).map(tagged).sum::<u64>() * pass.written_columns;
            }
            pass.write_tagged(cells, &tag);
        }
    }

    #[inline(always)]
    fn fill(&mut self, destination: Operand, values: &[u16]) {
        each_plane(values, usize::from(destination.bits), |bit, plane| {
            let place = self.place(destination.cell(bit));
            self.planes[place] = plane;
        });
    }

    fn read(&self, source: Operand, signed: bool, sums: &mut [i32]) {
        sums.fill(0);
        for bit in 0..usize::from(source.bits) {
            add_plane(&self.planes[self.place(source.cell(bit))], weight(source, signed, bit), sums);
        }
    }
}

/// The first bits of the values of all rows, one after the other.
#[inline(always)]
pub(crate) fn each_plane<const WORDS: usize>(
    values: &[u16],
    bits: usize,
    mut of_bit: impl FnMut(usize, [u64; WORDS]),
) {
    let mut bytes = vec![0_u8; 64 * WORDS];
    for half in 0..bits.div_ceil(8) {
        for (byte, value) in bytes.iter_mut().zip(values) {
            *byte = value.checked_shr(8 * half as u32).unwrap_or(0) as u8;
        }
        for bit in 8 * half..bits.min(8 * half + 8) {
            of_bit(bit, plane_of_bytes(&bytes, bit % 8));
        }
    }
}

/// One bit of the bytes of all rows.
#[inline(always)]
fn plane_of_bytes<const WORDS: usize>(bytes: &[u8], bit: usize) -> [u64; WORDS] {
    let mut plane = [0; WORDS];
    for (word, rows) in plane.iter_mut().zip(bytes.as_chunks::<64>().0) {
        for (index, eight) in rows.as_chunks::<8>().0.iter().enumerate() {
            let bits = u64::from_le_bytes(*eight) >> bit & 0x0101_0101_0101_0101;
            *word |= (bits.wrapping_mul(GATHER) >> 56) << (8 * index);
        }
    }
    plane
}

/// Eight bits, one in the lowest place of each byte, are gathered into a byte by a multiplication with this: the products of
/// bit `i` and of `2^(7(8 - i))` meet in the uppermost byte, and no two of them anywhere else.
const GATHER: u64 = 0x0102_0408_1020_4080;

/// What a bit of a word stands for: its power of two, negative for a sign.
pub(crate) fn weight(word: Operand, signed: bool, bit: usize) -> i32 {
    let magnitude = 1_i64 << bit;
    (if signed && bit + 1 == usize::from(word.bits) { -magnitude } else { magnitude }) as i32
}

/// Adds a bit's weight to the sums of the rows that hold a 1.
#[inline(always)]
pub(crate) fn add_plane<const WORDS: usize>(plane: &[u64; WORDS], weight: i32, sums: &mut [i32]) {
    for (chunk, word) in sums.chunks_mut(64).zip(plane) {
        for (row, sum) in chunk.iter_mut().enumerate() {
            *sum = sum.wrapping_add(weight * (word >> row & 1) as i32);
        }
    }
}

#[cfg(test)]
mod tests {
    use compiler::ir::Tap;
    use compiler::{Geometry, Layout, Options, Sharing, compile_layer};
    use network::TernaryWeights;

    use super::*;

    struct Ramp(Vec<(u32, Vec<i32>)>);

    impl Port for Ramp {
        fn load(&mut self, tap: Tap, values: &mut [u16]) {
            let start = usize::from(tap.row) * 7 + usize::from(tap.column) * 3 + tap.channel as usize;
            values.iter_mut().enumerate().for_each(|(row, value)| *value = ((row * 5 + start) % 16) as u16);
        }
        fn store(&mut self, output: u32, values: &[i32]) {
            self.0.push((output, values.to_vec()));
        }
    }

    #[test]
    fn every_kernel_that_this_processor_runs_gives_the_same_values_and_counts() {
        let values = (0..8 * 3 * 9).map(|i| [1, 0, -1, 0, 1, -1, 0][i % 7]).collect();
        let weights = TernaryWeights::new([8, 3, 3, 3], values).unwrap();
        for layout in [Layout::Along, Layout::Tiled] {
            let geometry = Geometry::new(256, 256, 64).unwrap();
            let options =
                Options { geometry, sharing: Sharing::PerChannel, layout, outputs_per_processor: None };
            let program = &compile_layer("small", &weights, 15, &options).unwrap().programs[0];
            for rows in [1, 64, 100, 200, 500, 1000, 4096] {
                let run = |kernel| {
                    let mut port = Ramp(Vec::new());
                    (execute_with(kernel, program, rows, &mut port), port.0)
                };
                let portable = run(Kernel::Portable);
                for kernel in [Kernel::Avx2, Kernel::Avx512] {
                    if kernel <= Kernel::best() {
                        assert_eq!(run(kernel), portable, "{kernel:?}, {rows} rows");
                    }
                }
            }
        }
    }
}
