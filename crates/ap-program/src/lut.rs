//! Look-up tables: the passes of compare and write that carry out one bit of an operation.

use std::fmt;

/// A three-valued word over a table's columns, and the latch behind them if the table has it: each is 0, 1 or left out.
///
/// As a key, left out means masked (any bit matches); as a write, left out means not written. Bit `i` belongs to column `i`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pattern {
    mask: u8,
    value: u8,
}

impl Pattern {
    /// Every column left out.
    pub const NONE: Self = Self { mask: 0, value: 0 };

    /// The columns of `mask`, with their bits in `value`.
    pub const fn new(mask: u8, value: u8) -> Self {
        Self { mask, value: value & mask }
    }

    /// The columns that take part.
    pub const fn mask(self) -> u8 {
        self.mask
    }

    /// Their bits.
    pub const fn value(self) -> u8 {
        self.value
    }

    /// How many columns take part.
    pub const fn width(self) -> u32 {
        self.mask.count_ones()
    }

    /// The same without the columns that are not in `mask`.
    #[must_use]
    pub const fn within(self, mask: u8) -> Self {
        Self::new(self.mask & mask, self.value)
    }

    /// Whether a row with these bits matches.
    pub const fn matches(self, state: u8) -> bool {
        (state ^ self.value) & self.mask == 0
    }

    /// The bits of a row after this was written to it.
    pub const fn written_to(self, state: u8) -> u8 {
        (state & !self.mask) | self.value
    }

    /// The pattern as text, one of `0`, `1`, `-` for each of `columns` columns.
    pub fn text(self, columns: usize) -> String {
        (0..columns)
            .map(|column| match (self.mask >> column & 1, self.value >> column & 1) {
                (0, _) => '-',
                (_, 0) => '0',
                _ => '1',
            })
            .collect()
    }

    /// Reads what [`Pattern::text`] writes; `None` if there is any other character or more than eight.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > 8 {
            return None;
        }
        text.bytes().enumerate().try_fold(Self::NONE, |pattern, (column, symbol)| {
            let bit = 1 << column;
            Some(match symbol {
                b'-' => pattern,
                b'0' => Self::new(pattern.mask | bit, pattern.value),
                b'1' => Self::new(pattern.mask | bit, pattern.value | bit),
                _ => return None,
            })
        })
    }
}

/// One compare and one write: rows that match the key are tagged, and the tagged rows are written.
/// A key with every column masked tags every row and needs no compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Pass {
    /// What is searched for.
    pub key: Pattern,
    /// What the tagged rows become.
    pub write: Pattern,
}

impl Pass {
    /// Whether the pass searches at all.
    pub const fn compares(self) -> bool {
        self.key.mask != 0
    }
}

/// What becomes of the latch when an instruction begins whose table has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Latch {
    /// It is cleared in every row.
    Cleared,
    /// It keeps what the instructions before have left.
    Kept,
}

/// The passes for one bit of an operation, over named columns and, if it has it, the latch of every row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lut {
    name: String,
    columns: Vec<String>,
    /// The latch's name, and what becomes of it at the start. In patterns it stands behind the columns.
    latch: Option<(String, Latch)>,
    passes: Vec<Pass>,
}

impl Lut {
    /// A table over columns; at most four, so that an instruction can name them all.
    ///
    /// # Errors
    /// If there is no column or more than four, or a pass names a column beyond them.
    pub fn new(name: impl Into<String>, columns: Vec<String>, passes: Vec<Pass>) -> Result<Self, LutError> {
        Self::of(name.into(), columns, None, passes)
    }

    /// A table over columns and the latch of every row, which passes know as the one behind the last column.
    ///
    /// # Errors
    /// If there is no column, there are more than four with the latch, or a pass names a column beyond them.
    pub fn with_latch(
        name: impl Into<String>,
        columns: Vec<String>,
        (latch, at_start): (impl Into<String>, Latch),
        passes: Vec<Pass>,
    ) -> Result<Self, LutError> {
        Self::of(name.into(), columns, Some((latch.into(), at_start)), passes)
    }

    fn of(
        name: String,
        columns: Vec<String>,
        latch: Option<(String, Latch)>,
        passes: Vec<Pass>,
    ) -> Result<Self, LutError> {
        let width = columns.len() + usize::from(latch.is_some());
        if columns.is_empty() || width > 4 {
            return Err(LutError::Columns { name, found: width });
        }
        let beyond = !((1_u8 << width) - 1);
        if let Some(pass) = passes.iter().position(|p| (p.key.mask | p.write.mask) & beyond != 0) {
            return Err(LutError::Pass { name, pass, columns: width });
        }
        Ok(Self { name, columns, latch, passes })
    }

    /// Tables without passes over one, two and three columns: they only shift.
    pub fn rewinds() -> [Self; 3] {
        ["A", "AB", "ABR"].map(|columns| Self {
            name: format!("rewind_{}", columns.len()),
            columns: columns.chars().map(String::from).collect(),
            latch: None,
            passes: Vec::new(),
        })
    }

    /// The name that instructions use.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The columns' names, in the order of an instruction's operands.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// What becomes of the latch when an instruction begins, if the table has it.
    pub fn latch(&self) -> Option<Latch> {
        self.latch.as_ref().map(|&(_, at_start)| at_start)
    }

    /// The columns, and the latch if the table has it.
    pub fn width(&self) -> usize {
        self.columns.len() + usize::from(self.latch.is_some())
    }

    /// The bits of a pattern that belong to columns, not to the latch.
    pub fn column_mask(&self) -> u8 {
        (1 << self.columns.len()) - 1
    }

    /// The passes that run in the first bit of an instruction, by their places. Where the latch was cleared just before, those that no
    /// row can match then are left out; anywhere else there are none such.
    pub fn first_passes(&self) -> Vec<usize> {
        let latch = 1_u8 << self.columns.len();
        let cleared = self.latch() == Some(Latch::Cleared);
        let mut states: Vec<u8> = (0..1 << self.width()).filter(|s| !cleared || s & latch == 0).collect();
        let mut run = Vec::new();
        for (place, pass) in self.passes.iter().enumerate() {
            let matched = |state: &u8| pass.key.matches(*state);
            if !cleared || !pass.compares() || states.iter().any(matched) {
                run.push(place);
            }
            for state in states.iter_mut().filter(|state| matched(state)) {
                *state = pass.write.written_to(*state);
            }
        }
        run
    }

    /// The passes, in the order of execution.
    pub fn passes(&self) -> &[Pass] {
        &self.passes
    }

    /// Passes that search.
    pub fn compares(&self) -> usize {
        self.passes.iter().filter(|pass| pass.compares()).count()
    }

    /// Machine cycles for one bit: a compare and a write each take one.
    pub fn cycles(&self) -> usize {
        self.compares() + self.passes.len()
    }

    /// What a row's bits become.
    pub fn apply(&self, state: u8) -> u8 {
        self.passes.iter().fold(state, |state, pass| {
            if pass.key.matches(state) { pass.write.written_to(state) } else { state }
        })
    }
}

impl fmt::Display for Lut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, ".lut {} {}", self.name, self.columns.join(" "))?;
        match &self.latch {
            None => writeln!(f)?,
            Some((latch, Latch::Cleared)) => writeln!(f, " [{latch}=0]")?,
            Some((latch, Latch::Kept)) => writeln!(f, " [{latch}]")?,
        }
        for pass in &self.passes {
            let width = self.width();
            writeln!(f, "  {} -> {}", pass.key.text(width), pass.write.text(width))?;
        }
        f.write_str(".end")
    }
}

/// Why passes do not form a table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LutError {
    /// The number of columns is out of range.
    #[error("look-up table `{name}` has {found} columns; 1 to 4 are supported")]
    Columns {
        /// The table.
        name: String,
        /// Its columns.
        found: usize,
    },
    /// A pass names a column that the table does not have.
    #[error("pass {pass} of look-up table `{name}` names a column beyond its {columns}")]
    Pass {
        /// The table.
        name: String,
        /// Counted from 0.
        pass: usize,
        /// The table's columns.
        columns: usize,
    },
}
