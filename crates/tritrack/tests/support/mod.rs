//! Workspaces for tests, and the program run in them.

#![allow(dead_code, unused_imports, reason = "each test takes what it needs")]

use std::path::Path;
use std::process::{Command, Output};

pub use sample_workspaces::{files, repository, workspace};

pub fn tritrack(workspace: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tritrack"))
        .arg("--workspace")
        .arg(workspace)
        .args(arguments)
        .output()
        .unwrap()
}

pub const OPERATIONS: &str = "\
id: small
title: Operations of a small network
operations:
  networks: [vgg8-fashion-s85-a4]
  sharing: [none, per-channel]
";

pub const FAULTS: &str = "\
id: faults
title: Faults of a small network
seed: 1
shift_faults:
  network: vgg8-fashion-s85-a4
  images: {set: fashion-mnist, count: 8}
  machine: {rows: 256, columns: 256, domains: 64, sharing: per-channel, layout: along}
  rates: literature
  rates_at_distance_one: [1.0e-12, 1.0e-7]
  faults: [out-of-step-by-one, write-failure]
  mitigations: [none, realign-each-load, majority-of-three]
  trials: 1
  rare_trials: 1
  half_width: 0.01
  rare_below: 0.5
  compared_rate: 1.0e-9
  confidence: 0.95
  costs:
    images: {set: golden, count: 1}
    technology: paper-like
    search_model: active-bits
    crossbar: {name: \"crossbar\", technology: neurosim-rram-22nm, node_nm: 45, weights: ternary, activation_bits: 4}
";
