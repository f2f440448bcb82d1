//! The program as its user meets it: what it writes, and what it says when something is wrong.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use support::{FAULTS, OPERATIONS, files, repository, tritrack, workspace};

/// Runs the program on something that is wrong: it has to end with code 2, write nothing and say why.
fn refusal(workspace: &Path, arguments: &[&str]) -> String {
    let output = tritrack(workspace, arguments);
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(!message.contains("panicked"), "{message}");
    for folder in ["results", "figures"] {
        let entries = fs::read_dir(workspace.join(folder)).into_iter().flatten().flatten();
        // The record of runs is no result.
        let written = entries.filter(|entry| entry.file_name() != ".state").count();
        assert_eq!(written, 0, "{folder} holds something");
    }
    message
}

const RATIO: &str = "\
id: ratio
title: Ratio of a small network
seed: 1
energy_ratio:
  network: vgg8-fashion-s85-a4
  images: {set: golden, count: 2}
  machine: {rows: 256, columns: 256, domains: 64, sharing: per-channel, layout: along}
  technologies: [conservative, paper-like]
  search_models: [active-bits, match-line]
  claimed_ratio: 7.5
  draws: 100
  headline: {baseline: model, technology: conservative, search_model: match-line}
  crossbars:
    - {name: model, technology: neurosim-rram-22nm, weights: ternary, activation_bits: 4}
  published:
    - {name: measured, node_nm: 22, weights: ternary, activation_bits: 4, measured_case: v13_stock_vgg8_t2a4, source: a run}
";

#[test]
fn experiments_give_the_same_bytes_with_one_thread_and_with_three() {
    let written = |jobs: &str| {
        let folder = workspace(&[("small", OPERATIONS), ("ratio", RATIO), ("faults", FAULTS)]);
        let output = tritrack(folder.path(), &["--jobs", jobs, "reproduce", "all"]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        ["results", "figures"].map(|name| {
            let root = folder.path().join(name);
            let relative =
                |(path, bytes): (PathBuf, Vec<u8>)| (path.strip_prefix(&root).unwrap().to_owned(), bytes);
            files(&root).into_iter().map(relative).collect::<Vec<_>>()
        })
    };
    let [tables, figures] = written("1");
    assert_eq!(tables.len(), 8);
    assert_eq!(figures.len(), 6);
    assert_eq!([tables, figures], written("3"));
}

#[test]
fn the_summary_states_what_was_measured_the_claim_and_the_verdict() {
    let folder = workspace(&[("ratio", RATIO)]);
    let output = tritrack(folder.path(), &["reproduce", "ratio"]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("measured: "), "{said}");
    assert!(said.contains("claim: 7.5 x; verdict: "), "{said}");
    assert!(said.contains("wrote results/ratio/ratios.parquet"), "{said}");
}

#[test]
fn an_unknown_experiment_is_answered_with_the_known_ones() {
    let folder = workspace(&[("small", OPERATIONS)]);
    let message = refusal(folder.path(), &["reproduce", "smal"]);
    assert!(
        message.contains("there is no experiment `smal` (did you mean `small`?); there are: small"),
        "{message}"
    );
}

#[test]
fn a_typo_in_a_manifest_is_shown_in_its_place() {
    let folder = workspace(&[("small", &OPERATIONS.replace("sharing", "shering"))]);
    let message = refusal(folder.path(), &["reproduce", "small"]);
    assert!(message.contains("small.yaml:5:3: operations: unknown field `shering`"), "{message}");
    assert!(message.contains("shering: [none, per-channel]\n      |   ^"), "{message}");
}

#[test]
fn everything_that_is_wrong_with_a_manifest_is_said_at_once() {
    let manifest = "id: other\ntitle: 12\noperations:\n  networks: [vgg8-fashion-s85-a5]\n  shering: [none]\n  unlimited: vgg9\n";
    let folder = workspace(&[("small", manifest)]);
    let message = refusal(folder.path(), &["reproduce", "small"]);
    for (place, words) in [
        ("1:5", "the id is `other`; expected the file's name, `small`"),
        ("2:8", "title: found 12, which needs quotes to be a text; expected a text"),
        (
            "4:14",
            "operations.networks[0]: there is no network `vgg8-fashion-s85-a5` (did you mean `vgg8-fashion-s85-a4`?)",
        ),
        ("5:3", "operations: unknown field `shering` (did you mean `sharing`?); there are: networks, "),
        ("6:14", "operations.unlimited: found the text `vgg9`; expected a list"),
    ] {
        assert!(message.contains(&format!("small.yaml:{place}: {words}")), "{place}: {message}");
    }
    assert!(message.trim_end().ends_with("small.yaml: 5 errors"), "{message}");
}

#[test]
fn a_missing_data_folder_is_named_with_what_belongs_there() {
    let folder = workspace(&[("faults", FAULTS)]);
    fs::remove_file(folder.path().join("experiments/data")).unwrap();
    let message = refusal(folder.path(), &["reproduce", "faults"]);
    assert!(message.contains("experiments/data/fashion-mnist/t10k-images-idx3-ubyte.gz"), "{message}");
}

#[test]
fn a_network_that_is_not_there_is_named() {
    let folder = workspace(&[("small", &OPERATIONS.replace("vgg8-fashion", "vgg80"))]);
    let message = refusal(folder.path(), &["reproduce", "small"]);
    assert!(
        message.contains("there is no network `vgg80-s85-a4` (did you mean `vgg11-s85-a4`?); there are: "),
        "{message}"
    );
}

#[test]
fn a_truncated_checkpoint_is_named() {
    let folder = workspace(&[("small", OPERATIONS)]);
    let networks = folder.path().join("experiments/networks");
    fs::remove_file(&networks).unwrap();
    fs::create_dir(&networks).unwrap();
    let source = repository().join("experiments/networks");
    let name = "vgg8-fashion-s85-a4";
    fs::copy(source.join(format!("{name}.yaml")), networks.join(format!("{name}.yaml"))).unwrap();
    let checkpoint = format!("{name}.safetensors.zst");
    let bytes = fs::read(source.join(&checkpoint)).unwrap();
    fs::write(networks.join(&checkpoint), &bytes[..bytes.len() / 2]).unwrap();
    let message = refusal(folder.path(), &["reproduce", "small"]);
    assert!(message.contains(&checkpoint), "{message}");
}

#[test]
fn results_that_cannot_be_written_are_an_error_with_the_path() {
    let folder = workspace(&[("small", OPERATIONS)]);
    // Where a folder has to be stands a file: not even an administrator can write below it.
    fs::write(folder.path().join("results"), "").unwrap();
    let output = tritrack(folder.path(), &["reproduce", "small"]);
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(message.contains("/results/"), "{message}");
    assert!(!folder.path().join("figures").exists());
}

#[test]
fn a_folder_that_is_no_workspace_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let message = refusal(folder.path(), &["list"]);
    assert!(message.contains("no folder `experiments`"), "{message}");
}

#[test]
fn a_reader_that_goes_away_does_no_harm() {
    let folder = workspace(&[("small", OPERATIONS)]);
    let mut child = Command::new(env!("CARGO_BIN_EXE_tritrack"))
        .arg("--workspace")
        .arg(folder.path())
        .args(["reproduce", "small"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(folder.path().join("results/small/operations.parquet").exists());
}

#[test]
fn what_is_up_to_date_is_not_run_again_and_what_is_stale_says_why() {
    let folder = workspace(&[("small", OPERATIONS)]);
    let said = |arguments: &[&str]| {
        let output = tritrack(folder.path(), arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(said(&["status"]).contains("it has not run here yet"));
    assert!(said(&["reproduce", "small"]).contains("wrote results/small/operations.parquet"));
    assert!(said(&["reproduce", "small"]).contains("small: up to date"));
    assert!(said(&["reproduce", "small", "--force"]).contains("wrote"));
    assert!(said(&["verify", "small"]).contains("small: the same"));

    let table = folder.path().join("results/small/operations.parquet");
    fs::write(&table, b"damaged").unwrap();
    assert!(
        said(&["status"]).contains("its output results/small/operations.parquet is missing or has changed")
    );
    let refused = tritrack(folder.path(), &["verify", "small"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stdout).contains("operations.parquet"));
    assert!(said(&["reproduce", "small"]).contains("wrote"));

    let manifest = folder.path().join("experiments/small.yaml");
    fs::write(&manifest, OPERATIONS.replace("a small network", "a network")).unwrap();
    assert!(said(&["status"]).contains("its manifest has changed"));

    let record = folder.path().join("results/.state/small.json");
    fs::write(&record, b"{").unwrap();
    let output = tritrack(folder.path(), &["reproduce", "small"]);
    let warning = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && warning.contains("warning: small: the record"), "{warning}");
}

#[test]
fn a_verified_table_that_differs_is_named_with_its_row_and_column() {
    let folder = workspace(&[("small", OPERATIONS)]);
    assert!(tritrack(folder.path(), &["reproduce", "small"]).status.success());
    let manifest = folder.path().join("experiments/small.yaml");
    fs::write(&manifest, OPERATIONS.replace("[none, per-channel]", "[none, cross-channel]")).unwrap();
    let output = tritrack(folder.path(), &["verify", "small"]);
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        said.contains("operations.parquet: row 8, column `sharing`: per-channel against cross-channel"),
        "{said}"
    );
}

#[test]
fn a_second_run_waits_for_the_first() {
    let folder = workspace(&[("small", OPERATIONS)]);
    let lock = folder.path().join("results/.state/lock");
    fs::create_dir_all(lock.parent().unwrap()).unwrap();
    let held = fs::File::create(&lock).unwrap();
    held.lock().unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_tritrack"))
        .arg("--workspace")
        .arg(folder.path())
        .args(["reproduce", "small"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    std::thread::sleep(std::time::Duration::from_millis(600));
    assert!(child.try_wait().unwrap().is_none(), "it did not wait");
    held.unlock().unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("another run is at work in this workspace"));
}

#[test]
fn shards_merge_to_what_one_run_gives_and_a_missing_or_damaged_one_is_named() {
    let folder = workspace(&[("faults", FAULTS)]);
    let root = folder.path();
    let run = |arguments: &[&str]| tritrack(root, arguments);
    assert!(run(&["reproduce", "faults"]).status.success());
    let whole = files(&root.join("results/faults"));
    for index in ["0", "1"] {
        assert!(run(&["shard", "faults", "--index", index, "--count", "2"]).status.success());
    }
    fs::remove_file(root.join("results/faults/accuracy.parquet")).unwrap();
    assert!(run(&["merge", "faults"]).status.success());
    let without_shards = |found: Vec<(PathBuf, Vec<u8>)>| -> Vec<(PathBuf, Vec<u8>)> {
        found.into_iter().filter(|(path, _)| !path.to_string_lossy().contains("shards")).collect()
    };
    assert_eq!(without_shards(files(&root.join("results/faults"))), whole);

    let shard = root.join("results/faults/shards/1-of-2.parquet");
    let bytes = fs::read(&shard).unwrap();
    fs::write(&shard, &bytes[..bytes.len() / 2]).unwrap();
    let message = String::from_utf8_lossy(&run(&["merge", "faults"]).stderr).into_owned();
    assert!(message.contains("1-of-2.parquet is damaged"), "{message}");
    assert!(message.contains("tritrack shard faults --index $i --count 2"), "{message}");
    // The other shard in its place is of something else.
    fs::copy(root.join("results/faults/shards/0-of-2.parquet"), &shard).unwrap();
    let message = String::from_utf8_lossy(&run(&["merge", "faults"]).stderr).into_owned();
    assert!(message.contains("is of something else: its shard is 0 of 2; expected 1 of 2"), "{message}");
    fs::remove_file(&shard).unwrap();
    assert!(run(&["merge", "faults", "--count", "2", "--run-missing"]).status.success());
    assert_eq!(without_shards(files(&root.join("results/faults"))), whole);
}

/// The names of all commands, from the help.
fn commands() -> Vec<String> {
    let output = tritrack(&repository(), &["--help"]);
    let help = String::from_utf8(output.stdout).unwrap();
    let listed = help.split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    let name = |line: &str| line.strip_prefix("  ").filter(|line| !line.starts_with(' ')).map(str::to_owned);
    let named =
        listed.lines().filter_map(name).map(|line| line.split_whitespace().next().unwrap().to_owned());
    named.filter(|name| name != "help").collect()
}

#[test]
fn every_command_explains_itself_with_an_example_and_without_colours_in_a_pipe() {
    let commands = commands();
    assert!(commands.len() >= 19, "{commands:?}");
    for command in commands {
        let output = tritrack(&repository(), &[&command, "--help"]);
        let help = String::from_utf8(output.stdout).unwrap();
        assert!(
            help.contains(&format!("tritrack {command}")) && help.contains("Example"),
            "{command}: {help}"
        );
        assert!(!help.contains('\u{1b}'), "{command}: escape codes in a pipe");
    }
}

#[test]
fn what_is_wrong_with_a_technology_is_said_at_once_with_places() {
    let folder = workspace(&[("small", RATIO)]);
    let mine = folder.path().join("mine.yaml");
    let text =
        fs::read_to_string(repository().join("experiments/technology/rtm-ap/conservative.yaml")).unwrap();
    let text = text
        .replace("title:", "titel:")
        .replacen("unit: fJ/bit", "unit: [fJ]", 1)
        .replacen("low:", "lwo:", 1);
    fs::write(&mine, text).unwrap();
    fs::rename(folder.path().join("experiments/small.yaml"), folder.path().join("experiments/ratio.yaml"))
        .unwrap();
    let message = refusal(folder.path(), &["reproduce", "ratio", "--technology", mine.to_str().unwrap()]);
    for words in [
        "mine.yaml:",
        "unknown field `titel`",
        "did you mean `title`?",
        "unknown field `lwo`",
        "mine.yaml: 3 errors",
    ] {
        assert!(message.contains(words), "{words}: {message}");
    }
}

#[test]
fn a_table_comes_as_parquet_through_a_pipe() {
    let folder = workspace(&[("small", OPERATIONS)]);
    let output = tritrack(folder.path(), &["status", "--format", "parquet"]);
    let path = folder.path().join("status.parquet");
    fs::write(&path, output.stdout).unwrap();
    let table = tables::read_parquet(&path).unwrap();
    assert_eq!(table.text("experiment").unwrap(), ["small"]);
}

#[test]
fn the_workspace_may_be_named_in_the_environment() {
    let folder = workspace(&[("small", OPERATIONS)]);
    let output = Command::new(env!("CARGO_BIN_EXE_tritrack"))
        .current_dir("/")
        .env("TRITRACK_WORKSPACE", folder.path())
        .arg("list")
        .output()
        .unwrap();
    assert!(String::from_utf8_lossy(&output.stdout).contains("small  "), "{output:?}");
}

#[test]
fn one_bad_manifest_a_folder_and_a_hidden_file_keep_nobody_from_the_others() {
    let folder = workspace(&[("small", OPERATIONS), ("bad", "id: bad\ntitle: [\n")]);
    let experiments = folder.path().join("experiments");
    fs::create_dir(experiments.join("folder.yaml")).unwrap();
    fs::write(experiments.join(".small.yaml"), "half of a file").unwrap();
    for command in ["list", "status"] {
        let output = tritrack(folder.path(), &[command]);
        let (said, warned) =
            (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
        assert!(output.status.success(), "{warned}");
        assert!(said.contains("small") && !said.contains("folder") && !said.contains(".small"), "{said}");
        assert!(warned.contains("bad.yaml:"), "{warned}");
    }
}

#[test]
fn a_full_standard_output_is_an_error() {
    let folder = workspace(&[("small", OPERATIONS)]);
    for command in ["list", "schema", "status"] {
        let full = fs::File::options().write(true).open("/dev/full").unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_tritrack"))
            .arg("--workspace")
            .arg(folder.path())
            .arg(command)
            .stdout(full)
            .output()
            .unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{command}: {error}");
        assert!(error.contains("standard output: cannot be written"), "{command}: {error}");
    }
}
