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

/// Characters of a line that are shown before a place.
const LONGEST: usize = 120;

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
            // Of a line that fills screens, what is around the place.
            let (before, left) = match column.saturating_sub(1) {
                near if near <= LONGEST => (near, 0),
                far => (LONGEST / 2, far - LONGEST / 2),
            };
            let source: String = source.chars().skip(left).take(2 * LONGEST).collect();
            let mark = " ".repeat(before);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_stands_under_its_place_in_short_lines_and_in_long_ones() {
        let long = format!("{}X{}", "a".repeat(5000), "b".repeat(5000));
        for (text, column) in [("abXc", 3), (long.as_str(), 5001)] {
            let problem = Problem::new(text, Place { line: 1, column }, String::new());
            let lines: Vec<&str> = problem.snippet.lines().collect();
            assert_eq!(lines[1].find('X'), lines[2].find('^'), "{}", problem.snippet);
            assert!(problem.snippet.len() < 600);
        }
    }
}
