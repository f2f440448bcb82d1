//! What crossbars compute, against the integer convolution.

#![allow(clippy::unwrap_used)]

use std::path::Path;

use crossbar::Mapping;
use crossbar::execution::{
    AnalogCrossbar, ConverterRange, Device, ExecutionError, NonIdealities, Reading, WeightEncoding,
};
use network::{FeatureMap, ImageSet, Network, ReferenceEngine};
use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use sample_networks::random_network;
use technology::Resistance;

fn vgg8() -> (Network, FeatureMap) {
    let networks = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments/networks");
    let (description, network) = Network::load(&networks.join("vgg8-fashion-s85-a4.yaml")).unwrap();
    let images = ImageSet::from_golden(&networks.join(description.golden.unwrap())).unwrap();
    let image = images.feature_map(0).unwrap();
    (network, image)
}

fn reading(encoding: WeightEncoding, converter_bits: u32, range: ConverterRange) -> Reading {
    Reading { rows: 128, mapping: Mapping::SplitKernel, encoding, converter_bits, range }
}

const DEVICE: Device =
    Device { on_resistance: Resistance::ohms(6e3), off_resistance: Resistance::ohms(900e3) };

#[test]
fn converters_with_a_level_for_every_sum_compute_the_integer_convolution() {
    let (network, image) = vgg8();
    let reference = network.evaluate(&image, &mut ReferenceEngine).unwrap();
    for encoding in [WeightEncoding::Offset, WeightEncoding::Differential] {
        for mapping in [Mapping::SplitKernel, Mapping::Unrolled] {
            let reading = Reading { mapping, ..reading(encoding, 9, ConverterRange::UnitSteps) };
            let crossbar = AnalogCrossbar::new(&network, reading, &[]).unwrap();
            assert!(
                network.evaluate(&image, &mut &crossbar).unwrap() == reference,
                "{encoding:?} {mapping:?}"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn networks_of_any_graph_are_computed_by_converters_with_a_level_for_every_sum(
        choices in prop::collection::vec(any::<u32>(), 64),
        rows in prop::sample::select(vec![3_usize, 16, 128]),
    ) {
        let network = Network::from_seed(&random_network(&choices)).unwrap();
        let shape = network.input().shape();
        let pixels: Vec<u16> = (0..shape.len()).map(|place| (place * 89 % 256) as u16).collect();
        let image = FeatureMap::new(shape, pixels).unwrap();
        let reference = network.evaluate(&image, &mut ReferenceEngine).unwrap();
        for encoding in [WeightEncoding::Offset, WeightEncoding::Differential] {
            for mapping in [Mapping::SplitKernel, Mapping::Unrolled] {
                let reading = Reading { rows, mapping, ..reading(encoding, 9, ConverterRange::UnitSteps) };
                let crossbar = AnalogCrossbar::new(&network, reading, &[]).unwrap();
                prop_assert_eq!(&network.evaluate(&image, &mut &crossbar).unwrap(), &reference);
            }
        }
    }
}

#[test]
fn cells_drawn_without_any_non_ideality_change_nothing() {
    let (network, image) = vgg8();
    let reference = network.evaluate(&image, &mut ReferenceEngine).unwrap();
    for encoding in [WeightEncoding::Offset, WeightEncoding::Differential] {
        let crossbar =
            AnalogCrossbar::new(&network, reading(encoding, 9, ConverterRange::UnitSteps), &[]).unwrap();
        let ideal = NonIdealities::default();
        let crossbar = crossbar.with_cells(DEVICE, &ideal, &mut ChaCha8Rng::seed_from_u64(3));
        assert!(network.evaluate(&image, &mut &crossbar).unwrap() == reference, "{encoding:?}");
    }
}

#[test]
fn fewer_levels_are_farther_from_the_integer_convolution() {
    let (network, image) = vgg8();
    let (id, layer) = network.layer_named("conv2").unwrap();
    let values = network.evaluate(&image, &mut ReferenceEngine).unwrap();
    let input = values.activations(network.source(id).unwrap()).unwrap();
    let exact = values.accumulators(id).unwrap();
    let error = |bits| {
        let reading = reading(WeightEncoding::Offset, bits, ConverterRange::FullScale);
        let crossbar = AnalogCrossbar::new(&network, reading, &[]).unwrap();
        let given = network::LinearEngine::accumulate(&mut &crossbar, layer, input).unwrap();
        let squares = given.values().iter().zip(exact.values()).map(|(a, b)| f64::from(a - b).powi(2));
        squares.sum::<f64>()
    };
    let errors = [4, 5, 6, 7, 8].map(error);
    assert!(errors.is_sorted_by(|a, b| a > b || *b == 0.0), "{errors:?}");
    assert!(errors[0] > 0.0 && errors[4] == 0.0, "{errors:?}");
}

#[test]
fn a_calibrated_range_is_as_exact_as_unit_steps_where_its_sums_fit_the_levels() {
    let (network, image) = vgg8();
    let reference = network.evaluate(&image, &mut ReferenceEngine).unwrap();
    let reading = reading(WeightEncoding::Differential, 7, ConverterRange::Calibrated);
    let crossbar = AnalogCrossbar::new(&network, reading, std::slice::from_ref(&image)).unwrap();
    assert!(network.evaluate(&image, &mut &crossbar).unwrap() == reference);
}

#[test]
fn the_same_seed_gives_the_same_cells_and_another_one_others() {
    let (network, image) = vgg8();
    let logits = |seed| {
        let reading = reading(WeightEncoding::Differential, 8, ConverterRange::UnitSteps);
        let spread = NonIdealities { conductance_spread: 0.3, ..Default::default() };
        let crossbar = AnalogCrossbar::new(&network, reading, &[]).unwrap();
        let crossbar = crossbar.with_cells(DEVICE, &spread, &mut ChaCha8Rng::seed_from_u64(seed));
        network.evaluate(&image, &mut &crossbar).unwrap().logits().to_vec()
    };
    assert_eq!(logits(1), logits(1));
    assert_ne!(logits(1), logits(2));
}

#[test]
fn a_reading_that_cannot_be_is_refused() {
    let (network, _) = vgg8();
    let refuse = |reading| match AnalogCrossbar::new(&network, reading, &[]) {
        Err(ExecutionError::Reading { what, .. }) => what,
        other => panic!("{other:?}"),
    };
    let good = reading(WeightEncoding::Offset, 5, ConverterRange::FullScale);
    assert_eq!(refuse(Reading { rows: 0, ..good }), "the number of rows");
    assert_eq!(refuse(Reading { converter_bits: 40, ..good }), "the number of converter bits");
}
