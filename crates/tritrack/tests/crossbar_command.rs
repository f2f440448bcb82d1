//! `tritrack crossbar` as its user meets it.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

fn crossbar(arguments: &[&str]) -> Output {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    Command::new(env!("CARGO_BIN_EXE_tritrack"))
        .current_dir(repository)
        .arg("crossbar")
        .args(arguments)
        .output()
        .unwrap()
}

fn written(arguments: &[&str]) -> String {
    let output = crossbar(arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn json(arguments: &[&str]) -> Value {
    serde_json::from_str(&written(&[arguments, &["--format", "json"]].concat())).unwrap()
}

fn refusal(arguments: &[&str]) -> String {
    let output = crossbar(arguments);
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(!message.contains("panicked"), "{message}");
    assert!(output.stdout.is_empty());
    message
}

fn number(value: &Value, pointer: &str) -> f64 {
    value.pointer(pointer).and_then(Value::as_f64).expect(pointer)
}

const VGG8: [&str; 5] = [
    "experiments/references/neurosim/vgg8.yaml",
    "--technology",
    "neurosim-rram-22nm",
    "--activation-bits",
    "4",
];

fn vgg8(more: &[&str]) -> Value {
    json(&[&VGG8, more].concat())
}

#[test]
fn the_compatible_mode_gives_what_the_validation_compares() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments");
    let rows =
        crossbar::validation::validate(&root.join("references/neurosim"), &root.join("technology/crossbar"))
            .unwrap();
    let of_case = |part: crossbar::validation::Part| {
        let row = rows.iter().find(|row| {
            row.case == "v13_stock_vgg8_t2a4" && row.layer == crossbar::validation::TOTAL && row.part == part
        });
        row.unwrap().modelled
    };
    let report = vgg8(&["--mode", "neurosim-compatible"]);
    for (pointer, part) in [
        ("/total/energy_pj/conversion", crossbar::validation::Part::Conversion),
        ("/total/energy_pj/leakage", crossbar::validation::Part::Leakage),
        ("/total/latency_ns/total", crossbar::validation::Part::Latency),
        ("/total/arrays", crossbar::validation::Part::Subarrays),
    ] {
        let (found, expected) = (number(&report, pointer), of_case(part));
        assert!((found / expected - 1.0).abs() < 1e-12, "{pointer}: {found} and {expected}");
    }
}

#[test]
fn layers_and_parts_add_up_to_the_total() {
    let report = vgg8(&[]);
    let layers = report["layers"].as_array().unwrap();
    let sum: f64 = layers.iter().map(|layer| number(layer, "/energy_pj/total")).sum();
    let total = number(&report, "/total/energy_pj/total");
    assert!((sum / total - 1.0).abs() < 1e-12);
    let parts = report["total"]["energy_pj"].as_object().unwrap().iter();
    let sum: f64 =
        parts.filter(|(part, _)| *part != "total").map(|(_, energy)| energy.as_f64().unwrap()).sum();
    assert!((sum / total - 1.0).abs() < 1e-12);
}

#[test]
fn the_table_has_every_layer_and_the_totals_of_the_json() {
    let text = written(&VGG8);
    let report = vgg8(&[]);
    for layer in report["layers"].as_array().unwrap() {
        let name = layer["name"].as_str().unwrap();
        let line = text.lines().find(|line| line.split_whitespace().next() == Some(name)).unwrap();
        let latency: f64 = line.split_whitespace().last().unwrap().parse().unwrap();
        assert!((latency - number(layer, "/latency_ns/total")).abs() <= 0.05, "{line}");
    }
    let total = text.lines().find(|line| line.starts_with("total")).unwrap();
    assert!(total.contains(&format!("{:.1}", number(&report, "/total/energy_pj/total"))), "{total}");
}

#[test]
fn settings_change_parameters_and_fields_of_the_design() {
    let plain = vgg8(&[]);
    let energy = |report: &Value, part: &str| number(report, &format!("/total/energy_pj/{part}"));
    let doubled = vgg8(&["--set", "interconnect.wire=0.4"]);
    assert!((energy(&doubled, "interconnect") / energy(&plain, "interconnect") - 2.0).abs() < 1e-9);
    assert_eq!(energy(&doubled, "buffers"), energy(&plain, "buffers"));
    let larger =
        vgg8(&["--set", "design.rows=256", "--set", "design.columns=256", "--set", "design.node_nm=45"]);
    assert!(number(&larger, "/total/arrays") < number(&plain, "/total/arrays"));
    assert_eq!(number(&larger, "/node_nm"), 45.0);
    // Fields that are valid only together, and a mode that is set as a field.
    vgg8(&[
        "--set",
        "design.grouping.kind=fixed",
        "--set",
        "design.grouping.element_side=2",
        "--set",
        "design.grouping.tile_side=4",
    ]);
    let compatible = vgg8(&["--mode", "neurosim-compatible"]);
    let as_field = vgg8(&["--set", "design.counting=neurosim_compatible"]);
    assert_eq!(compatible["total"], as_field["total"]);
    assert_ne!(compatible["total"], plain["total"]);
    // A mode holds where another field is set too.
    let both = vgg8(&["--mode", "neurosim-compatible", "--set", "design.rows=128"]);
    assert_eq!(both["total"], compatible["total"]);
}

#[test]
fn a_network_brings_its_own_bits_and_statistics() {
    let arguments = ["vgg8-fashion-s85-a4", "--technology", "neurosim-rram-22nm"];
    let own = json(&arguments);
    assert_eq!(number(&own, "/activation_bits"), 4.0);
    let wider = json(&[&arguments[..], &["--activation-bits", "8", "--weights", "8-bit"]].concat());
    assert_eq!(wider["weights"], "8-bit");
    assert!(number(&wider, "/total/energy_pj/total") > 3.0 * number(&own, "/total/energy_pj/total"));
    // One-bit cells hold as many set bits as the weights have: zeros are 10, ones 01 and 11.
    let zeros = |share| {
        let report =
            json(&[&arguments[..], &["--set", "design.cell_bits=1", "--zero-weights", share]].concat());
        number(&report, "/total/energy_pj/conversion")
    };
    assert!(zeros("1") < zeros("0"));
}

#[test]
fn unknown_names_are_answered_with_the_known_ones() {
    let technology = ["--technology", "neurosim-rram-22nm"];
    let with =
        |name: &'static str, more: &[&'static str]| refusal(&[&[name], &technology[..], more].concat());
    let vgg8 = "vgg8-fashion-s85-a4";
    let message = with("vgg8-fashion-s85-a5", &[]);
    assert!(
        message.contains("no network `vgg8-fashion-s85-a5` (did you mean `vgg8-fashion-s85-a4`?)"),
        "{message}"
    );
    assert!(message.contains("there are: mobilenet-v2, resnet18-s80-a4, "), "{message}");
    let message = refusal(&[vgg8, "--technology", "isac-like"]);
    assert!(
        message.contains("(did you mean `isaac-like`?); there are: isaac-like, mnsim-like, "),
        "{message}"
    );
    let message = with(vgg8, &["--mode", "exact"]);
    assert!(message.contains("corrected, neurosim-compatible, neurosim-compatible-padded"), "{message}");
    let message = with(vgg8, &["--set", "cell.resistance=3"]);
    assert!(message.contains("`cell.resistance` is not known; the parameters are: "), "{message}");
    let message = with(vgg8, &["--set", "design.row=3"]);
    assert!(
        message.contains("--set design.row=3: unknown field `row`, expected one of `node_nm`, `rows`"),
        "{message}"
    );
}

#[test]
fn values_that_cannot_be_are_refused_with_what_was_expected() {
    let with = |more: &[&'static str]| {
        refusal(&[&["vgg8-fashion-s85-a4", "--technology", "neurosim-rram-22nm"], more].concat())
    };
    for (setting, expected) in [
        ("cell.on_resistance=-1", "expected a number in kohm that is not below zero"),
        ("cell.on_resistance=nan", "expected a number in kohm"),
        ("cell.on_resistance=0", "must lie above zero"),
        ("design.rows=0", "each must lie between 1 and 65536"),
        ("design.rows=[", "--set design.rows=["),
        ("design.rows.of=3", "`of` is looked for in a field that has no parts"),
        ("design.converter.bits=x", "expected u32"),
        ("rows", "expected `path=value`"),
    ] {
        let message = with(&["--set", setting]);
        assert!(message.contains(expected), "{setting}: {message}");
    }
    assert!(with(&["--activation-bits", "0"]).contains("1 to 16 are covered"));
    assert!(with(&["--zero-weights", "1.5"]).contains("expected a number from 0 to 1"));
    let message = refusal(&VGG8[..3]);
    assert!(message.contains("give --activation-bits"), "{message}");
    let message = refusal(&["no/such.yaml", "--technology", "isaac-like"]);
    assert!(message.contains("no/such.yaml: cannot be read"), "{message}");
}
