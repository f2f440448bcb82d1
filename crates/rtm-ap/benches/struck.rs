//! Time to execute rows that faults strike, and to count the writes that wear cells, beside rows that nothing befalls:
//! `cargo bench -p rtm-ap --bench struck`. Each is the best of several runs.

#![allow(clippy::print_stdout, clippy::unwrap_used)]

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use ap_program::Geometry;
use compiler::{Layout, Options, Sharing};
use network::{Checkpoint, FeatureMap, Network, ReferenceEngine};
use rtm_ap::{Effect, Machine, Strike, StruckRow};

const ROWS: usize = 512;
const RUNS: usize = 15;

fn main() {
    let networks = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments/networks");
    let name = "vgg8-fashion-s85-a4";
    let (_, network) = Network::load(&networks.join(format!("{name}.yaml"))).unwrap();
    let network = Arc::new(network);
    let golden = Checkpoint::load(&networks.join(format!("golden/{name}.safetensors.zst"))).unwrap();
    let (shape, pixels) = golden.shaped::<u8>("input").unwrap();
    let image = FeatureMap::from_pixels(network.input().shape(), &pixels[..pixels.len() / shape[0]]).unwrap();
    let options = Options {
        geometry: Geometry::new(256, 256, 64).unwrap(),
        sharing: Sharing::PerChannel,
        layout: Layout::Along,
        outputs_per_processor: None,
    };
    let machine = Machine::compile(Arc::clone(&network), &options).unwrap();
    let evaluation = network.evaluate(&image, &mut ReferenceEngine).unwrap();
    let (index, layer) = machine.layers().iter().enumerate().nth(1).unwrap();
    let (id, _) = network.linear_layers().nth(index).unwrap();
    let input = evaluation.activations(network.source(id).unwrap()).unwrap();
    let instructions = layer.compiled().programs[0].instructions.len();
    println!("{instructions} instructions of a layer on {ROWS} rows");
    println!("{:>28} {:>10}", "strikes in a row", "seconds");
    for count in [0, 1, 8, 64] {
        let strikes: Vec<Vec<Strike>> = (0..ROWS).map(|row| slips(row, count, instructions)).collect();
        let rows: Vec<StruckRow<'_>> = strikes
            .iter()
            .enumerate()
            .map(|(row, strikes)| StruckRow { input, position: row % 100, strikes })
            .collect();
        let seconds = best(|| drop(black_box(layer.execute_struck(0, &rows).unwrap())));
        println!("{count:>28} {seconds:>10.5}");
    }
    let evaluations = [evaluation.clone()];
    let seconds = best(|| drop(black_box(machine.wear(&evaluations).unwrap())));
    println!("{:>28} {seconds:>10.5}", "wear of the network");
}

/// Slips that look random, of columns and at times of their own for each row.
fn slips(row: usize, count: usize, instructions: usize) -> Vec<Strike> {
    let place = |n: usize| (row * 7919 + n * 104_729 + 13).wrapping_mul(2_654_435_761) >> 7;
    let slip = |n: usize| {
        let column = (place(2 * n) % 256) as u16;
        let effect = Effect::Slip { column, by: if place(n) & 1 == 1 { 1 } else { -1 } };
        Strike { instruction: (place(2 * n + 1) % instructions) as u32, bit: 0, effect }
    };
    (0..count).map(slip).collect()
}

fn best(mut work: impl FnMut()) -> f64 {
    let times = (0..RUNS).map(|_| {
        let start = Instant::now();
        work();
        start.elapsed().as_secs_f64()
    });
    times.fold(f64::INFINITY, f64::min)
}
