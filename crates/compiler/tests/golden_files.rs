//! Passes against golden files, in `tests/golden/<pass>/` and in the documents' blocks marked `golden`.
//!
//! A file has the settings as `; key value` lines (`pass`, and if needed `sharing`, `array`, `together` and `blocks`; see tests/golden/README.md), the representation before
//! the pass, a line `=====`, and the representation behind it. `TRITRACK_REWRITE_EXPECTATIONS=1` writes what is found.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use ap_program::Geometry;
use compiler::ir::Stage;
use compiler::pass::{Pass, Settings};
use compiler::{Sharing, Tiling};

const DIVIDER: &str = "=====\n";

fn rewrites() -> bool {
    std::env::var_os("TRITRACK_REWRITE_EXPECTATIONS").is_some_and(|value| value == "1")
}

/// What the passes of a golden text make of its first part, or why they cannot.
fn found(text: &str) -> String {
    let (before, _) = text.split_once(DIVIDER).expect("a line `=====` ends the input");
    let setting = |key: &str| {
        let lines = before.lines().filter_map(|line| line.strip_prefix("; "));
        lines.filter_map(|line| line.split_once(' ')).find(|(name, _)| *name == key).map(|(_, value)| value)
    };
    let passes = setting("pass").expect("a line `; pass NAME`").split(',').map(|name| name.parse().unwrap());
    let passes: Vec<Pass> = passes.collect();
    let array: Vec<u64> =
        setting("array").unwrap_or("64 16 32").split(' ').map(|n| n.parse().unwrap()).collect();
    let sharing: Sharing = setting("sharing").unwrap_or("per-channel").parse().unwrap();
    let mut stage = Stage::parse(before).unwrap_or_else(|error| panic!("{error}\n{before}"));
    let (outputs, inputs) = match &stage {
        Stage::Weights(from) => (from.weights.outputs() as u32, from.weights.inputs()),
        _ => (0, 0),
    };
    let together: usize = setting("together").map_or(1, |count| count.parse().unwrap());
    let tiling = setting("blocks").map(|text| {
        let (outputs_per_block, window_lanes) = text.split_once(' ').expect("`; blocks OUTPUTS LANES`");
        Tiling {
            outputs_per_block: outputs_per_block.parse().unwrap(),
            window_lanes: window_lanes.parse().unwrap(),
        }
    });
    let settings = Settings {
        geometry: Geometry::new(array[0], array[1], array[2]).unwrap(),
        sharing,
        outputs: (0..outputs).collect(),
        channels: (0..inputs).step_by(together).map(|first| first..inputs.min(first + together)).collect(),
        tiling,
    };
    for pass in passes {
        match pass.run(stage, &settings) {
            Ok(made) => stage = made,
            Err(error) => return format!("; {error}\n"),
        }
        let printed = stage.to_string();
        assert_eq!(
            Stage::parse(&printed).as_ref(),
            Ok(&stage),
            "what is printed is not read back:\n{printed}"
        );
    }
    let text = stage.to_string();
    // The tables are the same everywhere, and not what a pass makes.
    let mut shown = String::new();
    let mut in_table = false;
    for line in text.lines() {
        in_table |= line.starts_with(".lut");
        if !in_table {
            writeln!(shown, "{line}").unwrap();
        }
        in_table &= line != ".end";
    }
    shown
}

/// Replaces or compares one golden text; returns the new text and what differs.
fn renewed(name: &str, text: &str) -> (String, Option<String>) {
    let (before, expected) = text.split_once(DIVIDER).unwrap();
    let found = found(text);
    if found == expected {
        return (text.to_owned(), None);
    }
    let (mut old, mut new) = (expected.lines(), found.lines());
    let mut difference = format!("{name}:\n");
    loop {
        match (old.next(), new.next()) {
            (None, None) => break,
            (old, new) if old == new => {}
            (old, new) => {
                old.iter().for_each(|line| writeln!(difference, "  expected: {line}").unwrap());
                new.iter().for_each(|line| writeln!(difference, "  found:    {line}").unwrap());
            }
        }
    }
    (format!("{before}{DIVIDER}{found}"), Some(difference))
}

fn finish(differences: &[String]) {
    assert!(
        differences.is_empty() || rewrites(),
        "{}\nIf this is right: TRITRACK_REWRITE_EXPECTATIONS=1 cargo test -p compiler --test golden_files",
        differences.join("\n")
    );
}

#[test]
fn every_pass_makes_of_its_golden_files_what_they_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut differences = Vec::new();
    for pass in Pass::ALL {
        let entries = std::fs::read_dir(folder.join(pass.name())).expect("every pass has golden files");
        let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        files.sort();
        assert!(!files.is_empty(), "pass `{pass}` has no golden file");
        for path in files {
            let text = std::fs::read_to_string(&path).unwrap();
            assert!(text.contains(&format!("; pass {pass}\n")), "{} tests pass `{pass}`", path.display());
            let (new, difference) = renewed(&path.display().to_string(), &text);
            if rewrites() && new != text {
                std::fs::write(&path, new).unwrap();
            }
            differences.extend(difference);
        }
    }
    finish(&differences);
}

#[test]
fn the_documents_examples_are_what_the_passes_make() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let mut differences = Vec::new();
    let mut examples = 0;
    for name in ["ir.md", "algorithms.md"] {
        let path = folder.join(name);
        let text = std::fs::read_to_string(&path).unwrap();
        let mut parts = text.split("```golden\n");
        let mut new = parts.next().unwrap().to_owned();
        for part in parts {
            examples += 1;
            let (block, rest) = part.split_once("```").expect("a block ends");
            let (block, difference) = renewed(&format!("{name}, example {examples}"), block);
            differences.extend(difference);
            write!(new, "```golden\n{block}```{rest}").unwrap();
        }
        if rewrites() && new != text {
            std::fs::write(&path, new).unwrap();
        }
    }
    assert!(examples > 0);
    finish(&differences);
}
