//! Graphs built by hand: what they compute, and what is refused.

#![allow(clippy::unwrap_used, reason = "in a test, a panic is a failure that is told")]

use std::fmt;

use network::{
    Accumulators, ActivationId, Addend, EvaluationError, FRACTION_BITS, FeatureMap, GraphError, LayerId,
    LinearEngine, LinearLayer, Network, NetworkBuilder, ReferenceEngine, Shape, TernaryWeights, Window,
};

const ONE: i64 = 1 << FRACTION_BITS;
const HALF: i64 = ONE / 2;
const IMAGE: Shape = Shape::new(1, 2, 2);

fn identity(name: &str, input: Shape, maximum: u16) -> LinearLayer {
    let channels = input.channels;
    let diagonal = (0..channels * channels).map(|place| i8::from(place % (channels + 1) == 0)).collect();
    let weights = TernaryWeights::new([channels, channels, 1, 1], diagonal).unwrap();
    LinearLayer::convolution(name, weights, Window::POINT, input, maximum).unwrap()
}

fn image(values: [u16; 4]) -> FeatureMap {
    FeatureMap::new(IMAGE, values.to_vec()).unwrap()
}

/// Ends a network with one class whose logit is the sum of all values of an activation.
fn sum_up(mut builder: NetworkBuilder, last: ActivationId) -> Network {
    let flat = builder.flatten("flat", last).unwrap();
    let (inputs, maximum) =
        builder.activation(flat).map(|flat| (flat.shape().channels, flat.maximum())).unwrap();
    let ones = TernaryWeights::new([1, inputs, 1, 1], vec![1; inputs]).unwrap();
    let layer = builder.linear(flat, LinearLayer::fully_connected("fc", ones, maximum).unwrap()).unwrap();
    builder.finish("made", layer, vec![ONE], vec![0]).unwrap()
}

fn values<'a>(network: &Network, evaluation: &'a network::Evaluation, name: &str) -> &'a [u16] {
    let (id, _) = network.activation_named(name).unwrap();
    evaluation.activations(id).unwrap().values()
}

/// A 1x1 layer with the given multiplier and offset, and what follows it.
fn requantized(multiplier: i64, offset: i64, bits: u32) -> (NetworkBuilder, ActivationId) {
    let mut builder = NetworkBuilder::new(IMAGE, 255);
    let layer = builder.linear(ActivationId::IMAGE, identity("conv", IMAGE, 255)).unwrap();
    let addends = vec![Addend::Accumulators { source: layer, multipliers: vec![multiplier] }];
    let id = builder.requantize("conv.act", addends, vec![offset], bits).unwrap();
    (builder, id)
}

#[test]
fn a_pool_after_a_negative_multiplier_takes_the_largest_output_not_the_largest_accumulator() {
    // q = 15 − acc: the largest output comes from the smallest accumulator.
    let (mut builder, act) = requantized(-ONE, 15 * ONE + HALF, 4);
    let pool = builder.max_pool("pool", act, Window::new(2, 2, 2, 0).unwrap()).unwrap();
    let network = sum_up(builder, pool);
    let evaluation = network.evaluate(&image([3, 9, 12, 7]), &mut ReferenceEngine).unwrap();
    assert_eq!(values(&network, &evaluation, "conv.act"), [12, 6, 3, 8]);
    assert_eq!(values(&network, &evaluation, "pool"), [12]);
    assert_eq!(evaluation.logits(), [12 * ONE]);
}

#[test]
fn requantization_rounds_half_up_and_clamps_at_both_ends() {
    // acc / 2 − 2, rounded by the half in the offset and an arithmetic shift.
    let (builder, act) = requantized(ONE / 2, -2 * ONE + HALF, 2);
    let network = sum_up(builder, act);
    let evaluation = network.evaluate(&image([0, 5, 6, 255]), &mut ReferenceEngine).unwrap();
    assert_eq!(values(&network, &evaluation, "conv.act"), [0, 1, 1, 3]);
}

#[test]
fn an_identity_shortcut_is_added_before_the_shift() {
    // (x·2^24 − x) >> 24 is x − 1; dropping the accumulators' fraction before the sum would give x.
    let mut builder = NetworkBuilder::new(IMAGE, 255);
    let layer = builder.linear(ActivationId::IMAGE, identity("conv", IMAGE, 255)).unwrap();
    let addends = vec![
        Addend::Accumulators { source: layer, multipliers: vec![-1] },
        Addend::Activations { source: ActivationId::IMAGE, multipliers: vec![ONE] },
    ];
    let act = builder.requantize("block.act", addends, vec![0], 8).unwrap();
    let network = sum_up(builder, act);
    let evaluation = network.evaluate(&image([0, 1, 2, 255]), &mut ReferenceEngine).unwrap();
    assert_eq!(values(&network, &evaluation, "block.act"), [0, 0, 1, 254]);
}

#[test]
fn a_pool_with_padding_sees_only_what_is_inside() {
    let (mut builder, act) = requantized(ONE, HALF, 8);
    let pool = builder.max_pool("pool", act, Window::new(3, 3, 2, 1).unwrap()).unwrap();
    let network = sum_up(builder, pool);
    let evaluation = network.evaluate(&image([3, 9, 12, 7]), &mut ReferenceEngine).unwrap();
    assert_eq!(values(&network, &evaluation, "pool"), [12]);
}

#[test]
fn a_sum_pool_widens_the_range_that_its_reader_sees() {
    let (mut builder, act) = requantized(ONE, HALF, 8);
    let sum = builder.global_sum_pool("sum", act).unwrap();
    let network = sum_up(builder, sum);
    let (_, fc) = network.layer_named("fc").unwrap();
    assert_eq!((fc.input_maximum(), fc.input_bits()), (4 * 255, 10));
    let evaluation = network.evaluate(&image([255, 255, 255, 254]), &mut ReferenceEngine).unwrap();
    assert_eq!(evaluation.logits(), [1019 * ONE]);
}

#[test]
fn equal_logits_give_the_first_class() {
    assert_eq!(network::class_of(&[1, 5, 5, -9]), 1);
    assert_eq!(network::class_of(&[i64::MIN, i64::MIN]), 0);
}

#[test]
fn images_of_another_shape_or_with_too_large_pixels_are_refused() {
    let (builder, act) = requantized(ONE, HALF, 8);
    let network = sum_up(builder, act);
    let wrong = FeatureMap::new(Shape::new(1, 1, 4), vec![0; 4]).unwrap();
    assert!(matches!(network.infer(&wrong), Err(EvaluationError::ImageShape { .. })));
    let bright = network.infer(&image([0, 256, 0, 0])).unwrap_err();
    assert_eq!(bright.to_string(), "network `made`: a pixel of 256; expected at most 255");
}

#[test]
fn batches_give_what_single_images_give_at_any_number_of_threads() {
    let (builder, act) = requantized(ONE, HALF, 8);
    let network = sum_up(builder, act);
    let images: Vec<FeatureMap> = (0..50).map(|k| image([k, 2 * k, 3 * k, k % 7])).collect();
    let expected: Vec<Vec<i64>> = images.iter().map(|image| network.infer(image).unwrap()).collect();
    for threads in [1, 4] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        assert_eq!(pool.install(|| network.infer_all(&images)).unwrap(), expected);
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Broken;

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("broken")
    }
}

impl std::error::Error for Broken {}

/// An engine that fails at one layer, or gives a wrong shape there.
struct Faulty {
    layer: &'static str,
    shape: Option<Shape>,
}

impl LinearEngine for Faulty {
    type Error = Broken;

    fn accumulate(&mut self, layer: &LinearLayer, input: &FeatureMap) -> Result<Accumulators, Broken> {
        if layer.name() == self.layer {
            let shape = self.shape.ok_or(Broken)?;
            return Ok(Accumulators::new(shape, vec![0; shape.len()]).unwrap());
        }
        let Ok(accumulators) = ReferenceEngine.accumulate(layer, input);
        Ok(accumulators)
    }
}

#[test]
fn an_engine_that_fails_or_gives_another_shape_is_told_with_its_layer() {
    let (builder, act) = requantized(ONE, HALF, 8);
    let network = sum_up(builder, act);
    let run =
        |shape| network.evaluate(&image([1; 4]), &mut Faulty { layer: "fc", shape }).unwrap_err().to_string();
    assert_eq!(run(None), "layer `fc`: broken");
    let found = run(Some(Shape::new(2, 1, 1)));
    assert_eq!(found, "layer `fc`: the engine gave values of shape 2x1x1; expected 1x1x1");
}

#[test]
fn any_32_bit_accumulator_of_a_faulty_engine_stays_within_64_bits() {
    struct Extreme(i32);
    impl LinearEngine for Extreme {
        type Error = Broken;
        fn accumulate(&mut self, layer: &LinearLayer, _: &FeatureMap) -> Result<Accumulators, Broken> {
            Ok(Accumulators::new(layer.output(), vec![self.0; layer.output().len()]).unwrap())
        }
    }
    let largest = (i64::MAX - HALF) >> 31;
    let (builder, act) = requantized(largest, HALF, 8);
    let network = sum_up(builder, act);
    for (accumulator, expected) in [(i32::MIN, 0), (i32::MAX, 255)] {
        let evaluation = network.evaluate(&image([0; 4]), &mut Extreme(accumulator)).unwrap();
        assert_eq!(values(&network, &evaluation, "conv.act"), [expected; 4]);
    }
}

fn with_layer() -> (NetworkBuilder, LayerId) {
    let mut builder = NetworkBuilder::new(IMAGE, 255);
    let layer = builder.linear(ActivationId::IMAGE, identity("conv", IMAGE, 255)).unwrap();
    (builder, layer)
}

#[test]
fn nodes_that_do_not_fit_are_refused_by_name() {
    let (mut builder, layer) = with_layer();
    let addends = |multipliers| vec![Addend::Accumulators { source: layer, multipliers }];
    let image = ActivationId::IMAGE;
    assert_eq!(
        builder.linear(image, identity("conv", IMAGE, 255)),
        Err(GraphError::DuplicateName("conv".into()))
    );
    assert!(matches!(
        builder.linear(image, identity("other", Shape::new(2, 2, 2), 255)),
        Err(GraphError::Shape { .. })
    ));
    assert!(matches!(builder.linear(image, identity("other", IMAGE, 15)), Err(GraphError::Range { .. })));
    assert_eq!(
        builder.requantize("act", addends(vec![1, 1]), vec![0], 4),
        Err(GraphError::ParameterCount { node: "act".into(), found: 2, expected: 1 })
    );
    assert_eq!(
        builder.requantize("act", addends(vec![1]), vec![], 4),
        Err(GraphError::ParameterCount { node: "act".into(), found: 0, expected: 1 })
    );
    assert_eq!(
        builder.requantize("act", addends(vec![i64::MAX >> 7]), vec![0], 4),
        Err(GraphError::SumOverflow { node: "act".into(), channel: 0 })
    );
    assert_eq!(builder.requantize("act", vec![], vec![0], 4), Err(GraphError::NoAddend("act".into())));
    for bits in [0, 17] {
        let refused = builder.requantize("act", addends(vec![1]), vec![0], bits);
        assert_eq!(refused, Err(GraphError::Bits { node: "act".into(), bits }));
    }
    assert!(matches!(
        builder.max_pool("pool", image, Window::new(3, 3, 1, 0).unwrap()),
        Err(GraphError::DoesNotFit { .. })
    ));
}

#[test]
fn a_sum_pool_that_could_leave_16_bits_is_refused() {
    let mut builder = NetworkBuilder::new(Shape::new(1, 16, 17), 255);
    let refused = builder.global_sum_pool("sum", ActivationId::IMAGE);
    assert_eq!(refused, Err(GraphError::PoolOverflow { node: "sum".into(), positions: 272, maximum: 255 }));
}

#[test]
fn logits_need_a_single_position_and_every_value_a_reader() {
    let (builder, layer) = with_layer();
    assert!(matches!(builder.finish("made", layer, vec![1], vec![0]), Err(GraphError::Shape { .. })));

    let mut builder = NetworkBuilder::new(Shape::new(1, 1, 1), 255);
    let shape = Shape::new(1, 1, 1);
    let first = builder.linear(ActivationId::IMAGE, identity("first", shape, 255)).unwrap();
    builder.linear(ActivationId::IMAGE, identity("forgotten", shape, 255)).unwrap();
    let refused = builder.finish("made", first, vec![1], vec![0]).unwrap_err();
    assert_eq!(refused, GraphError::Unread("forgotten".into()));
}
