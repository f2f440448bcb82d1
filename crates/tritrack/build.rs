//! Gives the program a fingerprint of its own sources: results that another one made are stale.

use std::fs;
use std::path::{Path, PathBuf};

fn main() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    println!("cargo:rerun-if-changed={}", crates.display());
    let mut sources = Vec::new();
    collect(&crates, &mut sources);
    sources.sort();
    // FNV-1a: it only has to differ when a source does.
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for path in sources {
        for byte in fs::read(&path).unwrap_or_default() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    println!("cargo:rustc-env=TRITRACK_SOURCES={hash:016x}");
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
