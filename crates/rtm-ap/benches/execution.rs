//! Time to execute whole networks with exact event counts, beside a bound: `cargo bench -p rtm-ap --bench execution`.
//!
//! The bound is a plain inner loop: an addition of two planes' words with its population counts, for as many words as the programs
//! run over. What lies above it is the dispatch of instructions (layers of few rows have one word to an instruction), the
//! loads' transposition, and the network's own work between layers.

#![allow(clippy::print_stdout, clippy::unwrap_used)]

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use ap_program::{Geometry, Instruction};
use compiler::{Layout, Options, Sharing};
use network::{Checkpoint, FeatureMap, Network};
use rtm_ap::Machine;

fn main() {
    let networks = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments/networks");
    let word = seconds_of_a_word();
    println!("a word's bit-addition in a plain loop: {:.2} ns, one thread", 1e9 * word);
    println!(
        "{:22} {:>6} {:>9} {:>12} {:>16} {:>18}",
        "network", "images", "seconds", "s / image", "words / image", "bound, s / image"
    );
    for (name, counts) in [("resnet18-s80-a4", [1, 2, 4]), ("vgg8-fashion-s85-a4", [64, 256, 1024])] {
        let (_, network) = Network::load(&networks.join(format!("{name}.yaml"))).unwrap();
        let network = Arc::new(network);
        let golden = networks.join("golden").join(format!("{name}.safetensors.zst"));
        let golden = Checkpoint::load(&golden).unwrap();
        let (shape, pixels) = golden.shaped::<u8>("input").unwrap();
        let images: Vec<FeatureMap> = pixels
            .chunks(pixels.len() / shape[0])
            .map(|image| FeatureMap::from_pixels(network.input().shape(), image).unwrap())
            .collect();
        let options = Options {
            geometry: Geometry::new(256, 256, 64).unwrap(),
            sharing: Sharing::PerChannel,
            layout: Layout::Along,
            outputs_per_processor: None,
        };
        let machine = Machine::compile(Arc::clone(&network), &options).unwrap();
        for count in counts {
            let set: Vec<FeatureMap> = images.iter().cycle().take(count).cloned().collect();
            let start = Instant::now();
            black_box(machine.run_all(&set).unwrap());
            let seconds = start.elapsed().as_secs_f64();
            let words = words_of(&machine, count) / count as f64;
            let bound = words * word / rayon::current_num_threads() as f64;
            let each = seconds / count as f64;
            println!("{name:22} {count:>6} {seconds:>9.3} {each:>12.5} {words:>16.3e} {bound:>18.5}");
        }
    }
}

/// Words of planes that all `apply` of all layers work on.
fn words_of(machine: &Machine, images: usize) -> f64 {
    let of_layer = |layer: &rtm_ap::MachineLayer| {
        let rows = images * layer.rows().occupied as usize;
        let bits: usize = layer
            .compiled()
            .programs
            .iter()
            .flat_map(|program| &program.instructions)
            .map(|i| if let Instruction::Apply { bits, .. } = i { usize::from(*bits) } else { 0 })
            .sum();
        (bits * rows.div_ceil(64)) as f64
    };
    machine.layers().iter().map(of_layer).sum()
}

/// One word's addition with carry and two population counts, in a loop over planes that stay in the cache.
fn seconds_of_a_word() -> f64 {
    const WORDS: usize = 8;
    const ROUNDS: usize = 4_000_000;
    let (mut a, mut b, mut carry) = ([0x5555_u64; WORDS], [0x3333_u64; WORDS], [0x0f0f_u64; WORDS]);
    let mut counted = 0;
    let start = Instant::now();
    for _ in 0..ROUNDS {
        for word in 0..WORDS {
            let (differ, sum) = (carry[word] ^ a[word], a[word] ^ b[word]);
            counted += u64::from((differ & sum).count_ones()) + 2 * u64::from((differ & !sum).count_ones());
            let next = (carry[word] & a[word]) | (b[word] & differ);
            b[word] = carry[word] ^ sum;
            carry[word] = next;
        }
        black_box((&mut a, &mut b, &mut carry));
    }
    black_box(counted);
    start.elapsed().as_secs_f64() / (ROUNDS * WORDS) as f64
}
