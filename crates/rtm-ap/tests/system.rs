//! The associative processor as a system: its report is the price of its events, and another workload is refused.

#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::sync::Arc;

use compiler::{Carry, Geometry};
use network::{Shape, Window};
use rtm_ap::{
    EnergyParts, Events, Kept, LatchEvents, NetworkEvents, Operation, PerRows, Precharged, Pricing,
    ProcessorDesign, ProcessorParameters, ProcessorSystem, SearchModel, Segments, SerialSteps,
    load_technology,
};
use system::{Activations, Layer, LayerShape, Pool, Precision, System, WeightStatistics, Workload};
use technology::{Declaration, Energy, Prior, TechnologyFile};

fn file(name: &str) -> TechnologyFile<ProcessorDesign> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments/technology/rtm-ap");
    load_technology(&folder.join(format!("{name}.yaml"))).unwrap()
}

fn events(scale: f64, processors: u64) -> Events {
    let rows =
        |count: f64| PerRows { occupied: (count * scale).floor(), physical: (1.3 * count * scale).floor() };
    Events {
        precharged: Precharged::default(),
        row_searches: rows(1e6),
        searched_bits: rows(3.1e6),
        driven_columns: 7e4,
        tagged_bits: rows(1.2e5),
        broadcast_bits: rows(3e4),
        track_steps: rows(5e6),
        loaded_bits: 1e5,
        stored_bits: 3e4,
        output_bits: 2e4,
        words_fetched: 1e4,
        encoded_bits_fetched: 2e5,
        words_broadcast: 2e4,
        requantizations: 1e3,
        pool_operations: 7e2,
        processors,
        serial: SerialSteps { compares: 10_000, writes: 5_000, shifts: 7_000, reads: 900, latch_writes: 0 },
        latch: LatchEvents::default(),
    }
}

fn geometry() -> Geometry {
    Geometry::new(256, 256, 64).unwrap()
}

fn network() -> Arc<NetworkEvents> {
    Arc::new(NetworkEvents {
        network: "a network".into(),
        geometry: geometry(),
        layers: vec![
            ("a".into(), events(1.0, 3)),
            ("b".into(), events(1.7, 12)),
            ("c".into(), events(0.3, 7)),
        ],
        kept: Kept { words: 1_234, encoded_bits: 20_000, decoder_bits: 300, buffer_bits: 10_000 },
        installed: 12,
        images: 1,
    })
}

fn workload() -> Workload {
    let layer = |name: &&str| {
        let shape = LayerShape {
            name: (*name).into(),
            input: Shape::new(4, 8, 8),
            groups: 1,
            outputs: 4,
            window: Window::POINT,
            pool: Pool::None,
            activations: Activations::Uniform,
        };
        Layer::new(shape, 0.2).unwrap()
    };
    Workload {
        name: "a network".into(),
        layers: ["a", "b", "c"].iter().map(layer).collect(),
        precision: Precision { weights: WeightStatistics::Ternary { zeros: 0.8 }, activation_bits: 4 },
    }
}

fn system(file: &TechnologyFile<ProcessorDesign>, model: SearchModel) -> ProcessorSystem {
    ProcessorSystem::new(file.name.as_str(), file.design, file.parameters.clone(), model, network())
}

#[test]
fn a_report_is_the_price_of_the_events_on_the_processors_of_the_largest_layer() {
    let (network, workload) = (network(), workload());
    for name in ["bare-track", "conservative", "paper-like"] {
        let file = file(name);
        for model in SearchModel::ALL {
            for node_nm in [22.0, file.design.node_nm] {
                let system = system(&file, model).at_node(node_nm);
                assert_eq!((system.kind(), system.node_nm()), ("RTM-AP", node_nm));
                assert_eq!(system.variant(), Some(model.name()));
                let prepared = system.prepare(&workload).unwrap();
                for quantile in [0.05, 0.5, 0.95] {
                    let drawn = file.parameters.at_quantiles(Prior::Flat, |_| quantile);
                    let parameters = ProcessorParameters::varied(&drawn, node_nm, 64).unwrap();
                    let operation = file.design.operation();
                    let (geometry, kept) = (network.geometry, network.kept);
                    let pricing = Pricing { geometry, parameters: &parameters, model, operation, kept };
                    let whole = pricing.cost(&network.total(), 12);
                    let close = |energy: Energy| (energy / whole.energy.total() - 1.0).abs() < 1e-12;
                    let report = prepared.report(&drawn).unwrap();
                    assert_eq!(report, system.evaluate_with(&drawn, &workload).unwrap());
                    assert!(close(report.energy()) && close(prepared.energy(&drawn).unwrap()));
                    assert_eq!(report.latency(), Some(whole.latency));
                    assert_eq!(report.area(), Some(pricing.chip_area(12)));
                    assert_eq!((report.arrays(), report.program_bytes()), (Some(12), Some(8 * 1_234)));
                    for (layer, (name, events)) in report.layers().iter().zip(&network.layers) {
                        let cost = pricing.cost(events, 12);
                        assert_eq!((&layer.name, layer.arrays), (name, events.processors));
                        assert_eq!((layer.energy(), layer.latency), (cost.energy.total(), cost.latency));
                    }
                    let of_layers: Energy = report.layers().iter().map(|layer| layer.energy()).sum();
                    assert!((of_layers / report.energy() - 1.0).abs() < 1e-12);
                    let names: Vec<_> = report.parts().into_iter().map(|(name, _)| name).collect();
                    assert_eq!(names, EnergyParts::NAMES);
                }
            }
        }
    }
}

#[test]
fn every_parameter_of_a_processor_is_declared() {
    for name in ["bare-track", "conservative", "paper-like"] {
        let file = file(name);
        let latch =
            Arc::new(NetworkEvents { geometry: geometry().with_carry(Carry::Latch), ..(*network()).clone() });
        let segments = Segments::new(8).unwrap();
        let with_both =
            ProcessorSystem::new(name, file.design, file.parameters.clone(), SearchModel::MatchLine, latch)
                .operated(Operation { segments, ..file.design.operation() });
        with_both.parameters().check(&with_both.declarations()).unwrap();
        // What only some machines have is none of the others' own.
        let declared = system(&file, SearchModel::MatchLine).declarations();
        let mut all = with_both.declarations();
        let only_some =
            |of: &Declaration| ["latch.", "segment."].iter().any(|part| of.path.starts_with(part));
        assert_eq!(all.iter().filter(|of| only_some(of)).count(), 7);
        all.retain(|of| !only_some(of));
        assert_eq!(declared, all);
    }
}

#[test]
fn a_workload_whose_events_are_not_known_is_refused() {
    let system = system(&file("paper-like"), SearchModel::ActiveBits);
    let say = |workload: &Workload| system.evaluate(workload).unwrap_err().to_string();
    let message = say(&Workload { name: "another".into(), ..workload() });
    assert_eq!(message, "RTM-AP `paper-like` has the events of `a network`, and cannot price `another`");
    let eight_bit = Precision { weights: WeightStatistics::Symmetric { bits: 8 }, activation_bits: 8 };
    let message = say(&workload().at(eight_bit));
    assert!(message.contains("ternary weights, and cannot price weights of 8 bits"), "{message}");
    let mut shorter = workload();
    shorter.layers.pop();
    let message = say(&shorter);
    assert!(message.contains("the layers a, b, c, and cannot price the layers a, b"), "{message}");
}
