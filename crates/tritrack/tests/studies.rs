//! Studies of a small network: what their tables have to agree on.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::fs;
use std::sync::OnceLock;

use support::{tritrack, workspace};
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
    let folder = workspace(manifests);
    let output = tritrack(folder.path(), &["reproduce", "all"]);
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
    let [low, nominal, high] = swing("crossbar", "interconnect.tile_activity");
    assert!(low < nominal && nominal < high);
    // The memory of the program is built of a component.
    let [low, nominal, high] = swing("both", "components.sram.leakage");
    assert!(low > nominal && nominal > high);
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
    assert!(message.contains("network `resnet18-s80-a8` has no golden images"), "{message}");
}

fn ratio() -> String {
    format!(
        "id: ratio
title: Ratios of a small network
seed: 3
energy_ratio:
  network: vgg8-fashion-s85-a4
  images: {{set: golden, count: 1}}
  {MACHINE}
  technologies: [paper-like, bare-track]
  search_models: [active-bits, match-line]
  claimed_ratio: 7.5
  draws: 100
  headline: {{baseline: plain, technology: paper-like, search_model: active-bits}}
  crossbars:
    - {{name: plain, technology: neurosim-rram-22nm, node_nm: 45, weights: ternary, activation_bits: 4}}
    - {{name: skipping, technology: neurosim-rram-22nm, node_nm: 45, weights: ternary, activation_bits: 4, zero_skipping: empty_planes, gating: segments}}
    - {{name: small, technology: neurosim-rram-22nm, weights: ternary, activation_bits: 4}}
  digital:
    - {{name: digital, technology: mac-array, weights: ternary, activation_bits: 4}}
  published:
    - {{name: quoted, node_nm: 22, weights: ternary, activation_bits: 4, energy_uj: 5, source: a test}}
  flows:
    - {{name: plain flow, {MACHINE}}}
  replication: {{flows: [plain flow], outputs_per_processor: [0, 64]}}
  break_even:
    flows: [plain flow]
    shift_pj: {{low: 0.001, high: 1, steps: 4}}
    search_fj: {{low: 0.1, high: 10, steps: 3}}
    points: [{{name: a point, shift_pj: 0.1, search_fj: 1, source: a test}}]
"
    )
}

/// The row of a table in which columns of text have the given values.
fn row_of(table: &Table, wanted: &[(&str, &str)]) -> usize {
    let holds = |row: usize| wanted.iter().all(|&(column, value)| table.text(column).unwrap()[row] == value);
    (0..table.rows()).find(|&row| holds(row)).unwrap()
}

#[test]
fn ratios_are_taken_at_one_node_under_every_prior_against_every_kind_of_baseline() {
    let folder = small();
    let ratios = table(folder, "ratio/ratios.parquet");
    // 5 baselines, 2 technologies, 2 search models, 2 priors.
    assert_eq!(ratios.rows(), 5 * 2 * 2 * 2);
    let value = |column: &str, wanted: &[(&str, &str)]| ratios.real(column).unwrap()[row_of(&ratios, wanted)];
    let of =
        |baseline| [("baseline", baseline), ("technology", "paper-like"), ("search_model", "active-bits")];
    // The processor is at the node of what it is held against.
    assert!(value("processor_energy", &of("small")) < value("processor_energy", &of("plain")));
    assert_eq!(value("processor_energy", &of("small")), value("processor_energy", &of("quoted")));
    // What the crossbar saves lowers the ratio.
    assert!(value("ratio", &of("skipping")) < value("ratio", &of("plain")));
    for row in 0..ratios.rows() {
        let [low, median, high] =
            ["ratio_p05", "ratio_p50", "ratio_p95"].map(|column| ratios.real(column).unwrap()[row]);
        assert!(low < median && median < high);
    }
    let systems = table(folder, "ratio/systems.parquet");
    let kinds: std::collections::BTreeSet<&str> = systems.text("system").unwrap().into_iter().collect();
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), ["RTM-AP", "crossbar", "digital"]);
}

#[test]
fn fewer_outputs_a_processor_take_more_processors_and_less_time() {
    let table = table(small(), "ratio/replication.parquet");
    let processors = table.integer("processors").unwrap();
    let (latency, area) = (table.real("latency").unwrap(), table.real("area").unwrap());
    assert!(processors[0] <= processors[1] && latency[0] > latency[1] && area[0] <= area[1]);
    assert!(table.text("iso").unwrap().iter().any(|iso| iso.contains("latency")));
}

#[test]
fn the_break_even_falls_with_both_energies_and_rises_when_the_rest_is_free() {
    let table = table(small(), "ratio/break_even.parquet");
    assert_eq!(table.rows(), 2 * 4 * 3);
    let ratios = table.real("ratio").unwrap();
    let (nominal, free) = ratios.split_at(12);
    assert!(nominal.iter().zip(free).all(|(nominal, free)| nominal < free));
    // Shifts ascend within a row, searches from row to row.
    assert!(nominal.chunks(4).all(|row| row.is_sorted_by(|a, b| a > b)));
    assert!(
        (0..4)
            .all(|column| nominal[column] > nominal[column + 4] && nominal[column + 4] > nominal[column + 8])
    );
}

fn space() -> String {
    "id: space
title: Shapes for a small network
design_space:
  networks:
    - {network: vgg8-fashion-s85-a4, images: {set: golden, count: 1}, thresholded: {weights: vgg8-fashion-latent, sparsity: 0.97}}
  technologies: [bare-track, paper-like]
  search_models: [active-bits]
  rows: [64, 256]
  columns: [128]
  domains: [32, 64]
  ways:
    - {name: plain, sharing: per-channel, layout: along}
    - {name: split, sharing: per-channel, layout: tiled, outputs_per_processor: 128}
"
    .to_owned()
}

/// The ratios and the shapes of a small network, computed once for all tests.
fn small() -> &'static TempDir {
    static FOLDER: OnceLock<TempDir> = OnceLock::new();
    FOLDER.get_or_init(|| reproduced(&[("ratio", &ratio()), ("space", &space())]).unwrap())
}

#[test]
fn the_front_of_the_space_is_beaten_by_no_shape() {
    let table = table(small(), "space/points.parquet");
    // Two technologies, two rows, two domains, two ways.
    assert_eq!(table.rows(), 16);
    let goals = ["energy", "latency", "area"].map(|column| table.real(column).unwrap());
    let (technologies, front) = (table.text("technology").unwrap(), table.flag("front").unwrap());
    let beats = |a: usize, b: usize| {
        technologies[a] == technologies[b]
            && goals.iter().all(|goal| goal[a] <= goal[b])
            && goals.iter().any(|goal| goal[a] < goal[b])
    };
    for (row, &on_front) in front.iter().enumerate() {
        assert_eq!(on_front, !(0..table.rows()).any(|other| beats(other, row)), "{row}");
    }
    assert!((table.real("weight_sparsity").unwrap()[0] - 0.97).abs() < 0.001);
}

#[test]
fn the_same_bytes_come_out_at_any_number_of_threads() {
    let again = workspace(&[("ratio", &ratio()), ("space", &space())]);
    let output = tritrack(again.path(), &["--jobs", "1", "reproduce", "all"]);
    assert!(output.status.success());
    for path in [
        "results/ratio/ratios.parquet",
        "results/ratio/replication.parquet",
        "results/space/points.parquet",
        "figures/ratio.svg",
        "figures/space.svg",
    ] {
        let bytes = |folder: &TempDir| fs::read(folder.path().join(path)).unwrap();
        assert!(bytes(small()) == bytes(&again), "{path}");
    }
}
