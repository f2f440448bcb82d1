//! Descriptions and checkpoints belong together, or are refused.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

use network::{CHECKPOINT_LIST, Checkpoint, Network, NetworkDescription, structure_digest, tie};

const REWRITE: &str = "TRITRACK_REWRITE_EXPECTATIONS";

fn networks() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments/networks")
}

/// The list as it should be: every description that names a checkpoint and no digest of it.
fn expected_list() -> String {
    let mut files: Vec<PathBuf> =
        fs::read_dir(networks()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    let line = |path: &PathBuf| {
        let text = fs::read_to_string(path).unwrap();
        let description = NetworkDescription::parse(&text, path).unwrap();
        let checkpoint = description.checkpoint.filter(|_| description.checkpoint_digest.is_none())?;
        let bytes = fs::read(networks().join(checkpoint)).unwrap();
        let name = path.file_name().unwrap().to_string_lossy();
        Some(format!("{name} {} {}\n", structure_digest(&text).unwrap(), files::digest(&bytes)))
    };
    files.iter().filter_map(line).collect()
}

#[test]
fn every_committed_description_is_tied_to_its_checkpoint() {
    let path = networks().join(CHECKPOINT_LIST);
    let expected = expected_list();
    assert!(expected.lines().count() > 5, "{expected}");
    if std::env::var_os(REWRITE).is_some() {
        fs::write(&path, &expected).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(committed, expected, "set {REWRITE}=1 to rewrite {}", path.display());
}

/// A committed network in a folder of its own, which may be damaged.
fn copied() -> (tempfile::TempDir, PathBuf, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let (text, checkpoint) = ("vgg8-fashion-s85-a4.yaml", "vgg8-fashion-s85-a4.safetensors.zst");
    for name in [text, checkpoint, CHECKPOINT_LIST] {
        fs::copy(networks().join(name), folder.path().join(name)).unwrap();
    }
    let (text, checkpoint) = (folder.path().join(text), folder.path().join(checkpoint));
    (folder, text, checkpoint)
}

fn refusal(path: &Path) -> String {
    Network::load(path).map(|_| ()).unwrap_err().to_string()
}

#[test]
fn a_listed_description_takes_no_other_checkpoint_and_no_other_structure() {
    let (_folder, path, checkpoint) = copied();
    Network::load(&path).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    // What says nothing of the tensors may change.
    fs::write(&path, text.replace("title: ", "title: My own ")).unwrap();
    Network::load(&path).unwrap();

    fs::write(&path, text.replace("activation_bits: 4", "activation_bits: 3")).unwrap();
    let error = refusal(&path);
    assert!(
        error.contains("the list of checkpoints names the digest of the description's structure"),
        "{error}"
    );
    fs::write(&path, &text).unwrap();
    fs::copy(networks().join("vgg8-fashion-s85-a8.safetensors.zst"), &checkpoint).unwrap();
    let error = refusal(&path);
    assert!(error.contains("the list of checkpoints names the checkpoint's digest"), "{error}");
    assert!(error.contains("vgg8-fashion-s85-a4.yaml") && error.contains("make both again"), "{error}");
}

#[test]
fn a_pair_that_names_each_other_is_refused_once_either_is_another() {
    let (folder, path, file) = copied();
    fs::remove_file(folder.path().join(CHECKPOINT_LIST)).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    let mut checkpoint = Checkpoint::load(&file).unwrap();
    tie(&mut checkpoint, &text);
    let digest = checkpoint.save(&file).unwrap();
    let tied = text.replace("input:", &format!("checkpoint_digest: {digest}\ninput:"));
    assert_ne!(tied, text);
    fs::write(&path, &tied).unwrap();
    Network::load(&path).unwrap();

    // Whoever takes the digest out, to have his own structure, is told by the checkpoint.
    fs::write(&path, text.replace("activation_bits: 4", "activation_bits: 3")).unwrap();
    let error = refusal(&path);
    assert!(error.contains("the checkpoint names the digest of the description's structure"), "{error}");
    fs::write(&path, &tied).unwrap();
    fs::copy(networks().join("vgg8-fashion-s85-a4.safetensors.zst"), &file).unwrap();
    let error = refusal(&path);
    assert!(error.contains("the description names the checkpoint's digest"), "{error}");
}
