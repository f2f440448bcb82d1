//! Claims: what the paper states, which numbers of the result tables speak to it, and what they say.
//!
//! `experiments/claims.yaml` states each claim with its source. A claim is judged by criteria, each a number that is taken from
//! a result table, held against what is expected of it, with the reason for that expectation. It is reproduced if all
//! criteria hold. A claim without criteria says why it cannot be tested here. The judgement is taken from the tables alone, and
//! so are the numbers of the findings, the paragraphs that README.md and the report carry.

mod file;
mod finding;
mod judgement;
mod measurement;
mod outdated;
mod page;
mod query;
mod verdict;

pub use file::{Claim, Claims, SCHEMA};
pub use finding::{Finding, Written};
pub use judgement::{ClaimError, Judged, judge, judged, written};
pub use measurement::{Expected, Measured, Measurement, Shown};
pub use outdated::outdated;
pub use page::{Block, ClaimRow, claims_provenance, claims_table, markdown, readme_with, sentence};
pub use query::{Query, QueryError};
pub use verdict::Verdict;
