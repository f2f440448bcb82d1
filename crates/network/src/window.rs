//! The window that a convolution or a pool slides over a feature map.

use crate::Shape;

/// Kernel size, stride and zero padding, the same in both directions for stride and padding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Window {
    kernel_height: usize,
    kernel_width: usize,
    stride: usize,
    padding: usize,
}

/// Why a window cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WindowError {
    /// A kernel of no taps, or a stride of zero.
    #[error("a window needs a kernel of at least 1x1 and a stride of at least 1")]
    Empty,
    /// The padding is as large as the kernel, so that a window could hold nothing but padding.
    #[error("padding {padding} must be smaller than the kernel")]
    PaddingTooLarge {
        /// The padding asked for.
        padding: usize,
    },
}

impl Window {
    /// A window of the given kernel, stride and zero padding.
    ///
    /// # Errors
    /// If the kernel or the stride is zero, or the padding not smaller than the kernel.
    pub const fn new(
        kernel_height: usize,
        kernel_width: usize,
        stride: usize,
        padding: usize,
    ) -> Result<Self, WindowError> {
        if kernel_height == 0 || kernel_width == 0 || stride == 0 {
            return Err(WindowError::Empty);
        }
        if padding >= kernel_height || padding >= kernel_width {
            return Err(WindowError::PaddingTooLarge { padding });
        }
        Ok(Self { kernel_height, kernel_width, stride, padding })
    }

    /// The window of a fully connected layer: one tap, no padding.
    pub const POINT: Self = Self { kernel_height: 1, kernel_width: 1, stride: 1, padding: 0 };

    /// Rows of the kernel.
    pub const fn kernel_height(self) -> usize {
        self.kernel_height
    }

    /// Columns of the kernel.
    pub const fn kernel_width(self) -> usize {
        self.kernel_width
    }

    /// The step between two positions.
    pub const fn stride(self) -> usize {
        self.stride
    }

    /// Zeros added on every side.
    pub const fn padding(self) -> usize {
        self.padding
    }

    /// The taps of one channel.
    pub const fn taps(self) -> usize {
        self.kernel_height * self.kernel_width
    }

    /// Height and width of the output over an input; `None` if the padded input is smaller than the kernel.
    pub const fn output(self, input: Shape) -> Option<(usize, usize)> {
        let (height, width) = (input.height + 2 * self.padding, input.width + 2 * self.padding);
        if height < self.kernel_height || width < self.kernel_width {
            return None;
        }
        Some(((height - self.kernel_height) / self.stride + 1, (width - self.kernel_width) / self.stride + 1))
    }

    /// Where tap `(tap_row, tap_column)` of the window at an output position lies in the input; `None` in the padding.
    pub fn source(
        self,
        input: Shape,
        (row, column): (usize, usize),
        (tap_row, tap_column): (usize, usize),
    ) -> Option<(usize, usize)> {
        let y = (row * self.stride + tap_row).checked_sub(self.padding)?;
        let x = (column * self.stride + tap_column).checked_sub(self.padding)?;
        (y < input.height && x < input.width).then_some((y, x))
    }

    /// The output row (or column) whose window reads row `at` of the input by its tap `tap`; `None` if none does.
    pub(crate) fn reached(self, at: usize, tap: usize, extent: usize) -> Option<usize> {
        let start = (at + self.padding).checked_sub(tap)?;
        (start % self.stride == 0 && start / self.stride < extent).then_some(start / self.stride)
    }
}
