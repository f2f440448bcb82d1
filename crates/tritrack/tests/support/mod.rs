//! Workspaces for tests, and the program run in them.

#![allow(dead_code, reason = "each test takes what it needs")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A workspace whose networks, data and technologies are the repository's, with manifests of its own.
pub fn workspace(manifests: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let experiments = folder.path().join("experiments");
    fs::create_dir(&experiments).unwrap();
    for shared in ["networks", "data", "technology", "references"] {
        let source = fs::canonicalize(repository().join("experiments").join(shared)).unwrap();
        std::os::unix::fs::symlink(source, experiments.join(shared)).unwrap();
    }
    for (id, text) in manifests {
        fs::write(experiments.join(format!("{id}.yaml")), text).unwrap();
    }
    folder
}

pub fn tritrack(workspace: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tritrack"))
        .arg("--workspace")
        .arg(workspace)
        .args(arguments)
        .output()
        .unwrap()
}

/// Every file below a folder with its bytes, sorted by path.
pub fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                // The record of runs is no result.
                if !path.ends_with(".state") {
                    folders.push(path);
                }
            } else {
                let bytes = fs::read(&path).unwrap();
                files.push((path, bytes));
            }
        }
    }
    files.sort();
    files
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
