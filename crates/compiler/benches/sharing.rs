//! Additions and time of sharing over whole matrices, beside a public solver and a plain greedy search, and over every layer
//! of the shipped ResNet-18: `cargo bench -p compiler --bench sharing`.
//!
//! The columns of others were measured on the same weights: da4ml 0.6.0 (PyPI; arXiv 2507.04535), and a search that replaces
//! the most frequent pair of the whole matrix, ties to the pair of the earliest terms.

#![allow(clippy::print_stdout, clippy::unwrap_used)]

use std::path::Path;
use std::time::Instant;

use compiler::passes::search::search;
use compiler::{Sharing, share_layer};
use network::{LinearLayer, Network, TernaryWeights};
use rayon::prelude::*;

/// A layer, how many of its input channels (0 for all), and the additions of da4ml (0 where it was not run) and of greedy.
const MATRICES: [(&str, usize, usize, usize); 8] = [
    ("layer1.0.conv1", 8, 581, 545),
    ("stem", 0, 1030, 1024),
    ("layer1.0.conv1", 0, 3926, 3787),
    ("layer2.0.downsample", 0, 949, 901),
    ("layer4.0.conv1", 1, 213, 158),
    ("layer4.0.conv1", 8, 3676, 3190),
    ("layer2.0.conv1", 0, 7620, 7425),
    ("layer3.0.conv2", 0, 0, 53950),
];

/// Pairs that come or go in a search for each addition of what greedy sharing gives.
const WORK_OF_AN_ADDITION: u64 = 30_000;

fn main() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments/networks/resnet18-s80-a4.yaml");
    let (_, network) = Network::load(&path).unwrap();
    let layers: Vec<&LinearLayer> = network.linear_layers().map(|(_, layer)| layer).collect();

    println!(
        "{:24} {:>12} {:>8} {:>8} {:>8} {:>9} {:>8} {:>9}",
        "matrix", "size", "da4ml", "greedy", "here", "seconds", "searched", "seconds"
    );
    for (name, channels, da4ml, greedy) in MATRICES {
        let layer = layers.iter().find(|layer| layer.name() == name).unwrap();
        let weights = first_channels(layer.weights(), channels);
        let size = format!("{} x {}", weights.inputs() * weights.taps(), weights.outputs());
        let start = Instant::now();
        let adders = share_layer(name, &weights, 15, Sharing::CrossChannel).adders();
        let seconds = start.elapsed().as_secs_f64();
        // The last one is too large for a look.
        let (mut searched, mut of_search) = (String::new(), String::new());
        if greedy < 50_000 {
            let start = Instant::now();
            let mut sums = share_layer(name, &weights, 15, Sharing::CrossChannel);
            for group in &mut sums.groups {
                search(group, WORK_OF_AN_ADDITION * group.adders() as u64, 1);
            }
            searched = sums.adders().to_string();
            of_search = format!("{:.2}", start.elapsed().as_secs_f64());
        }
        println!(
            "{name:24} {size:>12} {da4ml:>8} {greedy:>8} {adders:>8} {seconds:>9.2} {searched:>8} {of_search:>9}"
        );
    }

    let start = Instant::now();
    // The largest layers first: the last one to finish is a small one.
    let mut order: Vec<usize> = (0..layers.len()).collect();
    order.sort_by_key(|&index| std::cmp::Reverse(layers[index].weights().nonzeros()));
    let mut adders: Vec<(usize, usize)> = order
        .par_iter()
        .with_max_len(1)
        .map(|&index| {
            let layer = layers[index];
            (index, share_layer(layer.name(), layer.weights(), 15, Sharing::CrossChannel).adders())
        })
        .collect();
    adders.sort_unstable();
    println!();
    for (index, adders) in &adders {
        println!("{:24} {adders:>8}", layers[*index].name());
    }
    let total: usize = adders.iter().map(|&(_, adders)| adders).sum();
    println!("every layer of ResNet-18: {total} in {:.1} s", start.elapsed().as_secs_f64());
}

fn first_channels(weights: &TernaryWeights, channels: usize) -> TernaryWeights {
    let channels = if channels == 0 { weights.inputs() } else { channels };
    let values =
        (0..weights.outputs()).flat_map(|output| (0..channels).flat_map(move |c| weights.slice(output, c)));
    let shape = [weights.outputs(), channels, weights.kernel_height(), weights.kernel_width()];
    TernaryWeights::new(shape, values.copied().collect()).unwrap()
}
