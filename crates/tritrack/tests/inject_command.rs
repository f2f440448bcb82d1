//! `tritrack inject` and `tritrack merge` refuse what cannot be meant.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;
use std::process::{Command, Output};

fn run(arguments: &[&str]) -> Output {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    Command::new(env!("CARGO_BIN_EXE_tritrack"))
        .arg("--workspace")
        .arg(repository)
        .args(arguments)
        .output()
        .unwrap()
}

#[test]
fn arguments_of_inject_that_do_not_fit_together_are_refused_before_anything_runs() {
    let cases: [(&[&str], &str); 7] = [
        (&["--struck-only", "--faults", "stuck-cell"], "stuck cells strike every inference"),
        (&["--struck-only", "--mitigation", "majority-of-three"], "draw their faults apart"),
        (&["--rate", "1e-3", "--faults", "write-failure"], "--rate is that of slips"),
        (&["--faults", "pinning,pinning"], "pinning is named twice"),
        (&["--confidence", "95"], "--confidence 95: expected more than 0 and less than 1"),
        (&["--trials", "0"], "--trials 0: at least one is needed"),
        (&["--count", "0"], "there are no images"),
    ];
    for (arguments, expected) in cases {
        let all: Vec<&str> = ["inject", "vgg8-fashion-s85-a4"].iter().chain(arguments).copied().collect();
        let output = run(&all);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(stderr.contains(expected), "{arguments:?}: {stderr}");
    }
}

#[test]
fn no_shards_make_no_result() {
    let output = run(&["merge", "fig10", "--count", "0"]);
    assert_eq!(output.status.code(), Some(2));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("there is at least one shard"), "{stderr}");
}
