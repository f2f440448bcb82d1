//! A small network with everything that a description can hold, on every command that takes a network.

#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::os::unix::fs::symlink;

use network::{Checkpoint, Tensor};
use support::{repository, tritrack};
use tempfile::TempDir;

const NETWORK: &str = "\
name: small
title: Small
seeded: {seed: 1, sparsity: 0.5}
input: {channels: 3, height: 12, width: 10, zero: [124, 116, 104]}
activation_bits: 4
layers:
  - convolution: {name: stem, outputs: 8, kernel: [3, 5], stride: [2, 1], padding: [1, 2, 0, 2]}
  - convolution: {name: depthwise, outputs: 8, kernel: 3, padding: 1, groups: 8}
  - convolution: {name: project, outputs: 8, kernel: 1, groups: 2, activation: none}
  - add: {name: sum, of: [project, stem], signed: true}
  - rescale: {name: norm, signed: true}
  - max_pool: {name: low, kernel: 3, stride: 1, padding: 1}
  - concat: {name: both, of: [norm, low]}
  - sum_pool: {kernel: 2, stride: 2, padding: [0, 0, 1, 0]}
  - bottleneck: {name: deep, width: 4, outputs: 12, stride: 2, groups: 2}
  - inverted_residual: {name: thin, outputs: 12, expansion: 3}
  - sum_pool: {}
  - fully_connected: {name: fc, outputs: 5}
";

/// A workspace with the network and two images of random pixels, and the images' file.
fn workspace(network: &str) -> (TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let experiments = folder.path().join("experiments");
    fs::create_dir_all(experiments.join("networks")).unwrap();
    for shared in ["data", "technology", "references"] {
        let source = fs::canonicalize(repository().join("experiments").join(shared)).unwrap();
        symlink(source, experiments.join(shared)).unwrap();
    }
    fs::write(experiments.join("networks/small.yaml"), network).unwrap();
    let file = folder.path().join("images.safetensors");
    let mut images = Checkpoint::new("images");
    let pixels: Vec<u8> = (0..2 * 3 * 12 * 10).map(|place: usize| (place * 89 % 256) as u8).collect();
    images.insert("images", Tensor::new(vec![2, 3, 12, 10], pixels).unwrap());
    images.save(&file).unwrap();
    (folder, file.to_str().unwrap().to_owned())
}

fn output(folder: &TempDir, arguments: &[&str]) -> String {
    let output = tritrack(folder.path(), arguments);
    let (stdout, stderr) =
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(output.status.success(), "{arguments:?}: {stderr}");
    stdout
}

#[test]
fn every_stage_of_its_compilation_is_verified() {
    let (folder, _) = workspace(NETWORK);
    for options in [&[][..], &["--layout", "best"], &["--layout", "naive"], &["--cse", "cross-channel"]] {
        let shown = output(&folder, &[&["compile", "small", "--verify"], options].concat());
        assert!(shown.contains("thin.depthwise") && shown.contains("deep.conv2"), "{shown}");
    }
}

#[test]
fn every_value_that_the_machine_makes_is_that_of_integer_inference() {
    let (folder, images) = workspace(NETWORK);
    for activations in ["periphery", "shift-and-add", "thresholds"] {
        let arguments = [
            "simulate",
            "small",
            "--images",
            &images,
            "--check",
            "--activations",
            activations,
            "--format",
            "json",
        ];
        let shown: serde_json::Value = serde_json::from_str(&output(&folder, &arguments)).unwrap();
        assert_eq!(shown["checked"], true, "{activations}");
    }
}

#[test]
fn the_crossbar_has_all_of_its_layers() {
    let (folder, _) = workspace(NETWORK);
    let shown = output(&folder, &["crossbar", "small", "--technology", "neurosim-rram-22nm"]);
    for layer in ["stem", "depthwise", "project", "deep.downsample", "thin.expand", "fc"] {
        assert!(shown.contains(layer), "{layer}: {shown}");
    }
}

#[test]
fn what_does_not_fit_is_told_with_file_line_and_layer() {
    let network =
        NETWORK.replace("sum_pool: {kernel: 2, stride: 2, padding: [0, 0, 1, 0]}", "sum_pool: {kernel: 40}");
    let (folder, _) = workspace(&network);
    let output = tritrack(folder.path(), &["compile", "small"]);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(
        stderr.contains("small.yaml:14:5: network `small`: layer `both.sum`: the window does not fit"),
        "{stderr}"
    );
}

#[test]
fn everything_that_is_not_of_its_form_is_told_at_once() {
    let network =
        NETWORK.replace("groups: 8", "group: 8").replace("kernel: 3, stride: 1", "kernel: [3], stride: 1");
    let (folder, _) = workspace(&network);
    let output = tritrack(folder.path(), &["compile", "small"]);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("small.yaml:8:") && stderr.contains("`groups`"), "{stderr}");
    assert!(stderr.contains("small.yaml:12:"), "{stderr}");
}
