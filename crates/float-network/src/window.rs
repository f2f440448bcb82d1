//! The window that a convolution or a pool slides over a map.

use network::Shape;
use serde::{Deserialize, Serialize};

/// A kernel with its strides and dilations, and the padding on each side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "StoredWindow", into = "StoredWindow")]
pub struct Window {
    kernel: [usize; 2],
    stride: [usize; 2],
    dilation: [usize; 2],
    padding: [usize; 4],
}

/// As it stands in a file: nothing is known to be right.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredWindow {
    kernel: [usize; 2],
    stride: [usize; 2],
    #[serde(default = "side_by_side", skip_serializing_if = "is_side_by_side")]
    dilation: [usize; 2],
    padding: [usize; 4],
}

const fn side_by_side() -> [usize; 2] {
    [1, 1]
}

fn is_side_by_side(dilation: &[usize; 2]) -> bool {
    *dilation == side_by_side()
}

/// No extent of a window comes near; it keeps sums and products of extents within the machine's integers.
const LARGEST: usize = 1 << 16;

/// Why a window cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WindowError {
    /// A kernel of no taps, or a stride or dilation of zero.
    #[error("a window needs a kernel of at least 1x1, and strides and dilations of at least 1")]
    Empty,
    /// An extent is absurd.
    #[error(
        "a window of kernel {kernel:?}, strides {stride:?} and padding {padding:?}; expected at most 65536 each"
    )]
    TooLarge {
        /// Rows and columns.
        kernel: [usize; 2],
        /// Between rows and between columns.
        stride: [usize; 2],
        /// Top, left, bottom, right.
        padding: [usize; 4],
    },
}

impl Window {
    /// A kernel of rows and columns, the steps between rows and between columns, and the padding at top, left, bottom and right.
    ///
    /// # Errors
    /// If an extent of the kernel or a stride is 0, or anything is larger than 65536.
    pub fn new(kernel: [usize; 2], stride: [usize; 2], padding: [usize; 4]) -> Result<Self, WindowError> {
        if kernel.contains(&0) || stride.contains(&0) {
            return Err(WindowError::Empty);
        }
        if kernel.iter().chain(&stride).chain(&padding).any(|&extent| extent > LARGEST) {
            return Err(WindowError::TooLarge { kernel, stride, padding });
        }
        Ok(Self { kernel, stride, dilation: side_by_side(), padding })
    }

    /// The same window with taps that lie as many places apart, between rows and between columns.
    ///
    /// # Errors
    /// If a dilation is 0, or the taps span more than 65536.
    pub fn dilated(self, dilation: [usize; 2]) -> Result<Self, WindowError> {
        if dilation.contains(&0) {
            return Err(WindowError::Empty);
        }
        // Of a single tap there is no next one.
        let dilation = std::array::from_fn(|side| if self.kernel[side] == 1 { 1 } else { dilation[side] });
        let dilated = Self { dilation, ..self };
        match dilated.span().iter().all(|&span| span <= LARGEST) {
            true => Ok(dilated),
            false => {
                let Self { kernel, stride, padding, .. } = self;
                Err(WindowError::TooLarge { kernel, stride, padding })
            }
        }
    }

    /// The window of a fully connected layer: one tap, no padding.
    pub const POINT: Self = Self { kernel: [1, 1], stride: [1, 1], dilation: [1, 1], padding: [0; 4] };

    /// Rows and columns of the kernel.
    pub fn kernel(self) -> [usize; 2] {
        self.kernel
    }

    /// The steps between rows and between columns.
    pub fn stride(self) -> [usize; 2] {
        self.stride
    }

    /// How far apart taps lie, between rows and between columns.
    pub fn dilation(self) -> [usize; 2] {
        self.dilation
    }

    /// Rows and columns from the first tap to the last.
    pub fn span(self) -> [usize; 2] {
        std::array::from_fn(|side| {
            (self.kernel[side] - 1).saturating_mul(self.dilation[side]).saturating_add(1)
        })
    }

    /// Padding at top, left, bottom and right.
    pub fn padding(self) -> [usize; 4] {
        self.padding
    }

    /// The same window with more padding.
    ///
    /// # Errors
    /// If it is too much.
    pub fn padded_by(self, more: [usize; 4]) -> Result<Self, WindowError> {
        let padding = std::array::from_fn(|side| self.padding[side].saturating_add(more[side]));
        Self::new(self.kernel, self.stride, padding)?.dilated(self.dilation)
    }

    /// Taps of one channel.
    pub fn taps(self) -> usize {
        self.kernel[0] * self.kernel[1]
    }

    /// Height and width of the output over an input; `None` if the padded input is smaller than the kernel.
    pub fn output(self, input: Shape) -> Option<(usize, usize)> {
        let [top, left, bottom, right] = self.padding;
        let [down, across] = self.span();
        let rows = (input.height + top + bottom).checked_sub(down)? / self.stride[0] + 1;
        let columns = (input.width + left + right).checked_sub(across)? / self.stride[1] + 1;
        Some((rows, columns))
    }

    /// Whether the padding is smaller than what the taps span, on every side.
    pub(crate) fn always_reaches_inside(self) -> bool {
        let ([top, left, bottom, right], [down, across]) = (self.padding, self.span());
        top.max(bottom) < down && left.max(right) < across
    }

    /// The rows, or columns, of the input that the window at an output position covers, beyond the padding: the first tap that
    /// is inside, the input's place of it, and how many taps are inside, each as far from the next as the dilation says.
    pub(crate) fn inside(self, direction: usize, position: usize, extent: usize) -> (usize, usize, usize) {
        let start = position * self.stride[direction];
        let (padding, dilation) = (self.padding[direction], self.dilation[direction]);
        let tap = padding.saturating_sub(start).div_ceil(dilation).min(self.kernel[direction]);
        let place = (start + tap * dilation).saturating_sub(padding);
        let taps = (self.kernel[direction] - tap).min(extent.saturating_sub(place).div_ceil(dilation));
        // A window of nothing but padding has its place at the end, where no tap is taken.
        (tap, place.min(extent), taps)
    }
}

impl TryFrom<StoredWindow> for Window {
    type Error = WindowError;

    fn try_from(stored: StoredWindow) -> Result<Self, WindowError> {
        Self::new(stored.kernel, stored.stride, stored.padding)?.dilated(stored.dilation)
    }
}

impl From<Window> for StoredWindow {
    fn from(Window { kernel, stride, dilation, padding }: Window) -> Self {
        Self { kernel, stride, dilation, padding }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_taps_inside_are_those_that_brute_force_finds() {
        for (kernel, stride, padding, extent, dilation) in [
            (3, 1, 1, 5, 1),
            (7, 2, 3, 9, 1),
            (2, 2, 0, 4, 1),
            (3, 2, 2, 1, 1),
            (5, 3, 4, 2, 1),
            (1, 1, 3, 2, 1),
            (3, 1, 2, 6, 2),
            (3, 2, 3, 7, 3),
            (2, 1, 4, 3, 4),
            (1, 2, 0, 5, 3),
        ] {
            let window = Window::new([kernel, kernel], [stride, stride], [padding; 4]).unwrap();
            let window = window.dilated([dilation, dilation]).unwrap();
            let (rows, _) = window.output(Shape::new(1, extent, extent)).unwrap();
            for row in 0..rows {
                let inside: Vec<(usize, usize)> = (0..kernel)
                    .filter_map(|tap| Some((tap, (row * stride + tap * dilation).checked_sub(padding)?)))
                    .filter(|&(_, place)| place < extent)
                    .collect();
                let (tap, place, taps) = window.inside(0, row, extent);
                assert_eq!(taps, inside.len());
                if let Some(&first) = inside.first() {
                    assert_eq!((tap, place), first);
                }
            }
        }
    }

    #[test]
    fn a_kernel_larger_than_the_padded_input_has_no_output() {
        let window = Window::new([5, 1], [1, 1], [1, 0, 1, 0]).unwrap();
        assert_eq!(window.output(Shape::new(1, 2, 2)), None);
        assert_eq!(window.output(Shape::new(1, 3, 2)), Some((1, 2)));
        assert!(Window::new([0, 1], [1, 1], [0; 4]).is_err() && Window::new([1, 1], [1, 0], [0; 4]).is_err());
        assert!(Window::new([1, 1], [1, 1], [1 << 17, 0, 0, 0]).is_err());
    }
}
