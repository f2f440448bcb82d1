//! `tritrack claims`: what the results say of each claim.

use std::collections::BTreeMap;
use std::io::Write;

use clap::{Args, ValueEnum};
use tables::write_atomically;
use workspace::claims::{
    Block, Claim, Claims, Finding, Judged, Written, claims_provenance, claims_table, judged, markdown,
    outdated, readme_with, sentence, written,
};
use workspace::{Failure, Workspace, WorkspaceError};

use super::{Format, print_table};
use crate::REGISTRY;

/// Shown after the command's help.
pub const EXAMPLES: &str = "\
Examples:
  tritrack claims                  each claim with its numbers and its verdict, and what the results say beyond
  tritrack claims --format json    every number that speaks to a claim, for programs
  tritrack claims --write          write them into README.md
  tritrack claims --check          fail if a verdict is not the recorded one, README.md says something else, or results are outdated";

/// Arguments of `tritrack claims`.
#[derive(Debug, Clone, Args)]
pub struct Arguments {
    /// Fail if a verdict differs from the one that claims.yaml records, what a finding says in words does not hold, README.md is not
    /// what the results say, or a table was made from another manifest or other inputs than there are now
    #[arg(long)]
    check: bool,
    /// Write the claims and findings into README.md
    #[arg(long)]
    write: bool,
    /// How they are printed
    #[arg(long, value_enum, default_value_t = ClaimsFormat::Text)]
    format: ClaimsFormat,
}

/// How claims are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ClaimsFormat {
    /// A paragraph for each claim and finding
    Text,
    /// The table of claims as it stands in README.md
    Markdown,
    /// One JSON document
    Json,
    /// Comma-separated values
    Csv,
    /// The bytes of a Parquet file
    Parquet,
}

/// Runs the command.
///
/// # Errors
/// If a table is missing, a claim is wrong, or the check fails.
pub fn run(arguments: &Arguments, workspace: &Workspace, output: &mut impl Write) -> Result<(), Failure> {
    let claims = Claims::load(&workspace.claims())?;
    let judged = judged(&claims, workspace)?;
    let findings = written(&claims, workspace)?;
    let mut blocks = vec![Block::claims(&judged)];
    blocks.extend(findings.iter().map(|(finding, written)| Block::finding(finding, written)));
    if arguments.write {
        let readme = readme_with(&read(&workspace.readme())?, &blocks, workspace)?;
        write_atomically(&workspace.readme(), readme.as_bytes())?;
    }
    let outdated = outdated(&REGISTRY, workspace, &claims)?;
    let table =
        || claims_table(&judged, &outdated, claims_provenance(&claims, workspace)?).map_err(Failure::from);
    match arguments.format {
        ClaimsFormat::Text => print(&judged, &findings, &outdated, output),
        ClaimsFormat::Markdown => drop(write!(output, "{}", markdown(&judged))),
        ClaimsFormat::Json => print_table(&table()?, Format::Json, output)?,
        ClaimsFormat::Csv => print_table(&table()?, Format::Csv, output)?,
        ClaimsFormat::Parquet => print_table(&table()?, Format::Parquet, output)?,
    }
    if arguments.check {
        check(&judged, &findings, &blocks, workspace)?;
        if let Some((table, why)) = outdated.first_key_value() {
            let experiment = table.split('/').next().unwrap_or_default();
            let message =
                format!("{table} is outdated: {why}; `tritrack reproduce {experiment}` makes it anew");
            return Err(WorkspaceError::Check { message }.into());
        }
    }
    Ok(())
}

fn print(
    judged: &[(&Claim, Judged)],
    findings: &[(&Finding, Written)],
    outdated: &BTreeMap<String, String>,
    output: &mut impl Write,
) {
    for (claim, found) in judged {
        let _ =
            writeln!(output, "{} {}: {}", claim.id, found.verdict.name().to_uppercase(), claim.claim.trim());
        let _ = writeln!(output, "  stated: {} ({})", claim.stated, claim.source);
        for line in lines(claim, found) {
            let _ = writeln!(output, "  {line}");
        }
    }
    for (finding, written) in findings {
        let _ = writeln!(output, "finding {} ({}): {}", finding.id, finding.figure, written.text);
        for words in &written.words {
            let _ = writeln!(output, "  {}", sentence(words));
        }
    }
    for (table, why) in outdated {
        let _ = writeln!(output, "note: {table} is outdated: {why}");
    }
}

fn lines(claim: &Claim, found: &Judged) -> Vec<String> {
    let reason = claim.untestable.iter().map(|why| format!("not testable: {why}"));
    let reading = Some(claim.reading.trim().to_owned()).filter(|text| !text.is_empty());
    reason.chain(found.measured.iter().map(sentence)).chain(reading).collect()
}

fn check(
    judged: &[(&Claim, Judged)],
    findings: &[(&Finding, Written)],
    blocks: &[Block],
    workspace: &Workspace,
) -> Result<(), Failure> {
    let fails = |message| Err(WorkspaceError::Check { message }.into());
    for (claim, found) in judged {
        if found.verdict != claim.verdict {
            let (found, recorded) = (found.verdict.name(), claim.verdict.name());
            let id = &claim.id;
            return fails(format!("claim {id}: the results say `{found}`, claims.yaml records `{recorded}`"));
        }
    }
    let of_claims =
        judged.iter().map(|(claim, found)| (format!("claim {}: its reading", claim.id), &found.words));
    let of_findings = findings
        .iter()
        .map(|(finding, written)| (format!("finding {}: its text", finding.id), &written.words));
    for (whose, words) in of_claims.chain(of_findings) {
        let wrong = words.iter().find(|words| words.expected.as_ref().is_some_and(|(_, holds)| !holds));
        if let Some(wrong) = wrong {
            return fails(format!("{whose} says in words what does not hold: {}", sentence(wrong)));
        }
    }
    let readme = read(&workspace.readme())?;
    if readme_with(&readme, blocks, workspace)? != readme {
        return fails(
            "README.md does not say what the results say; `tritrack claims --write` writes it".into(),
        );
    }
    Ok(())
}

fn read(path: &std::path::Path) -> Result<String, WorkspaceError> {
    files::read_text(path).map_err(|source| WorkspaceError::Unreadable { path: path.to_owned(), source })
}
