//! The accelerator: from a network's layers to their placement, the chip that holds them, and the report.

use technology::{Area, Length, ParameterSet, Parameters, Power, Quantity};

use crate::array::Subarray;
use crate::floor_plan::{Organisation, ceil_square_root};
use crate::grouping::Placement;
use crate::interconnect::{Paths, path, side};
use crate::placed::Placed;
use crate::scaling::Scaling;
use crate::work::Work;
use crate::{
    AreaParts, Counting, CrossbarError, CrossbarParameters, Design, LayerShape, NetworkReport, Precision,
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
    /// Tiles of all layers.
    pub tiles: usize,
    /// Cells that hold one weight.
    pub cells_per_weight: usize,
    /// Leakage of a subarray with its share of all periphery.
    pub subarray_leakage: Power,
}

impl Chip<'_> {
    /// Whether what happens is counted, and not what DNN+NeuroSim counts.
    pub(crate) fn corrected(&self) -> bool {
        self.design.counting == Counting::Corrected
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
        let lines = (self.design.rows + self.design.columns) as f64;
        let register_bits = self.design.rows as f64
            * (f64::from(precision.activation_bits) + self.design.cell_shift_bits(cells_per_weight));
        let chip = Chip {
            design: &self.design,
            parameters: &self.parameters,
            scaling: &self.scaling,
            precision,
            organisation,
            subarray,
            paths: self.paths(placed, &subarray),
            tiles,
            cells_per_weight,
            subarray_leakage: (self.parameters.leakage * lines + self.parameters.leakage_bit * register_bits)
                * self.scaling.leakage,
        };
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
        // The pitch of the grid is the larger kind of tile that the chip has.
        let tile_side = |placement: &Placement| {
            if placement.split {
                split_side * split_along as f64
            } else {
                unrolled_side * unrolled_along as f64
            }
        };
        let placements = placed.layers.iter().map(|layer| &layer.placement);
        let pitch = placements.map(tile_side).fold(Length::ZERO, |a, b| if b > a { b } else { a });
        let subarray_side = side(subarray.area());
        Paths {
            split_element: path(kind, split_element, subarray_side),
            unrolled_element: path(kind, unrolled_element, subarray_side),
            split_tile: path(kind, split_along, split_side),
            unrolled_tile: path(kind, unrolled_along, unrolled_side),
            chip: path(kind, ceil_square_root(placed.tiles), pitch),
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
