//! Models against what onnxruntime computed for them when the fixtures were made (`models/make.py`). The variable
//! `TRITRACK_ONNX_MODELS` names a further folder of such pairs, for development.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "in a test, a panic is a failure that is told")]

use std::path::{Path, PathBuf};

use float_network::FloatMap;
use network::{Checkpoint, Shape};
use onnx::{ImportOptions, import};

fn models() -> Vec<PathBuf> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/models")];
    folders.extend(std::env::var_os("TRITRACK_ONNX_MODELS").map(PathBuf::from));
    let files = folders.iter().flat_map(|folder| std::fs::read_dir(folder).unwrap());
    let mut models: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    models.retain(|path| path.extension().is_some_and(|extension| extension == "onnx"));
    models.sort();
    models
}

#[test]
fn every_model_computes_what_onnxruntime_does() {
    let mut failures = Vec::new();
    let mut compared = 0;
    for path in models() {
        let expected = path.with_extension("expected.safetensors");
        if !expected.exists() {
            continue;
        }
        compared += 1;
        let imported = match import(&path, &ImportOptions::default()) {
            Ok(imported) => imported,
            Err(error) => {
                failures.push(error.to_string());
                continue;
            }
        };
        let expected = Checkpoint::load(&expected).unwrap();
        let (dims, input) = expected.shaped::<f32>("input").unwrap();
        let &[_, channels, height, width] = dims else { panic!("{dims:?}") };
        let shape = Shape::new(channels, height, width);
        let images = input.chunks_exact(shape.len());
        let images: Vec<FloatMap> =
            images.map(|image| FloatMap::new(shape, image.to_vec()).unwrap()).collect();
        let found = imported.network.infer(&images).unwrap();
        let (_, output) = expected.shaped::<f32>("output").unwrap();
        let found: Vec<f32> = found.iter().flat_map(|map| map.values().iter().copied()).collect();
        let scale = output.iter().fold(0.0_f32, |most, value| most.max(value.abs()));
        let difference = output.iter().zip(&found).fold(0.0_f32, |most, (a, b)| most.max((a - b).abs()))
            / scale.max(1e-30);
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if found.len() != output.len() || difference.is_nan() || difference > 2e-5 {
            failures.push(format!(
                "{name}: {} values for {}, difference {difference:e}",
                found.len(),
                output.len()
            ));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(compared >= 8, "{compared} models");
}
