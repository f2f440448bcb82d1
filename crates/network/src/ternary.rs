//! Ternary weights.

use std::ops::Range;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// Ternary weights of a layer, `[outputs, inputs / groups, kernel_height, kernel_width]`, row-major; a fully connected layer
/// has a kernel of 1x1.
///
/// The channels of a grouped convolution fall into groups of neighbours, and an output reads the inputs of its own group only;
/// the weights outside of the groups are 0 and stored nowhere. A depthwise convolution has as many groups as inputs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TernaryWeights {
    outputs: usize,
    inputs_of_group: usize,
    groups: usize,
    kernel_height: usize,
    kernel_width: usize,
    values: Vec<i8>,
    /// The taps of an input that an output does not read.
    unread: Vec<i8>,
}

/// Why values are not ternary weights of a shape.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TernaryWeightsError {
    /// The number of values is not the product of the extents.
    #[error(
        "{found} weights found where [{outputs}, {inputs}, {kernel_height}, {kernel_width}] needs {expected}"
    )]
    Length {
        /// Values given.
        found: usize,
        /// Values needed.
        expected: usize,
        /// Output channels.
        outputs: usize,
        /// Input channels of a group.
        inputs: usize,
        /// Kernel rows.
        kernel_height: usize,
        /// Kernel columns.
        kernel_width: usize,
    },
    /// The outputs cannot be shared out among the groups.
    #[error("{outputs} outputs in {groups} groups; expected at least one group, and as many outputs in each")]
    Groups {
        /// Output channels.
        outputs: usize,
        /// Groups.
        groups: usize,
    },
    /// A weight other than -1, 0 and 1.
    #[error("weight {value} at index {index} is not -1, 0 or 1")]
    NotTernary {
        /// Its place in row-major order.
        index: usize,
        /// What it is.
        value: i8,
    },
}

impl TernaryWeights {
    /// Weights `[outputs, inputs, kernel_height, kernel_width]` in row-major order, every output reading every input.
    ///
    /// # Errors
    /// If the number of values does not fit the shape, or one of them is not -1, 0 or 1.
    pub fn new(shape: [usize; 4], values: Vec<i8>) -> Result<Self, TernaryWeightsError> {
        Self::grouped(shape, 1, values)
    }

    /// Weights `[outputs, inputs / groups, kernel_height, kernel_width]` in row-major order.
    ///
    /// # Errors
    /// If the number of values does not fit the shape, the outputs do not fall into that many groups, or a value is not -1, 0 or
    /// 1.
    pub fn grouped(
        [outputs, inputs, kernel_height, kernel_width]: [usize; 4],
        groups: usize,
        values: Vec<i8>,
    ) -> Result<Self, TernaryWeightsError> {
        if groups == 0 || !outputs.is_multiple_of(groups) {
            return Err(TernaryWeightsError::Groups { outputs, groups });
        }
        let expected = outputs * inputs * kernel_height * kernel_width;
        if values.len() != expected {
            return Err(TernaryWeightsError::Length {
                found: values.len(),
                expected,
                outputs,
                inputs,
                kernel_height,
                kernel_width,
            });
        }
        if let Some(index) = values.iter().position(|value| !(-1..=1).contains(value)) {
            return Err(TernaryWeightsError::NotTernary { index, value: values[index] });
        }
        let unread = vec![0; if groups > 1 { kernel_height * kernel_width } else { 0 }];
        Ok(Self { outputs, inputs_of_group: inputs, groups, kernel_height, kernel_width, values, unread })
    }

    /// Weights that are drawn, each 0 with the probability `sparsity`, else -1 or 1 alike. The stream belongs to the seed and the
    /// layer's place in its network, so that the same place gives the same weights.
    ///
    /// # Errors
    /// If the outputs do not fall into that many groups.
    pub fn drawn(
        shape: [usize; 4],
        groups: usize,
        sparsity: f64,
        seed: u64,
        place: usize,
    ) -> Result<Self, TernaryWeightsError> {
        let mut key = [0_u8; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..16].copy_from_slice(&(place as u64).to_le_bytes());
        let mut generator = ChaCha8Rng::from_seed(key);
        // 31 bits decide whether it is 0, the last one its sign: whole numbers are compared alike on every machine.
        let zeros = (sparsity.clamp(0.0, 1.0) * f64::from(1_u32 << 31)).round() as u32;
        let weight = |_| {
            let drawn = generator.next_u32();
            if drawn >> 1 < zeros { 0 } else { 1 - 2 * (drawn & 1) as i8 }
        };
        Self::grouped(shape, groups, (0..shape.iter().product()).map(weight).collect())
    }

    /// The extents `[outputs, inputs / groups, kernel_height, kernel_width]`.
    pub fn shape(&self) -> [usize; 4] {
        [self.outputs, self.inputs_of_group, self.kernel_height, self.kernel_width]
    }

    /// Output channels.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// Input channels of all groups.
    pub fn inputs(&self) -> usize {
        self.inputs_of_group * self.groups
    }

    /// Groups of channels; 1 where every output reads every input.
    pub fn groups(&self) -> usize {
        self.groups
    }

    /// The inputs that an output reads.
    pub fn inputs_of(&self, output: usize) -> Range<usize> {
        let first = output / (self.outputs / self.groups).max(1) * self.inputs_of_group;
        first..first + self.inputs_of_group
    }

    /// The outputs that read an input.
    pub fn outputs_of(&self, input: usize) -> Range<usize> {
        let outputs_of_group = self.outputs / self.groups;
        let first = input / self.inputs_of_group.max(1) * outputs_of_group;
        first..first + outputs_of_group
    }

    /// Rows of the kernel.
    pub fn kernel_height(&self) -> usize {
        self.kernel_height
    }

    /// Columns of the kernel.
    pub fn kernel_width(&self) -> usize {
        self.kernel_width
    }

    /// Taps of one input channel.
    pub fn taps(&self) -> usize {
        self.kernel_height * self.kernel_width
    }

    /// All weights that are stored, row-major: those within the groups.
    pub fn values(&self) -> &[i8] {
        &self.values
    }

    /// The weights of one output, within its group: input by input, tap by tap.
    pub fn filter(&self, output: usize) -> &[i8] {
        let length = self.inputs_of_group * self.taps();
        &self.values[output * length..(output + 1) * length]
    }

    /// The taps of one input channel for one output, row-major over the kernel; zeros where the output does not read the input.
    pub fn slice(&self, output: usize, input: usize) -> &[i8] {
        let read = self.inputs_of(output);
        if !read.contains(&input) {
            return &self.unread;
        }
        let taps = self.taps();
        let start = (output * self.inputs_of_group + input - read.start) * taps;
        &self.values[start..start + taps]
    }

    /// How many weights are not zero.
    pub fn nonzeros(&self) -> usize {
        self.values.iter().filter(|&&value| value != 0).count()
    }

    /// The share of weights within the groups that are zero.
    pub fn sparsity(&self) -> f64 {
        if self.values.is_empty() {
            return 0.0;
        }
        1.0 - self.nonzeros() as f64 / self.values.len() as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_output_reads_the_inputs_of_its_group_and_zeros_elsewhere() {
        // Two groups of two outputs and three inputs.
        let weights = TernaryWeights::grouped([4, 3, 1, 1], 2, (0..12).map(|i| i % 3 - 1).collect()).unwrap();
        assert_eq!((weights.inputs(), weights.groups()), (6, 2));
        assert_eq!((weights.inputs_of(1), weights.inputs_of(2)), (0..3, 3..6));
        assert_eq!((weights.outputs_of(2), weights.outputs_of(3)), (0..2, 2..4));
        let row = |output| (0..6).map(|input| weights.slice(output, input)[0]).collect::<Vec<_>>();
        assert_eq!(row(0), [-1, 0, 1, 0, 0, 0]);
        assert_eq!(row(3), [0, 0, 0, -1, 0, 1]);
    }

    #[test]
    fn outputs_that_do_not_fall_into_groups_are_refused() {
        for groups in [0, 3] {
            let refused = TernaryWeights::grouped([4, 1, 1, 1], groups, vec![0; 4]);
            assert_eq!(refused, Err(TernaryWeightsError::Groups { outputs: 4, groups }));
        }
    }
}
