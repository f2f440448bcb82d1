//! `diff`, `explain` and `claims` as their user meets them, on the committed results.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Standard output, standard error and the exit code.
fn tritrack(workspace: &Path, arguments: &[&str]) -> (String, String, i32) {
    let output = Command::new(env!("CARGO_BIN_EXE_tritrack"))
        .arg("--workspace")
        .arg(workspace)
        .args(arguments)
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr), output.status.code().unwrap())
}

/// The repository's experiments and README with a copy of its results.
fn copy_of_results() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(repository().join("experiments"), folder.path().join("experiments")).unwrap();
    fs::copy(repository().join("README.md"), folder.path().join("README.md")).unwrap();
    for experiment in fs::read_dir(repository().join("results")).unwrap() {
        let experiment = experiment.unwrap();
        if [".state", "variants"].iter().any(|other| experiment.file_name() == *other) {
            continue;
        }
        let copy = folder.path().join("results").join(experiment.file_name());
        fs::create_dir_all(&copy).unwrap();
        for table in fs::read_dir(experiment.path()).unwrap() {
            let table = table.unwrap();
            fs::copy(table.path(), copy.join(table.file_name())).unwrap();
        }
    }
    folder
}

#[test]
fn results_do_not_differ_from_themselves() {
    let copy = copy_of_results();
    let (stdout, stderr, code) = tritrack(&repository(), &["diff", copy.path().to_str().unwrap()]);
    assert_eq!(code, 0, "{stderr}");
    assert!(stdout.contains("none differs"), "{stdout}");
}

#[test]
fn a_number_that_changed_is_shown_with_its_row_and_by_how_much() {
    let copy = copy_of_results();
    // Another search model's energies in place of the table of ResNet-18's layers.
    let path = copy.path().join("results/fig7/flows.parquet");
    let table = tables::read_parquet(&path).unwrap();
    let active = table.filter("search_model", "active-bits").unwrap();
    tables::write_parquet(&active, &path).unwrap();
    fs::remove_file(copy.path().join("results/fig8/sensitivity.parquet")).unwrap();
    let (stdout, _, code) = tritrack(copy.path(), &["diff", repository().to_str().unwrap(), "fig7", "fig8"]);
    assert_eq!(code, 0);
    assert!(stdout.contains("fig8/sensitivity: is no longer there"), "{stdout}");
    assert!(stdout.contains(&format!("fig7/flows: {} rows are gone, 0 are new", active.rows())), "{stdout}");
}

#[test]
fn what_cannot_be_compared_with_is_said() {
    let copy = copy_of_results();
    let (_, stderr, code) = tritrack(copy.path(), &["diff", "no-such-revision"]);
    assert_eq!(code, 2);
    assert!(
        stderr.contains("`no-such-revision` is neither a folder with results nor a revision of git"),
        "{stderr}"
    );
}

#[test]
fn a_row_is_explained_by_its_manifest_its_inputs_and_its_parameters() {
    let (stdout, stderr, code) =
        tritrack(&repository(), &["explain", "results/fig7/ratios.parquet", "--row", "0"]);
    assert_eq!(code, 0, "{stderr}");
    for expected in [
        "ratio = ",
        "Share of the draws in which the ratio reaches the claim",
        "input experiments/networks/resnet18-s80-a4.safetensors.zst: blake3 ",
        "seed: 7",
        "parameters of the RTM-AP, technology paper-like",
        "shift.step = ",
        "DESTINY",
        "energy, search (active-bits) = bits searched x search.active_bit",
    ] {
        assert!(stdout.contains(expected), "{expected} is missing:\n{stdout}");
    }
    let (_, stderr, code) =
        tritrack(&repository(), &["explain", "results/fig7/ratios.parquet", "--row", "100000"]);
    assert_eq!(code, 2);
    assert!(stderr.contains("there is no row 100000"), "{stderr}");
}

#[test]
fn the_readme_says_what_the_results_say() {
    let (stdout, stderr, code) = tritrack(&repository(), &["claims", "--check"]);
    assert_eq!(code, 0, "{stderr}\n{stdout}");
}

/// Has a README say something else: the check fails, and writing it anew gives what it was.
fn is_noticed_and_written_anew(workspace: &Path, from: &str, to: &str) {
    let readme = workspace.join("README.md");
    let text = fs::read_to_string(&readme).unwrap();
    assert!(text.contains(from), "{text}");
    fs::write(&readme, text.replacen(from, to, 1)).unwrap();
    let (_, stderr, code) = tritrack(workspace, &["claims", "--check"]);
    assert_eq!(code, 1);
    assert!(stderr.contains("README.md does not say what the results say"), "{stderr}");
    let (_, stderr, code) = tritrack(workspace, &["claims", "--write", "--check"]);
    assert_eq!(code, 0, "{stderr}");
    assert_eq!(fs::read_to_string(&readme).unwrap(), text);
}

#[test]
fn a_readme_that_says_something_else_fails_the_check_and_is_written_anew() {
    is_noticed_and_written_anew(copy_of_results().path(), "not reproduced", "reproduced");
}

#[test]
fn a_finding_says_the_numbers_of_the_tables_and_fails_the_check_where_its_words_do_not_hold() {
    let copy = copy_of_results();
    let readme = copy.path().join("README.md");
    let text = fs::read_to_string(&readme).unwrap();
    let (_, after) = text.split_once("a ratio of ").unwrap();
    let ratio = after.split([',', ' ', '\n']).next().unwrap().trim_end_matches('.');
    let stated = format!("a ratio of {ratio}");
    is_noticed_and_written_anew(copy.path(), &stated, &format!("{stated}1"));

    // The experiments are a link: what is written here must not be written there.
    let experiments = copy.path().join("experiments");
    fs::remove_file(&experiments).unwrap();
    fs::create_dir(&experiments).unwrap();
    for file in fs::read_dir(repository().join("experiments")).unwrap().map(|file| file.unwrap().path()) {
        if file.is_file() {
            fs::copy(&file, experiments.join(file.file_name().unwrap())).unwrap();
        }
    }
    let claims = experiments.join("claims.yaml");
    let yaml = fs::read_to_string(&claims).unwrap();
    let parity = "expected: {at-most: 1, why: \"none is said to reach parity\"}";
    assert!(yaml.contains(parity));
    fs::write(&claims, yaml.replace(parity, &parity.replace("at-most: 1", "at-most: 0.1"))).unwrap();
    let (_, stderr, code) = tritrack(copy.path(), &["claims", "--check"]);
    assert_eq!(code, 1);
    assert!(stderr.contains("finding compilation: its text says in words what does not hold"), "{stderr}");

    let little = "expected: {at-most: 0.05, why: \"it is said to lose little\"}";
    assert!(yaml.contains(little));
    fs::write(&claims, yaml.replace(little, &little.replace("0.05", "0.0001"))).unwrap();
    let (_, stderr, code) = tritrack(copy.path(), &["claims", "--check"]);
    assert_eq!(code, 1);
    assert!(stderr.contains("claim C5: its reading says in words what does not hold"), "{stderr}");

    fs::write(&claims, yaml.replace("a ratio of {ratio}", "a ratio of {ratios}")).unwrap();
    let (_, stderr, code) = tritrack(copy.path(), &["claims"]);
    assert_eq!(code, 2);
    assert!(stderr.contains("`{ratios}` stands in the text, but not among the `numbers`"), "{stderr}");

    fs::write(&claims, &yaml).unwrap();
    fs::write(&readme, text.replace("<!-- finding shapes:", "<!-- finding:")).unwrap();
    let (_, stderr, code) = tritrack(copy.path(), &["claims", "--write"]);
    assert_eq!(code, 1);
    assert!(stderr.contains("README.md: `<!-- finding shapes:"), "{stderr}");
}

#[test]
fn a_claim_whose_table_is_missing_says_how_to_make_it() {
    let copy = copy_of_results();
    fs::remove_file(copy.path().join("results/fig5/parts.parquet")).unwrap();
    let (_, stderr, code) = tritrack(copy.path(), &["claims"]);
    assert_eq!(code, 2);
    assert!(stderr.contains("claim C3") && stderr.contains("`tritrack reproduce fig5` makes it"), "{stderr}");
}

#[test]
fn the_report_stands_alone_and_holds_every_claim_figure_and_table() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.html");
    let (_, stderr, code) = tritrack(&repository(), &["report", "--output", path.to_str().unwrap()]);
    assert_eq!(code, 0, "{stderr}");
    let page = fs::read_to_string(&path).unwrap();
    // Nothing is fetched: no address but those of XML's names and of what the text cites.
    for outside in ["src=", "href=\"http", "url(", "@import"] {
        assert!(!page.contains(outside), "{outside}");
    }
    for figure in fs::read_dir(repository().join("figures")).unwrap() {
        let path = figure.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "svg") {
            let id = path.file_stem().unwrap().to_string_lossy().into_owned();
            assert!(page.contains(&format!("<h2 id=\"{id}\">")), "{id} is missing");
        }
    }
    for expected in ["not reproduced", "RTSim", "shift.step", "tritrack reproduce fig7 --force", "<svg"] {
        assert!(page.contains(expected), "{expected} is missing");
    }
    assert_eq!(page.matches("<table>").count(), page.matches("</table>").count());
    // The same results give the same page.
    let again = folder.path().join("again.html");
    tritrack(&repository(), &["report", "--output", again.to_str().unwrap()]);
    assert_eq!(fs::read_to_string(again).unwrap(), page);
}
