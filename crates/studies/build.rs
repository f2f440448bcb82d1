//! Gives the program fingerprints of its own sources: results that other sources made are stale.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The crate that computes what a network does on a machine.
const MACHINE: &str = "rtm-ap";
/// The one that computes what faults do to it.
const FAULTS: &str = "faults";
/// The one that computes what crossbars make of a network.
const CROSSBAR: &str = "crossbar";
/// The home in Python: it asks for results, and none depends on it.
const PYTHON: &str = "python";

fn main() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let all: Vec<PathBuf> = fs::read_dir(&crates)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.file_name() != PYTHON)
        .map(|entry| entry.path())
        .collect();
    for folder in &all {
        println!("cargo:rerun-if-changed={}", folder.display());
    }
    let lock = crates.join("../Cargo.lock");
    println!("cargo:rerun-if-changed={}", lock.display());
    let of = |name: &str| {
        let names = with_dependencies(name, &crates);
        fingerprint(names.iter().map(|name| crates.join(name)), &lock)
    };
    println!("cargo:rustc-env=TRITRACK_SOURCES={}", fingerprint(all, &lock));
    println!("cargo:rustc-env=TRITRACK_MACHINE_SOURCES={}", of(MACHINE));
    println!("cargo:rustc-env=TRITRACK_FAULT_SOURCES={}", of(FAULTS));
    println!("cargo:rustc-env=TRITRACK_CROSSBAR_SOURCES={}", of(CROSSBAR));
}

/// A crate of the workspace and those that it depends on, by their manifests.
fn with_dependencies(name: &str, crates: &Path) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    let mut to_read = vec![name.to_owned()];
    while let Some(name) = to_read.pop() {
        let Ok(manifest) = fs::read_to_string(crates.join(&name).join("Cargo.toml")) else { continue };
        if all.insert(name) {
            let (_, section) = manifest.split_once("[dependencies]").unwrap_or_default();
            let section = section.split("\n[").next().unwrap_or_default();
            to_read.extend(
                section.lines().filter_map(|line| line.split(['.', ' ', '=']).next()).map(str::to_owned),
            );
        }
    }
    all
}

/// FNV-1a of sources and locked dependencies: it only has to differ when one of them does.
fn fingerprint(folders: impl IntoIterator<Item = PathBuf>, lock: &Path) -> String {
    let mut sources = vec![lock.to_owned()];
    folders.into_iter().for_each(|folder| collect(&folder, &mut sources));
    sources.sort();
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for path in sources {
        for byte in fs::read(&path).unwrap_or_default() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    format!("{hash:016x}")
}

/// The sources of libraries and programs; tests, benchmarks and examples change no result.
fn collect(folder: &Path, sources: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let name = entry.file_name();
        let skipped = ["tests", "benches", "examples", "fuzz", "docs", "target"];
        if path.is_dir() {
            if !skipped.iter().any(|skipped| name == *skipped) {
                collect(&path, sources);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs" || extension == "toml") {
            sources.push(path);
        }
    }
}
