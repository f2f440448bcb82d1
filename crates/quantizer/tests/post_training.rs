//! Whole networks quantized after training. With weights that are ternary already and activations of 8 bits, the integer network
//! must give the float network's results but for rounding: that holds every part of the lowering to account.

#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test, a panic is a failure that is told")]

use std::path::Path;

use float_network::{
    BatchNorm, Convolution, FloatNetwork, FloatNetworkBuilder, FullyConnected, Function, NodeId, Operation,
    PixelScale, Pool, Quantization, Window,
};
use network::{ImageSet, Network, NetworkDescription, Shape};
use quantizer::{
    Correction, Factor, Fit, Granularity, PostTrained, PostTraining, Sparsity, StepRule, ThresholdRule,
    WeightRule, quantize_network,
};

/// A linear congruential generator (Knuth's MMIX constants): enough for made-up weights, and the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f32 / (1_u32 << 24) as f32
    }

    fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.next()
    }

    fn vector(&mut self, count: usize, low: f32, high: f32) -> Vec<f32> {
        (0..count).map(|_| self.between(low, high)).collect()
    }

    /// Filters of −a, 0 and a, with an a of each filter's own.
    fn ternary(&mut self, filters: usize, length: usize) -> Vec<f32> {
        let mut weights = Vec::new();
        for _ in 0..filters {
            let scale = self.between(0.5, 1.5) / (length as f32 / 2.0).sqrt();
            weights.extend((0..length).map(|_| scale * (self.next() * 3.0 - 1.5).round().clamp(-1.0, 1.0)));
        }
        weights
    }
}

/// Builds networks with random weights.
struct Net {
    builder: FloatNetworkBuilder,
    random: Random,
    is_ternary: bool,
}

impl Net {
    fn new(image: Shape, is_ternary: bool) -> Self {
        let builder = FloatNetworkBuilder::new("input", image).unwrap();
        Self { builder, random: Random(7), is_ternary }
    }

    fn weights(&mut self, filters: usize, length: usize) -> Vec<f32> {
        if self.is_ternary {
            return self.random.ternary(filters, length);
        }
        let bound = (3.0 / length as f32).sqrt();
        self.random.vector(filters * length, -bound, bound)
    }

    fn add(&mut self, name: &str, operation: Operation, inputs: &[NodeId]) -> NodeId {
        self.builder.add(name, operation, inputs.to_vec()).unwrap()
    }

    fn channels(&self, node: NodeId) -> usize {
        self.builder.shape(node).unwrap().channels
    }

    fn conv(
        &mut self,
        name: &str,
        from: NodeId,
        outputs: usize,
        kernel: [usize; 2],
        groups: usize,
        padding: [usize; 4],
    ) -> NodeId {
        let inputs = self.channels(from) / groups;
        let window = Window::new(kernel, [1, 1], padding).unwrap();
        let weights = self.weights(outputs, inputs * window.taps());
        let bias = self.random.vector(outputs, -0.2, 0.2);
        let layer = Convolution::new([outputs, inputs], groups, window, weights, Some(bias)).unwrap();
        self.add(name, Operation::Convolution(layer), &[from])
    }

    fn norm(&mut self, name: &str, from: NodeId, epsilon: f64) -> NodeId {
        let channels = self.channels(from);
        let gamma = self.random.vector(channels, 0.5, 1.5);
        let [beta, mean] = [0, 1].map(|_| self.random.vector(channels, -0.3, 0.3));
        let variance = self.random.vector(channels, 0.5, 1.5);
        let norm = BatchNorm::new(gamma, beta, mean, variance, epsilon).unwrap();
        self.add(name, Operation::BatchNorm(norm), &[from])
    }

    fn relu(&mut self, name: &str, from: NodeId) -> NodeId {
        self.add(name, Operation::Relu, &[from])
    }

    fn classifier(&mut self, from: NodeId) -> NodeId {
        let flat = self.add("flatten", Operation::Flatten, &[from]);
        let inputs = self.channels(flat);
        let weights = self.weights(5, inputs);
        let bias = self.random.vector(5, -0.2, 0.2);
        let layer = FullyConnected::new([5, inputs], weights, Some(bias)).unwrap();
        self.add("fc", Operation::FullyConnected(layer), &[flat])
    }

    fn finish(self, output: NodeId, pixels: Option<PixelScale>) -> FloatNetwork {
        let channels = self.builder.shape(NodeId::IMAGE).unwrap().channels;
        self.builder.finish("made", pixels.unwrap_or_else(|| PixelScale::unit(channels)), output).unwrap()
    }
}

fn square(kernel: usize, stride: usize, padding: usize) -> Window {
    Window::new([kernel, kernel], [stride, stride], [padding; 4]).unwrap()
}

const IMAGE: Shape = Shape::new(3, 10, 10);

/// Convolutions with batch norms before and after pools, a fully connected layer over a map.
fn plain(is_ternary: bool) -> FloatNetwork {
    let mut net = Net::new(IMAGE, is_ternary);
    let x = net.conv("conv1", NodeId::IMAGE, 6, [3, 3], 1, [1; 4]);
    let x = net.norm("bn1", x, 1e-5);
    // The pool stands before the ReLU, which moves over it.
    let x = net.add("pool", Operation::MaxPool(square(3, 2, 1)), &[x]);
    let x = net.relu("relu1", x);
    let x = net.conv("conv2", x, 8, [3, 1], 1, [1, 0, 0, 0]);
    let x = net.norm("bn2", x, 1e-3);
    let x = net.add("clip", Operation::Clip { low: 0.0, high: 1.0 }, &[x]);
    let output = net.classifier(x);
    net.finish(output, None)
}

/// A block with an identity and one with a downsample, a sum of three.
fn residual(is_ternary: bool) -> FloatNetwork {
    let mut net = Net::new(IMAGE, is_ternary);
    let x = net.conv("stem", NodeId::IMAGE, 6, [3, 3], 1, [1; 4]);
    let x = net.relu("stem.relu", x);
    let y = net.conv("a1", x, 6, [3, 3], 1, [1; 4]);
    let y = net.relu("a1.relu", y);
    let y = net.conv("a2", y, 6, [3, 3], 1, [1; 4]);
    let y = net.norm("a2.bn", y, 1e-5);
    let y = net.add("a", Operation::Add, &[y, x]);
    let y = net.relu("a.relu", y);
    let z = net.conv("b1", y, 8, [3, 3], 1, [0; 4]);
    let short = net.conv("b.short", y, 8, [3, 3], 1, [0; 4]);
    let short = net.norm("b.short.bn", short, 1e-5);
    let third = net.conv("b.third", y, 8, [3, 3], 1, [0; 4]);
    let z = net.add("b", Operation::Add, &[z, short]);
    let z = net.add("b.more", Operation::Add, &[z, third]);
    let z = net.relu("b.relu", z);
    let z = net.add("mean", Operation::GlobalAveragePool, &[z]);
    let output = net.classifier(z);
    net.finish(output, None)
}

/// MobileNetV2's blocks: depthwise, ReLU6, results that can be negative.
fn inverted(is_ternary: bool) -> FloatNetwork {
    let mut net = Net::new(IMAGE, is_ternary);
    let clip = Operation::Clip { low: 0.0, high: 6.0 };
    let x = net.conv("stem", NodeId::IMAGE, 4, [3, 3], 1, [1; 4]);
    let y = net.conv("expand", x, 8, [1, 1], 1, [0; 4]);
    let y = net.norm("expand.bn", y, 1e-5);
    let y = net.add("expand.relu6", clip.clone(), &[y]);
    let y = net.conv("depthwise", y, 8, [3, 3], 8, [1; 4]);
    let y = net.norm("depthwise.bn", y, 1e-5);
    let y = net.add("depthwise.relu6", clip, &[y]);
    let y = net.conv("project", y, 4, [1, 1], 1, [0; 4]);
    let y = net.norm("project.bn", y, 1e-5);
    let x = net.add("sum", Operation::Add, &[x, y]);
    let x = net.add("pad", Operation::Pad([1, 0, 0, 1]), &[x]);
    let x = net.conv("grouped", x, 6, [2, 2], 2, [0; 4]);
    let x =
        net.add("mean", Operation::AveragePool(Pool { window: square(2, 2, 0), counts_padding: true }), &[x]);
    let output = net.classifier(x);
    let pixels = PixelScale::new(vec![0.485, 0.456, 0.406], vec![0.229, 0.224, 0.225]).unwrap();
    net.finish(
        output,
        is_ternary
            .then(|| PixelScale::new(vec![0.485, 0.456, 0.406], vec![0.25; 3]).unwrap())
            .or(Some(pixels)),
    )
}

/// Branches side by side, among them pools, a batch norm after them, and an end without a linear layer.
fn branches(is_ternary: bool) -> FloatNetwork {
    let mut net = Net::new(IMAGE, is_ternary);
    let x = net.conv("stem", NodeId::IMAGE, 4, [3, 3], 1, [1; 4]);
    let x = net.relu("stem.relu", x);
    let a = net.conv("one", x, 3, [1, 1], 1, [0; 4]);
    let b = net.conv("three", x, 3, [3, 3], 1, [1; 4]);
    let c = net.add("largest", Operation::MaxPool(square(3, 1, 1)), &[x]);
    let d =
        net.add("mean", Operation::AveragePool(Pool { window: square(3, 1, 1), counts_padding: true }), &[x]);
    let ab = net.add("ab", Operation::Concat, &[a, b]);
    let ab = net.relu("ab.relu", ab);
    let x = net.add("all", Operation::Concat, &[ab, c, d]);
    let x = net.norm("all.bn", x, 1e-5);
    let x = net.relu("all.relu", x);
    let x = net.conv("last", x, 5, [3, 3], 1, [0; 4]);
    let x = net.relu("last.relu", x);
    let x = net.add("logits.mean", Operation::GlobalAveragePool, &[x]);
    let output = net.add("logits.flat", Operation::Flatten, &[x]);
    net.finish(output, None)
}

/// Zeros around signed values, means that leave padding out, bounds on both sides, dilation, a shuffle, tables and gates.
fn foreign(is_ternary: bool) -> FloatNetwork {
    let mut net = Net::new(IMAGE, is_ternary);
    let x = net.conv("stem", NodeId::IMAGE, 6, [3, 3], 1, [1; 4]);
    let x = net.add("zeros", Operation::Pad([1, 0, 2, 1]), &[x]);
    let x = net.add("largest", Operation::MaxPool(square(3, 1, 0)), &[x]);
    let x = net.add("bounds", Operation::Clip { low: -0.5, high: 0.75 }, &[x]);
    let y = net.add("first", Operation::Pick(vec![0, 1, 2]), &[x]);
    let z = net.add("second", Operation::Pick(vec![5, 4, 3]), &[x]);
    let z = net.add(
        "mean",
        Operation::AveragePool(Pool { window: square(3, 1, 1), counts_padding: false }),
        &[z],
    );
    let x = net.add("both", Operation::Concat, &[y, z]);
    let x = net.add("shuffled", Operation::Pick(vec![0, 3, 1, 4, 2, 5]), &[x]);
    let window = square(3, 1, 2).dilated([2, 2]).unwrap();
    let weights = net.weights(6, 9);
    let layer = Convolution::new([6, 1], 6, window, weights, None).unwrap();
    let x = net.add("dilated", Operation::Convolution(layer), &[x]);
    // Hard swish as exporters write it.
    let three = BatchNorm::affine(vec![1.0; 6], vec![3.0; 6]).unwrap();
    let gate = net.add("plus3", Operation::BatchNorm(three), &[x]);
    let gate = net.add("relu6", Operation::Clip { low: 0.0, high: 6.0 }, &[gate]);
    let swish = net.add("swish", Operation::Multiply, &[x, gate]);
    let sixth = BatchNorm::affine(vec![1.0 / 6.0; 6], vec![0.0; 6]).unwrap();
    let x = net.add("sixth", Operation::BatchNorm(sixth), &[swish]);
    let squeezed = net.add("squeeze", Operation::GlobalAveragePool, &[x]);
    let squeezed = net.conv("excite", squeezed, 6, [1, 1], 1, [0; 4]);
    let squeezed = net.add("sigmoid", Operation::Function(Function::Sigmoid), &[squeezed]);
    let x = net.add("gated", Operation::Multiply, &[x, squeezed]);
    let x = net.add("pool", Operation::MaxPool(square(3, 3, 0)), &[x]);
    let flat = net.add("flat", Operation::Flatten, &[x]);
    let x = net.relu("flat.relu", flat);
    let x = net.norm("flat.bn", x, 1e-5);
    let x = net.add("flats", Operation::Concat, &[x, flat]);
    let output = net.classifier(x);
    net.finish(output, None)
}

fn images(shape: Shape, count: usize) -> ImageSet {
    let mut random = Random(99);
    let pixels = (0..count * shape.len()).map(|_| random.between(0.0, 255.99) as u8).collect();
    ImageSet::new("made", shape, pixels, None).unwrap()
}

fn options(bits: u32) -> PostTraining {
    PostTraining {
        weights: WeightRule::Same(ThresholdRule::Twn(Factor::PAPER)),
        granularity: Granularity::Filter,
        fit: Fit::Weights,
        bits: Some(bits),
        steps: StepRule::MinMax,
        correction: Correction::None,
    }
}

fn quantized(float: &FloatNetwork, options: &PostTraining) -> PostTrained {
    quantize_network(float, &images(float.input(), 12), options, &mut |_, _| ()).unwrap()
}

fn assembled(quantized: &PostTrained) -> Network {
    let text = quantized.file.text("made", "Made", "made.safetensors.zst", "");
    let description = NetworkDescription::parse(&text, Path::new("made.yaml"))
        .unwrap_or_else(|error| panic!("{error}\n{text}"));
    Network::assemble(&description, &quantized.checkpoint).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// Signal over noise of the integer network's logits against the float network's, in decibels.
fn logits_snr(float: &FloatNetwork, network: &Network) -> f64 {
    let images = images(float.input(), 12);
    let expected = float.infer(&float.pixels().maps(&images)).unwrap();
    let found = network.infer_all(&images.feature_maps()).unwrap();
    let (mut signal, mut noise) = (0.0, 0.0);
    for (expected, found) in expected.iter().zip(&found) {
        for (&expected, &found) in expected.values().iter().zip(found) {
            let (expected, found) = (f64::from(expected), found as f64 / f64::from(1 << 24));
            signal += expected * expected;
            noise += (expected - found).powi(2);
        }
    }
    10.0 * (signal / noise).log10()
}

#[test]
fn ternary_networks_with_8_bit_activations_compute_what_the_float_ones_do() {
    for (name, float) in [
        ("plain", plain(true)),
        ("residual", residual(true)),
        ("inverted", inverted(true)),
        ("branches", branches(true)),
        ("foreign", foreign(true)),
    ] {
        let quantized = quantized(&float, &options(8));
        assert!(
            quantized.layers.iter().all(|layer| layer.weight_snr.is_infinite()),
            "{name}: {:?}",
            quantized.layers
        );
        let snr = logits_snr(&float, &assembled(&quantized));
        assert!(snr > 28.0, "{name}: {snr} dB");
    }
}

#[test]
fn real_weights_are_quantized_worse_but_not_absurdly() {
    for (name, float) in [
        ("plain", plain(false)),
        ("residual", residual(false)),
        ("inverted", inverted(false)),
        ("branches", branches(false)),
    ] {
        let snr = |correction| {
            let quantized = quantized(&float, &PostTraining { correction, ..options(8) });
            logits_snr(&float, &assembled(&quantized))
        };
        // Weights of 7 dB, and a few layers on top of each other: little more than the means is left.
        let [none, bias, norm] = [Correction::None, Correction::Bias, Correction::BatchNorm].map(snr);
        assert!(none > 0.0 && bias > none - 1.0 && norm > 5.0, "{name}: {none}, {bias}, {norm} dB");
    }
}

#[test]
fn what_the_quantizer_computed_is_what_the_integer_network_computes() {
    // The reports' values come from the quantizer's own arithmetic; with a correction of batch norms the last layer's output
    // has the float network's means, which the integer network must show.
    for float in [plain(false), residual(false), inverted(false), branches(false), foreign(false)] {
        let quantized = quantized(&float, &PostTraining { correction: Correction::BatchNorm, ..options(4) });
        let reported = quantized.layers.last().unwrap().output_snr.unwrap();
        let measured = logits_snr(&float, &assembled(&quantized));
        assert!((reported - measured).abs() < 0.3, "{reported} dB reported, {measured} dB measured");
    }
}

#[test]
fn a_ternary_network_at_its_own_steps_is_given_back_exactly() {
    let float = plain(true);
    let first = quantized(&float, &PostTraining { bits: Some(4), ..options(4) });
    // The same network with its activations rounded as the first pass chose.
    let steps: Vec<(String, (f64, u16))> =
        first.layers.iter().filter_map(|layer| Some((layer.name.clone(), layer.step?))).collect();
    let mut builder = FloatNetworkBuilder::new("input", float.input()).unwrap();
    let mut places = vec![NodeId::IMAGE];
    for (_, node) in float.nodes().skip(1) {
        let inputs = node.inputs().iter().map(|input| places[input.index()]).collect();
        let mut place = builder.add(node.name(), node.operation().clone(), inputs).unwrap();
        let rounded = match node.name() {
            "relu1" => Some("conv1"),
            "clip" => Some("conv2"),
            _ => None,
        };
        if let Some((_, (step, zero))) = steps.iter().find(|(name, _)| Some(name.as_str()) == rounded) {
            let quantization = Quantization { step: *step, zero: *zero, maximum: 15 };
            place = builder
                .add(format!("{}.round", node.name()), Operation::Quantize(quantization), vec![place])
                .unwrap();
        }
        places.push(place);
    }
    let rounded = builder.finish("made", PixelScale::unit(3), *places.last().unwrap()).unwrap();
    // No image is needed: everything is there.
    let none = ImageSet::new("none", float.input(), Vec::new(), None).unwrap();
    let second =
        quantize_network(&rounded, &none, &PostTraining { bits: None, ..options(4) }, &mut |_, _| ())
            .unwrap();
    assert_eq!(second.file.bits(), 4);
    assert_eq!(second.checkpoint, first.checkpoint);
    assert_eq!(second.file, first.file);
}

#[test]
fn weights_that_are_near_to_the_outputs_keep_more_of_them_than_weights_near_to_the_weights() {
    for (name, float) in [
        ("plain", plain(false)),
        ("residual", residual(false)),
        ("inverted", inverted(false)),
        ("branches", branches(false)),
    ] {
        let snr = |fit, correction| {
            let quantized = quantized(&float, &PostTraining { fit, correction, ..options(8) });
            logits_snr(&float, &assembled(&quantized))
        };
        for correction in [Correction::Bias, Correction::BatchNorm] {
            let (weights, outputs) = (snr(Fit::Weights, correction), snr(Fit::Outputs, correction));
            assert!(outputs > weights + 0.3, "{name}, {correction:?}: {outputs} dB instead of {weights} dB");
        }
    }
}

#[test]
fn scaling_a_filter_changes_nothing_but_its_scale() {
    let scaled = |factor: f32| {
        let mut net = Net::new(IMAGE, false);
        let x = net.conv("conv1", NodeId::IMAGE, 6, [3, 3], 1, [1; 4]);
        let node = net.builder.node(x).unwrap().clone();
        let Operation::Convolution(layer) = node.operation() else { unreachable!() };
        let weights =
            layer.weights().iter().enumerate().map(|(i, w)| if i < 27 { w * factor } else { *w }).collect();
        let layer = Convolution::new([6, 3], 1, layer.window(), weights, None).unwrap();
        let x = net.add("again", Operation::Convolution(layer), &[NodeId::IMAGE]);
        let x = net.relu("relu", x);
        let output = net.classifier(x);
        quantized(&net.finish(output, None), &options(8))
    };
    let (one, four) = (scaled(1.0), scaled(4.0));
    let values =
        |quantized: &PostTrained, name: &str| quantized.checkpoint.shaped::<f32>(name).unwrap().1.to_vec();
    assert_eq!(
        one.checkpoint.shaped::<i8>("again.weight").unwrap(),
        four.checkpoint.shaped::<i8>("again.weight").unwrap()
    );
    let (a, b) = (values(&one, "again.alpha"), values(&four, "again.alpha"));
    assert_eq!(a[0] * 4.0, b[0]);
    assert_eq!(a[1..], b[1..]);
}

#[test]
fn more_bits_never_make_it_much_worse() {
    for float in [plain(true), residual(true), inverted(true), branches(true)] {
        let snr = |bits| logits_snr(&float, &assembled(&quantized(&float, &options(bits))));
        let snrs: Vec<f64> = [2, 4, 6, 8].map(snr).to_vec();
        assert!(snrs.windows(2).all(|pair| pair[1] > pair[0] - 1.0), "{snrs:?}");
        assert!(snrs[3] > snrs[0] + 15.0, "{snrs:?}");
    }
}

#[test]
fn sensitivity_spares_layers_and_keeps_the_overall_sparsity() {
    let float = residual(false);
    let overall = Sparsity::new(0.8).unwrap();
    let by_sensitivity = PostTraining {
        weights: WeightRule::BySensitivity(overall),
        granularity: Granularity::Layer,
        ..options(8)
    };
    let quantized = quantized(&float, &PostTraining { correction: Correction::BatchNorm, ..by_sensitivity });
    let sparsities: Vec<f64> =
        quantized.layers.iter().filter(|layer| layer.weights > 0).map(|layer| layer.sparsity).collect();
    assert!((quantized.file.sparsity() - 0.8).abs() < 0.01, "{sparsities:?}");
    assert!(sparsities.iter().any(|s| *s < 0.7) && sparsities.iter().any(|s| *s > 0.85), "{sparsities:?}");
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    let float = branches(false);
    let by_sensitivity = WeightRule::BySensitivity(Sparsity::new(0.7).unwrap());
    let options = PostTraining { weights: by_sensitivity, correction: Correction::BatchNorm, ..options(4) };
    let with_threads = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| quantized(&float, &options))
    };
    let (one, three) = (with_threads(1), with_threads(3));
    assert_eq!(one.checkpoint, three.checkpoint);
    assert_eq!(one.layers, three.layers);
}

#[test]
fn what_a_file_cannot_hold_is_told_with_its_node() {
    let refused = |make: &dyn Fn(&mut Net) -> NodeId| {
        let mut net = Net::new(IMAGE, true);
        let output = make(&mut net);
        let float = net.finish(output, None);
        quantize_network(&float, &images(IMAGE, 2), &options(8), &mut |_, _| ()).unwrap_err().to_string()
    };
    let error = refused(&|net| {
        let x = net.add("pad", Operation::Pad([1; 4]), &[NodeId::IMAGE]);
        let gate = net.add("gate", Operation::Function(Function::Sigmoid), &[x]);
        let x = net.add("swish", Operation::Multiply, &[x, gate]);
        net.classifier(x)
    });
    assert_eq!(error, "node `swish`: several functions of a padded value; supported is one");
    let error = refused(&|net| net.conv("conv1", NodeId::IMAGE, 4, [3, 3], 1, [0; 4]));
    assert!(
        error.ends_with("the result is 4x8x8; supported are logits, one value for each class"),
        "{error}"
    );
}
