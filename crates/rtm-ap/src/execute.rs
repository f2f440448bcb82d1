//! Bit-exact execution: one loop over a program's instructions on a block of rows, with hooks for whoever needs more than the result.

use ap_program::{
    Cell, Direction, Geometry, Instruction, Latch, Operand, Program, ProgramCounts, ProgramError, Tap,
};

use crate::block::{Block, Cells, Table, add_plane, each_plane, weight};
use crate::events::Tagged;
use crate::kernel::{Kernel, run_on};

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
    /// Bits of cells written to tagged rows, over all rows in use, by table of the program.
    pub tagged_bits: Vec<u64>,
    /// Latches written in tagged rows, over all rows in use, by table of the program.
    pub tagged_latches: Vec<u64>,
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
    port: &mut dyn Port,
) -> Result<Execution, ExecutionError> {
    if program.geometry != processor {
        return Err(ExecutionError::Geometry { found: program.geometry, expected: processor });
    }
    if rows > processor.rows() {
        return Err(ExecutionError::Rows { found: rows, geometry: program.geometry });
    }
    let counts = ProgramCounts::of(program)?;
    let (tagged_bits, tagged_latches) =
        execute(program, rows, port).into_iter().map(|tagged| (tagged.cells, tagged.latches)).unzip();
    Ok(Execution { counts, tagged_bits, tagged_latches })
}

/// Runs a program that keeps the machine's rules on at most 4096 rows, and returns how many bits each of its tables wrote to
/// tagged rows.
pub(crate) fn execute(program: &Program, rows: usize, port: &mut dyn Port) -> Vec<Tagged<u64>> {
    execute_for(TaggedBits, Kernel::best(), program, rows, port)
}

/// The same for each of its instructions, bits of cells alone.
pub(crate) fn execute_told(program: &Program, rows: usize, port: &mut dyn Port) -> Vec<u64> {
    execute_for(TaggedBitsOfInstructions, Kernel::best(), program, rows, port)
}

/// What an execution is for: makes the hooks for a block of rows, and takes from them what it was for.
pub(crate) trait Purpose {
    /// The hooks for a block of `64 · WORDS` rows.
    type Hooks<const WORDS: usize>: Hooks<WORDS>;
    /// What comes of it.
    type Outcome;

    /// Before the first instruction.
    fn begin<const WORDS: usize>(&self, program: &Program, rows: usize) -> Self::Hooks<WORDS>;

    /// After the last.
    fn end<const WORDS: usize>(self, hooks: Self::Hooks<WORDS>, rows: usize) -> Self::Outcome;
}

/// What is done beside an instruction, or in its place. Nothing, if no method is written.
pub(crate) trait Hooks<const WORDS: usize> {
    /// Spare domains before the first and behind the last of every track.
    const SPARE: usize = 0;

    /// Whether an instruction can be carried out whole, by the fastest way there is, without any of the next four being asked.
    fn is_plain(&mut self, place: usize, instruction: &Instruction) -> bool {
        let _ = (place, instruction);
        true
    }

    /// Before a bit is accessed.
    fn before_bit(&mut self, block: &mut Block<WORDS>, bit: u8) {
        let _ = (block, bit);
    }

    /// Fills a cell from the window.
    fn fill(&mut self, block: &mut Block<WORDS>, lane: Lane, plane: [u64; WORDS]) {
        block.planes[lane.place] = plane;
    }

    /// Reads a cell.
    fn read(&self, block: &Block<WORDS>, lane: Lane) -> [u64; WORDS] {
        block.planes[lane.place]
    }

    /// Runs a table's passes on the bits of its columns, in a bit of its instruction.
    fn apply(&mut self, table: &Table, bit: u8, cells: &mut Cells<WORDS>, lanes: &[Lane]);

    /// Writes a cell that a table has changed.
    fn write(&mut self, block: &mut Block<WORDS>, lane: Lane, plane: &[u64; WORDS]) {
        block.planes[lane.place] = *plane;
    }

    /// After an instruction that has written some bits to tagged rows, as far as it was plain.
    fn done(&mut self, instruction: &Instruction, tagged: Tagged<u64>) {
        let _ = (instruction, tagged);
    }
}

/// Where one bit of an operand lies, and how it goes on to the next.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Lane {
    /// The plane in its block.
    pub place: usize,
    pub cell: Cell,
    /// By how many planes and columns or domains the next bit lies farther.
    step: (usize, Cell),
    /// Bits that are left behind this one.
    rest: u8,
}

impl Lane {
    #[inline(always)]
    fn first<const WORDS: usize>(operand: Operand, block: &Block<WORDS>) -> Self {
        let cell = operand.cell(0);
        let step = match operand.direction {
            Direction::Along => (1, (0, 1)),
            Direction::Across => (block.track(), (1, 0)),
        };
        Self { place: block.place(cell), cell, step, rest: operand.bits.saturating_sub(1) }
    }

    /// Beyond a word's last bit it is the last bit again.
    #[inline(always)]
    fn go_on(&mut self) {
        if let Some(rest) = self.rest.checked_sub(1) {
            self.rest = rest;
            self.place += self.step.0;
            self.cell = (self.cell.0 + self.step.1.0, self.cell.1 + self.step.1.1);
        }
    }
}

/// Runs a program that keeps the machine's rules on at most 4096 rows, in words for as many as there are.
pub(crate) fn execute_for<P: Purpose>(
    purpose: P,
    kernel: Kernel,
    program: &Program,
    rows: usize,
    port: &mut dyn Port,
) -> P::Outcome {
    match rows.div_ceil(64) {
        0..=1 => in_words::<1, P>(purpose, kernel, program, rows, port),
        2 => in_words::<2, P>(purpose, kernel, program, rows, port),
        3..=4 => in_words::<4, P>(purpose, kernel, program, rows, port),
        5..=8 => in_words::<8, P>(purpose, kernel, program, rows, port),
        9..=16 => in_words::<16, P>(purpose, kernel, program, rows, port),
        _ => in_words::<64, P>(purpose, kernel, program, rows, port),
    }
}

fn in_words<const WORDS: usize, P: Purpose>(
    purpose: P,
    kernel: Kernel,
    program: &Program,
    rows: usize,
    port: &mut dyn Port,
) -> P::Outcome {
    let mut hooks = purpose.begin::<WORDS>(program, rows);
    run_on(kernel, program, rows, port, &mut hooks);
    purpose.end(hooks, rows)
}

/// The loop. It is inlined into each kernel, so that it is compiled with that kernel's instructions.
#[inline(always)]
pub(crate) fn run<const WORDS: usize, H: Hooks<WORDS>>(
    program: &Program,
    rows: usize,
    port: &mut dyn Port,
    hooks: &mut H,
) {
    let tables: Vec<Table> = program.luts.iter().map(Table::of).collect();
    let mut block = Block::<WORDS>::new(program, rows, H::SPARE);
    let mut values = vec![0_u16; rows];
    let mut sums = vec![0_i32; rows];
    for (place, instruction) in program.instructions.iter().enumerate() {
        let before = block.tagged;
        let is_plain = hooks.is_plain(place, instruction);
        match *instruction {
            Instruction::Load { tap, destination } => {
                port.load(tap, &mut values);
                if is_plain {
                    block.fill(destination, &values);
                } else {
                    let mut lane = Lane::first(destination, &block);
                    each_plane(&values, usize::from(destination.bits), |bit, plane| {
                        hooks.before_bit(&mut block, bit as u8);
                        hooks.fill(&mut block, lane, plane);
                        lane.go_on();
                    });
                }
            }
            Instruction::Apply { lut, bits, operands } => {
                let (table, operands) = (&tables[usize::from(lut)], operands.as_slice());
                // Passes that are left out in the first bit then would find no row, so running them changes nothing.
                if table.latch == Some(Latch::Cleared) {
                    block.clear_latch();
                }
                if is_plain {
                    block.apply_all(table, bits, operands);
                } else {
                    bit_by_bit(&mut block, hooks, table, bits, operands);
                }
            }
            Instruction::Store { output, source, signed } => {
                if is_plain {
                    block.read(source, signed, &mut sums);
                } else {
                    sums.fill(0);
                    let mut lane = Lane::first(source, &block);
                    for bit in 0..source.bits {
                        hooks.before_bit(&mut block, bit);
                        let plane = hooks.read(&block, lane);
                        add_plane(&plane, weight(source, signed, usize::from(bit)), &mut sums);
                        lane.go_on();
                    }
                }
                port.store(output, &sums);
            }
        }
        let now = block.tagged;
        let tagged = Tagged { cells: now.cells - before.cells, latches: now.latches - before.latches };
        hooks.done(instruction, tagged);
    }
}

/// A table over the bits of its operands, each of them by the hooks.
#[inline(always)]
fn bit_by_bit<const WORDS: usize, H: Hooks<WORDS>>(
    block: &mut Block<WORDS>,
    hooks: &mut H,
    table: &Table,
    bits: u8,
    operands: &[Operand],
) {
    let mut lanes = [Lane::default(); 4];
    for (lane, &operand) in lanes.iter_mut().zip(operands) {
        *lane = Lane::first(operand, block);
    }
    let lanes = &mut lanes[..operands.len().min(4)];
    for bit in 0..bits {
        hooks.before_bit(block, bit);
        let mut cells = [[0; WORDS]; 4];
        for (cell, &lane) in cells.iter_mut().zip(&*lanes) {
            *cell = hooks.read(block, lane);
        }
        // The latch stands behind the columns; no fault of a track concerns it.
        if table.latch.is_some() {
            cells[lanes.len()] = block.planes[block.latch()];
        }
        hooks.apply(table, bit, &mut cells, lanes);
        if table.latch.is_some() {
            let latch = block.latch();
            block.planes[latch] = cells[lanes.len()];
        }
        for ((cell, lane), &written) in cells.iter().zip(lanes.iter_mut()).zip(&table.written) {
            if written {
                hooks.write(block, *lane, cell);
            }
            lane.go_on();
        }
    }
}

/// Bits written to tagged rows, by table.
struct TaggedBits;

impl Purpose for TaggedBits {
    type Hooks<const WORDS: usize> = BitsByTable;
    type Outcome = Vec<Tagged<u64>>;

    fn begin<const WORDS: usize>(&self, program: &Program, _: usize) -> BitsByTable {
        BitsByTable(vec![Tagged::default(); program.luts.len()])
    }

    fn end<const WORDS: usize>(self, hooks: BitsByTable, _: usize) -> Vec<Tagged<u64>> {
        hooks.0
    }
}

struct BitsByTable(Vec<Tagged<u64>>);

impl<const WORDS: usize> Hooks<WORDS> for BitsByTable {
    fn apply(&mut self, _: &Table, _: u8, _: &mut Cells<WORDS>, _: &[Lane]) {}

    #[inline(always)]
    fn done(&mut self, instruction: &Instruction, tagged: Tagged<u64>) {
        if let Instruction::Apply { lut, .. } = instruction {
            self.0[usize::from(*lut)] += tagged;
        }
    }
}

/// Bits written to tagged rows, by instruction.
struct TaggedBitsOfInstructions;

impl Purpose for TaggedBitsOfInstructions {
    type Hooks<const WORDS: usize> = BitsByInstruction;
    type Outcome = Vec<u64>;

    fn begin<const WORDS: usize>(&self, program: &Program, _: usize) -> BitsByInstruction {
        BitsByInstruction(Vec::with_capacity(program.instructions.len()))
    }

    fn end<const WORDS: usize>(self, hooks: BitsByInstruction, _: usize) -> Vec<u64> {
        hooks.0
    }
}

struct BitsByInstruction(Vec<u64>);

impl<const WORDS: usize> Hooks<WORDS> for BitsByInstruction {
    fn apply(&mut self, _: &Table, _: u8, _: &mut Cells<WORDS>, _: &[Lane]) {}

    fn done(&mut self, _: &Instruction, tagged: Tagged<u64>) {
        self.0.push(tagged.cells);
    }
}

#[cfg(test)]
mod tests {
    use ap_program::{Carry, Geometry, Tap};
    use compiler::{Layout, Options, Sharing, compile_layer};
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
        let both = |layout| Carry::ALL.map(|carry| (layout, carry));
        for (layout, carry) in [Layout::Along, Layout::Tiled].into_iter().flat_map(both) {
            let geometry = Geometry::new(256, 256, 64).unwrap().with_carry(carry);
            let options =
                Options { geometry, sharing: Sharing::PerChannel, layout, outputs_per_processor: None };
            let program = &compile_layer("small", &weights, 15, &options).unwrap().programs[0];
            for rows in [1, 64, 100, 200, 500, 1000, 4096] {
                let run = |kernel| {
                    let mut port = Ramp(Vec::new());
                    (execute_for(TaggedBits, kernel, program, rows, &mut port), port.0)
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
