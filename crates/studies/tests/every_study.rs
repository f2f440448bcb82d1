//! Every kind of study on a manifest that takes seconds, through the library: no binary is spawned.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use sample_workspaces::{files, workspace};
use tables::read_parquet;
use tempfile::TempDir;
use workspace::{Inputs, Mode, Plan, Registry, State, Workspace, chosen, reproduce};

static REGISTRY: Registry = studies::registry(|_| ());

/// A workspace with the repository's inputs and a manifest of each kind of study.
fn tiny() -> (TempDir, Workspace) {
    let read = |name: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tiny").join(name).with_extension("yaml");
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    let manifests: Vec<(&str, String)> =
        REGISTRY.studies.iter().map(|kind| (kind.name, read(kind.name))).collect();
    let manifests: Vec<(&str, &str)> = manifests.iter().map(|(id, text)| (*id, text.as_str())).collect();
    let folder = workspace(&manifests);
    let workspace = Workspace::find(Some(folder.path()), &REGISTRY.program).unwrap();
    (folder, workspace)
}

/// Every kind of study, run by so many threads: the workspace, and what each run said.
fn run_by(threads: usize) -> (TempDir, Workspace, BTreeMap<&'static str, String>) {
    let (folder, workspace) = tiny();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    let mut said = BTreeMap::new();
    for kind in REGISTRY.studies {
        let manifests = chosen(&REGISTRY, &workspace, &[kind.name.to_owned()], &mut Vec::new()).unwrap();
        assert_eq!(manifests[0].study.name(), kind.name, "a manifest of each kind, under its name");
        let mut output = Vec::new();
        pool.install(|| reproduce(&Inputs::new(&workspace), &manifests, Mode::Needed, &mut output)).unwrap();
        said.insert(kind.name, String::from_utf8(output).unwrap());
    }
    (folder, workspace, said)
}

/// The run by three threads, once for all tests.
static BY_THREE: LazyLock<(TempDir, Workspace, BTreeMap<&'static str, String>)> = LazyLock::new(|| run_by(3));

#[test]
fn every_kind_of_study_makes_the_tables_that_it_declares_and_a_figure_and_keeps_its_stages() {
    let (folder, workspace, said) = &*BY_THREE;
    for kind in REGISTRY.studies {
        let said = &said[kind.name];
        assert!(said.lines().filter(|line| !line.contains("wrote")).count() > 1, "no summary: {said}");
        let results = files(&folder.path().join("results").join(kind.name));
        assert!(!results.is_empty(), "{}", kind.name);
        for table in results.iter().map(|(path, _)| read_parquet(path).unwrap()) {
            let schema = kind.tables.iter().find(|schema| schema.name() == table.name()).unwrap();
            table.follows(schema).unwrap();
            assert!(table.rows() > 0, "{}: {} is empty", kind.name, table.name());
            assert!(table.provenance().keys().any(|key| key.starts_with("input ")), "{}", kind.name);
        }
        let drawing = fs::read_to_string(workspace.figure(kind.name, "svg")).unwrap();
        assert!(drawing.contains("A tiny study of its kind"), "{drawing}");

        // What was computed is kept under what the plan asks for: declared is what ran.
        let manifest = REGISTRY.manifest(workspace, kind.name).unwrap();
        fs::remove_file(workspace.record(kind.name)).unwrap();
        let plan = Plan::of(&manifest, &Inputs::new(workspace), false).unwrap();
        for stage in plan.stages.iter().filter(|stage| stage.key.is_some()) {
            assert_eq!(stage.state, State::Kept, "{}: {} of {}", kind.name, stage.kind, stage.what);
        }
    }
}

#[test]
fn every_kind_of_study_gives_the_same_bytes_at_one_thread_and_at_three() {
    let of = |folder: &TempDir| -> BTreeMap<PathBuf, Vec<u8>> {
        let all = ["results", "figures"].map(|name| files(&folder.path().join(name)));
        let inside = |path: PathBuf| path.strip_prefix(folder.path()).unwrap().to_owned();
        all.into_iter().flatten().map(|(path, bytes)| (inside(path), bytes)).collect()
    };
    let (one, three) = (of(&run_by(1).0), of(&BY_THREE.0));
    assert_eq!(one.keys().collect::<Vec<_>>(), three.keys().collect::<Vec<_>>());
    for ((path, one), three) in one.iter().zip(three.values()) {
        assert!(one == three, "{} differs", path.display());
    }
}
