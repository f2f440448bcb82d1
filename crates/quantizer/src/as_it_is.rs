//! Networks that are quantized already: exactly what they are, or a reason why not.

use std::path::Path;

use float_network::{FloatMap, FloatNetwork};
use network::{ImageSet, Network, NetworkDescription};

use crate::histogram::StepRule;
use crate::options::{Correction, Fit, PostTraining, WeightRule};
use crate::post_training::{PostTrained, quantize_network};
use crate::rule::{Factor, Granularity, ThresholdRule};

/// Made-up images on which the network and what it is made into are held together.
const IMAGES: usize = 6;
/// How far logits may be apart, as a share of the largest: what single precision makes of sums.
const CLOSE: f64 = 1e-4;

/// A network whose weights are ternary already and that brings the steps of all its activations along, as a network file. It has the
/// same logits, which is tried out on made-up images.
///
/// # Errors
/// In words, what keeps it from being exactly that.
pub fn keep_quantized(network: &FloatNetwork) -> Result<PostTrained, String> {
    let options = PostTraining {
        weights: WeightRule::Same(ThresholdRule::Twn(Factor::PAPER)),
        granularity: Granularity::Filter,
        fit: Fit::Weights,
        bits: None,
        steps: StepRule::MeanSquare,
        correction: Correction::None,
    };
    let none = ImageSet::new("none", network.input(), Vec::new(), None).map_err(|error| error.to_string())?;
    let kept =
        quantize_network(network, &none, &options, &mut |_, _| ()).map_err(|error| error.to_string())?;
    if let Some(layer) = kept.layers.iter().find(|layer| layer.weight_snr.is_finite()) {
        return Err(format!("the weights of `{}` are not ternary", layer.name));
    }
    let text = kept.file.text("kept", "Kept", "kept.safetensors", "");
    let description =
        NetworkDescription::parse(&text, Path::new("kept.yaml")).map_err(|error| error.to_string())?;
    let integers = Network::assemble(&description, &kept.checkpoint).map_err(|error| error.to_string())?;
    let apart = apart(network, &integers)?;
    if apart > CLOSE {
        return Err(format!(
            "its integers would give other logits, by {:.2} % of the largest on made-up images; values that lie exactly between \
             two integers go up here and to the even one there",
            100.0 * apart
        ));
    }
    Ok(kept)
}

/// The largest difference of logits, as a share of the largest one.
fn apart(network: &FloatNetwork, integers: &Network) -> Result<f64, String> {
    let shape = network.input();
    // Noise, flat areas and slopes: Knuth's generator (MMIX) is enough for that.
    let mut state = 1_u64;
    let mut pixels = Vec::with_capacity(IMAGES * shape.len());
    for image in 0..IMAGES {
        for place in 0..shape.len() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let noise = (state >> 56) as usize;
            let slope = (place % shape.width.max(1) * 255 / shape.width.max(1) + 40 * image) % 256;
            pixels.push([noise, slope, (slope * 3 + noise / 4) / 4][image % 3].min(255) as u8);
        }
    }
    let images = ImageSet::new("made up", shape, pixels, None).map_err(|error| error.to_string())?;
    let expected = network.infer(&network.pixels().maps(&images)).map_err(|error| error.to_string())?;
    let found = integers.infer_all(&images.feature_maps()).map_err(|error| error.to_string())?;
    let one = f64::from(1_u32 << network::FRACTION_BITS);
    let pairs = || {
        let values = expected.iter().flat_map(|map: &FloatMap| map.values());
        values.map(|&value| f64::from(value)).zip(found.iter().flatten().map(|&logit| logit as f64 / one))
    };
    let largest = pairs().fold(0.0_f64, |most, (expected, _)| most.max(expected.abs()));
    let difference = pairs().fold(0.0_f64, |most, (a, b)| most.max((a - b).abs()));
    Ok(if difference == 0.0 { 0.0 } else { difference / largest })
}
