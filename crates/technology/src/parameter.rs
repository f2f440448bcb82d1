//! One parameter: a value that says where it comes from and how sure it is.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::Bill;
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
    /// What it is made of, if the component library prices it; its range is then that of the part's design.
    pub bill: Option<Bill>,
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

    /// The same with value and range multiplied.
    pub(crate) fn times(&self, factor: f64) -> Self {
        Self { value: self.value * factor, low: self.low * factor, high: self.high * factor, ..self.clone() }
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

/// A parameter as it is written, before it is checked: with a value and a range of its own, or made of components.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Written {
    value: Option<f64>,
    unit: String,
    low: Option<f64>,
    high: Option<f64>,
    source: String,
    mark: Option<Mark>,
    #[serde(default)]
    distribution: Distribution,
    /// Components and how many of each.
    of: Option<BTreeMap<String, f64>>,
    /// For a part made of components: its 5 % and 95 % points over the bill, for what its design leaves open.
    within: Option<(f64, f64)>,
}

/// A written parameter whose form is right.
pub(crate) enum Checked {
    /// It has a value.
    Valued(Parameter),
    /// It is made of components, which are yet to be priced.
    Billed(Unpriced),
}

/// A part made of components that are yet to be priced.
pub(crate) struct Unpriced {
    pub counts: BTreeMap<String, f64>,
    within: (f64, f64),
    unit: String,
    source: String,
    pub dimension: Dimension,
    factor: f64,
}

impl Unpriced {
    /// The parameter, when its components come to so much in the dimension's base unit.
    pub(crate) fn priced(self, nominal: f64) -> Parameter {
        let Self { counts, within, unit, source, dimension, factor } = self;
        let value = nominal / factor;
        Parameter {
            value,
            low: value * within.0,
            high: value * within.1,
            unit,
            source,
            mark: Mark::Derived,
            distribution: Distribution::LogUniform,
            bill: Some(Bill { counts, nominal }),
            dimension,
            factor,
        }
    }
}

impl Written {
    /// The parameter, or what is wrong with it.
    pub(crate) fn checked(self) -> Result<Checked, String> {
        let Self { value, unit, low, high, source, mark, distribution, of, within } = self;
        let Some((dimension, factor, _)) = parse_unit(&unit) else {
            return Err(format!("`{unit}` is not a known unit"));
        };
        if source.trim().is_empty() {
            return Err("`source` is empty: every parameter says where it comes from".to_owned());
        }
        if let Some(counts) = of {
            if value.or(low).or(high).is_some() || mark.is_some() {
                return Err("what is made of components (`of`) has no value, low, high and mark of its own"
                    .to_owned());
            }
            let within = within.unwrap_or((1.0, 1.0));
            if !(within.0 > 0.0 && within.0 <= 1.0 && within.1 >= 1.0 && within.1.is_finite()) {
                return Err(format!(
                    "within: [{}, {}]; expected factors around 1, above zero",
                    within.0, within.1
                ));
            }
            return Ok(Checked::Billed(Unpriced { counts, within, unit, source, dimension, factor }));
        }
        if within.is_some() {
            return Err("`within` belongs to what is made of components (`of`)".to_owned());
        }
        let missing = |field: &str| format!("missing field `{field}`");
        let value = value.ok_or_else(|| missing("value"))?;
        let (low, high) = (low.ok_or_else(|| missing("low"))?, high.ok_or_else(|| missing("high"))?);
        let mark = mark.ok_or_else(|| missing("mark"))?;
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
        let bill = None;
        Ok(Checked::Valued(Parameter {
            value,
            low,
            high,
            unit,
            source,
            mark,
            distribution,
            bill,
            dimension,
            factor,
        }))
    }
}
