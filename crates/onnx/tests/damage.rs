//! Models that are not whole or not supported: told, never a panic.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "in a test, a panic is a failure that is told")]

use std::path::{Path, PathBuf};

use network::Shape;
use onnx::{ImportError, ImportOptions, import, import_bytes};

fn model(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/models").join(format!("{name}.onnx"))
}

fn refused(bytes: &[u8], options: &ImportOptions) -> String {
    import_bytes(bytes, Path::new("mine.onnx"), options).unwrap_err().to_string()
}

#[test]
fn a_model_cut_off_anywhere_is_told_or_read_but_never_a_panic() {
    for name in ["torch-residual", "channels-last", "shape-arithmetic", "quantized-qonnx"] {
        let whole = std::fs::read(model(name)).unwrap();
        let options = ImportOptions::default();
        let step = if cfg!(debug_assertions) { 3 } else { 1 };
        for length in (0..whole.len()).step_by(step) {
            if let Err(error) = import_bytes(&whole[..length], Path::new("cut.onnx"), &options) {
                assert!(error.to_string().starts_with("cut.onnx: "), "{length}: {error}");
            }
        }
    }
}

#[test]
fn a_model_with_any_byte_changed_is_told_or_read_but_never_a_panic() {
    for name in ["torch-residual", "channels-last", "quantized-qdq"] {
        let whole = std::fs::read(model(name)).unwrap();
        for place in 0..whole.len() {
            for change in [0x01, 0x80, 0xff] {
                let mut damaged = whole.clone();
                damaged[place] ^= change;
                let _ = import_bytes(&damaged, Path::new("damaged.onnx"), &ImportOptions::default());
            }
        }
    }
}

#[test]
fn all_unsupported_nodes_are_told_at_once_with_what_is_supported() {
    let error = import(&model("unsupported"), &ImportOptions::default()).unwrap_err().to_string();
    let (problems, supported) = error.split_once("\nSupported are: ").unwrap();
    let (_, problems) = problems.split_once("unsupported.onnx: ").unwrap();
    assert_eq!(
        problems,
        "3 of 9 nodes are not supported:\
         \n  LRN: divides by a power of neighbouring channels' squares, which no sum, product or table of one value is: `lrn_1`\
         \n  Resize: resamples a map; supported are maps of the extents that convolutions and pools leave: `resize_3`\
         \n  Exp: this operator is not supported: `exp_4`"
    );
    assert!(supported.contains("Conv, Gemm, MatMul") && supported.contains("QONNX's Quant"), "{supported}");
}

#[test]
fn an_image_whose_shape_is_open_or_another_one_is_told() {
    let whole = std::fs::read(model("torch-vgg")).unwrap();
    let shape = |channels, height, width| ImportOptions {
        input_shape: Some(Shape::new(channels, height, width)),
        ..ImportOptions::default()
    };
    assert!(import_bytes(&whole, Path::new("mine.onnx"), &shape(1, 12, 12)).is_ok());
    let error = refused(&whole, &shape(1, 16, 16));
    assert!(error.contains("input `image` is [batch, 1, 12, 12], asked for as 1x16x16"), "{error}");
}

#[test]
fn files_that_are_no_models_are_told() {
    for bytes in [&b""[..], b"not a model", &[0xff; 40]] {
        let error = refused(bytes, &ImportOptions::default());
        assert!(error.starts_with("mine.onnx: not a whole ONNX model"), "{error}");
    }
    let error = import(Path::new("/nowhere/x.onnx"), &ImportOptions::default()).unwrap_err();
    assert!(matches!(error, ImportError::Read { .. }), "{error}");
    let error = import_bytes(
        &std::fs::read(model("external-data")).unwrap(),
        Path::new("mine.onnx"),
        &ImportOptions::default(),
    );
    assert!(error.unwrap_err().to_string().contains("external data"), "external data need a folder");
}
