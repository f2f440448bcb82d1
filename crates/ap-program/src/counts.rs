//! What a program alone determines: every event but the bits written to tagged rows. `docs/assembly.md` defines what counts.

use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

use crate::walk::{Movement, Observer, Step, walk};
use crate::{Instruction, Program, ProgramError};

/// The steps that one program takes, one after the other; processors take them side by side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SerialSteps {
    /// Searches.
    pub compares: u64,
    /// Writes to cells, those that fill operands included.
    pub writes: u64,
    /// Writes to the latch alone.
    #[serde(default)]
    pub latch_writes: u64,
    /// Steps of the tracks; columns that shift for the same bit shift together.
    pub shifts: u64,
    /// Bits read out of all rows.
    pub reads: u64,
}

impl SerialSteps {
    /// The same steps several times.
    pub fn repeated(self, times: u64) -> Self {
        Self {
            compares: self.compares * times,
            writes: self.writes * times,
            latch_writes: self.latch_writes * times,
            shifts: self.shifts * times,
            reads: self.reads * times,
        }
    }

    /// The steps since an earlier count.
    pub fn since(self, earlier: Self) -> Self {
        Self {
            compares: self.compares - earlier.compares,
            writes: self.writes - earlier.writes,
            latch_writes: self.latch_writes - earlier.latch_writes,
            shifts: self.shifts - earlier.shifts,
            reads: self.reads - earlier.reads,
        }
    }

    /// The larger of two in every step: programs that run side by side.
    pub fn alongside(self, other: Self) -> Self {
        Self {
            compares: self.compares.max(other.compares),
            writes: self.writes.max(other.writes),
            latch_writes: self.latch_writes.max(other.latch_writes),
            shifts: self.shifts.max(other.shifts),
            reads: self.reads.max(other.reads),
        }
    }
}

impl AddAssign for SerialSteps {
    /// One after the other.
    fn add_assign(&mut self, other: Self) {
        self.compares += other.compares;
        self.writes += other.writes;
        self.latch_writes += other.latch_writes;
        self.shifts += other.shifts;
        self.reads += other.reads;
    }
}

/// The events of a program in one row of one processor.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProgramCounts {
    /// Program words.
    pub words: u64,
    /// Searches.
    pub compares: u64,
    /// Columns that searches do not mask.
    pub compared_columns: u64,
    /// Searches whose key names the latch.
    pub compared_latches: u64,
    /// Bits written without a search.
    pub broadcast_bits: u64,
    /// Bits of the latch written without a search, those that are cleared when an instruction begins included.
    pub broadcast_latches: u64,
    /// Steps of tracks, over all columns. Tracks start at domain 0 and are brought back there at the end.
    pub track_steps: u64,
    /// Moves of a column's tracks by their distance, the way home not included; index 0 is never used.
    pub moves: Vec<u64>,
    /// Bits filled in from the window.
    pub loaded_bits: u64,
    /// Bits read out.
    pub stored_bits: u64,
    /// Cells that hold something at some time.
    pub cells: u64,
    /// The steps one after the other.
    pub serial: SerialSteps,
    /// What each table of the program does, in the order of the program's tables.
    pub tables: Vec<TableUse>,
}

/// What the passes of one table do in one row, over a whole program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TableUse {
    /// Bits that the table is applied to: each takes all of its passes.
    pub bits: u64,
    /// Searches.
    pub compares: u64,
    /// Columns that searches leave unmasked.
    pub compared_columns: u64,
    /// Searches whose key names the latch.
    pub compared_latches: u64,
    /// Bits written to every row.
    pub broadcast_bits: u64,
    /// Bits of the latch written to every row, those that are cleared when an instruction begins included.
    pub broadcast_latches: u64,
}

impl ProgramCounts {
    /// Counts a program's events and checks it against the machine's rules.
    ///
    /// # Errors
    /// The first instruction that breaks a rule.
    pub fn of(program: &Program) -> Result<Self, ProgramError> {
        let mut counter = Counter::new(program);
        walk(program, &mut counter)?;
        Ok(counter.counts)
    }

    /// Steps of tracks without the way home.
    pub fn steps_on_the_way(&self) -> u64 {
        (0..).zip(&self.moves).map(|(distance, &moves): (u64, _)| distance * moves).sum()
    }
}

/// Counts as it is told.
#[derive(Debug, Clone)]
pub struct Counter {
    counts: ProgramCounts,
    /// The domains that held something at some time, for each column.
    filled: Vec<u128>,
    /// The table of the instruction that was begun last.
    table: usize,
}

impl Counter {
    /// Has counted nothing of a program yet.
    pub fn new(program: &Program) -> Self {
        let counts = ProgramCounts {
            words: program.instructions.len() as u64,
            tables: vec![TableUse::default(); program.luts.len()],
            moves: vec![0; program.geometry.domains()],
            ..ProgramCounts::default()
        };
        Self { counts, filled: vec![0; program.geometry.columns()], table: 0 }
    }

    /// What was counted so far; the program's words are all there from the start.
    pub fn counts(&self) -> &ProgramCounts {
        &self.counts
    }
}

impl Observer for Counter {
    fn begins(&mut self, _: usize, instruction: &Instruction) {
        if let Instruction::Apply { lut, .. } = instruction {
            self.table = usize::from(*lut);
        }
    }

    fn clears_latch(&mut self) {
        self.counts.broadcast_latches += 1;
        self.counts.tables[self.table].broadcast_latches += 1;
    }

    fn moves(&mut self, movements: &[Movement]) {
        let mut farthest = 0;
        for movement in movements {
            let distance = movement.distance();
            self.counts.moves[distance] += 1;
            self.counts.track_steps += distance as u64;
            farthest = farthest.max(distance);
        }
        self.counts.serial.shifts += farthest as u64;
    }

    fn steps(&mut self, step: Step<'_>) {
        let counts = &mut self.counts;
        match step {
            Step::Fill { cell: (column, domain), .. } => {
                self.filled[column] |= 1 << domain;
                counts.loaded_bits += 1;
                counts.serial.writes += 1;
            }
            Step::Apply { table, cells } => {
                for (place, &(column, domain)) in cells.iter().enumerate() {
                    self.filled[column] |= u128::from(table.fills(place)) << domain;
                }
                let used = &mut counts.tables[table.number];
                used.bits += 1;
                used.compares += table.compares;
                used.compared_columns += table.compared_columns;
                used.compared_latches += table.compared_latches;
                used.broadcast_bits += table.broadcast_bits;
                used.broadcast_latches += table.broadcast_latches;
                counts.compares += table.compares;
                counts.compared_columns += table.compared_columns;
                counts.compared_latches += table.compared_latches;
                counts.broadcast_bits += table.broadcast_bits;
                counts.broadcast_latches += table.broadcast_latches;
                counts.serial.compares += table.compares;
                counts.serial.writes += table.writes;
                counts.serial.latch_writes += table.latch_writes;
            }
            Step::Read { .. } => {
                counts.stored_bits += 1;
                counts.serial.reads += 1;
            }
        }
    }

    fn returns(&mut self, positions: &[u8]) {
        let home = positions.iter().map(|&position| u64::from(position));
        self.counts.track_steps += home.clone().sum::<u64>();
        self.counts.serial.shifts += home.max().unwrap_or(0);
        self.counts.cells = self.filled.iter().map(|domains| u64::from(domains.count_ones())).sum();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Rule;
    use crate::assembly::parse;

    const TABLES: &str = ".geometry rows=64 columns=8 domains=40\n.lut clear R\n - -> 0\n.end\n.lut copy A R\n 1- -> -1\n.end\n";

    fn counts(instructions: &str) -> Result<ProgramCounts, String> {
        ProgramCounts::of(&parse(&format!("{TABLES}{instructions}")).unwrap())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn tracks_are_stepped_from_where_they_stand_and_brought_home_at_the_end() {
        // 5 -> 8 in column 1 while filling, home again afterwards: 5 + 3 + 8.
        let counts = counts("load 0,0,0 -> c1.5:4\n").unwrap();
        assert_eq!(counts.track_steps, 16);
        assert_eq!(counts.serial, SerialSteps { writes: 4, shifts: 16, ..SerialSteps::default() });
        assert_eq!(counts.loaded_bits, 4);
    }

    #[test]
    fn columns_that_shift_for_the_same_bit_shift_together() {
        let counts =
            counts("load 0,0,0 -> c1.0:4\napply clear 4 c2.3:4\napply copy 4 c1.0:4 c2.3:4\n").unwrap();
        // Column 1: up 3, back 3, up 3, home 3; column 2: up 6, back 3, up 3, home 6.
        assert_eq!(counts.track_steps, 12 + 18);
        assert_eq!(counts.serial.shifts, 3 + 6 + 3 + 3 + 6);
        assert_eq!((counts.compares, counts.compared_columns, counts.broadcast_bits), (4, 4, 4));
    }

    #[test]
    fn a_column_that_no_pass_names_is_not_filled_by_taking_part() {
        let text = ".geometry rows=64 columns=8 domains=16\n.lut first A B\n -- -> 0-\n.end\napply first 1 c0.0:1 c1.0:1\n";
        let of =
            |stored| ProgramCounts::of(&parse(&format!("{text}store {stored} unsigned -> 0\n")).unwrap());
        assert!(of("c0.0:1").is_ok());
        assert_eq!(of("c1.0:1").unwrap_err().rule, Rule::NeverWritten { column: 1, domain: 0 });
    }

    #[test]
    fn an_instruction_that_breaks_a_rule_is_named_with_the_rule() {
        for (instructions, expected) in [
            (
                "load 0,0,0 -> c1.38:4\n",
                "instruction 0 (`load 0,0,0 -> c1.38:4`): operand `c1.38:4` reaches column 1, domain 41",
            ),
            ("apply clear 1 c9.0:1\n", "column 9"),
            ("store c1.0:2 signed -> 0\n", "column 1, domain 0 is used before it was written"),
            ("load 0,0,0 -> c1.0:4\napply copy 1 c1.0:4 c2.0:4\n", "column 2, domain 0 is used before"),
            (
                "load 0,0,0 -> c1.0:33\nstore c1.0:33 signed -> 0\n",
                "instruction 1 (`store c1.0:33 signed -> 0`): a word of 33 bits is stored; an accumulator holds 32",
            ),
            ("load 0,0,0 -> c1.0:8\napply copy 1 c1.0:4 c1.4:4\n", "two operands meet in column 1"),
        ] {
            let message = counts(instructions).unwrap_err();
            assert!(message.contains(expected), "{message}");
        }
    }

    #[test]
    fn searches_are_counted_by_bit_and_steps_without_the_way_home() {
        let counts =
            counts("load 0,0,0 -> c1.0:4\napply clear 4 c2.3:4\napply copy 4 c1.0:4 c2.3:4\n").unwrap();
        // Column 1: up 3, back 3, up 3; column 2: up 6, back 3, up 3.
        assert_eq!((counts.compares, counts.steps_on_the_way()), (4, 9 + 12));
    }
}
