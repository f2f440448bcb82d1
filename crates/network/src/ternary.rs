//! Ternary weights.

/// Ternary weights of a layer, `[outputs, inputs, kernel_height, kernel_width]`, row-major; a fully connected layer has a
/// kernel of 1x1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TernaryWeights {
    outputs: usize,
    inputs: usize,
    kernel_height: usize,
    kernel_width: usize,
    values: Vec<i8>,
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
        /// Input channels.
        inputs: usize,
        /// Kernel rows.
        kernel_height: usize,
        /// Kernel columns.
        kernel_width: usize,
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
    /// Weights `[outputs, inputs, kernel_height, kernel_width]` in row-major order.
    ///
    /// # Errors
    /// If the number of values does not fit the shape, or one of them is not -1, 0 or 1.
    pub fn new(
        [outputs, inputs, kernel_height, kernel_width]: [usize; 4],
        values: Vec<i8>,
    ) -> Result<Self, TernaryWeightsError> {
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
        Ok(Self { outputs, inputs, kernel_height, kernel_width, values })
    }

    /// Output channels.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// Input channels.
    pub fn inputs(&self) -> usize {
        self.inputs
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

    /// All weights, row-major.
    pub fn values(&self) -> &[i8] {
        &self.values
    }

    /// The taps of one input channel for one output, row-major over the kernel.
    pub fn slice(&self, output: usize, input: usize) -> &[i8] {
        let taps = self.taps();
        let start = (output * self.inputs + input) * taps;
        &self.values[start..start + taps]
    }

    /// How many weights are not zero.
    pub fn nonzeros(&self) -> usize {
        self.values.iter().filter(|&&value| value != 0).count()
    }

    /// The share of weights that are zero.
    pub fn sparsity(&self) -> f64 {
        if self.values.is_empty() {
            return 0.0;
        }
        1.0 - self.nonzeros() as f64 / self.values.len() as f64
    }
}
