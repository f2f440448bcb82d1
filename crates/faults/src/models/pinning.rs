//! Pinning faults: a wall of a track is caught at a notch while the others move.
//!
//! Model: Roxy et al., "Pinning Fault Mode Modeling for DWM Shifting" (IEEE TCAS-II 2022, arXiv 2203.08303), who give the
//! probability for one shift of a track. Which wall is caught is an assumption: each of the track's domains is as likely as the
//! others, and a domain is stretched as often as it is lost.

use ap_program::Program;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rtm_ap::{Effect, Strike, StrikeSites};

use super::{FaultModel, MoveHazards, StrikeSource, rate_of};

/// Pinning faults.
#[derive(Debug, Clone, Copy)]
pub struct Pinning {
    /// Probability for one step of one track.
    pub rate: f64,
}

impl FaultModel for Pinning {
    fn on<'p>(&self, program: &'p Program, sites: &'p StrikeSites) -> Box<dyn StrikeSource + 'p> {
        let of_step = rate_of(self.rate);
        let hazards = MoveHazards::new(sites, program, |distance| distance as f64 * of_step);
        Box::new(OnProgram { program, hazards })
    }
}

struct OnProgram<'p> {
    program: &'p Program,
    hazards: MoveHazards<'p>,
}

impl StrikeSource for OnProgram<'_> {
    fn hazard(&self) -> f64 {
        self.hazards.total()
    }

    fn draw(&self, generator: &mut ChaCha8Rng, strikes: &mut Vec<Strike>) {
        let Some(found) = self.hazards.draw(generator) else { return };
        let domain = generator.random_range(0..self.program.geometry.domains()) as u8;
        let outwards = generator.random();
        let effect = Effect::Pin { column: found.column(self.program), domain, outwards };
        strikes.push(Strike { instruction: found.instruction, bit: found.bit, effect });
    }
}
