//! `words`: operations on words that have a format but no place yet.

use std::fmt;

use ap_program::{Carry, Format, Operand, Tap, assembly};

use super::expansion::{Expansion, stored_once};
use super::reader::{Line, Reader, TextError, number, sign, tap};
use super::{LayerWeights, PlacedWords, Placement, Representation, Stage, StageKind, VerificationError};
use crate::pass::Settings;

/// Index into [`Words::values`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ValueId(pub u32);

impl ValueId {
    /// As an index.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueKind {
    /// An accumulator, alive from beginning to end.
    Accumulator {
        /// The output channel.
        output: u32,
    },
    /// A window element.
    Input {
        /// Which.
        tap: Tap,
    },
    /// A sum of a group.
    Temporary,
}

/// A value of the schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Value {
    /// What it is.
    pub kind: ValueKind,
    /// How it is stored.
    pub format: Format,
}

/// An operation on whole words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WordOperation {
    /// Fills an input from the window.
    Load {
        /// The input.
        value: ValueId,
    },
    /// Sets a value to 0.
    Clear { value: ValueId },
    /// `result <- left ± right`; the result is a new temporary.
    Combine {
        /// The new value.
        result: ValueId,
        /// Counts positively.
        left: ValueId,
        /// The other operand.
        right: ValueId,
        /// Whether `right` is subtracted.
        subtract: bool,
    },
    /// `target <- target ± addend`.
    Accumulate {
        /// Changed in place.
        target: ValueId,
        /// The other operand.
        addend: ValueId,
        /// Whether it is subtracted.
        subtract: bool,
    },
    /// Reads an accumulator out.
    Store {
        /// The accumulator.
        value: ValueId,
    },
}

impl WordOperation {
    /// The values it touches; a new value comes first.
    pub fn values(self) -> impl Iterator<Item = ValueId> {
        let values = match self {
            Self::Load { value } | Self::Clear { value } | Self::Store { value } => [Some(value), None, None],
            Self::Combine { result, left, right, .. } => [Some(result), Some(left), Some(right)],
            Self::Accumulate { target, addend, .. } => [Some(target), Some(addend), None],
        };
        values.into_iter().flatten()
    }
}

/// Word operations in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Words {
    /// Every value; accumulators come first.
    pub values: Vec<Value>,
    /// In the order of execution.
    pub operations: Vec<WordOperation>,
}

impl Words {
    pub(crate) fn value(&mut self, kind: ValueKind, format: Format) -> ValueId {
        self.values.push(Value { kind, format });
        ValueId(self.values.len() as u32 - 1)
    }

    /// Window elements loaded.
    pub(crate) fn loads(&self) -> usize {
        self.operations.iter().filter(|operation| matches!(operation, WordOperation::Load { .. })).count()
    }

    pub(crate) fn format(&self, id: ValueId) -> Format {
        self.values[id.index()].format
    }
}

impl Representation for Words {
    const KIND: StageKind = StageKind::Words;

    fn into_stage(self) -> Stage {
        Stage::Words(self)
    }

    fn of_stage(stage: Stage) -> Result<Self, Stage> {
        if let Stage::Words(schedule) = stage { Ok(schedule) } else { Err(stage) }
    }

    /// Values are there when they are used, formats hold every value with no bit too many, and what is stored expands to the
    /// weights.
    fn verify(&self, from: &LayerWeights, settings: &Settings) -> Result<(), VerificationError> {
        verify(self, from, &settings.outputs)
    }
}

fn verify(schedule: &Words, from: &LayerWeights, outputs: &[u32]) -> Result<(), VerificationError> {
    let mut values = Values {
        schedule,
        maximum: from.input_maximum,
        expansions: vec![None; schedule.values.len()],
        ranges: vec![None; schedule.values.len()],
    };
    let mut stored = Vec::new();
    for (operation, &word_operation) in schedule.operations.iter().enumerate() {
        match word_operation {
            WordOperation::Load { value } => match schedule.values[value.index()].kind {
                ValueKind::Input { tap } => values.set(value, Expansion::of(tap))?,
                _ => return Err(not_there(operation, value, " as an input")),
            },
            WordOperation::Clear { value } => values.set(value, Expansion::default())?,
            WordOperation::Store { value } => {
                let ValueKind::Accumulator { output } = schedule.values[value.index()].kind else {
                    return Err(not_there(operation, value, " as an accumulator"));
                };
                values.get(operation, value)?.verify(output, from)?;
                stored.push(output);
            }
            WordOperation::Combine { result, left, right, subtract } => {
                let mut sum = values.get(operation, left)?.clone();
                sum.add(values.get(operation, right)?, subtract);
                values.set(result, sum)?;
            }
            WordOperation::Accumulate { target, addend, subtract } => {
                if target == addend {
                    return Err(not_there(operation, addend, " beside itself"));
                }
                values.get(operation, target)?;
                let mut sum = values.expansions[target.index()].take().unwrap_or_default();
                sum.add(values.get(operation, addend)?, subtract);
                values.set(target, sum)?;
            }
        }
    }
    values.verify_widths()?;
    stored_once(&stored, outputs)
}

/// What every value is at a point of the schedule.
struct Values<'a> {
    schedule: &'a Words,
    /// The largest input.
    maximum: u32,
    expansions: Vec<Option<Expansion>>,
    /// The least and the largest that a value was able to be so far.
    ranges: Vec<Option<(i64, i64)>>,
}

impl Values<'_> {
    fn get(&self, operation: usize, id: ValueId) -> Result<&Expansion, VerificationError> {
        self.expansions[id.index()].as_ref().ok_or_else(|| not_there(operation, id, ""))
    }

    fn set(&mut self, id: ValueId, expansion: Expansion) -> Result<(), VerificationError> {
        let (least, most) = expansion.range(self.maximum);
        let format = self.schedule.values[id.index()].format;
        if !holds(format, least, most) {
            return Err(VerificationError::Format {
                value: name(id),
                least,
                most,
                format: format.to_string(),
            });
        }
        let (lowest, highest) = self.ranges[id.index()].unwrap_or((least, most));
        self.ranges[id.index()] = Some((least.min(lowest), most.max(highest)));
        self.expansions[id.index()] = Some(expansion);
        Ok(())
    }

    /// No value has a bit that it never needs, or a sign that is never used.
    fn verify_widths(&self) -> Result<(), VerificationError> {
        for (id, (value, range)) in (0..).map(ValueId).zip(self.schedule.values.iter().zip(&self.ranges)) {
            let (Some((least, most)), Format { bits, signed }) = (*range, value.format) else { continue };
            let narrower = bits > 1 && holds(Format { bits: bits - 1, signed }, least, most);
            if narrower || signed && least >= 0 {
                let format = value.format.to_string();
                return Err(VerificationError::TooWide { value: name(id), least, most, format });
            }
        }
        Ok(())
    }
}

/// Whether a format holds every value of a range.
fn holds(Format { bits, signed }: Format, least: i64, most: i64) -> bool {
    // No range needs more bits than its own type has.
    let bits = bits.min(64);
    let (lowest, highest) =
        if signed { (-1_i128 << (bits - 1), (1_i128 << (bits - 1)) - 1) } else { (0, (1_i128 << bits) - 1) };
    lowest <= i128::from(least) && i128::from(most) <= highest
}

fn name(id: ValueId) -> String {
    format!("v{}", id.0)
}

fn not_there(operation: usize, id: ValueId, how: &str) -> VerificationError {
    VerificationError::NotThere { user: format!("operation {operation}"), used: format!("v{}{how}", id.0) }
}

impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        print(f, self, None)
    }
}

/// Values, with their places if they have them, and operations.
pub(super) fn print(
    f: &mut fmt::Formatter<'_>,
    schedule: &Words,
    placement: Option<&Placement>,
) -> fmt::Result {
    match placement {
        None => writeln!(f, "words")?,
        Some(placement) => {
            let carry =
                placement.carry.map_or_else(|| placement.carry().to_string(), |cell| cell.to_string());
            writeln!(f, "placed carry {carry} columns {}", placement.columns_used)?;
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

/// Reads what is printed, with places or without.
pub(super) fn read(reader: &mut Reader<'_>) -> Result<Stage, TextError> {
    let mut line = reader.line("`words`")?;
    let is_placed = line.read("`words` or `placed`", |word| Some(word == "placed"))?;
    let head = if is_placed {
        line.keyword("carry")?;
        let carry = line.read("the carry's cell, as `c255.0:1`, or `latch`", |word| match word.parse() {
            Ok(Carry::Latch) => Some(None),
            _ => assembly::operand(word).ok().map(Some),
        })?;
        line.keyword("columns")?;
        let columns_used = line.read("a number of columns", number)?;
        Some((carry, columns_used))
    } else {
        None
    };
    line.finish()?;
    let mut schedule = Words::default();
    let mut operands: Vec<Operand> = Vec::new();
    while reader.peek().is_some_and(|word| word != "do") {
        let mut line = reader.line("a value")?;
        let next = schedule.values.len() as u32;
        line.read(&format!("`v{next}` or `do`"), |word| {
            (number(word.strip_prefix('v')?) == Some(next)).then_some(())
        })?;
        line.keyword("=")?;
        let kind = line.word().unwrap_or("");
        let kind = match kind {
            "accumulator" => ValueKind::Accumulator { output: line.number_after("y", "an output, as `y0`")? },
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
    let mut line = reader.line("`do`")?;
    line.keyword("do")?;
    line.finish()?;
    let known = schedule.values.len() as u32;
    while reader.peek().is_some() {
        let mut line = reader.line("an operation")?;
        schedule.operations.push(operation(&mut line, known)?);
        line.finish()?;
    }
    Ok(match head {
        None => Stage::Words(schedule),
        Some((carry, columns_used)) => {
            let placement = Placement { operands, carry, columns_used };
            Stage::Placed(PlacedWords { words: schedule, placement })
        }
    })
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
