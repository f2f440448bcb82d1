//! Operations of trained networks against those of drawn weights of the same shapes and sparsities: how far costs from shapes alone
//! can be trusted.

use compiler::{Sharing, per_channel_lower_bound, share_layer};
use network::{LinearKind, LinearLayer, NetworkError, TernaryWeights, TernaryWeightsError};
use rayon::prelude::*;
use tables::{Column, Schema, Table};

use crate::error::RunError;
use crate::manifest::TrainedAgainstDrawn;
use crate::models::Models;

/// Trained and drawn.
pub static DRAWN_WEIGHTS: Schema = Schema::new(
    "drawn_weights",
    "Operations after sharing within a channel, of trained networks and of weights drawn at every layer's own sparsity.",
    &[
        Column::text("network", "Name of the network."),
        Column::text("layer", "Name of the layer; `convolutions` for all of these, `total` for all layers."),
        Column::integer("trained_nonzeros", "", "Trained weights other than 0: operations before sharing."),
        Column::integer("trained_operations", "", "Operations of the trained weights after sharing."),
        Column::integer("drawn_nonzeros", "", "Drawn weights other than 0: operations before sharing."),
        Column::integer("drawn_operations", "", "Operations of the drawn weights after sharing."),
        Column::real("trained_share", "", "Operations after sharing over those before it, trained weights."),
        Column::real("drawn_share", "", "The same of the drawn weights."),
        Column::real(
            "overestimate",
            "",
            "Drawn share over trained share, less 1: what drawn weights cost too much.",
        ),
        Column::real(
            "trained_bound",
            "",
            "The least share that sharing within a channel can reach, trained weights.",
        ),
        Column::real("drawn_bound", "", "The same of the drawn weights."),
    ],
);

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

/// The table and a line for each network.
///
/// # Errors
/// If a network cannot be loaded.
pub fn run(study: &TrainedAgainstDrawn, models: &Models<'_>) -> Result<(Table, Vec<String>), RunError> {
    let mut table = Table::new(&DRAWN_WEIGHTS);
    let mut summary = Vec::new();
    for name in &study.networks {
        let loaded = models.network(name)?;
        let layers: Vec<(usize, &LinearLayer)> =
            loaded.network.linear_layers().map(|(_, layer)| layer).enumerate().collect();
        let counts = layers
            .par_iter()
            .map(|&(place, layer)| {
                let trained = layer.weights();
                let (shape, groups, sparsity) = (trained.shape(), trained.groups(), trained.sparsity());
                let drawn = TernaryWeights::drawn(shape, groups, sparsity, study.seed, place);
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
            let (of_trained, of_drawn) = (trained.share(trained.operations), drawn.share(drawn.operations));
            table.push_row([
                ("network", name.as_str().into()),
                ("layer", layer.into()),
                ("trained_nonzeros", (trained.nonzeros as i64).into()),
                ("trained_operations", (trained.operations as i64).into()),
                ("drawn_nonzeros", (drawn.nonzeros as i64).into()),
                ("drawn_operations", (drawn.operations as i64).into()),
                ("trained_share", of_trained.into()),
                ("drawn_share", of_drawn.into()),
                ("overestimate", (of_drawn / of_trained - 1.0).into()),
                ("trained_bound", trained.share(trained.bound).into()),
                ("drawn_bound", drawn.share(drawn.bound).into()),
            ])?;
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
