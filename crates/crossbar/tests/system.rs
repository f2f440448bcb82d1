//! The crossbar as a system: it says what its model says, whatever is prepared once and asked often.

#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use crossbar::{
    Activations, Crossbar, CrossbarSystem, Design, Gating, LayerShape, Pool, Precision, WeightStatistics,
    ZeroSkipping, load_technology,
};
use network::{Shape, Window};
use system::{Layer, System, Workload};
use technology::node::{GATE_EXPONENT, SUPPLY, SUPPLY_NODE_NM, SUPPLY_SLOPE};
use technology::{Parameter, Prior, TechnologyFile};

fn files() -> Vec<TechnologyFile<Design>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments/technology/crossbar");
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| load_technology(path).unwrap()).collect()
}

fn layer(
    name: &str,
    input: [usize; 3],
    outputs: usize,
    groups: usize,
    kernel: usize,
    pool: Pool,
) -> LayerShape {
    LayerShape {
        name: name.into(),
        input: Shape::new(input[0], input[1], input[2]),
        groups,
        outputs,
        window: Window::new(kernel, kernel, 1, kernel / 2).unwrap(),
        pool,
        activations: Activations::SetBits { share: 0.3 },
    }
}

fn workload(weights: WeightStatistics) -> Workload {
    let shapes = [
        layer("stem", [3, 32, 32], 64, 1, 7, Pool::Local { rows: 2, columns: 2 }),
        LayerShape {
            activations: Activations::TYPICAL,
            ..layer("wide", [64, 16, 16], 256, 1, 3, Pool::None)
        },
        layer("depthwise", [256, 16, 16], 256, 256, 3, Pool::Global),
        layer("fc", [256, 1, 1], 10, 1, 1, Pool::None),
    ];
    let layers = shapes.map(|shape| Layer::new(shape, 0.2).unwrap()).to_vec();
    Workload { name: "a network".into(), layers, precision: Precision { weights, activation_bits: 4 } }
}

#[test]
fn a_report_holds_what_the_model_says_of_every_draw() {
    for file in files() {
        for weights in [WeightStatistics::Ternary { zeros: 0.8 }, WeightStatistics::Symmetric { bits: 8 }] {
            let workload = workload(weights);
            let shapes: Vec<LayerShape> = workload.shapes().cloned().collect();
            let design =
                Design { zero_skipping: ZeroSkipping::EmptyPlanes, gating: Gating::Segments, ..file.design };
            let system = CrossbarSystem::new(file.name.as_str(), design, file.parameters.clone());
            let prepared = system.prepare(&workload).unwrap();
            for quantile in [0.05, 0.4, 0.95] {
                let drawn = file.parameters.at_quantiles(Prior::Flat, |_| quantile);
                let expected =
                    Crossbar::new(design, &drawn).unwrap().evaluate(&shapes, workload.precision).unwrap();
                let report = prepared.report(&drawn).unwrap();
                assert_eq!(report, system.evaluate_with(&drawn, &workload).unwrap());
                assert_eq!(report.energy(), expected.total_energy());
                assert_eq!(prepared.energy(&drawn).unwrap(), expected.total_energy());
                assert_eq!(report.latency(), Some(expected.latency().total()));
                assert_eq!(report.area(), Some(expected.area.total()));
                let arrays: usize = expected.layers.iter().map(|layer| layer.subarrays).sum();
                assert_eq!(report.arrays(), Some(arrays as u64));
                for (layer, expected) in report.layers().iter().zip(&expected.layers) {
                    assert_eq!((&layer.name, layer.energy()), (&expected.name, expected.total_energy()));
                    assert_eq!(layer.latency, expected.latency.total());
                }
                let parts: Vec<_> = report.parts();
                assert_eq!(parts.last().unwrap(), &("leakage", expected.leakage()));
                assert_eq!(parts.len(), 6);
            }
        }
    }
}

#[test]
fn what_the_model_does_not_cover_is_said_with_the_system() {
    let file = files().remove(0);
    let ternary = workload(WeightStatistics::Ternary { zeros: 0.8 });
    let say = |design, workload: &Workload| {
        let system = CrossbarSystem::new("mine", design, file.parameters.clone());
        system.evaluate(workload).unwrap_err().to_string()
    };
    let message = say(file.design, &Workload { layers: Vec::new(), ..ternary.clone() });
    assert_eq!(message, "crossbar `mine`: the network has no layer");
    let message = say(Design { cell_bits: 9, ..file.design }, &ternary);
    assert!(message.starts_with("crossbar `mine`: design: `cell_bits` is 9"), "{message}");
    let mut wrong = ternary.clone();
    wrong.layers[1].shape.groups = 3;
    assert!(
        say(file.design, &wrong).starts_with("layer `wide`: 3 groups of channels"),
        "{}",
        say(file.design, &wrong)
    );
}

#[test]
fn the_files_scale_by_the_constants_of_the_rules_between_nodes_where_their_sources_are_the_same() {
    let same = |parameter: &Parameter, constant: &technology::node::Constant| {
        // Millivolts in the files.
        let factor = if parameter.unit.starts_with("mV") { 1e-3 } else { 1.0 };
        let ends = [
            (parameter.low, constant.low),
            (parameter.value, constant.value),
            (parameter.high, constant.high),
        ];
        ends.into_iter().all(|(found, stated)| (found * factor / stated - 1.0).abs() < 1e-12)
    };
    for file in files() {
        let parameter = |path: &str| file.parameters.get(path).unwrap();
        assert!(same(parameter("scaling.gate_exponent"), &GATE_EXPONENT), "{}", file.name);
        if file.name.starts_with("neurosim") {
            assert_eq!(parameter("scaling.reference_node").value, SUPPLY_NODE_NM);
            assert!(same(parameter("scaling.reference_supply"), &SUPPLY), "{}", file.name);
            assert!(same(parameter("scaling.supply_slope"), &SUPPLY_SLOPE), "{}", file.name);
        }
    }
}
