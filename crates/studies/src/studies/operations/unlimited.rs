//! Sharing across channels as if arrays had no limits: a stage of its own, as it takes long.

use compiler::{Sharing, share_layer};
use network::LinearLayer;
use rayon::prelude::*;
use workspace::stages::{Stage, StageKind};
use workspace::{Failure, Inputs, Progress};

use crate::loaded::network;
use crate::run::MACHINE_SOURCES;

/// The adders of every layer of a network.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Unlimited(pub String);

impl Stage for Unlimited {
    type Output = Vec<usize>;
    const KIND: StageKind = StageKind { name: "sharing", sources: MACHINE_SOURCES };

    fn what(&self) -> String {
        format!("{}, shared across channels without limits", self.0)
    }

    fn ingredients(&self, inputs: &Inputs<'_>) -> Result<Vec<String>, Failure> {
        let mut ingredients = network(inputs, &self.0)?.fingerprints.clone();
        ingredients.push(Sharing::CrossChannel.name().to_owned());
        Ok(ingredients)
    }

    fn compute(&self, inputs: &Inputs<'_>, progress: Progress) -> Result<Vec<usize>, Failure> {
        let loaded = network(inputs, &self.0)?;
        let layers: Vec<&LinearLayer> = loaded.network.linear_layers().map(|(_, layer)| layer).collect();
        let bar = progress.bar("sharing across channels", layers.len() as u64);
        let of_layer = |layer: &&LinearLayer| {
            let maximum = u32::from(layer.input_maximum());
            let sums = share_layer(layer.name(), layer.weights(), maximum, Sharing::CrossChannel);
            bar.inc(1);
            sums.adders_without_accumulators()
        };
        // Layers differ by orders of magnitude: each is a task of its own.
        let adders = layers.par_iter().with_max_len(1).map(of_layer).collect();
        bar.finish_and_clear();
        Ok(adders)
    }
}
