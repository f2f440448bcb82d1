//! `tritrack optimize` as its user meets it.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;
use std::process::Command;

use sample_workspaces::workspace;
use serde_json::Value;
use tables::read_parquet;

/// Standard output, standard error and the exit code.
fn tritrack(folder: &Path, arguments: &[&str]) -> (String, String, i32) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tritrack"));
    let output = command.arg("--workspace").arg(folder).args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr), output.status.code().unwrap())
}

const SMALL: [&str; 12] = [
    "optimize",
    "vgg8-fashion-s85-a4",
    "--rows",
    "64,256",
    "--columns",
    "128,192",
    "--domains",
    "64",
    "--processors",
    "2,8",
    "--layout",
    "along,tiled",
];

fn rows(folder: &Path, more: &[&str]) -> Vec<Value> {
    let arguments = [&SMALL[..], &["--format", "json", "--top", "0"], more].concat();
    let (stdout, stderr, code) = tritrack(folder, &arguments);
    assert_eq!(code, 0, "{stderr}");
    let document: Value = serde_json::from_str(&stdout).unwrap();
    document["rows"].as_array().unwrap().clone()
}

fn number(row: &Value, column: &str) -> f64 {
    row[column].as_f64().unwrap()
}

#[test]
fn the_first_row_is_the_best_machine_and_the_manifest_that_is_written_gives_its_energy() {
    let folder = workspace(&[]);
    let manifest = folder.path().join("experiments/best.yaml");
    let by_energy = rows(folder.path(), &["--write", manifest.to_str().unwrap()]);
    let best = &by_energy[0];
    for (place, row) in by_energy.iter().enumerate() {
        assert_eq!(row["rank"], place + 1);
        assert!(number(row, "energy") >= number(best, "energy"));
        assert!(number(row, "bound") <= number(row, "energy") / number(best, "energy") * (1.0 + 1e-9));
        for column in ["latency", "area", "ratio"] {
            assert!(number(row, column) > 0.0, "{column}");
        }
    }
    let (_, stderr, code) = tritrack(folder.path(), &["reproduce", "best"]);
    assert_eq!(code, 0, "{stderr}");
    let flows = read_parquet(&folder.path().join("results/best/flows.parquet")).unwrap();
    let again: Value = serde_json::from_str(&tables::to_json(&flows)).unwrap();
    let again = &again["rows"][0];
    for column in ["energy", "latency", "ratio"] {
        let (found, again) = (number(best, column), number(again, column));
        assert!((found / again - 1.0).abs() < 1e-9, "{column}: {found} found, {again} reproduced");
    }

    // From what is kept, another objective and bounds.
    let fast = &rows(folder.path(), &["--objective", "energy-delay"])[0];
    assert!(number(fast, "latency") <= number(best, "latency"));
    let product = |row: &Value| number(row, "energy") * number(row, "latency");
    assert!(product(fast) <= product(best));
    let most = format!("{}", 0.999 * number(best, "area"));
    let small = &rows(folder.path(), &["--most-area", &most])[0];
    assert!(
        number(small, "area") < number(best, "area") && number(small, "energy") >= number(best, "energy")
    );

    let impossible = [&SMALL[..], &["--most-latency", "0.000001"]].concat();
    let (_, stderr, code) = tritrack(folder.path(), &impossible);
    assert_eq!(code, 2);
    assert!(stderr.contains("no machine of the space is within the bounds"), "{stderr}");
}
