//! A network on the associative processor over many images, in batches that bound the memory.

use network::{FeatureMap, ImageSet, Network, ReferenceEngine, Shape};
use rayon::prelude::*;
use rtm_ap::{Machine, ProgramEvents};

use workspace::{Failure, Progress};

use crate::error::StudyError;

/// Values of activations that are kept at once.
const VALUES_TOGETHER: usize = 12_000_000;

/// What a network gave on the machine.
#[derive(Debug)]
pub struct Simulation {
    /// Of every image, one after the other.
    pub logits: Vec<i64>,
    /// Of every image.
    pub classes: Vec<usize>,
    /// Of every linear layer, the mean of the images; none for layers that did not run on the machine.
    pub layers: Vec<ProgramEvents>,
}

/// What to run, and how.
#[derive(Debug, Clone, Copy)]
pub struct Plan<'a> {
    /// The network on its processors.
    pub machine: &'a Machine,
    /// The layers that run there, by their place among the linear layers; all if empty. The others are inferred.
    pub layers: &'a [usize],
    /// Whether every value is compared with the integer reference.
    pub check: bool,
}

impl Plan<'_> {
    /// Runs images, fitted to the network's input.
    ///
    /// # Errors
    /// If they do not fit, or a value differs from the reference.
    pub fn run(&self, set: &ImageSet, progress: Progress) -> Result<Simulation, Failure> {
        let network = self.machine.network();
        let mut simulation = Simulation { logits: Vec::new(), classes: Vec::new(), layers: Vec::new() };
        let together = images_together(network);
        let bar = progress.bar("executing images", set.len() as u64);
        for first in (0..set.len()).step_by(together) {
            let images = fitted(set, network.input().shape(), first..set.len().min(first + together))?;
            let runs = |layer: usize| self.layers.is_empty() || self.layers.contains(&layer);
            let run = self.machine.run_layers(&images, runs)?;
            if self.check {
                compare(network, &images, &run.evaluations, first)?;
            }
            for evaluation in &run.evaluations {
                simulation.logits.extend_from_slice(evaluation.logits());
                simulation.classes.push(evaluation.class());
            }
            let weight = images.len() as f64 / set.len() as f64;
            let layers = run.events.into_iter().zip(run.tables);
            let layers = layers.map(|(events, tables)| ProgramEvents { events, tables });
            if first == 0 {
                simulation.layers = layers.collect();
                simulation.layers.iter_mut().for_each(|layer| scale_tagged_bits(layer, weight));
            } else {
                for (mean, layer) in simulation.layers.iter_mut().zip(layers) {
                    add_tagged_bits(mean, &layer, weight);
                }
            }
            bar.inc(images.len() as u64);
        }
        bar.finish_and_clear();
        Ok(simulation)
    }
}

/// Images that are executed at once.
pub fn images_together(network: &Network) -> usize {
    let values: usize =
        network.linear_layers().map(|(_, layer)| layer.input().len() + 2 * layer.output().len()).sum();
    (VALUES_TOGETHER / values.max(1)).max(1)
}

/// Some images of a set, fitted to a network's input.
///
/// # Errors
/// If they cannot be fitted.
pub fn fitted(
    set: &ImageSet,
    shape: Shape,
    images: std::ops::Range<usize>,
) -> Result<Vec<FeatureMap>, Failure> {
    let pixels = images.filter_map(|image| set.pixels(image)).flatten().copied().collect();
    let part = ImageSet::new(set.name(), set.shape(), pixels, None)?;
    Ok(part.fitted_to(shape)?.feature_maps())
}

fn compare(
    network: &Network,
    images: &[FeatureMap],
    executed: &[network::Evaluation],
    first: usize,
) -> Result<(), Failure> {
    let of_image = |(index, image): (usize, &FeatureMap)| {
        let reference = network.evaluate(image, &mut ReferenceEngine)?;
        Ok::<_, Failure>((reference != executed[index]).then_some(first + index))
    };
    let differing = images.par_iter().enumerate().map(of_image).collect::<Result<Vec<_>, _>>()?;
    match differing.into_iter().flatten().next() {
        Some(image) => Err(StudyError::NotTheReference { network: network.name().into(), image }.into()),
        None => Ok(()),
    }
}

/// Only bits written to tagged rows depend on the image.
fn scale_tagged_bits(layer: &mut ProgramEvents, weight: f64) {
    layer.events.tagged_bits = layer.events.tagged_bits * weight;
    layer.events.latch.tagged = layer.events.latch.tagged * weight;
    for table in &mut layer.tables {
        table.tagged_bits = table.tagged_bits * weight;
        table.latch.tagged = table.latch.tagged * weight;
    }
}

fn add_tagged_bits(mean: &mut ProgramEvents, layer: &ProgramEvents, weight: f64) {
    mean.events.tagged_bits += layer.events.tagged_bits * weight;
    mean.events.latch.tagged += layer.events.latch.tagged * weight;
    for (mean, table) in mean.tables.iter_mut().zip(&layer.tables) {
        mean.tagged_bits += table.tagged_bits * weight;
        mean.latch.tagged += table.latch.tagged * weight;
    }
}
