//! A workload on a design: where its layers stand and how much they ask for. None of it depends on what the parts cost, so it is done
//! once for any number of parameter sets.

use crate::floor_plan::Organisation;
use crate::grouping::Placement;
use crate::work::Demand;
use crate::{CrossbarError, Design, LayerShape, Precision, activity};

/// A workload on a design.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Placed {
    pub design: Design,
    /// How many bits weights and activations have.
    pub precision: Precision,
    /// The sides of elements and tiles.
    pub organisation: Organisation,
    /// Cells that hold one weight.
    pub cells_per_weight: usize,
    /// Tiles of all layers.
    pub tiles: usize,
    /// Values that the input of a layer has, of the layer where they are most.
    pub largest_input: usize,
    /// The layers, in order.
    pub layers: Vec<PlacedLayer>,
}

/// A layer on a design.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PlacedLayer {
    /// The layer's name.
    pub name: String,
    /// Where it stands.
    pub placement: Placement,
    /// What it asks for.
    pub demand: Demand,
}

impl Placed {
    /// # Errors
    /// If there is no layer, a layer is empty or smaller than its kernel, or the precision is not covered.
    pub(crate) fn new(
        design: &Design,
        layers: &[&LayerShape],
        precision: Precision,
    ) -> Result<Self, CrossbarError> {
        activity::check(precision)?;
        if layers.is_empty() {
            return Err(CrossbarError::NoLayer);
        }
        layers.iter().try_for_each(|layer| layer.output_extent().map(drop))?;
        let cells_per_weight = design.cells_per_weight(precision.weights.bits());
        let organisation = Organisation::new(design, layers, cells_per_weight);
        let values = |layer: &&LayerShape| {
            let input = layer.input;
            input.channels.saturating_mul(input.height).saturating_mul(input.width)
        };
        let largest_input = layers.iter().map(values).max().unwrap_or(0);
        let place = |layer: &&LayerShape| {
            let placement = Placement::new(design, &organisation, layer, cells_per_weight);
            let demand = Demand::new(design, precision, layer, &placement)?;
            Ok(PlacedLayer { name: layer.name.clone(), placement, demand })
        };
        let layers = layers.iter().map(place).collect::<Result<Vec<_>, CrossbarError>>()?;
        let tiles = layers.iter().fold(0_usize, |sum, layer| sum.saturating_add(layer.placement.tiles()));
        Ok(Self { design: *design, precision, organisation, cells_per_weight, tiles, largest_input, layers })
    }
}
