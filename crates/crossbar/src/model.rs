//! The model itself: from placements to energy, latency and area.

use technology::{Length, Number, ParameterSet, Parameters, Power, Quantity, Time};

use crate::array::Subarray;
use crate::grouping::{Organisation, Placement, ceil_square_root};
use crate::interconnect::{Paths, bit_energy, path, side};
use crate::scaling::Scaling;
use crate::{
    AreaParts, Counting, CrossbarError, CrossbarParameters, Design, EnergyParts, Gating, LatencyParts,
    LayerReport, LayerShape, NetworkReport, Precision, ZeroSkipping,
};

/// The share of rows whose drivers DNN+NeuroSim takes to switch in every bit plane, whatever the activations.
const NOMINAL_DRIVER_ACTIVITY: f64 = 0.25;

/// A crossbar accelerator of a design and a technology.
#[derive(Debug, Clone, PartialEq)]
pub struct Crossbar {
    design: Design,
    parameters: CrossbarParameters,
    scaling: Scaling,
}

/// What is the same for all layers of a network.
struct Chip {
    organisation: Organisation,
    subarray: Subarray,
    paths: Paths,
    tiles: usize,
    cells_per_weight: usize,
    /// Bits of a partial sum as it leaves a processing element.
    sum_bits: f64,
    subarray_leakage: Power,
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
        precision.check()?;
        if layers.is_empty() {
            return Err(CrossbarError::NoLayer);
        }
        layers.iter().try_for_each(|layer| layer.output_extent().map(drop))?;
        let cells_per_weight = self.design.cells_per_weight(precision.weights.bits());
        let organisation = Organisation::new(&self.design, layers, cells_per_weight);
        let placements = layers
            .iter()
            .map(|layer| Placement::new(&self.design, &organisation, layer, cells_per_weight))
            .collect::<Vec<_>>();
        let tiles = placements.iter().fold(0_usize, |sum, placement| sum.saturating_add(placement.tiles()));
        let subarray = Subarray::new(&self.design, &self.parameters, &self.scaling, precision);
        let sum_bits = f64::from(
            self.design.converter.bits()
                + precision.activation_bits
                + self.design.cell_bits * (cells_per_weight as u32).saturating_sub(1)
                + organisation.element_side.next_power_of_two().ilog2(),
        );
        let chip = Chip {
            organisation,
            subarray,
            paths: self.paths(&organisation, &subarray, &placements, tiles),
            tiles,
            cells_per_weight,
            sum_bits,
            subarray_leakage: (self.parameters.leakage + self.parameters.leakage_bit * sum_bits)
                * self.scaling.leakage,
        };
        let reports = layers
            .iter()
            .zip(&placements)
            .map(|(layer, placement)| self.layer(layer, placement, &chip, precision))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(NetworkReport { layers: reports, tiles, area: self.area(&subarray, &placements) })
    }

    fn paths(
        &self,
        organisation: &Organisation,
        subarray: &Subarray,
        placements: &[Placement],
        tiles: usize,
    ) -> Paths {
        let kind = self.design.interconnect;
        let of_element = organisation.element_side * organisation.element_side;
        let element_area =
            (subarray.area() + self.parameters.element_area * self.scaling.area) * of_element as f64;
        let element_side = side(element_area);
        let split_along = organisation.elements_along_tile(true);
        let unrolled_along = organisation.elements_along_tile(false);
        // The pitch of the grid is the larger kind of tile that the chip has.
        let pitch = element_side
            * placements.iter().map(|p| if p.split { split_along } else { unrolled_along }).max().unwrap_or(1)
                as f64;
        Paths {
            element: path(kind, organisation.element_side, side(subarray.area())),
            split_tile: path(kind, split_along, element_side),
            unrolled_tile: path(kind, unrolled_along, element_side),
            chip: path(kind, ceil_square_root(tiles), pitch),
        }
    }

    fn area(&self, subarray: &Subarray, placements: &[Placement]) -> AreaParts {
        let subarrays = placements.iter().map(|p| p.subarrays() as f64).sum::<f64>();
        AreaParts {
            cells: subarray.cell_area * subarrays,
            drivers: subarray.driver_area * subarrays,
            converters: subarray.converter_area * subarrays,
            accumulation: subarray.shift_add_area * subarrays,
            elements: self.parameters.element_area * self.scaling.area * subarrays,
        }
    }

    fn layer(
        &self,
        layer: &LayerShape,
        placement: &Placement,
        chip: &Chip,
        precision: Precision,
    ) -> Result<LayerReport, CrossbarError> {
        let vectors = self.vectors(layer)?;
        // A padded tap is a row without any activation.
        let set_bits = layer.activations.set_bit_share(precision.activation_bits) * layer.real_tap_share()?;
        let planes = f64::from(precision.activation_bits);
        let read_planes = planes * self.read_share(placement, set_bits);
        let per_vector = self.energy(layer, placement, chip, precision, set_bits, read_planes)?;
        let vectors_f = vectors as f64;
        let energy = EnergyParts {
            conversion: per_vector.conversion * vectors_f,
            accumulation: per_vector.accumulation * vectors_f,
            drivers: per_vector.drivers * vectors_f,
            buffers: per_vector.buffers * vectors_f,
            interconnect: per_vector.interconnect * vectors_f,
        };
        let latency = self.latency(layer, placement, chip, precision, vectors, read_planes)?;
        // While one layer is computed, the tiles of all others wait and leak.
        let leaking = chip.tiles as f64 * placement.tile_subarrays as f64;
        Ok(LayerReport {
            name: layer.name.clone(),
            subarrays: placement.subarrays(),
            copies: placement.copies,
            utilization: placement.utilization(&self.design),
            vectors,
            conversions: vectors_f
                * read_planes
                * (placement.matrices * placement.row_blocks * placement.columns) as f64,
            energy,
            leakage: chip.subarray_leakage * leaking * latency.total(),
            latency,
        })
    }

    /// Vectors that are multiplied for one image.
    fn vectors(&self, layer: &LayerShape) -> Result<usize, CrossbarError> {
        let (height, width) = layer.output_extent()?;
        Ok(match self.design.counting {
            Counting::Corrected | Counting::NeurosimCompatiblePadded => height * width,
            Counting::NeurosimCompatible => {
                let along = |extent: usize, kernel: usize| {
                    (extent.saturating_sub(kernel) + 1).div_ceil(layer.window.stride())
                };
                along(layer.input.height, layer.window.kernel_height())
                    * along(layer.input.width, layer.window.kernel_width())
            }
        })
    }

    /// The share of bit planes that a subarray reads.
    fn read_share(&self, placement: &Placement, set_bits: f64) -> f64 {
        match self.design.zero_skipping {
            ZeroSkipping::None => 1.0,
            ZeroSkipping::EmptyPlanes => {
                let rows = placement.rows as f64 / placement.row_blocks as f64;
                1.0 - libm::pow(1.0 - set_bits, rows)
            }
        }
    }

    fn corrected(&self) -> bool {
        self.design.counting == Counting::Corrected
    }

    /// The energy of one vector.
    fn energy(
        &self,
        layer: &LayerShape,
        placement: &Placement,
        chip: &Chip,
        precision: Precision,
        set_bits: f64,
        read_planes: f64,
    ) -> Result<EnergyParts, CrossbarError> {
        let p = &self.parameters;
        let subarray = &chip.subarray;
        let planes = f64::from(precision.activation_bits);
        let matrix_rows = (placement.matrices * placement.rows) as f64;
        let row_subarrays = (placement.matrices * placement.row_blocks) as f64;
        let subarrays = placement.subarrays_of_a_copy() as f64;
        let physical_columns = (placement.column_blocks * self.design.columns) as f64;

        // Word lines: every column block has its own part of each row.
        let driven_columns = match self.design.gating {
            Gating::None => physical_columns,
            Gating::Segments => placement.columns as f64,
        };
        let segments = driven_columns / self.design.columns as f64;
        let active_rows = planes * matrix_rows * set_bits;
        let conversion = subarray.word_line * (active_rows * segments)
            + subarray.conversion.fixed * (read_planes * row_subarrays * placement.columns as f64)
            + subarray.conversion.active_row * (active_rows * placement.columns as f64);
        let driven_rows = if self.corrected() {
            active_rows * segments
        } else {
            planes * subarrays * self.design.rows as f64 * NOMINAL_DRIVER_ACTIVITY
        };

        let element_columns = placement.column_blocks.div_ceil(chip.organisation.element_side) as f64;
        let shift_adds =
            row_subarrays * if self.corrected() { placement.columns as f64 } else { physical_columns };
        let accumulation = subarray.shift_add * (read_planes * shift_adds)
            + p.adder
                * (chip.sum_bits
                    * self.scaling.logic
                    * self.additions(layer, placement, chip, element_columns));

        // Inputs: a layer split by tap passes each value on from element to element, so a tile loads it once. What a row
        // carries is stored in, and sent to, every processing element along the columns.
        let loaded = if placement.split { layer.input.channels as f64 } else { matrix_rows };
        let partial_sums = chip.sum_bits * layer.outputs as f64 * self.producers(placement, chip);
        let buffers = (p.buffer
            * (planes * (loaded * placement.column_tiles as f64 + matrix_rows * element_columns))
            + p.output_register * partial_sums)
            * self.scaling.logic;

        let tile_path = if placement.split { chip.paths.split_tile } else { chip.paths.unrolled_tile };
        let bit = |length: Length, activity: Number| bit_energy(p, &self.scaling, length, activity.base());
        let in_element = bit(chip.paths.element, p.element_activity);
        let input = bit(chip.paths.chip, p.input_global_activity)
            + (bit(tile_path, p.tile_activity) + in_element) * element_columns;
        let interconnect = input * (planes * matrix_rows)
            + in_element * partial_sums
            + bit(chip.paths.chip, p.output_global_activity)
                * self.sent_bits(layer, placement, chip, planes)?;
        Ok(EnergyParts {
            conversion,
            accumulation,
            drivers: subarray.driver * driven_rows,
            buffers,
            interconnect,
        })
    }

    /// Additions of partial sums for one vector.
    fn additions(&self, layer: &LayerShape, placement: &Placement, chip: &Chip, element_columns: f64) -> f64 {
        let row_elements = placement.row_blocks.div_ceil(chip.organisation.element_side);
        let between_blocks = (placement.matrices * (placement.row_blocks - row_elements)) as f64;
        let between_tiles = (placement.row_tiles - 1) as f64 * layer.outputs as f64;
        let between_elements = |inputs: usize| ((inputs - 1) * placement.row_tiles) as f64;
        if self.corrected() {
            // The cells of a weight are added too, after their shifts.
            let between_cells =
                row_elements as f64 * (chip.cells_per_weight - 1) as f64 * placement.matrices as f64;
            return (between_cells + between_blocks + between_elements(placement.summed_elements))
                * layer.outputs as f64
                + between_tiles;
        }
        // DNN+NeuroSim's trees work for every column of an element and have a power of two of inputs.
        let element_outputs = (chip.organisation.element_side * self.design.columns) as f64
            / chip.cells_per_weight as f64
            * element_columns;
        (between_blocks + between_elements(placement.summed_elements.next_power_of_two())) * element_outputs
            + between_tiles
    }

    /// Processing elements that each output's partial sums come from.
    fn producers(&self, placement: &Placement, chip: &Chip) -> f64 {
        let of_a_tile = if self.corrected() || placement.split {
            placement.summed_elements
        } else {
            // DNN+NeuroSim moves the sums of every element along a tile's rows, whether it holds weights or not.
            chip.organisation.tile_side / chip.organisation.element_side
        };
        (of_a_tile * placement.row_tiles) as f64
    }

    /// Bits that leave the tiles for each vector. Where several tiles hold the rows, each sends partial sums.
    fn sent_bits(
        &self,
        layer: &LayerShape,
        placement: &Placement,
        chip: &Chip,
        planes: f64,
    ) -> Result<f64, CrossbarError> {
        let outputs = layer.outputs as f64;
        if self.corrected() && placement.row_tiles > 1 {
            return Ok(outputs * chip.sum_bits * placement.row_tiles as f64);
        }
        Ok(outputs * planes * layer.stored_share()?)
    }

    /// The latency of a layer. A step is the time of a conversion: the slowest part sets the clock.
    fn latency(
        &self,
        layer: &LayerShape,
        placement: &Placement,
        chip: &Chip,
        precision: Precision,
        vectors: usize,
        read_planes: f64,
    ) -> Result<LatencyParts, CrossbarError> {
        let p = &self.parameters;
        let step = chip.subarray.conversion.time;
        let copies = if self.corrected() { placement.copies.min(vectors.max(1)) } else { placement.copies };
        let planes = f64::from(precision.activation_bits);
        let turns = self.design.columns_per_converter as f64;
        let vectors = vectors as f64;
        let reads = read_planes * turns / copies as f64;
        let element_stages = f64::from(placement.summed_blocks.next_power_of_two().ilog2());
        let tile_stages = f64::from(placement.summed_elements.next_power_of_two().ilog2());
        let tile_sum = if placement.summed_elements > 1 {
            turns * (tile_stages + 1.0) * chip.sum_bits * p.adder_steps.base() / chip.cells_per_weight as f64
        } else {
            0.0
        };
        let accumulation = reads + turns * element_stages / copies as f64 + tile_sum;
        let (input_steps, output_steps) = if placement.split {
            (p.split_input_steps.base(), p.split_output_steps.base())
        } else {
            (p.unrolled_input_steps.base(), p.unrolled_output_steps.base())
        };
        let tiles_in_parallel = |count: f64, tiles: usize| count / tiles as f64;
        let rows = tiles_in_parallel((placement.matrices * placement.rows) as f64, placement.row_tiles);
        // What a pool drops is never stored.
        let outputs = tiles_in_parallel(layer.outputs as f64 * layer.stored_share()?, placement.column_tiles);
        let width = p.buffer_fixed_share.base()
            + p.buffer_bit_share.base() * f64::from(precision.weights.bits() + precision.activation_bits);
        let buffers = (rows * input_steps + outputs * output_steps) * width;
        let interconnect = planes * (rows * p.input_steps.base() + outputs * p.output_steps.base());
        let time = |steps: f64| -> Time { step * (steps * vectors) };
        Ok(LatencyParts {
            conversion: time(reads),
            accumulation: time(accumulation),
            buffers: time(buffers),
            interconnect: time(interconnect),
        })
    }
}
