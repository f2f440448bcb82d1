//! What a position code that is checked after every pulse train leaves: slips that its detector does not see, and corrections of
//! tracks that were in step.
//!
//! The code corrects a slip by one domain at once, and a corrective move is checked again. A slip that the check misses displaces
//! the track until the next train of the column, which is checked too: only slips of a move's last train can be seen by an
//! access, those of the move alone. A false alarm does the same if the check of its corrective move fails as well. A check of two
//! bits gives the wrong answer as often as one transverse read: an assumption.

use ap_program::Program;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rtm_ap::{Effect, Move, Strike, StrikeSites};

use super::{FaultModel, MoveHazards, StrikeSource};
use crate::rates::{TrainRates, last_train};

/// Slips that a check after every pulse train does not see.
#[derive(Debug, Clone, Copy)]
pub struct MissedSlip {
    /// How likely slips are.
    pub rates: TrainRates,
    /// How likely the detector gives the wrong answer.
    pub detector: f64,
}

impl FaultModel for MissedSlip {
    fn on<'p>(&self, program: &'p Program, sites: &'p StrikeSites) -> Box<dyn StrikeSource + 'p> {
        let of_move = |distance: usize| match distance {
            0 => 0.0,
            _ => self.detector * (self.rates.hazard(last_train(distance)) + self.detector),
        };
        Box::new(OnProgram { program, sites, hazards: MoveHazards::new(sites, program, of_move) })
    }
}

struct OnProgram<'p> {
    program: &'p Program,
    sites: &'p StrikeSites,
    hazards: MoveHazards<'p>,
}

impl OnProgram<'_> {
    /// The next move of the column of a move.
    fn next_move(&self, of: Move) -> Option<Move> {
        let column = of.column(self.program);
        let place = |m: &Move| (m.instruction, m.bit, m.operand);
        let of_distance = |distance: usize| {
            let moves = self.sites.moves(distance);
            let later = moves.partition_point(|m| place(m) <= place(&of));
            moves[later..].iter().find(|m| m.column(self.program) == column).copied()
        };
        (1..self.program.geometry.domains()).filter_map(of_distance).min_by_key(place)
    }
}

impl StrikeSource for OnProgram<'_> {
    fn hazard(&self) -> f64 {
        self.hazards.total()
    }

    fn draw(&self, generator: &mut ChaCha8Rng, strikes: &mut Vec<Strike>) {
        let Some(found) = self.hazards.draw(generator) else { return };
        let column = found.column(self.program);
        let by = if generator.random::<bool>() { 1 } else { -1 };
        strikes.push(Strike {
            instruction: found.instruction,
            bit: found.bit,
            effect: Effect::Slip { column, by },
        });
        if let Some(next) = self.next_move(found) {
            let effect = Effect::Realign { column };
            strikes.push(Strike { instruction: next.instruction, bit: next.bit, effect });
        }
    }
}
