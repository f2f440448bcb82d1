//! The shape of one layer: a matrix of weights and the vectors that it is multiplied by.

use network::{Shape, Window};

use crate::{Activations, ShapeError};

/// The non-overlapping pool that follows a layer; it is computed on the way out, so that fewer values are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pool {
    /// Every value is stored.
    None,
    /// One value of `rows` x `columns` is stored.
    Local {
        /// Rows from one pool to the next, at least 1.
        rows: usize,
        /// Columns from one pool to the next, at least 1.
        columns: usize,
    },
    /// One value of each channel is stored.
    Global,
}

/// One convolution or fully connected layer. A fully connected layer has an input of 1 x 1 positions and the window
/// [`Window::POINT`].
#[derive(Debug, Clone, PartialEq)]
pub struct LayerShape {
    /// The name in reports.
    pub name: String,
    /// What comes in.
    pub input: Shape,
    /// Groups of channels; 1 where every output reads every input.
    pub groups: usize,
    /// Output channels.
    pub outputs: usize,
    /// The kernel.
    pub window: Window,
    /// What follows.
    pub pool: Pool,
    /// The statistics of what comes in.
    pub activations: Activations,
}

impl LayerShape {
    /// Rows of the weight matrix, of each group: inputs of one output value.
    pub fn rows(&self) -> usize {
        self.input.channels / self.groups.max(1) * self.window.taps()
    }

    /// Rows and columns of the output map.
    ///
    /// # Errors
    /// If the layer is empty, larger than is covered, or its input smaller than its kernel.
    pub fn output_extent(&self) -> Result<(usize, usize), ShapeError> {
        // Limits far beyond any network, so that no product of extents overflows.
        let Shape { channels, height, width } = self.input;
        let (taps_down, taps_across) = (self.window.kernel_height(), self.window.kernel_width());
        if channels > 1 << 20
            || self.outputs > 1 << 20
            || height.max(width) > 1 << 16
            || taps_down.max(taps_across) > 1 << 8
        {
            return Err(self.error(format!(
                "an input of {}, {} outputs and a kernel of {taps_down}x{taps_across}; up to 2^20 channels and outputs, \
                 2^16 rows and columns and 2^8 taps a side are covered",
                self.input, self.outputs
            )));
        }
        if self.input.is_empty() || self.outputs == 0 {
            return Err(self.error(format!(
                "an input of {} and {} outputs; both must hold something",
                self.input, self.outputs
            )));
        }
        if self.groups == 0
            || !channels.is_multiple_of(self.groups)
            || !self.outputs.is_multiple_of(self.groups)
        {
            return Err(self.error(format!(
                "{} groups of channels; expected a divisor of {channels} inputs and of {} outputs",
                self.groups, self.outputs
            )));
        }
        self.window.output(self.input).ok_or_else(|| {
            self.error(format!(
                "an input of {} with a padding of {} is smaller than the kernel of {}x{}",
                self.input,
                self.window.padding(),
                self.window.kernel_height(),
                self.window.kernel_width()
            ))
        })
    }

    /// The share of taps that lie on the input and not on its padding, over all output positions.
    ///
    /// # Errors
    /// If the layer is empty or its input smaller than its kernel.
    pub fn real_tap_share(&self) -> Result<f64, ShapeError> {
        let (height, width) = self.output_extent()?;
        let along = |outputs: usize, extent: usize, taps: (usize, usize), stride: usize, before: usize| {
            let (kernel, dilation) = taps;
            let is_inside = |place: usize| (before..extent + before).contains(&place);
            let taps = |output: usize| (0..kernel).map(move |tap| output * stride + tap * dilation);
            let inside: usize =
                (0..outputs).map(|output| taps(output).filter(|&p| is_inside(p)).count()).sum();
            inside as f64 / (outputs * kernel) as f64
        };
        let (window, padding) = (self.window, self.window.padding());
        let rows = (window.kernel_height(), window.row_dilation());
        let columns = (window.kernel_width(), window.column_dilation());
        let down = (rows, window.row_stride(), padding.top);
        let across = (columns, window.column_stride(), padding.left);
        Ok(along(height, self.input.height, down.0, down.1, down.2)
            * along(width, self.input.width, across.0, across.1, across.2))
    }

    /// The share of outputs that are stored after the pool.
    ///
    /// # Errors
    /// If the layer is empty, its input smaller than its kernel, or its pool of no extent.
    pub fn stored_share(&self) -> Result<f64, ShapeError> {
        let (height, width) = self.output_extent()?;
        match self.pool {
            Pool::None => Ok(1.0),
            Pool::Local { rows, columns } if rows == 0 || columns == 0 => {
                Err(self.error(format!("a pool of {rows}x{columns}; its extents must be at least 1")))
            }
            Pool::Local { rows, columns } => Ok(1.0 / (rows as f64 * columns as f64)),
            Pool::Global => Ok(1.0 / (height * width) as f64),
        }
    }

    /// Values of one channel that are stored after the pool; places of a last window that is not whole count as one.
    ///
    /// # Errors
    /// As for [`LayerShape::stored_share`].
    pub fn stored_positions(&self) -> Result<usize, ShapeError> {
        self.stored_share()?;
        let (height, width) = self.output_extent()?;
        Ok(match self.pool {
            Pool::None => height * width,
            Pool::Local { rows, columns } => (height * width).div_ceil(rows.saturating_mul(columns)),
            Pool::Global => 1,
        })
    }

    /// Whether the layer can be computed: its extents, groups, window and pool fit each other.
    ///
    /// # Errors
    /// What does not fit.
    pub fn check(&self) -> Result<(), ShapeError> {
        self.stored_share().map(drop)
    }

    fn error(&self, message: String) -> ShapeError {
        ShapeError { layer: self.name.clone(), message }
    }
}
