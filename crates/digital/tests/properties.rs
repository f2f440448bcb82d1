//! What must hold for any layer on a digital array, and that the array as a system says what its model says.

#![allow(clippy::unwrap_used)]

use std::path::PathBuf;

use digital::{
    ArrayDesign, DigitalParts, DigitalSystem, MacArray, MatrixLayer, ZeroWeights, load_technology,
};
use network::{Shape, Window};
use proptest::prelude::*;
use system::{Activations, Layer, LayerShape, Pool, Precision, System, WeightStatistics, Workload};
use technology::node::{GATE_EXPONENT, SUPPLY_NODE_NM, Supply};
use technology::{Quantity, TechnologyFile};

fn file() -> TechnologyFile<ArrayDesign> {
    let path =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../experiments/technology/digital/mac-array.yaml");
    load_technology(&path).unwrap()
}

fn array() -> MacArray {
    let file = file();
    MacArray::new(file.design, &file.parameters).unwrap()
}

fn matrices() -> impl Strategy<Value = MatrixLayer> {
    (1..5_000_u64, 1..200_u64, 1..3_000_u64, 1..600_u64, 1..100_000_u64, 1..100_000_u64, 0.0..=1.0_f64)
        .prop_map(|(vectors, groups, rows, outputs, input_values, stored_values, nonzero_weights)| {
            MatrixLayer {
                name: "a".into(),
                vectors,
                groups,
                rows,
                outputs,
                input_values,
                stored_values,
                nonzero_weights,
            }
        })
}

/// Energy by part and latency of one layer, in pJ and ns.
fn costs(layer: &MatrixLayer, bits: (u32, u32), zeros: ZeroWeights) -> [f64; 6] {
    let report = array().evaluate(std::slice::from_ref(layer), bits.0, bits.1, zeros).unwrap();
    let [a, b, c, d, e] = report.layers[0].energy.values().map(Quantity::base);
    [a, b, c, d, e, report.layers[0].latency.base()]
}

fn shapes() -> impl Strategy<Value = LayerShape> {
    let pools = prop_oneof![
        Just(Pool::None),
        Just(Pool::Global),
        (1..4_usize, 1..4_usize).prop_map(|(rows, columns)| Pool::Local { rows, columns }),
    ];
    (
        1..4_usize,
        1..9_usize,
        1..9_usize,
        (6..15_usize, 6..15_usize),
        (1..5_usize, 1..3_usize, 0..2_usize),
        pools,
    )
        .prop_map(|(groups, inputs, outputs, (height, width), (kernel, stride, padding), pool)| {
            LayerShape {
                name: "a".into(),
                input: Shape::new(groups * inputs, height, width),
                groups,
                outputs: groups * outputs,
                window: Window::new(kernel, kernel, stride, padding.min(kernel - 1)).unwrap(),
                pool,
                activations: Activations::TYPICAL,
            }
        })
}

fn workload(shapes: Vec<LayerShape>, weights: WeightStatistics) -> Workload {
    let layers = shapes.into_iter().map(|shape| Layer::new(shape, 0.2).unwrap()).collect();
    Workload { name: "a network".into(), layers, precision: Precision { weights, activation_bits: 4 } }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn no_part_falls_when_a_layer_grows_along_any_side(
        layer in matrices(),
        side in 0..6_usize,
        more in 1..500_u64,
        bits in (1..=16_u32, 1..=16_u32),
    ) {
        let mut larger = layer.clone();
        let extent = [
            &mut larger.vectors,
            &mut larger.groups,
            &mut larger.rows,
            &mut larger.outputs,
            &mut larger.input_values,
            &mut larger.stored_values,
        ];
        *extent.into_iter().nth(side).unwrap() += more;
        for zeros in [ZeroWeights::Computed, ZeroWeights::Skipped] {
            let (before, after) = (costs(&layer, bits, zeros), costs(&larger, bits, zeros));
            for (part, (before, after)) in before.into_iter().zip(after).enumerate() {
                prop_assert!(before <= after, "part {part}: {before} {after}");
            }
            prop_assert!(before.iter().sum::<f64>() < after.iter().sum::<f64>());
        }
    }

    #[test]
    fn no_part_falls_with_more_bits(layer in matrices(), bits in (1..=15_u32, 1..=15_u32)) {
        let before = costs(&layer, bits, ZeroWeights::Computed);
        for wider in [(bits.0 + 1, bits.1), (bits.0, bits.1 + 1)] {
            let after = costs(&layer, wider, ZeroWeights::Computed);
            prop_assert!(before.iter().zip(after).all(|(before, after)| *before <= after));
        }
    }

    #[test]
    fn more_weights_that_are_not_zero_cost_more_where_zeros_are_skipped_and_never_more_than_computing_all(
        layer in matrices(),
        shares in (0.0..=1.0_f64, 0.0..=1.0_f64),
    ) {
        let with = |nonzero_weights| MatrixLayer { nonzero_weights, ..layer.clone() };
        let (few, many) = (with(shares.0.min(shares.1)), with(shares.0.max(shares.1)));
        let skipped = |layer: &MatrixLayer| costs(layer, (2, 4), ZeroWeights::Skipped);
        let computed = costs(&few, (2, 4), ZeroWeights::Computed);
        prop_assert_eq!(computed, costs(&many, (2, 4), ZeroWeights::Computed));
        for ((few, many), computed) in skipped(&few).into_iter().zip(skipped(&many)).zip(computed) {
            prop_assert!(few <= many && many <= computed);
        }
        prop_assert_eq!(skipped(&with(1.0)), computed);
    }

    #[test]
    fn groups_multiply_what_one_group_does(layer in matrices()) {
        let one = costs(&MatrixLayer { groups: 1, ..layer.clone() }, (2, 4), ZeroWeights::Computed);
        let all = costs(&layer, (2, 4), ZeroWeights::Computed);
        // Arithmetic, registers and the buffer's traffic; the memory holds activations once, and groups may share the array.
        for part in 0..3 {
            prop_assert!((all[part] / (one[part] * layer.groups as f64) - 1.0).abs() < 1e-12);
        }
        prop_assert!(all[5] <= one[5] * layer.groups as f64 * (1.0 + 1e-12));
    }

    #[test]
    fn groups_stand_along_the_diagonal_until_a_side_is_full(
        groups in 1..200_u64,
        rows in 1..80_u64,
        outputs in 1..80_u64,
        vectors in 1..100_u64,
    ) {
        let layer = MatrixLayer {
            name: "a".into(),
            vectors,
            groups,
            rows,
            outputs,
            input_values: 1,
            stored_values: 1,
            nonzero_weights: 1.0,
        };
        let ArrayDesign { rows: down, columns: across, .. } = file().design;
        // Place one group after the other; one that is larger than the array takes a turn for each of its blocks.
        let blocks = (rows as usize).div_ceil(down) * (outputs as usize).div_ceil(across);
        let (mut turns, mut used) = (0, (down, across));
        for _ in 0..groups {
            used = (used.0 + rows as usize, used.1 + outputs as usize);
            if used.0 > down || used.1 > across {
                turns += blocks;
                used = (rows as usize, outputs as usize);
            }
        }
        // A cycle takes 1 ns.
        let cycles = turns * (vectors as usize + 2 * down + across);
        let [.., latency] = costs(&layer, (2, 4), ZeroWeights::Computed);
        prop_assert!((latency / cycles as f64 - 1.0).abs() < 1e-12, "{latency} {cycles}");
    }

    #[test]
    fn matrices_hold_the_weights_and_vectors_of_the_layer(shape in shapes()) {
        let window = shape.window;
        let matrix = MatrixLayer::of(&Layer::new(shape.clone(), 0.2).unwrap()).unwrap();
        // Positions at which the kernel lies on the padded input, one by one.
        let along = |extent: usize, kernel: usize, stride: usize, padding: usize| {
            (0..extent + padding).step_by(stride).filter(|first| first + kernel <= extent + padding).count()
        };
        let padding = window.padding();
        let height = along(shape.input.height, window.kernel_height(), window.row_stride(), padding.top + padding.bottom);
        let width = along(shape.input.width, window.kernel_width(), window.column_stride(), padding.left + padding.right);
        prop_assert_eq!(matrix.vectors as usize, height * width);
        let weights = shape.outputs * (shape.input.channels / shape.groups) * window.taps();
        prop_assert_eq!((matrix.groups * matrix.rows * matrix.outputs) as usize, weights);
        prop_assert_eq!(matrix.input_values as usize, shape.input.len());
        let stored = match shape.pool {
            Pool::None => height * width,
            Pool::Global => 1,
            Pool::Local { rows, columns } => (height * width).div_ceil(rows * columns),
        };
        prop_assert_eq!(matrix.stored_values as usize, stored * shape.outputs);
    }

    #[test]
    fn the_system_says_what_the_array_says(
        shapes in prop::collection::vec(shapes(), 1..5),
        bits in prop::option::of(2..=16_u32),
    ) {
        let weights = bits.map_or(WeightStatistics::Ternary { zeros: 0.8 }, |bits| WeightStatistics::Symmetric { bits });
        let (file, workload) = (file(), workload(shapes, weights));
        let system = DigitalSystem::new("mac-array", file.design, file.parameters.clone(), ZeroWeights::Skipped);
        let layers: Vec<_> = workload.layers.iter().map(|layer| MatrixLayer::of(layer).unwrap()).collect();
        let expected = array().evaluate(&layers, weights.bits(), 4, ZeroWeights::Skipped).unwrap();
        let report = system.evaluate(&workload).unwrap();
        prop_assert_eq!(report.energy(), expected.energy());
        prop_assert_eq!((report.latency(), report.area()), (Some(expected.latency()), Some(expected.area)));
        prop_assert_eq!((report.arrays(), report.program_bytes()), (Some(1), None));
        prop_assert_eq!(system.prepare(&workload).unwrap().energy(&file.parameters).unwrap(), expected.energy());
        for (layer, expected) in report.layers().iter().zip(&expected.layers) {
            prop_assert_eq!(layer.energy(), expected.energy.total());
        }
        let names: Vec<_> = report.parts().into_iter().map(|(name, _)| name).collect();
        prop_assert_eq!(names, DigitalParts::NAMES);
    }
}

#[test]
fn what_the_system_cannot_compute_is_said() {
    let file = file();
    let shape = LayerShape {
        name: "a".into(),
        input: Shape::new(3, 8, 8),
        groups: 1,
        outputs: 4,
        window: Window::POINT,
        pool: Pool::None,
        activations: Activations::Uniform,
    };
    let ternary = workload(vec![shape.clone()], WeightStatistics::Ternary { zeros: 0.8 });
    let say = |design, parameters, workload: &Workload| {
        let system = DigitalSystem::new("tiny", design, parameters, ZeroWeights::Computed);
        system.evaluate(workload).unwrap_err().to_string()
    };
    let none = ArrayDesign { rows: 0, ..file.design };
    let message = say(none, file.parameters.clone(), &ternary);
    assert!(message.starts_with("digital `tiny`: digital array of 0 x 32"), "{message}");
    let mut empty = ternary.clone();
    empty.layers[0].shape.outputs = 0;
    let message = say(file.design, file.parameters.clone(), &empty);
    assert!(message.starts_with("layer `a`: an input of 3x8x8 and 0 outputs"), "{message}");
    // The supply at 22 nm is what the ratio is taken to.
    let at_22 = file.parameters.with_value("scaling.reference_node", SUPPLY_NODE_NM).unwrap();
    let message = say(file.design, at_22, &ternary);
    assert!(message.contains("expected a reference node other than 22 nm"), "{message}");
    let message = Layer::new(shape, 1.5).unwrap_err().to_string();
    assert!(message.contains("a share of 1.5 of its weights"), "{message}");
}

#[test]
fn the_file_scales_by_the_constants_of_the_rules_between_nodes() {
    let parameters = file().parameters;
    let exponent = parameters.get("scaling.gate_exponent").unwrap();
    let stated = (GATE_EXPONENT.value, GATE_EXPONENT.low, GATE_EXPONENT.high);
    assert_eq!((exponent.value, exponent.low, exponent.high), stated);
    let ratio = parameters.get("scaling.supply_ratio").unwrap().value;
    let line = Supply::STATED.at(45.0) / Supply::STATED.at(SUPPLY_NODE_NM);
    assert!((ratio / line - 1.0).abs() < 0.001, "{ratio} {line}");
}
