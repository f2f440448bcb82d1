//! Every claim and finding of a file, held against the tables.

use crate::claims::file::{Claim, Claims};
use crate::claims::finding::{Finding, Written};
use crate::claims::measurement::{Measured, Measurement, measure};
use crate::claims::query::QueryError;
use crate::claims::verdict::Verdict;
use crate::folders::Workspace;

/// A number that a claim or a finding rests on is not there.
#[derive(Debug, thiserror::Error)]
#[error("{of}: {source}")]
pub struct ClaimError {
    /// The claim or finding.
    of: String,
    /// Why.
    source: Box<QueryError>,
}

/// A claim with what was found.
#[derive(Debug, Clone)]
pub struct Judged {
    /// What was found.
    pub verdict: Verdict,
    /// The numbers that decide, and those beside.
    pub measured: Vec<Measured>,
    /// What its reading says in words, with whether it holds.
    pub words: Vec<Measured>,
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
    Ok(Judged { verdict, measured, words: of(&claim.words)? })
}

/// Every claim with what the tables say of it.
///
/// # Errors
/// If a number is not there.
pub fn judged<'c>(claims: &'c Claims, workspace: &Workspace) -> Result<Vec<(&'c Claim, Judged)>, ClaimError> {
    let of = |claim: &'c Claim| {
        let judged = judge(claim, workspace)
            .map_err(|source| ClaimError { of: format!("claim {}", claim.id), source: Box::new(source) })?;
        Ok((claim, judged))
    };
    claims.claims.iter().map(of).collect()
}

/// Every finding with the numbers that the tables give.
///
/// # Errors
/// If a number is not there.
pub fn written<'c>(
    claims: &'c Claims,
    workspace: &Workspace,
) -> Result<Vec<(&'c Finding, Written)>, ClaimError> {
    let of = |finding: &'c Finding| {
        let written = finding.write(workspace).map_err(|source| ClaimError {
            of: format!("finding {}", finding.id),
            source: Box::new(source),
        })?;
        Ok((finding, written))
    };
    claims.findings.iter().map(of).collect()
}
