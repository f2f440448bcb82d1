//! Pools.

use network::Shape;

use crate::operation::Pool;
use crate::{FloatMap, Window};

/// For each window of a map, the taps that lie inside, given to `of`.
fn windows(
    input: &FloatMap,
    window: Window,
    output: Shape,
    of: impl Fn(&mut dyn Iterator<Item = f32>) -> f32,
) -> FloatMap {
    let (shape, [down, across]) = (input.shape(), window.dilation());
    let mut values = Vec::with_capacity(output.len());
    for channel in input.channels() {
        for y in 0..output.height {
            let (_, row, rows) = window.inside(0, y, shape.height);
            for x in 0..output.width {
                let (_, left, columns) = window.inside(1, x, shape.width);
                let taps = (0..rows).flat_map(|step| {
                    let start = (row + step * down) * shape.width + left;
                    channel[start..].iter().step_by(across).take(columns).copied()
                });
                values.push(of(&mut { taps }));
            }
        }
    }
    FloatMap::of(output, values)
}

pub(crate) fn max_pool(input: &FloatMap, window: Window, output: Shape) -> FloatMap {
    windows(input, window, output, |taps| taps.fold(f32::NEG_INFINITY, f32::max))
}

pub(crate) fn average_pool(input: &FloatMap, pool: Pool, output: Shape) -> FloatMap {
    let all = pool.window.taps() as f64;
    windows(input, pool.window, output, |taps| {
        let (mut sum, mut count) = (0.0, 0_u32);
        for value in taps {
            sum += f64::from(value);
            count += 1;
        }
        let divisor = if pool.counts_padding { all } else { f64::from(count.max(1)) };
        (sum / divisor) as f32
    })
}

pub(crate) fn global_average_pool(input: &FloatMap, output: Shape) -> FloatMap {
    let mean = |channel: &[f32]| {
        (channel.iter().map(|&value| f64::from(value)).sum::<f64>() / channel.len() as f64) as f32
    };
    FloatMap::of(output, input.channels().map(mean).collect())
}
