//! Out-of-step shifts: a pulse train moves a track farther, or less far, than it should.
//!
//! Model: Zhang et al., "Hi-fi Playback: Tolerating Position Errors in Shift Operations of Racetrack Memory" (ISCA 2015). The
//! probability belongs to one track and one pulse train, depends on the train's distance, and is half for each direction. The
//! track stays displaced until something re-aligns it.

use ap_program::Program;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rtm_ap::{Effect, Strike, StrikeSites};

use super::{FaultModel, MoveHazards, StrikeSource};
use crate::rates::TrainRates;

/// Out-of-step shifts.
#[derive(Debug, Clone, Copy)]
pub struct OutOfStep {
    /// How likely.
    pub rates: TrainRates,
    /// By how many domains.
    pub domains: i8,
}

impl FaultModel for OutOfStep {
    fn on<'p>(&self, program: &'p Program, sites: &'p StrikeSites) -> Box<dyn StrikeSource + 'p> {
        let hazards = MoveHazards::new(sites, program, |distance| self.rates.hazard(distance));
        Box::new(OnProgram { program, hazards, domains: self.domains })
    }
}

struct OnProgram<'p> {
    program: &'p Program,
    hazards: MoveHazards<'p>,
    domains: i8,
}

impl StrikeSource for OnProgram<'_> {
    fn hazard(&self) -> f64 {
        self.hazards.total()
    }

    fn draw(&self, generator: &mut ChaCha8Rng, strikes: &mut Vec<Strike>) {
        let Some(found) = self.hazards.draw(generator) else { return };
        let by = if generator.random::<bool>() { self.domains } else { -self.domains };
        let effect = Effect::Slip { column: found.column(self.program), by };
        strikes.push(Strike { instruction: found.instruction, bit: found.bit, effect });
    }
}
