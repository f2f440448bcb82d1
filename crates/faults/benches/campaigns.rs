//! Inferences per second under shift faults, against rate, images and trials: `cargo bench -p faults --bench campaigns`.
//!
//! What bounds it: at rare faults, one draw of a random number for each inference; at frequent ones, the rows that are struck,
//! each a program's run shared by 512 rows, and the activations that follow. The last columns say how many faults were drawn and
//! the time for each.

#![allow(clippy::print_stdout, clippy::unwrap_used)]

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use ap_program::Geometry;
use compiler::{Layout, Options, Sharing};
use faults::{Campaign, FaultKind, FaultPoint, FaultRates, LiteratureRates, Mitigation, Sampling};
use network::{DataSet, Network};
use rtm_ap::Machine;
use technology::{Parameters, TechnologyFile};

fn main() {
    let experiments = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments");
    let file = experiments.join("technology/faults/literature.yaml");
    let file = TechnologyFile::<()>::load(&file, &[LiteratureRates::DECLARATIONS]).unwrap();
    let rates = FaultRates::of(&LiteratureRates::resolve(&file.parameters).unwrap()).unwrap();
    let (_, network) = Network::load(&experiments.join("networks/vgg8-fashion-s85-a4.yaml")).unwrap();
    let set = data_sets::load(DataSet::FashionMnist, &experiments.join("data/fashion-mnist")).unwrap();
    let set = set.first(1000).unwrap().fitted_to(network.input().shape()).unwrap();
    let (images, labels) = (set.feature_maps(), set.labels().unwrap().to_vec());
    let options = Options {
        geometry: Geometry::new(256, 256, 64).unwrap(),
        sharing: Sharing::PerChannel,
        layout: Layout::Along,
        outputs_per_processor: None,
    };
    let start = Instant::now();
    let machine = Machine::compile(Arc::new(network), &options).unwrap();
    println!("compiled in {:.2} s; {} threads", start.elapsed().as_secs_f64(), rayon::current_num_threads());
    println!(
        "{:>8} {:>7} {:>7} {:>10} {:>9} {:>12} {:>12} {:>14} {:>10}",
        "rate",
        "images",
        "trials",
        "inferences",
        "seconds",
        "trials / s",
        "inf. / s",
        "faults / inf.",
        "us / fault"
    );
    let runs = [
        (1e-12, 100, 1000),
        (1e-10, 100, 1000),
        (1e-10, 1000, 1000),
        (1e-9, 100, 1000),
        (1e-8, 100, 100),
        (1e-7, 100, 30),
        (1e-6, 10, 100),
        (1e-6, 100, 10),
        (1e-6, 100, 30),
        (1e-5, 100, 4),
        (4.55e-5, 100, 2),
        (1e-4, 100, 2),
    ];
    // One rate alone, for a profiler: `cargo bench -p faults --bench campaigns -- 1e-6`.
    let only: Option<f64> = std::env::args().nth(1).and_then(|rate| rate.parse().ok());
    for (rate, count, trials) in runs.into_iter().filter(|run| only.is_none_or(|only| run.0 == only)) {
        let start = Instant::now();
        let campaign = Campaign::new(&machine, &images[..count], &labels[..count], 1).unwrap();
        let point = FaultPoint {
            rates: rates.with_shift_rate(rate).unwrap(),
            kinds: vec![FaultKind::OutOfStepByOne],
            mitigation: Mitigation::None,
            sampling: Sampling::Plain,
            stage: 0,
            layers: None,
        };
        let records = campaign.prepare(&point).run(0..trials).unwrap();
        let seconds = start.elapsed().as_secs_f64();
        let faults: f64 = records.iter().map(|record| f64::from(record.faults)).sum();
        let inferences = count as f64 * trials as f64;
        println!(
            "{rate:>8.2e} {count:>7} {trials:>7} {inferences:>10} {seconds:>9.3} {:>12.2} {:>12.0} {:>14.4} {:>10.2}",
            trials as f64 / seconds,
            inferences / seconds,
            faults / inferences,
            1e6 * seconds / faults.max(1.0),
        );
    }
}
