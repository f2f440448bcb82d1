//! Match lines in segments: what searches precharge, and what that costs.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use ap_program::{Carry, Geometry, Observer, Step};
use compiler::{Layout, Options, Sharing};
use network::Network;
use rtm_ap::{
    Events, Kept, Machine, Operation, PerRows, Pricing, ProcessorParameters, SearchModel, Segments,
    load_technology,
};
use technology::Quantity;

/// The columns that every search names, one set a search.
#[derive(Default)]
struct Searches(Vec<BTreeSet<usize>>);

impl Observer for Searches {
    fn steps(&mut self, step: Step<'_>) {
        let Step::Apply { table, cells } = step else { return };
        for pass in table.lut.passes().iter().filter(|pass| pass.compares()) {
            let keyed = (0..cells.len()).filter(|column| pass.key.mask() >> column & 1 == 1);
            self.0.push(keyed.map(|column| cells[column].0).collect());
        }
    }
}

fn machine(carry: Carry) -> Machine {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments/networks/vgg8-fashion-s85-a4.yaml");
    let (_, network) = Network::load(&path).unwrap();
    let geometry = Geometry::new(256, 256, 64).unwrap().with_carry(carry);
    let options = Options {
        geometry,
        sharing: Sharing::PerChannel,
        layout: Layout::Tiled,
        outputs_per_processor: None,
    };
    Machine::compile(Arc::new(network), &options).unwrap()
}

#[test]
fn a_search_precharges_the_segments_that_its_key_names_and_no_other() {
    for carry in [Carry::Column, Carry::Latch] {
        let machine = machine(carry);
        for layer in machine.layers().iter().take(3) {
            let mut searches = Searches::default();
            layer.programs().iter().for_each(|program| program.walk(&mut searches));
            for segments in Segments::all() {
                let width = 256 / segments.count() as usize;
                let touched = |columns: &BTreeSet<usize>| {
                    columns.iter().map(|column| column / width).collect::<BTreeSet<_>>().len() as u64
                };
                let expected = searches.0.iter().map(touched).sum::<u64>();
                assert_eq!(layer.demand().precharges.totals(segments), (expected, searches.0.len() as u64));
            }
        }
    }
}

#[test]
fn segments_save_match_line_and_cost_leakage_and_area() {
    let machine = machine(Carry::Column);
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments/technology/rtm-ap/paper-like.yaml");
    let file = load_technology(&path).unwrap();
    let parameters = ProcessorParameters::varied(&file.parameters, 45.0, 64).unwrap();
    let geometry = machine.options().geometry;
    let layer = &machine.layers()[1];
    let rows = PerRows { occupied: 5e6, physical: 7e6 };
    let events = layer.demand().complete(Events { row_searches: rows, processors: 1, ..Events::default() });
    assert_eq!(events.precharged.of(Segments::ONE), rows);
    let cost = |segments: Segments, model: SearchModel| {
        let operation = Operation { segments, ..file.design.operation() };
        let pricing = Pricing { geometry, parameters: &parameters, model, operation, kept: Kept::default() };
        (
            pricing.cost(&events, 1).energy.search.base(),
            pricing.chip_area(1).base(),
            parameters.leakage(geometry, segments).base(),
        )
    };
    let whole = cost(Segments::ONE, SearchModel::MatchLine);
    let mut before = whole;
    for segments in Segments::all().skip(1) {
        let now = cost(segments, SearchModel::MatchLine);
        assert!(now.1 > before.1 && now.2 > before.2);
        assert_eq!(cost(segments, SearchModel::ActiveBits).0, cost(Segments::ONE, SearchModel::ActiveBits).0);
        before = now;
    }
    let width = Segments::new(32).unwrap();
    let precharged = events.precharged.of(width).physical;
    let expected =
        (parameters.search_match_line_bit * 8.0 + parameters.search_match_line_row).base() * precharged;
    let found = cost(width, SearchModel::MatchLine).0;
    assert!(
        (found / expected - 1.0).abs() < 1e-12 && found < 0.5 * whole.0,
        "{found}, expected {expected}, whole {}",
        whole.0
    );
}
