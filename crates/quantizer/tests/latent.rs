//! The float weights behind a shipped network, quantized again.

#![allow(clippy::unwrap_used, reason = "in a test, a panic is a failure that is told")]

use std::path::{Path, PathBuf};

use network::{Checkpoint, DataSet, Network, NetworkDescription, Tensor};
use quantizer::{Granularity, QuantizedCheckpoint, Sparsity, ThresholdRule, Thresholds, quantize};

fn experiments(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments").join(path)
}

fn latent() -> Checkpoint {
    Checkpoint::load(&experiments("networks/vgg8-fashion-latent.safetensors.zst")).unwrap()
}

fn shipped() -> Checkpoint {
    Checkpoint::load(&experiments("networks/vgg8-fashion-s85-a4.safetensors.zst")).unwrap()
}

/// How many representable numbers lie between two floats of the same sign.
fn ulps(a: f32, b: f32) -> u32 {
    a.to_bits().abs_diff(b.to_bits())
}

fn differing_weights(found: &QuantizedCheckpoint, expected: &Checkpoint) -> (usize, usize) {
    let (mut differing, mut all) = (0, 0);
    for layer in found.layers() {
        let name = format!("{}.weight", layer.name);
        let (shape, expected) = expected.shaped::<i8>(&name).unwrap();
        let found = found.checkpoint().values::<i8>(&name, shape).unwrap();
        differing += found.iter().zip(expected).filter(|(a, b)| a != b).count();
        all += expected.len();
    }
    (differing, all)
}

#[test]
fn the_stored_thresholds_give_the_shipped_network() {
    let (quantized, shipped) = (quantize(&latent(), Thresholds::Stored).unwrap(), shipped());
    assert_eq!(differing_weights(&quantized, &shipped), (0, 812_832));
    let names =
        |checkpoint: &Checkpoint| checkpoint.tensors().map(|(name, _)| name.to_owned()).collect::<Vec<_>>();
    assert_eq!(names(quantized.checkpoint()), names(&shipped));
    for (name, tensor) in shipped.tensors().filter(|(name, _)| !name.ends_with(".weight")) {
        let found = quantized.checkpoint().values::<f32>(name, tensor.shape()).unwrap();
        let (_, expected) = shipped.shaped::<f32>(name).unwrap();
        let allowed = if name.ends_with(".alpha") { 2 } else { u32::from(name.ends_with(".act.step")) };
        for (&found, &expected) in found.iter().zip(expected) {
            assert!(ulps(found, expected) <= allowed, "{name}: {found} instead of {expected}");
        }
    }
    let empty: usize = quantized.layers().iter().map(|layer| layer.sparsity.empty_filters()).sum();
    let filters: usize = quantized.layers().iter().map(|layer| layer.thresholds.len()).sum();
    assert_eq!((empty, filters), (17, 714));
}

#[test]
fn the_final_quantile_differs_in_8_weights_from_the_one_of_the_step_before() {
    let rule = ThresholdRule::TargetSparsity(Sparsity::new(0.85).unwrap());
    let quantized = quantize(&latent(), Thresholds::Rule(rule, Granularity::Layer)).unwrap();
    assert_eq!(differing_weights(&quantized, &shipped()), (8, 812_832));
    for layer in quantized.layers() {
        let wanted = (0.85 * layer.sparsity.weights() as f64) as usize;
        assert_eq!(layer.sparsity.weights() - layer.sparsity.nonzeros(), wanted, "{}", layer.name);
    }
}

#[test]
fn a_network_quantized_here_and_saved_classifies_like_the_shipped_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.safetensors.zst");
    quantize(&latent(), Thresholds::Stored).unwrap().checkpoint().save(&path).unwrap();
    let description = NetworkDescription::load(&experiments("networks/vgg8-fashion-s85-a4.yaml")).unwrap();
    let mine = Network::assemble(&description, &Checkpoint::load(&path).unwrap()).unwrap();
    let theirs = Network::assemble(&description, &shipped()).unwrap();
    let images = data_sets::load(DataSet::FashionMnist, &experiments("data/fashion-mnist")).unwrap();
    let images = images.first(200).unwrap();
    let correct = |network: &Network| network.accuracy(&images).unwrap().correct;
    // α within 2 ulp may move a value across a rounding boundary here and there.
    assert!(correct(&mine).abs_diff(correct(&theirs)) <= 1);
    assert!(correct(&mine) > 180);
}

#[test]
fn per_filter_quantiles_leave_no_filter_empty() {
    let rule = ThresholdRule::TargetSparsity(Sparsity::new(0.85).unwrap());
    let quantized = quantize(&latent(), Thresholds::Rule(rule, Granularity::Filter)).unwrap();
    assert!(quantized.layers().iter().all(|layer| layer.sparsity.empty_filters() == 0));
}

#[test]
fn damaged_checkpoints_are_told_with_file_and_tensor() {
    let rule = ThresholdRule::TargetSparsity(Sparsity::new(0.85).unwrap());
    let by_rule = Thresholds::Rule(rule, Granularity::Layer);
    let mut checkpoint = Checkpoint::new("mine.zst");
    let refused =
        |checkpoint: &Checkpoint, thresholds| quantize(checkpoint, thresholds).unwrap_err().to_string();
    assert_eq!(refused(&checkpoint, by_rule), "mine.zst: holds no tensor `L.weight`");
    checkpoint.insert("fc.weight", Tensor::new(vec![1, 2], vec![1.0, f32::NAN]).unwrap());
    assert_eq!(
        refused(&checkpoint, by_rule),
        "mine.zst: tensor `fc.weight`: weight 1 of filter 0 is NaN; expected a finite number"
    );
    assert!(refused(&checkpoint, Thresholds::Stored).contains("no tensor `fc.threshold`"));
    checkpoint.insert("fc.threshold", Tensor::new(vec![1], vec![-1.0_f32]).unwrap());
    assert!(refused(&checkpoint, Thresholds::Stored).contains("`fc.threshold`: threshold is -1; expected"));
    checkpoint.insert("fc.weight", Tensor::new(vec![2], vec![1.0_f32; 2]).unwrap());
    assert!(
        refused(&checkpoint, by_rule).contains("`fc.weight` is of shape [2]; expected [outputs, inputs]")
    );
    checkpoint.insert("fc.weight", Tensor::new(vec![1, 2], vec![1_i8; 2]).unwrap());
    assert!(refused(&checkpoint, by_rule).contains("`fc.weight` is of type I8; expected F32"));
}
