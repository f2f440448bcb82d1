//! What can be wrong with a stage.

use ap_program::{Carry, Tap};

use crate::check::CheckError;

/// What a stage has wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerificationError {
    /// An output is not what the weights say.
    #[error("output {output}: window element {tap} counts {found} times where its weight is {expected}")]
    Weight {
        output: u32,
        /// The element.
        tap: Tap,
        /// How often it is counted.
        found: i64,
        /// Its weight.
        expected: i64,
    },
    /// The carry is kept where the array does not keep it.
    #[error("the carry is placed in a {found}; the array keeps it in a {expected}")]
    Carry {
        /// Where it is placed.
        found: Carry,
        /// Where the array keeps it.
        expected: Carry,
    },
    /// The outputs are not those that are to be computed.
    #[error("the sums are for outputs {found:?}; expected {expected:?}")]
    Outputs {
        /// Those of the sums.
        found: Vec<u32>,
        /// Those that are to be computed.
        expected: Vec<u32>,
    },
    /// A term or value is used that does not exist, or not yet.
    #[error("{user} uses {used}, which is not there at that point")]
    NotThere {
        /// Who uses it.
        user: String,
        /// What is used.
        used: String,
    },
    /// Two window elements of a group are the same.
    #[error("window element {0} stands twice in a group")]
    RepeatedTap(Tap),
    /// Terms of a sum are not in ascending order, or a sum has none.
    #[error("the sum for output {output} in group {group} has no terms, or terms out of order")]
    Terms {
        output: u32,
        /// The group, counted from 0.
        group: usize,
    },
    /// A word can take values that its format does not hold.
    #[error("{value} reaches {least} to {most}, which {format} does not hold")]
    Format {
        value: String,
        /// Its least value.
        least: i64,
        /// Its largest value.
        most: i64,
        format: String,
    },
    /// A word has bits that none of its values needs.
    #[error("{value} reaches no more than {least} to {most}, for which {format} is too wide")]
    TooWide {
        value: String,
        /// Its least value.
        least: i64,
        /// Its largest value.
        most: i64,
        format: String,
    },
    /// An output is computed and never stored, or stored more than once.
    #[error("output {output} is stored {times} times; expected once")]
    Stored {
        output: u32,
        /// How often.
        times: usize,
    },
    /// A word lies outside of the array, or not in as many bits as its format has.
    #[error("{value} at {place} does not fit its format or the array")]
    Place {
        value: String,
        /// Where it lies.
        place: String,
    },
    /// Two words of one operation lie in the same column.
    #[error("operation {operation}: {value} and {other} meet in column {column}")]
    SharedColumn {
        /// Counted from 0.
        operation: usize,
        value: String,
        other: String,
        column: usize,
    },
    /// A word is read after another took its cells.
    #[error("operation {operation} reads {value}, but its cells were given to something else")]
    Overwritten {
        /// Counted from 0.
        operation: usize,
        value: String,
    },
    /// The program breaks a rule of the machine or computes something else.
    #[error(transparent)]
    Program(#[from] CheckError),
}

/// Whether stages are verified while a layer is compiled. Programs are the same either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verification {
    /// They are taken as they come.
    Skipped,
    /// Every stage is, after the pass that made it.
    EveryPass,
}

impl Verification {
    /// Builds with debug assertions, so the tests, verify everything that they compile.
    pub const fn of_this_build() -> Self {
        if cfg!(debug_assertions) { Self::EveryPass } else { Self::Skipped }
    }
}
