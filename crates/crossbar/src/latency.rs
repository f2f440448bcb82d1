//! The time of a layer, in steps. A step is the time of a conversion, which sets the clock of a chip whose converters are its
//! slowest part; buffers, adders and wires take a stated number of steps for each value or bit.

use technology::Quantity;

use crate::LatencyParts;
use crate::work::Work;

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
        let stages = |inputs: usize| f64::from(inputs.next_power_of_two().ilog2());
        let in_elements = self.turns() * stages(self.placement.summed_blocks) / self.copies();
        if self.placement.summed_elements <= 1 {
            return in_elements;
        }
        let width =
            self.sum_bits() * self.chip.parameters.adder_steps.base() / self.chip.cells_per_weight as f64;
        in_elements + self.turns() * (stages(self.placement.summed_elements) + 1.0) * width
    }

    /// Rows and stored outputs of a tile; tiles work at the same time, units that share one take turns at its ports.
    fn values_of_a_tile(&self) -> (f64, f64) {
        let units = self.placement.units_in_tile() as f64;
        (
            units * self.matrix_rows() / self.placement.row_tiles as f64,
            units * self.placement.outputs as f64 * self.demand.stored_share
                / self.placement.column_tiles as f64,
        )
    }

    fn buffer_steps(&self) -> f64 {
        let p = self.chip.parameters;
        let (rows, outputs) = self.values_of_a_tile();
        let (input, output) = if self.placement.split {
            (p.split_input_steps.base(), p.split_output_steps.base())
        } else {
            (p.unrolled_input_steps.base(), p.unrolled_output_steps.base())
        };
        let bits = f64::from(self.chip.precision.weights.bits()) + self.demand.planes;
        (rows * input + outputs * output) * (p.buffer_fixed_share.base() + p.buffer_bit_share.base() * bits)
    }

    fn interconnect_steps(&self) -> f64 {
        let (rows, outputs) = self.values_of_a_tile();
        let p = self.chip.parameters;
        self.demand.planes * (rows * p.input_steps.base() + outputs * p.output_steps.base())
    }
}
