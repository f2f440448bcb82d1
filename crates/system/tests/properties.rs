//! What must hold for any layer's shape, and for a quoted energy.

#![allow(clippy::unwrap_used)]

use network::{Shape, Window};
use proptest::prelude::*;
use system::{Activations, Layer, LayerShape, Pool, Precision, Quoted, System, WeightStatistics, Workload};
use technology::Energy;

fn shapes() -> impl Strategy<Value = LayerShape> {
    let pools = prop_oneof![
        Just(Pool::None),
        Just(Pool::Global),
        (0..4_usize, 0..4_usize).prop_map(|(rows, columns)| Pool::Local { rows, columns }),
    ];
    let window = (1..5_usize, 1..5_usize, 1..3_usize, 0..4_usize);
    (0..4_usize, 0..9_usize, 0..9_usize, (0..15_usize, 0..15_usize), window, pools).prop_map(
        |(groups, channels, outputs, (height, width), (down, across, stride, padding), pool)| LayerShape {
            name: "a".into(),
            input: Shape::new(channels, height, width),
            groups,
            outputs,
            window: Window::new(down, across, stride, padding.min(down - 1).min(across - 1)).unwrap(),
            pool,
            activations: Activations::TYPICAL,
        },
    )
}

proptest! {
    #[test]
    fn a_layer_is_refused_with_its_name_or_has_all_of_its_numbers(shape in shapes()) {
        let layer = Layer::new(shape.clone(), 0.5);
        if let Err(error) = layer {
            prop_assert!(error.to_string().starts_with("layer `a`: "), "{error}");
            return Ok(());
        }
        let (height, width) = shape.output_extent().unwrap();
        let (taps, stored) = (shape.real_tap_share().unwrap(), shape.stored_share().unwrap());
        prop_assert!(height * width > 0 && taps > 0.0 && taps <= 1.0 && stored > 0.0 && stored <= 1.0);
        prop_assert_eq!(shape.input.channels % shape.groups, 0);
        prop_assert_eq!(shape.rows(), shape.input.channels / shape.groups * shape.window.taps());
        // Whole positions: no fewer than the share says, and fewer than one more.
        let positions = shape.stored_positions().unwrap() as f64;
        let share = stored * (height * width) as f64;
        prop_assert!(positions >= share - 1e-9 && positions < share + 1.0);
    }

    #[test]
    fn bits_are_set_in_a_share(
        zeros in 0.0..=1.0_f64,
        mean in 0.0..10.0_f64,
        bits in 1..=16_u32,
    ) {
        let share = Activations::Rectified { zeros, mean }.set_bit_share(bits);
        prop_assert!((0.0..=1.0 - zeros + 1e-12).contains(&share), "{share}");
        let fewer = Activations::Rectified { zeros: zeros / 2.0, mean }.set_bit_share(bits);
        prop_assert!(fewer >= share);
    }

    #[test]
    fn a_quoted_energy_is_that_of_any_workload(energy in 0.0..1e12_f64, node_nm in 7.0..130.0_f64) {
        let quoted = Quoted::new("a macro", node_nm, Energy::picojoules(energy));
        let precision = Precision { weights: WeightStatistics::Symmetric { bits: 8 }, activation_bits: 8 };
        let workload = Workload { name: "a network".into(), layers: Vec::new(), precision };
        let system: &dyn System = &quoted;
        prop_assert_eq!(system.evaluate(&workload).unwrap().energy(), Energy::picojoules(energy));
        prop_assert_eq!((system.kind(), system.name(), system.node_nm()), ("published", "a macro", node_nm));
        prop_assert!(system.declarations().is_empty() && system.parameters().iter().next().is_none());
        prop_assert_eq!(system.evaluate(&workload).unwrap().latency(), None);
    }
}
