//! What is wrong with a file.

use std::path::{Path, PathBuf};

use crate::place::Place;

/// Why a file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It cannot be read.
    #[error("{}: cannot be read: {source}", path.display())]
    Unreadable {
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Its values are not what they have to be.
    #[error("{}", listed(path, problems))]
    Rejected {
        path: PathBuf,
        /// Everything that was found, in the order of the lines.
        problems: Vec<Problem>,
    },
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub place: Place,
    /// What was found and what was expected.
    pub message: String,
    /// The line, with a mark under the place; empty if there is no such line.
    pub snippet: String,
}

impl Problem {
    /// A problem at a place of a text.
    pub fn new(text: &str, place: Place, message: String) -> Self {
        let Place { line, column } = place;
        let snippet = text.lines().nth(line.wrapping_sub(1)).map_or_else(String::new, |source| {
            let mark = " ".repeat(column.saturating_sub(1));
            format!("\n{line:>5} | {source}\n      | {mark}^")
        });
        Self { place, message, snippet }
    }
}

fn listed(path: &Path, problems: &[Problem]) -> String {
    let shown = |problem: &Problem| {
        let Problem { place, message, snippet } = problem;
        format!("{}:{}:{}: {message}{snippet}", path.display(), place.line, place.column)
    };
    let mut lines: Vec<String> = problems.iter().map(shown).collect();
    if problems.len() > 1 {
        lines.push(format!("{}: {} errors", path.display(), problems.len()));
    }
    lines.join("\n")
}
