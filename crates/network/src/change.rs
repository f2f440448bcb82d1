//! What a change of few activations does to a layer's accumulators.

use crate::{Accumulators, FeatureMap, TernaryWeights, Window};

/// The non-zero weights by the tap that they read: where a changed activation adds its difference.
#[derive(Debug, Clone)]
pub(crate) struct Scatter {
    taps: usize,
    /// The outputs that each tap of each channel reaches: first those of weight +1, then those of −1.
    outputs: Vec<u32>,
    /// Of every tap, where its +1 and its −1 end in `outputs`.
    ends: Vec<(usize, usize)>,
}

impl Scatter {
    pub(crate) fn new(weights: &TernaryWeights) -> Self {
        let mut outputs = Vec::with_capacity(weights.nonzeros());
        let mut ends = Vec::with_capacity(weights.inputs() * weights.taps());
        for channel in 0..weights.inputs() {
            for tap in 0..weights.taps() {
                let mut push = |wanted: i8| {
                    let reads = |output: &usize| weights.slice(*output, channel)[tap] == wanted;
                    outputs.extend(weights.outputs_of(channel).filter(reads).map(|output| output as u32));
                    outputs.len()
                };
                let minus = push(1);
                ends.push((minus, push(-1)));
            }
        }
        Self { taps: weights.taps(), outputs, ends }
    }

    /// Adds to the accumulators of `before` what makes them those of `after`.
    pub(crate) fn follow(
        &self,
        window: Window,
        before: &FeatureMap,
        after: &FeatureMap,
        accumulators: &mut Accumulators,
    ) {
        let (input, output) = (before.shape(), accumulators.shape());
        let sums = accumulators.values_mut();
        for (index, (&old, &new)) in before.values().iter().zip(after.values()).enumerate() {
            if old == new {
                continue;
            }
            let difference = i32::from(new) - i32::from(old);
            let (channel, position) = (index / input.positions(), index % input.positions());
            let place = (position / input.width, position % input.width);
            for tap in 0..self.taps {
                let of_kernel = (tap / window.kernel_width(), tap % window.kernel_width());
                let Some((row, column)) = window.reached(place, of_kernel, output) else { continue };
                let at = row * output.width + column;
                let place = channel * self.taps + tap;
                let start = place.checked_sub(1).map_or(0, |before| self.ends[before].1);
                let (minus, end) = self.ends[place];
                for &output_channel in &self.outputs[start..minus] {
                    sums[output_channel as usize * output.positions() + at] += difference;
                }
                for &output_channel in &self.outputs[minus..end] {
                    sums[output_channel as usize * output.positions() + at] -= difference;
                }
            }
        }
    }
}
