//! Inference against the definition, and the file that keeps a network.

#![allow(clippy::unwrap_used, reason = "in a test, a panic is a failure that is told")]

use float_network::{
    BatchNorm, Convolution, FloatMap, FloatNetwork, FloatNetworkBuilder, FullyConnected, Function, NodeId,
    Operation, PixelScale, Pool, Quantization, SavedNetwork, Window,
};
use network::{Checkpoint, Shape};
use proptest::prelude::*;

/// Values that look random and are the same everywhere.
fn values(count: usize, seed: u32) -> Vec<f32> {
    let mut state = seed;
    let mut draw = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / 8_388_608.0 - 1.0
    };
    (0..count).map(|_| draw()).collect()
}

/// One operation on an image.
fn apply(operation: Operation, image: &FloatMap) -> FloatMap {
    let mut builder = FloatNetworkBuilder::new("input", image.shape()).unwrap();
    let node = builder.add("node", operation, vec![NodeId::IMAGE]).unwrap();
    let network = builder.finish("net", PixelScale::unit(image.shape().channels), node).unwrap();
    network.infer(std::slice::from_ref(image)).unwrap().remove(0)
}

/// The value at a place of the padded input; nothing in the padding.
fn at(map: &FloatMap, channel: usize, row: isize, column: isize) -> Option<f32> {
    let Shape { height, width, .. } = map.shape();
    let (row, column) = (usize::try_from(row).ok()?, usize::try_from(column).ok()?);
    (row < height && column < width).then(|| map.values()[(channel * height + row) * width + column])
}

/// The taps of a window that lie inside, with their places in the kernel.
fn taps(map: &FloatMap, window: Window, channel: usize, y: usize, x: usize) -> Vec<(usize, f32)> {
    let ([rows, columns], [down, right], [top, left, ..]) =
        (window.kernel(), window.stride(), window.padding());
    let place = |tap: usize| {
        let [below, beside] = window.dilation();
        let row = (y * down + tap / columns * below) as isize - top as isize;
        let column = (x * right + tap % columns * beside) as isize - left as isize;
        Some((tap, at(map, channel, row, column)?))
    };
    (0..rows * columns).filter_map(place).collect()
}

fn window() -> impl Strategy<Value = Window> {
    let padding = [0..3_usize, 0..3_usize, 0..3_usize, 0..3_usize];
    ([1..4_usize, 1..4_usize], [1..4_usize, 1..3_usize], [1..3_usize, 1..3_usize], padding).prop_map(
        |(kernel, stride, dilation, padding)| {
            let window = Window::new(kernel, stride, padding).unwrap().dilated(dilation).unwrap();
            // Every map of these tests has 3 rows and columns: a window that spans more is taken as it would be undilated.
            if window.span().iter().all(|&span| span <= 3) {
                window
            } else {
                Window::new(kernel, stride, padding).unwrap()
            }
        },
    )
}

/// A window that a pool may have: every position holds some of the map.
fn pool_window() -> impl Strategy<Value = Window> {
    window().prop_map(|window| {
        let ([rows, columns], padding) = (window.kernel(), window.padding());
        let most = [rows - 1, columns - 1, rows - 1, columns - 1];
        let padding = std::array::from_fn(|side| padding[side].min(most[side]));
        Window::new(window.kernel(), window.stride(), padding).unwrap()
    })
}

fn close(found: &[f32], expected: &[f32]) -> bool {
    found.len() == expected.len()
        && found.iter().zip(expected).all(|(a, b)| (a - b).abs() <= 1e-4 * (1.0 + b.abs()))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn convolutions_are_sums_over_their_windows(
        window in window(), groups in 1..4_usize, per_group in 1..4_usize, outputs in 1..4_usize,
        [height, width] in [3..8_usize, 3..8_usize], seed in any::<u32>(),
    ) {
        let image = Shape::new(groups * per_group, height, width);
        let (outputs, taps_of_filter) = (outputs * groups, per_group * window.taps());
        let weights = values(outputs * taps_of_filter, seed);
        let bias = values(outputs, seed ^ 1);
        let input = FloatMap::new(image, values(image.len(), seed ^ 2)).unwrap();
        let layer = Convolution::new([outputs, per_group], groups, window, weights.clone(), Some(bias.clone())).unwrap();
        let found = apply(Operation::Convolution(layer), &input);
        let mut expected = Vec::new();
        for output in 0..outputs {
            let group = output / (outputs / groups);
            for y in 0..found.shape().height {
                for x in 0..found.shape().width {
                    let mut sum = f64::from(bias[output]);
                    for channel in 0..per_group {
                        for (tap, value) in taps(&input, window, group * per_group + channel, y, x) {
                            let weight = weights[(output * per_group + channel) * window.taps() + tap];
                            sum += f64::from(weight) * f64::from(value);
                        }
                    }
                    expected.push(sum as f32);
                }
            }
        }
        prop_assert!(close(found.values(), &expected));
    }

    #[test]
    fn pools_are_maxima_and_means_of_their_windows(
        window in pool_window(), counts_padding in any::<bool>(), [height, width] in [3..8_usize, 3..8_usize], seed in any::<u32>(),
    ) {
        let image = Shape::new(2, height, width);
        let input = FloatMap::new(image, values(image.len(), seed)).unwrap();
        let largest = apply(Operation::MaxPool(window), &input);
        let mean = apply(Operation::AveragePool(Pool { window, counts_padding }), &input);
        let (mut maxima, mut means) = (Vec::new(), Vec::new());
        for channel in 0..2 {
            for y in 0..mean.shape().height {
                for x in 0..mean.shape().width {
                    let taps = taps(&input, window, channel, y, x);
                    let all = if counts_padding { window.taps() } else { taps.len().max(1) };
                    maxima.push(taps.iter().fold(f32::NEG_INFINITY, |most, (_, value)| most.max(*value)));
                    means.push(taps.iter().map(|(_, value)| value).sum::<f32>() / all as f32);
                }
            }
        }
        prop_assert_eq!(largest.values(), &maxima[..]);
        prop_assert!(close(mean.values(), &means));
    }
}

/// A network with every operation.
fn everything() -> FloatNetwork {
    let mut builder = FloatNetworkBuilder::new("image", Shape::new(2, 6, 6)).unwrap();
    let mut add =
        |name: &str, operation, inputs: &[NodeId]| builder.add(name, operation, inputs.to_vec()).unwrap();
    let window = Window::new([3, 2], [1, 1], [1, 0, 1, 1]).unwrap();
    let layer = Convolution::new([2, 1], 2, window, values(12, 1), Some(values(2, 2))).unwrap();
    let x = add("pad", Operation::Pad([1, 0, 0, 1]), &[NodeId::IMAGE]);
    let x = add("conv", Operation::Convolution(layer), &[x]);
    let norm = BatchNorm::new(values(2, 3), values(2, 4), values(2, 5), vec![0.5, 2.0], 1e-3).unwrap();
    let x = add("bn", Operation::BatchNorm(norm), &[x]);
    let y = add("relu", Operation::Relu, &[x]);
    let z = add("clip", Operation::Clip { low: -0.5, high: f32::INFINITY }, &[x]);
    let z = add("leaky", Operation::Function(Function::LeakyRelu { slope: 0.1 }), &[z]);
    let z = add("swish", Operation::Multiply, &[z, y]);
    let z = add("swap", Operation::Pick(vec![1, 0]), &[z]);
    let x = add("sum", Operation::Add, &[y, z, y]);
    let x = add("both", Operation::Concat, &[x, z]);
    let square = Window::new([2, 2], [2, 2], [0; 4]).unwrap();
    let x = add("max", Operation::MaxPool(square), &[x]);
    let x = add("mean", Operation::AveragePool(Pool { window: square, counts_padding: true }), &[x]);
    let x = add("round", Operation::Quantize(Quantization { step: 0.1, zero: 3, maximum: 15 }), &[x]);
    let x = add("all", Operation::GlobalAveragePool, &[x]);
    let x = add("flat", Operation::Flatten, &[x]);
    let layer = FullyConnected::new([3, 4], values(12, 6), None).unwrap();
    let x = add("fc", Operation::FullyConnected(layer), &[x]);
    let pixels = PixelScale::new(vec![0.4, 0.5], vec![0.2, 0.3]).unwrap();
    builder.finish("everything", pixels, x).unwrap()
}

#[test]
fn a_saved_network_is_read_back_and_saved_again_to_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (folder.path().join("a.zst"), folder.path().join("b.zst"));
    let saved = SavedNetwork { network: everything(), notes: vec!["made here".into()] };
    saved.save(&first).unwrap();
    let read = SavedNetwork::load(&first).unwrap();
    assert_eq!(read, saved);
    read.save(&second).unwrap();
    assert_eq!(std::fs::read(first).unwrap(), std::fs::read(second).unwrap());
}

#[test]
fn files_that_are_not_float_networks_are_told_with_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.float.safetensors");
    let refused = |change: &dyn Fn(&mut Checkpoint)| {
        SavedNetwork { network: everything(), notes: Vec::new() }.save(&path).unwrap();
        let mut file = Checkpoint::load(&path).unwrap();
        change(&mut file);
        file.save(&path).unwrap();
        SavedNetwork::load(&path).unwrap_err().to_string()
    };
    let edited = |from: &'static str, to: &'static str| {
        move |file: &mut Checkpoint| {
            let graph = file.metadata()["graph"].replace(from, to);
            file.metadata_mut().insert("graph".into(), graph);
        }
    };
    let no_graph = |file: &mut Checkpoint| {
        file.metadata_mut().remove("graph");
    };
    assert!(refused(&no_graph).ends_with("no graph in its metadata; expected a file that `import` wrote"));
    for (from, to, words) in [
        ("\"format\":1", "\"format\":2", "format 2; expected 1"),
        (
            "\"inputs\":[\"conv\"]",
            "\"inputs\":[\"fc\"]",
            "node `bn` reads `fc`, which does not come before it",
        ),
        ("\"outputs\":3", "\"outputs\":4", "tensor `fc.weight` is of shape [3, 4]; expected [4, 4]"),
        ("\"kernel\":[2,2]", "\"kernel\":[0,2]", "a window needs a kernel of at least 1x1"),
        ("\"kernel\":[2,2]", "\"kernel\":[9,2]", "node `max` (max pool): reads 4x"),
        ("\"epsilon\":0.001", "\"epsilon\":-3.0", "value 0 of `variance` is 0.5"),
        ("\"step\":0.1", "\"step\":0.0", "a step above 0"),
        ("\"relu\"}", "\"tanh\"}", "unknown variant `tanh`"),
    ] {
        let error = refused(&edited(from, to));
        assert!(error.contains(words), "{from} as {to}: {error}");
    }
}

#[test]
fn results_do_not_depend_on_how_many_images_are_inferred_together() {
    let network = everything();
    let shape = network.input();
    let images: Vec<FloatMap> =
        (0..37).map(|seed| FloatMap::new(shape, values(shape.len(), seed)).unwrap()).collect();
    let together = network.infer(&images).unwrap();
    for (image, expected) in images.iter().zip(&together) {
        assert_eq!(network.infer(std::slice::from_ref(image)).unwrap()[0], *expected);
    }
    let wrong = FloatMap::new(Shape::new(1, 1, 1), vec![0.0]).unwrap();
    assert_eq!(
        network.infer(&[wrong]).unwrap_err().to_string(),
        "an image of 1x1x1; the network reads 2x6x6"
    );
}
