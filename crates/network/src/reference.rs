//! The reference engine: the integer convolution, by adding and subtracting whole rows of activations.

use std::borrow::Cow;
use std::convert::Infallible;

use crate::{Accumulators, FeatureMap, LinearEngine, LinearLayer, Shape, TernaryWeights, Window};

/// Computes accumulators exactly as the layer's definition says. It keeps no state: layers bring their arranged weights.
#[derive(Debug, Clone, Copy, Default)]
pub struct ReferenceEngine;

impl LinearEngine for ReferenceEngine {
    type Error = Infallible;

    fn accumulate(&mut self, layer: &LinearLayer, input: &FeatureMap) -> Result<Accumulators, Infallible> {
        Ok(layer.gather().accumulate(input, layer.input_zeros(), layer.output()))
    }
}

/// Where the non-zero weights of each output find their activations.
///
/// The padded input is split by stride phase: phase `(p, q)` of a channel holds the padded rows `p, p + stride, ...` and
/// columns `q, q + stride, ...`. Then one tap reads, for all output positions at once, a contiguous run of one phase (with
/// some values between the rows that no output needs), and a convolution is a sum of runs, whatever its stride and padding.
#[derive(Debug, Clone)]
pub(crate) struct Gather {
    phases: Phases,
    /// The start of the run that each non-zero weight reads: of every output first those of weight +1, then those of −1.
    starts: Vec<usize>,
    /// Of every output, where its +1 and its −1 end in `starts`.
    ends: Vec<(usize, usize)>,
}

/// The geometry of the padded input, split by stride phase.
#[derive(Debug, Clone, Copy)]
struct Phases {
    input: Shape,
    window: Window,
    /// Phases that the kernel touches, vertically and horizontally.
    rows: usize,
    columns: usize,
    /// Extent of one phase of one channel.
    height: usize,
    width: usize,
}

impl Phases {
    fn new(window: Window, input: Shape) -> Self {
        let (height, width) = window.padded(input);
        Self {
            input,
            window,
            rows: window.row_stride().min(window.span().0),
            columns: window.column_stride().min(window.span().1),
            height: height.div_ceil(window.row_stride()),
            width: width.div_ceil(window.column_stride()),
        }
    }

    /// Where a place of the padded input stands.
    fn start(&self, channel: usize, row: usize, column: usize) -> usize {
        let (row_stride, column_stride) = (self.window.row_stride(), self.window.column_stride());
        let plane = (channel * self.rows + row % row_stride) * self.columns + column % column_stride;
        (plane * self.height + row / row_stride) * self.width + column / column_stride
    }

    fn arrange<'a>(&self, input: &'a [u16], zeros: &[u16]) -> Cow<'a, [u16]> {
        let (row_stride, column_stride) = (self.window.row_stride(), self.window.column_stride());
        let padding = self.window.padding();
        if padding.is_none() && row_stride == 1 && column_stride == 1 {
            return Cow::Borrowed(input);
        }
        let of_channel = self.rows * self.columns * self.height * self.width;
        let mut planes: Vec<u16> =
            zeros.iter().flat_map(|&zero| std::iter::repeat_n(zero, of_channel)).collect();
        for (index, row) in input.chunks_exact(self.input.width).enumerate() {
            let (channel, y) = (index / self.input.height, index % self.input.height + padding.top);
            if y % row_stride >= self.rows {
                continue;
            }
            if column_stride == 1 {
                let start = self.start(channel, y, padding.left);
                planes[start..start + row.len()].copy_from_slice(row);
                continue;
            }
            for (x, &value) in row.iter().enumerate() {
                let x = x + padding.left;
                if x % column_stride < self.columns {
                    planes[self.start(channel, y, x)] = value;
                }
            }
        }
        Cow::Owned(planes)
    }
}

impl Gather {
    pub(crate) fn new(weights: &TernaryWeights, window: Window, input: Shape) -> Self {
        let phases = Phases::new(window, input);
        let mut starts = Vec::with_capacity(weights.nonzeros());
        let mut ends = Vec::with_capacity(weights.outputs());
        for output in 0..weights.outputs() {
            let mut push = |wanted: i8| {
                for channel in weights.inputs_of(output) {
                    for (tap, &weight) in weights.slice(output, channel).iter().enumerate() {
                        if weight == wanted {
                            let (row, column) = (tap / weights.kernel_width(), tap % weights.kernel_width());
                            let row = row * window.row_dilation();
                            starts.push(phases.start(channel, row, column * window.column_dilation()));
                        }
                    }
                }
                starts.len()
            };
            let plus_end = push(1);
            ends.push((plus_end, push(-1)));
        }
        Self { phases, starts, ends }
    }

    /// The accumulators of an input, whose padding is filled with one value for each channel.
    pub(crate) fn accumulate(&self, input: &FeatureMap, zeros: &[u16], output: Shape) -> Accumulators {
        let mut sums = Vec::with_capacity(output.len());
        let planes = self.phases.arrange(input.values(), zeros);
        let run = output.height.saturating_sub(1) * self.phases.width + output.width;
        let mut wide = vec![0_i32; run];
        let mut from = 0;
        for &(plus_end, minus_end) in &self.ends {
            let (plus, minus) = (&self.starts[from..plus_end], &self.starts[plus_end..minus_end]);
            from = minus_end;
            if run == 1 {
                let total =
                    |starts: &[usize]| starts.iter().map(|&start| i32::from(planes[start])).sum::<i32>();
                sums.push(total(plus) - total(minus));
                continue;
            }
            wide.fill(0);
            add_runs(&mut wide, &planes, plus, |sum, addends| sum + addends);
            add_runs(&mut wide, &planes, minus, |sum, addends| sum - addends);
            for row in wide.chunks(self.phases.width) {
                sums.extend_from_slice(&row[..output.width]);
            }
        }
        Accumulators::of(output, sums)
    }
}

/// Combines the runs that begin at `starts` into `wide`, four at a time: each touch of a sum then serves four weights.
fn add_runs(wide: &mut [i32], planes: &[u16], starts: &[usize], combine: impl Fn(i32, i32) -> i32 + Copy) {
    let run = |start: usize| &planes[start..start + wide.len()];
    let (quads, rest) = starts.as_chunks::<4>();
    let quads = quads.iter().map(|quad| quad.map(run)).collect::<Vec<_>>();
    let rest = rest.iter().map(|&start| run(start)).collect::<Vec<_>>();
    for [a, b, c, d] in quads {
        for ((((sum, &a), &b), &c), &d) in wide.iter_mut().zip(a).zip(b).zip(c).zip(d) {
            *sum = combine(*sum, i32::from(a) + i32::from(b) + i32::from(c) + i32::from(d));
        }
    }
    for a in rest {
        for (sum, &a) in wide.iter_mut().zip(a) {
            *sum = combine(*sum, i32::from(a));
        }
    }
}
