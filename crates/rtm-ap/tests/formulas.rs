//! The formulas that are told are those that are computed.

#![allow(clippy::unwrap_used)]

use std::path::Path;

use ap_program::{Carry, Geometry, SerialSteps};
use proptest::prelude::*;
use rtm_ap::{
    EnergyParts, Events, Kept, LatchEvents, LayerDemand, Operation, PerRows, Precharges, Pricing,
    ProcessorParameters, ProgramEncoding, ProgramStore, SearchModel, Segments, TERMS, formulas,
};
use technology::{Parameters, Quantity};

/// What a name in a formula counts.
/// What the formula's counts are on a machine with a program of so many words, its bank so many mm away.
#[derive(Clone, Copy)]
struct Counted<'a> {
    events: &'a Events,
    installed: u64,
    columns: usize,
    rows: usize,
    latency: f64,
    words: usize,
    way_mm: f64,
    compact: bool,
    segments: Segments,
}

fn count(name: &str, counted: Counted<'_>) -> f64 {
    let Counted { events, installed, columns, rows, latency, words, way_mm, compact, segments } = counted;
    match name {
        "bits fetched" if compact => events.encoded_bits_fetched,
        "bits stored" if compact => 98_765.0,
        "bits buffered" if !compact => 53_321.0,
        "bits fetched" => 64.0 * events.words_fetched,
        "bits fetched there and back" => 2.0 * 64.0 * events.words_fetched,
        "bits buffered" => 54_321.0,
        "bits stored" => 64.0 * words as f64,
        "mm to the controller" => way_mm,
        "bits searched" => events.searched_bits.physical,
        "columns precharged" => segments.columns(columns) as f64 * events.precharged.of(segments).physical,
        "segments precharged" => events.precharged.of(segments).physical,
        "further segments" => f64::from(segments.count() - 1),
        "latches precharged" if segments == Segments::ONE => events.row_searches.physical,
        "latches precharged" => events.latch.searches.physical,
        "rows" => rows as f64,
        "columns" => columns as f64,
        "columns driven" => events.driven_columns,
        "latches searched" => events.latch.searches.physical,
        "latches' search lines driven" => events.latch.searches.physical / 256.0,
        "latches written" => events.latch.tagged.physical + events.latch.broadcast.physical,
        "writes to latches alone" => events.serial.latch_writes as f64,
        "bits written" => events.tagged_bits.physical + events.broadcast_bits.physical + events.loaded_bits,
        "bits read" => events.stored_bits,
        "steps of tracks" => events.track_steps.physical,
        "words fetched" => events.words_fetched,
        "words received" => events.words_broadcast,
        "bits moved" => events.loaded_bits + events.output_bits,
        "requantizations" => events.requantizations,
        "pool operations" => events.pool_operations,
        "processors" => installed as f64,
        "latency" => latency,
        "searches" => events.serial.compares as f64,
        "writes" => events.serial.writes as f64,
        "shifts" => events.serial.shifts as f64,
        "reads" => events.serial.reads as f64,
        other => unreachable!("`{other}` is counted by nothing"),
    }
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * a.abs().max(b.abs())
}

proptest! {
    #[test]
    fn every_part_of_the_cost_is_the_sum_of_its_terms(counts in proptest::collection::vec(1_u32..1_000_000, 16), installed in 1_u64..500) {
        let n = |index: usize| f64::from(counts[index]);
        // Occupied rows differ from all rows, so that a formula that takes the others fails.
        let rows = |index: usize| PerRows { occupied: n(index) / 2.0, physical: n(index) };
        let step = |index: usize| u64::from(counts[index]);
        let events = Events {
            row_searches: rows(0), searched_bits: rows(1), driven_columns: n(2), tagged_bits: rows(3),
            broadcast_bits: rows(4), track_steps: rows(5), loaded_bits: n(6), stored_bits: n(7), output_bits: n(8),
            words_fetched: n(9), encoded_bits_fetched: 7.0 * n(9), words_broadcast: n(10), requantizations: n(11), pool_operations: n(12),
            processors: installed,
            serial: SerialSteps { compares: step(13), writes: step(14), shifts: step(15), reads: step(0), latch_writes: 0 },
            latch: LatchEvents::default(),
            ..Events::default()
        };
        let precharges = Precharges::new(4, [4, 5, 6, 7, 8, 9, 10]);
        let demand = LayerDemand { processors: 1, programs: Vec::new(), precharges };
        let events = Events { precharged: demand.complete(events).precharged, ..events };
        let with_latch = Events {
            latch: LatchEvents { searches: rows(5), tagged: rows(7), broadcast: rows(11) },
            serial: SerialSteps { latch_writes: step(3), ..events.serial },
            ..events
        };
        for technology in ["paper-like", "conservative"] {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../experiments/technology/rtm-ap/{technology}.yaml"));
            let file = rtm_ap::load_technology(&path).unwrap();
            let parameters = ProcessorParameters::resolve(&file.parameters).unwrap();
            let models = || [SearchModel::ActiveBits, SearchModel::MatchLine].into_iter().flat_map(|model| ProgramStore::ALL.map(|store| (model, store)));
            for (carry, (model, store)) in Carry::ALL.into_iter().flat_map(|carry| models().map(move |of| (carry, of))) {
                let geometry = Geometry::new(256, 192, 64).unwrap().with_carry(carry);
                let events = match carry { Carry::Column => events, Carry::Latch => with_latch };
                let encoding = if store == ProgramStore::Edram { ProgramEncoding::Compact } else { ProgramEncoding::Words };
                let segments = if store == ProgramStore::Edram { Segments::new(16).unwrap() } else { Segments::ONE };
                let operation = Operation { store, encoding, segments, ..file.design.operation() };
                let kept = Kept { words: 12_345, encoded_bits: 98_765, decoder_bits: 1_000, buffer_bits: 53_321 };
                let pricing = Pricing { geometry, parameters: &parameters, model, operation, kept };
                let way_mm = 0.5e-3 * pricing.store().area.base().sqrt();
                let found = pricing.cost(&events, installed);
                let latency = found.latency.base();
                let sum = |part: &str| -> f64 {
                    let of_part = TERMS.iter().filter(|term| term.part == part && term.carry.is_none_or(|of| of == carry) && term.model.is_none_or(|of| of == model) && term.store.is_none_or(|of| of == store) && term.encoding.is_none_or(|of| of == encoding));
                    of_part.map(|term| {
                        let counted: f64 = term.counts.iter().map(|name| count(name, Counted { events: &events, installed, columns: 192, rows: geometry.rows(), latency, words: 12_345, way_mm, compact: encoding == ProgramEncoding::Compact, segments })).product();
                        let priced = term.parameters.iter().map(|path| file.parameters.get(path).unwrap().base_value());
                        counted * priced.product::<f64>()
                    }).sum()
                };
                prop_assert!(close(sum("latency"), latency), "latency: {} against {latency}", sum("latency"));
                for (part, energy) in EnergyParts::NAMES.into_iter().zip(found.energy.values()) {
                    let energy = energy.base();
                    prop_assert!(close(sum(part), energy), "{technology}, {part}: {} against {energy}", sum(part));
                }
            }
        }
    }
}

#[test]
fn formulas_are_a_line_for_each_part_and_model() {
    let lines = formulas();
    let searches = "bits searched x search.active_bit + (latch) latches searched x latch.compare";
    assert_eq!(lines[0], format!("energy, search (active-bits) = {searches}"));
    assert!(
        lines
            .iter()
            .any(|line| line.starts_with("latency, one step after the other = searches x search.time + "))
    );
    assert_eq!(lines.len(), EnergyParts::NAMES.len() + 2);
}
