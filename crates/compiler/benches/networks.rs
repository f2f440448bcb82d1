//! Time to compile every shipped network, by way of sharing and layout: `cargo bench -p compiler --bench networks [NETWORK...]`.

#![allow(clippy::print_stdout, clippy::unwrap_used)]

use std::path::Path;
use std::time::Instant;

use ap_program::Geometry;
use compiler::{Layout, Options, Sharing, compile_layer};
use network::Network;
use rayon::prelude::*;

const NETWORKS: [&str; 5] =
    ["vgg8-fashion-s85-a4", "vgg9-s85-a4", "vgg11-s85-a4", "resnet18-s80-a4", "vgg9-s85-a8"];

fn main() {
    let named: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let networks: Vec<&str> =
        if named.is_empty() { NETWORKS.to_vec() } else { named.iter().map(String::as_str).collect() };
    // The tables of passes are searched for once, by whoever compiles first.
    let start = Instant::now();
    compiler::lut::standard_luts(compiler::Carry::Column).unwrap();
    println!("look-up tables: {:.3} s", start.elapsed().as_secs_f64());
    println!(
        "{:24} {:14} {:7} {:>11} {:>9} {:>8}",
        "network", "sharing", "layout", "operations", "words", "seconds"
    );
    for name in networks {
        let path =
            Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../experiments/networks/{name}.yaml"));
        let (_, network) = Network::load(&path).unwrap();
        for (sharing, layout) in [
            (Sharing::None, Layout::Along),
            (Sharing::PerChannel, Layout::Naive),
            (Sharing::PerChannel, Layout::Along),
            (Sharing::PerChannel, Layout::Tiled),
            (Sharing::CrossChannel, Layout::Along),
        ] {
            let geometry = Geometry::new(256, 256, 64).unwrap();
            let options = Options { geometry, sharing, layout, outputs_per_processor: None };
            let layers: Vec<_> = network.linear_layers().map(|(_, layer)| layer).collect();
            let start = Instant::now();
            let statistics: Vec<_> = layers
                .par_iter()
                .with_max_len(1)
                .map(|layer| {
                    let maximum = u32::from(layer.input_maximum());
                    compile_layer(layer.name(), layer.weights(), maximum, &options).unwrap().statistics
                })
                .collect();
            let seconds = start.elapsed().as_secs_f64();
            let operations: usize = statistics.iter().map(|s| s.operations()).sum();
            let words: usize = statistics.iter().map(|s| s.words).sum();
            println!(
                "{name:24} {:14} {:7} {operations:>11} {words:>9} {seconds:>8.2}",
                sharing.name(),
                layout.name()
            );
        }
    }
}
