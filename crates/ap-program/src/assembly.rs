//! The text form of programs: printed and read back to the same program. `docs/assembly.md` defines it, and the machine that
//! runs it.
//!
//! ```text
//! .geometry rows=256 columns=256 domains=64
//! .lut clear R
//!   - -> 0
//! .end
//! load 0,1,2 -> c4.0:4
//! apply clear 1 c255.0:1
//! store c0.13:12 signed -> 7
//! ```
//! An operand `c4.0:4` starts at column 4, domain 0 and has 4 bits along the track; `c4.0:4>` has them across columns.
//! A semicolon starts a comment.

use std::fmt::{self, Write as _};
use std::str::FromStr;

use crate::{
    Carry, Direction, Geometry, GeometryError, Instruction, Latch, Lut, LutError, Operand, Operands, Pass,
    Pattern, Program, Tap,
};

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "c{}.{}:{}", self.column, self.domain, self.bits)?;
        if self.direction == Direction::Across { f.write_char('>') } else { Ok(()) }
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (rows, columns, domains) =
            (self.geometry.rows(), self.geometry.columns(), self.geometry.domains());
        write!(f, ".geometry rows={rows} columns={columns} domains={domains}")?;
        match self.geometry.carry() {
            Carry::Column => writeln!(f)?,
            carry => writeln!(f, " carry={carry}")?,
        }
        for lut in &self.luts {
            writeln!(f, "{lut}")?;
        }
        for instruction in &self.instructions {
            match *instruction {
                Instruction::Load { tap, destination } => writeln!(f, "load {tap} -> {destination}")?,
                Instruction::Apply { lut, bits, operands } => {
                    let name = self.luts.get(usize::from(lut)).map_or("?", Lut::name);
                    write!(f, "apply {name} {bits}")?;
                    for operand in operands.as_slice() {
                        write!(f, " {operand}")?;
                    }
                    writeln!(f)?;
                }
                Instruction::Store { output, source, signed } => {
                    writeln!(f, "store {source} {} -> {output}", if signed { "signed" } else { "unsigned" })?;
                }
            }
        }
        Ok(())
    }
}

impl FromStr for Program {
    type Err = AssemblyError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text)
    }
}

impl Program {
    /// One of its instructions as text.
    pub fn text_of(&self, &instruction: &Instruction) -> String {
        let alone =
            Self { geometry: self.geometry, luts: self.luts.clone(), instructions: vec![instruction] };
        alone.to_string().lines().last().unwrap_or("").to_owned()
    }
}

/// What is wrong with an assembly text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {kind}")]
pub struct AssemblyError {
    /// Counted from 1.
    pub line: usize,
    /// What it is.
    pub kind: AssemblyErrorKind,
}

/// What can be wrong with a line of assembly.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AssemblyErrorKind {
    /// The line is no directive and no instruction.
    #[error("found `{found}`, expected {expected}")]
    Unexpected {
        /// What stands there.
        found: String,
        /// What could stand there.
        expected: &'static str,
    },
    /// The array cannot be.
    #[error(transparent)]
    Geometry(#[from] GeometryError),
    /// The table cannot be.
    #[error(transparent)]
    Lut(#[from] LutError),
    /// An instruction names a table that is not defined above.
    #[error("there is no table `{name}`; defined are: {known}")]
    UnknownLut {
        name: String,
        /// The names above.
        known: String,
    },
    /// The number of operands is not the table's number of columns.
    #[error("table `{name}` has {expected} columns, but {found} operands are given")]
    OperandCount {
        /// The table.
        name: String,
        /// Its columns.
        expected: usize,
        /// The operands.
        found: usize,
    },
    /// What stands once stands twice.
    #[error("`{0}` stands here a second time")]
    Repeated(String),
    /// More tables than an instruction can tell apart.
    #[error("there are more than 256 tables")]
    TooManyLuts,
}

/// Reads a program from its text.
///
/// # Errors
/// The first line that is not of the form, with its number.
pub fn parse(text: &str) -> Result<Program, AssemblyError> {
    let mut parser = Parser { geometry: None, luts: Vec::new(), open: None, instructions: Vec::new() };
    let mut last = 0;
    for (index, line) in text.lines().enumerate() {
        last = index + 1;
        let words: Vec<&str> = line.split(';').next().unwrap_or("").split_whitespace().collect();
        if !words.is_empty() {
            parser.line(&words).map_err(|kind| AssemblyError { line: last, kind })?;
        }
    }
    let at_end = |expected| AssemblyError { line: last, kind: unexpected("the end of the text", expected) };
    if parser.open.is_some() {
        return Err(at_end("`.end` of the table"));
    }
    let geometry =
        parser.geometry.ok_or_else(|| at_end("`.geometry rows=R columns=C domains=D [carry=latch]`"))?;
    Ok(Program { geometry, luts: parser.luts, instructions: parser.instructions })
}

struct Parser {
    geometry: Option<Geometry>,
    luts: Vec<Lut>,
    /// The table whose passes are being read.
    open: Option<OpenTable>,
    instructions: Vec<Instruction>,
}

/// A table without its end.
struct OpenTable {
    name: String,
    columns: Vec<String>,
    latch: Option<(String, Latch)>,
    passes: Vec<Pass>,
}

impl OpenTable {
    /// A table's first line behind `.lut`; the latch stands last, in brackets.
    fn begin(name: &str, columns: &[&str]) -> Self {
        let (latch, columns) = match columns.split_last().map(|(last, rest)| (latch(last), rest)) {
            Some((Some(latch), rest)) => (Some(latch), rest),
            _ => (None, columns),
        };
        let columns = columns.iter().map(|&column| column.to_owned()).collect();
        Self { name: name.to_owned(), columns, latch, passes: Vec::new() }
    }

    fn width(&self) -> usize {
        self.columns.len() + usize::from(self.latch.is_some())
    }

    fn end(self) -> Result<Lut, LutError> {
        match self.latch {
            None => Lut::new(self.name, self.columns, self.passes),
            Some(latch) => Lut::with_latch(self.name, self.columns, latch, self.passes),
        }
    }
}

/// Reads a latch: `[C]`, or `[C=0]` if it is cleared at the start.
fn latch(word: &str) -> Option<(String, Latch)> {
    let name = word.strip_prefix('[')?.strip_suffix(']')?;
    let (name, at_start) = match name.strip_suffix("=0") {
        Some(name) => (name, Latch::Cleared),
        None => (name, Latch::Kept),
    };
    Some((name.to_owned(), at_start))
}

impl Parser {
    fn line(&mut self, words: &[&str]) -> Result<(), AssemblyErrorKind> {
        if let Some(open) = &mut self.open {
            match *words {
                [".end"] => {
                    if let Some(open) = self.open.take() {
                        self.luts.push(open.end()?);
                    }
                }
                [key, "->", write] => {
                    let pass = pass(key, write, open.width())?;
                    open.passes.push(pass);
                }
                _ => return Err(unexpected(&words.join(" "), "a pass `KEY -> WRITE` or `.end`")),
            }
            return Ok(());
        }
        match *words {
            [".geometry", rows, columns, domains, ref carry @ ..] => {
                let carry = match *carry {
                    [] => Some(Carry::Column),
                    [carry] => carry.strip_prefix("carry=").and_then(|carry| carry.parse().ok()),
                    _ => None,
                };
                let named = |text: &str, name: &str| text.strip_prefix(name).and_then(number);
                let (Some(rows), Some(columns), Some(domains), Some(carry)) =
                    (named(rows, "rows="), named(columns, "columns="), named(domains, "domains="), carry)
                else {
                    let expected = "`.geometry rows=R columns=C domains=D [carry=latch]`";
                    return Err(unexpected(&words.join(" "), expected));
                };
                if self.geometry.is_some() {
                    return Err(AssemblyErrorKind::Repeated(".geometry".to_owned()));
                }
                self.geometry = Some(Geometry::new(rows, columns, domains)?.with_carry(carry));
            }
            [".lut", name, ref columns @ ..] => {
                if self.luts.len() == 256 {
                    return Err(AssemblyErrorKind::TooManyLuts);
                }
                if self.luts.iter().any(|lut| lut.name() == name) {
                    return Err(AssemblyErrorKind::Repeated(format!(".lut {name}")));
                }
                OpenTable::begin(name, columns).end()?;
                self.open = Some(OpenTable::begin(name, columns));
            }
            ["load", element, "->", destination] => {
                let destination = operand(destination)?;
                self.instructions.push(Instruction::Load { tap: tap(element)?, destination });
            }
            ["apply", name, bits, ref operands @ ..] => self.apply(name, bits, operands)?,
            ["store", source, sign, "->", output] => {
                let signed = match sign {
                    "signed" => true,
                    "unsigned" => false,
                    _ => return Err(unexpected(sign, "`signed` or `unsigned`")),
                };
                let output = number(output).ok_or_else(|| unexpected(output, "the number of an output"))?;
                self.instructions.push(Instruction::Store { output, source: operand(source)?, signed });
            }
            _ => return Err(unexpected(&words.join(" "), "`.geometry`, `.lut`, `load`, `apply` or `store`")),
        }
        Ok(())
    }

    fn apply(&mut self, name: &str, bits: &str, operands: &[&str]) -> Result<(), AssemblyErrorKind> {
        let Some(lut) = self.luts.iter().position(|lut| lut.name() == name) else {
            let known: Vec<&str> = self.luts.iter().map(Lut::name).collect();
            return Err(AssemblyErrorKind::UnknownLut { name: name.to_owned(), known: known.join(", ") });
        };
        let expected = self.luts[lut].columns().len();
        if operands.len() != expected {
            return Err(AssemblyErrorKind::OperandCount {
                name: name.to_owned(),
                expected,
                found: operands.len(),
            });
        }
        let bits = number(bits).filter(|&bits| bits > 0).ok_or_else(|| unexpected(bits, "1 to 255 bits"))?;
        let operands = operands.iter().map(|text| operand(text)).collect::<Result<Vec<Operand>, _>>()?;
        self.instructions.push(Instruction::Apply {
            lut: lut as u8,
            bits,
            operands: Operands::new(&operands),
        });
        Ok(())
    }
}

fn unexpected(found: &str, expected: &'static str) -> AssemblyErrorKind {
    AssemblyErrorKind::Unexpected { found: found.to_owned(), expected }
}

/// Decimal digits without a sign.
fn number<T: FromStr>(text: &str) -> Option<T> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

fn pass(key: &str, write: &str, columns: usize) -> Result<Pass, AssemblyErrorKind> {
    let pattern = |text: &str| {
        Pattern::parse(text)
            .filter(|_| text.len() == columns)
            .ok_or_else(|| unexpected(text, "one of `0`, `1`, `-` for each of the table's columns"))
    };
    Ok(Pass { key: pattern(key)?, write: pattern(write)? })
}

fn tap(text: &str) -> Result<Tap, AssemblyErrorKind> {
    let parts: Vec<&str> = text.split(',').collect();
    let read = || {
        let [channel, row, column] = parts.as_slice() else { return None };
        Some(Tap { channel: number(channel)?, row: number(row)?, column: number(column)? })
    };
    read().ok_or_else(|| unexpected(text, "a window element `channel,row,column`"))
}

/// Reads an operand, as `c4.0:4`.
///
/// # Errors
/// If the text is none.
pub fn operand(text: &str) -> Result<Operand, AssemblyErrorKind> {
    let read = || {
        let (word, direction) = match text.strip_suffix('>') {
            Some(word) => (word, Direction::Across),
            None => (text, Direction::Along),
        };
        let (place, bits) = word.strip_prefix('c')?.split_once(':')?;
        let (column, domain) = place.split_once('.')?;
        let bits = number(bits).filter(|&bits: &u8| bits > 0)?;
        Some(Operand { column: number(column)?, domain: number(domain)?, bits, direction })
    };
    read().ok_or_else(|| {
        unexpected(text, "an operand `cCOLUMN.DOMAIN:BITS`, with `>` behind it if across columns")
    })
}
