//! Integer inference of random networks against the real numbers that it stands for, written out layer by layer.

#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test, a panic is a failure that is told")]

mod support {
    pub mod random_network;
}

use std::collections::BTreeMap;

use network::{
    ActivationDescription, Checkpoint, Evaluation, FRACTION_BITS, FeatureMap, LayerDescription, Network,
    NetworkDescription, Padding, ReferenceEngine, Shape, Tensor,
};
use proptest::prelude::*;
use support::random_network::random_network;

/// Real values of a layer, and the step and zero by which its activations stand for them.
#[derive(Clone)]
struct Real {
    shape: Shape,
    values: Vec<f64>,
    step: f64,
}

impl Real {
    fn at(&self, c: usize, y: isize, x: isize) -> f64 {
        let inside =
            (0..self.shape.height as isize).contains(&y) && (0..self.shape.width as isize).contains(&x);
        if !inside {
            return 0.0;
        }
        self.values[(c * self.shape.height + y as usize) * self.shape.width + x as usize]
    }
}

fn f32s(values: Vec<f32>) -> Tensor {
    Tensor::new(vec![values.len()], values).unwrap()
}

/// Numbers of 0 to 1 from one seed.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f64 / (1_u64 << 24) as f64
    }

    fn between(&mut self, least: f64, most: f64) -> f32 {
        (least + (most - least) * self.next()) as f32
    }
}

/// A checkpoint of random numbers for every layer of a description, which holds no block.
fn checkpoint(
    description: &NetworkDescription,
    shapes: &BTreeMap<String, Vec<usize>>,
    seed: u64,
) -> Checkpoint {
    let (mut numbers, mut choose) = (Numbers(seed), Numbers(seed ^ 7));
    let mut file = Checkpoint::new("random");
    let last = description.layers.len() - 1;
    for (place, layer) in description.layers.iter().enumerate() {
        let Some(name) = layer.name() else { continue };
        let norm = |file: &mut Checkpoint, channels: usize, numbers: &mut Numbers| {
            for (parameter, least, most) in
                [("gamma", -0.5, 1.5), ("beta", -2.0, 2.0), ("mean", -1.0, 1.0), ("var", 0.5, 2.0)]
            {
                let values = (0..channels).map(|_| numbers.between(least, most)).collect();
                file.insert(format!("{name}.bn.{parameter}"), f32s(values));
            }
        };
        let mut rounded = false;
        let maximum = f64::from((1_u32 << layer.bits().unwrap_or(description.activation_bits)) - 1);
        match layer {
            LayerDescription::Convolution(_) | LayerDescription::FullyConnected(_) => {
                let shape = &shapes[name];
                let weights: Vec<i8> =
                    (0..shape.iter().product::<usize>()).map(|_| (numbers.next() * 3.0) as i8 - 1).collect();
                file.insert(format!("{name}.weight"), Tensor::new(shape.clone(), weights).unwrap());
                let alpha = (0..shape[0]).map(|_| numbers.between(0.1, 0.5)).collect();
                file.insert(format!("{name}.alpha"), f32s(alpha));
                norm(&mut file, shape[0], &mut numbers);
                rounded = place != last
                    && !matches!(layer, LayerDescription::Convolution(c) if c.activation == ActivationDescription::None);
            }
            LayerDescription::Add(_) | LayerDescription::Table(_) | LayerDescription::Multiply(_) => {
                rounded = true;
            }
            LayerDescription::Rescale(_) => {
                norm(&mut file, shapes[name][0], &mut numbers);
                rounded = true;
            }
            _ => {}
        }
        if rounded {
            file.insert(format!("{name}.act.step"), f32s(vec![numbers.between(1.0, 8.0) / maximum as f32]));
            let mut integer = |parameter: &str, least: f64, most: f64| {
                let value = (least + numbers.next() * (most - least + 1.0)) as i32;
                file.insert(format!("{name}.{parameter}"), Tensor::new(vec![1], vec![value]).unwrap());
            };
            if choose.next() < 0.5 {
                integer("act.zero", 0.0, maximum);
            }
            let middle = (maximum / 2.0).floor();
            if choose.next() < 0.3 {
                integer("act.low", 0.0, middle);
            }
            if choose.next() < 0.3 {
                integer("act.high", middle, maximum);
            }
        }
        if let LayerDescription::Table(_) = layer {
            let values: Vec<i32> =
                (0..shapes[name][0]).map(|_| (numbers.next() * (maximum + 1.0)) as i32).collect();
            file.insert(format!("{name}.table"), Tensor::new(vec![shapes[name][0]], values).unwrap());
        }
    }
    file
}

/// Reads tensors as real numbers.
struct Tensors<'a>(&'a Checkpoint);

impl Tensors<'_> {
    fn get(&self, name: &str) -> Vec<f64> {
        self.0.shaped::<f32>(name).unwrap().1.iter().map(|&value| f64::from(value)).collect()
    }

    fn norm(&self, layer: &str, channel: usize, value: f64) -> f64 {
        let of = |parameter| self.get(&format!("{layer}.bn.{parameter}"))[channel];
        (value - of("mean")) / (of("var") + 1e-5).sqrt() * of("gamma") + of("beta")
    }
}

/// The real output of a linear layer, before requantization.
fn linear(layer: &LayerDescription, input: &Real, file: &Checkpoint) -> Real {
    let tensors = Tensors(file);
    let name = layer.name().unwrap();
    let (shape, weights) = file.shaped::<i8>(&format!("{name}.weight")).unwrap();
    let alpha = tensors.get(&format!("{name}.alpha"));
    let (kernel, stride, dilation, padding, groups, input) = match layer {
        LayerDescription::Convolution(c) => {
            let (kernel, stride, dilation) = (c.kernel.pair(), c.stride.pair(), c.dilation.pair());
            (kernel, stride, dilation, c.padding.sides(), c.groups, input.clone())
        }
        _ => {
            let flat = Shape::new(input.shape.len(), 1, 1);
            ((1, 1), (1, 1), (1, 1), Padding::default(), 1, Real { shape: flat, ..input.clone() })
        }
    };
    let span = ((kernel.0 - 1) * dilation.0 + 1, (kernel.1 - 1) * dilation.1 + 1);
    let height = (input.shape.height + padding.top + padding.bottom - span.0) / stride.0 + 1;
    let width = (input.shape.width + padding.left + padding.right - span.1) / stride.1 + 1;
    let output = Shape::new(shape[0], height, width);
    let mut values = Vec::new();
    for k in 0..output.channels {
        let group = k / (output.channels / groups);
        for y in 0..height {
            for x in 0..width {
                let mut sum = 0.0;
                for c in 0..shape[1] {
                    for i in 0..kernel.0 {
                        for j in 0..kernel.1 {
                            let weight = weights[((k * shape[1] + c) * kernel.0 + i) * kernel.1 + j];
                            let at = (
                                (y * stride.0 + i * dilation.0) as isize - padding.top as isize,
                                (x * stride.1 + j * dilation.1) as isize - padding.left as isize,
                            );
                            sum += alpha[k] * f64::from(weight) * input.at(group * shape[1] + c, at.0, at.1);
                        }
                    }
                }
                values.push(tensors.norm(name, k, sum));
            }
        }
    }
    Real { shape: output, values, step: 0.0 }
}

/// Values under each window of each channel, `None` in the padding.
fn pooled(
    input: &Real,
    (kernel, stride, padding): ((usize, usize), (usize, usize), Padding),
    combine: impl Fn(Vec<Option<f64>>) -> f64,
) -> Real {
    let height = (input.shape.height + padding.top + padding.bottom - kernel.0) / stride.0 + 1;
    let width = (input.shape.width + padding.left + padding.right - kernel.1) / stride.1 + 1;
    let mut values = Vec::new();
    for c in 0..input.shape.channels {
        for y in 0..height {
            for x in 0..width {
                let tap = |tap: usize| {
                    let y = (y * stride.0 + tap / kernel.1) as isize - padding.top as isize;
                    let x = (x * stride.1 + tap % kernel.1) as isize - padding.left as isize;
                    let inside = (0..input.shape.height as isize).contains(&y)
                        && (0..input.shape.width as isize).contains(&x);
                    inside.then(|| input.at(c, y, x))
                };
                values.push(combine((0..kernel.0 * kernel.1).map(tap).collect()));
            }
        }
    }
    Real { shape: Shape::new(input.shape.channels, height, width), values, step: input.step }
}

/// Compares what integers stand for with the real numbers, layer by layer; every layer is computed from what the integers before it
/// stand for, so that nothing but its own rounding is between the two.
fn compare(
    description: &NetworkDescription,
    file: &Checkpoint,
    image: &FeatureMap,
    evaluation: &Evaluation,
    network: &Network,
) -> Result<(), TestCaseError> {
    let tensors = Tensors(file);
    let zeros = description.input.zero.of_channels(description.input.channels);
    let step = description.input.step.unwrap_or(1.0 / 255.0);
    let pixels = image.channels().zip(zeros);
    let pixels = pixels.flat_map(|(channel, zero)| {
        channel.iter().map(move |&pixel| (f64::from(pixel) - f64::from(zero)) * step).collect::<Vec<_>>()
    });
    let image = Real { shape: image.shape(), values: pixels.collect(), step };
    let mut reals = BTreeMap::from([("input".to_owned(), image)]);
    for (place, layer) in description.layers.iter().enumerate() {
        let name = layer.name().unwrap();
        let from = |reals: &BTreeMap<String, Real>| reals[layer.from().unwrap()].clone();
        let (mut requantized, mut tabled) = (false, false);
        let real = match layer {
            LayerDescription::Convolution(_) | LayerDescription::FullyConnected(_) => {
                requantized = !matches!(layer, LayerDescription::Convolution(c) if c.activation == ActivationDescription::None);
                linear(layer, &from(&reals), file)
            }
            LayerDescription::Add(sum) => {
                requantized = true;
                let mut total = reals[&sum.of[0]].clone();
                for other in &sum.of[1..] {
                    total
                        .values
                        .iter_mut()
                        .zip(&reals[other].values)
                        .for_each(|(total, other)| *total += other);
                }
                total
            }
            LayerDescription::Rescale(_) => {
                requantized = true;
                let mut real = from(&reals);
                let positions = real.shape.positions();
                for (place, value) in real.values.iter_mut().enumerate() {
                    *value = tensors.norm(name, place / positions, *value);
                }
                real
            }
            LayerDescription::MaxPool(pool) => {
                let window = (pool.kernel.pair(), pool.stride.pair(), pool.padding.sides());
                pooled(&from(&reals), window, |values| {
                    values.into_iter().flatten().fold(f64::NEG_INFINITY, f64::max)
                })
            }
            LayerDescription::SumPool(pool) => {
                let kernel = pool.kernel.unwrap().pair();
                let window = (kernel, pool.stride.unwrap().pair(), pool.padding.sides());
                let taps = (kernel.0 * kernel.1) as f64;
                pooled(&from(&reals), window, |values| {
                    let inside = values.iter().flatten().count() as f64;
                    let sum = values.into_iter().map(|value| value.unwrap_or(0.0)).sum::<f64>();
                    sum / if pool.counts_padding { taps } else { inside }
                })
            }
            LayerDescription::Flatten(_) => {
                let real = from(&reals);
                Real { shape: Shape::new(real.shape.len(), 1, 1), ..real }
            }
            LayerDescription::Pick(pick) => {
                let real = from(&reals);
                let positions = real.shape.positions();
                let picked = pick.channels.iter().flat_map(|c| &real.values[c * positions..][..positions]);
                let shape = Shape { channels: pick.channels.len(), ..real.shape };
                Real { shape, values: picked.copied().collect(), step: real.step }
            }
            LayerDescription::Table(_) => {
                tabled = true;
                from(&reals)
            }
            LayerDescription::Multiply(product) => {
                requantized = true;
                let (mut real, gate) = (reals[&product.of[0]].clone(), &reals[&product.of[1]]);
                let repeats = real.shape.len() / gate.shape.len();
                for (place, value) in real.values.iter_mut().enumerate() {
                    *value *= gate.values[place / repeats];
                }
                real
            }
            LayerDescription::Concat(parts) => {
                let mut all = reals[&parts.of[0]].clone();
                for other in &parts.of[1..] {
                    all.values.extend_from_slice(&reals[other].values);
                    all.shape.channels += reals[other].shape.channels;
                }
                all
            }
            other => panic!("{other:?} is not written out here"),
        };
        if place + 1 == description.layers.len() {
            for (&logit, real) in evaluation.logits().iter().zip(&real.values) {
                let found = logit as f64 / (1_u64 << FRACTION_BITS) as f64;
                prop_assert!((found - real).abs() < 1e-3, "logit {found}, real {real}");
            }
            return Ok(());
        }
        let mut real = real;
        if requantized {
            let step = tensors.get(&format!("{name}.act.step"))[0];
            let maximum = f64::from((1_u32 << layer.bits().unwrap_or(description.activation_bits)) - 1);
            let [zero, low, high] =
                [("zero", 0.0), ("low", 0.0), ("high", maximum)].map(|(parameter, default)| {
                    let tensor = format!("{name}.act.{parameter}");
                    if file.contains(&tensor) {
                        f64::from(file.shaped::<i32>(&tensor).unwrap().1[0])
                    } else {
                        default
                    }
                });
            let named = network.activation_named(&format!("{name}.act"));
            let (id, activation) = named.or_else(|| network.activation_named(name)).unwrap();
            prop_assert_eq!(activation.shape(), real.shape);
            for (&found, value) in evaluation.activations(id).unwrap().values().iter().zip(&mut real.values) {
                let exact = *value / step + zero;
                let expected = (exact + 0.5).floor().clamp(low, high);
                let near_the_edge = ((exact + 0.5) - (exact + 0.5).round()).abs() < 1e-3;
                prop_assert!(
                    f64::from(found) == expected
                        || near_the_edge && (f64::from(found) - expected).abs() == 1.0,
                    "layer {}: {} stands where {} was expected for {}",
                    name,
                    found,
                    expected,
                    exact
                );
                *value = (f64::from(found) - zero) * step;
            }
            real.step = step;
        } else if tabled {
            let (id, activation) = network.activation_named(name).unwrap();
            let read = network.activation_named(layer.from().unwrap());
            let (read, _) =
                read.or_else(|| network.activation_named(&format!("{}.act", layer.from().unwrap()))).unwrap();
            let table = file.shaped::<i32>(&format!("{name}.table")).unwrap().1;
            let step = tensors.get(&format!("{name}.act.step"))[0];
            let read = evaluation.activations(read).unwrap().values();
            let found = evaluation.activations(id).unwrap().values();
            for ((&read, &found), value) in read.iter().zip(found).zip(&mut real.values) {
                prop_assert_eq!(i32::from(found), table[usize::from(read)]);
                *value = (f64::from(found) - f64::from(activation.zeros()[0])) * step;
            }
            real.step = step;
        } else if let Some((id, activation)) = network.activation_named(name) {
            // Pools and concatenations are exact.
            for (place, (&found, value)) in
                evaluation.activations(id).unwrap().values().iter().zip(&real.values).enumerate()
            {
                let channel = place / real.shape.positions();
                let taps = match layer {
                    LayerDescription::SumPool(pool) => {
                        let (rows, columns) = pool.kernel.unwrap().pair();
                        (rows * columns) as f64
                    }
                    _ => 1.0,
                };
                let stands_for =
                    (f64::from(found) - f64::from(activation.zeros()[channel])) * real.step / taps;
                // Where the padding is left out, the sum of a part is rounded.
                let is_part = matches!(layer, LayerDescription::SumPool(pool) if !pool.counts_padding);
                let error = if is_part { 0.51 * real.step / taps } else { 1e-9 };
                prop_assert!(
                    (stands_for - value).abs() < error,
                    "layer {}: {} for {}",
                    name,
                    stands_for,
                    value
                );
            }
            if let LayerDescription::SumPool(pool) = layer {
                let (rows, columns) = pool.kernel.unwrap().pair();
                real.step /= (rows * columns) as f64;
                let found = evaluation.activations(id).unwrap().values();
                let positions = real.shape.positions();
                for (place, (&found, value)) in found.iter().zip(&mut real.values).enumerate() {
                    *value =
                        (f64::from(found) - f64::from(activation.zeros()[place / positions])) * real.step;
                }
            }
        }
        reals.insert(name.to_owned(), real);
    }
    Ok(())
}

/// The shapes of the weights of a description, and the channels of a rescaled activation, from the network of the same layers
/// with weights from a seed.
fn shapes(description: &NetworkDescription) -> BTreeMap<String, Vec<usize>> {
    let network = Network::from_seed(description).unwrap();
    let mut shapes = BTreeMap::new();
    for (_, layer) in network.linear_layers() {
        let weights = layer.weights();
        let shape = match layer.kind() {
            network::LinearKind::Convolution => vec![
                weights.outputs(),
                weights.inputs() / weights.groups(),
                weights.kernel_height(),
                weights.kernel_width(),
            ],
            network::LinearKind::FullyConnected => vec![weights.outputs(), weights.inputs()],
        };
        shapes.insert(layer.name().to_owned(), shape);
    }
    for layer in &description.layers {
        if let LayerDescription::Rescale(rescale) = layer {
            let (_, activation) = network.activation_named(&format!("{}.act", rescale.name)).unwrap();
            shapes.insert(rescale.name.clone(), vec![activation.shape().channels]);
        }
        if let LayerDescription::Table(table) = layer {
            let (_, activation) = network.activation_named(&table.name).unwrap();
            let network::Operation::Table { values, .. } = activation.operation() else {
                panic!("{activation:?}")
            };
            shapes.insert(table.name.clone(), vec![values.len()]);
        }
    }
    shapes
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn integers_stand_for_the_real_numbers_to_within_their_own_rounding(
        choices in prop::collection::vec(any::<u32>(), 64),
        seed in any::<u64>(),
    ) {
        let mut description = random_network(&choices);
        description.layers.retain(|layer| !matches!(layer, LayerDescription::InvertedResidual(_)));
        // Whoever read a block that is left out reads the image.
        let names: Vec<String> = description.layers.iter().filter_map(|l| l.name().map(str::to_owned)).collect();
        prop_assume!(description.layers.iter().all(|layer| {
            layer.from().is_none_or(|from| from == "input" || names.iter().any(|name| name == from))
        }));
        let shapes = shapes(&description);
        let file = checkpoint(&description, &shapes, seed);
        description.seeded = None;
        description.checkpoint = Some("random".into());
        let network = Network::assemble(&description, &file).unwrap();
        let mut numbers = Numbers(seed ^ 1);
        let shape = network.input().shape();
        let pixels: Vec<u16> = (0..shape.len()).map(|_| (numbers.next() * 256.0) as u16).collect();
        let image = FeatureMap::new(shape, pixels).unwrap();
        let evaluation = network.evaluate(&image, &mut ReferenceEngine).unwrap();
        compare(&description, &file, &image, &evaluation, &network)?;
    }

    #[test]
    fn networks_from_a_seed_are_the_same_every_time_and_keep_their_activations_in_range(
        choices in prop::collection::vec(any::<u32>(), 64),
    ) {
        let description = random_network(&choices);
        let (one, other) = (Network::from_seed(&description).unwrap(), Network::from_seed(&description).unwrap());
        let shape = one.input().shape();
        let pixels: Vec<u16> = (0..shape.len()).map(|place| (place * 37 % 256) as u16).collect();
        let image = FeatureMap::new(shape, pixels).unwrap();
        prop_assert_eq!(one.infer(&image).unwrap(), other.infer(&image).unwrap());
    }
}
