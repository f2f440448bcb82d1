//! What the records of a point say: accuracy and its drop, silent corruptions, noise, and where answers first go wrong.

use crate::campaign::{Campaign, Record};
use crate::cluster::{cluster_bootstrap, design_effect};
use crate::interval::{Interval, IntervalError, clopper_pearson, wilson};
use crate::sequential::ConfidenceSequence;
use crate::stream::Stream;

/// Resamples of a bootstrap.
const RESAMPLES: u32 = 2000;

/// What a point gave over all trials and images.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// Images times trials that the numbers stand for.
    pub inferences: u64,
    /// Of these, how many were drawn and struck.
    pub struck: u64,
    /// The share of inferences that get their label's class.
    pub accuracy: f64,
    /// Its interval for new images and new faults, clustered by image.
    pub accuracy_interval: Interval,
    /// The accuracy without faults less that with them, on these images.
    pub drop: f64,
    /// Its interval, clustered by image.
    pub drop_interval: Interval,
    /// The share of inferences that get another class than without faults, with nothing that says so: no row failed its last
    /// check.
    pub silent_corruptions: f64,
    /// Its interval: the wider of that clustered by image and, weighted, that of Clopper and Pearson, at each end. The former is
    /// too narrow where few were seen, and nothing where none was; the latter takes inferences for independent.
    pub silent_corruptions_interval: Interval,
    /// Inferences among the drawn ones with another class than without faults.
    pub changed_answers: u64,
    /// The probability that an inference is among the drawn ones; 1 if all are.
    pub weight: f64,
    /// The share of drawn inferences with another class, with the interval of Clopper and Pearson for these images.
    pub changed_interval: Interval,
    /// The interval of Wilson.
    pub changed_wilson: Interval,
    /// How much wider the variance is than if inferences were independent.
    pub design_effect: f64,
    /// The share of inferences with any other logit.
    pub changed_logits: f64,
    /// The mean squared error of the logits, as a share of their square without faults.
    pub noise: f64,
    /// Its interval, clustered by image.
    pub noise_interval: Interval,
    /// Signal over noise of the logits, in decibels; infinite without noise.
    pub snr_db: f64,
    /// Faults in all drawn inferences.
    pub faults: u64,
    /// Drawn inferences whose first wrong accumulator is in each layer.
    pub first_failing: Vec<u64>,
    /// Rows that never passed their check.
    pub given_up: u64,
}

impl Summary {
    /// Sums up the records of some trials. `weight` is the probability that an inference is among the drawn ones.
    ///
    /// # Errors
    /// If there are no trials, or the confidence is no probability.
    pub fn of(
        campaign: &Campaign<'_>,
        records: &[Record],
        trials: u64,
        weight: f64,
        confidence: f64,
        stream: Stream,
    ) -> Result<Self, IntervalError> {
        let images = campaign.images();
        let inferences = images as u64 * trials;
        let mut images_tally = vec![Tally::default(); images];
        let mut first_failing = vec![0; campaign.machine().layers().len()];
        let (mut faults, mut given_up, mut changed_logits) = (0, 0, 0_u64);
        for record in records {
            let image = record.image as usize;
            let (Some(clean), Some(&label)) = (campaign.clean_class(image), campaign.labels().get(image))
            else {
                continue;
            };
            let tally = &mut images_tally[image];
            let class = usize::from(record.class);
            tally.changed += u64::from(class != clean);
            tally.silent += u64::from(class != clean && record.given_up == 0);
            tally.lost += i64::from(clean == usize::from(label)) - i64::from(class == usize::from(label));
            changed_logits += u64::from(record.changed_logits);
            tally.noise += record.noise;
            faults += u64::from(record.faults);
            given_up += u64::from(record.given_up);
            if let Some(count) =
                record.first_failing.and_then(|layer| first_failing.get_mut(usize::from(layer)))
            {
                *count += 1;
            }
        }
        let of_trials = |count: f64| weight * count / trials as f64;
        let drops: Vec<f64> = images_tally.iter().map(|tally| of_trials(tally.lost as f64)).collect();
        let silent: Vec<f64> = images_tally.iter().map(|tally| of_trials(tally.silent as f64)).collect();
        let noises: Vec<f64> = images_tally.iter().map(|tally| of_trials(tally.noise)).collect();
        let correct: Vec<f64> = (0..images)
            .map(|image| {
                let right =
                    campaign.clean_class(image) == campaign.labels().get(image).map(|&l| usize::from(l));
                f64::from(u8::from(right)) - drops[image]
            })
            .collect();
        let mean = |values: &[f64]| values.iter().sum::<f64>() / images as f64;
        let bootstrap = |values: &[f64], unit: u64| {
            cluster_bootstrap(values, confidence, RESAMPLES, Stream { unit, ..stream })
                .ok_or(IntervalError::Counts { successes: 0, trials: inferences })
        };
        let changed_answers = images_tally.iter().map(|tally| tally.changed).sum();
        let exact = clopper_pearson(changed_answers, inferences, confidence)?;
        let silent_count = images_tally.iter().map(|tally| tally.silent).sum();
        let exact_silent = clopper_pearson(silent_count, inferences, confidence)?;
        let of_images = bootstrap(&silent, 2)?;
        let silent_corruptions_interval = Interval {
            low: of_images.low.min(weight * exact_silent.low),
            high: of_images.high.max(weight * exact_silent.high),
        };
        let mut drop_interval = bootstrap(&drops, 1)?;
        if changed_answers == 0 {
            // No resample sees what was never seen: the exact interval's end stands for it, and faults may mend answers too.
            drop_interval = Interval { low: -weight * exact.high, high: weight * exact.high };
        }
        Ok(Self {
            inferences,
            struck: records.len() as u64,
            accuracy: mean(&correct),
            accuracy_interval: bootstrap(&correct, 0)?,
            drop: mean(&drops),
            drop_interval,
            silent_corruptions: mean(&silent),
            silent_corruptions_interval,
            changed_answers,
            weight,
            changed_interval: exact,
            changed_wilson: wilson(changed_answers, inferences, confidence)?,
            design_effect: design_effect(&correct, trials),
            changed_logits: weight * changed_logits as f64 / inferences as f64,
            noise: mean(&noises),
            noise_interval: bootstrap(&noises, 3)?,
            snr_db: -10.0 * libm::log10(mean(&noises)),
            faults,
            first_failing,
            given_up,
        })
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    changed: u64,
    silent: u64,
    lost: i64,
    noise: f64,
}

/// The interval of the drop in accuracy on a campaign's own images that holds after every trial at once.
///
/// Each inference is a value between -1 (right only with faults) and 1 (right only without); after every trial each image has as
/// many of them, so that their average mean is that of the images.
pub fn drop_sequence(
    campaign: &Campaign<'_>,
    records: &[Record],
    trials: u64,
    weight: f64,
    confidence: f64,
) -> Interval {
    let mut sequence = ConfidenceSequence::new(confidence);
    let mut records = records.iter().peekable();
    for trial in 0..trials {
        for image in 0..campaign.images() {
            let here = records.next_if(|r| (r.trial, r.image as usize) == (trial, image));
            sequence.push(0.5 + 0.5 * here.map_or(0.0, |record| lost(campaign, record)));
        }
    }
    let Interval { low, high } = sequence.interval();
    Interval { low: weight * (2.0 * low - 1.0), high: weight * (2.0 * high - 1.0) }
}

fn lost(campaign: &Campaign<'_>, record: &Record) -> f64 {
    let image = record.image as usize;
    let label = campaign.labels().get(image).map(|&label| usize::from(label));
    let right = |class: Option<usize>| f64::from(u8::from(class == label));
    right(campaign.clean_class(image)) - right(Some(usize::from(record.class)))
}
