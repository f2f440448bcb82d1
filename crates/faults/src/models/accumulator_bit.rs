//! Write failures at one bit of the accumulators: to learn what the significance of a bit does.

use ap_program::{Instruction, Program};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rtm_ap::{Effect, Strike, StrikeSites};

use super::{FaultModel, StrikeSource, rate_of};

/// Write failures at a bit of the words that are stored as accumulators.
#[derive(Debug, Clone, Copy)]
pub struct AccumulatorBit {
    /// The bit, 0 for the least significant.
    pub bit: u8,
    /// Probability for one write.
    pub rate: f64,
}

impl FaultModel for AccumulatorBit {
    fn on<'p>(&self, program: &'p Program, _: &'p StrikeSites) -> Box<dyn StrikeSource + 'p> {
        Box::new(OnProgram { strikes: write_failures(program, self.bit), rate: rate_of(self.rate) })
    }
}

struct OnProgram {
    strikes: Vec<Strike>,
    rate: f64,
}

impl StrikeSource for OnProgram {
    fn hazard(&self) -> f64 {
        self.strikes.len() as f64 * self.rate
    }

    fn draw(&self, generator: &mut ChaCha8Rng, strikes: &mut Vec<Strike>) {
        if !self.strikes.is_empty() {
            strikes.push(self.strikes[generator.random_range(0..self.strikes.len())]);
        }
    }
}

/// Every failure of a write to a bit of an accumulator.
fn write_failures(program: &Program, bit: u8) -> Vec<Strike> {
    let (columns, domains) = (program.geometry.columns(), program.geometry.domains());
    let mut significant = vec![false; columns * domains];
    for instruction in &program.instructions {
        if let Instruction::Store { source, .. } = instruction
            && bit < source.bits
        {
            let (column, domain) = source.cell(usize::from(bit));
            significant[column * domains + domain] = true;
        }
    }
    let mut failures = Vec::new();
    for (index, instruction) in program.instructions.iter().enumerate() {
        let Instruction::Apply { lut, bits, operands } = instruction else { continue };
        let Some(lut) = program.luts.get(usize::from(*lut)) else { continue };
        for step in 0..*bits {
            for (operand, word) in operands.as_slice().iter().enumerate() {
                let (column, domain) = word.cell(usize::from(step));
                if !significant[column * domains + domain] {
                    continue;
                }
                let writes = |pass: &ap_program::Pass| pass.write.mask() >> operand & 1 == 1;
                for (pass, _) in lut.passes().iter().enumerate().filter(|(_, pass)| writes(pass)) {
                    let effect = Effect::WriteFails { pass: pass as u8, operand: operand as u8 };
                    failures.push(Strike { instruction: index as u32, bit: step, effect });
                }
            }
        }
    }
    failures
}
