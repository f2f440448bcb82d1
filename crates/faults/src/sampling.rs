//! Draws the faults of an inference: the faults are sampled, not the shifts.
//!
//! The hazards of all rows of all programs add up to that of an inference. Faults are a Poisson process along it: the next one
//! comes when the hazard has grown by an exponentially distributed amount, and where that is says which layer, program and row
//! it strikes.

use std::ops::Range;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rtm_ap::{Machine, Strike};

use crate::models::{FaultModel, StrikeSource};

/// An exponentially distributed number of mean 1.
pub(crate) fn exponential(generator: &mut ChaCha8Rng) -> f64 {
    let uniform: f64 = generator.random();
    -libm::log1p(-uniform)
}

/// Which inferences are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sampling {
    /// All, most without a fault if faults are rare.
    Plain,
    /// Those with at least one fault. Each stands for itself with the probability that there is one, and the fault-free answer,
    /// which is known, for the rest: the estimate has no bias, and faults of any rarity can be studied.
    AtLeastOneFault,
}

impl Sampling {
    /// The probability that an inference is of the kind that is drawn.
    pub fn weight(self, hazard: f64) -> f64 {
        match self {
            Self::Plain => 1.0,
            Self::AtLeastOneFault => -libm::expm1(-hazard),
        }
    }
}

/// Faults of one kind in the rows of one program.
struct Segment<'m> {
    layer: usize,
    program: usize,
    rows: usize,
    source: Box<dyn StrikeSource + 'm>,
    hazard_of_row: f64,
}

/// Where the hazard of an inference lies.
pub struct HazardMap<'m> {
    segments: Vec<Segment<'m>>,
    /// The hazard up to each segment's end.
    ends: Vec<f64>,
}

/// A fault of one row in one layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Fault {
    pub layer: u32,
    pub program: u32,
    /// Output position.
    pub position: u32,
    pub strike: Strike,
}

impl<'m> HazardMap<'m> {
    /// The hazards of a machine's programs under some models, in some of its layers.
    pub(crate) fn new(machine: &'m Machine, models: &[Box<dyn FaultModel>], layers: Range<usize>) -> Self {
        let (mut segments, mut ends, mut total) = (Vec::new(), Vec::new(), 0.0);
        for (index, layer) in machine.layers().iter().enumerate().filter(|(index, _)| layers.contains(index))
        {
            let rows = layer.rows().occupied as usize;
            for (number, program) in layer.compiled().programs.iter().enumerate() {
                let Some(sites) = layer.strike_sites(number) else { continue };
                for source in models.iter().map(|model| model.on(program, sites)) {
                    let hazard_of_row = source.hazard();
                    if hazard_of_row > 0.0 {
                        total += hazard_of_row * rows as f64;
                        ends.push(total);
                        segments.push(Segment { layer: index, program: number, rows, source, hazard_of_row });
                    }
                }
            }
        }
        Self { segments, ends }
    }

    /// The expected number of faults in one inference.
    pub fn total(&self) -> f64 {
        self.ends.last().copied().unwrap_or(0.0)
    }

    /// The expected number of faults in one row of a program.
    pub(crate) fn of_row(&self, layer: u32, program: u32) -> f64 {
        let of_program = |s: &&Segment<'_>| (s.layer, s.program) == (layer as usize, program as usize);
        self.segments.iter().filter(of_program).map(|segment| segment.hazard_of_row).sum()
    }

    /// Hazard until the first fault.
    pub(crate) fn first(&self, sampling: Sampling, generator: &mut ChaCha8Rng) -> f64 {
        match sampling {
            Sampling::Plain => exponential(generator),
            Sampling::AtLeastOneFault => {
                let uniform: f64 = generator.random();
                -libm::log1p(uniform * libm::expm1(-self.total()))
            }
        }
    }

    /// Draws the faults of an inference, given the hazard until the first; in order.
    pub(crate) fn draw(&self, first: f64, generator: &mut ChaCha8Rng) -> Vec<Fault> {
        let (mut at, mut faults, mut strikes) = (first, Vec::new(), Vec::new());
        while at < self.total() {
            let place = self.ends.partition_point(|&end| end <= at);
            if let Some(segment) = self.segments.get(place) {
                let start = place.checked_sub(1).map_or(0.0, |before| self.ends[before]);
                let position = ((at - start) / segment.hazard_of_row) as usize;
                let position = position.min(segment.rows - 1) as u32;
                segment.source.draw(generator, &mut strikes);
                let (layer, program) = (segment.layer as u32, segment.program as u32);
                faults.extend(strikes.drain(..).map(|strike| Fault { layer, program, position, strike }));
            }
            at += exponential(generator);
        }
        faults.sort_unstable();
        faults
    }

    /// Draws the faults of one row of a program once more.
    pub(crate) fn draw_row(&self, layer: u32, program: u32, generator: &mut ChaCha8Rng) -> Vec<Strike> {
        let mut strikes = Vec::new();
        let of_program = |s: &&Segment<'_>| (s.layer, s.program) == (layer as usize, program as usize);
        for segment in self.segments.iter().filter(of_program) {
            let mut at = exponential(generator);
            while at < segment.hazard_of_row {
                segment.source.draw(generator, &mut strikes);
                at += exponential(generator);
            }
        }
        strikes
    }
}
