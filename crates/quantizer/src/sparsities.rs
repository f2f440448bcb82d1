//! Sparsities of a whole network's layers, by their sensitivity.

use std::rc::Rc;

use float_network::{FloatNetwork, Node, NodeId, Operation};
use network::ImageSet;

use crate::float_run::FloatRun;
use crate::image::ImageScale;
use crate::options::PostTrainingError;
use crate::plan::{Kind, Plan, Source};
use crate::rule::{Granularity, Sparsity};
use crate::sensitivity::{Sensitivity, allocate};
use crate::ternarize::keep_ternary;

/// A sparsity for each step; steps without weights have one that nobody asks for.
pub(crate) fn by_sensitivity(
    plan: &Plan,
    network: &FloatNetwork,
    images: &ImageSet,
    image: &ImageScale,
    overall: Sparsity,
    granularity: Granularity,
    done: &mut dyn FnMut(usize),
) -> Result<Vec<f64>, PostTrainingError> {
    let linear = plan.steps.iter().enumerate().filter_map(|(place, step)| match &step.kind {
        Kind::Linear { layer, node, norm, .. } => Some((place, step, layer, *node, norm)),
        _ => None,
    });
    let linear: Vec<_> = linear
        .filter(|(_, _, layer, ..)| !matches!(keep_ternary(layer.shape(), layer.weights()), Ok(Some(_))))
        .collect();
    let inputs: Vec<NodeId> = linear.iter().map(|(.., node, _)| input_of(network, *node)).collect();
    let mut run = FloatRun::new(network, network.pixels().maps(images), inputs.iter().copied());
    let mut sensitivities = Vec::new();
    for (place, ((_, step, layer, _, norm), &input)) in linear.iter().zip(&inputs).enumerate() {
        done(place);
        let maps = run.take(input);
        let scales: Vec<f64> = (0..norm.channels()).map(|channel| norm.scale_and_shift(channel).0).collect();
        let maps = if step.sources == [Source::Image] { Rc::new(image.centred(images)) } else { maps };
        let measured = Sensitivity::measure(layer, &scales, &maps, granularity);
        sensitivities.push(
            measured.map_err(|source| PostTrainingError::Ternarize { layer: step.name.clone(), source })?,
        );
    }
    let mut sparsities = vec![overall.value(); plan.steps.len()];
    for ((place, ..), sparsity) in linear.iter().zip(allocate(&sensitivities, overall)) {
        sparsities[*place] = sparsity;
    }
    Ok(sparsities)
}

/// The value that a linear node reads, before its padding, which is in the step's window.
fn input_of(network: &FloatNetwork, node: NodeId) -> NodeId {
    let mut input = node;
    loop {
        let Some(&next) = network.node(input).and_then(|node| node.inputs().first()) else { return input };
        input = next;
        if !matches!(network.node(input).map(Node::operation), Some(Operation::Pad(_))) {
            return input;
        }
    }
}
