//! A network on arrays of some shape, with many numbers of rows: a stage.

use std::sync::Arc;

use compiler::Options;
use network::Network;
use rtm_ap::{Events, Kept, Machine};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use workspace::stages::{Stage, StageKind};
use workspace::{Failure, Inputs, Progress};

use crate::images::{Images, fitted_images, image_set};
use crate::loaded::{Thresholded, network, set_bit_shares, share_of, thresholded, weights_digest};
use crate::names::NetworkName;
use crate::run::MACHINE_SOURCES;

/// A network of a design space.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SpaceNetwork {
    /// The network.
    #[schemars(with = "NetworkName")]
    pub network: String,
    /// The images whose set bits events are expected from.
    pub images: Images,
    /// Other weights than its own.
    pub thresholded: Option<Thresholded>,
}

impl SpaceNetwork {
    /// The network with its weights.
    ///
    /// # Errors
    /// If they cannot be had.
    pub fn network(&self, inputs: &Inputs<'_>) -> Result<Arc<Network>, Failure> {
        match &self.thresholded {
            Some(other) => thresholded(inputs, &self.network, other),
            None => Ok(Arc::clone(&network(inputs, &self.network)?.network)),
        }
    }
}

/// A network on arrays of a shape.
#[derive(Debug, Clone, PartialEq)]
pub struct ArrayShape {
    pub network: SpaceNetwork,
    /// The array and the compiler's options; its rows matter to nothing.
    pub options: Options,
    /// Numbers of rows.
    pub rows: Vec<u64>,
}

/// The sizes of the memories, and the expected events of every layer on each number of rows; nothing where a layer does not fit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Compiled(pub Option<(Kept, Vec<Vec<Events>>)>);

impl ArrayShape {
    /// Columns of an array.
    pub fn columns(&self) -> u64 {
        self.options.geometry.columns() as u64
    }

    /// Domains of a track.
    pub fn domains(&self) -> u64 {
        self.options.geometry.domains() as u64
    }
}

impl Stage for ArrayShape {
    type Output = Compiled;
    const KIND: StageKind = StageKind { name: "array-shape", sources: MACHINE_SOURCES };

    fn what(&self) -> String {
        let (options, zeros) = (&self.options, self.network.thresholded.as_ref());
        let zeros = zeros.map_or(String::new(), |of| format!(" at sparsity {}", of.sparsity));
        let outputs = options
            .outputs_per_processor
            .map_or(String::new(), |outputs| format!(", {outputs} outputs each"));
        format!(
            "{}{zeros}, {} {}, {} columns x {} domains{outputs}",
            self.network.network,
            options.layout.name(),
            options.sharing.name(),
            self.columns(),
            self.domains(),
        )
    }

    fn is_small(&self) -> bool {
        true
    }

    fn ingredients(&self, inputs: &Inputs<'_>) -> Result<Vec<String>, Failure> {
        let loaded = network(inputs, &self.network.network)?;
        let images = image_set(inputs, &loaded, &self.network.images)?;
        let mut ingredients = loaded.fingerprints.clone();
        ingredients.extend([
            images.ingredient(self.network.images.count),
            // What a threshold makes of the weights does not stand in the network's files.
            digest_of_weights(inputs, &self.network)?,
            format!("{:?} {:?}", self.options, self.rows),
        ]);
        Ok(ingredients)
    }

    fn compute(&self, inputs: &Inputs<'_>, progress: Progress) -> Result<Compiled, Failure> {
        let loaded = network(inputs, &self.network.network)?;
        let network = self.network.network(inputs)?;
        let images = fitted_images(inputs, &loaded, &self.network.images)?;
        let shares = set_bit_shares(&network, &images)?;
        let bar = progress.spinner("compiling for arrays of many shapes");
        let compiled = Machine::compile(network, &self.options).ok();
        bar.finish_and_clear();
        Ok(Compiled(compiled.map(|machine| {
            let mut events =
                machine.expected_events_on(&self.rows, |layer, bit| share_of(&shares, layer, bit));
            for of_rows in &mut events {
                for (layer, events) in machine.layers().iter().zip(of_rows) {
                    *events = layer.demand().complete(*events);
                }
            }
            (machine.kept(), events)
        })))
    }
}

/// A digest of weights, made once.
#[derive(Debug)]
struct WeightsDigest(String);

fn digest_of_weights(inputs: &Inputs<'_>, network: &SpaceNetwork) -> Result<String, Failure> {
    let own = network.network(inputs)?;
    let key = format!("{} {:?}", network.network, network.thresholded);
    let digest = inputs.load(&key, |_| Ok(WeightsDigest(weights_digest(&own))))?;
    Ok(digest.0.clone())
}
