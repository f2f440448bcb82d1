//! Ternary weights that give a layer's output back, not its weights: on what the quantized layers before really give, each filter's
//! weights and scale are chosen so that its output is nearest to the float network's in the least squares.
//!
//! With x the layer's inputs around their mean, z the float output around its mean, t the ternary weights of a filter and a its
//! scale, a² tᵀGt − 2a tᵀc is least, where G = Σ xxᵀ + ρI and c = Σ xz + ρw: the second-order information of OBS and GPTQ (Frantar et
//! al., "GPTQ", arXiv 2210.17323), with a pull ρ towards the trained weights w, for images are few. From rounded weights on, one weight
//! after the other takes the value of −1, 0 and 1 that leaves the least, until none changes; the scale follows in closed form. What
//! layers before did to x is part of c, so that a layer makes up for it.

use float_network::{Convolution, FloatMap};
use rayon::prelude::*;

use crate::ternarize::TernaryLayer;

/// The most windows that are looked at, and at least as many as weights of a filter times this.
const WINDOWS: usize = 12_288;
const WINDOWS_PER_WEIGHT: usize = 4;
/// ρ, as a share of the mean square of an input times the number of windows. Where windows are fewer than weights, more.
const PULL: f64 = 0.02;
/// Rounds over a filter's weights; few are needed.
const ROUNDS: usize = 12;
/// Numbers that are multiplied and added side by side.
const LANES: usize = 8;

/// How the zeros of a layer are bounded.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Zeros {
    /// As many as fit best.
    Free,
    /// As many as the rounded weights have, filter by filter.
    Kept,
}

/// What a layer reads in some of its windows, for one group of channels: for each weight of a filter, its inputs around their mean.
struct Windows {
    /// By weight, then by window.
    inputs: Vec<Vec<f32>>,
    count: usize,
}

/// Chooses weights and scales anew. `inputs` are what the layer reads, integers from which the one that stands for 0 was taken off, in
/// units of `step`; `outputs` what the float network's layer gives, before any norm, in the same order of images.
pub(crate) fn reconstruct(
    layer: &Convolution,
    rounded: &TernaryLayer,
    inputs: &[FloatMap],
    outputs: &[FloatMap],
    step: f64,
    zeros: Zeros,
) -> Option<TernaryLayer> {
    let [filters, per_group, rows, columns] = layer.shape();
    let (length, of_group) = (per_group * rows * columns, filters / layer.groups());
    let shape = outputs.first()?.shape();
    let windows = inputs.len() * shape.positions();
    let wanted = WINDOWS.min((WINDOWS_PER_WEIGHT * length).max(4096));
    // A distance that shares no divisor with the map's positions comes by all of them, image by image.
    let mut every = windows.div_ceil(wanted.max(1)).max(1);
    while common_divisor(every, shape.positions()) != 1 {
        every += 1;
    }
    let places: Vec<(usize, usize)> =
        (0..windows).step_by(every).map(|w| (w / shape.positions(), w % shape.positions())).collect();
    let mut weights = vec![0_i8; filters * length];
    let mut alpha = vec![0.0_f32; filters];
    for group in 0..layer.groups() {
        let windows = Windows::of(layer, group, inputs, shape.width, &places);
        let gram = (windows.count >= length).then(|| windows.gram());
        let solved: Vec<(Vec<i8>, f64)> = (group * of_group..(group + 1) * of_group)
            .into_par_iter()
            .map(|filter| {
                let target = around_mean(places.iter().map(|&(image, position)| {
                    outputs[image].values()[filter * shape.positions() + position]
                }));
                let trained: Vec<f64> = layer.weights()[filter * length..(filter + 1) * length]
                    .iter()
                    .map(|&weight| f64::from(weight) * step)
                    .collect();
                let start = &rounded.weights().values()[filter * length..(filter + 1) * length];
                windows.solve(gram.as_deref(), &target, &trained, start, zeros)
            })
            .collect();
        for (place, (ternary, scale)) in solved.into_iter().enumerate() {
            let filter = group * of_group + place;
            weights[filter * length..(filter + 1) * length].copy_from_slice(&ternary);
            alpha[filter] = (scale / step) as f32;
        }
    }
    rounded.with(weights, alpha)
}

fn common_divisor(a: usize, b: usize) -> usize {
    if b == 0 { a } else { common_divisor(b, a % b) }
}

fn around_mean(values: impl ExactSizeIterator<Item = f32>) -> Vec<f32> {
    let values: Vec<f32> = values.collect();
    let mean = values.iter().map(|&value| f64::from(value)).sum::<f64>() / values.len().max(1) as f64;
    values.into_iter().map(|value| (f64::from(value) - mean) as f32).collect()
}

impl Windows {
    fn of(
        layer: &Convolution,
        group: usize,
        inputs: &[FloatMap],
        width: usize,
        places: &[(usize, usize)],
    ) -> Self {
        let [_, per_group, rows, columns] = layer.shape();
        let window = layer.window();
        let ([top, left, ..], [down, across], [below, beside]) =
            (window.padding(), window.stride(), window.dilation());
        let of_weight = |weight: usize| {
            let (channel, tap) = (group * per_group + weight / (rows * columns), weight % (rows * columns));
            let (row, column) = (tap / columns * below, tap % columns * beside);
            let values = places.iter().map(|&(image, position)| {
                let map = &inputs[image];
                let shape = map.shape();
                let y = (position / width * down + row).checked_sub(top).filter(|&y| y < shape.height);
                let x = (position % width * across + column).checked_sub(left).filter(|&x| x < shape.width);
                match (y, x) {
                    (Some(y), Some(x)) => map.values()[(channel * shape.height + y) * shape.width + x],
                    _ => 0.0,
                }
            });
            around_mean(values)
        };
        let inputs = (0..per_group * rows * columns).into_par_iter().map(of_weight).collect();
        Self { inputs, count: places.len() }
    }

    /// Σ xxᵀ over windows, all of it.
    fn gram(&self) -> Vec<Vec<f32>> {
        let length = self.inputs.len();
        let upper: Vec<Vec<f32>> = (0..length)
            .into_par_iter()
            .map(|i| (i..length).map(|j| dot(&self.inputs[i], &self.inputs[j]) as f32).collect())
            .collect();
        (0..length)
            .into_par_iter()
            .map(|i| (0..length).map(|j| if j < i { upper[j][i - j] } else { upper[i][j - i] }).collect())
            .collect()
    }

    /// One filter's weights and its scale, in units of its integer inputs.
    fn solve(
        &self,
        gram: Option<&[Vec<f32>]>,
        target: &[f32],
        trained: &[f64],
        start: &[i8],
        zeros: Zeros,
    ) -> (Vec<i8>, f64) {
        let length = self.inputs.len();
        let squares: Vec<f64> = match gram {
            Some(gram) => (0..length).map(|j| f64::from(gram[j][j])).collect(),
            None => self.inputs.iter().map(|input| dot(input, input)).collect(),
        };
        // With fewer windows than weights, most of what the weights do is not seen.
        let unseen = (length as f64 / self.count.max(1) as f64).max(1.0);
        let pull = PULL * unseen * squares.iter().sum::<f64>() / length.max(1) as f64;
        let wanted: Vec<f64> =
            self.inputs.iter().zip(trained).map(|(x, w)| dot(x, target) + pull * w).collect();
        let mut state = State { windows: self, gram, pull, ternary: start.to_vec(), seen: Vec::new() };
        state.restart();
        let mut scale = state.scale(&wanted);
        for _ in 0..ROUNDS {
            let mut changed = 0;
            for place in 0..length {
                let old = state.ternary[place];
                let (slope, square) = (state.product(place), squares[place] + pull);
                // What the error changes by if this weight does.
                let cost = |new: i8| {
                    let by = f64::from(new) - f64::from(old);
                    scale * scale * (2.0 * by * slope + by * by * square) - 2.0 * scale * by * wanted[place]
                };
                let candidates: &[i8] = match zeros {
                    Zeros::Free => &[-1, 0, 1],
                    Zeros::Kept if old == 0 => &[0],
                    Zeros::Kept => &[-1, 1],
                };
                let mut best = (-1e-12 * scale * scale * square, old);
                for &new in candidates.iter().filter(|&&new| new != old) {
                    let cost = cost(new);
                    if cost < best.0 {
                        best = (cost, new);
                    }
                }
                if best.1 != old {
                    state.change(place, best.1);
                    changed += 1;
                }
            }
            if zeros == Zeros::Kept {
                changed += state.swap(scale, &wanted, &squares);
            }
            scale = state.scale(&wanted);
            if changed == 0 || scale <= 0.0 {
                break;
            }
        }
        (state.ternary, scale.max(0.0))
    }
}

/// A filter on the way.
struct State<'a> {
    windows: &'a Windows,
    gram: Option<&'a [Vec<f32>]>,
    pull: f64,
    ternary: Vec<i8>,
    /// With G: Gt, without the pull. Without: tᵀx for each window.
    seen: Vec<f32>,
}

impl State<'_> {
    fn restart(&mut self) {
        let length = if self.gram.is_some() { self.ternary.len() } else { self.windows.count };
        self.seen = vec![0.0; length];
        for place in 0..self.ternary.len() {
            let weight = self.ternary[place];
            if weight != 0 {
                self.add(place, f32::from(weight));
            }
        }
    }

    fn add(&mut self, place: usize, times: f32) {
        let column = match self.gram {
            Some(gram) => &gram[place],
            None => &self.windows.inputs[place],
        };
        self.seen.iter_mut().zip(column).for_each(|(seen, value)| *seen += times * value);
    }

    /// The place's element of (G + ρI)t.
    fn product(&self, place: usize) -> f64 {
        let seen = match self.gram {
            Some(_) => f64::from(self.seen[place]),
            None => dot(&self.windows.inputs[place], &self.seen),
        };
        seen + self.pull * f64::from(self.ternary[place])
    }

    fn change(&mut self, place: usize, new: i8) {
        let by = f32::from(new) - f32::from(self.ternary[place]);
        self.add(place, by);
        self.ternary[place] = new;
    }

    /// The scale that leaves the least: tᵀc / tᵀ(G + ρI)t.
    fn scale(&self, wanted: &[f64]) -> f64 {
        let (mut above, mut below) = (0.0, 0.0);
        for (place, &weight) in self.ternary.iter().enumerate().filter(|(_, weight)| **weight != 0) {
            above += f64::from(weight) * wanted[place];
            below += f64::from(weight) * self.product(place);
        }
        if below > 0.0 { above / below } else { 0.0 }
    }

    /// Moves weights from where they help least to where they help most, as long as that helps; gives how many.
    fn swap(&mut self, scale: f64, wanted: &[f64], squares: &[f64]) -> usize {
        let mut swapped = 0;
        for _ in 0..self.ternary.len() / 8 + 1 {
            let gradient: Vec<f64> =
                (0..self.ternary.len()).map(|j| scale * self.product(j) - wanted[j]).collect();
            let curve = |j: usize| scale * (squares[j] + self.pull);
            // Each as a change of the error over 2 · scale, less what both share.
            let leaving = (0..self.ternary.len())
                .filter(|&j| self.ternary[j] != 0)
                .map(|j| (-f64::from(self.ternary[j]) * gradient[j] + curve(j) / 2.0, j));
            let coming = (0..self.ternary.len())
                .filter(|&j| self.ternary[j] == 0)
                .map(|j| (-gradient[j].abs() + curve(j) / 2.0, j));
            let (Some((out, from)), Some((into, to))) =
                (leaving.min_by(|a, b| a.0.total_cmp(&b.0)), coming.min_by(|a, b| a.0.total_cmp(&b.0)))
            else {
                return swapped;
            };
            let sign = if gradient[to] > 0.0 { -1 } else { 1 };
            let shared = match self.gram {
                Some(gram) => f64::from(gram[from][to]),
                None => dot(&self.windows.inputs[from], &self.windows.inputs[to]),
            };
            let together = -scale * f64::from(self.ternary[from]) * f64::from(sign) * shared;
            if out + into + together >= -1e-9 * curve(to) {
                return swapped;
            }
            self.change(from, 0);
            self.change(to, sign);
            swapped += 1;
        }
        swapped
    }
}

/// The sum of products, in one order whatever the machine.
fn dot(a: &[f32], b: &[f32]) -> f64 {
    let (a, a_rest) = a.as_chunks::<LANES>();
    let (b, b_rest) = b.as_chunks::<LANES>();
    let mut total = 0.0_f64;
    // Single precision within a stretch, double between stretches.
    for (a, b) in a.chunks(64).zip(b.chunks(64)) {
        let mut lanes = [0.0_f32; LANES];
        for (a, b) in a.iter().zip(b) {
            for ((lane, a), b) in lanes.iter_mut().zip(a).zip(b) {
                *lane += a * b;
            }
        }
        total += lanes.iter().map(|&lane| f64::from(lane)).sum::<f64>();
    }
    total + a_rest.iter().zip(b_rest).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use float_network::Window;
    use network::Shape;

    use super::*;
    use crate::{Factor, Granularity, Sparsity, ThresholdRule, ternarize};

    fn draw(state: &mut u64) -> f32 {
        *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (*state >> 40) as f32 / (1_u32 << 23) as f32 - 1.0
    }

    /// A layer whose inputs are integers that hang together, and its float outputs.
    fn case(kernel: usize, groups: usize) -> (Convolution, Vec<FloatMap>, Vec<FloatMap>) {
        let mut state = 3;
        let (channels, outputs) = (4, 6);
        let window = Window::new([kernel; 2], [1, 1], [kernel / 2; 4]).unwrap();
        let weights = (0..outputs * channels / groups * kernel * kernel).map(|_| draw(&mut state)).collect();
        let outputs = outputs / groups * groups;
        let layer = Convolution::new([outputs, channels / groups], groups, window, weights, None).unwrap();
        let inputs: Vec<FloatMap> = (0..10)
            .map(|_| {
                let shape = Shape::new(channels, 9, 9);
                let shared: Vec<f32> = (0..shape.positions()).map(|_| draw(&mut state)).collect();
                let values = (0..shape.len()).map(|place| {
                    (8.0 * (shared[place % shape.positions()] + 0.5 * draw(&mut state))).round()
                });
                FloatMap::new(shape, values.collect()).unwrap()
            })
            .collect();
        let real: Vec<FloatMap> = inputs.iter().map(|map| map.map(|_, value| value * 0.25)).collect();
        let outputs = layer.apply(&real).unwrap();
        (layer, inputs, outputs)
    }

    /// The square of what is left of the outputs around their means.
    fn error(layer: &Convolution, ternary: &TernaryLayer, inputs: &[FloatMap], outputs: &[FloatMap]) -> f64 {
        let real: Vec<FloatMap> = inputs.iter().map(|map| map.map(|_, value| value * 0.25)).collect();
        let found = layer.with_weights(ternary.approximation()).unwrap().apply(&real).unwrap();
        let channels = layer.shape()[0];
        let differences: Vec<FloatMap> = found
            .iter()
            .zip(outputs)
            .map(|(a, b)| {
                let values = a.values().iter().zip(b.values()).map(|(a, b)| a - b).collect();
                FloatMap::new(a.shape(), values).unwrap()
            })
            .collect();
        crate::moments::Moments::of(&differences, channels).iter().map(|moments| moments.variance()).sum()
    }

    #[test]
    fn what_is_left_of_the_output_shrinks_and_no_single_weight_could_shrink_it_further() {
        for (kernel, groups) in [(3, 1), (3, 2), (1, 1)] {
            let (layer, inputs, outputs) = case(kernel, groups);
            let rule = ThresholdRule::Twn(Factor::PAPER);
            let rounded = ternarize(layer.shape(), layer.weights(), rule, Granularity::Filter).unwrap();
            let better = reconstruct(&layer, &rounded, &inputs, &outputs, 0.25, Zeros::Free).unwrap();
            let (before, after) =
                (error(&layer, &rounded, &inputs, &outputs), error(&layer, &better, &inputs, &outputs));
            assert!(after < 0.8 * before, "{kernel} {groups}: {after} of {before}");
        }
    }

    #[test]
    fn kept_zeros_are_as_many_as_before_and_still_help() {
        let (layer, inputs, outputs) = case(3, 1);
        let rule = ThresholdRule::TargetSparsity(Sparsity::new(0.7).unwrap());
        let rounded = ternarize(layer.shape(), layer.weights(), rule, Granularity::Filter).unwrap();
        let better = reconstruct(&layer, &rounded, &inputs, &outputs, 0.25, Zeros::Kept).unwrap();
        let zeros = |ternary: &TernaryLayer| -> Vec<usize> {
            let filters = ternary.weights().values().chunks(36);
            filters.map(|filter| filter.iter().filter(|&&weight| weight == 0).count()).collect()
        };
        assert_eq!(zeros(&better), zeros(&rounded));
        let (before, after) =
            (error(&layer, &rounded, &inputs, &outputs), error(&layer, &better, &inputs, &outputs));
        assert!(after < 0.9 * before, "{after} of {before}");
    }

    #[test]
    fn with_and_without_the_matrix_of_second_order_the_same_is_found() {
        let (layer, inputs, outputs) = case(3, 1);
        let rounded =
            ternarize(layer.shape(), layer.weights(), ThresholdRule::Twn(Factor::PAPER), Granularity::Filter)
                .unwrap();
        let places: Vec<(usize, usize)> = (0..810).map(|w| (w / 81, w % 81)).collect();
        let windows = Windows::of(&layer, 0, &inputs, 9, &places);
        let gram = windows.gram();
        let trained: Vec<f64> =
            layer.weights()[..36].iter().map(|&weight| f64::from(weight) * 0.25).collect();
        let target = around_mean(places.iter().map(|&(image, position)| outputs[image].values()[position]));
        let start = &rounded.weights().values()[..36];
        let one = windows.solve(Some(&gram), &target, &trained, start, Zeros::Free);
        let other = windows.solve(None, &target, &trained, start, Zeros::Free);
        assert_eq!(one.0, other.0);
        assert!((one.1 - other.1).abs() < 1e-4 * one.1);
    }
}
