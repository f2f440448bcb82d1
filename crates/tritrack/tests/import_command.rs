//! `tritrack import` and `tritrack quantize` as their user meets them: from an ONNX model to the machine.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use network::{Checkpoint, Tensor};
use serde_json::Value;
use tempfile::TempDir;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn model(name: &str) -> String {
    repository().join("crates/onnx/tests/models").join(format!("{name}.onnx")).display().to_string()
}

/// A workspace of its own, with technologies and Fashion-MNIST but no networks.
fn workspace() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let experiments = folder.path().join("experiments");
    fs::create_dir_all(experiments.join("networks")).unwrap();
    for kind in ["components", "rtm-ap", "crossbar"] {
        let to = experiments.join("technology").join(kind);
        fs::create_dir_all(&to).unwrap();
        for file in fs::read_dir(repository().join("experiments/technology").join(kind)).unwrap() {
            let file = file.unwrap();
            fs::copy(file.path(), to.join(file.file_name())).unwrap();
        }
    }
    let data = experiments.join("data/fashion-mnist");
    fs::create_dir_all(&data).unwrap();
    for file in fs::read_dir(repository().join("experiments/data/fashion-mnist")).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), data.join(file.file_name())).unwrap();
    }
    folder
}

/// Images of a shape in a file of the workspace, with labels.
fn images(workspace: &TempDir, [channels, height, width]: [usize; 3], count: usize) -> String {
    let mut state = 1_u32;
    let mut draw = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    let length = channels * height * width;
    let mut file = Checkpoint::new("");
    let pixels: Vec<u8> = (0..count * length).map(|_| draw()).collect();
    file.insert("images", Tensor::new(vec![count, channels, height, width], pixels).unwrap());
    file.insert("labels", Tensor::new(vec![count], vec![0_u8; count]).unwrap());
    let path = workspace.path().join("images.safetensors");
    file.save(&path).unwrap();
    path.display().to_string()
}

/// Standard output, standard error and the exit code.
fn run(workspace: &TempDir, arguments: &[&str]) -> (String, String, i32) {
    let output = Command::new(env!("CARGO_BIN_EXE_tritrack"))
        .arg("--workspace")
        .arg(workspace.path())
        .args(arguments)
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr), output.status.code().unwrap())
}

fn done(workspace: &TempDir, arguments: &[&str]) -> String {
    let (stdout, stderr, code) = run(workspace, arguments);
    assert_eq!(code, 0, "{arguments:?}: {stderr}");
    stdout
}

fn document(workspace: &TempDir, arguments: &[&str]) -> Value {
    serde_json::from_str(&done(workspace, &[arguments, &["--format", "json"]].concat())).unwrap()
}

#[test]
fn models_of_every_kind_go_from_onnx_to_the_machine() {
    for (name, shape) in [
        ("torch-vgg", [1, 12, 12]),
        ("torch-residual", [3, 16, 16]),
        ("torch-inverted", [3, 12, 12]),
        ("inception", [3, 9, 9]),
        ("half-precision", [1, 6, 6]),
    ] {
        let workspace = workspace();
        let images = images(&workspace, shape, 20);
        let imported = done(&workspace, &["import", &model(name)]);
        assert!(
            imported.contains(&format!("written: experiments/networks/{name}.float.safetensors")),
            "{imported}"
        );
        let quantized = document(
            &workspace,
            &["quantize", name, "--images", &images, "--calibration", "12", "--sparsity", "0.5"],
        );
        assert_eq!(quantized["images"]["calibration"], 12);
        assert_eq!(quantized["accuracy"]["quantized"]["images"], 8);
        let layers = quantized["table"]["rows"].as_array().unwrap();
        assert!(
            layers.iter().any(|layer| layer["weight_snr"].as_f64().is_some_and(|snr| snr > 3.0)),
            "{name}: {layers:?}"
        );
        let ternary = format!("{name}-ternary");
        let simulated =
            done(&workspace, &["simulate", &ternary, "--images", &images, "--count", "2", "--check"]);
        assert!(simulated.contains("every value of 2 images equals the integer inference"), "{simulated}");
        let crossbar = done(
            &workspace,
            &["crossbar", &ternary, "--technology", "neurosim-rram-22nm", "--format", "csv"],
        );
        assert!(crossbar.lines().count() > 2, "{crossbar}");
    }
}

#[test]
fn a_model_that_is_ternary_already_becomes_a_network_at_once() {
    for name in ["quantized-qdq", "quantized-qonnx"] {
        let workspace = workspace();
        let images = images(&workspace, [1, 12, 12], 4);
        let imported = done(&workspace, &["import", &model(name)]);
        assert!(imported.contains("already ternary, with steps of its own"), "{imported}");
        let file =
            fs::read_to_string(workspace.path().join(format!("experiments/networks/{name}.yaml"))).unwrap();
        assert!(file.contains("activation_bits: 4\n"), "{file}");
        done(&workspace, &["simulate", name, "--images", &images, "--check"]);
    }
}

#[test]
fn the_same_model_and_images_give_the_same_files_at_any_number_of_threads() {
    let written = |jobs: &str| {
        let workspace = workspace();
        let images = images(&workspace, [3, 9, 9], 10);
        let arguments =
            ["quantize", &model("inception"), "--images", &images, "--calibration", "10", "--jobs", jobs];
        done(
            &workspace,
            &[&arguments[..], &["--sparsity", "0.7", "--by-sensitivity", "--name", "mine"]].concat(),
        );
        let file = |name: &str| fs::read(workspace.path().join("experiments/networks").join(name)).unwrap();
        (file("mine.yaml"), file("mine.safetensors.zst"))
    };
    assert_eq!(written("1"), written("2"));
}

#[test]
fn what_is_wrong_is_told_and_nothing_is_written() {
    let workspace = workspace();
    let images = images(&workspace, [1, 12, 12], 4);
    let refused = |arguments: &[&str]| {
        let (_, stderr, code) = run(&workspace, arguments);
        assert_eq!(code, 2, "{arguments:?}: {stderr}");
        stderr
    };
    let error = refused(&["import", &model("unsupported")]);
    assert!(error.contains("LRN: divides by a power") && error.contains("`exp_4`"), "{error}");
    let error = refused(&["import", &model("torch-vgg"), "--input-shape", "1x16"]);
    assert!(error.contains("for example 3x224x224"), "{error}");
    let error = refused(&["import", &model("torch-vgg"), "--mean", "0.5,0.5"]);
    assert!(error.contains("means and deviations of 2 channels; the image has 1"), "{error}");
    let error = refused(&["import", &model("torch-vgg"), "--mean", "323.7"]);
    assert!(error.contains("of channel 0; expected 0 to 1"), "{error}");
    let error = refused(&["import", &model("torch-vgg"), "--mean", "123.7", "--deviation", "0.2"]);
    assert!(error.contains("expected both for pixels of 0 to 1, or both for pixels of 0 to 255"), "{error}");
    let error = refused(&["import", &model("torch-vgg"), "--result", "other"]);
    assert!(error.contains("no output `other`; there are: `"), "{error}");
    let error = refused(&["import", &model("torch-vgg"), "--name", "../up"]);
    assert!(error.contains("`../up` cannot name a network"), "{error}");
    assert_eq!(fs::read_dir(workspace.path().join("experiments/networks")).unwrap().count(), 0);

    done(&workspace, &["import", &model("torch-vgg"), "--name", "mine"]);
    for (arguments, words) in [
        (
            vec!["quantize", "mien", "--images", &images],
            "no float network `mien` (did you mean `mine`?); there are: mine",
        ),
        (vec!["quantize", "mine"], "no golden inputs; name images with --images"),
        (
            vec!["quantize", "mine", "--images", &images],
            "--calibration 128: expected 1 to the number of images, 4",
        ),
        (
            vec!["quantize", "mine", "--images", &images, "--calibration", "2", "--sparsity", "1.5"],
            "target sparsity is 1.5",
        ),
        (
            vec!["quantize", "mine", "--images", &images, "--calibration", "2", "--bits", "9"],
            "activations of 9 bits",
        ),
        (vec!["quantize", "mine", "--images", &images, "--by-sensitivity"], "--sparsity"),
    ] {
        let error = refused(&arguments);
        assert!(error.contains(words), "{arguments:?}: {error}");
    }
    assert_eq!(fs::read_dir(workspace.path().join("experiments/networks")).unwrap().count(), 1);

    let written = workspace.path().join("experiments/networks/precious.yaml");
    fs::write(&written, "name: precious\n").unwrap();
    let error =
        refused(&["quantize", "mine", "--images", &images, "--calibration", "2", "--name", "precious"]);
    assert!(error.contains("precious.yaml is there already, and was not made by quantization"), "{error}");
    assert_eq!(fs::read_to_string(written).unwrap(), "name: precious\n");
    for _ in 0..2 {
        done(
            &workspace,
            &["quantize", "mine", "--images", &images, "--calibration", "2", "--name", "mine-again"],
        );
    }
}

#[test]
fn a_network_that_was_made_takes_no_other_checkpoint_and_a_checkpoint_no_other_network() {
    let workspace = workspace();
    let images = images(&workspace, [1, 12, 12], 4);
    let refused = |arguments: &[&str]| {
        let (_, stderr, code) = run(&workspace, arguments);
        assert_eq!(code, 2, "{arguments:?}: {stderr}");
        stderr
    };
    for (name, bits) in [("four", "4"), ("three", "3")] {
        done(
            &workspace,
            &[
                "quantize",
                &model("torch-vgg"),
                "--images",
                &images,
                "--calibration",
                "2",
                "--name",
                name,
                "--bits",
                bits,
            ],
        );
    }
    let networks = workspace.path().join("experiments/networks");
    let at = |name: &str| networks.join(name);
    let kept = ["four.yaml", "four.safetensors.zst"].map(|name| (name, fs::read(at(name)).unwrap()));
    let check = ["simulate", "four", "--images", &images, "--count", "1", "--check"];
    done(&workspace, &check);
    let restore = || kept.iter().for_each(|(name, bytes)| fs::write(at(name), bytes).unwrap());

    // What a run leaves that is killed between the two files.
    fs::copy(at("three.safetensors.zst"), at("four.safetensors.zst")).unwrap();
    let error = refused(&check);
    assert!(error.contains("four.yaml: does not belong to its checkpoint"), "{error}");
    restore();
    let text = fs::read_to_string(at("four.yaml")).unwrap();
    let untied: Vec<&str> = text.lines().filter(|line| !line.starts_with("checkpoint_digest")).collect();
    assert_eq!(untied.len() + 1, text.lines().count(), "{text}");
    fs::write(at("four.yaml"), untied.join("\n").replace("activation_bits: 4", "activation_bits: 3"))
        .unwrap();
    let error = refused(&check);
    assert!(error.contains("the checkpoint names the digest of the description's structure"), "{error}");
    // Made again, it is whole again.
    done(
        &workspace,
        &[
            "quantize",
            &model("torch-vgg"),
            "--images",
            &images,
            "--calibration",
            "2",
            "--name",
            "four",
            "--bits",
            "4",
        ],
    );
    done(&workspace, &check);
    let left = fs::read_dir(&networks).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(left.into_iter().all(|name| !name.to_string_lossy().starts_with('.')));
}

#[test]
fn what_is_fed_is_said_and_the_next_command_can_be_typed() {
    let workspace = workspace();
    let elsewhere = workspace.path().join("my networks");
    let foreign = |name: &str| model(&format!("foreign/{name}"));
    let imported = done(&workspace, &["import", &foreign("uint8-nchw")]);
    assert!(imported.contains("pixels are fed as: 0 to 255 as they are"), "{imported}");
    let imported = done(&workspace, &["import", &foreign("rescaling"), "--pixels", "unit"]);
    assert!(imported.contains("pixels are fed as: 0 to 255 as 0 to 1"), "{imported}");
    let folder = elsewhere.display().to_string();
    let imported = done(&workspace, &["import", &foreign("ternary-plain"), "--output", &folder]);
    let next = imported.lines().find_map(|line| line.strip_prefix("next: tritrack ")).unwrap();
    // As a shell would take it.
    let words = next.split('\'').enumerate().flat_map(|(place, part)| match place % 2 {
        0 => part.split_whitespace().map(str::to_owned).collect::<Vec<_>>(),
        _ => vec![part.to_owned()],
    });
    let words: Vec<String> = words.collect();
    let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
    let count = words.iter().position(|word| *word == "1128").unwrap();
    words[count] = "130";
    let quantized = done(&workspace, &words);
    assert!(quantized.contains("top-1 on 2 other images"), "{quantized}");
    assert!(elsewhere.join("ternary-plain-ternary.yaml").exists());
}

#[test]
fn labels_beyond_a_networks_outputs_are_an_error_with_both_numbers() {
    let workspace = workspace();
    let mut file = Checkpoint::new("");
    file.insert("images", Tensor::new(vec![4, 1, 12, 12], vec![9_u8; 576]).unwrap());
    file.insert("labels", Tensor::new(vec![4], vec![0_i64, 1, 999, 2]).unwrap());
    let path = workspace.path().join("wide.safetensors");
    file.save(&path).unwrap();
    let (_, stderr, code) = run(
        &workspace,
        &["quantize", &model("torch-vgg"), "--images", &path.display().to_string(), "--calibration", "2"],
    );
    assert_eq!(code, 2);
    assert!(
        stderr.contains("an image of class 999; the network has 5 outputs, for classes 0 to 4"),
        "{stderr}"
    );
}
