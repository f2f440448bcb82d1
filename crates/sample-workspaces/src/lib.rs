//! Workspaces for the tests of the crates that run experiments.

#![allow(clippy::unwrap_used, reason = "in a test, a panic is a failure that is told")]

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// The folder of this repository.
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
