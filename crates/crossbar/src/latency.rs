//! The time of a layer, in steps. A step is the time of a conversion, which sets the clock of a chip whose converters are its
//! slowest part. Adders and wires take as many whole steps as their delay fills; buffers store or load a word of a bank in a step
//! ([`crate::ports`]), or take a stated number of steps for each value.

use technology::Quantity;

use crate::ports::{TilePorts, bits_of_sum};
use crate::work::Work;
use crate::{Interconnect, LatencyParts, TileAdders, Transfers};

impl Work<'_> {
    /// The latency of all vectors.
    pub(crate) fn latency(&self) -> LatencyParts {
        let reads = self.reads();
        let of_all = |steps: f64| self.chip.subarray.conversion.time * (steps * self.demand.vectors as f64);
        LatencyParts {
            conversion: of_all(reads),
            accumulation: of_all(reads + self.sums()),
            buffers: of_all(self.buffer_steps()),
            interconnect: of_all(self.interconnect_steps()),
        }
    }

    /// Copies that work at the same time.
    fn copies(&self) -> f64 {
        let copies = self.placement.copies;
        // DNN+NeuroSim divides by all copies even where there are fewer vectors.
        (if self.chip.corrected() { copies.min(self.demand.vectors.max(1)) } else { copies }) as f64
    }

    /// Turns of the columns at a converter.
    fn turns(&self) -> f64 {
        self.chip.design.columns_per_converter as f64
    }

    /// Steps to read the columns; shift-adders follow in as many.
    fn reads(&self) -> f64 {
        self.demand.read_planes * self.turns() / self.copies()
    }

    /// Steps of the adder trees: within the elements of every copy, then within a tile for one vector after the other.
    fn sums(&self) -> f64 {
        let turns = self.turns() / self.chip.cells_per_weight as f64;
        let (conversion, planes) = self.chip.bits();
        let in_elements = self.tree_steps(self.placement.summed_blocks, conversion + planes + 1.0);
        let in_tile =
            self.tree_steps(self.placement.summed_elements, bits_of_sum(self.chip, self.placement) + 1.0);
        turns * (in_elements / self.copies() + in_tile)
    }

    /// Steps of a tree over so many sums of so many bits: a stage after the other, as its carry runs. Where a tree is complete, its
    /// stages follow one another within a step.
    fn tree_steps(&self, inputs: usize, bits: f64) -> f64 {
        let stages = inputs.max(1).next_power_of_two().ilog2();
        if stages == 0 {
            return 0.0;
        }
        let carry = |bits: f64| self.chip.parameters.adder_time * (bits * self.chip.scaling.delay);
        if !self.chip.corrected() && self.chip.design.tile_adders == TileAdders::PerColumn {
            return self.chip.whole_steps(carry(bits + f64::from(stages)));
        }
        (0..stages).map(|stage| self.chip.whole_steps(carry(bits + f64::from(stage)))).sum()
    }

    /// Rows and outputs of a full tile; tiles work at the same time, units that share one take turns at its ports.
    fn values_of_a_tile(&self) -> (f64, f64) {
        let (placement, design) = (self.placement, self.chip.design);
        let side = if placement.split { placement.element_side } else { self.chip.organisation.tile_side };
        let rows = placement.matrices * placement.rows.min(side * design.rows);
        let columns = placement.columns.min(side * design.columns);
        let units = placement.units_in_tile() as f64;
        (units * rows as f64, units * columns as f64 / self.chip.cells_per_weight as f64)
    }

    fn buffer_steps(&self) -> f64 {
        match self.chip.design.transfers {
            Transfers::Stated => self.stated_buffer_steps(),
            Transfers::Banked => {
                self.global_buffer_steps() + self.tile_buffer_steps() + self.register_steps()
            }
        }
    }

    fn stated_buffer_steps(&self) -> f64 {
        let p = self.chip.parameters;
        let (rows, outputs) = self.values_of_a_tile();
        let (input, output) = if self.placement.split {
            (p.split_input_steps.base(), p.split_output_steps.base())
        } else {
            (p.unrolled_input_steps.base(), p.unrolled_output_steps.base())
        };
        let bits = f64::from(self.chip.precision.weights.bits()) + self.demand.planes;
        // A tile's buffer takes all outputs, the global one those that are stored; each has half of the steps.
        let passed = outputs * (1.0 + self.demand.stored_share) / 2.0;
        (rows * input + passed * output) * (p.buffer_fixed_share.base() + p.buffer_bit_share.base() * bits)
    }

    /// Bits that pass the global buffer: all inputs of the layer and its outputs.
    fn global_bits(&self) -> (f64, f64) {
        let units = self.placement.units as f64;
        let inputs = units * self.matrix_rows() * self.demand.planes / self.placement.reuse as f64;
        (inputs, units * self.placement.outputs as f64 * self.demand.planes * self.demand.stored_share)
    }

    fn global_buffer_steps(&self) -> f64 {
        let (inputs, outputs) = self.global_bits();
        let turns = (self.chip.tiles as f64 / self.placement.tiles().max(1) as f64).ceil();
        (inputs + outputs) / self.chip.ports.global * turns
    }

    /// Bits that enter a tile and leave it.
    fn tile_bits(&self) -> (f64, f64) {
        let (rows, outputs) = self.values_of_a_tile();
        let sums = outputs * (bits_of_sum(self.chip, self.placement) + 1.0);
        (rows * self.demand.planes / self.placement.reuse as f64, sums / self.uncounted_sums())
    }

    fn tile_buffer_steps(&self) -> f64 {
        let ports = TilePorts::new(self.chip, self.placement);
        let (inputs, sums) = self.tile_bits();
        // Each bit is stored and loaded.
        2.0 * (inputs / ports.input + sums / ports.sum)
    }

    /// The registers of an element take the rows of a subarray in a step, and what its converters give in a turn.
    fn register_steps(&self) -> f64 {
        let (design, placement) = (self.chip.design, self.placement);
        let side = placement.element_side;
        let rows = placement.rows.min(side * design.rows) as f64 / design.rows as f64;
        let columns = placement.columns.min(side * design.columns) as f64 / self.chip.cells_per_weight as f64;
        (rows + columns / design.converters() as f64) / self.copies()
    }

    fn interconnect_steps(&self) -> f64 {
        let (chip, placement) = (self.chip, self.placement);
        let (chip_path, tile_path) = if placement.split {
            (chip.paths.split_chip, chip.paths.split_tile)
        } else {
            (chip.paths.unrolled_chip, chip.paths.unrolled_tile)
        };
        let (inputs, outputs) = self.global_bits();
        let across = |bits: f64, wires: f64, path| bits / wires * chip.wire_steps(path);
        let wires = chip.ports.wires;
        let in_chip = match (chip.design.interconnect, chip.design.transfers) {
            (Interconnect::HTree, Transfers::Banked) => across(inputs + outputs, wires, chip_path),
            (Interconnect::HTree, Transfers::Stated) => {
                let share = placement.tiles() as f64 / chip.tiles.max(1) as f64;
                across(inputs + outputs, (wires * share).ceil(), chip_path)
            }
            // A bus along every row of tiles takes inputs, one along every column outputs; each way is half of the path.
            (Interconnect::Bus, _) => {
                let along = chip.tiles_along as f64;
                across(inputs * along / placement.row_tiles as f64, wires, chip_path * 0.5)
                    + across(outputs * along / placement.column_tiles as f64, wires, chip_path * 0.5)
            }
        };
        let (inputs, sums) = self.tile_bits();
        let wires = TilePorts::new(chip, placement).wires;
        in_chip + across(inputs + sums, wires, tile_path)
    }
}
