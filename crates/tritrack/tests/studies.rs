//! Studies of a small network: what their tables have to agree on.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::path::Path;
use std::process::Command;

use tables::{Table, read_parquet};
use tempfile::TempDir;

const MACHINE: &str = "machine: {rows: 256, columns: 256, domains: 64, sharing: per-channel, layout: along}";

fn networks(images: &str) -> String {
    format!(
        "id: nets
title: Small networks
networks:
  networks:
    - {{network: vgg8-fashion-s85-a4, images: {images}}}
  flows:
    - {{name: plain, {MACHINE}}}
  technologies: [paper-like]
  search_models: [active-bits, match-line]
  crossbar: {{name: crossbar, technology: neurosim-rram-22nm, node_nm: 45}}
"
    )
}

fn sensitivity() -> String {
    format!(
        "id: sens
title: Parameters of a small network
sensitivity:
  network: vgg8-fashion-s85-a4
  images: {{set: golden, count: 1}}
  {MACHINE}
  technology: paper-like
  search_model: match-line
  crossbar: {{name: crossbar, technology: neurosim-rram-22nm, node_nm: 45, weights: ternary, activation_bits: 4}}
  claimed_ratio: 7.5
  shown: 12
"
    )
}

/// Runs manifests in a workspace with the repository's inputs; gives the workspace, or the message of what went wrong.
fn reproduced(manifests: &[(&str, &str)]) -> Result<TempDir, String> {
    let folder = tempfile::tempdir().unwrap();
    let experiments = folder.path().join("experiments");
    fs::create_dir(&experiments).unwrap();
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments");
    for shared in ["networks", "data", "technology", "references"] {
        let source = fs::canonicalize(repository.join(shared)).unwrap();
        std::os::unix::fs::symlink(source, experiments.join(shared)).unwrap();
    }
    for (id, text) in manifests {
        fs::write(experiments.join(format!("{id}.yaml")), text).unwrap();
    }
    let output = Command::new(env!("CARGO_BIN_EXE_tritrack"))
        .arg("--workspace")
        .arg(folder.path())
        .args(["reproduce", "all"])
        .output()
        .unwrap();
    match output.status.code() {
        Some(0) => Ok(folder),
        _ => Err(String::from_utf8(output.stderr).unwrap()),
    }
}

fn table(folder: &TempDir, path: &str) -> Table {
    read_parquet(&folder.path().join("results").join(path)).unwrap()
}

#[test]
fn the_networks_and_the_sensitivity_state_the_same_ratio() {
    let networks = networks("{set: golden, count: 1}");
    let folder = reproduced(&[("nets", &networks), ("sens", &sensitivity())]).unwrap();
    let nets = table(&folder, "nets/networks.parquet");
    let sens = table(&folder, "sens/sensitivity.parquet");
    let models = nets.optional_text("search_model").unwrap();
    let row = models.iter().position(|model| model.as_deref() == Some("match-line")).unwrap();
    let ratio = nets.real("energy_ratio").unwrap()[row];
    assert!((sens.real("ratio").unwrap()[0] / ratio - 1.0).abs() < 1e-9);
    // Products and quotients of a row are those of its columns.
    let [energy, latency, power, product] =
        ["energy", "latency", "power", "energy_delay"].map(|column| nets.real(column).unwrap()[row]);
    assert!((energy * latency / product - 1.0).abs() < 1e-9);
    assert!((energy / latency / power - 1.0).abs() < 1e-9);
    let crossbar = nets.text("system").unwrap().iter().position(|&system| system == "crossbar").unwrap();
    assert_eq!(nets.real("energy_ratio").unwrap()[crossbar], 1.0);
    assert!((nets.real("energy").unwrap()[crossbar] / energy / ratio - 1.0).abs() < 1e-9);
}

#[test]
fn swings_are_sorted_and_go_the_way_that_their_parameter_pushes() {
    let folder = reproduced(&[("sens", &sensitivity())]).unwrap();
    let table = table(&folder, "sens/sensitivity.parquet");
    let widths = table.real("swing").unwrap();
    assert!(widths.is_sorted_by(|a, b| a >= b) && widths.iter().all(|&width| width >= 1.0));
    let swing = |system: &str, parameter: &str| {
        let (systems, parameters) = (table.text("system").unwrap(), table.text("parameter").unwrap());
        let row =
            (0..table.rows()).find(|&row| systems[row] == system && parameters[row] == parameter).unwrap();
        ["ratio_at_low", "ratio", "ratio_at_high"].map(|column| table.real(column).unwrap()[row])
    };
    // A dearer RTM-AP lowers the ratio, a dearer crossbar raises it, and what the design does not have does nothing.
    let [low, nominal, high] = swing("RTM-AP", "shift.step");
    assert!(low > nominal && nominal > high);
    let [low, nominal, high] = swing("crossbar", "interconnect.wire");
    assert!(low < nominal && nominal < high);
    let [low, nominal, high] = swing("crossbar", "successive.conversion");
    assert_eq!([low, high], [nominal, nominal]);
    let [low, nominal, high] = swing("RTM-AP", "search.active_bit");
    assert_eq!([low, high], [nominal, nominal], "searches are charged by the match line");
}

#[test]
fn golden_inputs_may_be_those_of_another_network() {
    let other = networks("{set: golden, of: vgg8-fashion-s85-a8, count: 1}");
    let folder = reproduced(&[("nets", &other)]).unwrap();
    let provenance = table(&folder, "nets/networks.parquet").provenance().clone();
    let golden: Vec<&String> = provenance.keys().filter(|key| key.contains("golden")).collect();
    assert_eq!(golden, ["input experiments/networks/golden/vgg8-fashion-s85-a8.safetensors.zst"]);
    let message =
        reproduced(&[("nets", &networks("{set: fashion-mnist, of: vgg8-fashion-s85-a8, count: 1}"))])
            .unwrap_err();
    assert!(message.contains("it goes with `set: golden` only"), "{message}");
    let message =
        reproduced(&[("nets", &networks("{set: golden, of: resnet18-s80-a8, count: 1}"))]).unwrap_err();
    assert!(message.contains("network `resnet18-s80-a8` has no golden vectors"), "{message}");
}
