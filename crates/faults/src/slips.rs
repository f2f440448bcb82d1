//! Slips drawn at random: the faults are sampled, not the shifts.
//!
//! Moves of tracks add up to a hazard; the next slip comes when it has grown by an exponentially distributed amount. A move
//! without a slip costs an addition and a comparison, whatever the rate.

use compiler::Instruction;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rtm_ap::Slips;

use crate::monte_carlo::Realignment;
use crate::rates::ShiftFaultRates;

/// A source of slips.
#[derive(Debug)]
pub struct RandomSlips<'g> {
    generator: &'g mut ChaCha8Rng,
    /// By distance of a move, for one track.
    hazards: Vec<f64>,
    /// What the hazard still has to grow by until the next slip.
    remaining: f64,
    realignment: Realignment,
    in_loads: bool,
}

impl<'g> RandomSlips<'g> {
    /// Slips at the given rates; `remaining` is the exponentially distributed hazard until the first.
    pub fn new(
        generator: &'g mut ChaCha8Rng,
        rates: ShiftFaultRates,
        domains: usize,
        remaining: f64,
        realignment: Realignment,
    ) -> Self {
        let hazards = (0..domains).map(|distance| rates.hazard(distance)).collect();
        Self { generator, hazards, remaining, realignment, in_loads: false }
    }

    /// What the hazard still has to grow by until the next slip.
    pub fn remaining(&self) -> f64 {
        self.remaining
    }
}

/// An exponentially distributed number of mean 1.
pub(crate) fn exponential(generator: &mut ChaCha8Rng) -> f64 {
    let uniform: f64 = generator.random();
    -libm::log1p(-uniform)
}

impl Slips for RandomSlips<'_> {
    fn on_move(&mut self, distance: u8, rows: usize, slipped: &mut dyn FnMut(usize, i8)) {
        let hazard = self.hazards[usize::from(distance)] * rows as f64;
        let mut left = hazard;
        while left >= self.remaining {
            left -= self.remaining;
            self.remaining = exponential(self.generator);
            let row = self.generator.random_range(0..rows);
            let by = if self.generator.random::<bool>() { 1 } else { -1 };
            slipped(row, by);
        }
        self.remaining -= left;
    }

    fn realigns_before(&mut self, instruction: &Instruction) -> bool {
        let is_load = matches!(instruction, Instruction::Load { .. });
        let first_load = is_load && !self.in_loads;
        self.in_loads = is_load;
        match self.realignment {
            Realignment::EachLayer => false,
            Realignment::EachLoad => first_load,
        }
    }
}
