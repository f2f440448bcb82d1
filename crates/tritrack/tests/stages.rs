//! Stages: what a plan says, what is kept, and what an interruption leaves.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use support::{FAULTS, OPERATIONS, files, repository, tritrack, workspace};

const PARTS: &str = "\
id: parts
title: Where the energy of a small network goes
energy_parts:
  network: vgg8-fashion-s85-a4
  images: {set: golden, count: 1}
  machine: {rows: 256, columns: 256, domains: 64, sharing: per-channel, layout: along}
  technologies: [paper-like]
  search_models: [active-bits]
  crossbars:
    - {name: model, technology: neurosim-rram-22nm, weights: ternary, activation_bits: 4}
";

fn said(root: &Path, arguments: &[&str]) -> (String, String) {
    let output = tritrack(root, arguments);
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let (stdout, stderr) = (text(output.stdout), text(output.stderr));
    assert!(output.status.success(), "{arguments:?}: {stderr}");
    (stdout, stderr)
}

fn entries(root: &Path, kind: &str) -> Vec<PathBuf> {
    let stages = fs::read_dir(root.join("results/.state/stages")).into_iter().flatten().flatten();
    let of_kind = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().starts_with(kind);
    stages.map(|entry| entry.path()).filter(of_kind).collect()
}

#[test]
fn a_plan_says_what_would_run_and_why_and_does_nothing() {
    let folder = workspace(&[("parts", PARTS)]);
    let root = folder.path();
    let (before, _) = said(root, &["plan", "parts"]);
    assert!(before.contains("machine-run"), "{before}");
    assert!(before.contains("vgg8-fashion-s85-a4, along per-channel, 256 x 256 x 64, executed on 1 golden"));
    assert!(before.contains("-> runs: no result is kept for these inputs"), "{before}");
    assert!(before.contains("-> runs: it has not run here yet"), "{before}");
    assert!(!root.join("results/parts").exists());

    said(root, &["reproduce", "parts"]);
    let (after, _) = said(root, &["plan", "parts"]);
    assert!(after.contains("-> not needed") && !after.contains("-> runs"), "{after}");
    let (forced, _) = said(root, &["plan", "parts", "--force"]);
    assert_eq!(forced.matches("-> runs: ").count(), 3, "{forced}");
    let (dot, _) = said(root, &["plan", "parts", "--format", "dot"]);
    assert!(dot.starts_with("digraph \"parts\" {") && dot.contains("s1 -> s2;"), "{dot}");
    let (mermaid, _) = said(root, &["plan", "parts", "--format", "mermaid"]);
    assert!(mermaid.starts_with("flowchart LR\n") && mermaid.contains("s0 --> s1"), "{mermaid}");
    let (json, _) = said(root, &["plan", "all", "--format", "json"]);
    assert!(json.contains("\"kind\""), "{json}");
}

#[test]
fn own_images_of_another_name_are_read_again() {
    let own = PARTS.replace("{set: golden, count: 1}", "{set: own, count: 1}");
    let folder = workspace(&[("parts", &own)]);
    let root = folder.path();
    let mut results = Vec::new();
    for (name, value) in [("black", 0), ("white", 255)] {
        let mut bytes = b"\x93NUMPY\x01\x00\x76\x00".to_vec();
        let header = "{'descr': '|u1', 'fortran_order': False, 'shape': (1, 28, 28), }";
        bytes.extend(format!("{header:<117}\n").into_bytes());
        bytes.extend([value; 28 * 28]);
        let path = root.join(format!("{name}.npy"));
        fs::write(&path, bytes).unwrap();
        let data = format!("own={}", path.display());
        let (stdout, _) = said(root, &["--data", &data, "reproduce", "parts"]);
        assert!(!stdout.contains("up to date"), "{stdout}");
        let (again, _) = said(root, &["--data", &data, "reproduce", "parts"]);
        assert!(again.contains("up to date"), "{again}");
        results.push(fs::read(root.join("results/parts/parts.parquet")).unwrap());
    }
    assert_ne!(results[0], results[1]);
    let data = format!("own={}", root.join("white.npy").display());
    fs::write(root.join("white-labels.npy"), b"labels that are none").unwrap();
    let (status, _) = said(root, &["--data", &data, "status"]);
    assert!(status.contains("the data `own` are others now"), "{status}");
}

#[test]
fn a_changed_technology_needs_no_new_run_of_the_machine() {
    let folder = workspace(&[("parts", PARTS)]);
    let root = folder.path();
    said(root, &["reproduce", "parts"]);
    let kept = entries(root, "machine-run");
    assert_eq!(kept.len(), 1);
    let written = fs::metadata(&kept[0]).unwrap().modified().unwrap();

    let paper_like = repository().join("experiments/technology/rtm-ap/paper-like.yaml");
    let text = fs::read_to_string(paper_like).unwrap();
    let mine = root.join("mine.yaml");
    fs::write(&mine, text.replace("{value: 3, unit: fJ/bit", "{value: 1.5, unit: fJ/bit")).unwrap();
    said(root, &["reproduce", "parts", "--technology", mine.to_str().unwrap()]);
    assert!(root.join("results/variants/mine/parts/parts.parquet").exists());
    assert_eq!(entries(root, "machine-run"), kept);
    assert_eq!(fs::metadata(&kept[0]).unwrap().modified().unwrap(), written);
    let (diff, _) = said(root, &["diff", "--variant", "mine", "parts"]);
    assert!(diff.contains("search") && diff.contains("-50"), "{diff}");
    // The results as they stand are not touched.
    assert!(said(root, &["reproduce", "parts"]).0.contains("parts: up to date"));
}

#[test]
fn something_of_ones_own_that_has_no_place_is_refused_with_what_there_is() {
    let folder = workspace(&[("parts", PARTS), ("small", OPERATIONS)]);
    let root = folder.path();
    let mine = root.join("mine.yaml");
    fs::write(&mine, "name: mine\n").unwrap();
    let nothing = root.join("nothing.yaml");
    fs::write(&nothing, "name: paper-like\n").unwrap();
    let unused = repository().join("experiments/technology/crossbar/isaac-like.yaml");
    for (arguments, words) in [
        (
            &["parts", "--technology", mine.to_str().unwrap()][..],
            "no technology `mine` whose place it could take",
        ),
        (&["parts", "--technology", nothing.to_str().unwrap()], "missing fields `title`"),
        (
            &["parts", "--technology", unused.to_str().unwrap()],
            "this experiment names no crossbar technology `isaac-like` (of that kind it names: neurosim-rram-22nm)",
        ),
        (&["small", "--technology", unused.to_str().unwrap()], "of that kind it names: none"),
        (&["parts", "--technology", "literature=x.yaml"], "say which with KIND/NAME=FILE"),
        (&["parts", "--network", "vgg8"], "there is no network `vgg8`"),
        (&["small", "--machine", "rows=128"], "small: --machine has nothing to stand in for"),
        (&["parts", "--machine", "rows=128", "--label", "../x"], "--label ../x: expected letters"),
    ] {
        let output = tritrack(root, &[&["reproduce"], arguments].concat());
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{message}");
        assert!(message.contains(words), "{words}: {message}");
    }
    assert!(!root.join("results/variants").exists());
}

#[test]
fn of_all_experiments_those_are_varied_that_have_a_place_for_it_and_the_others_are_named() {
    let folder = workspace(&[("parts", PARTS), ("small", OPERATIONS)]);
    let root = folder.path();
    let text =
        fs::read_to_string(repository().join("experiments/technology/rtm-ap/paper-like.yaml")).unwrap();
    let mine = root.join("mine.yaml");
    fs::write(&mine, text).unwrap();
    let (output, _) = said(root, &["reproduce", "all", "--technology", mine.to_str().unwrap()]);
    assert!(output.contains("small: left out, --technology"), "{output}");
    assert!(root.join("results/variants/mine/parts").exists());
    assert!(!root.join("results/variants/mine/small").exists());
    // Where a file of the user's lies is nobody's concern.
    let table = tables::read_parquet(&root.join("results/variants/mine/parts/parts.parquet")).unwrap();
    let names: Vec<&String> = table.provenance().keys().collect();
    assert!(
        names.iter().any(|name| *name == "input experiments/technology/rtm-ap/paper-like.yaml"),
        "{names:?}"
    );
    assert!(!names.iter().any(|name| name.contains(root.to_str().unwrap())), "{names:?}");
    let (again, _) = said(root, &["reproduce", "parts", "--technology", mine.to_str().unwrap()]);
    assert!(again.contains("parts: up to date"), "{again}");
}

#[test]
fn a_damaged_entry_is_told_and_computed_again() {
    let folder = workspace(&[("parts", PARTS)]);
    let root = folder.path();
    said(root, &["reproduce", "parts"]);
    let whole = files(&root.join("results/parts"));
    let entry = entries(root, "machine-run").remove(0);
    let bytes = fs::read(&entry).unwrap();
    fs::write(&entry, &bytes[..bytes.len() / 2]).unwrap();
    fs::remove_dir_all(root.join("results/parts")).unwrap();
    let (plan, _) = said(root, &["plan", "parts"]);
    assert!(plan.contains("the result that is kept is damaged"), "{plan}");
    let (_, warning) = said(root, &["reproduce", "parts"]);
    assert!(warning.contains("warning: ") && warning.contains("computing it again"), "{warning}");
    assert_eq!(files(&root.join("results/parts")), whole);
    assert_eq!(fs::read(&entry).unwrap(), bytes);
}

/// Starts a run and ends it by a signal after a while; gives whether it was still at work.
fn interrupted(root: &Path, signal: &str, after: Duration) -> bool {
    let mut child = Command::new(env!("CARGO_BIN_EXE_tritrack"))
        .arg("--workspace")
        .arg(root)
        .args(["reproduce", "faults"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(after);
    let at_work = child.try_wait().unwrap().is_none();
    let sent = Command::new("kill").args([signal, &child.id().to_string()]).status();
    assert!(sent.is_ok());
    child.wait().unwrap();
    at_work
}

#[test]
fn a_run_that_is_killed_at_any_moment_leaves_whole_files_and_the_next_goes_on() {
    let of_one_run = workspace(&[("faults", FAULTS)]);
    said(of_one_run.path(), &["reproduce", "faults"]);
    let relative = |root: &Path| -> Vec<(PathBuf, Vec<u8>)> {
        let all = files(&root.join("results")).into_iter().chain(files(&root.join("figures")));
        all.map(|(path, bytes)| (path.strip_prefix(root).unwrap().to_owned(), bytes)).collect()
    };
    let whole = relative(of_one_run.path());

    let folder = workspace(&[("faults", FAULTS)]);
    let root = folder.path();
    fs::create_dir_all(root.join("results")).unwrap();
    let (mut kept, mut interruptions) = (0, 0);
    for (round, signal) in ["-KILL", "-INT"].into_iter().cycle().take(12).enumerate() {
        interruptions +=
            usize::from(interrupted(root, signal, Duration::from_millis(150 + 250 * round as u64)));
        for (path, bytes) in files(&root.join("results")) {
            let hidden = path.file_name().unwrap().to_string_lossy().starts_with('.');
            let relative = path.strip_prefix(root).unwrap();
            let expected = whole.iter().find(|(known, _)| known == relative).map(|(_, bytes)| bytes);
            assert!(hidden || expected == Some(&bytes), "{} is not what it should be", relative.display());
        }
        let now = entries(root, "trials").len();
        assert!(now >= kept, "what was kept is gone");
        kept = now;
    }
    assert!(interruptions > 0, "no run was interrupted");
    let (_, warnings) = said(root, &["reproduce", "faults"]);
    assert!(!warnings.contains("damaged"), "{warnings}");
    assert_eq!(relative(root), whole);
}
