//! Shipped networks on the machine, against the golden vectors.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use compiler::{Geometry, Layout, Options, Sharing};
use network::{Checkpoint, FeatureMap, Network};
use rtm_ap::Machine;

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

#[test]
fn vgg8_runs_on_the_machine_and_every_value_equals_the_reference() {
    let (description, network) = Network::load(&networks().join("vgg8-fashion-s85-a4.yaml")).unwrap();
    let golden =
        Checkpoint::load(&networks().join("golden").join(format!("{}.safetensors.zst", description.name)))
            .unwrap();
    let (_, logits) = golden.shaped::<i64>("logits").unwrap();
    let (shape, pixels) = golden.shaped::<u8>("input").unwrap();
    let network = Arc::new(network);
    let machine = Machine::compile(Arc::clone(&network), &options()).unwrap();
    let size = pixels.len() / shape[0];
    for (image, expected) in pixels.chunks(size).zip(logits.chunks(network.classes())) {
        let image = FeatureMap::from_pixels(network.input().shape(), image).unwrap();
        let run = machine.run(&image).unwrap();
        assert_eq!(run.evaluations[0].logits(), expected);
        let reference = network.evaluate(&image, &mut network::ReferenceEngine).unwrap();
        assert_eq!(run.evaluations[0], reference);
    }
}
