//! Shipped networks on the machine, against the golden vectors.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ap_program::Geometry;
use compiler::{Layout, Options, Sharing};
use network::{Checkpoint, Evaluation, FeatureMap, Network};
use rtm_ap::{ActivationsAt, Machine};

fn networks() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments/networks")
}

fn options() -> Options {
    Options {
        geometry: Geometry::new(256, 256, 64).unwrap(),
        sharing: Sharing::PerChannel,
        layout: Layout::Along,
        outputs_per_processor: None,
    }
}

/// Runs a network's golden inputs, and compares every value with the integer inference, and the logits with the golden ones.
fn assert_golden(name: &str) {
    let (description, network) = Network::load(&networks().join(format!("{name}.yaml"))).unwrap();
    let golden = Checkpoint::load(&networks().join(description.golden.unwrap())).unwrap();
    let (_, logits) = golden.shaped::<i64>("logits").unwrap();
    let (shape, pixels) = golden.shaped::<u8>("input").unwrap();
    let network = Arc::new(network);
    let images: Vec<FeatureMap> = pixels
        .chunks(pixels.len() / shape[0])
        .map(|image| FeatureMap::from_pixels(network.input().shape(), image).unwrap())
        .collect();
    let machine = Machine::compile(Arc::clone(&network), &options()).unwrap();
    // A few at a time: the values of ResNet-18 take many megabytes an image.
    for (images, logits) in images.chunks(4).zip(logits.chunks(4 * network.classes())) {
        let run = machine.run_all(images).unwrap();
        let given: Vec<i64> = run.evaluations.iter().flat_map(|e| e.logits().iter().copied()).collect();
        assert_eq!(given, logits, "{name}");
        let reference = network.evaluate(&images[0], &mut network::ReferenceEngine).unwrap();
        assert!(run.evaluations[0] == reference, "{name}: a value differs from the reference");
    }
}

#[test]
fn vgg8_gives_its_golden_values_on_the_machine() {
    ["vgg8-fashion-s85-a4", "vgg8-fashion-s85-a8"].into_iter().for_each(assert_golden);
}

#[test]
fn vgg9_gives_its_golden_values_on_the_machine() {
    ["vgg9-s85-a4", "vgg9-s90-a4", "vgg9-s85-a8"].into_iter().for_each(assert_golden);
}

#[test]
fn vgg11_gives_its_golden_values_on_the_machine() {
    ["vgg11-s85-a4", "vgg11-s90-a4", "vgg11-s85-a8"].into_iter().for_each(assert_golden);
}

#[test]
fn resnet18_at_224_gives_its_golden_values_on_the_machine() {
    assert_golden("resnet18-s80-a4");
}

#[test]
fn vgg8_with_its_activations_made_on_the_arrays_gives_the_same_values() {
    assert_activations_on_arrays("vgg8-fashion-s85-a4", 2);
}

#[test]
#[ignore = "takes seconds in the release profile: cargo test --release -p rtm-ap -- --ignored"]
fn every_network_with_its_activations_made_on_the_arrays_gives_the_same_values() {
    for name in ["vgg8-fashion-s85-a8", "vgg9-s85-a4", "vgg11-s85-a8", "resnet18-s80-a4"] {
        assert_activations_on_arrays(name, 1);
    }
}

fn assert_activations_on_arrays(name: &str, images: usize) {
    let (description, network) = Network::load(&networks().join(format!("{name}.yaml"))).unwrap();
    let golden =
        Checkpoint::load(&networks().join("golden").join(format!("{}.safetensors.zst", description.name)))
            .unwrap();
    let (shape, pixels) = golden.shaped::<u8>("input").unwrap();
    let network = Arc::new(network);
    let images: Vec<FeatureMap> = pixels
        .chunks(pixels.len() / shape[0])
        .take(images)
        .map(|image| FeatureMap::from_pixels(network.input().shape(), image).unwrap())
        .collect();
    let reference: Vec<Evaluation> =
        images.iter().map(|image| network.evaluate(image, &mut network::ReferenceEngine).unwrap()).collect();
    let mut machine = Machine::compile(Arc::clone(&network), &options()).unwrap();
    let periphery: f64 = machine.run_all(&images).unwrap().events.iter().map(|e| e.requantizations).sum();
    for at in &ActivationsAt::ALL[1..] {
        machine = machine.with_activations(*at).unwrap();
        let run = machine.run_all(&images).unwrap();
        assert!(run.evaluations == reference, "{name}, {}", at.name());
        // What is left at the periphery are the logits.
        let left: f64 = run.events.iter().map(|events| events.requantizations).sum();
        assert!(left == network.classes() as f64 && left < periphery);
        assert!(run.events.iter().all(|events| events.pool_operations == 0.0));
    }
}

#[test]
fn the_writes_that_wear_cells_are_those_that_are_counted_as_events() {
    let (description, network) = Network::load(&networks().join("vgg8-fashion-s85-a4.yaml")).unwrap();
    let golden =
        Checkpoint::load(&networks().join("golden").join(format!("{}.safetensors.zst", description.name)))
            .unwrap();
    let (shape, pixels) = golden.shaped::<u8>("input").unwrap();
    let image = &pixels[..pixels.len() / shape[0]];
    let image = FeatureMap::from_pixels(network.input().shape(), image).unwrap();
    let evaluation = network.evaluate(&image, &mut network::ReferenceEngine).unwrap();
    let machine = Machine::compile(Arc::new(network), &options()).unwrap();
    let wear = machine.wear(&[evaluation]).unwrap();
    let events = machine.run(&image).unwrap().events;
    let written = |e: &rtm_ap::Events| e.tagged_bits.occupied + e.broadcast_bits.occupied + e.loaded_bits;
    assert_eq!(wear.total(), events.iter().map(written).sum::<f64>());
    // The carry is written for every bit of every addition, into one domain.
    let (junction, (domain, at)) = (wear.hottest_junction(), wear.hottest_domain());
    assert_eq!((junction.column, domain.column, at), (255, 255, 0));
    assert_eq!(junction.writes, domain.writes);
    assert!(wear.levelled_over_columns() * 20.0 < junction.writes);
    // Of what a junction gets, its domains get their parts: the hottest at least the mean, and none all of it.
    let (levelled, of_domain) = (wear.levelled_over_columns(), wear.domain_levelled_over_columns());
    assert!(levelled / 64.0 <= of_domain && of_domain < levelled, "{levelled} {of_domain}");
    assert!(of_domain < wear.hottest_domain().0.writes);
}
