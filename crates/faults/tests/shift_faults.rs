//! Shift faults on a shipped network.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use compiler::{Geometry, Layout, Options, Sharing};
use faults::{FaultPoint, LiteratureRates, Realignment, ShiftFaultRates, Study};
use network::{Checkpoint, FeatureMap, Network};
use rtm_ap::Machine;
use technology::{Parameters, TechnologyFile};

fn experiments() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments")
}

fn rates() -> ShiftFaultRates {
    let path = experiments().join("technology/faults/literature.yaml");
    let file = TechnologyFile::<()>::load(&path, &[LiteratureRates::DECLARATIONS]).unwrap();
    ShiftFaultRates::of(&LiteratureRates::resolve(&file.parameters).unwrap())
}

fn with_study(test: impl FnOnce(&Study<'_>)) {
    let networks = experiments().join("networks");
    let (description, network) = Network::load(&networks.join("vgg8-fashion-s85-a4.yaml")).unwrap();
    let golden = networks.join("golden").join(format!("{}.safetensors.zst", description.name));
    let golden = Checkpoint::load(&golden).unwrap();
    let (shape, pixels) = golden.shaped::<u8>("input").unwrap();
    let (_, labels) = golden.shaped::<u8>("labels").unwrap();
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
    let machine = Machine::compile(Arc::new(network), &options).unwrap();
    test(&Study::new(&machine, &images, labels, 5).unwrap());
}

fn point(rate: f64, stage: u64) -> FaultPoint {
    FaultPoint { rates: rates().scaled_to(rate), realignment: Realignment::EachLayer, stage }
}

#[test]
fn without_faults_every_answer_is_the_clean_one_and_with_many_none_of_the_logits_is() {
    with_study(|study| {
        let rare = study.trial(&point(1e-16, 0), 0).unwrap();
        assert_eq!((rare.correct, rare.changed_logits, rare.slips), (study.clean_correct(), 0, 0));
        let frequent = study.trial(&point(1e-5, 0), 0).unwrap();
        assert_eq!(frequent.changed_logits, frequent.inferences);
    });
}

#[test]
fn as_many_tracks_slip_as_the_rates_predict() {
    with_study(|study| {
        let point = point(2e-7, 1);
        let result = study.trial(&point, 0).unwrap();
        let expected = study.expected_slips(point.rates) * result.inferences as f64;
        // A Poisson count lies within five standard deviations.
        assert!(
            (result.slips as f64 - expected).abs() < 5.0 * expected.sqrt(),
            "{} of {expected}",
            result.slips
        );
        assert!(expected > 100.0, "{expected}");
    });
}

#[test]
fn a_trial_gives_the_same_result_at_any_number_of_threads() {
    with_study(|study| {
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| study.trial(&point(1e-8, 2), 3).unwrap())
        };
        assert_eq!(run(1), run(3));
    });
}
