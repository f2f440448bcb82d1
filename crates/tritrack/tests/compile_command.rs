//! `tritrack compile` as its user meets it.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;
use std::process::Command;

/// Standard output, standard error and the exit code.
fn compile(arguments: &[&str]) -> (String, String, i32) {
    let output = Command::new(env!("CARGO_BIN_EXE_tritrack"))
        .arg("--workspace")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."))
        .arg("compile")
        .args(arguments)
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr), output.status.code().unwrap())
}

const FC2: [&str; 3] = ["vgg8-fashion-s85-a4", "--layer", "fc2"];

fn of_fc2(further: &[&str]) -> (String, String, i32) {
    compile(&[&FC2, further].concat())
}

#[test]
fn statistics_as_json_have_the_documented_fields() {
    for (further, cse) in
        [(vec![], "per-channel"), (vec!["--cse", "cross-channel", "--unlimited"], "cross-channel")]
    {
        let (stdout, _, code) = of_fc2(&[&further[..], &["--emit", "stats", "--format", "json"]].concat());
        assert_eq!(code, 0);
        let fields =
            ["layer", "algorithm", "nonzeros", "adders", "accumulates", "passes", "column_steps", "seconds"];
        for field in fields {
            assert!(stdout.contains(&format!("\"{field}\"")), "{field} is missing: {stdout}");
        }
        assert!(stdout.contains(cse));
    }
}

#[test]
fn passes_stop_where_they_are_told_to_and_print_what_they_made() {
    let (sums, _, code) = of_fc2(&["--passes", "fold,share"]);
    assert_eq!(code, 0);
    assert!(sums.starts_with("; layer fc2, part 1 of 1\nlayer fc2 inputs 0..=15 outputs 0 1 2 3"), "{sums}");
    let (words, ..) = of_fc2(&["--print-ir-after", "schedule"]);
    assert!(words.starts_with("; layer fc2, part 1 of 1, after schedule\nwords\n  v0 = accumulator y0 s"));
    let (all, ..) = of_fc2(&["--print-ir-after", "all"]);
    let afters: Vec<&str> =
        all.lines().filter_map(|line| line.split_once(", after ")).map(|(_, p)| p).collect();
    assert_eq!(afters, ["fold", "share", "schedule", "place", "emit"]);
}

#[test]
fn every_stage_of_every_layer_of_a_network_is_verified() {
    for options in [&[][..], &["--layout", "naive"], &["--layout", "tiled"], &["--cse", "cross-channel"]] {
        let (stdout, stderr, code) = compile(&[&["vgg8-fashion-s85-a4", "--verify"], options].concat());
        assert_eq!((code, stderr.as_str()), (0, ""));
        assert_eq!(stdout.lines().filter(|line| line.contains("right after each of fold, s")).count(), 8);
    }
}

/// What is verified is what the layout compiles, not some other flow.
#[test]
fn the_program_that_the_passes_end_with_is_the_one_that_is_compiled() {
    for layout in ["naive", "along", "tiled", "best"] {
        let without_comments = |(text, ..): (String, String, i32)| {
            text.lines().filter(|line| !line.starts_with(';')).map(str::to_owned).collect::<Vec<_>>()
        };
        let compiled = without_comments(of_fc2(&["--layout", layout, "--emit", "asm"]));
        let by_passes = without_comments(of_fc2(&["--layout", layout, "--emit", "asm", "--verify"]));
        assert!(compiled.len() > 100 && by_passes == compiled, "{layout}");
    }
    let (tiled, ..) = of_fc2(&["--layout", "tiled", "--verify"]);
    assert_eq!(tiled, "; layer fc2, part 1 of 1: right after each of fold, split, share, tile, emit\n");
}

#[test]
fn what_cannot_be_done_is_refused_with_what_can() {
    for (further, expected) in [
        (
            vec!["--passes", "fold,cse"],
            "`cse` is no pass; there are:\n  fold            unrolls constant weights into signed sums",
        ),
        (vec!["--passes", "fold,split"], "pass `split` works on blocks of outputs, which layout `tiled` has"),
        (
            vec!["--passes", "share"],
            "pass `share` works on sums, but was given weights; sums are made by: fold",
        ),
        (
            vec!["--passes", "fold", "--print-ir-after", "emit"],
            "pass `emit` does not run; those that do: fold",
        ),
        (vec!["--verify", "--emit", "dot"], "--emit is `ir` or `asm`"),
        (vec!["--layout", "sideways"], "`sideways` is not a layout; there are: naive, along, tiled, best"),
        (vec!["--cse", "all"], "there are: none, per-channel, cross-channel"),
    ] {
        let (stdout, stderr, code) = of_fc2(&further);
        assert_eq!((code, stdout.as_str()), (2, ""), "{further:?}");
        assert!(stderr.contains(expected), "{stderr}");
    }
    let (_, stderr, code) = compile(&["vgg8-fashion-s85-a4", "--layer", "fc3"]);
    assert_eq!(code, 2);
    assert!(stderr.contains("fc3") && stderr.contains("fc2"), "{stderr}");
}

#[test]
fn the_best_effort_takes_fewer_additions_and_says_how_much_it_searched() {
    let adders = |further: &[&str]| {
        let unlimited = ["--cse", "cross-channel", "--unlimited", "--format", "json"];
        let (stdout, stderr, code) =
            compile(&[&["vgg8-fashion-s85-a4", "--layer", "conv2"][..], &unlimited, further].concat());
        assert_eq!((code, stderr.as_str()), (0, ""));
        let rows: serde_json::Value = serde_json::from_str(&stdout).unwrap();
        let row = rows["rows"][0].clone();
        (row["adders"].as_u64().unwrap(), row["found"].clone(), row["searched"].as_u64())
    };
    let ((greedy, none, _), (best, found, searched)) = (adders(&[]), adders(&["--effort", "best"]));
    assert!(
        best < greedy && none.is_null() && searched.is_some_and(|pairs| pairs > 1000),
        "{best} {greedy} {searched:?}"
    );
    assert!(["kept", "searched"].contains(&found.as_str().unwrap()));
    // What was found once is there the next time.
    assert_eq!(adders(&["--effort", "best"]), (best, "kept".into(), searched));
    let (_, stderr, code) = of_fc2(&["--effort", "best"]);
    assert!(
        code == 2 && stderr.contains("--effort best searches across channels, and --cse is per-channel"),
        "{stderr}"
    );
}

#[test]
fn the_graph_has_every_output() {
    let (dot, _, code) = of_fc2(&["--emit", "dot"]);
    assert_eq!(code, 0);
    assert!(dot.starts_with("digraph \"fc2\" {") && dot.ends_with("}\n"));
    assert!((0..10).all(|output| dot.contains(&format!("-> y{output}"))));
}
