//! How many processors there are, and how layers take turns on them.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use ap_program::{CheckedProgram, EncodedProgram, SerialSteps};
use rayon::prelude::*;

use crate::events::Events;
use crate::layer::MachineLayer;
use crate::segments::Precharges;

/// How many processors are installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Allocation {
    /// As many as the largest layer takes: layers follow one another on the same ones.
    #[default]
    LargestLayer,
    /// As many as all layers take together: each layer keeps its own, and images follow one another through the layers.
    WholeNetwork,
    /// A given number. A layer that takes more runs in rounds: in each the processors are loaded with windows and programs anew.
    Budget(u64),
}

impl std::fmt::Display for Allocation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::LargestLayer => f.write_str("largest-layer"),
            Self::WholeNetwork => f.write_str("whole-network"),
            Self::Budget(processors) => processors.fmt(f),
        }
    }
}

/// A text that names no allocation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no number of processors; expected largest-layer, whole-network, or a number from 1")]
pub struct UnknownAllocation(String);

impl std::str::FromStr for Allocation {
    type Err = UnknownAllocation;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "largest-layer" => Ok(Self::LargestLayer),
            "whole-network" => Ok(Self::WholeNetwork),
            _ => match text.parse() {
                Ok(processors) if processors > 0 => Ok(Self::Budget(processors)),
                _ => Err(UnknownAllocation(text.to_owned())),
            },
        }
    }
}

/// The events of layers on the processors that there are.
#[derive(Debug, Clone, PartialEq)]
pub struct Allocated {
    /// Of every layer, in the order given.
    pub events: Vec<Events>,
    /// Processors installed.
    pub installed: u64,
    /// Whether layers work on different images at the same time.
    pub pipelined: bool,
}

impl Allocation {
    /// What layers do on the processors that there are; `events` are those with a processor for every program and block of
    /// rows. Data has no say in what changes: program words are fetched, and steps are taken, once for every round.
    pub fn apply(self, layers: &[LayerDemand], events: &[Events]) -> Allocated {
        let needed = || layers.iter().map(|layer| layer.processors);
        let installed = match self {
            Self::LargestLayer => needed().max().unwrap_or(0),
            Self::WholeNetwork => needed().sum(),
            Self::Budget(processors) => processors.max(1),
        };
        let on = |(layer, events): (&LayerDemand, &Events)| in_rounds(layer, *events, installed);
        Allocated {
            events: layers.iter().zip(events).map(on).collect(),
            installed,
            pipelined: self == Self::WholeNetwork,
        }
    }
}

/// What a layer asks of the processors: how many it takes, and what its programs do there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerDemand {
    /// Processors that a layer takes, one for every program and block of rows.
    pub processors: u64,
    pub programs: Vec<ProgramDemand>,
    /// What their searches precharge where match lines are in segments.
    #[serde(default)]
    pub precharges: Precharges,
}

/// What one program asks of a processor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgramDemand {
    /// Words to fetch.
    pub words: u64,
    /// Steps, one after the other.
    pub serial: SerialSteps,
    /// Bits of its encoded form.
    pub encoded_bits: u64,
    /// Bits that a decoder of it holds.
    pub decoder_bits: u64,
}

impl LayerDemand {
    /// Words of its programs.
    pub fn words(&self) -> u64 {
        self.programs.iter().map(|program| program.words).sum()
    }

    /// Bits of its programs in their encoded form.
    pub fn encoded_bits(&self) -> u64 {
        self.programs.iter().map(|program| program.encoded_bits).sum()
    }

    /// The events with what follows from the programs alone: the bits that are fetched of encoded ones, and the segments that are precharged.
    /// Programs that make activations on the arrays are taken to be like the layer's own.
    #[must_use]
    pub fn complete(&self, events: Events) -> Events {
        let share = self.encoded_bits() as f64 / self.words().max(1) as f64;
        Events {
            encoded_bits_fetched: events.words_fetched * share,
            precharged: self.precharges.over(events.row_searches),
            ..events
        }
    }
}

impl LayerDemand {
    /// Of a layer; its programs are encoded to know their size.
    pub(crate) fn of(layer: &MachineLayer) -> Self {
        let demand = |program: &CheckedProgram| {
            let (counts, encoded) = (program.counts(), EncodedProgram::of(program));
            ProgramDemand {
                words: counts.words,
                serial: counts.serial,
                encoded_bits: encoded.bits(),
                decoder_bits: encoded.decoder_bits(),
            }
        };
        let programs = layer.compiled().programs.par_iter().map(demand).collect();
        Self { processors: layer.processors(), programs, precharges: Precharges::of(layer) }
    }
}

/// The programs that run in each round. A round takes as many pairs of a program and a block of rows as there are processors,
/// program by program.
pub(crate) fn rounds(needed: u64, programs: usize, installed: u64) -> impl Iterator<Item = Range<usize>> {
    let installed = installed.max(1);
    let blocks = needed / (programs as u64).max(1);
    (0..needed.div_ceil(installed)).map(move |round| {
        let last = ((round + 1) * installed).min(needed) - 1;
        (round * installed / blocks) as usize..(last / blocks) as usize + 1
    })
}

/// The events of a layer on the processors installed; a layer that takes more runs in rounds.
pub(crate) fn in_rounds(layer: &LayerDemand, mut events: Events, installed: u64) -> Events {
    if layer.processors <= installed {
        return layer.complete(events);
    }
    let (mut words, mut serial) = (0, SerialSteps::default());
    for round in rounds(layer.processors, layer.programs.len(), installed) {
        let programs = &layer.programs[round];
        words += programs.iter().map(|program| program.words).sum::<u64>();
        let round = programs.iter().fold(SerialSteps::default(), |s, program| s.alongside(program.serial));
        serial += round;
    }
    events.words_fetched = words as f64;
    events.serial = serial;
    events.processors = installed;
    layer.complete(events)
}
