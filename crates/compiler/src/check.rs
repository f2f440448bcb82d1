//! The proof of what was emitted: a program is run on random windows and compared with the convolution's sums.
//!
//! The interpreter here knows nothing of tracks, passes' costs or arrays: it keeps 64 rows as the bits of one word for
//! every cell and follows the tables literally. It is independent of the simulator.

use network::TernaryWeights;

use crate::Geometry;
use crate::ir::Tap;
use crate::program::{Instruction, Operand, Program};

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
/// The first output that differs from the weighted sum of the inputs.
pub fn check(
    program: &Program,
    weights: &TernaryWeights,
    input_maximum: u32,
    seed: u64,
) -> Result<(), Miscompiled> {
    let inputs = Inputs::new(weights, input_maximum, seed);
    for (output, found) in run(program, |tap, bit| inputs.plane(tap, bit)) {
        let expected = inputs.sums(weights, output as usize);
        if let Some(row) = (0..ROWS).find(|&row| found[row] != expected[row]) {
            let (found, expected) = (found[row], expected[row]);
            return Err(Miscompiled { output, row, found, expected });
        }
    }
    Ok(())
}

/// Rows that a check runs.
pub const ROWS: usize = 64;

/// Runs a program on 64 rows and gives what it stores, in the order of storing. `plane` gives a bit of an element in all rows,
/// row 0 in the lowest bit. Tables that are not there are passed over, and cells outside of the array
/// keep nothing: the machine's rules are not checked here.
pub fn run(program: &Program, mut plane: impl FnMut(Tap, usize) -> u64) -> Vec<(u32, [i64; ROWS])> {
    let mut cells = Cells::of(program.geometry);
    let mut stored = Vec::new();
    for instruction in &program.instructions {
        match *instruction {
            Instruction::Load { tap, destination } => {
                for bit in 0..usize::from(destination.bits) {
                    cells.set(destination.cell(bit), plane(tap, bit));
                }
            }
            Instruction::Apply { lut, bits, operands } => {
                let Some(lut) = program.luts.get(usize::from(lut)) else { continue };
                for bit in 0..usize::from(bits) {
                    let places: Vec<(usize, usize)> =
                        operands.as_slice().iter().map(|o| o.cell(bit)).collect();
                    for pass in lut.passes() {
                        let columns = || (0..places.len()).map(|column| (column, 1_u8 << column));
                        let mut tag = u64::MAX;
                        for (column, flag) in columns().filter(|&(_, flag)| pass.key.mask() & flag != 0) {
                            let plane = cells.get(places[column]);
                            tag &= if pass.key.value() & flag != 0 { plane } else { !plane };
                        }
                        for (column, flag) in columns().filter(|&(_, flag)| pass.write.mask() & flag != 0) {
                            let plane = cells.get(places[column]);
                            let written =
                                if pass.write.value() & flag != 0 { plane | tag } else { plane & !tag };
                            cells.set(places[column], written);
                        }
                    }
                }
            }
            Instruction::Store { output, source, signed } => {
                stored.push((output, std::array::from_fn(|row| read(&cells, source, signed, row))));
            }
        }
    }
    stored
}

/// A bit of every row for each cell; a cell beyond the array reads 0 and keeps nothing.
struct Cells {
    geometry: Geometry,
    planes: Vec<u64>,
}

impl Cells {
    fn of(geometry: Geometry) -> Self {
        Self { geometry, planes: vec![0; geometry.columns() * geometry.domains()] }
    }

    fn index(&self, (column, domain): (usize, usize)) -> Option<usize> {
        let inside = column < self.geometry.columns() && domain < self.geometry.domains();
        inside.then(|| column * self.geometry.domains() + domain)
    }

    fn get(&self, cell: (usize, usize)) -> u64 {
        self.index(cell).map_or(0, |index| self.planes[index])
    }

    fn set(&mut self, cell: (usize, usize), plane: u64) {
        if let Some(index) = self.index(cell) {
            self.planes[index] = plane;
        }
    }
}

fn read(cells: &Cells, source: Operand, signed: bool, row: usize) -> i64 {
    let bits = usize::from(source.bits);
    let bit = |i| (cells.get(source.cell(i)) >> row & 1) as i64;
    let value: i64 = (0..bits).map(|i| bit(i) << i).sum();
    if signed && bit(bits - 1) == 1 { value - (1 << bits) } else { value }
}

/// Window elements of 64 rows, by input channel and tap.
struct Inputs {
    taps: usize,
    kernel_width: usize,
    values: Vec<[u32; 64]>,
}

impl Inputs {
    fn new(weights: &TernaryWeights, maximum: u32, seed: u64) -> Self {
        let mut state = seed;
        let mut random = || {
            // SplitMix64 (Steele, Lea, Flood 2014): enough to vary a check, and needs no dependency.
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = state;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^ (z >> 31)
        };
        let values = (0..weights.inputs() * weights.taps())
            .map(|_| {
                std::array::from_fn(|row| match row {
                    0 => maximum,
                    1 => 0,
                    _ => (random() % (u64::from(maximum) + 1)) as u32,
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
