//! Claims: what the paper states, which numbers of the result tables speak to it, and what they say.
//!
//! `experiments/claims.yaml` states each claim with its source. A claim is judged by criteria, each a number that is taken from
//! a result table, held against what is expected of it, with the reason for that expectation. It is reproduced if all
//! criteria hold. A claim without criteria says why it cannot be tested here. The judgement is taken from the tables alone, and
//! so are the numbers of the findings, the paragraphs that README.md and the report carry.

mod finding;
mod page;
mod query;
mod verdict;

use std::path::Path;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::error::WorkspaceError;
use crate::folders::Workspace;
use yaml::{Document, FieldPath, FileError};

pub use finding::{Finding, Written};
pub use page::{Block, ClaimRow, claims_table, markdown, sentence};
pub use query::{Query, QueryError};
pub use verdict::{Judged, Measured, Verdict, judge};

/// Every claim, and what the results say beyond them.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Claims {
    /// The claims, in the order in which they are shown.
    pub claims: Vec<Claim>,
    /// Paragraphs on the results.
    #[serde(default)]
    pub findings: Vec<Finding>,
}

/// One claim.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// Its short name.
    pub id: String,
    /// What is claimed.
    pub claim: String,
    /// The value that is stated, as text.
    pub stated: String,
    /// Where it is stated.
    pub source: String,
    /// The figure that shows it.
    pub figure: String,
    /// The verdict that the committed results give; `claims --check` fails when it changes.
    pub verdict: Verdict,
    /// The numbers that decide. All have to hold.
    #[serde(default)]
    pub criteria: Vec<Measurement>,
    /// Further numbers that a reader should know. They decide nothing.
    #[serde(default)]
    pub beside: Vec<Measurement>,
    /// Why it cannot be tested here, if it has no criteria.
    pub untestable: Option<String>,
    /// What the numbers mean, in a sentence; numbers in it belong into `criteria` or `beside`.
    #[serde(default)]
    pub reading: String,
}

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
    fn of(self, number: f64, over: Option<f64>) -> f64 {
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

impl Claims {
    /// Reads the claims of a workspace.
    ///
    /// # Errors
    /// If the file cannot be read, or is not of this form.
    pub fn load(path: &Path) -> Result<Self, FileError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| FileError::Unreadable { path: path.to_owned(), source })?;
        let mut document = Document::parse(&text, path)?;
        document.validate::<Self>(None);
        let claims: Self = document.values()?;
        let wrong_claims = claims.claims.iter().enumerate().filter_map(|(index, claim)| {
            let message = claim.check().err()?;
            Some((FieldPath::of("claims").item(index), format!("claim {}: {message}", claim.id)))
        });
        let wrong_findings = claims.findings.iter().enumerate().filter_map(|(index, finding)| {
            let message = finding.check().err()?;
            Some((FieldPath::of("findings").item(index), format!("finding {}: {message}", finding.id)))
        });
        document.reject_if_any(wrong_claims.chain(wrong_findings).collect())?;
        Ok(claims)
    }
}

/// Every claim with what the tables say of it.
///
/// # Errors
/// If a number is not there.
pub fn judged<'c>(
    claims: &'c Claims,
    workspace: &Workspace,
) -> Result<Vec<(&'c Claim, Judged)>, WorkspaceError> {
    let of = |claim: &'c Claim| {
        let judged = judge(claim, workspace).map_err(|source| WorkspaceError::Claim {
            of: format!("claim {}", claim.id),
            source: Box::new(source),
        })?;
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
) -> Result<Vec<(&'c Finding, Written)>, WorkspaceError> {
    let of = |finding: &'c Finding| {
        let written = finding.write(workspace).map_err(|source| WorkspaceError::Claim {
            of: format!("finding {}", finding.id),
            source: Box::new(source),
        })?;
        Ok((finding, written))
    };
    claims.findings.iter().map(of).collect()
}

impl Claim {
    fn check(&self) -> Result<(), String> {
        match (&self.untestable, self.criteria.is_empty()) {
            (Some(_), false) => return Err("has criteria and says that it cannot be tested".into()),
            (None, true) => return Err("has neither criteria nor a reason why it is `untestable`".into()),
            _ => {}
        }
        self.criteria.iter().try_for_each(Measurement::expects_something)?;
        match self.beside.iter().find(|beside| beside.expected.is_some()) {
            Some(beside) => Err(format!(
                "`{}` stands beside the criteria, but something is expected of it",
                beside.measured
            )),
            None => Ok(()),
        }
    }
}

impl Measurement {
    /// Whether there is anything that the number could fail.
    fn expects_something(&self) -> Result<(), String> {
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

/// README.md with every block written anew.
///
/// # Errors
/// If a block has no place in it.
pub fn readme_with(readme: &str, blocks: &[Block], workspace: &Workspace) -> Result<String, WorkspaceError> {
    blocks.iter().try_fold(readme.to_owned(), |page, block| {
        block.written_to(&page).ok_or_else(|| WorkspaceError::Check {
            message: format!(
                "{}: `{}` and its end do not stand in it",
                workspace.shown(&workspace.readme()),
                block.mark()
            ),
        })
    })
}
