//! The rules that every program keeps. `docs/assembly.md` defines them.

use crate::Geometry;

names::names! {
    /// The rules, by the names that the document gives them.
    #[derive(Hash, PartialOrd, Ord)]
    pub enum RuleName: "a rule" {
        /// An operand or an `apply` of 0 bits.
        Bits = "bits",
        /// No such table.
        Table = "table",
        /// A table with the latch on an array without.
        Latch = "latch",
        /// Not as many operands as the table has columns.
        Operands = "operands",
        /// More bits than an accumulator has.
        StoredWidth = "stored-width",
        /// A cell outside the array.
        Inside = "inside",
        /// Two operands in one column.
        OnePort = "one-port",
        /// A cell that was never filled.
        Filled = "filled",
    }
}

/// A rule of the machine that a program breaks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("instruction {instruction} (`{text}`): {rule}")]
pub struct ProgramError {
    /// Counted from 0.
    pub instruction: usize,
    /// The instruction as assembly.
    pub text: String,
    pub rule: Rule,
}

/// The rules that every program keeps.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rule {
    /// A bit lies outside the array.
    #[error("operand `{operand}` reaches column {column}, domain {domain}, beyond {geometry}")]
    OutsideArray {
        operand: String,
        /// The column it reaches.
        column: usize,
        /// The domain it reaches.
        domain: usize,
        /// The array.
        geometry: Geometry,
    },
    /// Two operands need one track at two places at once, or are the same bit.
    #[error("two operands meet in column {column}: one track has one access port")]
    SharedTrack { column: usize },
    /// A cell is searched, or written in part of its rows, before it was ever filled.
    #[error("column {column}, domain {domain} is used before it was written")]
    NeverWritten { column: usize, domain: usize },
    /// The instruction names a table that the program does not have.
    #[error("there is no table number {0}")]
    NoTable(u8),
    /// The table has the latch, and the array's carry is a column.
    #[error("table `{table}` has the latch; this array has none: its carry is a column")]
    NoLatch { table: String },
    /// The latch is searched, or written in part of its rows, before it was ever cleared.
    #[error("the latch is used before it was cleared")]
    LatchNeverCleared,
    /// The number of operands is not the table's number of columns.
    #[error("the table has {expected} columns, but {found} operands are given")]
    OperandCount {
        /// The table's columns.
        expected: usize,
        /// The operands.
        found: usize,
    },
    /// A word without bits.
    #[error("an operand or an instruction of 0 bits")]
    NoBits,
    /// A store gives more bits than an accumulator has.
    #[error("a word of {bits} bits is stored; an accumulator holds {most}")]
    StoredWidth {
        /// The word's.
        bits: u8,
        /// The accumulator's: 32 with a sign, 31 without.
        most: u8,
    },
}

impl Rule {
    /// The name that the document gives the rule.
    pub fn name(&self) -> RuleName {
        match self {
            Self::OutsideArray { .. } => RuleName::Inside,
            Self::SharedTrack { .. } => RuleName::OnePort,
            Self::NeverWritten { .. } | Self::LatchNeverCleared => RuleName::Filled,
            Self::NoLatch { .. } => RuleName::Latch,
            Self::NoTable(_) => RuleName::Table,
            Self::OperandCount { .. } => RuleName::Operands,
            Self::NoBits => RuleName::Bits,
            Self::StoredWidth { .. } => RuleName::StoredWidth,
        }
    }
}
