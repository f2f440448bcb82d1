//! Random layers.

#![allow(clippy::unwrap_used)]

use ap_program::{Carry, Geometry};
use compiler::{Layout, Options, Sharing};
use network::{FeatureMap, LinearLayer, Shape, TernaryWeights, Window};
use proptest::prelude::*;

#[derive(Debug, Clone)]
pub struct Case {
    pub layer: LinearLayer,
    pub input: FeatureMap,
    pub options: Options,
}

/// A layer of random extents and weights, an input for it, and a way to compile it.
pub fn case() -> impl Strategy<Value = Case> {
    let extents = (1_usize..4, 1_usize..7, 1_usize..4, 1_usize..4, 1_usize..3);
    let sizes = (1_usize..15, 1_usize..15, 1_u32..9, 1_u64..130, 0_u32..100);
    (extents, sizes, prop::bool::ANY, prop::bool::ANY, prop::sample::select(Carry::ALL.to_vec()))
        .prop_flat_map(
            |(
                (channels, outputs, kernel_height, kernel_width, stride),
                (height, width, bits, rows, density),
                shared,
                tiled,
                carry,
            )| {
                let padding = (kernel_height.min(kernel_width) - 1).min(1);
                let (height, width) = (height + kernel_height, width + kernel_width);
                let weight = (0_u32..100, prop::bool::ANY).prop_map(move |(draw, minus)| {
                    if draw >= density {
                        0
                    } else if minus {
                        -1
                    } else {
                        1
                    }
                });
                let maximum = (1_u16 << bits) - 1;
                (
                    prop::collection::vec(weight, outputs * channels * kernel_height * kernel_width),
                    prop::collection::vec(0..=maximum, channels * height * width),
                )
                    .prop_map(move |(weights, values)| {
                        let shape = Shape::new(channels, height, width);
                        let weights =
                            TernaryWeights::new([outputs, channels, kernel_height, kernel_width], weights)
                                .unwrap();
                        let window = Window::new(kernel_height, kernel_width, stride, padding).unwrap();
                        let sharing = if shared { Sharing::PerChannel } else { Sharing::None };
                        Case {
                            layer: LinearLayer::convolution("random", weights, window, shape, maximum)
                                .unwrap(),
                            input: FeatureMap::new(shape, values).unwrap(),
                            options: Options {
                                geometry: Geometry::new(rows, 64, 32).unwrap().with_carry(carry),
                                sharing,
                                layout: if tiled { Layout::Tiled } else { Layout::Along },
                                outputs_per_processor: None,
                            },
                        }
                    })
            },
        )
}
