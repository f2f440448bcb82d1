//! Time, processors that layers take turns on, and traces: each against what it must add up to.

#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::sync::Arc;

use ap_program::{Geometry, SerialSteps};
use compiler::{Layout, Options, Sharing};
use network::{FeatureMap, ImageSet, Network};
use rtm_ap::{
    Allocation, Events, IdleProcessors, Kept, Machine, Operation, PaddingRows, Pricing, ProcessorParameters,
    ProgramEncoding, ProgramStore, SearchModel, Segments, Timeline,
};
use technology::{Parameters, Quantity, Time};

fn experiments() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments")
}

fn parameters() -> ProcessorParameters {
    let path = experiments().join("technology/rtm-ap/paper-like.yaml");
    let file = rtm_ap::load_technology(&path).unwrap();
    ProcessorParameters::resolve(&file.parameters).unwrap()
}

/// VGG-8 with one image, on arrays of 64 rows and at most 40 outputs, so that every layer takes several processors.
fn machine(layout: Layout) -> (Machine, FeatureMap) {
    let networks = experiments().join("networks");
    let (description, network) = Network::load(&networks.join("vgg8-fashion-s85-a4.yaml")).unwrap();
    let images = ImageSet::from_golden(&networks.join(description.golden.unwrap())).unwrap();
    let options = Options {
        geometry: Geometry::new(64, 256, 64).unwrap(),
        sharing: Sharing::PerChannel,
        layout,
        outputs_per_processor: Some(40),
    };
    let image = images.feature_map(0).unwrap();
    (Machine::compile(Arc::new(network), &options).unwrap(), image)
}

#[test]
fn without_look_ahead_a_timeline_is_the_time_of_the_counted_steps_and_with_it_no_longer() {
    let p = parameters();
    for layout in [Layout::Along, Layout::Tiled] {
        let (machine, _) = machine(layout);
        for layer in machine.layers() {
            for (program, counts) in layer.compiled().programs.iter().zip(layer.counts()) {
                let timeline = Timeline::of(program, &p);
                let SerialSteps { compares, writes, shifts, reads, .. } = counts.serial;
                let counted = p.search_time * compares as f64
                    + p.write_time * writes as f64
                    + p.shift_time * shifts as f64
                    + p.read_time * reads as f64;
                assert!((timeline.total() / counted - 1.0).abs() < 1e-9, "{:?} {counted}", timeline);
                assert!(timeline.exposed_shifts <= timeline.shifts * (1.0 + 1e-12));
                // Words along a track wait for every bit; words across columns stand ready, and may wait for none.
                assert!(timeline.exposed_shifts > Time::ZERO || layout == Layout::Tiled);
            }
        }
    }
}

#[test]
fn shifts_that_take_no_time_are_never_waited_for() {
    let (machine, _) = machine(Layout::Along);
    let instant = ProcessorParameters { shift_time: Time::ZERO, ..parameters() };
    for program in &machine.layers()[1].compiled().programs {
        let timeline = Timeline::of(program, &instant);
        assert_eq!((timeline.shifts, timeline.exposed_shifts), (Time::ZERO, Time::ZERO));
        assert_eq!(timeline.total(), timeline.with_look_ahead());
    }
}

#[test]
fn fewer_processors_take_longer_and_fetch_more_and_do_the_same() {
    let (machine, image) = machine(Layout::Along);
    let run = machine.run(&image).unwrap();
    let all = Allocation::LargestLayer.apply(&machine.demands(), &run.events);
    let demands = machine.demands();
    let fetched = run.events.iter().zip(&demands).map(|(events, demand)| demand.complete(*events));
    assert_eq!(all.events, fetched.collect::<Vec<_>>());
    let total = |events: &[Events]| {
        let mut total = Events::default();
        events.iter().for_each(|events| total += *events);
        total
    };
    let mut before = total(&all.events);
    for budget in [all.installed - 1, all.installed / 2, 3, 1] {
        let few = Allocation::Budget(budget).apply(&machine.demands(), &run.events);
        let now = total(&few.events);
        assert_eq!(few.installed, budget);
        assert!(now.serial.compares >= before.serial.compares && now.serial.writes >= before.serial.writes);
        assert!(now.words_fetched >= before.words_fetched && now.processors <= budget);
        assert_eq!((now.row_searches, now.tagged_bits), (before.row_searches, before.tagged_bits));
        before = now;
    }
    // On a single processor every program runs once for every block of rows, one after the other.
    let alone: u64 = (machine.layers().iter())
        .map(|layer| {
            let blocks = layer.rows().physical / 64;
            blocks * layer.counts().map(|counts| counts.serial.writes).sum::<u64>()
        })
        .sum();
    assert_eq!(before.serial.writes, alone);
}

#[test]
fn a_network_that_fits_whole_gives_images_at_the_pace_of_its_slowest_layer() {
    let (machine, image) = machine(Layout::Along);
    let events = machine.run(&image).unwrap().events;
    let (p, geometry) = (parameters(), machine.options().geometry);
    let operation = Operation {
        padding_rows: PaddingRows::Active,
        idle_processors: IdleProcessors::Leaking,
        store: ProgramStore::Racetrack,
        encoding: ProgramEncoding::Words,
        segments: Segments::ONE,
        batch: 1,
        processors: None,
    };
    let model = SearchModel::ActiveBits;
    let pricing = Pricing { geometry, parameters: &p, model, operation, kept: Kept::default() };
    let of = |allocation: Allocation| {
        let allocated = allocation.apply(&machine.demands(), &events);
        (pricing.network(&allocated), allocated)
    };
    let (shared, _) = of(Allocation::LargestLayer);
    let (whole, allocated) = of(Allocation::WholeNetwork);
    assert_eq!(allocated.installed, machine.layers().iter().map(|layer| layer.processors()).sum::<u64>());
    assert_eq!((whole.latency, shared.interval), (shared.latency, shared.latency));
    let slowest = shared.layers.iter().map(|cost| cost.latency).fold(Time::ZERO, Time::max);
    assert_eq!(whole.interval, slowest);
    let leakage: f64 = whole.layers.iter().map(|cost| cost.energy.leakage.base()).sum();
    let expected = (p.leakage(geometry, Segments::ONE) * allocated.installed as f64 * slowest).base();
    assert!((leakage / expected - 1.0).abs() < 1e-9);
    // Layer after layer on shared processors is what the events of the whole cost.
    let mut total = Events::default();
    events.iter().for_each(|events| total += *events);
    let once = pricing.cost(&total, total.processors);
    assert!((shared.energy() / once.energy.total() - 1.0).abs() < 1e-9);
}

#[test]
fn a_trace_adds_up_to_the_events() {
    let (machine, image) = machine(Layout::Tiled);
    let layer = &machine.layers()[0];
    let (_, events) = layer.execute(&image).unwrap();
    let trace = layer.trace(&image).unwrap();
    let programs = &layer.compiled().programs;
    assert_eq!(trace.len(), programs.iter().map(|program| program.instructions.len()).sum::<usize>());
    let tagged: u64 = trace.iter().map(|step| step.tagged_bits).sum();
    assert_eq!(tagged as f64, events.events.tagged_bits.occupied);
    for (index, counts) in layer.counts().enumerate() {
        let steps = || trace.iter().filter(|step| step.program == index);
        assert_eq!(steps().map(|step| step.serial.compares).sum::<u64>(), counts.serial.compares);
        assert_eq!(steps().map(|step| step.serial.writes).sum::<u64>(), counts.serial.writes);
        // The way home is all that is left.
        assert!(steps().map(|step| step.track_steps).sum::<u64>() < counts.track_steps);
    }
    assert!(trace[0].text.starts_with("load"), "{}", trace[0].text);
}

#[test]
fn utilization_is_a_share_of_what_is_installed() {
    let (machine, _) = machine(Layout::Along);
    let p = parameters();
    let installed = Allocation::LargestLayer.apply(&machine.demands(), &vec![Events::default(); 8]).installed;
    for layer in machine.layers() {
        let used = layer.timeline(&p, installed).utilization;
        for share in [used.rows, used.cells, used.balance, used.processors, used.rows_at_work()] {
            assert!(share > 0.0 && share <= 1.0, "{used:?}");
        }
    }
    let first = machine.layers()[0].timeline(&p, 2 * machine.layers()[0].processors()).utilization;
    // 32 x 32 output positions fill 16 arrays of 64 rows.
    assert_eq!((first.rows, first.processors), (1.0, 0.5));
}

#[test]
fn events_on_arrays_of_other_rows_are_those_of_machines_with_so_many_rows() {
    let networks = experiments().join("networks");
    let (_, network) = Network::load(&networks.join("vgg8-fashion-s85-a4.yaml")).unwrap();
    let network = Arc::new(network);
    let machine = |rows| {
        let options = Options {
            geometry: Geometry::new(rows, 256, 64).unwrap(),
            sharing: Sharing::PerChannel,
            layout: Layout::Along,
            outputs_per_processor: None,
        };
        Machine::compile(Arc::clone(&network), &options).unwrap()
    };
    let share = |layer: usize, bit: usize| 0.1 + 0.01 * layer as f64 + 0.02 * bit as f64;
    let all = machine(256).expected_events_on(&[64, 100, 512], share);
    for (events, rows) in all.into_iter().zip([64, 100, 512]) {
        assert_eq!(events, machine(rows).expected_events(share), "{rows}");
    }
}
