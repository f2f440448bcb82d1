//! Post-training quantization: a float network and calibration images to a network file, layer by layer, each layer seeing what
//! the quantized layers before it really give.

use float_network::{FloatNetwork, Quantization};
use network::{Checkpoint, ImageSet};

use crate::image::ImageScale;
use crate::lower::lower;
use crate::network_file::NetworkFile;
use crate::options::{PostTraining, PostTrainingError, WeightRule};
use crate::plan::{Activation, Kind, Plan};
use crate::shared_steps::shared_steps;
use crate::sparsities::by_sensitivity;
use crate::walk::{LayerReport, Walk};

/// Images on which sensitivities are measured: the first of those that calibrate.
const SENSITIVITY_IMAGES: usize = 8;
/// Bits of activations if nothing is said.
const DEFAULT_BITS: u32 = 4;

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
    let mut plan = lower(network)?;
    let image = ImageScale::new(plan.pixels.clone());
    let bits = bits(&mut plan, options.bits)?;
    let maximum = u16::MAX >> (u16::BITS - bits);
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
    let shared = shared_steps(&plan, network, images, options.steps, maximum)?;
    let mut walk = Walk::new(network, &plan, images, &image, options, maximum, sparsities);
    for (place, step) in plan.steps.iter().enumerate() {
        progress(measured + place, all);
        walk.step(place, step, place + 1 == count, shared[place])?;
    }
    progress(all, all);
    let sparsity = overall_sparsity(&walk.layers);
    let file = NetworkFile::new(network, &plan, image.zeros(), bits, sparsity);
    Ok(PostTrained { file, checkpoint: walk.checkpoint, layers: walk.layers, notes: plan.notes })
}

fn overall_sparsity(layers: &[LayerReport]) -> f64 {
    let weights: usize = layers.iter().map(|layer| layer.weights).sum();
    let zeros: f64 = layers.iter().map(|layer| layer.sparsity * layer.weights as f64).sum();
    if weights == 0 { 0.0 } else { zeros / weights as f64 }
}

/// The bits of the activations; a network's own quantization is brought to them where that changes nothing but where it saturates.
fn bits(plan: &mut Plan, asked: Option<u32>) -> Result<u32, PostTrainingError> {
    for step in &mut plan.steps {
        // After a ReLU nothing is below 0: integers that stand for less are never used.
        if let (Some(given), Activation::Relu { .. }) = (&mut step.given, step.activation) {
            *given = Quantization { maximum: given.maximum - given.zero, zero: 0, ..*given };
        }
    }
    let most = plan.steps.iter().filter_map(|step| step.given).map(|given| given.maximum).max();
    let own = most.map(|maximum| u16::BITS - maximum.leading_zeros());
    let bits = asked.or(own).unwrap_or(DEFAULT_BITS);
    if !(1..=8).contains(&bits) {
        return Err(PostTrainingError::Bits { found: bits });
    }
    let maximum = u16::MAX >> (u16::BITS - bits);
    for step in &mut plan.steps {
        let Some(given) = &mut step.given else { continue };
        if given.maximum > maximum {
            let (found, expected) = (u32::from(given.maximum) + 1, u32::from(maximum) + 1);
            return Err(PostTrainingError::Levels { layer: step.name.clone(), found, bits, expected });
        }
        if given.maximum < maximum {
            let note = format!("`{}` saturates at {maximum} instead of {}", step.name, given.maximum);
            plan.notes.push(note);
            given.maximum = maximum;
        }
    }
    Ok(bits)
}
