#![allow(missing_docs, clippy::all, clippy::unwrap_used, clippy::print_stdout)]
use compiler::*;
use network::{Checkpoint, FeatureMap, Network};
use rtm_ap::*;
use std::sync::Arc;
use std::time::Instant;
fn main() {
    let name = std::env::args().nth(1).unwrap();
    let dir = std::path::Path::new("experiments/networks");
    let (d, network) = Network::load(&dir.join(format!("{name}.yaml"))).unwrap();
    let network = Arc::new(network);
    for (sharing, layout) in [
        (Sharing::PerChannel, Layout::Along),
        (Sharing::PerChannel, Layout::Tiled),
        (Sharing::CrossChannel, Layout::Tiled),
    ] {
        let opts = Options {
            geometry: Geometry::new(256, 256, 64).unwrap(),
            sharing,
            layout,
            outputs_per_processor: None,
        };
        let t = Instant::now();
        let machine = Machine::compile(Arc::clone(&network), &opts).unwrap();
        println!("== {sharing} {} compile {:?}", layout.name(), t.elapsed());
        let golden =
            Checkpoint::load(&dir.join("golden").join(format!("{}.safetensors.zst", d.name))).unwrap();
        let (shape, pixels) = golden.shaped::<u8>("input").unwrap();
        let (_, logits) = golden.shaped::<i64>("logits").unwrap();
        let image =
            FeatureMap::from_pixels(network.input().shape(), &pixels[..pixels.len() / shape[0]]).unwrap();
        let t = Instant::now();
        let run = machine.run(&image).unwrap();
        println!("run {:?} equal {}", t.elapsed(), run.evaluation.logits() == &logits[..network.classes()]);
        let mut total = Events::default();
        let (mut ops, mut words) = (0, 0);
        for (l, e) in machine.layers().iter().zip(&run.events) {
            let s = l.compiled().statistics;
            println!(
                "{:20} {:6} parts {} proc {} cols {} words {} ops {} steps {:.3e} searches {:.3e}",
                l.compiled().name,
                l.compiled().layout.name(),
                l.compiled().programs.len(),
                e.processors,
                s.columns,
                s.words,
                s.operations(),
                e.track_steps.physical,
                e.row_searches.physical
            );
            total += *e;
            words += s.words;
            ops += s.operations();
        }
        println!(
            "ops {ops} words {words} searches {:.3e} tagged {:.3e} bcast {:.3e} steps {:.3e} loaded {:.3e} serial {:?}",
            total.row_searches.physical,
            total.tagged_bits.physical,
            total.broadcast_bits.physical,
            total.track_steps.physical,
            total.loaded_bits,
            total.serial
        );
    }
}
