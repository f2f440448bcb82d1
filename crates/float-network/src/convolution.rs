//! Convolutions and fully connected layers over many images at once.

use network::Shape;
use rayon::prelude::*;

use crate::matrix::{COLUMNS, LeftMatrix, RightMatrix};
use crate::operation::{Convolution, FullyConnected, Operation};
use crate::{FloatMap, Window};

/// Output positions that are gathered into one matrix: with all taps of a layer it still fits the caches.
const POSITIONS: usize = 64 * COLUMNS;

impl Convolution {
    pub(crate) fn evaluate(&self, inputs: &[FloatMap], output: Shape) -> Vec<FloatMap> {
        let by_group = self.weights.chunks_exact(self.weights.len() / self.groups);
        if self.inputs_per_group == 1 {
            return inputs.par_iter().map(|input| self.evaluate_channel_by_channel(input, output)).collect();
        }
        let depth = self.inputs_per_group * self.window.taps();
        let packed: Vec<LeftMatrix> = by_group.map(|weights| LeftMatrix::new(depth, weights)).collect();
        inputs.par_iter().map(|input| self.evaluate_by_matrix(&packed, input, output)).collect()
    }

    fn bias_of(&self, output: usize) -> f32 {
        self.bias.as_ref().map_or(0.0, |bias| bias[output])
    }

    fn evaluate_by_matrix(&self, packed: &[LeftMatrix], input: &FloatMap, output: Shape) -> FloatMap {
        let positions = output.positions();
        let mut values = vec![0.0; output.len()];
        let starts: Vec<usize> = (0..positions).step_by(POSITIONS).collect();
        for (group, left) in packed.iter().enumerate() {
            let first = group * left.rows();
            for &start in &starts {
                let count = POSITIONS.min(positions - start);
                let right = self.gather(group, input, output.width, start, count);
                left.times(&right, |row, column, sums| {
                    let (row, bias) = (first + row, self.bias_of(first + row));
                    let place = row * positions + start + column;
                    let values = &mut values[place..place + sums.len()];
                    values.iter_mut().zip(sums).for_each(|(value, sum)| *value = sum + bias);
                });
            }
        }
        FloatMap::of(output, values)
    }

    /// The windows of some output positions, one a column: a row for each input channel and tap.
    fn gather(
        &self,
        group: usize,
        input: &FloatMap,
        width: usize,
        start: usize,
        count: usize,
    ) -> RightMatrix {
        let (shape, window) = (input.shape(), self.window);
        let ([kernel_rows, kernel_columns], [down, across]) = (window.kernel(), window.dilation());
        let mut right = RightMatrix::zeros(self.inputs_per_group * window.taps(), count);
        for column in 0..count {
            let position = start + column;
            let (tap_row, row, rows) = window.inside(0, position / width, shape.height);
            let (tap_column, left, columns) = window.inside(1, position % width, shape.width);
            for channel in 0..self.inputs_per_group {
                let from = (group * self.inputs_per_group + channel) * shape.positions();
                for step in 0..rows {
                    let source = from + (row + step * down) * shape.width + left;
                    let tap = (channel * kernel_rows + tap_row + step) * kernel_columns + tap_column;
                    let taken = input.values()[source..].iter().step_by(across).take(columns);
                    for (offset, &value) in taken.enumerate() {
                        right.set(tap + offset, column, value);
                    }
                }
            }
        }
        right
    }

    /// Depthwise: every output sees one channel.
    fn evaluate_channel_by_channel(&self, input: &FloatMap, output: Shape) -> FloatMap {
        let (shape, window, taps) = (input.shape(), self.window, self.window.taps());
        let ([_, kernel_columns], [down, across]) = (window.kernel(), window.dilation());
        let outputs_per_group = self.outputs / self.groups;
        let mut values = Vec::with_capacity(output.len());
        for (filter, weights) in self.weights.chunks_exact(taps).enumerate() {
            let channel = filter / outputs_per_group * shape.positions();
            let channel = &input.values()[channel..channel + shape.positions()];
            for y in 0..output.height {
                let (tap_row, row, rows) = window.inside(0, y, shape.height);
                for x in 0..output.width {
                    let (tap_column, left, columns) = window.inside(1, x, shape.width);
                    let mut sum = 0.0;
                    for step in 0..rows {
                        let source = (row + step * down) * shape.width + left;
                        let tap = (tap_row + step) * kernel_columns + tap_column;
                        let values = channel[source..].iter().step_by(across);
                        for (value, weight) in values.zip(&weights[tap..tap + columns]) {
                            sum += value * weight;
                        }
                    }
                    values.push(sum + self.bias_of(filter));
                }
            }
        }
        FloatMap::of(output, values)
    }

    /// The convolution of maps of one shape, one for each; `None` if it does not fit them.
    pub fn apply(&self, inputs: &[FloatMap]) -> Option<Vec<FloatMap>> {
        let Some(first) = inputs.first() else { return Some(Vec::new()) };
        let output = Operation::Convolution(self.clone()).output(&[first.shape()]).ok()?;
        inputs.iter().all(|input| input.shape() == first.shape()).then(|| self.evaluate(inputs, output))
    }

    /// A convolution of the same geometry with other weights and no bias; `None` if there are not as many.
    pub fn with_weights(&self, weights: Vec<f32>) -> Option<Self> {
        (weights.len() == self.weights.len()).then(|| Self { weights, bias: None, ..self.clone() })
    }
}

impl FullyConnected {
    pub(crate) fn evaluate(&self, inputs: &[FloatMap], output: Shape) -> Vec<FloatMap> {
        let left = LeftMatrix::new(self.inputs, &self.weights);
        // The images are the columns: the weights are read once for many of them.
        let batches = inputs.par_chunks(4 * COLUMNS).map(|images| {
            let mut right = RightMatrix::zeros(self.inputs, images.len());
            for (column, image) in images.iter().enumerate() {
                image.values().iter().enumerate().for_each(|(row, &value)| right.set(row, column, value));
            }
            let mut values = vec![vec![0.0; self.outputs]; images.len()];
            left.times(&right, |row, column, sums| {
                let bias = self.bias.as_ref().map_or(0.0, |bias| bias[row]);
                let images = values[column..column + sums.len()].iter_mut();
                images.zip(sums).for_each(|(values, sum)| values[row] = sum + bias);
            });
            values.into_iter().map(|values| FloatMap::of(output, values)).collect::<Vec<_>>()
        });
        batches.flatten().collect()
    }

    /// The same as a convolution of one position.
    pub fn to_convolution(&self) -> Convolution {
        Convolution {
            weights: self.weights.clone(),
            outputs: self.outputs,
            inputs_per_group: self.inputs,
            groups: 1,
            window: Window::POINT,
            bias: self.bias.clone(),
        }
    }
}
