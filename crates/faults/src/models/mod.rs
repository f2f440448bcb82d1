//! Kinds of faults: how often each strikes a row of a program, and how.

mod accumulator_bit;
mod missed_slip;
mod out_of_step;
mod pinning;
mod search_error;
mod stuck_cell;
mod write_failure;

use std::fmt;

use ap_program::Program;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rtm_ap::{Move, Strike, StrikeSites};

pub use accumulator_bit::AccumulatorBit;
pub use missed_slip::MissedSlip;
pub use out_of_step::OutOfStep;
pub use pinning::Pinning;
pub use search_error::SearchError;
pub use stuck_cell::{StuckCell, draw_stuck_cells};
pub use write_failure::WriteFailure;

use crate::rates::FaultRates;

/// A kind of fault that strikes at random places of a program's run.
///
/// Faults of a row are a Poisson process over the run: where two probabilities of a Bernoulli trial are `p`, the rate is
/// `-ln(1 - p)`, so that the probability of none is exact.
pub trait FaultModel: fmt::Debug + Send + Sync {
    /// The model on one program.
    fn on<'p>(&self, program: &'p Program, sites: &'p StrikeSites) -> Box<dyn StrikeSource + 'p>;
}

/// Faults of one kind in one row of one program.
pub trait StrikeSource: Send + Sync {
    /// The expected number of faults in one run.
    fn hazard(&self) -> f64;

    /// Draws where one strikes and what it does.
    fn draw(&self, generator: &mut ChaCha8Rng, strikes: &mut Vec<Strike>);
}

/// Declares the kinds of faults: what each does, its name, and its model at given rates.
macro_rules! kinds {
    ($($(#[doc = $does:literal])+ $kind:ident = $name:literal, $model:expr;)+) => {
        names::names! {
            /// The kinds of faults by name.
            #[derive(PartialOrd, Ord, Hash)]
            pub enum FaultKind: "a kind of fault" {
                $($(#[doc = $does])+ $kind = $name,)+
            }
        }

        impl FaultKind {
            /// The model at given rates. None for cells that are stuck: they are drawn once for a piece of hardware, not for each
            /// run.
            pub fn model(self, rates: &FaultRates) -> Option<Box<dyn FaultModel>> {
                let models: [fn(&FaultRates) -> Option<Box<dyn FaultModel>>; Self::ALL.len()] = [$($model),+];
                models[self as usize](rates)
            }
        }
    };
}

/// A model as the registry wants it.
fn struck_by(model: impl FaultModel + 'static) -> Option<Box<dyn FaultModel>> {
    Some(Box::new(model))
}

kinds! {
    /// A shift leaves a track one domain off.
    OutOfStepByOne = "out-of-step-by-one", |rates| struck_by(OutOfStep { rates: rates.by_one, domains: 1 });
    /// A shift leaves a track two domains off.
    OutOfStepByTwo = "out-of-step-by-two", |rates| struck_by(OutOfStep { rates: rates.by_two, domains: 2 });
    /// A step pins a wall of a track.
    Pinning = "pinning", |rates| struck_by(Pinning { rate: rates.pinning });
    /// A cell keeps its bit when it is written.
    WriteFailure = "write-failure", |rates| struck_by(WriteFailure { rate: rates.write_failure });
    /// A search does not find a row that matches.
    SearchMiss = "search-miss", |rates| struck_by(SearchError::Miss { rate: rates.search_miss });
    /// A search finds a row that does not match.
    SearchFalseMatch = "search-false-match",
        |rates| struck_by(SearchError::FalseMatch { rate: rates.search_false_match });
    /// A cell always reads the same bit.
    StuckCell = "stuck-cell", |_| None;
}

/// The rate of a Poisson process that gives no event with probability `1 - p`.
pub(crate) fn rate_of(probability: f64) -> f64 {
    -libm::log1p(-probability.min(0.5))
}

/// Moves with hazards that depend on their distance, to draw one in proportion.
#[derive(Debug)]
pub(crate) struct MoveHazards<'p> {
    sites: &'p StrikeSites,
    /// By distance, the hazard of all moves up to it.
    cumulated: Vec<f64>,
}

impl<'p> MoveHazards<'p> {
    pub(crate) fn new(sites: &'p StrikeSites, program: &Program, hazard: impl Fn(usize) -> f64) -> Self {
        let mut total = 0.0;
        let cumulated = (0..program.geometry.domains())
            .map(|distance| {
                total += sites.moves(distance).len() as f64 * hazard(distance);
                total
            })
            .collect();
        Self { sites, cumulated }
    }

    pub(crate) fn total(&self) -> f64 {
        self.cumulated.last().copied().unwrap_or(0.0)
    }

    pub(crate) fn draw(&self, generator: &mut ChaCha8Rng) -> Option<Move> {
        let at = generator.random::<f64>() * self.total();
        let distance = self.cumulated.partition_point(|&up_to| up_to <= at);
        let moves = self.sites.moves(distance);
        if moves.is_empty() { None } else { Some(moves[generator.random_range(0..moves.len())]) }
    }
}
