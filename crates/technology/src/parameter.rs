//! One parameter: a value that says where it comes from and how sure it is.

use serde::Deserialize;
use serde::de::{Deserializer, Error as _};

use crate::units::{Dimension, parse_unit};

/// How far a value can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// Stated by the paper whose claims are re-run.
    Paper,
    /// Stated by a published summary of that paper.
    Summary,
    /// Read in the cited source.
    Source,
    /// Remembered from the literature, not re-read.
    Memory,
    /// Computed from other values by the stated rule.
    Derived,
    /// Measured by running the named public tool.
    Ran,
    /// Assumed; the source line says why.
    Assumption,
}

impl Mark {
    /// The word used in files and tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Paper => "paper",
            Self::Summary => "summary",
            Self::Source => "source",
            Self::Memory => "memory",
            Self::Derived => "derived",
            Self::Ran => "ran",
            Self::Assumption => "assumption",
        }
    }
}

/// How a parameter is drawn between and beyond its 5 % and 95 % points.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Distribution {
    /// The logarithm is uniform.
    #[default]
    LogUniform,
    /// The value itself is uniform.
    Uniform,
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

    /// The value at a quantile in `0..=1`: `low` at 0.05, `high` at 0.95, in the file's unit.
    pub fn at_quantile(&self, quantile: f64) -> f64 {
        if self.low == self.high {
            return self.value;
        }
        let position = (quantile - 0.05) / 0.9;
        match self.distribution {
            Distribution::LogUniform => {
                libm::exp(libm::log(self.low) + position * (libm::log(self.high) - libm::log(self.low)))
            }
            Distribution::Uniform => self.low + position * (self.high - self.low),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    value: f64,
    unit: String,
    low: f64,
    high: f64,
    source: String,
    mark: Mark,
    #[serde(default)]
    distribution: Distribution,
}

impl<'de> Deserialize<'de> for Parameter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Written { value, unit, low, high, source, mark, distribution } =
            Written::deserialize(deserializer)?;
        let Some((dimension, factor, _)) = parse_unit(&unit) else {
            return Err(D::Error::custom(format!("`{unit}` is not a known unit")));
        };
        if source.trim().is_empty() {
            return Err(D::Error::custom("`source` is empty: every parameter says where it comes from"));
        }
        if ![value, low, high].iter().all(|v| v.is_finite()) {
            return Err(D::Error::custom("value, low and high must be finite numbers"));
        }
        if !(low <= value && value <= high) {
            return Err(D::Error::custom(format!("value {value} lies outside its range {low} to {high}")));
        }
        if low < high && distribution == Distribution::LogUniform && low <= 0.0 {
            return Err(D::Error::custom(format!(
                "a log-uniform range must lie above zero, but low is {low}; write `distribution: uniform` or raise it"
            )));
        }
        Ok(Self { value, low, high, unit, source, mark, distribution, dimension, factor })
    }
}
