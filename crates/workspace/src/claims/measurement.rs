//! A number that speaks to a claim, and what is expected of it.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::claims::query::{Query, QueryError};
use crate::folders::Workspace;

/// A number, where it stands, and what is expected of it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Measurement {
    /// What the number is, as a reader is told.
    pub measured: String,
    /// How it is shown.
    #[serde(default)]
    pub shown: Shown,
    /// Where it stands.
    pub value: Query,
    /// What it is divided by, if it is.
    pub over: Option<Query>,
    /// The lower end of its interval.
    pub low: Option<Query>,
    /// The upper end of its interval.
    pub high: Option<Query>,
    /// What is expected of it, if it decides.
    pub expected: Option<Expected>,
}

/// How a number is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Shown {
    /// As it is.
    #[default]
    Number,
    /// As so many times.
    Times,
    /// A share, in percent.
    Percent,
    /// One less a share, in percent: by how much something fell.
    Reduction,
    /// A share less one, in percent: by how much something grew.
    Increase,
}

impl Shown {
    /// What is shown of a number over another, or of one alone.
    pub(super) fn of(self, number: f64, over: Option<f64>) -> f64 {
        let share = number / over.unwrap_or(1.0);
        match self {
            Self::Number | Self::Times | Self::Percent => share,
            Self::Reduction => 1.0 - share,
            Self::Increase => share - 1.0,
        }
    }
}

/// What is expected of a number.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Expected {
    /// The least that it may be.
    pub at_least: Option<f64>,
    /// The most that it may be.
    pub at_most: Option<f64>,
    /// Why just that is expected.
    pub why: String,
}

impl Measurement {
    /// Every number that is asked for.
    pub(super) fn queries(&self) -> impl Iterator<Item = &Query> {
        [&self.value].into_iter().chain(&self.over).chain(&self.low).chain(&self.high)
    }

    /// Whether there is anything that the number could fail.
    pub(super) fn expects_something(&self) -> Result<(), String> {
        let bounds = self.expected.as_ref().map(|expected| (expected.at_least, expected.at_most));
        let (least, most) = bounds.unwrap_or((None, None));
        if (least.is_none() && most.is_none()) || least > most.or(Some(f64::INFINITY)) {
            return Err(format!(
                "nothing is expected of `{}`; give `expected` at-least, at-most or both, in this order",
                self.measured
            ));
        }
        Ok(())
    }
}

/// A number with its interval, and whether it is as expected.
#[derive(Debug, Clone)]
pub struct Measured {
    /// What it is.
    pub what: String,
    /// How it is shown.
    pub shown: Shown,
    /// The number, after division and so on.
    pub value: f64,
    /// Its interval, if it has one.
    pub interval: Option<(f64, f64)>,
    /// What is expected, and whether that holds; none of numbers that decide nothing.
    pub expected: Option<(Expected, bool)>,
}

/// Takes a number from the tables and holds it against what is expected of it.
///
/// # Errors
/// If it is not there.
pub(super) fn measure(measurement: &Measurement, workspace: &Workspace) -> Result<Measured, QueryError> {
    let over = measurement.over.as_ref().map(|query| query.number(workspace)).transpose()?;
    let made = |number: f64| measurement.shown.of(number, over);
    let end =
        |query: &Option<Query>| query.as_ref().map(|query| query.number(workspace).map(made)).transpose();
    let value = made(measurement.value.number(workspace)?);
    // What falls as the number grows has its ends the other way round.
    let interval = end(&measurement.low)?.zip(end(&measurement.high)?).map(|(a, b)| (a.min(b), a.max(b)));
    let holds = |expected: &Expected| {
        expected.at_least.is_none_or(|least| value >= least)
            && expected.at_most.is_none_or(|most| value <= most)
    };
    Ok(Measured {
        what: measurement.measured.clone(),
        shown: measurement.shown,
        value,
        interval,
        expected: measurement.expected.clone().map(|expected| {
            let holds = holds(&expected);
            (expected, holds)
        }),
    })
}
