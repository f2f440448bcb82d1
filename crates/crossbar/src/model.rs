//! The accelerator: from a network's layers to their placement, the chip that holds them, and the report.

use technology::{Area, Length, ParameterSet, Parameters, Power, Quantity};

use crate::array::Subarray;
use crate::floor_plan::{Organisation, ceil_square_root};
use crate::interconnect::{Paths, buses, path, side};
use crate::placed::Placed;
use crate::ports::ChipPorts;
use crate::scaling::Scaling;
use crate::work::Work;
use crate::{
    AreaParts, Counting, CrossbarError, CrossbarParameters, Design, LayerShape, NetworkReport, Precision,
    Transfers,
};

/// A crossbar accelerator of a design and a technology.
#[derive(Debug, Clone, PartialEq)]
pub struct Crossbar {
    design: Design,
    parameters: CrossbarParameters,
    scaling: Scaling,
}

/// What is the same for all layers of a network.
pub(crate) struct Chip<'a> {
    pub design: &'a Design,
    /// Its technology's numbers.
    pub parameters: &'a CrossbarParameters,
    /// From the reference node to the design's.
    pub scaling: &'a Scaling,
    /// How many bits weights and activations have.
    pub precision: Precision,
    /// The sides of elements and tiles.
    pub organisation: Organisation,
    /// What a subarray costs.
    pub subarray: Subarray,
    /// How far bits travel.
    pub paths: Paths,
    /// How many bits move in a step.
    pub ports: ChipPorts,
    /// Tiles of all layers.
    pub tiles: usize,
    /// Tiles along a side of the chip.
    pub tiles_along: usize,
    /// Cells that hold one weight.
    pub cells_per_weight: usize,
    /// Leakage of all tiles.
    pub leakage: Power,
}

impl Chip<'_> {
    /// Whether what happens is counted, and not what DNN+NeuroSim counts.
    pub(crate) fn corrected(&self) -> bool {
        self.design.counting == Counting::Corrected
    }

    /// Bits of a converter and of an activation.
    pub(crate) fn bits(&self) -> (f64, f64) {
        (f64::from(self.design.converter.bits()), f64::from(self.precision.activation_bits))
    }
}

impl Crossbar {
    /// From a design and the parameters of its technology file, as they are or varied.
    ///
    /// # Errors
    /// If the design cannot be built, a parameter is missing, or a parameter makes an equation meaningless.
    pub fn new(design: Design, parameters: &ParameterSet) -> Result<Self, CrossbarError> {
        design.check()?;
        let parameters = CrossbarParameters::resolve(parameters)?;
        for (path, resistance) in [
            ("cell.on_resistance", parameters.on_resistance),
            ("cell.off_resistance", parameters.off_resistance),
        ] {
            if resistance.base() <= 0.0 {
                return Err(CrossbarError::Parameter {
                    path,
                    found: resistance.to_string(),
                    expected: "must lie above zero",
                });
            }
        }
        let scaling = Scaling::new(&design, &parameters)?;
        Ok(Self { design, parameters, scaling })
    }

    /// The design.
    pub fn design(&self) -> &Design {
        &self.design
    }

    /// Energy, latency and area of a network.
    ///
    /// # Errors
    /// If there is no layer, a layer is empty or smaller than its kernel, or the precision is not covered.
    pub fn evaluate(
        &self,
        layers: &[LayerShape],
        precision: Precision,
    ) -> Result<NetworkReport, CrossbarError> {
        let shapes: Vec<&LayerShape> = layers.iter().collect();
        Ok(self.report(&Placed::new(&self.design, &shapes, precision)?))
    }

    /// The same of a network that was placed on the design.
    pub(crate) fn report(&self, placed: &Placed) -> NetworkReport {
        let Placed { precision, organisation, cells_per_weight, tiles, .. } = *placed;
        let subarray = Subarray::new(&self.design, &self.parameters, &self.scaling, precision);
        let mut chip = Chip {
            design: &self.design,
            parameters: &self.parameters,
            scaling: &self.scaling,
            precision,
            organisation,
            subarray,
            paths: self.paths(placed, &subarray),
            ports: ChipPorts::new(placed),
            tiles,
            tiles_along: ceil_square_root(tiles),
            cells_per_weight,
            leakage: Power::ZERO,
        };
        let of_layer = |placement| chip.tile_leakage(placement) * placement.tiles() as f64;
        chip.leakage = placed.layers.iter().map(|layer| of_layer(&layer.placement)).sum();
        let layers = placed.layers.iter().map(|layer| Work::new(&chip, layer).report()).collect();
        NetworkReport { layers, tiles, area: self.area(&subarray, placed) }
    }

    fn paths(&self, placed: &Placed, subarray: &Subarray) -> Paths {
        let organisation = &placed.organisation;
        let kind = self.design.interconnect;
        let periphery = self.element_periphery();
        let element = |split: bool| {
            let along = organisation.element_side(split);
            (along, side((subarray.area() + periphery) * (along * along) as f64))
        };
        let ((split_element, split_side), (unrolled_element, unrolled_side)) =
            (element(true), element(false));
        let split_along = organisation.elements_along_tile(true);
        let unrolled_along = organisation.elements_along_tile(false);
        let corrected = self.design.counting == Counting::Corrected;
        // DNN+NeuroSim V1.3 lays the tree over the elements of a split tile as if they stood in one row.
        let tree_along = if corrected || self.design.transfers == Transfers::Stated {
            split_along
        } else {
            organisation.split_taps.max(1)
        };
        let subarray_side = side(subarray.area());
        let tree = |along, side| path(kind, along, side, corrected);
        // A tile holds its elements and the wires of the tree to them, one for each row of subarrays side by side.
        let tile = |elements: usize, element_side: Length, lanes: usize, way: Length| {
            let wires =
                self.parameters.wire_pitch * (self.scaling.cell_wire * (lanes * self.design.rows) as f64);
            side(element_side * element_side * elements as f64 + wires * way)
        };
        let (split_way, unrolled_way) = (tree(tree_along, split_side), tree(unrolled_along, unrolled_side));
        let split_tile =
            tile(split_along * split_along, split_side, organisation.split_taps.max(1), split_way);
        let unrolled_tile =
            tile(unrolled_along * unrolled_along, unrolled_side, unrolled_along, unrolled_way);
        // The pitch of the grid is the larger kind of tile that the chip has; DNN+NeuroSim takes a layer's own kind.
        let has = |split: bool| placed.layers.iter().any(|layer| layer.placement.split == split);
        let kinds = [(true, split_tile), (false, unrolled_tile)];
        let largest =
            kinds.iter().filter(|kind| has(kind.0)).fold(Length::ZERO, |pitch, kind| pitch.max(kind.1));
        let pitch = |own: Length| if corrected { largest } else { own };
        let tiles_along = ceil_square_root(placed.tiles);
        Paths {
            split_element: buses(kind, split_element, subarray_side),
            unrolled_element: buses(kind, unrolled_element, subarray_side),
            split_tile: split_way,
            unrolled_tile: unrolled_way,
            split_chip: tree(tiles_along, pitch(split_tile)),
            unrolled_chip: tree(tiles_along, pitch(unrolled_tile)),
        }
    }

    /// The area of a processing element's buffers and control, for each of its subarrays.
    fn element_periphery(&self) -> Area {
        self.parameters.element_area * (self.design.rows + self.design.columns) as f64 * self.scaling.area
    }

    fn area(&self, subarray: &Subarray, placed: &Placed) -> AreaParts {
        let subarrays = placed.layers.iter().map(|layer| layer.placement.subarrays() as f64).sum::<f64>();
        AreaParts {
            cells: subarray.cell_area * subarrays,
            drivers: subarray.driver_area * subarrays,
            converters: subarray.converter_area * subarrays,
            accumulation: subarray.shift_add_area * subarrays,
            elements: self.element_periphery() * subarrays,
        }
    }
}
