//! The reference engine against the definition of a convolution, written out.

#![allow(clippy::unwrap_used, reason = "in a test, a panic is a failure that is told")]

use network::{
    FeatureMap, LinearEngine, LinearLayer, Padding, ReferenceEngine, Shape, TernaryWeights, Window,
};
use proptest::prelude::*;

/// A weight, 0 outside of the groups.
fn weight(weights: &TernaryWeights, k: usize, c: usize, i: usize, j: usize) -> i8 {
    let (of_group, groups) = (weights.inputs() / weights.groups(), weights.groups());
    if k * groups / weights.outputs() != c / of_group {
        return 0;
    }
    let place = (k * of_group + c % of_group) * weights.kernel_height() + i;
    weights.values()[place * weights.kernel_width() + j]
}

/// The definition, tap by tap, in 64 bits and with signed coordinates.
fn by_definition(layer: &LinearLayer, input: &FeatureMap) -> Vec<i64> {
    let (window, weights) = (layer.window(), layer.weights());
    let Shape { channels, height, width } = layer.input();
    let mut sums = Vec::new();
    for k in 0..layer.output().channels {
        for y in 0..layer.output().height {
            for x in 0..layer.output().width {
                let mut sum = 0;
                for c in 0..channels {
                    for i in 0..weights.kernel_height() {
                        for j in 0..weights.kernel_width() {
                            let row = (y * window.row_stride() + i) as isize - window.padding().top as isize;
                            let column =
                                (x * window.column_stride() + j) as isize - window.padding().left as isize;
                            let inside =
                                (0..height as isize).contains(&row) && (0..width as isize).contains(&column);
                            let value = match inside {
                                true => input.values()[(c * height + row as usize) * width + column as usize],
                                false => layer.input_zeros()[c],
                            };
                            sum += i64::from(weight(weights, k, c, i, j)) * i64::from(value);
                        }
                    }
                }
                sums.push(sum);
            }
        }
    }
    sums
}

fn by_reference(layer: &LinearLayer, input: &FeatureMap) -> Vec<i64> {
    let Ok(accumulators) = ReferenceEngine.accumulate(layer, input);
    assert_eq!(accumulators.shape(), layer.output());
    accumulators.values().iter().copied().map(i64::from).collect()
}

#[derive(Debug, Clone)]
struct Case {
    layer: LinearLayer,
    input: FeatureMap,
}

fn cases() -> impl Strategy<Value = Case> {
    let channels = (1..4_usize, 1..4_usize, 1..4_usize);
    let sides = (1..6_usize, 1..6_usize, 1..4_usize, 1..4_usize, 1..10_usize, 1..10_usize);
    let padding = (0..5_usize, 0..5_usize, 0..5_usize, 0..5_usize);
    let geometry = (channels, sides, padding).prop_filter_map(
        "a window that fits",
        |((k, c, groups), (kh, kw, down, across, h, w), (top, left, bottom, right))| {
            let padding = Padding { top, left, bottom, right };
            let window = Window::of((kh, kw), (down, across), padding).ok()?;
            let input = Shape::new(c * groups, h, w);
            window.output(input).map(|_| (k * groups, groups, window, input))
        },
    );
    geometry.prop_flat_map(|(outputs, groups, window, input)| {
        let kernel = [outputs, input.channels / groups, window.kernel_height(), window.kernel_width()];
        let weights = prop::collection::vec(-1..=1_i8, kernel.iter().product::<usize>());
        // Whole filters of zeros are common in sparse networks.
        let empty = prop::collection::vec(prop::bool::weighted(0.2), outputs);
        let values = prop::collection::vec(prop_oneof![Just(0), Just(u16::MAX), any::<u16>()], input.len());
        let zeros = prop::collection::vec(prop_oneof![Just(0), any::<u16>()], input.channels);
        (weights, empty, values, zeros).prop_map(move |(mut weights, empty, values, zeros)| {
            let filter = weights.len() / outputs;
            for (filter, _) in weights.chunks_exact_mut(filter).zip(empty).filter(|(_, empty)| *empty) {
                filter.fill(0);
            }
            let weights = TernaryWeights::grouped(kernel, groups, weights).unwrap();
            let layer = LinearLayer::convolution("made", weights, window, input, u16::MAX).unwrap();
            let layer = layer.with_input_zeros(zeros).unwrap();
            Case { layer, input: FeatureMap::new(input, values).unwrap() }
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_reference_is_the_definition_at_every_kernel_stride_padding_and_grouping(case in cases()) {
        prop_assert_eq!(by_reference(&case.layer, &case.input), by_definition(&case.layer, &case.input));
    }

    #[test]
    fn accumulators_that_follow_changes_are_those_of_the_changed_input(
        case in cases(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u16>()), 0..8),
    ) {
        let Ok(mut followed) = ReferenceEngine.accumulate(&case.layer, &case.input);
        let mut changed = case.input.clone();
        for (place, value) in changes {
            let place = place.index(changed.values().len());
            changed.values_mut()[place] = value;
        }
        case.layer.follow_changes(&case.input, &changed, &mut followed);
        let followed: Vec<i64> = followed.values().iter().copied().map(i64::from).collect();
        prop_assert_eq!(followed, by_definition(&case.layer, &changed));
    }

    #[test]
    fn inputs_that_stand_for_zero_everywhere_give_what_is_taken_off(case in cases()) {
        let zeros = case.layer.input_zeros().iter();
        let positions = case.layer.input().positions();
        let zeros = zeros.flat_map(|&zero| std::iter::repeat_n(zero, positions)).collect();
        let sums = by_reference(&case.layer, &FeatureMap::new(case.layer.input(), zeros).unwrap());
        let expected = case.layer.accumulators_of_zero();
        let positions = case.layer.output().positions();
        let expected: Vec<i64> = expected.iter().flat_map(|&sum| std::iter::repeat_n(sum, positions)).collect();
        prop_assert_eq!(sums, expected);
    }

    #[test]
    fn a_fully_connected_layer_is_a_matrix_product(
        weights in prop::collection::vec(-1..=1_i8, 3 * 7),
        values in prop::collection::vec(any::<u16>(), 7),
    ) {
        let layer = TernaryWeights::new([3, 7, 1, 1], weights.clone()).unwrap();
        let layer = LinearLayer::fully_connected("made", layer, u16::MAX).unwrap();
        let input = FeatureMap::new(layer.input(), values.clone()).unwrap();
        let product = |row: &[i8]| row.iter().zip(&values).map(|(&w, &v)| i64::from(w) * i64::from(v)).sum::<i64>();
        prop_assert_eq!(by_reference(&layer, &input), weights.chunks_exact(7).map(product).collect::<Vec<_>>());
    }
}

#[test]
fn a_layer_whose_accumulators_could_leave_32_bits_is_refused() {
    let layer = |inputs: usize| {
        let weights = TernaryWeights::new([1, inputs, 1, 1], vec![1; inputs]).unwrap();
        LinearLayer::fully_connected("wide", weights, u16::MAX)
    };
    // 32 768 · 65 535 = 2^31 − 32 768 is the most that fits.
    assert!(layer(32_768).is_ok());
    assert!(
        layer(32_769).unwrap_err().to_string().contains("layer `wide`: an accumulator can reach 2147516415")
    );
}

#[test]
fn weights_window_and_input_that_do_not_fit_name_the_layer() {
    let weights = || TernaryWeights::new([2, 3, 3, 3], vec![0; 54]).unwrap();
    let window = |kernel, padding| Window::new(kernel, kernel, 1, padding).unwrap();
    let message = |window, input| {
        LinearLayer::convolution("conv7", weights(), window, input, 15).unwrap_err().to_string()
    };
    assert_eq!(
        message(window(3, 1), Shape::new(4, 8, 8)),
        "layer `conv7`: the weights take 3 input channels, but the input is 4x8x8"
    );
    assert!(message(window(5, 1), Shape::new(3, 8, 8)).contains("kernel is (3, 3), the window's (5, 5)"));
    assert!(message(window(3, 0), Shape::new(3, 2, 8)).contains("does not fit into the padded input 3x2x8"));
    // Padding alone would make room for the kernel.
    let zeros = |zeros: Vec<u16>| {
        let layer =
            LinearLayer::convolution("conv7", weights(), window(3, 1), Shape::new(3, 8, 8), 15).unwrap();
        layer.with_input_zeros(zeros).unwrap_err().to_string()
    };
    assert!(zeros(vec![0, 0]).contains("layer `conv7`: [0, 0] stand for 0 in the input; expected 3 values"));
    assert!(zeros(vec![0, 16, 0]).contains("of at most 15"));
    assert!(message(window(3, 2), Shape::new(3, 0, 8)).contains("does not fit into the padded input 3x0x8"));
}
