//! Operations of trained networks against those of drawn weights of the same shapes and sparsities: how far costs from shapes alone
//! can be trusted.

use compiler::{Sharing, per_channel_lower_bound, share_layer};
use network::{LinearKind, LinearLayer, NetworkError, TernaryWeights, TernaryWeightsError};
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::Deserialize;
use tables::{Table, TypedRow};
use workspace::{Failure, Inputs};

use crate::loaded::network;
use crate::names::NetworkName;

/// Trained networks, whose operations are counted against those of drawn weights of the same shapes and sparsities.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrainedAgainstDrawn {
    /// The networks.
    #[schemars(with = "Vec<NetworkName>", length(min = 1))]
    pub networks: Vec<String>,
    /// Of the stream that weights are drawn from.
    seed: u64,
}

tables::table! {
    /// Operations after sharing within a channel, of trained networks and of weights drawn at every layer's own sparsity.
    pub struct DrawnWeightsRow: "drawn_weights" {
        /// Name of the network.
        network: String,
        /// Name of the layer; `convolutions` for all of these, `total` for all layers.
        layer: String,
        /// Trained weights other than 0: operations before sharing.
        trained_nonzeros: usize,
        /// Operations of the trained weights after sharing.
        trained_operations: usize,
        /// Drawn weights other than 0: operations before sharing.
        drawn_nonzeros: usize,
        /// Operations of the drawn weights after sharing.
        drawn_operations: usize,
        /// Operations after sharing over those before it, trained weights.
        trained_share: f64,
        /// The same of the drawn weights.
        drawn_share: f64,
        /// Drawn share over trained share, less 1: what drawn weights cost too much.
        overestimate: f64,
        /// The least share that sharing within a channel can reach, trained weights.
        trained_bound: f64,
        /// The same of the drawn weights.
        drawn_bound: f64,
    }
}

/// Counts of one layer.
#[derive(Clone, Copy, Default)]
struct Counts {
    nonzeros: usize,
    operations: usize,
    bound: usize,
}

impl Counts {
    fn of(layer: &LinearLayer, weights: &TernaryWeights) -> Self {
        let sums = share_layer(layer.name(), weights, u32::from(layer.input_maximum()), Sharing::PerChannel);
        let operations = sums.adders() + sums.accumulates();
        Self { nonzeros: weights.nonzeros(), operations, bound: per_channel_lower_bound(weights) }
    }

    fn plus(self, other: Self) -> Self {
        Self {
            nonzeros: self.nonzeros + other.nonzeros,
            operations: self.operations + other.operations,
            bound: self.bound + other.bound,
        }
    }

    fn share(self, count: usize) -> f64 {
        if self.nonzeros == 0 { 1.0 } else { count as f64 / self.nonzeros as f64 }
    }
}

impl TrainedAgainstDrawn {
    /// The table and a line for each network.
    ///
    /// # Errors
    /// If a network cannot be loaded.
    pub fn table(&self, inputs: &Inputs<'_>) -> Result<(Table, Vec<String>), Failure> {
        let mut table = Table::new(DrawnWeightsRow::SCHEMA);
        let mut summary = Vec::new();
        for name in &self.networks {
            let loaded = network(inputs, name)?;
            let layers: Vec<(usize, &LinearLayer)> =
                loaded.network.linear_layers().map(|(_, layer)| layer).enumerate().collect();
            let counts = layers
                .par_iter()
                .map(|&(place, layer)| {
                    let trained = layer.weights();
                    let (shape, groups, sparsity) = (trained.shape(), trained.groups(), trained.sparsity());
                    let drawn = TernaryWeights::drawn(shape, groups, sparsity, self.seed, place);
                    let drawn = drawn.map_err(|source| (layer.name().to_owned(), source))?;
                    Ok((Counts::of(layer, trained), Counts::of(layer, &drawn)))
                })
                .collect::<Result<Vec<_>, (String, TernaryWeightsError)>>()
                .map_err(|(tensor, source)| NetworkError::Weights { path: name.into(), tensor, source })?;
            // A fully connected layer has one tap of each channel, and nothing to share within it.
            let sum = |of: &dyn Fn(&LinearLayer) -> bool| {
                let counted = layers.iter().zip(&counts).filter(|((_, layer), _)| of(layer));
                counted.fold((Counts::default(), Counts::default()), |sum, (_, counts)| {
                    (sum.0.plus(counts.0), sum.1.plus(counts.1))
                })
            };
            let convolutions = sum(&|layer| layer.kind() == LinearKind::Convolution);
            let sums = [("convolutions", convolutions), ("total", sum(&|_| true))];
            let names = layers.iter().map(|(_, layer)| layer.name());
            for (layer, (trained, drawn)) in names.zip(counts.iter().copied()).chain(sums) {
                let (of_trained, of_drawn) =
                    (trained.share(trained.operations), drawn.share(drawn.operations));
                table.push(DrawnWeightsRow {
                    network: name.clone(),
                    layer: layer.into(),
                    trained_nonzeros: trained.nonzeros,
                    trained_operations: trained.operations,
                    drawn_nonzeros: drawn.nonzeros,
                    drawn_operations: drawn.operations,
                    trained_share: of_trained,
                    drawn_share: of_drawn,
                    overestimate: of_drawn / of_trained - 1.0,
                    trained_bound: trained.share(trained.bound),
                    drawn_bound: drawn.share(drawn.bound),
                })?;
            }
            let (trained, drawn) = convolutions;
            let (of_trained, of_drawn) = (trained.share(trained.operations), drawn.share(drawn.operations));
            summary.push(format!(
                "{name}: sharing within a channel leaves {:.1} % of the convolutions' operations of trained weights, {:.1} % of drawn \
                 ones: drawn weights need {:.0} % too many",
                100.0 * of_trained,
                100.0 * of_drawn,
                100.0 * (of_drawn / of_trained - 1.0),
            ));
        }
        Ok((table, summary))
    }
}
