//! Kinds of faults: how often each strikes a row of a program, and how.

mod accumulator_bit;
mod missed_slip;
mod out_of_step;
mod pinning;
mod search_error;
mod stuck_cell;
mod write_failure;

use std::fmt;
use std::str::FromStr;

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

/// The kinds of faults by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FaultKind {
    /// A shift leaves a track one domain off.
    OutOfStepByOne,
    /// A shift leaves a track two domains off.
    OutOfStepByTwo,
    /// A step pins a wall of a track.
    Pinning,
    /// A cell keeps its bit when it is written.
    WriteFailure,
    /// A search does not find a row that matches.
    SearchMiss,
    /// A search finds a row that does not match.
    SearchFalseMatch,
    /// A cell always reads the same bit.
    StuckCell,
}

impl FaultKind {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::OutOfStepByOne,
        Self::OutOfStepByTwo,
        Self::Pinning,
        Self::WriteFailure,
        Self::SearchMiss,
        Self::SearchFalseMatch,
        Self::StuckCell,
    ];

    /// The name in files and tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OutOfStepByOne => "out-of-step-by-one",
            Self::OutOfStepByTwo => "out-of-step-by-two",
            Self::Pinning => "pinning",
            Self::WriteFailure => "write-failure",
            Self::SearchMiss => "search-miss",
            Self::SearchFalseMatch => "search-false-match",
            Self::StuckCell => "stuck-cell",
        }
    }

    /// The model at given rates. None for cells that are stuck: they are drawn once for a piece of hardware, not for each run.
    pub fn model(self, rates: &FaultRates) -> Option<Box<dyn FaultModel>> {
        Some(match self {
            Self::OutOfStepByOne => Box::new(OutOfStep { rates: rates.by_one, domains: 1 }),
            Self::OutOfStepByTwo => Box::new(OutOfStep { rates: rates.by_two, domains: 2 }),
            Self::Pinning => Box::new(Pinning { rate: rates.pinning }),
            Self::WriteFailure => Box::new(WriteFailure { rate: rates.write_failure }),
            Self::SearchMiss => Box::new(SearchError::Miss { rate: rates.search_miss }),
            Self::SearchFalseMatch => Box::new(SearchError::FalseMatch { rate: rates.search_false_match }),
            Self::StuckCell => return None,
        })
    }
}

/// A name that no kind of fault has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no kind of fault; there are: {known}", known = FaultKind::ALL.map(FaultKind::name).join(", "))]
pub struct UnknownFault(String);

impl FromStr for FaultKind {
    type Err = UnknownFault;
    fn from_str(text: &str) -> Result<Self, UnknownFault> {
        Self::ALL.into_iter().find(|kind| kind.name() == text).ok_or_else(|| UnknownFault(text.to_owned()))
    }
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
