//! The text form of the intermediate representation: printed and read back to the same. `docs/ir.md` defines it.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use ap_program::assembly::{self, AssemblyError};
use ap_program::{Format, Operand, Tap};
use network::TernaryWeights;

use crate::flow::{LayerWeights, PlacedWords, Stage, Words};
use crate::ir::{Definition, Group, LayerSums, OutputSum, SignedTerm, TermId};
use crate::passes::place::Placement;
use crate::passes::schedule::{Schedule, Value, ValueId, ValueKind, WordOperation};

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Weights(weights) => write!(f, "{weights}"),
            Self::Sums(sums) => write!(f, "{sums}"),
            Self::Words(Words(schedule)) => print_words(f, schedule, None),
            Self::Placed(placed) => print_words(f, &placed.schedule, Some(&placed.placement)),
            Self::Program(program) => write!(f, "{program}"),
        }
    }
}

impl fmt::Display for LayerWeights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let weights = &self.weights;
        let (height, width) = (weights.kernel_height(), weights.kernel_width());
        writeln!(f, "weights {} inputs 0..={} kernel {height}x{width}", self.layer, self.input_maximum)?;
        for output in 0..weights.outputs() {
            write!(f, "  y{output}")?;
            for input in 0..weights.inputs() {
                f.write_str(" ")?;
                for &weight in weights.slice(output, input) {
                    f.write_str(match weight {
                        0 => "0",
                        1.. => "+",
                        _ => "-",
                    })?;
                }
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

fn print_words(
    f: &mut fmt::Formatter<'_>,
    schedule: &Schedule,
    placement: Option<&Placement>,
) -> fmt::Result {
    match placement {
        None => writeln!(f, "words")?,
        Some(placement) => {
            writeln!(f, "placed carry {} columns {}", placement.carry, placement.columns_used)?;
        }
    }
    for (index, value) in schedule.values.iter().enumerate() {
        write!(f, "  v{index} = ")?;
        match value.kind {
            ValueKind::Accumulator { output } => write!(f, "accumulator y{output}")?,
            ValueKind::Input { tap } => write!(f, "input {tap}")?,
            ValueKind::Temporary => f.write_str("temporary")?,
        }
        write!(f, " {}", value.format)?;
        match placement {
            None => writeln!(f)?,
            Some(placement) => writeln!(f, " at {}", placement.operands[index])?,
        }
    }
    writeln!(f, "do")?;
    for operation in &schedule.operations {
        let sign = |subtract| if subtract { '-' } else { '+' };
        match *operation {
            WordOperation::Load { value } => writeln!(f, "  load v{}", value.0)?,
            WordOperation::Clear { value } => writeln!(f, "  clear v{}", value.0)?,
            WordOperation::Store { value } => writeln!(f, "  store v{}", value.0)?,
            WordOperation::Combine { result, left, right, subtract } => {
                writeln!(f, "  v{} = v{} {} v{}", result.0, left.0, sign(subtract), right.0)?;
            }
            WordOperation::Accumulate { target, addend, subtract } => {
                writeln!(f, "  v{} {}= v{}", target.0, sign(subtract), addend.0)?;
            }
        }
    }
    Ok(())
}

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

impl Stage {
    /// Reads what a stage prints.
    ///
    /// # Errors
    /// The first word that cannot stand where it does.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        let lines: Vec<Line<'_>> = (1..).zip(text.lines()).map(|(n, l)| Line::new(n, l)).collect();
        let lines: Vec<Line<'_>> = lines.into_iter().filter(|line| !line.words.is_empty()).collect();
        let end = text.lines().count().max(1);
        let mut parser = Parser { lines, next: 0, end };
        match parser.peek() {
            Some("weights") => parser.weights().map(Self::Weights),
            Some("layer") => parser.sums().map(Self::Sums),
            Some("words" | "placed") => parser.words(),
            Some(word) if word.starts_with(".geometry") => Ok(Self::Program(assembly::parse(text)?)),
            _ => {
                let mut line = parser.line("`weights`, `layer`, `words`, `placed` or `.geometry`")?;
                Err(line.unexpected("`weights`, `layer`, `words`, `placed` or `.geometry`"))
            }
        }
    }
}

/// A line as words with the columns at which they begin.
#[derive(Clone)]
struct Line<'t> {
    number: usize,
    words: Vec<(usize, &'t str)>,
    next: usize,
    end: usize,
}

impl<'t> Line<'t> {
    fn new(number: usize, text: &'t str) -> Self {
        let text = text.split(';').next().unwrap_or("");
        let place = |word: &str| {
            let bytes = word.as_ptr() as usize - text.as_ptr() as usize;
            text[..bytes].chars().count() + 1
        };
        let words = text.split_whitespace().map(|word| (place(word), word)).collect();
        Self { number, words, next: 0, end: text.chars().count() + 1 }
    }

    fn word(&mut self) -> Option<&'t str> {
        let word = self.words.get(self.next)?;
        self.next += 1;
        Some(word.1)
    }

    /// The error that the word read last, or the end of the line, is not what was expected.
    fn unexpected(&mut self, expected: &str) -> TextError {
        let at = self.words.get(self.next.saturating_sub(1)).filter(|_| self.next <= self.words.len());
        let (column, found) = match at {
            Some(&(column, word)) => (column, format!("`{word}`")),
            None => (self.end, "the end of the line".to_owned()),
        };
        TextError::Unexpected { line: self.number, column, found, expected: expected.to_owned() }
    }

    fn read<T>(&mut self, expected: &str, read: impl FnOnce(&'t str) -> Option<T>) -> Result<T, TextError> {
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

    fn keyword(&mut self, keyword: &str) -> Result<(), TextError> {
        self.read(&format!("`{keyword}`"), |word| (word == keyword).then_some(()))
    }

    fn finish(mut self) -> Result<(), TextError> {
        if self.next >= self.words.len() {
            return Ok(());
        }
        self.next += 1;
        Err(self.unexpected("the end of the line"))
    }

    fn number_after(&mut self, prefix: &str, expected: &str) -> Result<u32, TextError> {
        self.read(expected, |word| number(word.strip_prefix(prefix)?))
    }
}

fn number<T: FromStr>(text: &str) -> Option<T> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

fn tap(text: &str) -> Option<Tap> {
    let mut parts = text.split(',');
    let tap =
        Tap { channel: number(parts.next()?)?, row: number(parts.next()?)?, column: number(parts.next()?)? };
    parts.next().is_none().then_some(tap)
}

fn signed_term(text: &str) -> Option<SignedTerm> {
    let negative = match text.as_bytes().first()? {
        b'+' => false,
        b'-' => true,
        _ => return None,
    };
    Some(SignedTerm { id: TermId(number(text[1..].strip_prefix('t')?)?), negative })
}

struct Parser<'t> {
    lines: Vec<Line<'t>>,
    next: usize,
    end: usize,
}

impl<'t> Parser<'t> {
    fn peek(&self) -> Option<&'t str> {
        self.lines.get(self.next)?.words.first().map(|&(_, word)| word)
    }

    fn line(&mut self, expected: &str) -> Result<Line<'t>, TextError> {
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

    fn weights(&mut self) -> Result<LayerWeights, TextError> {
        let mut line = self.line("`weights`")?;
        line.keyword("weights")?;
        let layer = line.read("the layer's name", |word| Some(word.to_owned()))?;
        let input_maximum = inputs(&mut line)?;
        line.keyword("kernel")?;
        let (height, width) = line.read("the kernel, as `3x3`", |word| {
            let (height, width) = word.split_once('x')?;
            let extent = |text| number::<u8>(text).filter(|&n| n > 0).map(usize::from);
            Some((extent(height)?, extent(width)?))
        })?;
        let header = line.clone();
        line.finish()?;
        let (mut values, mut outputs, mut inputs) = (Vec::new(), 0, None);
        while self.peek().is_some() {
            let mut line = self.line("an output's weights")?;
            let expected = format!("`y{outputs}`");
            line.read(&expected, |word| (number(word.strip_prefix('y')?) == Some(outputs)).then_some(()))?;
            let count = line.words.len() - 1;
            if count != *inputs.get_or_insert(count) || count == 0 {
                line.next = line.words.len() + 1;
                return Err(
                    line.unexpected("as many groups of weights as the first output has, at least one")
                );
            }
            for _ in 0..count {
                let expected = "one of `+`, `-`, `0` for each place of the kernel";
                let weights = line.read(expected, |word| {
                    let weight = |symbol| match symbol {
                        '0' => Some(0),
                        '+' => Some(1),
                        '-' => Some(-1_i8),
                        _ => None,
                    };
                    let weights: Vec<i8> = word.chars().map(weight).collect::<Option<_>>()?;
                    (weights.len() == height * width).then_some(weights)
                })?;
                values.extend(weights);
            }
            outputs += 1;
        }
        let shape = [outputs as usize, inputs.unwrap_or(0), height, width];
        match TernaryWeights::new(shape, values) {
            Ok(weights) => Ok(LayerWeights { layer, input_maximum, weights: Arc::new(weights) }),
            Err(_) => Err(header.clone().unexpected("the weights of at least one output below")),
        }
    }

    fn sums(&mut self) -> Result<LayerSums, TextError> {
        let mut line = self.line("`layer`")?;
        line.keyword("layer")?;
        let layer = line.read("the layer's name", |word| Some(word.to_owned()))?;
        let input_maximum = inputs(&mut line)?;
        line.keyword("outputs")?;
        let mut outputs = Vec::new();
        while line.next < line.words.len() {
            let least = outputs.last().map_or(0, |&last: &u32| last + 1);
            outputs.push(line.read("an output after those before, as `7`", |word| {
                number(word).filter(|&output: &u32| output >= least && output < u32::MAX)
            })?);
        }
        let mut groups = Vec::new();
        while self.peek().is_some() {
            let mut line = self.line("`group`")?;
            line.keyword("group")?;
            line.finish()?;
            groups.push(self.group(&outputs)?);
        }
        Ok(LayerSums { layer, input_maximum, outputs, groups })
    }

    fn group(&mut self, outputs: &[u32]) -> Result<Group, TextError> {
        let mut group = Group::default();
        while self.peek().is_some_and(|word| word.starts_with('t')) {
            let mut line = self.line("a term")?;
            let next = group.terms() as u32;
            line.read(&format!("`t{next}`"), |word| {
                (number(word.strip_prefix('t')?) == Some(next)).then_some(())
            })?;
            line.keyword("=")?;
            if line.words.get(line.next).is_some_and(|&(_, word)| word == "tap") {
                line.keyword("tap")?;
                let tap = line.read("a window element `channel,row,column`", tap)?;
                if !group.definitions.is_empty() {
                    return Err(line.unexpected("a sum of two terms: elements come before definitions"));
                }
                group.taps.push(tap);
            } else {
                let earlier = |word: &str| {
                    number(word.strip_prefix('t')?).filter(|&term: &u32| term < next).map(TermId)
                };
                let left = line.read("`tap`, or a term above, as `t0`", earlier)?;
                let subtract = line.read("`+` or `-`", sign)?;
                let right = line.read("a term above, as `t0`", earlier)?;
                group.definitions.push(Definition { left, right, subtract });
            }
            line.finish()?;
        }
        let terms = group.terms() as u32;
        while self.peek().is_some_and(|word| word.starts_with('y')) {
            let mut line = self.line("an output's sum")?;
            let output = line.read("one of the layer's outputs, as `y0`", |word| {
                number(word.strip_prefix('y')?).filter(|output| outputs.binary_search(output).is_ok())
            })?;
            line.keyword("+=")?;
            let mut sum = OutputSum { output, terms: Vec::new() };
            loop {
                sum.terms.push(line.read("a term above with its sign, as `-t0`", |word| {
                    signed_term(word).filter(|term| term.id.0 < terms)
                })?);
                if line.next == line.words.len() {
                    break;
                }
            }
            group.sums.push(sum);
        }
        Ok(group)
    }

    fn words(&mut self) -> Result<Stage, TextError> {
        let mut line = self.line("`words`")?;
        let is_placed = line.read("`words` or `placed`", |word| Some(word == "placed"))?;
        let head = if is_placed {
            line.keyword("carry")?;
            let carry = line.read("the carry's cell, as `c255.0:1`", |word| assembly::operand(word).ok())?;
            line.keyword("columns")?;
            let columns_used = line.read("a number of columns", number)?;
            Some((carry, columns_used))
        } else {
            None
        };
        line.finish()?;
        let mut schedule = Schedule::default();
        let mut operands: Vec<Operand> = Vec::new();
        while self.peek().is_some_and(|word| word != "do") {
            let mut line = self.line("a value")?;
            let next = schedule.values.len() as u32;
            line.read(&format!("`v{next}` or `do`"), |word| {
                (number(word.strip_prefix('v')?) == Some(next)).then_some(())
            })?;
            line.keyword("=")?;
            let kind = line.word().unwrap_or("");
            let kind = match kind {
                "accumulator" => {
                    ValueKind::Accumulator { output: line.number_after("y", "an output, as `y0`")? }
                }
                "input" => ValueKind::Input { tap: line.read("a window element `channel,row,column`", tap)? },
                "temporary" => ValueKind::Temporary,
                _ => return Err(line.unexpected("`accumulator`, `input` or `temporary`")),
            };
            let format = line.read("a format, as `u4` or `s12`", |word| word.parse::<Format>().ok())?;
            if is_placed {
                line.keyword("at")?;
                operands.push(line.read("an operand, as `c4.0:4`", |word| assembly::operand(word).ok())?);
            }
            line.finish()?;
            schedule.values.push(Value { kind, format });
        }
        let mut line = self.line("`do`")?;
        line.keyword("do")?;
        line.finish()?;
        let known = schedule.values.len() as u32;
        while self.peek().is_some() {
            let mut line = self.line("an operation")?;
            schedule.operations.push(operation(&mut line, known)?);
            line.finish()?;
        }
        Ok(match head {
            None => Stage::Words(Words(schedule)),
            Some((carry, columns_used)) => {
                let placement = Placement { operands, carry, columns_used };
                Stage::Placed(PlacedWords { schedule, placement })
            }
        })
    }
}

fn inputs(line: &mut Line<'_>) -> Result<u32, TextError> {
    line.keyword("inputs")?;
    line.number_after("0..=", "the inputs' range, as `0..=15`")
}

fn sign(text: &str) -> Option<bool> {
    match text {
        "+" => Some(false),
        "-" => Some(true),
        _ => None,
    }
}

fn operation(line: &mut Line<'_>, known: u32) -> Result<WordOperation, TextError> {
    let value = |word: &str| number(word.strip_prefix('v')?).filter(|&id: &u32| id < known).map(ValueId);
    let expected = "a value above, as `v0`";
    let first = line.word().unwrap_or("");
    match first {
        "load" => return Ok(WordOperation::Load { value: line.read(expected, value)? }),
        "clear" => return Ok(WordOperation::Clear { value: line.read(expected, value)? }),
        "store" => return Ok(WordOperation::Store { value: line.read(expected, value)? }),
        _ => {}
    }
    let Some(target) = value(first) else {
        return Err(line.unexpected("`load`, `clear`, `store` or a value above, as `v0`"));
    };
    match line.read("`=`, `+=` or `-=`", |word| Some(word).filter(|w| ["=", "+=", "-="].contains(w)))? {
        "=" => {
            let left = line.read(expected, value)?;
            let subtract = line.read("`+` or `-`", sign)?;
            Ok(WordOperation::Combine { result: target, left, right: line.read(expected, value)?, subtract })
        }
        assignment => {
            let addend = line.read(expected, value)?;
            Ok(WordOperation::Accumulate { target, addend, subtract: assignment == "-=" })
        }
    }
}
