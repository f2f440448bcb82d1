//! Search errors: a match line is sensed wrongly.
//!
//! Each search of a row is a chance for one error: a row that matches is not found, or a row that does not match is. Where
//! the row is in the other state, nothing comes of it.

use ap_program::Program;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rtm_ap::{Effect, Strike, StrikeSites};

use super::{FaultModel, StrikeSource, rate_of};

/// Search errors of one direction.
#[derive(Debug, Clone, Copy)]
pub enum SearchError {
    /// A row that matches is not found.
    Miss {
        /// Probability for one search of one row that matches.
        rate: f64,
    },
    /// A row that does not match is found.
    FalseMatch {
        /// Probability for one search of one row that does not match.
        rate: f64,
    },
}

impl FaultModel for SearchError {
    fn on<'p>(&self, program: &'p Program, sites: &'p StrikeSites) -> Box<dyn StrikeSource + 'p> {
        let (rate, misses) = match *self {
            Self::Miss { rate } => (rate, true),
            Self::FalseMatch { rate } => (rate, false),
        };
        Box::new(OnProgram { program, sites, rate: rate_of(rate), misses })
    }
}

struct OnProgram<'p> {
    program: &'p Program,
    sites: &'p StrikeSites,
    rate: f64,
    misses: bool,
}

impl StrikeSource for OnProgram<'_> {
    fn hazard(&self) -> f64 {
        self.sites.searches() as f64 * self.rate
    }

    fn draw(&self, generator: &mut ChaCha8Rng, strikes: &mut Vec<Strike>) {
        let number = generator.random_range(0..self.sites.searches().max(1));
        if let Some(found) = self.sites.search(self.program, number) {
            let pass = found.pass;
            let effect = if self.misses { Effect::Miss { pass } } else { Effect::FalseMatch { pass } };
            strikes.push(Strike { instruction: found.instruction, bit: found.bit, effect });
        }
    }
}
