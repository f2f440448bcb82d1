//! What the tables say of a claim.

use serde::Deserialize;

use super::{Claim, Expected, Measurement, QueryError, Shown};
use crate::folders::Workspace;

/// What is found of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Every criterion holds.
    Reproduced,
    /// Some criterion does not.
    NotReproduced,
    /// It cannot be tested here.
    NotTestable,
}

impl Verdict {
    /// As a reader is told.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reproduced => "reproduced",
            Self::NotReproduced => "not reproduced",
            Self::NotTestable => "not testable here",
        }
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

/// A claim with what was found.
#[derive(Debug, Clone)]
pub struct Judged {
    /// What was found.
    pub verdict: Verdict,
    /// The numbers that decide, and those beside.
    pub measured: Vec<Measured>,
}

/// Judges a claim by the tables of a workspace.
///
/// # Errors
/// If a number is not there.
pub fn judge(claim: &Claim, workspace: &Workspace) -> Result<Judged, QueryError> {
    let of = |measurements: &[Measurement]| {
        measurements.iter().map(|measurement| measure(measurement, workspace)).collect::<Result<Vec<_>, _>>()
    };
    let mut measured = of(&claim.criteria)?;
    let holds = measured.iter().all(|measured| measured.expected.as_ref().is_none_or(|(_, holds)| *holds));
    let verdict = match (measured.is_empty(), holds) {
        (true, _) => Verdict::NotTestable,
        (false, true) => Verdict::Reproduced,
        (false, false) => Verdict::NotReproduced,
    };
    measured.extend(of(&claim.beside)?);
    Ok(Judged { verdict, measured })
}

/// Takes a number from the tables and holds it against what is expected of it.
///
/// # Errors
/// If it is not there.
pub(super) fn measure(measurement: &Measurement, workspace: &Workspace) -> Result<Measured, QueryError> {
    let over = measurement.over.as_ref().map(|query| query.number(workspace)).transpose()?;
    let made = |number: f64| measurement.shown.of(number, over);
    let end = |query: &Option<super::Query>| {
        query.as_ref().map(|query| query.number(workspace).map(made)).transpose()
    };
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
