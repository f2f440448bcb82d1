//! A layer in subarrays. The groups of a grouped convolution stand along the diagonal of subarrays, as many as fit; a subarray is taken
//! to have as many columns as rows. The cells beside the diagonal hold weights of 0, and are read like the others.

use std::ops::Range;

use network::{Accumulators, FeatureMap, LinearLayer, Shape, TernaryWeights, Window};
use rand::Rng;

use super::cells::{Cells, Device, NonIdealities};
use super::conversion::{ConverterRange, Levels};
use super::{ExecutionError, Reading, WeightEncoding};
use crate::Mapping;

/// A layer programmed into subarrays.
#[derive(Debug, Clone)]
pub(crate) struct AnalogLayer {
    name: String,
    window: Window,
    input: Shape,
    /// What the padding holds, for each input channel.
    zeros: Vec<u16>,
    input_bits: u32,
    output: Shape,
    reading: Reading,
    levels: Levels,
    largest_sum: u32,
    blocks: Vec<Block>,
}

/// The rows of a subarray over all of the layer's columns that they reach.
#[derive(Debug, Clone)]
struct Block {
    /// Channel and tap of each row.
    rows: Vec<(usize, (usize, usize))>,
    outputs: Range<usize>,
    columns: usize,
    /// Row by row.
    codes: Vec<u16>,
    /// Cells that are not ideal.
    cells: Option<Cells>,
}

/// The sums of a subarray's columns.
enum ColumnSums<'s> {
    /// Of ideal cells.
    Whole(&'s [u16]),
    /// Of others.
    Real(&'s [f32]),
}

/// Where sums are taken, kept from one position to the next.
struct Buffers {
    whole: Vec<u16>,
    real: Vec<f32>,
    lost: Vec<f32>,
}

impl Block {
    fn new(
        weights: &TernaryWeights,
        rows: Vec<(usize, (usize, usize))>,
        outputs: Range<usize>,
        encoding: WeightEncoding,
    ) -> Self {
        let columns = outputs.len() * columns_of_output(encoding);
        let mut cells = Vec::with_capacity(rows.len() * columns);
        for &(channel, (row, column)) in &rows {
            for output in outputs.clone() {
                let weight = weights.slice(output, channel)[row * weights.kernel_width() + column];
                cells.extend_from_slice(&codes(encoding, weight)[..columns_of_output(encoding)]);
            }
        }
        Self { rows, outputs, columns, codes: cells, cells: None }
    }

    /// The sums of all columns over the active rows, which are in ascending order.
    fn sums<'b>(&self, active: &[usize], buffers: &'b mut Buffers) -> ColumnSums<'b> {
        let Buffers { whole, real, lost } = buffers;
        match &self.cells {
            Some(cells) => {
                real.resize(self.columns, 0.0);
                lost.resize(self.columns, 0.0);
                cells.sums(active.iter().rev().copied(), real, lost);
                ColumnSums::Real(real)
            }
            None => {
                whole.clear();
                whole.resize(self.columns, 0);
                for row in active {
                    let codes = &self.codes[row * self.columns..(row + 1) * self.columns];
                    whole.iter_mut().zip(codes).for_each(|(sum, code)| *sum += code);
                }
                ColumnSums::Whole(whole)
            }
        }
    }
}

const fn columns_of_output(encoding: WeightEncoding) -> usize {
    match encoding {
        WeightEncoding::Offset => 1,
        WeightEncoding::Differential => 2,
    }
}

/// The codes of the cells that hold a weight.
fn codes(encoding: WeightEncoding, weight: i8) -> [u16; 2] {
    match encoding {
        WeightEncoding::Offset => [(weight + 1) as u16, 0],
        WeightEncoding::Differential => [u16::from(weight > 0), u16::from(weight < 0)],
    }
}

/// The largest code of a weight, and the largest that its cell could hold.
const fn largest_codes(encoding: WeightEncoding) -> (u32, f64) {
    match encoding {
        WeightEncoding::Offset => (2, 3.0),
        WeightEncoding::Differential => (1, 1.0),
    }
}

impl AnalogLayer {
    /// Programs ideal cells. A calibrated range begins with nothing seen.
    pub fn new(layer: &LinearLayer, reading: Reading) -> Self {
        let weights = layer.weights();
        let taps: Vec<(usize, usize)> = (0..weights.kernel_height())
            .flat_map(|row| (0..weights.kernel_width()).map(move |column| (row, column)))
            .collect();
        let rows_of_group = weights.inputs() / weights.groups() * taps.len();
        let outputs_of_group = weights.outputs() / weights.groups();
        let split =
            reading.mapping == Mapping::SplitKernel && taps.len() > 1 && rows_of_group >= reading.rows;
        let columns_of_group = outputs_of_group * columns_of_output(reading.encoding);
        let fitting = (reading.rows / rows_of_group.max(1)).min(reading.rows / columns_of_group.max(1));
        let together = if split { 1 } else { fitting.clamp(1, weights.groups()) };
        let inputs_of_group = weights.inputs() / weights.groups();
        let mut blocks = Vec::new();
        for first in (0..weights.groups()).step_by(together) {
            let groups = first..weights.groups().min(first + together);
            let of_groups = |of_one: usize| groups.start * of_one..groups.end * of_one;
            let channels = of_groups(inputs_of_group);
            let matrices: Vec<Vec<_>> = if split {
                taps.iter().map(|&tap| channels.clone().map(|channel| (channel, tap)).collect()).collect()
            } else {
                let of_channel = |channel| taps.iter().map(move |&tap| (channel, tap));
                vec![channels.flat_map(of_channel).collect()]
            };
            let outputs = of_groups(outputs_of_group);
            blocks.extend(
                matrices
                    .iter()
                    .flat_map(|matrix| matrix.chunks(reading.rows))
                    .map(|rows| Block::new(weights, rows.to_vec(), outputs.clone(), reading.encoding)),
            );
        }
        let tallest = blocks.iter().map(|block| block.rows.len()).max().unwrap_or(0);
        let largest_sum = match reading.range {
            ConverterRange::FullScale => tallest as u32 * largest_codes(reading.encoding).0,
            ConverterRange::Calibrated | ConverterRange::UnitSteps => 0,
        };
        Self {
            name: layer.name().to_owned(),
            window: layer.window(),
            input: layer.input(),
            zeros: layer.input_zeros().to_vec(),
            input_bits: layer.input_bits(),
            output: layer.output(),
            levels: Levels::spanning(reading.converter_bits, f64::from(largest_sum)),
            reading,
            largest_sum,
            blocks,
        }
    }

    /// The layer's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Widens a calibrated range to the sums of an image.
    pub fn calibrate(&mut self, input: &FeatureMap) -> Result<(), ExecutionError> {
        let mut largest = 0.0_f32;
        self.visit(input, |_, _, _, sums, _| {
            let of_position = match sums {
                ColumnSums::Whole(sums) => f32::from(sums.iter().copied().max().unwrap_or(0)),
                ColumnSums::Real(sums) => sums.iter().copied().fold(0.0, f32::max),
            };
            largest = largest.max(of_position);
        })?;
        self.largest_sum = self.largest_sum.max(largest as u32);
        self.levels = Levels::spanning(self.reading.converter_bits, f64::from(self.largest_sum));
        Ok(())
    }

    /// Draws cells that are not ideal.
    pub fn draw_cells(&mut self, device: Device, non_idealities: &NonIdealities, generator: &mut impl Rng) {
        let (_, largest_code) = largest_codes(self.reading.encoding);
        for block in &mut self.blocks {
            let (codes, columns) = (&block.codes, block.columns);
            block.cells = Some(Cells::draw(codes, columns, largest_code, device, non_idealities, generator));
        }
    }

    /// The accumulators of an image.
    pub fn accumulate(&self, input: &FeatureMap) -> Result<Accumulators, ExecutionError> {
        let positions = self.output.positions();
        let mut totals = vec![0.0_f64; self.output.len()];
        let (encoding, outputs) = (self.reading.encoding, self.output.channels);
        // Ideal sums are whole numbers up to twice the rows: what becomes of each is looked up.
        let of_whole: Vec<f64> =
            (0..=2 * self.reading.rows as u16).map(|sum| self.levels.convert(f32::from(sum))).collect();
        self.visit(input, |plane, place, of_block, sums, active| {
            // Position by position, so that the outputs of one lie together.
            let totals = &mut totals[place * outputs..(place + 1) * outputs][of_block];
            let add = Addition { encoding, weight: f64::from(1_u32 << plane), active: f64::from(active) };
            match sums {
                ColumnSums::Whole(sums) => add.to(totals, sums.iter().map(|&sum| of_whole[usize::from(sum)])),
                ColumnSums::Real(sums) => add.to(totals, sums.iter().map(|&sum| self.levels.convert(sum))),
            }
        })?;
        let at = |output: usize, place: usize| totals[place * outputs + output].round() as i32;
        let sums = (0..outputs).flat_map(|output| (0..positions).map(move |place| (output, place)));
        let sums = sums.map(|(output, place)| at(output, place)).collect();
        Accumulators::new(self.output, sums).map_err(|_| self.wrong_shape(input.shape()))
    }

    fn wrong_shape(&self, found: Shape) -> ExecutionError {
        ExecutionError::InputShape { layer: self.name.clone(), found, expected: self.input }
    }

    /// Calls `visit` for every block, output position and bit plane with active rows: the plane, the position, the block's outputs,
    /// its columns' sums and the number of active rows.
    fn visit(
        &self,
        input: &FeatureMap,
        mut visit: impl FnMut(usize, usize, Range<usize>, ColumnSums<'_>, u32),
    ) -> Result<(), ExecutionError> {
        if input.shape() != self.input {
            return Err(self.wrong_shape(input.shape()));
        }
        let mut buffers = Buffers { whole: Vec::new(), real: Vec::new(), lost: Vec::new() };
        let mut planes: Vec<Vec<usize>> = vec![Vec::new(); self.input_bits as usize];
        for block in &self.blocks {
            for place in 0..self.output.positions() {
                planes.iter_mut().for_each(Vec::clear);
                let position = (place / self.output.width, place % self.output.width);
                for (row, &(channel, tap)) in block.rows.iter().enumerate() {
                    let mut value = match self.window.source(self.input, position, tap) {
                        Some((y, x)) => {
                            input.values()[(channel * self.input.height + y) * self.input.width + x]
                        }
                        None => self.zeros[channel],
                    };
                    while value != 0 {
                        planes[value.trailing_zeros() as usize].push(row);
                        value &= value - 1;
                    }
                }
                // Without an active row no current flows, and no level but the first is given.
                for (plane, active) in planes.iter().enumerate().filter(|(_, active)| !active.is_empty()) {
                    let sums = block.sums(active, &mut buffers);
                    visit(plane, place, block.outputs.clone(), sums, active.len() as u32);
                }
            }
        }
        Ok(())
    }
}

/// How converted sums of a bit plane are added to the outputs of a position.
struct Addition {
    encoding: WeightEncoding,
    /// Of the plane.
    weight: f64,
    /// Active rows.
    active: f64,
}

impl Addition {
    #[inline]
    fn to(&self, totals: &mut [f64], mut converted: impl Iterator<Item = f64>) {
        match self.encoding {
            WeightEncoding::Offset => {
                for (total, sum) in totals.iter_mut().zip(converted) {
                    *total += self.weight * (sum - self.active);
                }
            }
            WeightEncoding::Differential => {
                for total in totals {
                    let (plus, minus) = (converted.next().unwrap_or(0.0), converted.next().unwrap_or(0.0));
                    *total += self.weight * (plus - minus);
                }
            }
        }
    }
}
