//! What a program makes every row do, as far as the compiler weighs it: searches, and steps of tracks.

use crate::lut::Lut;
use crate::program::{Instruction, Program};

/// Searches and track steps in one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RowWork {
    /// Passes that search.
    pub searches: u64,
    /// Steps of tracks, over all columns; tracks start at domain 0 and stay where they are led.
    pub track_steps: u64,
}

impl RowWork {
    /// The work of several programs.
    pub fn of(programs: &[Program]) -> Self {
        programs.iter().map(Self::of_program).fold(Self::default(), |sum, work| Self {
            searches: sum.searches + work.searches,
            track_steps: sum.track_steps + work.track_steps,
        })
    }

    fn of_program(program: &Program) -> Self {
        let searches: Vec<u64> = program.luts.iter().map(|lut: &Lut| lut.compares() as u64).collect();
        let mut positions = vec![0; program.geometry.columns()];
        let mut work = Self::default();
        for instruction in &program.instructions {
            let (operands, bits) = match instruction {
                Instruction::Load { destination: operand, .. }
                | Instruction::Store { source: operand, .. } => (std::slice::from_ref(operand), operand.bits),
                Instruction::Apply { lut, bits, operands } => {
                    work.searches += u64::from(*bits) * searches.get(usize::from(*lut)).copied().unwrap_or(0);
                    (operands.as_slice(), *bits)
                }
            };
            for bit in 0..usize::from(bits) {
                for operand in operands {
                    let (column, domain) = operand.cell(bit);
                    if let Some(position) = positions.get_mut(column) {
                        work.track_steps += domain.abs_diff(*position) as u64;
                        *position = domain;
                    }
                }
            }
        }
        work
    }

    /// Searches and steps together. What one costs against the other is up to the technology; here they count alike.
    pub fn total(self) -> u64 {
        self.searches + self.track_steps
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assembly::parse;

    #[test]
    fn searches_are_counted_by_bit_and_steps_from_where_a_track_stands() {
        let program = ".geometry rows=64 columns=8 domains=16\n.lut clear R\n - -> 0\n.end\n.lut copy A R\n 1- -> -1\n.end\n\
                       load 0,0,0 -> c1.0:4\napply clear 4 c2.3:4\napply copy 4 c1.0:4 c2.3:4\n";
        // Column 1: up 3, back 3, up 3; column 2: up 6, back 3, up 3.
        let work = RowWork::of(&[parse(program).unwrap()]);
        assert_eq!(work, RowWork { searches: 4, track_steps: 9 + 12 });
    }
}
