//! The shipped images, and the shipped networks' accuracy on them.

#![allow(clippy::unwrap_used, reason = "in a test, a panic is a failure that is told")]

use std::path::{Path, PathBuf};

use network::{Accuracy, Checkpoint, DataSet, ImageSet, Network};

fn experiments(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments").join(path)
}

fn fashion() -> ImageSet {
    data_sets::load(DataSet::FashionMnist, &experiments("data/fashion-mnist")).unwrap()
}

fn load(name: &str) -> Network {
    Network::load(&experiments(&format!("networks/{name}.yaml"))).unwrap().1
}

#[test]
fn fashion_mnist_has_10_000_test_images_of_every_class_equally() {
    let set = fashion();
    assert_eq!(set.len(), 10_000);
    for class in 0..10 {
        assert_eq!(set.labels().unwrap().iter().filter(|&&label| label == class).count(), 1_000);
    }
}

#[test]
fn golden_inputs_are_the_first_images_padded_repeated_and_scaled_up() {
    for name in ["vgg8-fashion-s85-a4", "vgg9-s85-a4", "vgg11-s85-a4", "resnet18-s80-a4"] {
        let golden =
            ImageSet::from_golden(&experiments(&format!("networks/golden/{name}.safetensors.zst"))).unwrap();
        let fitted = fashion().first(golden.len()).unwrap().fitted_to(golden.shape()).unwrap();
        for image in 0..golden.len() {
            assert_eq!(fitted.pixels(image), golden.pixels(image), "{name}, image {image}");
        }
    }
}

#[test]
fn vgg8_classifies_the_documented_share_of_the_first_2000_images() {
    let images = fashion().first(2_000).unwrap();
    for (name, correct) in [("vgg8-fashion-s85-a4", 1_877), ("vgg8-fashion-s85-a8", 1_870)] {
        let (description, network) = Network::load(&experiments(&format!("networks/{name}.yaml"))).unwrap();
        let accuracy = network.accuracy(&images).unwrap();
        assert_eq!(accuracy, Accuracy { correct, images: 2_000 }, "{name}");
        let record = description.documented_accuracy.integer_inference.unwrap();
        assert_eq!((Some(accuracy.images), accuracy.share()), (record.images, record.top1), "{name}");
    }
}

/// CIFAR-10 may not be passed on: who has it names its folder in `TRITRACK_CIFAR10`.
#[test]
fn vgg9_classifies_the_documented_share_of_cifar10_where_it_is_at_hand() {
    let Some(folder) = std::env::var_os("TRITRACK_CIFAR10") else { return };
    let (description, network) = Network::load(&experiments("networks/vgg9-s85-a4.yaml")).unwrap();
    let record = description.documented_accuracy.integer_inference.unwrap();
    let images = data_sets::load(DataSet::Cifar10, Path::new(&folder)).unwrap();
    let share = network.accuracy(&images.first(record.images.unwrap()).unwrap()).unwrap().share();
    if images.name() == record.data {
        assert_eq!(share, record.top1);
    } else {
        // The lossless images are not those that the figure was measured on.
        assert!((share - record.top1).abs() < 0.05, "{share} on {}", images.name());
    }
}

#[test]
fn statistics_agree_with_the_golden_activations() {
    let golden_path = experiments("networks/golden/vgg8-fashion-s85-a4.safetensors.zst");
    let golden = Checkpoint::load(&golden_path).unwrap();
    let image = ImageSet::from_golden(&golden_path).unwrap().feature_map(0).unwrap();
    let network = load("vgg8-fashion-s85-a4");
    let statistics = network.activation_statistics(&[image]).unwrap();
    let (id, layer) = network.layer_named("conv4").unwrap();
    let (_, activations) = golden.shaped::<u8>("conv3.out").unwrap();
    let zeros = activations.iter().filter(|&&value| value == 0).count() as f64;
    let ones = activations.iter().map(|value| f64::from(value.count_ones())).sum::<f64>();
    let (found, conv4) = statistics[id.index()];
    assert_eq!(found, id);
    assert_eq!(layer.input_bits(), 4);
    assert_eq!(conv4.zero_share(), zeros / activations.len() as f64);
    assert_eq!(conv4.set_bit_share(), ones / (4 * activations.len()) as f64);
}
