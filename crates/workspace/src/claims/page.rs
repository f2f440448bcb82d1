//! Claims as a table, and the parts of README.md that are generated.

use figures::three_digits;
use std::collections::{BTreeMap, BTreeSet};

use tables::{Table, TableError, TypedRow};

use crate::claims::file::{Claim, Claims};
use crate::claims::finding::{Finding, Written};
use crate::claims::judgement::Judged;
use crate::claims::measurement::{Measured, Shown};
use crate::error::WorkspaceError;
use crate::folders::Workspace;

tables::table! {
    /// Every number that speaks to a claim, with the verdict on the claim.
    pub struct ClaimRow: "claims" {
        /// Short name of the claim.
        claim: String,
        /// What is stated.
        stated: String,
        /// What the number is.
        measured: String,
        /// The number.
        value: Option<f64>,
        /// Lower end of its interval.
        low: Option<f64>,
        /// Upper end of its interval.
        high: Option<f64>,
        /// The least that is expected of it.
        at_least: Option<f64>,
        /// The most that is expected of it.
        at_most: Option<f64>,
        /// Whether it is as expected; none of numbers that decide nothing.
        holds: Option<bool>,
        /// Why just that is expected.
        why: Option<String>,
        /// The verdict on the claim: all numbers that decide have to hold.
        verdict: String,
        /// The figure that shows it.
        figure: String,
        /// Where the claim is stated.
        source: String,
        /// Which of the tables that the claim rests on is not what its experiment would give now, and why.
        outdated: Option<String>,
    }
}

/// The claims as a table, a row for each number.
///
/// # Errors
/// If a number is not finite.
pub fn claims_table(
    claims: &[(&Claim, Judged)],
    outdated: &BTreeMap<String, String>,
    provenance: BTreeMap<String, String>,
) -> Result<Table, TableError> {
    let mut table = Table::new(ClaimRow::SCHEMA);
    for (claim, judged) in claims {
        let untestable = claim.untestable.as_ref().map(|why| (why.as_str(), None::<&Measured>)).into_iter();
        let measured = judged.measured.iter().map(|measured| (measured.what.as_str(), Some(measured)));
        for (what, measured) in untestable.chain(measured) {
            let interval = measured.and_then(|measured| measured.interval);
            let expected = measured.and_then(|measured| measured.expected.as_ref());
            table.push(ClaimRow {
                claim: claim.id.clone(),
                stated: claim.stated.clone(),
                measured: what.to_owned(),
                value: measured.map(|measured| measured.value),
                low: interval.map(|(low, _)| low),
                high: interval.map(|(_, high)| high),
                at_least: expected.and_then(|(expected, _)| expected.at_least),
                at_most: expected.and_then(|(expected, _)| expected.at_most),
                holds: expected.map(|(_, holds)| *holds),
                why: expected.map(|(expected, _)| expected.why.clone()),
                verdict: judged.verdict.name().to_owned(),
                figure: claim.figure.clone(),
                source: claim.source.clone(),
                outdated: outdated_of(claim, outdated),
            })?;
        }
    }
    Ok(table.with_provenance(provenance))
}

/// What is outdated of what a claim rests on, in a line.
fn outdated_of(claim: &Claim, outdated: &BTreeMap<String, String>) -> Option<String> {
    let tables: BTreeSet<&str> = claim.queries().map(|query| query.table.as_str()).collect();
    let said = tables.into_iter().filter_map(|table| Some(format!("{table}: {}", outdated.get(table)?)));
    let said: Vec<String> = said.collect();
    (!said.is_empty()).then(|| said.join("; "))
}

/// What claims and findings rest on, as the provenance of what is made of them: their file, and every table that they take numbers from.
///
/// # Errors
/// If one cannot be read.
pub fn claims_provenance(
    claims: &Claims,
    workspace: &Workspace,
) -> Result<BTreeMap<String, String>, WorkspaceError> {
    let tables: BTreeSet<&str> = claims.queries().map(|query| query.table.as_str()).collect();
    let tables = tables.iter().filter_map(|table| table.split_once('/'));
    let tables = tables.map(|(experiment, table)| workspace.result(experiment, table));
    let of = |path: std::path::PathBuf| {
        let bytes =
            files::read(&path).map_err(|source| WorkspaceError::Unreadable { path: path.clone(), source })?;
        Ok((format!("input {}", workspace.shown(&path)), format!("blake3 {}", files::digest(&bytes))))
    };
    [workspace.claims()].into_iter().chain(tables).map(of).collect()
}

/// The claims as a table in Markdown.
pub fn markdown(claims: &[(&Claim, Judged)]) -> String {
    let mut page = String::from("| claim | stated | measured here | verdict |\n|---|---|---|---|\n");
    for (claim, judged) in claims {
        let numbers: Vec<String> = judged.measured.iter().map(|measured| in_words(measured, false)).collect();
        let reason = claim.untestable.iter().map(|why| format!("not testable: {why}"));
        let reading = Some(claim.reading.trim()).filter(|text| !text.is_empty()).map(str::to_owned);
        let cell: Vec<String> = reason.chain(numbers).chain(reading).collect();
        page.push_str(&format!(
            "| **{}** ({}) {} | {} | {} | **{}** |\n",
            claim.id,
            claim.figure,
            claim.claim.trim(),
            claim.stated,
            cell.join("<br>").replace('\n', " "),
            judged.verdict.name()
        ));
    }
    page
}

/// A number with what is expected of it and why, in words.
pub fn sentence(measured: &Measured) -> String {
    in_words(measured, true)
}

impl Shown {
    /// A number as a reader is told.
    pub(super) fn in_words(self, value: f64) -> String {
        match self {
            Self::Number => three_digits(value),
            Self::Times => format!("{} ×", three_digits(value)),
            Self::Percent | Self::Reduction | Self::Increase => format!("{} %", three_digits(100.0 * value)),
        }
    }
}

fn in_words(measured: &Measured, reasons: bool) -> String {
    let number = |value: f64| measured.shown.in_words(value);
    let interval = measured
        .interval
        .map_or(String::new(), |(low, high)| format!(" ({} to {})", number(low), number(high)));
    let expected = measured.expected.as_ref().map_or(String::new(), |(expected, holds)| {
        let bounds = match (expected.at_least, expected.at_most) {
            (Some(least), Some(most)) => format!("{} to {}", number(least), number(most)),
            (Some(least), None) => format!("at least {}", number(least)),
            (None, Some(most)) => format!("at most {}", number(most)),
            (None, None) => String::new(),
        };
        let why = if reasons { format!(" ({})", expected.why.trim()) } else { String::new() };
        format!("; expected {bounds}{why}: {}", if *holds { "holds" } else { "does not hold" })
    });
    format!("{}: {}{interval}{expected}", measured.what, number(measured.value))
}

/// A part of README.md that is generated: what stands between two marks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    begin: String,
    end: &'static str,
    inside: String,
}

impl Block {
    /// The table of claims.
    pub fn claims(claims: &[(&Claim, Judged)]) -> Self {
        Self {
            begin: "<!-- claims: written by `tritrack claims --write` -->".into(),
            end: "<!-- end of claims -->",
            inside: markdown(claims),
        }
    }

    /// The paragraph of a finding.
    pub fn finding(finding: &Finding, written: &Written) -> Self {
        Self {
            begin: format!("<!-- finding {}: written by `tritrack claims --write` -->", finding.id),
            end: "<!-- end of finding -->",
            inside: folded(&written.text),
        }
    }

    /// What marks its place.
    pub fn mark(&self) -> &str {
        &self.begin
    }

    /// The page with this block as it should be; `None` if the page has no place for it.
    pub fn written_to(&self, page: &str) -> Option<String> {
        let (before, rest) = page.split_once(&self.begin)?;
        let (_, after) = rest.split_once(self.end)?;
        Some(format!("{before}{}\n{}{}{after}", self.begin, self.inside, self.end))
    }
}

/// Lines as long as the README's, broken between words.
fn folded(text: &str) -> String {
    const COLUMNS: usize = 130;
    let mut folded = String::new();
    let mut column = 0;
    for word in text.split(' ') {
        let width = word.chars().count();
        if column > 0 && column + 1 + width > COLUMNS {
            folded.push('\n');
            column = 0;
        } else if column > 0 {
            folded.push(' ');
            column += 1;
        }
        folded.push_str(word);
        column += width;
    }
    folded.push('\n');
    folded
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
