//! The engine with a study of its own kind: coins are thrown. Nothing of what the engine does for experiments on memories is about
//! memories.

#![allow(clippy::unwrap_used)]

mod coins;

use std::fs;
use std::path::Path;

use workspace::{Inputs, Mode, Plan, Shard, State, merge, run_shard, staleness, verify};

use coins::{MANIFEST, REGISTRY, heads, run, weighed, workspace};

#[test]
fn an_experiment_runs_once_and_again_only_when_something_it_rests_on_changed() {
    let (folder, workspace) = workspace();
    let manifest = REGISTRY.manifest(&workspace, "throw").unwrap();
    let inputs = Inputs::new(&workspace);
    let states = |force| -> Vec<State> {
        let plan = Plan::of(&manifest, &inputs, force).unwrap();
        plan.stages.into_iter().map(|stage| stage.state).collect()
    };
    assert!(matches!(states(false)[..], [State::Runs(_), State::InPart, State::Runs(_), State::Runs(_)]));

    assert!(run(&workspace, Mode::Needed).contains("heads 12 times, one in 2 expected"));
    assert_eq!(weighed(&workspace), 1);
    assert_eq!(heads(&workspace), 12);
    assert!(run(&workspace, Mode::Needed).contains("throw: up to date (Throws)"));
    assert_eq!(states(false)[0], State::NotNeeded);
    assert!(matches!(states(true)[0], State::Runs(_)));

    // A title changes tables' provenance and no stage; a coin changes both.
    fs::write(folder.path().join("experiments/throw.yaml"), MANIFEST.replace("Throws", "More throws"))
        .unwrap();
    run(&workspace, Mode::Needed);
    assert_eq!(weighed(&workspace), 1);
    fs::write(folder.path().join("experiments/coins/fair.coin"), "5\n").unwrap();
    let manifest = REGISTRY.manifest(&workspace, "throw").unwrap();
    let reason = staleness(&workspace, &manifest).unwrap().to_string();
    assert_eq!(reason, "its input experiments/coins/fair.coin has changed");
    run(&workspace, Mode::Needed);
    assert_eq!(weighed(&workspace), 2);
    assert_eq!(heads(&workspace), (0..23_u64).filter(|throw| (throw * 7 + 2) % 5 == 0).count() as u64);
    verify(&Inputs::new(&workspace), &[manifest], &mut Vec::new()).unwrap();
}

#[test]
fn shards_give_the_bytes_of_one_run() {
    let (_folder, workspace) = workspace();
    let manifest = REGISTRY.manifest(&workspace, "throw").unwrap();
    let path = workspace.result("throw", "sides");
    run(&workspace, Mode::Needed);
    let whole = fs::read(&path).unwrap();
    fs::remove_file(&path).unwrap();
    for index in 0..3 {
        run_shard(&workspace, &manifest, Shard { index, count: 3 }, false, &mut Vec::new()).unwrap();
    }
    merge(&workspace, &manifest, None, false, &mut Vec::new()).unwrap();
    assert_eq!(fs::read(&path).unwrap(), whole);
}

#[test]
fn all_that_is_wrong_with_a_manifest_is_said_with_its_place() {
    let text = "id: throw\ntitle: Throws\ncoins:\n  coin: fare\n  throws: 0\n";
    let (folder, workspace) = workspace();
    fs::write(folder.path().join("experiments/throw.yaml"), text).unwrap();
    let error = REGISTRY.manifest(&workspace, "throw").unwrap_err().to_string();
    assert!(error.contains("5:"), "{error}");
    assert!(error.contains("throws"), "{error}");
}

#[test]
fn the_engine_knows_no_machine_and_nothing_that_runs_on_one() {
    fn read(folder: &Path, all: &mut Vec<(String, String)>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                read(&path, all);
            } else {
                all.push((path.display().to_string(), fs::read_to_string(&path).unwrap().to_lowercase()));
            }
        }
    }
    let mut sources = Vec::new();
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut sources);
    assert!(sources.len() > 20);
    for (path, text) in sources {
        for word in ["racetrack", "rtm", "crossbar", "network", "ternary", "processor"] {
            assert!(!text.contains(word), "{path} speaks of a {word}");
        }
    }
}
