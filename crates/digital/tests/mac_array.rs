//! The digital reference against counts made by hand, and what must hold for any layer.

#![allow(clippy::unwrap_used)]

use std::path::PathBuf;

use digital::{ArrayDesign, DigitalReport, MacArray, MatrixLayer, ZeroWeights, load_technology};
use technology::{Quantity, TechnologyFile};

fn file() -> TechnologyFile<ArrayDesign> {
    let path =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../experiments/technology/digital/mac-array.yaml");
    load_technology(&path).unwrap()
}

fn layer() -> MatrixLayer {
    MatrixLayer {
        groups: 1,
        name: "a".into(),
        vectors: 100,
        rows: 64,
        outputs: 32,
        input_values: 3_000,
        stored_values: 3_200,
        nonzero_weights: 0.2,
    }
}

fn evaluate(node_nm: f64, layer: &MatrixLayer, bits: u32, zeros: ZeroWeights) -> DigitalReport {
    let file = file();
    let design = ArrayDesign { node_nm, ..file.design };
    let array = MacArray::new(design, &file.parameters).unwrap();
    array.evaluate(std::slice::from_ref(layer), 8, bits, zeros).unwrap()
}

#[test]
fn a_multiplication_costs_what_its_source_says_at_its_node() {
    // 8 x 8 bits: 0.2 pJ, and an addition of 8 + 8 + 6 bits at 3.4 fJ a bit.
    let report = evaluate(45.0, &layer(), 8, ZeroWeights::Computed);
    let arithmetic = report.layers[0].energy.arithmetic.base() / (100.0 * 64.0 * 32.0);
    assert!((arithmetic - (0.2 + 22.0 * 0.0034)).abs() < 0.005, "{arithmetic}");
}

#[test]
fn skipped_zeros_save_arithmetic_in_proportion_and_no_memory() {
    let all = evaluate(45.0, &layer(), 4, ZeroWeights::Computed).layers[0].energy;
    let some = evaluate(45.0, &layer(), 4, ZeroWeights::Skipped).layers[0].energy;
    assert!((some.arithmetic / all.arithmetic - 0.2).abs() < 1e-12);
    assert_eq!((some.memory, some.buffer, some.leakage), (all.memory, all.buffer, all.leakage));
}

#[test]
fn every_part_falls_with_the_node_and_with_the_bits_of_activations() {
    let parts = |node, bits| evaluate(node, &layer(), bits, ZeroWeights::Computed).layers[0].energy.values();
    for (smaller, larger) in [(parts(22.0, 8), parts(45.0, 8)), (parts(45.0, 4), parts(45.0, 8))] {
        for (smaller, larger) in smaller.into_iter().zip(larger) {
            assert!(smaller < larger, "{smaller} {larger}");
        }
    }
}

#[test]
fn what_cannot_be_built_is_said() {
    let file = file();
    let none = ArrayDesign { rows: 0, ..file.design };
    let message = MacArray::new(none, &file.parameters).unwrap_err().to_string();
    assert!(message.contains("0 x"), "{message}");
    let array = MacArray::new(file.design, &file.parameters).unwrap();
    let message = array.evaluate(&[layer()], 8, 17, ZeroWeights::Computed).unwrap_err().to_string();
    assert!(message.contains("activations of 17 bits"), "{message}");
}
