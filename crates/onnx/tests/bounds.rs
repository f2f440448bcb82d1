//! Small models that claim much: told at once, in little memory.

#![allow(clippy::unwrap_used, reason = "in a test, a panic is a failure that is told")]

use std::fs;
use std::path::Path;
use std::time::Instant;

use onnx::{ImportOptions, import, import_bytes};

fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

/// A field of a message with bytes: text, or another message.
fn part(tag: u64, bytes: impl AsRef<[u8]>) -> Vec<u8> {
    [varint(tag << 3 | 2), varint(bytes.as_ref().len() as u64), bytes.as_ref().to_vec()].concat()
}

fn number(tag: u64, value: i64) -> Vec<u8> {
    [varint(tag << 3), varint(value.cast_unsigned())].concat()
}

fn node(operator: &str, inputs: &[&str], output: &str) -> Vec<u8> {
    let inputs: Vec<u8> = inputs.iter().flat_map(|name| part(1, name)).collect();
    // Concat needs an axis; the others have one too, or do not mind that of 0.
    let axis = [part(1, "axis"), number(3, 0), number(20, 2)].concat();
    let axis = if ["Concat", "Gather"].contains(&operator) { part(5, axis) } else { Vec::new() };
    part(1, [inputs, part(2, output), part(4, operator), axis].concat())
}

/// A constant of integers.
fn constant(name: &str, dims: &[i64], values: &[i64]) -> Vec<u8> {
    let dims: Vec<u8> = dims.iter().flat_map(|&extent| number(1, extent)).collect();
    let values: Vec<u8> = values.iter().flat_map(|&value| number(7, value)).collect();
    part(5, [dims, number(2, 7), values, part(8, name)].concat())
}

/// A model of an image `x` with the result `y`.
fn model(parts: &[Vec<u8>]) -> Vec<u8> {
    let dims: Vec<u8> = [1, 1, 2, 2].into_iter().flat_map(|extent| part(1, number(1, extent))).collect();
    let tensor = |dims: &[u8]| part(2, part(1, [number(1, 1), part(2, dims)].concat()));
    let input = part(11, [part(1, "x"), tensor(&dims)].concat());
    let output = part(12, part(1, "y"));
    let graph = [parts.concat(), input, output].concat();
    [part(7, graph), part(8, number(2, 13))].concat()
}

fn refused(parts: &[Vec<u8>]) -> String {
    // What is refused beyond a small budget is refused in little time.
    files::set_budget(100_000_000);
    let error = import_bytes(&model(parts), Path::new("mine.onnx"), &ImportOptions::default()).unwrap_err();
    error.to_string()
}

#[test]
fn constants_that_grow_beyond_any_networks_are_refused_before_they_are_made() {
    let doubled: Vec<Vec<u8>> = (0..34)
        .map(|level| {
            let (from, to) = (format!("c{level}"), format!("c{}", level + 1));
            node("Concat", &[&from, &from], &to)
        })
        .collect();
    let many: Vec<i64> = vec![0; 1 << 14];
    let long = many.len() as i64;
    for (parts, words) in [
        (
            [&[constant("c0", &[1], &[1])], &doubled[..], &[node("Add", &["x", "c34"], "y")]].concat(),
            "Concat",
        ),
        (
            vec![
                constant("s", &[1], &[1 << 29]),
                node("ConstantOfShape", &["s"], "c"),
                node("Add", &["x", "c"], "y"),
            ],
            "ConstantOfShape",
        ),
        (
            vec![
                constant("a", &[1, long], &many),
                constant("i", &[long], &many),
                node("Gather", &["a", "i"], "c"),
                node("Add", &["x", "c"], "y"),
            ],
            "Gather",
        ),
        (
            vec![
                constant("a", &[0, 1 << 27], &[]),
                constant("b", &[2], &[0, 0]),
                node("Slice", &["a", "b", "b"], "c"),
                node("Add", &["x", "c"], "y"),
            ],
            "Slice",
        ),
    ] {
        let error = refused(&parts);
        let is_told = error.contains("extents") || error.contains("asks for");
        assert!(error.contains(&format!("  {words}: ")) && is_told, "{words}: {error}");
    }
}

#[test]
fn ten_times_as_many_nodes_without_names_take_no_hundred_times_as_long() {
    let read = |nodes: usize| {
        let chain: Vec<Vec<u8>> = (0..nodes)
            .map(|place| {
                let (from, to) = (format!("v{place}"), format!("v{}", place + 1));
                let (is_first, is_last) = (place == 0, place + 1 == nodes);
                node("Relu", &[if is_first { "x" } else { &from }], if is_last { "y" } else { &to })
            })
            .collect();
        let model = model(&chain);
        // The least of several: others may be at work on the same computer.
        let times = (0..3).map(|_| {
            let begun = Instant::now();
            import_bytes(&model, Path::new("mine.onnx"), &ImportOptions::default()).unwrap();
            begun.elapsed()
        });
        times.min().unwrap()
    };
    let (few, many) = (read(2_000), read(20_000));
    assert!(many < 40 * few, "{few:?}, {many:?}");
}

#[cfg(unix)]
#[test]
fn external_data_lie_in_the_models_folder_and_nowhere_else() {
    let folder = tempfile::tempdir().unwrap();
    let (inside, outside) = (folder.path().join("model"), folder.path().join("outside"));
    fs::create_dir(&inside).unwrap();
    fs::create_dir(&outside).unwrap();
    for place in [&inside, &outside] {
        fs::write(place.join("weights"), 1.0_f32.to_le_bytes()).unwrap();
    }
    std::os::unix::fs::symlink(&outside, inside.join("linked")).unwrap();
    std::os::unix::fs::symlink(outside.join("weights"), inside.join("link")).unwrap();
    let read = |location: &str| {
        let entry = [part(1, "location"), part(2, location)].concat();
        let tensor = [number(1, 1), number(2, 1), part(8, "c"), part(13, entry), number(14, 1)].concat();
        let path = inside.join("mine.onnx");
        fs::write(&path, model(&[part(5, tensor), node("Mul", &["x", "c"], "y")])).unwrap();
        import(&path, &ImportOptions::default()).map(|_| ()).map_err(|error| error.to_string())
    };
    read("weights").unwrap();
    for location in ["linked/weights", "link"] {
        let error = read(location).unwrap_err();
        assert!(error.contains("expected a file in the model's folder"), "{location}: {error}");
    }
    assert!(std::process::Command::new("mkfifo").arg(inside.join("pipe")).status().unwrap().success());
    assert!(read("pipe").is_err());
}
