//! Write failures: a cell keeps its bit when its row is written.
//!
//! The write error rate of a magnetic junction is the probability that a pulse does not switch it. Each bit that a pass, a
//! load or a clear writes is a chance to fail; where the row is not tagged, or holds the bit already, nothing comes of it.

use ap_program::Program;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rtm_ap::{Effect, Strike, StrikeSites};

use super::{FaultModel, StrikeSource, rate_of};

/// Write failures.
#[derive(Debug, Clone, Copy)]
pub struct WriteFailure {
    /// Probability for one cell and write.
    pub rate: f64,
}

impl FaultModel for WriteFailure {
    fn on<'p>(&self, program: &'p Program, sites: &'p StrikeSites) -> Box<dyn StrikeSource + 'p> {
        Box::new(OnProgram { program, sites, rate: rate_of(self.rate) })
    }
}

struct OnProgram<'p> {
    program: &'p Program,
    sites: &'p StrikeSites,
    rate: f64,
}

impl StrikeSource for OnProgram<'_> {
    fn hazard(&self) -> f64 {
        self.sites.written_bits() as f64 * self.rate
    }

    fn draw(&self, generator: &mut ChaCha8Rng, strikes: &mut Vec<Strike>) {
        let number = generator.random_range(0..self.sites.written_bits().max(1));
        if let Some(found) = self.sites.written_bit(self.program, number) {
            let effect = Effect::WriteFails { pass: found.pass, operand: found.operand };
            strikes.push(Strike { instruction: found.instruction, bit: found.bit, effect });
        }
    }
}
