//! Bits written to tagged rows, from the program alone: the probability of every cell to hold a 1 is carried through the
//! passes.
//!
//! Assumption: the bits that an instruction brings together are independent of each other when it starts. Within an
//! instruction's bit the joint distribution of its columns is followed exactly.

use compiler::ir::Tap;
use compiler::{Instruction, Program};

/// The expected number of bits that each table of a program writes to tagged rows, for one row; `share` gives the probability
/// that a bit of a loaded element is 1. With probability 0 this is exact: it is what a row that holds nothing does.
pub fn expected_tagged_bits(program: &Program, share: impl Fn(Tap, usize) -> f64) -> Vec<f64> {
    let domains = program.geometry.domains();
    let mut ones = vec![0.0_f64; program.geometry.columns() * domains];
    let place = |(column, domain): (usize, usize)| column * domains + domain;
    let mut tagged_bits = vec![0.0; program.luts.len()];
    for instruction in &program.instructions {
        match *instruction {
            Instruction::Load { tap, destination } => {
                for bit in 0..usize::from(destination.bits) {
                    ones[place(destination.cell(bit))] = share(tap, bit);
                }
            }
            Instruction::Store { .. } => {}
            Instruction::Apply { lut, bits, operands } => {
                let lut = usize::from(lut);
                let passes = program.luts[lut].passes();
                let operands = operands.as_slice();
                for bit in 0..usize::from(bits) {
                    let mut joint = [0.0_f64; 16];
                    joint[0] = 1.0;
                    let mut states = 1;
                    for operand in operands {
                        let one = ones[place(operand.cell(bit))];
                        for state in 0..states {
                            joint[state + states] = joint[state] * one;
                            joint[state] *= 1.0 - one;
                        }
                        states *= 2;
                    }
                    for pass in passes {
                        let mut after = [0.0_f64; 16];
                        for (state, &share) in joint.iter().enumerate().take(states) {
                            if share == 0.0 {
                            } else if pass.key.matches(state as u8) {
                                if pass.compares() {
                                    tagged_bits[lut] += share * f64::from(pass.write.width());
                                }
                                after[usize::from(pass.write.written_to(state as u8))] += share;
                            } else {
                                after[state] += share;
                            }
                        }
                        joint = after;
                    }
                    for (column, operand) in operands.iter().enumerate() {
                        ones[place(operand.cell(bit))] = (0..states)
                            .filter(|state| state >> column & 1 == 1)
                            .map(|state| joint[state])
                            .sum();
                    }
                }
            }
        }
    }
    tagged_bits
}
