//! A layer in subarrays.

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
    input_bits: u32,
    output: Shape,
    reading: Reading,
    levels: Levels,
    largest_sum: u32,
    blocks: Vec<Block>,
}

/// The rows of a subarray over all of the layer's columns.
#[derive(Debug, Clone)]
struct Block {
    /// Channel and tap of each row.
    rows: Vec<(usize, (usize, usize))>,
    /// For each column the rows whose cell holds the lower, and the rows whose cell holds the upper bit of the code.
    columns: Vec<[Vec<u64>; 2]>,
    /// Cells that are not ideal.
    cells: Option<Cells>,
}

impl Block {
    fn new(weights: &TernaryWeights, rows: Vec<(usize, (usize, usize))>, encoding: WeightEncoding) -> Self {
        let words = rows.len().div_ceil(64);
        let columns = (0..weights.outputs()).flat_map(|output| {
            let mut columns = vec![[vec![0; words], vec![0; words]]; columns_of_output(encoding)];
            for (place, &(channel, (row, column))) in rows.iter().enumerate() {
                let weight = weights.slice(output, channel)[row * weights.kernel_width() + column];
                for (code, bits) in codes(encoding, weight).into_iter().zip(&mut columns) {
                    for (bit, words) in bits.iter_mut().enumerate() {
                        words[place / 64] |= u64::from(code >> bit & 1) << (place % 64);
                    }
                }
            }
            columns
        });
        let columns = columns.collect();
        Self { rows, columns, cells: None }
    }

    /// The codes of all cells, row by row.
    fn codes(&self) -> Vec<u8> {
        let bit = |words: &[u64], row: usize| (words[row / 64] >> (row % 64) & 1) as u8;
        (0..self.rows.len())
            .flat_map(|row| self.columns.iter().map(move |[low, high]| bit(low, row) | bit(high, row) << 1))
            .collect()
    }

    /// The sums of all columns over the active rows.
    fn sums(&self, active: &[u64], sums: &mut [f32], lost: &mut [f32]) {
        match &self.cells {
            Some(cells) => {
                let rows = (0..self.rows.len()).rev().filter(|row| active[row / 64] >> (row % 64) & 1 == 1);
                cells.sums(rows, sums, lost);
            }
            None => {
                for (sum, [low, high]) in sums.iter_mut().zip(&self.columns) {
                    let count = |words: &[u64]| -> u32 {
                        words.iter().zip(active).map(|(cells, active)| (cells & active).count_ones()).sum()
                    };
                    *sum = (count(low) + 2 * count(high)) as f32;
                }
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
fn codes(encoding: WeightEncoding, weight: i8) -> [u8; 2] {
    match encoding {
        WeightEncoding::Offset => [(weight + 1) as u8, 0],
        WeightEncoding::Differential => [u8::from(weight > 0), u8::from(weight < 0)],
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
        let split = reading.mapping == Mapping::SplitKernel
            && taps.len() > 1
            && weights.inputs() * taps.len() >= reading.rows;
        let matrices: Vec<Vec<_>> = if split {
            taps.iter().map(|&tap| (0..weights.inputs()).map(|channel| (channel, tap)).collect()).collect()
        } else {
            let of_channel = |channel| taps.iter().map(move |&tap| (channel, tap));
            vec![(0..weights.inputs()).flat_map(of_channel).collect()]
        };
        let blocks: Vec<Block> = matrices
            .iter()
            .flat_map(|matrix| matrix.chunks(reading.rows))
            .map(|rows| Block::new(weights, rows.to_vec(), reading.encoding))
            .collect();
        let tallest = blocks.iter().map(|block| block.rows.len()).max().unwrap_or(0);
        let largest_sum = match reading.range {
            ConverterRange::FullScale => tallest as u32 * largest_codes(reading.encoding).0,
            ConverterRange::Calibrated | ConverterRange::UnitSteps => 0,
        };
        Self {
            name: layer.name().to_owned(),
            window: layer.window(),
            input: layer.input(),
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
        self.visit(input, |_, _, sums, _| {
            largest = sums.iter().copied().fold(largest, f32::max);
        })?;
        self.largest_sum = self.largest_sum.max(largest as u32);
        self.levels = Levels::spanning(self.reading.converter_bits, f64::from(self.largest_sum));
        Ok(())
    }

    /// Draws cells that are not ideal.
    pub fn draw_cells(&mut self, device: Device, non_idealities: &NonIdealities, generator: &mut impl Rng) {
        let (_, largest_code) = largest_codes(self.reading.encoding);
        for block in &mut self.blocks {
            let (codes, columns) = (block.codes(), block.columns.len());
            block.cells = Some(Cells::draw(&codes, columns, largest_code, device, non_idealities, generator));
        }
    }

    /// The accumulators of an image.
    pub fn accumulate(&self, input: &FeatureMap) -> Result<Accumulators, ExecutionError> {
        let positions = self.output.positions();
        let mut totals = vec![0.0_f64; self.output.len()];
        let encoding = self.reading.encoding;
        self.visit(input, |plane, place, sums, active| {
            let weight = f64::from(1_u32 << plane);
            let converted = |sum: f32| self.levels.convert(f64::from(sum));
            for output in 0..self.output.channels {
                let sum = match encoding {
                    WeightEncoding::Offset => converted(sums[output]) - f64::from(active),
                    WeightEncoding::Differential => {
                        converted(sums[2 * output]) - converted(sums[2 * output + 1])
                    }
                };
                totals[output * positions + place] += weight * sum;
            }
        })?;
        let sums = totals.into_iter().map(|total| total.round() as i32).collect();
        Accumulators::new(self.output, sums).map_err(|_| self.wrong_shape(input.shape()))
    }

    fn wrong_shape(&self, found: Shape) -> ExecutionError {
        ExecutionError::InputShape { layer: self.name.clone(), found, expected: self.input }
    }

    /// Calls `visit` for every block, output position and bit plane with active rows: the plane, the position, the columns' sums
    /// and the number of active rows.
    fn visit(
        &self,
        input: &FeatureMap,
        mut visit: impl FnMut(u32, usize, &[f32], u32),
    ) -> Result<(), ExecutionError> {
        if input.shape() != self.input {
            return Err(self.wrong_shape(input.shape()));
        }
        let columns = self.output.channels * columns_of_output(self.reading.encoding);
        let (mut sums, mut lost) = (vec![0.0; columns], vec![0.0; columns]);
        for block in &self.blocks {
            let words = block.rows.len().div_ceil(64);
            let mut planes = vec![vec![0_u64; words]; self.input_bits as usize];
            for place in 0..self.output.positions() {
                planes.iter_mut().for_each(|plane| plane.fill(0));
                let position = (place / self.output.width, place % self.output.width);
                for (row, &(channel, tap)) in block.rows.iter().enumerate() {
                    let Some((y, x)) = self.window.source(self.input, position, tap) else { continue };
                    let value = input.values()[(channel * self.input.height + y) * self.input.width + x];
                    for (bit, plane) in planes.iter_mut().enumerate() {
                        plane[row / 64] |= u64::from(value >> bit & 1) << (row % 64);
                    }
                }
                for (bit, active) in (0..).zip(&planes) {
                    let count = active.iter().map(|word| word.count_ones()).sum();
                    // No current flows, and no level but the first is given.
                    if count > 0 {
                        block.sums(active, &mut sums, &mut lost);
                        visit(bit, place, &sums, count);
                    }
                }
            }
        }
        Ok(())
    }
}
