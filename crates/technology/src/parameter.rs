//! One parameter: a value that says where it comes from and how sure it is.

use serde::Deserialize;

use crate::units::{Dimension, parse_unit};

names::names! {
    /// How far a value can be trusted.
    pub enum Mark: "a mark" {
        /// Stated by the paper whose claims are re-run.
        Paper = "paper",
        /// Stated by a published summary of that paper.
        Summary = "summary",
        /// Read in the cited source.
        Source = "source",
        /// Remembered from the literature, not re-read.
        Memory = "memory",
        /// Computed from other values by the stated rule.
        Derived = "derived",
        /// Measured by running the named public tool.
        Ran = "ran",
        /// Assumed; the source line says why.
        Assumption = "assumption",
    }
}

names::names! {
    /// How a parameter is drawn between and beyond its 5 % and 95 % points.
    pub enum Distribution: "a distribution", by default LogUniform {
        /// The logarithm is uniform.
        LogUniform = "log_uniform",
        /// The value itself is uniform.
        Uniform = "uniform",
    }
}

/// A value with its unit, its 5 % and 95 % points, its source and its mark.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// The value, in `unit`.
    pub value: f64,
    /// The 5 % point, in `unit`.
    pub low: f64,
    /// The 95 % point, in `unit`.
    pub high: f64,
    /// As written in the file, for example `fJ/bit`.
    pub unit: String,
    /// Where the value comes from.
    pub source: String,
    /// How far it can be trusted.
    pub mark: Mark,
    /// How it is drawn.
    pub distribution: Distribution,
    pub(crate) dimension: Dimension,
    pub(crate) factor: f64,
}

impl Parameter {
    /// What the unit is counted per: `bit` in `fJ/bit`.
    pub fn per(&self) -> &str {
        self.unit.split_once('/').map_or("", |(_, per)| per)
    }

    /// The value in the dimension's base unit.
    pub fn base_value(&self) -> f64 {
        self.value * self.factor
    }

    /// What the unit measures.
    pub fn dimension(&self) -> Dimension {
        self.dimension
    }

    /// The value at a quantile in `0..=1` of a prior: `low` at 0.05, `high` at 0.95, in the file's unit.
    pub fn at_quantile(&self, prior: Prior, quantile: f64) -> f64 {
        if self.low == self.high {
            return self.value;
        }
        let position = prior.position(quantile);
        match self.distribution {
            Distribution::LogUniform => {
                libm::exp(libm::log(self.low) + position * (libm::log(self.high) - libm::log(self.low)))
            }
            Distribution::Uniform => self.low + position * (self.high - self.low),
        }
    }
}

names::names! {
    /// What is believed of a parameter between and beyond the 5 % and 95 % points of its range; both keep those points.
    #[derive(Hash)]
    pub enum Prior: "a prior" {
        /// Every place of the range is equally likely.
        Flat = "flat",
        /// The middle of the range is the most likely, the likelihood falls linearly to either side (a triangle).
        Peaked = "peaked",
    }
}

impl Prior {
    /// The place of a quantile: 0 at the 5 % point, 1 at the 95 % point.
    fn position(self, quantile: f64) -> f64 {
        match self {
            Self::Flat => (quantile - 0.05) / 0.9,
            Self::Peaked => {
                let of_triangle = |quantile: f64| {
                    if quantile < 0.5 {
                        libm::sqrt(2.0 * quantile) - 1.0
                    } else {
                        1.0 - libm::sqrt(2.0 * (1.0 - quantile))
                    }
                };
                (of_triangle(quantile) / of_triangle(0.95) + 1.0) / 2.0
            }
        }
    }
}

/// A parameter as it is written, before it is checked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Written {
    value: f64,
    unit: String,
    low: f64,
    high: f64,
    source: String,
    mark: Mark,
    #[serde(default)]
    distribution: Distribution,
}

impl Written {
    /// The parameter, or what is wrong with it.
    pub(crate) fn checked(self) -> Result<Parameter, String> {
        let Self { value, unit, low, high, source, mark, distribution } = self;
        let Some((dimension, factor, _)) = parse_unit(&unit) else {
            return Err(format!("`{unit}` is not a known unit"));
        };
        if source.trim().is_empty() {
            return Err("`source` is empty: every parameter says where it comes from".to_owned());
        }
        if ![value, low, high].iter().all(|v| v.is_finite()) {
            return Err("value, low and high must be finite numbers".to_owned());
        }
        if !(low <= value && value <= high) {
            return Err(format!("value {value} lies outside its range {low} to {high}"));
        }
        if low < high && distribution == Distribution::LogUniform && low <= 0.0 {
            return Err(format!(
                "a log-uniform range must lie above zero, but low is {low}; write `distribution: uniform` or raise it"
            ));
        }
        Ok(Parameter { value, low, high, unit, source, mark, distribution, dimension, factor })
    }
}
