//! `tritrack simulate` as its user meets it.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::{Path, PathBuf};
use std::process::Command;

use network::{Checkpoint, Tensor};
use serde_json::Value;

const NETWORK: &str = "vgg8-fashion-s85-a4";

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Standard output, standard error and the exit code.
fn simulate(arguments: &[&str]) -> (String, String, i32) {
    let output = Command::new(env!("CARGO_BIN_EXE_tritrack"))
        .arg("--workspace")
        .arg(repository())
        .args(["simulate", NETWORK])
        .args(arguments)
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr), output.status.code().unwrap())
}

fn document(arguments: &[&str]) -> Value {
    let (stdout, stderr, code) = simulate(&[arguments, &["--format", "json"]].concat());
    assert_eq!(code, 0, "{stderr}");
    serde_json::from_str(&stdout).unwrap()
}

fn rows(document: &Value) -> &Vec<Value> {
    document["table"]["rows"].as_array().unwrap()
}

fn sum(rows: &[Value], column: &str) -> f64 {
    rows.iter().map(|row| row[column].as_f64().unwrap()).sum()
}

#[test]
fn layers_add_up_to_the_total_and_say_what_they_cost() {
    let document = document(&["--images", "fashion-mnist", "--count", "20", "--check"]);
    let (total, layers) = rows(&document).split_last().unwrap();
    assert_eq!((layers.len(), total["layer"].as_str()), (8, Some("total")));
    for column in ["row_searches", "tagged_bits", "track_steps", "words", "energy_active_bits", "latency"] {
        let total = total[column].as_f64().unwrap();
        assert!(total > 0.0 && (sum(layers, column) / total - 1.0).abs() < 1e-6, "{column}");
    }
    for layer in layers {
        assert!(layer["latency_look_ahead"].as_f64() < layer["latency"].as_f64(), "{layer}");
        assert!(layer["utilization"].as_f64().unwrap() <= 1.0);
    }
    assert_eq!(document["images"]["count"], 20);
    assert_eq!(document["accuracy"]["images"], 20);
    assert_eq!(document["checked"], true);
}

#[test]
fn the_carry_in_a_latch_gives_the_same_values_with_fewer_writes_and_less_energy() {
    let of = |carry: &[&str]| document(&[&["--count", "1", "--check", "--layout", "tiled"], carry].concat());
    let [plain, column, latch] = [of(&[]), of(&["--carry", "column"]), of(&["--carry", "latch"])];
    assert_eq!(rows(&plain), rows(&column));
    let total = |document: &Value, column: &str| rows(document).last().unwrap()[column].as_f64().unwrap();
    for column_name in
        ["tagged_bits", "broadcast_bits", "words", "energy_active_bits", "energy_match_line", "latency"]
    {
        assert!(total(&latch, column_name) < total(&column, column_name), "{column_name}");
    }
    let (_, refused, code) = simulate(&["--carry", "drawer"]);
    assert!(code == 2 && refused.contains("column") && refused.contains("latch"), "{refused}");
}

#[test]
fn passes_split_the_events_of_their_layer() {
    let all = document(&["--layers", "conv1,fc2", "--count", "1"]);
    let passes = document(&["--layers", "conv1,fc2", "--count", "1", "--show", "passes"]);
    let layers = rows(&all);
    assert_eq!(
        layers.iter().map(|row| row["layer"].as_str().unwrap()).collect::<Vec<_>>(),
        ["conv1", "fc2", "total"]
    );
    for column in ["row_searches", "searched_bits", "tagged_bits", "broadcast_bits"] {
        let total = layers.last().unwrap()[column].as_f64().unwrap();
        assert!((sum(rows(&passes), column) - total).abs() <= 1e-6 * total, "{column}");
    }
}

#[test]
fn more_processors_take_no_longer_and_every_number_of_them_does_the_same_work() {
    let document = document(&["--count", "1", "--show", "processors"]);
    let rows = rows(&document);
    let of = |name: &str| rows.iter().find(|row| row["allocation"] == name).unwrap();
    let (one, largest, whole) = (&rows[0], of("largest-layer"), of("whole-network"));
    assert_eq!(one["processors"], 1);
    assert!(one["latency"].as_f64() > largest["latency"].as_f64());
    assert!(whole["interval"].as_f64() < largest["interval"].as_f64());
    assert!(whole["area"].as_f64() > largest["area"].as_f64());
    let named = |name: &str| simulate(&["--count", "1", "--processors", name]).0;
    assert!(named("whole-network").contains("total"));
}

#[test]
fn a_trace_has_a_line_for_every_instruction() {
    let (stdout, stderr, code) = simulate(&["--layers", "fc2", "--trace", "--format", "csv"]);
    assert_eq!(code, 0, "{stderr}");
    let mut lines = stdout.lines();
    assert_eq!(
        lines.next(),
        Some("layer,program,instruction,text,compares,writes,shifts,reads,track_steps,tagged_bits")
    );
    assert_eq!(lines.next(), Some("fc2,0,0,apply clear 10 c0.0:10,0,10,9,0,9,0"));
    assert_eq!(lines.count(), 1381);
}

#[test]
fn logits_are_those_of_the_golden_vectors() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("logits.safetensors");
    let (_, stderr, code) = simulate(&["--logits", path.to_str().unwrap()]);
    assert_eq!(code, 0, "{stderr}");
    let golden = repository().join(format!("experiments/networks/golden/{NETWORK}.safetensors.zst"));
    let golden = Checkpoint::load(&golden).unwrap();
    let given = Checkpoint::load(&path).unwrap();
    assert_eq!(given.shaped::<i64>("logits").unwrap(), golden.shaped::<i64>("logits").unwrap());
}

#[test]
fn what_cannot_be_is_refused_and_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("three-channels.safetensors");
    let mut file = Checkpoint::new("");
    file.insert("images", Tensor::new(vec![1, 3, 32, 32], vec![0_u8; 3 * 32 * 32]).unwrap());
    file.save(&path).unwrap();
    let cases: [(&[&str], &str); 7] = [
        (
            &["--layers", "conv7"],
            "there is no layer `conv7` (did you mean `conv1`?); there are: conv1, conv2",
        ),
        (&["--processors", "0"], "expected largest-layer, whole-network, or a number from 1"),
        (
            &["--processors", "4", "--activations", "thresholds"],
            "--processors goes with activations at the periphery",
        ),
        (&["--images", path.to_str().unwrap()], "images of 3x32x32 cannot be fitted to 1x32x32"),
        (&["--images", "/nowhere.safetensors"], "/nowhere.safetensors"),
        (&["--count", "100000"], "holds 8 images; expected at least 100000"),
        (&["--domains", "0"], "domains"),
    ];
    for (arguments, expected) in cases {
        let (_, stderr, code) = simulate(arguments);
        assert_eq!(code, 2, "{arguments:?}: {stderr}");
        assert!(stderr.contains(expected), "{arguments:?}: {stderr}");
        assert!(!stderr.contains("panicked"), "{stderr}");
    }
}
