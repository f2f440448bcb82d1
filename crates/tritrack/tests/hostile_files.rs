//! Small files that claim much, as their user meets them: an error that names the file, at once, in little memory.

#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;

use network::{Checkpoint, Tensor};
use support::{OPERATIONS, repository, workspace};

/// What the program says that may take a gigabyte of addresses beside what it begins with, and ten seconds.
fn refused(workspace: &Path, arguments: &[&str]) -> String {
    // Of the processor's time, so that it makes no difference what else is at work.
    let output = Command::new("bash")
        .args(["-c", "ulimit -v 2500000 -t 10; exec \"$@\"", "bash", env!("CARGO_BIN_EXE_tritrack")])
        .args(["--jobs", "2", "--memory", "300MB", "--workspace"])
        .arg(workspace)
        .args(arguments)
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {error}");
    assert!(!error.contains("panicked"), "{error}");
    error
}

/// A workspace whose networks can be added to.
fn own() -> tempfile::TempDir {
    let folder = workspace(&[("small", OPERATIONS)]);
    let networks = folder.path().join("experiments/networks");
    fs::remove_file(&networks).unwrap();
    fs::create_dir(&networks).unwrap();
    for name in ["vgg8-fashion-s85-a4.yaml", "vgg8-fashion-s85-a4.safetensors.zst"] {
        fs::copy(repository().join("experiments/networks").join(name), networks.join(name)).unwrap();
    }
    folder
}

const SEEDED: &str = "\
name: NAME
title: One that claims much
seeded: {seed: 1, sparsity: 0.8}
input: {channels: 3, height: 224, width: 224}
activation_bits: 4
layers:
";

#[test]
fn descriptions_that_ask_for_more_than_the_memory_or_nest_without_end_are_refused() {
    let folder = own();
    let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
    let many: String = (0..200_000).map(|field| format!("field{field}: 1\n")).collect();
    let layer = |text: &str| {
        format!(
            "{SEEDED}  - convolution: {{name: c, {text}}}\n  - fully_connected: {{name: f, outputs: 10}}\n"
        )
    };
    for (name, text, words) in [
        ("wide", layer("outputs: 65536, kernel: 255"), "asks for"),
        ("kernel", layer("outputs: 64, kernel: 65536"), "kernel"),
        ("deep", format!("{SEEDED}  - {deep}\n"), "recursion limit exceeded"),
        ("many", format!("{many}{SEEDED}  - flatten: {{name: f}}\n"), "unknown field `field0`"),
    ] {
        fs::write(
            folder.path().join(format!("experiments/networks/{name}.yaml")),
            text.replace("NAME", name),
        )
        .unwrap();
        let error = refused(folder.path(), &["crossbar", name, "--technology", "isaac-like"]);
        assert!(
            error.contains(words) || error.contains("asks for"),
            "{name}: {}",
            &error[..error.len().min(2000)]
        );
        assert!(error.len() < 100_000, "{name}: {} bytes of error", error.len());
        fs::remove_file(folder.path().join(format!("experiments/networks/{name}.yaml"))).unwrap();
    }
    for (name, text) in [("deep", &deep), ("many", &many)] {
        let mine = folder.path().join(format!("{name}.yaml"));
        fs::write(&mine, format!("name: paper-like\n{text}\n")).unwrap();
        let error = refused(folder.path(), &["reproduce", "small", "--technology", mine.to_str().unwrap()]);
        assert!(
            error.contains(&format!("{name}.yaml")) || error.contains("names no"),
            "{name}: {}",
            &error[..error.len().min(2000)]
        );
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn idx(extents: &[u32], count: usize) -> Vec<u8> {
    let mut bytes = (0x0800 + extents.len() as u32).to_be_bytes().to_vec();
    bytes.extend(extents.iter().flat_map(|extent| extent.to_be_bytes()));
    bytes.resize(bytes.len() + count, 0);
    bytes
}

#[test]
fn images_that_claim_more_than_the_memory_are_refused() {
    let folder = own();
    let at = |name: &str| folder.path().join(name);
    let of = |images: &Path| {
        refused(
            folder.path(),
            &["simulate", "vgg8-fashion-s85-a4", "--images", images.to_str().unwrap(), "--count", "1"],
        )
    };
    // 2^24 pictures of one pixel, each of which is padded to 25.
    fs::create_dir(at("gz")).unwrap();
    fs::write(at("gz/t10k-images-idx3-ubyte.gz"), gzip(&idx(&[1 << 24, 1, 1], 1 << 24))).unwrap();
    fs::write(at("gz/t10k-labels-idx1-ubyte.gz"), gzip(&idx(&[1 << 24], 1 << 24))).unwrap();
    assert!(of(&at("gz")).contains("asks for"));

    // A picture whose header says other extents than its bytes can hold.
    let jpeg = fs::read(repository().join("crates/data-sets/tests/half-red-half-blue.jpg")).unwrap();
    let frame = jpeg.windows(2).position(|pair| pair[0] == 0xff && (0xc0..0xc3).contains(&pair[1])).unwrap();
    let mut huge = jpeg.clone();
    huge[frame + 5..frame + 9].copy_from_slice(&[0x40, 0, 0x40, 0]);
    fs::create_dir(at("jpeg")).unwrap();
    fs::write(at("jpeg/huge.jpg"), &huge).unwrap();
    let error = of(&at("jpeg"));
    assert!(error.contains("16384 rows") && error.contains("huge.jpg"), "{error}");

    // Zeros compress without end.
    let mut file = Checkpoint::new("");
    file.insert("images", Tensor::new(vec![400, 1, 1024, 1024], vec![0_u8; 400 << 20]).unwrap());
    file.save(&at("zeros.safetensors.zst")).unwrap();
    assert!(fs::metadata(at("zeros.safetensors.zst")).unwrap().len() < 1 << 20);
    assert!(of(&at("zeros.safetensors.zst")).contains("holds more than 150000000 bytes"));

    assert!(Command::new("mkfifo").arg(at("pipe.npy")).status().unwrap().success());
    assert!(Command::new("mkfifo").arg(at("pipe.bin")).status().unwrap().success());
    for pipe in ["pipe.npy", "pipe.bin"] {
        let error = of(&at(pipe));
        assert!(error.contains("neither a file nor a folder"), "{error}");
    }
    for side in ["0", "18446744073709551615", "4611686018427387904"] {
        let arguments = [
            "simulate",
            "vgg8-fashion-s85-a4",
            "--images",
            at("jpeg").to_str().unwrap(),
            "--shorter-side",
            side,
        ]
        .map(str::to_owned);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        assert!(refused(folder.path(), &arguments).contains("expected 1 to 16384 pixels"));
    }
}

#[test]
fn counts_beyond_any_use_are_refused() {
    let folder = own();
    for (arguments, words) in [
        (&["--jobs", "1000000", "list"][..], "expected 1 to 1024 threads"),
        (&["--memory", "much", "list"], "expected bytes"),
        (
            &["shard", "small", "--index", "0", "--count", "18446744073709551615"],
            "there are at most 65536 shards",
        ),
        (
            &["submit", "small", "--slurm", "--count", "18446744073709551615"],
            "there are at most 65536 shards",
        ),
        (&["merge", "small", "--count", "18446744073709551615"], "there are at most 65536 shards"),
    ] {
        let output = support::tritrack(folder.path(), arguments);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {error}");
        assert!(error.contains(words) || error.contains("has no trials"), "{arguments:?}: {error}");
    }
}
