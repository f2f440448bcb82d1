//! Events times technology: energy by part, latency, power and area.

use ap_program::Geometry;
use technology::{Area, Energy, FeatureArea, Power, Quantity, Time};

use crate::allocation::Allocated;
use crate::buffer::Kept;
use crate::events::{Events, PerRows};
use crate::operation::{IdleProcessors, Operation, PaddingRows, ProgramEncoding};
use crate::segments::Segments;
use crate::store::{Store, WORD_BITS};
use crate::technology_parameters::{ProcessorParameters, SearchModel};

/// Energy by part.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct EnergyParts {
    /// Searches.
    pub search: Energy,
    /// Writes: of results, carries and clears, and those that fill operands from the window.
    pub write: Energy,
    /// Reads of accumulators at the ports.
    pub read: Energy,
    /// Shifts of tracks.
    pub shift: Energy,
    /// Fetching, decoding and broadcasting the program, which holds the weights.
    pub program: Energy,
    /// Moving windows and activations between buffer and processors, with the buffer's accesses.
    pub movement: Energy,
    /// Requantization and pools.
    pub periphery: Energy,
    /// Leakage of processors, program store and buffer over the latency.
    pub leakage: Energy,
}

impl EnergyParts {
    /// The names of the parts, in the order of [`EnergyParts::values`].
    pub const NAMES: [&'static str; 8] =
        ["search", "write", "read", "shift", "program", "movement", "periphery", "leakage"];

    /// The parts.
    pub fn values(&self) -> [Energy; 8] {
        [
            self.search,
            self.write,
            self.read,
            self.shift,
            self.program,
            self.movement,
            self.periphery,
            self.leakage,
        ]
    }

    /// Their sum.
    pub fn total(&self) -> Energy {
        self.values().into_iter().sum()
    }
}

/// What events cost.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cost {
    /// Energy by part.
    pub energy: EnergyParts,
    /// From the first load to the last result brought to the buffer, layer after layer, nothing overlapping: searches, writes,
    /// shifts, reads and transfers.
    pub latency: Time,
}

impl Cost {
    /// Average power.
    pub fn power(&self) -> Power {
        self.energy.total() / self.latency
    }

    /// The same, so many times: a share of a batch for one image.
    pub(crate) fn times(&self, factor: f64) -> Self {
        let e = &self.energy;
        let energy = EnergyParts {
            search: e.search * factor,
            write: e.write * factor,
            read: e.read * factor,
            shift: e.shift * factor,
            program: e.program * factor,
            movement: e.movement * factor,
            periphery: e.periphery * factor,
            leakage: e.leakage * factor,
        };
        Self { energy, latency: self.latency * factor }
    }
}

/// How events are charged: on processors of a geometry, with parameters, by a search model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pricing<'p> {
    /// Rows, columns and domains of a processor.
    pub geometry: Geometry,
    /// What its parts cost.
    pub parameters: &'p ProcessorParameters,
    /// How a search is charged.
    pub model: SearchModel,
    /// How the machine is run.
    pub operation: Operation,
    /// The sizes of program and buffer.
    pub kept: Kept,
}

impl Pricing<'_> {
    /// What events cost on processors of which so many are installed. The program store leaks all the time, and so do processors, those
    /// that a layer does not use only if they are not switched off.
    pub fn cost(&self, events: &Events, installed: u64) -> Cost {
        let p = self.parameters;
        let rows = |count: PerRows| match self.operation.padding_rows {
            PaddingRows::Active => count.physical,
            PaddingRows::Gated => count.occupied,
        };
        let latency = self.latency(events);
        let store = self.store();
        let (fetched, decode) = match self.operation.encoding {
            ProgramEncoding::Words => (events.words_fetched * WORD_BITS, p.decode_word),
            ProgramEncoding::Compact => (events.encoded_bits_fetched, p.decode_word + p.decode_encoded),
        };
        let leaking = match self.operation.idle_processors {
            IdleProcessors::Leaking => installed,
            IdleProcessors::Off => events.processors,
        };
        let energy = EnergyParts {
            search: self.search(events, rows),
            write: p.write_bit
                * (rows(events.tagged_bits) + rows(events.broadcast_bits) + events.loaded_bits)
                + p.latch_write * (rows(events.latch.tagged) + rows(events.latch.broadcast)),
            read: p.read_bit * events.stored_bits,
            shift: p.shift_step * p.cell_tracks.base() * rows(events.track_steps),
            program: store.bit * fetched
                + decode * events.words_fetched
                + p.broadcast_word * events.words_broadcast,
            movement: (p.movement_bit + p.buffer_bit) * (events.loaded_bits + events.output_bits),
            periphery: p.requantization * events.requantizations + p.pool_operation * events.pool_operations,
            leakage: (p.leakage(self.geometry, self.operation.segments) * leaking as f64
                + store.leakage
                + p.buffer_leakage * self.buffer_bits())
                * latency,
        };
        Cost { energy, latency }
    }

    /// Searches, writes, shifts, reads and transfers, one after the other.
    pub fn latency(&self, events: &Events) -> Time {
        let (p, steps) = (self.parameters, events.serial);
        p.search_time * steps.compares as f64
            + p.write_time * steps.writes as f64
            + p.latch_time * steps.latch_writes as f64
            + p.shift_time * steps.shifts as f64
            + p.read_time * steps.reads as f64
            + p.movement_time * (events.loaded_bits + events.output_bits)
    }

    fn search(&self, events: &Events, rows: impl Fn(PerRows) -> f64) -> Energy {
        let p = self.parameters;
        match self.model {
            SearchModel::ActiveBits => {
                p.search_active_bit * rows(events.searched_bits)
                    + p.latch_compare * rows(events.latch.searches)
            }
            SearchModel::MatchLine => {
                // The latch is one cell more on the line, and its search lines are those of one column more.
                let cells = self.geometry.columns() + self.geometry.latches();
                let driven = events.latch.searches.physical / self.geometry.rows() as f64;
                let lines = p.search_key_column * (events.driven_columns + driven);
                let segments = self.operation.segments;
                if segments == Segments::ONE {
                    return (p.search_match_line_bit * cells as f64 + p.search_match_line_row)
                        * rows(events.row_searches)
                        + lines;
                }
                // Each segment has an amplifier of its own; the latch stands beside them.
                let width = segments.columns(self.geometry.columns()) as f64;
                (p.search_match_line_bit * width + p.search_match_line_row)
                    * rows(events.precharged.of(segments))
                    + p.search_match_line_bit * rows(events.latch.searches)
                    + lines
            }
        }
    }

    /// Bits that the buffer holds, for all images that go through together, and the decoders of encoded programs.
    fn buffer_bits(&self) -> f64 {
        let decoders = match self.operation.encoding {
            ProgramEncoding::Words => 0.0,
            ProgramEncoding::Compact => self.kept.decoder_bits as f64,
        };
        self.kept.buffer_bits as f64 * f64::from(self.operation.batch) + decoders
    }

    /// What the program store costs.
    pub fn store(&self) -> Store {
        let bits = match self.operation.encoding {
            ProgramEncoding::Words => self.kept.words as f64 * WORD_BITS,
            ProgramEncoding::Compact => self.kept.encoded_bits as f64,
        };
        Store::new(self.operation.store, bits, self.geometry.domains(), self.parameters)
    }

    /// What a network costs for one image on allocated processors. A pipeline's processors each leak from one image to the next, and
    /// the memories leak once; otherwise all layers take their turns.
    pub fn network(&self, allocated: &Allocated) -> NetworkCost {
        let of_layer = |events: &Events| self.cost(events, allocated.installed);
        let mut layers: Vec<Cost> = allocated.events.iter().map(of_layer).collect();
        let latency = layers.iter().map(|cost| cost.latency).sum();
        let slowest = layers.iter().map(|cost| cost.latency).fold(Time::ZERO, Time::max);
        if allocated.pipelined {
            let memories = self.store().leakage + self.parameters.buffer_leakage * self.buffer_bits();
            let memories = memories * (1.0 / layers.len().max(1) as f64);
            for (cost, events) in layers.iter_mut().zip(&allocated.events) {
                cost.energy.leakage = (self.parameters.leakage(self.geometry, self.operation.segments)
                    * events.processors as f64
                    + memories)
                    * slowest;
            }
        }
        NetworkCost { layers, latency, interval: if allocated.pipelined { slowest } else { latency } }
    }

    /// The area of `installed` processors with the buffer and the memory that holds the program.
    pub fn chip_area(&self, installed: u64) -> Area {
        let further = f64::from(self.operation.segments.count() - 1) * self.geometry.rows() as f64;
        (processor_area(self.geometry, self.parameters) + self.parameters.segment_area * further)
            * installed as f64
            + self.store().area
            + self.parameters.buffer_area * self.buffer_bits()
    }
}

/// What a network costs for one image on the processors that there are.
#[derive(Debug, Clone, PartialEq)]
pub struct NetworkCost {
    /// Of every layer.
    pub layers: Vec<Cost>,
    /// From the image to its logits.
    pub latency: Time,
    /// Time from one image to the next when there are many: the slowest layer's if layers work on different images.
    pub interval: Time,
}

impl NetworkCost {
    /// The energy of one image.
    pub fn energy(&self) -> Energy {
        self.layers.iter().map(|cost| cost.energy.total()).sum()
    }
}

/// What a processor has beyond its geometry.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct AreaAdditions {
    /// Domains of each track.
    pub domains: f64,
    /// Area of further ports of each track, beside that of its cell's transistors.
    pub ports: FeatureArea,
    /// Rows.
    pub rows: f64,
    /// Columns.
    pub columns: f64,
}

/// The area of one processor. Tracks lie above the transistors, so a cell takes the larger of the two; a track needs as many
/// spare domains as it has domains, less one, to bring each of them to the port.
pub fn processor_area(geometry: Geometry, parameters: &ProcessorParameters) -> Area {
    processor_area_with(geometry, parameters, AreaAdditions::default())
}

/// The same with what protection adds to it.
pub fn processor_area_with(
    geometry: Geometry,
    parameters: &ProcessorParameters,
    additions: AreaAdditions,
) -> Area {
    let track_domains = 2.0 * geometry.domains() as f64 - 1.0 + additions.domains;
    let tracks = parameters.domain_area * (track_domains * parameters.cell_tracks.base());
    let transistors = parameters.cell_area + additions.ports * parameters.cell_tracks.base();
    let larger = if tracks > transistors { tracks } else { transistors };
    let rows = geometry.rows() as f64 + additions.rows;
    let columns = geometry.columns() as f64 + additions.columns;
    larger.at(parameters.feature_size) * (rows * columns)
        + (parameters.row_area + parameters.latch_area * geometry.latches() as f64) * rows
        + parameters.column_area * columns
        + parameters.controller_area
}
