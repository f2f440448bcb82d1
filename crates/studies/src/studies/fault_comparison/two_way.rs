//! Intervals where both images and devices are a sample: crossbars that are programmed a few times, machines with a few sets of faults.
//!
//! Cells are drawn once for all images of a trial, so answers of one trial stand and fall together, as those of one image do.
//! Resampling images alone would stand for new images on the same devices. Both are resampled here, independently of each other
//! (Owen, "The pigeonhole bootstrap", Annals of Applied Statistics 1, 2007), which is never too narrow for the variance of the two.

use faults::{Interval, Stream, percentile_interval};
use rand::RngExt;

/// Resamples.
const RESAMPLES: u32 = 2000;

/// The percentile interval of the mean over trials and images, by a seeded bootstrap over both; `values` has a row of images for each
/// trial, all equally long. `None` without values.
pub fn two_way_bootstrap(values: &[Vec<f64>], confidence: f64, stream: Stream) -> Option<Interval> {
    let (trials, images) = (values.len(), values.first().map_or(0, Vec::len));
    if trials == 0 || images == 0 {
        return None;
    }
    let mut generator = stream.generator();
    let mut weights = vec![0.0; images];
    let mut means: Vec<f64> = (0..RESAMPLES)
        .map(|_| {
            weights.fill(0.0);
            (0..images).for_each(|_| weights[generator.random_range(0..images)] += 1.0);
            let of_trial = |trial: &Vec<f64>| {
                trial.iter().zip(&weights).map(|(value, weight)| value * weight).sum::<f64>()
            };
            let sum: f64 = (0..trials).map(|_| of_trial(&values[generator.random_range(0..trials)])).sum();
            sum / (trials * images) as f64
        })
        .collect();
    percentile_interval(&mut means, confidence)
}

#[cfg(test)]
mod tests {
    use faults::cluster_bootstrap;

    use super::*;

    const STREAM: Stream = Stream { seed: 3, stage: 0, trial: 0, unit: 0 };

    #[test]
    fn devices_that_differ_widen_the_interval_and_devices_that_are_alike_leave_that_of_the_images() {
        let image = |image: usize| f64::from(u8::from(!image.is_multiple_of(10)));
        let alike: Vec<Vec<f64>> = vec![(0..200).map(image).collect(); 4];
        let of_images = cluster_bootstrap(&alike[0], 0.95, RESAMPLES, STREAM).unwrap();
        let of_both = two_way_bootstrap(&alike, 0.95, STREAM).unwrap();
        assert!((of_both.low - of_images.low).abs() < 0.01 && (of_both.high - of_images.high).abs() < 0.01);
        // One device of four that answers nothing rightly.
        let mut differing = alike;
        differing[3].fill(0.0);
        let of_both = two_way_bootstrap(&differing, 0.95, STREAM).unwrap();
        assert!(of_both.low < 0.5 && of_both.high > 0.85, "{of_both:?}");
    }

    #[test]
    fn the_interval_covers_the_mean_of_both_about_as_often_as_it_says() {
        let mut covered = 0;
        for round in 0..200 {
            let mut generator = Stream { trial: round, ..STREAM }.generator();
            let devices: Vec<f64> = (0..12).map(|_| generator.random::<f64>() - 0.5).collect();
            let images: Vec<f64> = (0..40).map(|_| generator.random::<f64>() - 0.5).collect();
            let values: Vec<Vec<f64>> =
                devices.iter().map(|device| images.iter().map(|image| device + image).collect()).collect();
            let interval =
                two_way_bootstrap(&values, 0.9, Stream { trial: round, unit: 1, ..STREAM }).unwrap();
            covered += u32::from(interval.low <= 0.0 && 0.0 <= interval.high);
        }
        assert!((160..=200).contains(&covered), "{covered} of 200");
    }

    #[test]
    fn without_values_there_is_no_interval() {
        assert_eq!(two_way_bootstrap(&[], 0.95, STREAM), None);
        assert_eq!(two_way_bootstrap(&[Vec::new()], 0.95, STREAM), None);
    }
}
