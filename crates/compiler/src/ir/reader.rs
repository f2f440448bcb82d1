//! Reading the text of a stage, line by line and word by word, with the place of whatever cannot stand where it does.

use std::str::FromStr;

use ap_program::Tap;
use ap_program::assembly::AssemblyError;

/// What is wrong with a text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// A word is not what can stand there.
    #[error("line {line}, column {column}: found {found}, expected {expected}")]
    Unexpected {
        /// Counted from 1.
        line: usize,
        /// Counted from 1, in characters.
        column: usize,
        /// What stands there.
        found: String,
        /// What could stand there.
        expected: String,
    },
    /// The text is a program, and wrong.
    #[error(transparent)]
    Assembly(#[from] AssemblyError),
}

/// A line as words with the columns at which they begin.
#[derive(Clone)]
pub(super) struct Line<'t> {
    number: usize,
    pub(super) words: Vec<(usize, &'t str)>,
    pub(super) next: usize,
    end: usize,
}

impl<'t> Line<'t> {
    pub(super) fn new(number: usize, text: &'t str) -> Self {
        let text = text.split(';').next().unwrap_or("");
        let place = |word: &str| {
            let bytes = word.as_ptr() as usize - text.as_ptr() as usize;
            text[..bytes].chars().count() + 1
        };
        let words = text.split_whitespace().map(|word| (place(word), word)).collect();
        Self { number, words, next: 0, end: text.chars().count() + 1 }
    }

    pub(super) fn word(&mut self) -> Option<&'t str> {
        let word = self.words.get(self.next)?;
        self.next += 1;
        Some(word.1)
    }

    /// The error that the word read last, or the end of the line, is not what was expected.
    pub(super) fn unexpected(&mut self, expected: &str) -> TextError {
        let at = self.words.get(self.next.saturating_sub(1)).filter(|_| self.next <= self.words.len());
        let (column, found) = match at {
            Some(&(column, word)) => (column, format!("`{word}`")),
            None => (self.end, "the end of the line".to_owned()),
        };
        TextError::Unexpected { line: self.number, column, found, expected: expected.to_owned() }
    }

    pub(super) fn read<T>(
        &mut self,
        expected: &str,
        read: impl FnOnce(&'t str) -> Option<T>,
    ) -> Result<T, TextError> {
        match self.words.get(self.next) {
            Some(&(_, word)) => {
                self.next += 1;
                read(word).ok_or_else(|| self.unexpected(expected))
            }
            None => {
                self.next = self.words.len() + 1;
                Err(self.unexpected(expected))
            }
        }
    }

    pub(super) fn keyword(&mut self, keyword: &str) -> Result<(), TextError> {
        self.read(&format!("`{keyword}`"), |word| (word == keyword).then_some(()))
    }

    pub(super) fn finish(mut self) -> Result<(), TextError> {
        if self.next >= self.words.len() {
            return Ok(());
        }
        self.next += 1;
        Err(self.unexpected("the end of the line"))
    }

    pub(super) fn number_after(&mut self, prefix: &str, expected: &str) -> Result<u32, TextError> {
        self.read(expected, |word| number(word.strip_prefix(prefix)?))
    }
}

pub(super) fn number<T: FromStr>(text: &str) -> Option<T> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

pub(super) fn tap(text: &str) -> Option<Tap> {
    let mut parts = text.split(',');
    let tap =
        Tap { channel: number(parts.next()?)?, row: number(parts.next()?)?, column: number(parts.next()?)? };
    parts.next().is_none().then_some(tap)
}

pub(super) fn inputs(line: &mut Line<'_>) -> Result<u32, TextError> {
    line.keyword("inputs")?;
    line.number_after("0..=", "the inputs' range, as `0..=15`")
}

pub(super) fn sign(text: &str) -> Option<bool> {
    match text {
        "+" => Some(false),
        "-" => Some(true),
        _ => None,
    }
}

pub(super) struct Reader<'t> {
    lines: Vec<Line<'t>>,
    next: usize,
    end: usize,
}

impl<'t> Reader<'t> {
    /// Comments and empty lines are left out.
    pub(super) fn new(text: &'t str) -> Self {
        let lines = (1..).zip(text.lines()).map(|(number, line)| Line::new(number, line));
        let lines = lines.filter(|line| !line.words.is_empty()).collect();
        Self { lines, next: 0, end: text.lines().count().max(1) }
    }

    pub(super) fn peek(&self) -> Option<&'t str> {
        self.lines.get(self.next)?.words.first().map(|&(_, word)| word)
    }

    pub(super) fn line(&mut self, expected: &str) -> Result<Line<'t>, TextError> {
        let Some(line) = self.lines.get(self.next) else {
            return Err(TextError::Unexpected {
                line: self.end,
                column: 1,
                found: "the end of the text".to_owned(),
                expected: expected.to_owned(),
            });
        };
        self.next += 1;
        let mut line = line.clone();
        // Until a word was read, errors point at the first.
        line.next = 0;
        Ok(line)
    }
}
