//! How a machine is run: what rests, what the program is kept in, and how many images go through together.

use serde::Deserialize;

use crate::segments::Segments;
use crate::technology_parameters::ProcessorDesign;

names::names! {
    /// What rows without an output position do.
    #[derive(Hash)]
    pub enum PaddingRows: "what empty rows do" {
        /// They search, shift and are written like the others.
        Active = "active",
        /// They are switched off.
        Gated = "gated",
    }
}

names::names! {
    /// What processors that a layer does not use do.
    #[derive(Hash)]
    pub enum IdleProcessors: "what idle processors do", by default Leaking {
        /// They leak.
        Leaking = "leaking",
        /// They are switched off: between layers nothing in them has to be kept.
        Off = "off",
    }
}

names::names! {
    /// What the program is kept in.
    #[derive(Hash)]
    pub enum ProgramStore: "a program store", by default Sram {
        /// Banks of static memory, which leak all the time.
        Sram = "sram",
        /// Banks of embedded dynamic memory, which leak and are refreshed all the time.
        Edram = "edram",
        /// Racetracks that are read in sequence, as a program without jumps is: a word lies across as many tracks as it has bits, each
        /// word takes a step of all of them, and one on the way back. They keep the program without power.
        Racetrack = "racetrack",
    }
}

names::names! {
    /// How the program is kept.
    #[derive(Hash)]
    pub enum ProgramEncoding: "an encoding of programs", by default Words {
        /// A word of 64 bits for each instruction. This is a lower bound: four operands do not always fit.
        Words = "words",
        /// The encoded form of `ap_program::EncodedProgram`, which a decoder with a dictionary takes apart.
        Compact = "compact",
    }
}

/// How a machine is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Operation {
    /// What rows without an output position do.
    pub padding_rows: PaddingRows,
    /// What processors that a layer does not use do.
    #[serde(default)]
    pub idle_processors: IdleProcessors,
    /// What the program is kept in.
    #[serde(default)]
    pub store: ProgramStore,
    /// How the program is kept.
    #[serde(default)]
    pub encoding: ProgramEncoding,
    /// Segments of a row's match line, of which a search precharges those that it needs (search model match-line).
    #[serde(default)]
    pub segments: Segments,
    /// Images that go through together, layer by layer: their positions fill rows, and a program is fetched once for all that fit.
    #[serde(default = "one")]
    #[schemars(range(min = 1))]
    pub batch: u32,
    /// Processors that are installed; as many as one image of the largest layer takes if left out. A layer that takes more runs in rounds.
    #[serde(default)]
    #[schemars(range(min = 1))]
    pub processors: Option<u64>,
}

fn one() -> u32 {
    1
}

impl ProcessorDesign {
    /// How a machine of this design is run where nothing else is said: one image at a time.
    pub fn operation(&self) -> Operation {
        let Self { padding_rows, idle_processors, store, encoding, .. } = *self;
        let segments = Segments::ONE;
        Operation { padding_rows, idle_processors, store, encoding, segments, batch: 1, processors: None }
    }
}
