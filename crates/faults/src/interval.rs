//! Confidence intervals of a proportion.

use statrs::distribution::{Beta, ContinuousCDF, Normal};

/// Bounds of an interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The lower bound.
    pub low: f64,
    /// The upper bound.
    pub high: f64,
}

/// Why there is no interval.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum IntervalError {
    /// No trial, or more successes than trials.
    #[error("{successes} successes in {trials} trials have no interval")]
    Counts {
        /// Successes.
        successes: u64,
        /// Trials.
        trials: u64,
    },
    /// A confidence that is no probability.
    #[error("a confidence lies between 0 and 1, not at {0}")]
    Confidence(f64),
}

fn checked(successes: u64, trials: u64, confidence: f64) -> Result<(f64, f64), IntervalError> {
    if trials == 0 || successes > trials {
        return Err(IntervalError::Counts { successes, trials });
    }
    if !(confidence > 0.0 && confidence < 1.0) {
        return Err(IntervalError::Confidence(confidence));
    }
    Ok((successes as f64, trials as f64))
}

/// Wilson's score interval (1927): close to the stated confidence on average.
///
/// # Errors
/// If there is no trial, or the confidence is no probability.
pub fn wilson(successes: u64, trials: u64, confidence: f64) -> Result<Interval, IntervalError> {
    let (k, n) = checked(successes, trials, confidence)?;
    let z = Normal::standard().inverse_cdf(0.5 + confidence / 2.0);
    let p = k / n;
    let middle = (p + z * z / (2.0 * n)) / (1.0 + z * z / n);
    let half = z / (1.0 + z * z / n) * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
    let low = if successes == 0 { 0.0 } else { (middle - half).max(0.0) };
    let high = if successes == trials { 1.0 } else { (middle + half).min(1.0) };
    Ok(Interval { low, high })
}

/// Clopper and Pearson's interval (1934): never below the stated confidence.
///
/// # Errors
/// If there is no trial, or the confidence is no probability.
pub fn clopper_pearson(successes: u64, trials: u64, confidence: f64) -> Result<Interval, IntervalError> {
    let (k, n) = checked(successes, trials, confidence)?;
    let tail = (1.0 - confidence) / 2.0;
    let quantile = |a: f64, b: f64, p: f64| Beta::new(a, b).map(|beta| beta.inverse_cdf(p));
    let low = if successes == 0 { Ok(0.0) } else { quantile(k, n - k + 1.0, tail) };
    let high = if successes == trials { Ok(1.0) } else { quantile(k + 1.0, n - k, 1.0 - tail) };
    match (low, high) {
        (Ok(low), Ok(high)) => Ok(Interval { low, high }),
        _ => Err(IntervalError::Counts { successes, trials }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_agree_with_published_values() {
        // Brown, Cai, DasGupta, "Interval estimation for a binomial proportion", 2001, and R's binom.test(7, 50).
        let exact = clopper_pearson(7, 50, 0.95).unwrap();
        assert!(
            (exact.low - 0.058_191_7).abs() < 1e-5 && (exact.high - 0.267_396_0).abs() < 1e-5,
            "{exact:?}"
        );
        let score = wilson(7, 50, 0.95).unwrap();
        assert!((score.low - 0.069_5).abs() < 1e-4 && (score.high - 0.261_9).abs() < 1e-4, "{score:?}");
    }

    #[test]
    fn the_exact_interval_covers_at_least_as_often_as_it_says() {
        for p in [0.02, 0.3, 0.77] {
            let (n, mut covered, mut choose) = (40_u64, 0.0, 1.0_f64);
            for k in 0..=n {
                let interval = clopper_pearson(k, n, 0.95).unwrap();
                if interval.low <= p && p <= interval.high {
                    covered += choose * p.powi(k as i32) * (1.0 - p).powi((n - k) as i32);
                }
                choose *= (n - k) as f64 / (k + 1) as f64;
            }
            assert!(covered >= 0.95, "{p}: {covered}");
        }
    }

    #[test]
    fn no_trials_have_no_interval() {
        assert!(wilson(0, 0, 0.95).is_err());
        assert!(clopper_pearson(3, 2, 0.95).is_err());
        assert!(wilson(1, 2, 1.0).is_err());
        assert_eq!(wilson(0, 10, 0.95).unwrap().low, 0.0);
        assert_eq!(clopper_pearson(10, 10, 0.95).unwrap().high, 1.0);
    }
}
