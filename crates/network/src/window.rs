//! The window that a convolution or a pool slides over a feature map.

use std::fmt;

use crate::Shape;

/// Rows and columns added around a feature map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Padding {
    /// Rows above.
    pub top: usize,
    /// Columns to the left.
    pub left: usize,
    /// Rows below.
    pub bottom: usize,
    /// Columns to the right.
    pub right: usize,
}

impl Padding {
    /// As many on every side.
    pub const fn even(sides: usize) -> Self {
        Self { top: sides, left: sides, bottom: sides, right: sides }
    }

    /// Whether nothing is added.
    pub const fn is_none(self) -> bool {
        self.top == 0 && self.left == 0 && self.bottom == 0 && self.right == 0
    }
}

impl fmt::Display for Padding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { top, left, bottom, right } = *self;
        if *self == Self::even(top) {
            write!(f, "{top}")
        } else {
            write!(f, "[{top}, {left}, {bottom}, {right}]")
        }
    }
}

/// Kernel size, stride and padding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Window {
    kernel_height: usize,
    kernel_width: usize,
    row_stride: usize,
    column_stride: usize,
    padding: Padding,
}

/// Why a window cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WindowError {
    /// A kernel of no taps, or a stride of zero.
    #[error("a window needs a kernel of at least 1x1 and a stride of at least 1")]
    Empty,
    /// The padding is as large as the kernel, so that a window could hold nothing but padding.
    #[error("padding {padding} must be smaller than the kernel on every side")]
    PaddingTooLarge {
        /// The padding asked for.
        padding: Padding,
    },
}

impl Window {
    /// A window of the given kernel, with the same stride in both directions and the same padding on every side.
    ///
    /// # Errors
    /// If the kernel or the stride is zero, or the padding not smaller than the kernel.
    pub const fn new(
        kernel_height: usize,
        kernel_width: usize,
        stride: usize,
        padding: usize,
    ) -> Result<Self, WindowError> {
        Self::of((kernel_height, kernel_width), (stride, stride), Padding::even(padding))
    }

    /// A window of the given kernel (rows, columns), stride (along rows, along columns) and padding.
    ///
    /// # Errors
    /// As for [`Self::new`].
    pub const fn of(
        (kernel_height, kernel_width): (usize, usize),
        (row_stride, column_stride): (usize, usize),
        padding: Padding,
    ) -> Result<Self, WindowError> {
        if kernel_height == 0 || kernel_width == 0 || row_stride == 0 || column_stride == 0 {
            return Err(WindowError::Empty);
        }
        let Padding { top, left, bottom, right } = padding;
        if top >= kernel_height || bottom >= kernel_height || left >= kernel_width || right >= kernel_width {
            return Err(WindowError::PaddingTooLarge { padding });
        }
        Ok(Self { kernel_height, kernel_width, row_stride, column_stride, padding })
    }

    /// The window of a fully connected layer: one tap, no padding.
    pub const POINT: Self = Self {
        kernel_height: 1,
        kernel_width: 1,
        row_stride: 1,
        column_stride: 1,
        padding: Padding { top: 0, left: 0, bottom: 0, right: 0 },
    };

    /// The window that covers a whole map at once; `None` of an empty map.
    pub const fn whole(map: Shape) -> Option<Self> {
        match Self::new(map.height, map.width, 1, 0) {
            Ok(window) => Some(window),
            Err(_) => None,
        }
    }

    /// Rows of the kernel.
    pub const fn kernel_height(self) -> usize {
        self.kernel_height
    }

    /// Columns of the kernel.
    pub const fn kernel_width(self) -> usize {
        self.kernel_width
    }

    /// The step between two positions below each other.
    pub const fn row_stride(self) -> usize {
        self.row_stride
    }

    /// The step between two positions side by side.
    pub const fn column_stride(self) -> usize {
        self.column_stride
    }

    /// Rows and columns added around the input.
    pub const fn padding(self) -> Padding {
        self.padding
    }

    /// The taps of one channel.
    pub const fn taps(self) -> usize {
        self.kernel_height * self.kernel_width
    }

    /// Rows and columns of the input with its padding.
    pub(crate) const fn padded(self, input: Shape) -> (usize, usize) {
        let Padding { top, left, bottom, right } = self.padding;
        (input.height + top + bottom, input.width + left + right)
    }

    /// Height and width of the output over an input; `None` if the padded input is smaller than the kernel.
    pub const fn output(self, input: Shape) -> Option<(usize, usize)> {
        let (height, width) = self.padded(input);
        if height < self.kernel_height || width < self.kernel_width {
            return None;
        }
        Some((
            (height - self.kernel_height) / self.row_stride + 1,
            (width - self.kernel_width) / self.column_stride + 1,
        ))
    }

    /// Where tap `(tap_row, tap_column)` of the window at an output position lies in the input; `None` in the padding.
    pub fn source(
        self,
        input: Shape,
        (row, column): (usize, usize),
        (tap_row, tap_column): (usize, usize),
    ) -> Option<(usize, usize)> {
        let y = (row * self.row_stride + tap_row).checked_sub(self.padding.top)?;
        let x = (column * self.column_stride + tap_column).checked_sub(self.padding.left)?;
        (y < input.height && x < input.width).then_some((y, x))
    }

    /// The output position whose window reads place `(y, x)` of the input by its tap; `None` if there is none.
    pub(crate) fn reached(
        self,
        (y, x): (usize, usize),
        (tap_row, tap_column): (usize, usize),
        output: Shape,
    ) -> Option<(usize, usize)> {
        let along = |at: usize, stride: usize, extent: usize| {
            (at.is_multiple_of(stride) && at / stride < extent).then_some(at / stride)
        };
        let row = along((y + self.padding.top).checked_sub(tap_row)?, self.row_stride, output.height)?;
        let column =
            along((x + self.padding.left).checked_sub(tap_column)?, self.column_stride, output.width)?;
        Some((row, column))
    }
}
