//! The file of claims.

use std::path::Path;

use schemars::JsonSchema;
use serde::Deserialize;
use yaml::{Document, FieldPath, FileError, schema_of};

use crate::catalog::FileSchema;
use crate::claims::finding::Finding;
use crate::claims::measurement::Measurement;
use crate::claims::query::Query;
use crate::claims::verdict::Verdict;

/// The schema of the file.
pub const SCHEMA: FileSchema = FileSchema {
    name: "claims",
    meaning: "The claims: `experiments/claims.yaml`",
    make: || schema_of::<Claims>(),
};

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
    /// What has to hold for what the reading says in words.
    #[serde(default)]
    pub words: Vec<Measurement>,
}

impl Claims {
    /// Reads the claims of a workspace.
    ///
    /// # Errors
    /// If the file cannot be read, or is not of this form.
    pub fn load(path: &Path) -> Result<Self, FileError> {
        let text = files::read_text(path)
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

impl Claims {
    /// Every number that is asked for.
    pub fn queries(&self) -> impl Iterator<Item = &Query> {
        let claims = self.claims.iter().flat_map(Claim::queries);
        claims.chain(self.findings.iter().flat_map(Finding::queries))
    }
}

impl Claim {
    /// Every number that is asked for.
    pub fn queries(&self) -> impl Iterator<Item = &Query> {
        self.criteria.iter().chain(&self.beside).chain(&self.words).flat_map(Measurement::queries)
    }

    fn check(&self) -> Result<(), String> {
        match (&self.untestable, self.criteria.is_empty()) {
            (Some(_), false) => return Err("has criteria and says that it cannot be tested".into()),
            (None, true) => return Err("has neither criteria nor a reason why it is `untestable`".into()),
            _ => {}
        }
        self.criteria.iter().chain(&self.words).try_for_each(Measurement::expects_something)?;
        if self.reading.is_empty() && !self.words.is_empty() {
            return Err("has `words` but no reading that says them".into());
        }
        match self.beside.iter().find(|beside| beside.expected.is_some()) {
            Some(beside) => Err(format!(
                "`{}` stands beside the criteria, but something is expected of it",
                beside.measured
            )),
            None => Ok(()),
        }
    }
}
