//! Faults on a shipped network.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ap_program::Geometry;
use compiler::{Layout, Options, Sharing};
use faults::{
    Campaign, FaultKind, FaultPoint, FaultRates, LiteratureRates, Mitigation, Record, Sampling, Stream,
    Summary,
};
use network::{ImageSet, Network};
use rtm_ap::Machine;
use technology::{Parameters, TechnologyFile};

fn experiments() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments")
}

fn rates() -> FaultRates {
    let path = experiments().join("technology/faults/literature.yaml");
    let file = TechnologyFile::<()>::load(&path, &[LiteratureRates::DECLARATIONS]).unwrap();
    FaultRates::of(&LiteratureRates::resolve(&file.parameters).unwrap()).unwrap()
}

fn with_campaign(test: impl FnOnce(&Campaign<'_>)) {
    let networks = experiments().join("networks");
    let (description, network) = Network::load(&networks.join("vgg8-fashion-s85-a4.yaml")).unwrap();
    let golden = networks.join("golden").join(format!("{}.safetensors.zst", description.name));
    let golden = ImageSet::from_golden(&golden).unwrap();
    let (images, labels) = (golden.feature_maps(), golden.labels().unwrap());
    let options = Options {
        geometry: Geometry::new(256, 256, 64).unwrap(),
        sharing: Sharing::PerChannel,
        layout: Layout::Along,
        outputs_per_processor: None,
    };
    let machine = Machine::compile(Arc::new(network), &options).unwrap();
    test(&Campaign::new(&machine, &images, labels, 5).unwrap());
}

fn point(rate: f64, stage: u64) -> FaultPoint {
    FaultPoint {
        rates: rates().with_shift_rate(rate).unwrap(),
        kinds: vec![FaultKind::OutOfStepByOne],
        mitigation: Mitigation::None,
        sampling: Sampling::Plain,
        stage,
        layers: None,
    }
}

fn run(campaign: &Campaign<'_>, point: &FaultPoint, trials: u64) -> Vec<Record> {
    campaign.prepare(point).run(0..trials).unwrap()
}

#[test]
fn without_faults_nothing_is_struck_and_with_many_every_answer_has_other_logits() {
    with_campaign(|campaign| {
        assert!(run(campaign, &point(1e-16, 0), 1).is_empty());
        let frequent = run(campaign, &point(1e-5, 0), 1);
        assert_eq!(frequent.len(), campaign.images());
        assert!(frequent.iter().all(|record| record.changed_logits && record.noise > 0.0));
    });
}

#[test]
fn as_many_tracks_slip_as_the_rates_predict() {
    with_campaign(|campaign| {
        let point = point(2e-7, 1);
        let expected = campaign.prepare(&point).expected_faults() * campaign.images() as f64;
        let slips: u32 = run(campaign, &point, 1).iter().map(|record| record.faults).sum();
        // A Poisson count lies within five standard deviations.
        assert!((f64::from(slips) - expected).abs() < 5.0 * expected.sqrt(), "{slips} of {expected}");
        assert!(expected > 100.0, "{expected}");
    });
}

#[test]
fn a_trial_gives_the_same_records_at_any_number_of_threads_and_in_any_split() {
    with_campaign(|campaign| {
        let all = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| run(campaign, &point(3e-9, 2), 8))
        };
        let (one, three) = (all(1), all(3));
        assert_eq!(one, three);
        let prepared = campaign.prepare(&point(3e-9, 2));
        let split: Vec<Record> =
            [0..3, 3..4, 4..8].into_iter().flat_map(|t| prepared.run(t).unwrap()).collect();
        assert_eq!(one, split);
        assert!(!one.is_empty());
    });
}

#[test]
fn protection_sees_the_same_slips_and_leaves_fewer_of_them() {
    with_campaign(|campaign| {
        let with = |mitigation| FaultPoint { mitigation, ..point(3e-6, 3) };
        let drop = |mitigation| {
            let records = run(campaign, &with(mitigation), 2);
            let faults: u32 = records.iter().map(|record| record.faults).sum();
            let stream = Stream { seed: 0, stage: 0, trial: 0, unit: 0 };
            let summary = Summary::of(campaign, &records, 2, 1.0, 0.95, stream).unwrap();
            (faults, summary.changed_answers, summary.snr_db)
        };
        let bare = drop(Mitigation::None);
        let realigned = drop(Mitigation::RealignEachLoad);
        assert_eq!(bare.0, realigned.0);
        assert!(bare.1 > realigned.1 && bare.2 < realigned.2, "{bare:?} {realigned:?}");
        let voted = drop(Mitigation::MajorityOfThree);
        assert!(voted.1 <= bare.1 && voted.2 > bare.2, "{bare:?} {voted:?}");
        assert_eq!(drop(Mitigation::PositionCode).1, 0);
        let repeated = drop(Mitigation::CheckAndRepeat);
        assert!(repeated.2 > bare.2, "{repeated:?}");
    });
}

#[test]
fn an_answer_of_which_the_machine_knows_that_a_row_failed_is_not_silent() {
    with_campaign(|campaign| {
        let records =
            run(campaign, &FaultPoint { mitigation: Mitigation::CheckAndRepeat, ..point(1e-5, 6) }, 2);
        let changed =
            |record: &&Record| campaign.clean_class(record.image as usize) != Some(record.class.into());
        let known = records.iter().filter(changed).filter(|record| record.given_up > 0).count();
        let silent = records.iter().filter(changed).filter(|record| record.given_up == 0).count();
        assert!(known > 0, "{}", records.len());
        let stream = Stream { seed: 0, stage: 0, trial: 0, unit: 0 };
        let summary = Summary::of(campaign, &records, 2, 1.0, 0.95, stream).unwrap();
        assert_eq!(summary.changed_answers, (known + silent) as u64);
        let inferences = (2 * campaign.images()) as f64;
        assert!((summary.silent_corruptions - silent as f64 / inferences).abs() < 1e-12);
        // Where few are seen, the interval is no narrower than the exact one.
        let exact = faults::clopper_pearson(silent as u64, inferences as u64, 0.95).unwrap();
        let interval = summary.silent_corruptions_interval;
        assert!(interval.low <= exact.low && interval.high >= exact.high, "{interval:?} {exact:?}");
    });
}

#[test]
fn inferences_with_at_least_one_fault_stand_for_all_of_them() {
    with_campaign(|campaign| {
        // A rate that both reach: about one slip in three images.
        let plain = point(1e-9, 4);
        let given = FaultPoint { sampling: Sampling::AtLeastOneFault, stage: 5, ..plain.clone() };
        let share = |point: &FaultPoint, trials| {
            let prepared = campaign.prepare(point);
            let records = prepared.run(0..trials).unwrap();
            let changed = records.iter().filter(|record| record.changed_logits).count() as f64;
            let inferences = campaign.images() as f64 * trials as f64;
            let p = changed / inferences;
            (prepared.weight() * p, prepared.weight() * (p * (1.0 - p) / inferences).sqrt())
        };
        let (a, b) = (share(&plain, 120), share(&given, 40));
        let error = (a.1 * a.1 + b.1 * b.1).sqrt();
        assert!((a.0 - b.0).abs() < 4.0 * error, "{a:?} {b:?}");
        assert!(b.1 < a.1, "{a:?} {b:?}");
    });
}

#[test]
fn stuck_cells_strike_every_image_of_a_trial_and_spares_take_their_place() {
    with_campaign(|campaign| {
        let stuck = |mitigation| FaultPoint {
            kinds: vec![FaultKind::StuckCell],
            mitigation,
            rates: FaultRates { stuck_cell: 1e-4, ..rates() },
            ..point(1e-9, 6)
        };
        let bare = run(campaign, &stuck(Mitigation::None), 3);
        assert!(bare.iter().any(|record| record.changed_logits));
        assert_eq!(bare.len() % campaign.images(), 0);
        assert!(run(campaign, &stuck(Mitigation::SpareRows(64)), 3).is_empty());
        assert!(run(campaign, &stuck(Mitigation::SpareColumns(64)), 3).is_empty());
    });
}

#[test]
fn every_kind_of_fault_changes_something_if_it_is_frequent_enough() {
    with_campaign(|campaign| {
        for kind in FaultKind::ALL {
            let slips = rates().by_one;
            let rates = FaultRates { by_one: slips, by_two: slips, ..FaultRates::uniform(1e-5) };
            let records = run(campaign, &FaultPoint { kinds: vec![kind], rates, ..point(0.0, 7) }, 1);
            assert!(records.iter().any(|record| record.changed_logits), "{kind:?}");
        }
    });
}
