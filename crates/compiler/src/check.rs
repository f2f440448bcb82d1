//! The proof of what was emitted: a program is run on random windows and compared with the convolution's sums.
//!
//! 64 rows are the bits of one word for every cell, and the tables' passes are followed literally. It is independent of the
//! simulator.

use ap_program::{Cell, Instruction, Observer, Program, ProgramError, Step, Tap, walk};
use network::TernaryWeights;

use crate::random::Random;

/// Why a program is not what a layer's weights ask for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckError {
    /// It breaks a rule of the machine.
    #[error(transparent)]
    Rule(#[from] ProgramError),
    /// It computes something else.
    #[error(transparent)]
    Miscompiled(#[from] Miscompiled),
}

/// What a program computes wrongly.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the program gives {found} for output {output} where the weights give {expected} (row {row} of the check)"
)]
pub struct Miscompiled {
    /// The output channel.
    pub output: u32,
    /// The row of the check's 64.
    pub row: usize,
    /// What the program gives.
    pub found: i64,
    /// The sum of weights and inputs.
    pub expected: i64,
}

/// Runs a program on 64 rows of inputs between 0 and the maximum: the extremes first, then pseudo-random ones.
///
/// # Errors
/// The first instruction that breaks a rule, or the first output that differs from the weighted sum of the inputs.
pub fn check(
    program: &Program,
    weights: &TernaryWeights,
    input_maximum: u32,
    seed: u64,
) -> Result<(), CheckError> {
    let inputs = Inputs::new(weights, input_maximum, seed);
    for (output, found) in run(program, |tap, bit| inputs.plane(tap, bit))? {
        let expected = inputs.sums(weights, output as usize);
        if let Some(row) = (0..ROWS).find(|&row| found[row] != expected[row]) {
            let (found, expected) = (found[row], expected[row]);
            return Err(Miscompiled { output, row, found, expected }.into());
        }
    }
    Ok(())
}

/// Rows that a check runs.
pub const ROWS: usize = 64;

/// Runs a program on 64 rows and gives what it stores, in the order of storing. `plane` gives a bit of an element in all rows,
/// row 0 in the lowest bit.
///
/// # Errors
/// The first instruction that breaks a rule of the machine.
pub fn run(
    program: &Program,
    plane: impl FnMut(Tap, usize) -> u64,
) -> Result<Vec<(u32, [i64; ROWS])>, ProgramError> {
    let (columns, domains) = (program.geometry.columns(), program.geometry.domains());
    let mut rows = Rows { domains, planes: vec![0; columns * domains], latch: 0, plane, stored: Vec::new() };
    walk(program, &mut rows)?;
    Ok(rows.stored)
}

/// A bit of every row for each cell.
struct Rows<F> {
    domains: usize,
    planes: Vec<u64>,
    latch: u64,
    plane: F,
    stored: Vec<(u32, [i64; ROWS])>,
}

impl<F> Rows<F> {
    fn cell(&mut self, (column, domain): Cell) -> &mut u64 {
        &mut self.planes[column * self.domains + domain]
    }
}

impl<F: FnMut(Tap, usize) -> u64> Observer for Rows<F> {
    fn begins(&mut self, _: usize, instruction: &Instruction) {
        if let Instruction::Store { output, .. } = *instruction {
            self.stored.push((output, [0; ROWS]));
        }
    }

    fn clears_latch(&mut self) {
        self.latch = 0;
    }

    fn steps(&mut self, step: Step<'_>) {
        match step {
            Step::Fill { tap, bit, cell } => *self.cell(cell) = (self.plane)(tap, bit),
            Step::Apply { table, cells } => {
                for pass in table.lut.passes() {
                    let columns = || cells.iter().enumerate().map(|(column, &cell)| (1_u8 << column, cell));
                    let latch = 1_u8 << cells.len();
                    let mut tag = u64::MAX;
                    if pass.key.mask() & latch != 0 {
                        tag = if pass.key.value() & latch != 0 { self.latch } else { !self.latch };
                    }
                    for (flag, cell) in columns().filter(|(flag, _)| pass.key.mask() & flag != 0) {
                        let plane = *self.cell(cell);
                        tag &= if pass.key.value() & flag != 0 { plane } else { !plane };
                    }
                    for (flag, cell) in columns().filter(|(flag, _)| pass.write.mask() & flag != 0) {
                        let plane = self.cell(cell);
                        *plane = if pass.write.value() & flag != 0 { *plane | tag } else { *plane & !tag };
                    }
                    if pass.write.mask() & latch != 0 {
                        let set = pass.write.value() & latch != 0;
                        self.latch = if set { self.latch | tag } else { self.latch & !tag };
                    }
                }
            }
            Step::Read { bit, is_sign, cell, .. } => {
                let plane = *self.cell(cell);
                let weight = if is_sign { -(1 << bit) } else { 1 << bit };
                let values = self.stored.last_mut().into_iter().flat_map(|(_, values)| values);
                values.enumerate().for_each(|(row, value)| *value += weight * (plane >> row & 1) as i64);
            }
        }
    }
}

/// Window elements of 64 rows, by input channel and tap.
struct Inputs {
    taps: usize,
    kernel_width: usize,
    values: Vec<[u32; 64]>,
}

impl Inputs {
    fn new(weights: &TernaryWeights, maximum: u32, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let values = (0..weights.inputs() * weights.taps())
            .map(|_| {
                std::array::from_fn(|row| match row {
                    0 => maximum,
                    1 => 0,
                    _ => (random.next() % (u64::from(maximum) + 1)) as u32,
                })
            })
            .collect();
        Self { taps: weights.taps(), kernel_width: weights.kernel_width(), values }
    }

    fn plane(&self, tap: Tap, bit: usize) -> u64 {
        let place = usize::from(tap.row) * self.kernel_width + usize::from(tap.column);
        let values = &self.values[tap.channel as usize * self.taps + place];
        values.iter().enumerate().fold(0, |plane, (row, &value)| plane | u64::from(value >> bit & 1) << row)
    }

    fn sums(&self, weights: &TernaryWeights, output: usize) -> [i64; 64] {
        let mut sums = [0; 64];
        for input in 0..weights.inputs() {
            for (tap, &weight) in weights.slice(output, input).iter().enumerate().filter(|&(_, &w)| w != 0) {
                for (sum, &value) in sums.iter_mut().zip(&self.values[input * self.taps + tap]) {
                    *sum += i64::from(weight) * i64::from(value);
                }
            }
        }
        sums
    }
}
