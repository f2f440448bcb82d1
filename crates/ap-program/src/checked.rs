//! Programs that are known to keep the machine's rules.

use std::fmt;
use std::ops::Deref;

use crate::walk::{Observer, walk};
use crate::{Program, ProgramCounts, ProgramError};

/// A program that keeps the machine's rules, with what it alone determines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedProgram {
    program: Program,
    counts: ProgramCounts,
}

impl CheckedProgram {
    /// Checks a program, and counts what it does.
    ///
    /// # Errors
    /// The first instruction that breaks a rule.
    pub fn new(program: Program) -> Result<Self, ProgramError> {
        let counts = ProgramCounts::of(&program)?;
        Ok(Self { program, counts })
    }

    /// Its events in one row.
    pub fn counts(&self) -> &ProgramCounts {
        &self.counts
    }

    /// The program alone.
    pub fn into_program(self) -> Program {
        self.program
    }

    /// Walks through it once more.
    pub fn walk(&self, observer: &mut impl Observer) {
        let walked = walk(&self.program, observer);
        debug_assert!(walked.is_ok(), "the program was checked");
    }
}

impl fmt::Display for CheckedProgram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.program.fmt(f)
    }
}

impl Deref for CheckedProgram {
    type Target = Program;
    fn deref(&self) -> &Program {
        &self.program
    }
}
