//! The memory that holds the program, which is the weights: what a word costs to fetch, what it leaks, how large it is.

use technology::{Area, Energy, Power, Quantity};

use crate::operation::ProgramStore;
use crate::technology_parameters::ProcessorParameters;

/// Bits of a program word.
pub(crate) const WORD_BITS: f64 = 64.0;

/// A program store of a size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Store {
    /// Energy to fetch one bit and bring it to the controller.
    pub bit: Energy,
    /// Leakage of the whole store, refresh included.
    pub leakage: Power,
    /// Area, of the cells with their periphery.
    pub area: Area,
}

impl Store {
    /// A store of so many bits; `domains` is what a racetrack holds.
    pub(crate) fn new(kind: ProgramStore, bits: f64, domains: usize, p: &ProcessorParameters) -> Self {
        let (bit, leakage, bit_area) = match kind {
            ProgramStore::Sram => (p.store_sram, p.store_sram_leakage, p.store_sram_area),
            ProgramStore::Edram => (p.store_edram, p.store_edram_leakage, p.store_edram_area),
            ProgramStore::Racetrack => {
                // A track is as long as its domains and the spare ones that bring each of them to its port.
                let track = p.domain_area * (2.0 * domains as f64 - 1.0);
                let area = track.at(p.feature_size) * (p.store_track_overhead.base() / domains as f64);
                // A step forward for each bit, and one on the way back.
                (p.read_bit + p.shift_step * 2.0, Power::ZERO, area)
            }
        };
        let area = bit_area * bits;
        // On the average a bank stands half a side away. Areas are in µm².
        let way_mm = 0.5 * libm::sqrt(area.base()) * 1e-3;
        Self { bit: bit + p.store_way * way_mm, leakage: leakage * bits, area }
    }
}
