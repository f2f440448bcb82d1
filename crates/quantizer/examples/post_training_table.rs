//! Writes the table of `docs/post-training.md`: what networks keep of their accuracy when they are quantized without training.
//!
//!     cargo run --release -p quantizer --example post_training_table -- MODEL.onnx ...
//!
//! Each model is calibrated on the first 128 test images of Fashion-MNIST and measured on the next 2 000.

#![allow(clippy::print_stdout, reason = "an example that prints a table")]

use std::error::Error;
use std::path::Path;
use std::time::Instant;

use float_network::FloatMap;
use network::{DataSet, ImageSet, Network, NetworkDescription, class_of};
use onnx::ImportOptions;
use quantizer::{
    Correction, Factor, Fit, Granularity, PostTraining, Sparsity, StepRule, ThresholdRule, WeightRule,
    quantize_network,
};

const CALIBRATION: usize = 128;
const MEASURED: usize = 2000;

fn part(set: &ImageSet, images: std::ops::Range<usize>) -> Result<ImageSet, Box<dyn Error>> {
    let pixels = images.clone().filter_map(|image| set.pixels(image)).flatten().copied().collect();
    Ok(ImageSet::new(set.name(), set.shape(), pixels, set.labels().map(|labels| labels[images].to_vec()))?)
}

fn share(classes: &[usize], expected: impl Iterator<Item = usize>) -> f64 {
    let same = classes.iter().zip(expected).filter(|(class, expected)| **class == *expected).count();
    100.0 * same as f64 / classes.len() as f64
}

fn main() -> Result<(), Box<dyn Error>> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments/data/fashion-mnist");
    let set = data_sets::load(DataSet::FashionMnist, &data)?;
    println!(
        "| network | weights | nearest to | correction | sparsity | top-1 | as float | seconds |\n|---|---|---|---|---|---|---|---|"
    );
    for path in std::env::args().skip(1) {
        let float = onnx::import(Path::new(&path), &ImportOptions::default())?.network;
        let calibration = part(&set, 0..CALIBRATION)?.fitted_to(float.input())?;
        let others = part(&set, CALIBRATION..CALIBRATION + MEASURED)?.fitted_to(float.input())?;
        let labels = || others.labels().unwrap_or_default().iter().map(|&label| usize::from(label));
        let of_float: Vec<usize> =
            float.infer(&float.pixels().maps(&others))?.iter().map(FloatMap::class).collect();
        println!("| {} | float | | | | {:.2} % | | |", float.name(), share(&of_float, labels()));
        let twn = WeightRule::Same(ThresholdRule::Twn(Factor::PAPER));
        let sparse = WeightRule::BySensitivity(Sparsity::new(0.85)?);
        for (name, weights, fit, correction) in [
            ("TWN", twn, Fit::Weights, Correction::Bias),
            ("TWN", twn, Fit::Weights, Correction::BatchNorm),
            ("TWN", twn, Fit::Outputs, Correction::Bias),
            ("TWN", twn, Fit::Outputs, Correction::BatchNorm),
            ("0.85 by sensitivity", sparse, Fit::Weights, Correction::BatchNorm),
            ("0.85 by sensitivity", sparse, Fit::Outputs, Correction::BatchNorm),
        ] {
            let options = PostTraining {
                weights,
                granularity: Granularity::Filter,
                fit,
                bits: Some(4),
                steps: StepRule::MeanSquare,
                correction,
            };
            let start = Instant::now();
            let quantized = quantize_network(&float, &calibration, &options, &mut |_, _| ())?;
            let seconds = start.elapsed().as_secs_f64();
            let text = quantized.file.text("made", "Made", "made.safetensors.zst", "");
            let network = Network::assemble(
                &NetworkDescription::parse(&text, Path::new("made.yaml"))?,
                &quantized.checkpoint,
            )?;
            let found: Vec<usize> =
                network.infer_all(&others.feature_maps())?.iter().map(|logits| class_of(logits)).collect();
            println!(
                "| {} | {name} | {} | {} | {:.2} | {:.2} % | {:.2} % | {seconds:.1} |",
                float.name(),
                if fit == Fit::Weights { "weights" } else { "outputs" },
                if correction == Correction::Bias { "bias" } else { "batch norm" },
                quantized.file.sparsity(),
                share(&found, labels()),
                share(&found, of_float.iter().copied())
            );
        }
    }
    Ok(())
}
