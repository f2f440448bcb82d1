use std::time::Instant;
use compiler::{Geometry, Options, Sharing};
use network::{Checkpoint, FeatureMap, Network};
use rtm_ap::*;
fn main() {
    let name = std::env::args().nth(1).unwrap();
    let dir = std::path::Path::new("experiments/networks");
    let t = Instant::now();
    let (d, network) = Network::load(&dir.join(format!("{name}.yaml"))).unwrap();
    println!("load {:?}", t.elapsed());
    let opts = Options { geometry: Geometry::new(256,256,64).unwrap(), sharing: Sharing::PerChannel, outputs_per_processor: None };
    let t = Instant::now();
    let machine = Machine::compile(&network, &opts).unwrap();
    println!("compile {:?}", t.elapsed());
    let golden = Checkpoint::load(&dir.join("golden").join(format!("{}.safetensors.zst", d.name))).unwrap();
    let (shape, pixels) = golden.shaped::<u8>("input").unwrap();
    let (_, logits) = golden.shaped::<i64>("logits").unwrap();
    let image = FeatureMap::from_pixels(network.input().shape(), &pixels[..pixels.len()/shape[0]]).unwrap();
    let t = Instant::now();
    let run = machine.run(&image).unwrap();
    println!("run {:?} equal {}", t.elapsed(), run.evaluation.logits() == &logits[..network.classes()]);
    let t = Instant::now();
    let exp = machine.expected_events(|_| 0.3);
    println!("expect {:?}", t.elapsed());
    let mut total = Events::default();
    let (mut conv_nz, mut conv_ops, mut words) = (0,0,0);
    for ((l, e), x) in machine.layers().iter().zip(&run.events).zip(&exp) {
        let s = l.compiled().statistics;
        println!("{:24} parts {} proc {} cols {} words {} adders {} acc {} tagged {:.3e} expected {:.3e} steps {:.3e}", l.compiled().name, l.compiled().programs.len(), e.processors, s.columns, s.words, s.adders, s.accumulates, e.tagged_bits.occupied, x.tagged_bits.occupied, e.track_steps.physical);
        total += *e;
        words += s.words;
        if l.counts().len()>0 && !l.compiled().name.starts_with("fc") { conv_nz += s.nonzeros; conv_ops += s.operations(); }
    }
    println!("conv nonzeros {conv_nz} ops {conv_ops} words {words}");
    println!("{total:#?}");
}
