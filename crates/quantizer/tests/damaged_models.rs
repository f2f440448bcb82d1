//! Models with bytes changed, read and quantized: told or done, never a panic.

#![allow(clippy::unwrap_used, reason = "in a test, a panic is a failure that is told")]

use std::path::Path;

use network::ImageSet;
use onnx::{ImportOptions, import_bytes};
use quantizer::{
    Correction, Fit, Granularity, PostTraining, Sparsity, StepRule, WeightRule, quantize_network,
};

/// Values that a map of a damaged model may have: more only take time.
const LARGEST: usize = 1 << 14;

#[test]
fn damaged_models_never_make_the_quantizer_panic() {
    let options = PostTraining {
        weights: WeightRule::BySensitivity(Sparsity::new(0.5).unwrap()),
        granularity: Granularity::Filter,
        fit: Fit::Weights,
        bits: None,
        steps: StepRule::MeanSquare,
        correction: Correction::BatchNorm,
    };
    let mut quantized = 0;
    for name in [
        "torch-residual",
        "torch-inverted",
        "inception",
        "shape-arithmetic",
        "quantized-qdq",
        "quantized-qonnx",
    ] {
        let path =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../onnx/tests/models").join(format!("{name}.onnx"));
        let whole = std::fs::read(path).unwrap();
        for place in (0..whole.len()).step_by(41) {
            for change in [0x01, 0x04, 0xff] {
                let mut damaged = whole.clone();
                damaged[place] ^= change;
                let imported = import_bytes(&damaged, Path::new("damaged.onnx"), &ImportOptions::default());
                let Ok(imported) = imported else { continue };
                let network = imported.network;
                if network.nodes().any(|(_, node)| node.shape().len() > LARGEST) {
                    continue;
                }
                let shape = network.input();
                let images = ImageSet::new("grey", shape, vec![128; 2 * shape.len()], None).unwrap();
                quantized +=
                    usize::from(quantize_network(&network, &images, &options, &mut |_, _| ()).is_ok());
            }
        }
    }
    assert!(quantized > 50, "{quantized}");
}
