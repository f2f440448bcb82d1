//! Intervals for means over images and trials, where trials of one image are not independent of each other.
//!
//! The same image is inferred in every trial, and a hard image is wrong in most of them: inferences are clustered by image. An
//! interval that takes them for independent is too narrow by the square root of the design effect, here up to the square root
//! of the number of trials. The bootstrap below draws whole images, with all their trials (Davison and Hinkley, "Bootstrap
//! Methods and their Application", 1997, section 3.8), and so stands for new images and new faults at once.

use rand::RngExt;

use crate::interval::Interval;
use crate::stream::Stream;

/// The percentile interval of the mean of clusters' means, each cluster of equal weight, by a seeded bootstrap over clusters.
/// `None` without clusters.
pub fn cluster_bootstrap(means: &[f64], confidence: f64, resamples: u32, stream: Stream) -> Option<Interval> {
    if means.is_empty() || resamples == 0 {
        return None;
    }
    let mut generator = stream.generator();
    let mut resampled: Vec<f64> = (0..resamples)
        .map(|_| {
            let draw = |_| means[generator.random_range(0..means.len())];
            (0..means.len()).map(draw).sum::<f64>() / means.len() as f64
        })
        .collect();
    percentile_interval(&mut resampled, confidence)
}

/// The percentile interval of resampled values, which are sorted for it. `None` without values.
pub fn percentile_interval(resampled: &mut [f64], confidence: f64) -> Option<Interval> {
    if resampled.is_empty() {
        return None;
    }
    resampled.sort_by(f64::total_cmp);
    let tail = (1.0 - confidence) / 2.0;
    let at = |share: f64| {
        let place = share * (resampled.len() - 1) as f64;
        let (below, above) = (place.floor() as usize, place.ceil() as usize);
        resampled[below] + (place - place.floor()) * (resampled[above] - resampled[below])
    };
    Some(Interval { low: at(tail), high: at(1.0 - tail) })
}

/// How many times wider the variance of a mean over clusters is than if all their members were independent: the design effect
/// (Kish, "Survey Sampling", 1965), for values that are 0 or 1. At least 1; 1 where it cannot be told.
pub fn design_effect(means: &[f64], members: u64) -> f64 {
    let count = means.len() as f64;
    let mean = means.iter().sum::<f64>() / count;
    let between = means.iter().map(|m| (m - mean) * (m - mean)).sum::<f64>() / (count - 1.0);
    // As for the variance between: of a sample, not of a population.
    let independent = mean * (1.0 - mean) * count / (count - 1.0) / members as f64;
    let effect = between / independent;
    if effect.is_finite() { effect.max(1.0) } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interval::wilson;

    const STREAM: Stream = Stream { seed: 1, stage: 2, trial: 3, unit: 4 };

    #[test]
    fn clusters_that_are_all_alike_inside_give_the_interval_of_their_number() {
        // 200 images of which 60 are always wrong, each in 50 trials: what counts is 200, not 10 000.
        let means: Vec<f64> = (0..200).map(|image| f64::from(u8::from(image < 140))).collect();
        let interval = cluster_bootstrap(&means, 0.95, 4000, STREAM).unwrap();
        let of_images = wilson(140, 200, 0.95).unwrap();
        assert!((interval.low - of_images.low).abs() < 0.01 && (interval.high - of_images.high).abs() < 0.01);
        assert!((design_effect(&means, 50) - 50.0).abs() < 1.0);
    }

    #[test]
    fn the_interval_covers_the_mean_of_clusters_about_as_often_as_it_says() {
        let mut covered = 0;
        for round in 0..200 {
            let mut generator = Stream { seed: 9, stage: 0, trial: round, unit: 0 }.generator();
            let mut mean = || {
                let difficulty: f64 = generator.random();
                f64::from((0..10).map(|_| u8::from(generator.random::<f64>() < difficulty)).sum::<u8>())
                    / 10.0
            };
            let means: Vec<f64> = (0..60).map(|_| mean()).collect();
            let interval = cluster_bootstrap(&means, 0.9, 400, Stream { trial: round, ..STREAM }).unwrap();
            covered += u32::from(interval.low <= 0.5 && 0.5 <= interval.high);
        }
        assert!((165..=195).contains(&covered), "{covered}");
    }

    #[test]
    fn without_clusters_there_is_no_interval_and_a_single_one_has_no_effect() {
        assert_eq!(cluster_bootstrap(&[], 0.95, 10, STREAM), None);
        assert_eq!(design_effect(&[0.5], 10), 1.0);
    }
}
