//! Models as others write them, from file to integers: nothing silently wrong.

#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test, a panic is a failure that is told")]

use std::path::{Path, PathBuf};

use float_network::{FloatMap, FloatNetwork};
use network::{Checkpoint, ImageSet, Network, NetworkDescription};
use onnx::{ImportOptions, Imported, import};
use quantizer::{
    Correction, Factor, Fit, Granularity, PostTrained, PostTraining, StepRule, ThresholdRule, WeightRule,
    keep_quantized, quantize_network,
};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../onnx/tests/models/foreign")
}

fn model(name: &str, options: &ImportOptions) -> Imported {
    import(&folder().join(format!("{name}.onnx")), options).unwrap_or_else(|error| panic!("{error}"))
}

fn images(name: &str) -> ImageSet {
    ImageSet::from_tensors(&folder().join(format!("{name}.images.safetensors"))).unwrap()
}

fn logits(name: &str) -> Vec<f32> {
    let path = folder().join(format!("{name}.expected.safetensors"));
    Checkpoint::load(&path).unwrap().shaped::<f32>("logits").unwrap().1.to_vec()
}

fn names(with: impl Fn(&str) -> bool) -> Vec<String> {
    let files = std::fs::read_dir(folder()).unwrap().map(|file| file.unwrap().file_name());
    let mut names: Vec<String> = files
        .filter_map(|file| Some(file.to_string_lossy().strip_suffix(".onnx")?.to_owned()))
        .filter(|name| with(name))
        .collect();
    names.sort();
    names
}

fn options() -> PostTraining {
    PostTraining {
        weights: WeightRule::Same(ThresholdRule::Twn(Factor::PAPER)),
        granularity: Granularity::Filter,
        fit: Fit::Weights,
        bits: Some(8),
        steps: StepRule::MinMax,
        correction: Correction::None,
    }
}

fn integers(quantized: &PostTrained, images: &ImageSet) -> Vec<f32> {
    let text = quantized.file.text("made", "Made", "made.safetensors.zst", "");
    let description =
        NetworkDescription::parse(&text, Path::new("made.yaml")).unwrap_or_else(|e| panic!("{e}\n{text}"));
    let network =
        Network::assemble(&description, &quantized.checkpoint).unwrap_or_else(|e| panic!("{e}\n{text}"));
    let found = network.infer_all(&images.feature_maps()).unwrap();
    found.iter().flatten().map(|&logit| logit as f32 / (1 << 24) as f32).collect()
}

fn floats(network: &FloatNetwork, images: &ImageSet) -> Vec<FloatMap> {
    network.infer(&network.pixels().maps(images)).unwrap()
}

/// The largest difference as a share of the largest expected value, for the scale at which that is least.
fn difference_up_to_scale(expected: &[f32], found: &[f32]) -> f32 {
    let (product, square) =
        expected.iter().zip(found).fold((0.0, 0.0), |(p, s), (e, f)| (p + e * f, s + f * f));
    let scaled: Vec<f32> = found.iter().map(|value| value * product / square).collect();
    difference(expected, &scaled)
}

fn difference(expected: &[f32], found: &[f32]) -> f32 {
    let largest = expected.iter().fold(0.0_f32, |most, value| most.max(value.abs()));
    let apart = expected.iter().zip(found).fold(0.0_f32, |most, (a, b)| most.max((a - b).abs()));
    apart / largest
}

#[test]
fn ternary_models_keep_every_bound_when_their_activations_are_rounded_to_8_bits() {
    let names = names(|name| name.starts_with("ternary-"));
    assert!(names.len() >= 4);
    let mut failures = Vec::new();
    for name in names {
        let (imported, images) = (model(&name, &ImportOptions::default()), images(&name));
        let quantized = quantize_network(&imported.network, &images, &options(), &mut |_, _| ()).unwrap();
        let apart = difference_up_to_scale(&logits(&name), &integers(&quantized, &images));
        if apart.is_nan() || apart > 0.01 {
            failures.push(format!("{name}: {:.2} %", 100.0 * apart));
        }
    }
    assert!(failures.is_empty(), "{failures:?}");
}

#[test]
fn quantized_models_become_networks_exactly_or_not_at_all() {
    let names = names(|name| name.starts_with("qdq-") || name.starts_with("qonnx-"));
    let (mut kept, mut refused) = (Vec::new(), Vec::new());
    for name in &names {
        let (imported, images) = (model(name, &ImportOptions::default()), images(name));
        let found: Vec<f32> =
            floats(&imported.network, &images).iter().flat_map(|map| map.values().to_vec()).collect();
        assert!(difference(&logits(name), &found) < 1e-4, "{name} in floating point");
        match keep_quantized(&imported.network) {
            Ok(quantized) => {
                let apart = difference(&logits(name), &integers(&quantized, &images));
                assert!(apart < 1e-4, "{name}: {apart}");
                kept.push(name.as_str());
            }
            Err(reason) => refused.push((name.as_str(), reason)),
        }
    }
    let expected = [
        "qdq-add",
        "qdq-clip",
        "qdq-concat-zeros",
        "qdq-image-int8",
        "qdq-image-step",
        "qdq-int4-relu",
        "qdq-logits",
        "qdq-pad",
        "qdq-plain",
        "qdq-relu-after",
        "qdq-relu6",
        "qdq-s8-sym-relu-sat",
        "qdq-sigmoid",
        "qonnx-4s-narrow",
    ];
    assert_eq!(kept, expected, "{refused:?}");
    // Bounds and scales that are none of the integers', and sums that are rounded twice.
    let reasons = [
        ("qdq-clip-after", "its activations have no step"),
        ("qdq-image-concat", "its activations have no step"),
        ("qdq-mean", "its integers would give other logits"),
    ];
    assert_eq!(refused.len(), reasons.len(), "{refused:?}");
    for ((name, reason), (expected, words)) in refused.iter().zip(reasons) {
        assert!(*name == expected && reason.contains(words), "{name}: {reason}");
    }
}

#[test]
fn models_are_fed_what_they_expect() {
    let mut failures = Vec::new();
    for name in names(|name| folder().join(format!("{name}.images.safetensors")).exists()) {
        let (imported, images) = (model(&name, &ImportOptions::default()), images(&name));
        let found = floats(&imported.network, &images);
        let labels = images.labels().unwrap();
        let correct =
            found.iter().zip(labels).filter(|(map, label)| map.class() == usize::from(**label)).count();
        if correct != images.len() {
            failures.push(format!("{name}: {correct} of {}", images.len()));
        }
        let quantized = quantize_network(&imported.network, &images, &options(), &mut |_, _| ());
        match quantized {
            Ok(quantized) => drop(integers(&quantized, &images)),
            Err(error) => failures.push(format!("{name}: {error}")),
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn a_channel_that_is_constant_but_for_rounding_is_quantized() {
    let imported = model("constant-channel", &ImportOptions::default());
    let shape = imported.network.input();
    let pixels = (0..16 * shape.len()).map(|place| (place * 7919 % 251) as u8).collect();
    let images = ImageSet::new("made", shape, pixels, None).unwrap();
    let corrected = PostTraining { correction: Correction::BatchNorm, bits: Some(4), ..options() };
    let quantized = quantize_network(&imported.network, &images, &corrected, &mut |_, _| ()).unwrap();
    assert!(integers(&quantized, &images).iter().all(|logit| logit.is_finite()));
}
