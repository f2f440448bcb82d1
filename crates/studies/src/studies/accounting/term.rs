//! What an accounting of the associative processor's energy may leave out, term by term.

use rtm_ap::{Events, PaddingRows, Pricing, ProcessorParameters};
use technology::{Energy, Power};

names::names! {
    /// A term of the associative processor's energy that an accounting may leave out.
    #[derive(Hash)]
    pub enum Term: "a term of the energy" {
        /// Steps of tracks.
        Shifts = "shifts",
        /// Leakage of processors, program store and buffer.
        Leakage = "leakage",
        /// Fetching, decoding and broadcasting the program.
        Program = "program",
        /// What rows without an output position do: gated instead.
        PaddingRows = "padding-rows",
        /// Reading accumulators at the ports.
        Reads = "reads",
        /// Requantization and pools.
        Requantization = "requantization",
        /// Accesses of the buffer.
        Buffers = "buffers",
        /// Loading an input again for every window that it lies in: each is loaded once instead.
        WindowLoads = "window-loads",
        /// Clearing columns.
        Clears = "clears",
        /// The way between buffer and processors.
        Movement = "movement",
        /// Writing tagged rows.
        Writes = "writes",
    }
}

/// Events with what they are charged by.
#[derive(Debug, Clone)]
pub struct Account {
    /// The prices.
    pub parameters: ProcessorParameters,
    /// Every layer's events.
    pub events: Vec<Events>,
    /// Every layer's input bits: what would be loaded if each input were loaded once.
    pub input_bits: Vec<f64>,
    /// What rows without an output position do.
    pub padding_rows: PaddingRows,
}

impl Account {
    /// The same without a term.
    #[must_use]
    pub fn without(mut self, term: Term) -> Self {
        let p = &mut self.parameters;
        match term {
            Term::Shifts => p.shift_step = Energy::ZERO,
            Term::Leakage => {
                let leaking = [
                    &mut p.row_leakage,
                    &mut p.column_leakage,
                    &mut p.controller_leakage,
                    &mut p.latch_leakage,
                    &mut p.segment_leakage,
                    &mut p.store_sram_leakage,
                    &mut p.store_edram_leakage,
                    &mut p.buffer_leakage,
                ];
                leaking.into_iter().for_each(|leakage| *leakage = Power::ZERO);
            }
            Term::Program => self.events.iter_mut().for_each(|events| {
                (events.words_fetched, events.words_broadcast) = (0.0, 0.0);
                events.encoded_bits_fetched = 0.0;
            }),
            Term::PaddingRows => self.padding_rows = PaddingRows::Gated,
            Term::Reads => p.read_bit = Energy::ZERO,
            Term::Requantization => (p.requantization, p.pool_operation) = (Energy::ZERO, Energy::ZERO),
            Term::Buffers => p.buffer_bit = Energy::ZERO,
            Term::WindowLoads => {
                for (events, once) in self.events.iter_mut().zip(&self.input_bits) {
                    events.loaded_bits = events.loaded_bits.min(*once);
                }
            }
            Term::Clears => {
                for events in &mut self.events {
                    (events.broadcast_bits, events.latch.broadcast) = Default::default();
                }
            }
            Term::Movement => p.movement_bit = Energy::ZERO,
            Term::Writes => (p.write_bit, p.latch_write) = (Energy::ZERO, Energy::ZERO),
        }
        self
    }

    /// Energy of one image and, of it, what movement takes, as a machine would charge it that is run otherwise as `pricing` says.
    pub fn energy(&self, pricing: &Pricing<'_>, installed: u64) -> (Energy, Energy) {
        let mut pricing = Pricing { parameters: &self.parameters, ..*pricing };
        pricing.operation.padding_rows = self.padding_rows;
        let costs = self.events.iter().map(|events| pricing.cost(events, installed).energy);
        costs.fold((Energy::ZERO, Energy::ZERO), |(total, movement), energy| {
            (total + energy.total(), movement + energy.movement)
        })
    }
}
