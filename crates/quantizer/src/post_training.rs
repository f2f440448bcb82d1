//! Post-training quantization: a float network and calibration images to a network file, layer by layer, each layer seeing what
//! the quantized layers before it really give.

use float_network::FloatNetwork;
use network::{Checkpoint, ImageSet};

use crate::image::ImageScale;
use crate::integers::settle;
use crate::lower::{Rounding, lower};
use crate::network_file::NetworkFile;
use crate::options::{PostTraining, PostTrainingError, WeightRule};
use crate::plan::Kind;
use crate::shared_steps::shared_steps;
use crate::sparsities::by_sensitivity;
use crate::walk::{LayerReport, Walk};

/// Images on which sensitivities are measured: the first of those that calibrate.
const SENSITIVITY_IMAGES: usize = 8;

/// A quantized network.
#[derive(Debug, Clone)]
pub struct PostTrained {
    /// The network's file.
    pub file: NetworkFile,
    /// Its tensors.
    pub checkpoint: Checkpoint,
    /// What became of each layer.
    pub layers: Vec<LayerReport>,
    /// What was changed on the way, one fact each.
    pub notes: Vec<String>,
}

/// Quantizes a network. `images` calibrate it: of the network's shape, pixels not yet scaled; none are needed if the network brings
/// all steps along. `progress` is told how many steps of how many are done.
///
/// # Errors
/// If the network has what a file cannot hold, or images are needed and not there.
pub fn quantize_network(
    network: &FloatNetwork,
    images: &ImageSet,
    options: &PostTraining,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<PostTrained, PostTrainingError> {
    if !images.is_empty() && images.shape() != network.input() {
        return Err(PostTrainingError::Images { found: images.shape(), expected: network.input() });
    }
    let rounding = if images.is_empty() { Rounding::Kept } else { Rounding::Free };
    let mut plan = lower(network, rounding)?;
    let image = ImageScale::new(plan.pixels.clone());
    let bits = settle(&mut plan, options.bits)?;
    let maxima: Vec<u16> =
        plan.steps.iter().map(|step| u16::MAX >> (u16::BITS - step.bits.unwrap_or(bits))).collect();
    image.fold_deviations(&mut plan)?;
    let count = plan.steps.len();
    // Layers are measured before they are quantized.
    let measured = match options.weights {
        WeightRule::BySensitivity(_) if !images.is_empty() => {
            plan.steps.iter().filter(|step| matches!(step.kind, Kind::Linear { .. })).count()
        }
        _ => 0,
    };
    let all = measured + count;
    let sparsities = match options.weights {
        WeightRule::BySensitivity(overall) if !images.is_empty() => {
            let few = images.first(SENSITIVITY_IMAGES.min(images.len())).unwrap_or_else(|_| images.clone());
            by_sensitivity(&plan, network, &few, &image, overall, options.granularity, &mut |done| {
                progress(done, all);
            })?
        }
        WeightRule::BySensitivity(overall) => vec![overall.value(); plan.steps.len()],
        WeightRule::Same(_) => Vec::new(),
    };
    let shared = shared_steps(&plan, network, images, options.steps, &maxima)?;
    let mut walk = Walk::new(network, &plan, images, &image, options, &maxima, sparsities);
    for (place, shared) in shared.into_iter().enumerate() {
        progress(measured + place, all);
        walk.step(&plan, place, shared)?;
    }
    progress(all, all);
    let sparsity = overall_sparsity(&walk.layers);
    let file = NetworkFile::new(network, &plan, image.zeros(), bits, sparsity);
    Ok(PostTrained { file, checkpoint: walk.checkpoint, layers: walk.layers, notes: plan.notes })
}

/// Why a network cannot be quantized, if it cannot: found without images, before anything is computed.
///
/// # Errors
/// If the network has what a file cannot hold.
pub fn check_quantizable(network: &FloatNetwork) -> Result<(), PostTrainingError> {
    let mut plan = lower(network, Rounding::Free)?;
    settle(&mut plan, None)?;
    ImageScale::new(plan.pixels.clone()).fold_deviations(&mut plan)
}

fn overall_sparsity(layers: &[LayerReport]) -> f64 {
    let weights: usize = layers.iter().map(|layer| layer.weights).sum();
    let zeros: f64 = layers.iter().map(|layer| layer.sparsity * layer.weights as f64).sum();
    if weights == 0 { 0.0 } else { zeros / weights as f64 }
}
