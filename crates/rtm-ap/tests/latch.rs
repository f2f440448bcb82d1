//! What a latch for the carry changes: events, wear, and prices.

#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::sync::Arc;

use ap_program::{Carry, Geometry};
use compiler::{Layout, Options, Sharing};
use network::{FeatureMap, Network, ReferenceEngine};
use rtm_ap::{
    ActivationsAt, ColumnRole, Events, Kept, LatchEvents, Machine, Pricing, ProcessorParameters, SearchModel,
    load_technology, processor_area,
};
use technology::Quantity;

const CARRIES: [Carry; 2] = [Carry::Column, Carry::Latch];

fn network() -> (Arc<Network>, FeatureMap) {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments/networks/vgg8-fashion-s85-a4.yaml");
    let (_, network) = Network::load(&path).unwrap();
    let shape = network.input().shape();
    let most = network.input().bits();
    let values = (0..shape.len()).map(|i| ((i * 37 + i / 7 * 11) % (1 << most)) as u16).collect();
    (Arc::new(network), FeatureMap::new(shape, values).unwrap())
}

fn options(carry: Carry, layout: Layout) -> Options {
    let geometry = Geometry::new(256, 256, 64).unwrap().with_carry(carry);
    Options { geometry, sharing: Sharing::PerChannel, layout, outputs_per_processor: None }
}

fn total(events: &[Events]) -> Events {
    let mut total = Events::default();
    events.iter().for_each(|layer| total += *layer);
    total
}

#[test]
fn with_a_latch_no_carry_is_written_to_a_track_and_everything_else_is_computed_as_before() {
    let (network, image) = network();
    let parameters = load_technology(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments/technology/rtm-ap/paper-like.yaml"),
    )
    .unwrap();
    let p = ProcessorParameters::varied(&parameters.parameters, 45.0, 64).unwrap();
    for layout in [Layout::Along, Layout::Tiled] {
        let [column, latch] = CARRIES.map(|carry| {
            let machine = Machine::compile(Arc::clone(&network), &options(carry, layout)).unwrap();
            let run = machine.run(&image).unwrap();
            (machine, run)
        });
        assert_eq!(column.1.evaluations, latch.1.evaluations);
        let holds_carry = |machine: &Machine| {
            machine.column_roles().iter().filter(|roles| roles.contains(&ColumnRole::Carry)).count()
        };
        assert_eq!((holds_carry(&column.0), holds_carry(&latch.0)), (1, 0));
        let [with_column, with_latch] = [&column.1, &latch.1].map(|run| total(&run.events));
        assert_eq!(with_column.latch, LatchEvents::default());
        let LatchEvents { searches, tagged, broadcast } = with_latch.latch;
        assert!(searches.occupied > 0.0 && tagged.occupied > 0.0 && broadcast.occupied > 0.0);
        let written = |events: &Events| events.tagged_bits.physical + events.broadcast_bits.physical;
        assert!(written(&with_latch) < 0.8 * written(&with_column), "{layout}");
        assert!(with_latch.searched_bits.physical < with_column.searched_bits.physical);
        assert!(with_latch.row_searches.physical < with_column.row_searches.physical);
        assert!(with_latch.serial.writes < with_column.serial.writes);
        // What is said of the programs alone is what is executed, as far as data has no say.
        let expected = total(&latch.0.expected_events(|_, _| 0.3));
        assert_eq!((expected.latch.searches, expected.latch.broadcast), (searches, broadcast));

        let cost = |machine: &Machine, events: &Events, model| {
            let operation = parameters.design.operation();
            let (geometry, kept): (_, Kept) = (machine.options().geometry, machine.kept());
            let pricing = Pricing { geometry, parameters: &p, model, operation, kept };
            let area = pricing.chip_area(events.processors).base() / events.processors as f64;
            (pricing.cost(events, events.processors), area)
        };
        for model in SearchModel::ALL {
            let (before, now) =
                (cost(&column.0, &with_column, model).0, cost(&latch.0, &with_latch, model).0);
            assert!(now.energy.write < before.energy.write && now.latency < before.latency);
            assert!(now.energy.total() < before.energy.total());
        }
    }
}

#[test]
fn the_carry_that_wore_a_column_most_wears_none() {
    let (network, image) = network();
    let evaluation = network.evaluate(&image, &mut ReferenceEngine).unwrap();
    let [column, latch] = CARRIES.map(|carry| {
        let machine = Machine::compile(Arc::clone(&network), &options(carry, Layout::Along)).unwrap();
        let wear = machine.wear(std::slice::from_ref(&evaluation)).unwrap();
        let events = total(&machine.run(&image).unwrap().events);
        let written = events.tagged_bits.occupied + events.broadcast_bits.occupied + events.loaded_bits;
        assert_eq!(wear.total(), written);
        wear
    });
    assert_eq!(column.hottest_junction().column, 255);
    assert!(latch.hottest_junction().writes * 3.0 < column.hottest_junction().writes);
    assert!(latch.total() < 0.8 * column.total());
}

#[test]
fn activations_made_on_arrays_with_a_latch_are_those_of_the_periphery() {
    let (network, image) = network();
    let by = |at: ActivationsAt, carry| {
        let machine = Machine::compile(Arc::clone(&network), &options(carry, Layout::Tiled)).unwrap();
        let run = machine.with_activations(at).unwrap().run(&image).unwrap();
        (run.evaluations, total(&run.events))
    };
    let (expected, _) = by(ActivationsAt::Periphery, Carry::Column);
    for at in [ActivationsAt::ShiftAndAdd, ActivationsAt::Thresholds] {
        let [column, latch] = CARRIES.map(|carry| by(at, carry));
        assert_eq!((&column.0, &latch.0), (&expected, &expected), "{at}");
        assert!(latch.1.tagged_bits.physical < column.1.tagged_bits.physical);
    }
}

#[test]
fn latches_take_area_and_leak() {
    for name in ["bare-track", "conservative", "paper-like"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join(format!("../../experiments/technology/rtm-ap/{name}.yaml"));
        let file = load_technology(&path).unwrap();
        let p = ProcessorParameters::varied(&file.parameters, 45.0, 64).unwrap();
        let [column, latch] = CARRIES.map(|carry| {
            let geometry = Geometry::new(256, 256, 64).unwrap().with_carry(carry);
            let kept = Kept { words: 0, encoded_bits: 0, decoder_bits: 0, buffer_bits: 0 };
            let (parameters, operation) = (&p, file.design.operation());
            let pricing = Pricing { geometry, parameters, model: SearchModel::ActiveBits, operation, kept };
            let events = Events { processors: 1, loaded_bits: 1e9, ..Events::default() };
            (processor_area(geometry, &p).base(), pricing.cost(&events, 1))
        });
        assert!((latch.0 - column.0 - 256.0 * p.latch_area.base()).abs() < 1e-6 * latch.0, "{name}");
        let leaks = latch.1.energy.leakage - column.1.energy.leakage;
        let expected = p.latch_leakage * 256.0 * column.1.latency;
        assert!((leaks / expected - 1.0).abs() < 1e-6, "{name}");
    }
}
