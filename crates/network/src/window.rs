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

/// Kernel size, stride, dilation and padding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Window {
    kernel_height: usize,
    kernel_width: usize,
    row_stride: usize,
    column_stride: usize,
    row_dilation: usize,
    column_dilation: usize,
    padding: Padding,
}

/// Why a window cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WindowError {
    /// A kernel of no taps, or a stride or dilation of zero.
    #[error("a window needs a kernel of at least 1x1, and strides and dilations of at least 1")]
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
        let (row_dilation, column_dilation) = (1, 1);
        Ok(Self {
            kernel_height,
            kernel_width,
            row_stride,
            column_stride,
            row_dilation,
            column_dilation,
            padding,
        })
    }

    /// A window whose taps lie `dilation` places apart, along rows and along columns, instead of side by side.
    ///
    /// # Errors
    /// If the kernel, the stride or the dilation is zero, or the padding not smaller than what the taps span.
    pub const fn dilated(
        kernel: (usize, usize),
        stride: (usize, usize),
        (row_dilation, column_dilation): (usize, usize),
        padding: Padding,
    ) -> Result<Self, WindowError> {
        if row_dilation == 0 || column_dilation == 0 {
            return Err(WindowError::Empty);
        }
        let span = (span(kernel.0, row_dilation), span(kernel.1, column_dilation));
        match Self::of(span, stride, padding) {
            // What is checked of a window that spans as much holds for one with fewer taps.
            Ok(whole) => Ok(Self {
                kernel_height: kernel.0,
                kernel_width: kernel.1,
                // Of a single tap there is no next one.
                row_dilation: if kernel.0 == 1 { 1 } else { row_dilation },
                column_dilation: if kernel.1 == 1 { 1 } else { column_dilation },
                ..whole
            }),
            Err(error) => Err(error),
        }
    }

    /// The window of a fully connected layer: one tap, no padding.
    pub const POINT: Self = Self {
        kernel_height: 1,
        kernel_width: 1,
        row_stride: 1,
        column_stride: 1,
        row_dilation: 1,
        column_dilation: 1,
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

    /// How many rows lie between a tap and the one below it, that one counted.
    pub const fn row_dilation(self) -> usize {
        self.row_dilation
    }

    /// How many columns lie between a tap and the one right of it, that one counted.
    pub const fn column_dilation(self) -> usize {
        self.column_dilation
    }

    /// Rows and columns that the taps span: the kernel's, where they lie side by side.
    pub const fn span(self) -> (usize, usize) {
        (span(self.kernel_height, self.row_dilation), span(self.kernel_width, self.column_dilation))
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
        let (rows, columns) = self.span();
        if height < rows || width < columns {
            return None;
        }
        Some(((height - rows) / self.row_stride + 1, (width - columns) / self.column_stride + 1))
    }

    /// Where tap `(tap_row, tap_column)` of the window at an output position lies in the input; `None` in the padding.
    pub fn source(
        self,
        input: Shape,
        (row, column): (usize, usize),
        (tap_row, tap_column): (usize, usize),
    ) -> Option<(usize, usize)> {
        let y = (row * self.row_stride + tap_row * self.row_dilation).checked_sub(self.padding.top)?;
        let x = (column * self.column_stride + tap_column * self.column_dilation)
            .checked_sub(self.padding.left)?;
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
        let (tap_row, tap_column) = (tap_row * self.row_dilation, tap_column * self.column_dilation);
        let row = along((y + self.padding.top).checked_sub(tap_row)?, self.row_stride, output.height)?;
        let column =
            along((x + self.padding.left).checked_sub(tap_column)?, self.column_stride, output.width)?;
        Some((row, column))
    }
}

/// The places from the first of some taps to the last.
const fn span(taps: usize, dilation: usize) -> usize {
    taps.saturating_sub(1).saturating_mul(dilation).saturating_add(if taps == 0 { 0 } else { 1 })
}
