//! Every shipped network against its golden vectors, bit for bit.

#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test, a panic is a failure that is told")]

use std::path::{Path, PathBuf};

use network::{Checkpoint, FeatureMap, Network, NetworkDescription, ReferenceEngine, Shape};

fn networks() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments/networks")
}

fn images(golden: &Checkpoint) -> Vec<FeatureMap> {
    let (shape, pixels) = golden.shaped::<u8>("input").unwrap();
    let &[_, channels, height, width] = shape else {
        panic!("golden inputs have four extents, not {shape:?}")
    };
    let shape = Shape::new(channels, height, width);
    pixels.chunks_exact(shape.len()).map(|pixels| FeatureMap::from_pixels(shape, pixels).unwrap()).collect()
}

/// Checks all logits, and every accumulator and activation that the golden file holds; gives how many tensors it held.
fn check(name: &str) -> usize {
    let (description, network) = Network::load(&networks().join(format!("{name}.yaml"))).unwrap();
    let golden = Checkpoint::load(&networks().join(description.golden.unwrap())).unwrap();
    let images = images(&golden);
    let (shape, logits) = golden.shaped::<i64>("logits").unwrap();
    assert_eq!(shape, [images.len(), network.classes()]);
    assert_eq!(network.infer_all(&images).unwrap().concat(), logits);

    let values = network.evaluate(&images[0], &mut ReferenceEngine).unwrap();
    let mut compared = 0;
    for (tensor, _) in golden.tensors() {
        if let Some(layer) = tensor.strip_suffix(".acc") {
            let (id, _) = network.layer_named(layer).unwrap();
            let (_, expected) = golden.shaped::<i32>(tensor).unwrap();
            assert_eq!(values.accumulators(id).unwrap().values(), expected, "{tensor}");
            compared += 1;
        } else if let Some(layer) = tensor.strip_suffix(".out") {
            // A VGG's `.out` is the value after the pool, where there is one.
            let pool = network.activation_named(&format!("{layer}.pool"));
            let (id, _) = pool.or_else(|| network.activation_named(&format!("{layer}.act"))).unwrap();
            let (_, expected) = golden.shaped::<u8>(tensor).unwrap();
            let expected: Vec<u16> = expected.iter().copied().map(u16::from).collect();
            assert_eq!(values.activations(id).unwrap().values(), expected, "{tensor}");
            compared += 1;
        }
    }
    compared
}

macro_rules! golden {
    ($($test:ident: $name:literal, $tensors:literal;)*) => {
        $(
            #[test]
            fn $test() {
                assert_eq!(check($name), $tensors);
            }
        )*

        #[test]
        fn every_golden_file_has_its_test() {
            let mut found: Vec<String> = std::fs::read_dir(networks().join("golden"))
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect();
            found.sort();
            let mut tested: Vec<String> = vec![$(format!("{}.safetensors.zst", $name)),*];
            tested.sort();
            assert_eq!(found, tested);
        }
    };
}

golden! {
    vgg8_with_4_bits: "vgg8-fashion-s85-a4", 14;
    vgg8_with_8_bits: "vgg8-fashion-s85-a8", 14;
    vgg9_sparsity_85_with_4_bits: "vgg9-s85-a4", 15;
    vgg9_sparsity_90_with_4_bits: "vgg9-s90-a4", 15;
    vgg9_with_8_bits: "vgg9-s85-a8", 15;
    vgg11_sparsity_85_with_4_bits: "vgg11-s85-a4", 19;
    vgg11_sparsity_90_with_4_bits: "vgg11-s90-a4", 19;
    vgg11_with_8_bits: "vgg11-s85-a8", 19;
    resnet18_with_4_bits: "resnet18-s80-a4", 9;
}

#[test]
fn every_description_makes_a_network_and_only_trained_ones_have_golden_vectors() {
    let (mut trained, mut drawn) = (0, 0);
    for entry in std::fs::read_dir(networks()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        let description = NetworkDescription::load(&path).unwrap();
        if description.seeded.is_some() {
            drawn += 1;
            continue;
        }
        let (description, network) = Network::load(&path).unwrap();
        assert_eq!(network.classes(), 10, "{}", path.display());
        assert_eq!(description.golden.is_none(), description.step_divisor.is_some(), "{}", path.display());
        trained += 1;
    }
    assert_eq!((trained, drawn), (10, 3));
}

#[test]
fn networks_from_shapes_alone_have_as_many_weights_and_operations_as_the_published_ones() {
    // Parameters of torchvision's models less biases and batch norms; multiplications for one image of 224 x 224.
    for (name, layers, weights, multiplications) in [
        ("vgg16", 16, 138_344_128_usize, 15.47e9),
        ("resnet50", 54, 25_502_912, 4.09e9),
        ("mobilenet-v2", 53, 3_469_760, 0.30e9),
    ] {
        let (_, network) = Network::load(&networks().join(format!("{name}.yaml"))).unwrap();
        assert_eq!(network.linear_layers().len(), layers, "{name}");
        let of = |layer: &network::LinearLayer| layer.weights().values().len();
        assert_eq!(network.linear_layers().map(|(_, layer)| of(layer)).sum::<usize>(), weights, "{name}");
        let products: usize =
            network.linear_layers().map(|(_, layer)| of(layer) * layer.output().positions()).sum();
        assert!((products as f64 / multiplications - 1.0).abs() < 0.01, "{name}: {products}");
        for (_, layer) in network.linear_layers() {
            let (zeros, of_all) = (layer.weights().sparsity(), of(layer) as f64);
            // Four standard deviations of a share drawn that often.
            assert!(
                (zeros - 0.8).abs() < 4.0 * (0.16 / of_all).sqrt() + 1e-9,
                "{name} {}: {zeros}",
                layer.name()
            );
        }
    }
}

#[test]
fn activations_of_a_network_from_a_seed_keep_a_sensible_range() {
    let (_, network) = Network::load(&networks().join("mobilenet-v2.yaml")).unwrap();
    let pixels = (0..network.input().shape().len()).map(|place| (place * 7919 % 256) as u16).collect();
    let image = FeatureMap::new(network.input().shape(), pixels).unwrap();
    for (id, statistics) in network.activation_statistics(&[image]).unwrap() {
        let name = network.layer(id).unwrap().name();
        // Neither do the values vanish, nor do most of them stand at the top of the range.
        let set = statistics.set_bit_share();
        assert!((0.05..0.75).contains(&set), "{name}: {set}");
    }
}

#[test]
fn resnet18_with_finer_steps_sees_the_same_activations_17_times_larger() {
    let load = |name: &str| Network::load(&networks().join(name)).unwrap().1;
    let (coarse, fine) = (load("resnet18-s80-a4.yaml"), load("resnet18-s80-a8.yaml"));
    let golden = Checkpoint::load(&networks().join("golden/resnet18-s80-a4.safetensors.zst")).unwrap();
    let image = &images(&golden)[0];
    let stem = |network: &Network| {
        let values = network.evaluate(image, &mut ReferenceEngine).unwrap();
        let (id, _) = network.activation_named("stem.act").unwrap();
        values.activations(id).unwrap().values().to_vec()
    };
    for (coarse, fine) in stem(&coarse).into_iter().zip(stem(&fine)) {
        // Each is the same real number, rounded to a multiple of its own step.
        assert!(fine.abs_diff(17 * coarse) <= 9, "{coarse} and {fine}");
    }
}
