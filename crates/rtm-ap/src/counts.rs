//! What a program alone determines: every event but the bits written to tagged rows, and whether it keeps the machine's rules.
//! Counts and rules are defined in the compiler's `docs/assembly.md`.

use compiler::lut::Lut;
use compiler::{Direction, Geometry, Instruction, Operand, Program};

use crate::events::SerialSteps;
use crate::interpreter::RuleName;

/// The events of a program in one row of one processor.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProgramCounts {
    /// Program words.
    pub words: u64,
    /// Searches.
    pub compares: u64,
    /// Columns that searches do not mask.
    pub compared_columns: u64,
    /// Bits written without a search.
    pub broadcast_bits: u64,
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
    /// Bits written to every row.
    pub broadcast_bits: u64,
}

/// A rule of the machine that a program breaks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("instruction {instruction} (`{text}`): {rule}")]
pub struct ProgramError {
    /// Counted from 0.
    pub instruction: usize,
    /// The instruction as assembly.
    pub text: String,
    /// The rule.
    pub rule: Rule,
}

/// The rules that every program keeps.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rule {
    /// A bit lies outside the array.
    #[error("operand `{operand}` reaches column {column}, domain {domain}, beyond {geometry}")]
    OutsideArray {
        /// The operand.
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
    SharedTrack {
        /// The column.
        column: usize,
    },
    /// A cell is searched, or written in part of its rows, before it was ever filled.
    #[error("column {column}, domain {domain} is used before it was written")]
    NeverWritten {
        /// The column.
        column: usize,
        /// The domain.
        domain: usize,
    },
    /// The instruction names a table that the program does not have.
    #[error("there is no table number {0}")]
    NoTable(u8),
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
    /// The name that the document of the assembly gives the rule.
    pub fn name(&self) -> RuleName {
        match self {
            Self::OutsideArray { .. } => RuleName::Inside,
            Self::SharedTrack { .. } => RuleName::OnePort,
            Self::NeverWritten { .. } => RuleName::Filled,
            Self::NoTable(_) => RuleName::Table,
            Self::OperandCount { .. } => RuleName::Operands,
            Self::NoBits => RuleName::Bits,
            Self::StoredWidth { .. } => RuleName::StoredWidth,
        }
    }
}

/// What one bit of a table costs, which of its columns have to hold something before, and which it fills in every row.
struct TableCounts {
    columns: usize,
    compares: u64,
    compared_columns: u64,
    broadcast_bits: u64,
    writes: u64,
    needs_content: Vec<bool>,
    fills: Vec<bool>,
}

impl TableCounts {
    fn of(lut: &Lut) -> Self {
        let mut filled = 0_u8;
        let mut needs = 0_u8;
        let mut broadcast_bits = 0;
        for pass in lut.passes() {
            if pass.compares() {
                needs |= (pass.key.mask() | pass.write.mask()) & !filled;
            } else {
                filled |= pass.write.mask();
                broadcast_bits += u64::from(pass.write.width());
            }
        }
        Self {
            columns: lut.columns().len(),
            compares: lut.compares() as u64,
            compared_columns: lut.passes().iter().map(|pass| u64::from(pass.key.width())).sum(),
            broadcast_bits,
            writes: lut.passes().len() as u64,
            needs_content: (0..lut.columns().len()).map(|column| needs >> column & 1 == 1).collect(),
            fills: (0..lut.columns().len()).map(|column| filled >> column & 1 == 1).collect(),
        }
    }
}

impl ProgramCounts {
    /// Counts a program's events and checks it against the machine's rules.
    ///
    /// # Errors
    /// The first instruction that breaks a rule.
    pub fn of(program: &Program) -> Result<Self, ProgramError> {
        Self::observed(program, &mut ())
    }

    /// The same, with every step told to an observer as it is taken.
    pub(crate) fn observed(program: &Program, observer: &mut impl Observer) -> Result<Self, ProgramError> {
        let geometry = program.geometry;
        let mut walk = Walk {
            geometry,
            positions: vec![0; geometry.columns()],
            targets: vec![None; geometry.columns()],
            written: vec![0; geometry.columns()],
            observer,
            counts: Self {
                words: program.instructions.len() as u64,
                tables: vec![TableUse::default(); program.luts.len()],
                moves: vec![0; geometry.domains()],
                ..Self::default()
            },
        };
        let tables: Vec<TableCounts> = program.luts.iter().map(TableCounts::of).collect();
        for (index, instruction) in program.instructions.iter().enumerate() {
            walk.instruction(instruction, &tables).map_err(|rule| ProgramError {
                instruction: index,
                text: describe(program, instruction),
                rule,
            })?;
            walk.observer.instruction_ends(&walk.counts);
        }
        let home: u64 = walk.positions.iter().map(|&position| u64::from(position)).sum();
        walk.counts.track_steps += home;
        walk.counts.serial.shifts += u64::from(walk.positions.iter().copied().max().unwrap_or(0));
        walk.counts.cells = walk.written.iter().map(|domains| u64::from(domains.count_ones())).sum();
        for (column, &position) in walk.positions.iter().enumerate() {
            walk.observer.shifts(column, u64::from(position));
        }
        Ok(walk.counts)
    }
}

/// What one bit of an instruction keeps the array busy with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Work {
    pub compares: u64,
    pub writes: u64,
    pub reads: u64,
}

/// Is told what a program does, step by step.
pub(crate) trait Observer {
    /// The tracks of a column shift by some domains; columns that shift before the same work may do so together.
    fn shifts(&mut self, column: usize, steps: u64) {
        let _ = (column, steps);
    }

    /// Work on some cells (column, domain), which stand at their ports.
    fn works(&mut self, cells: &[(usize, usize)], work: Work) {
        let _ = (cells, work);
    }

    /// An instruction is done; `counts` are those of all instructions so far.
    fn instruction_ends(&mut self, counts: &ProgramCounts) {
        let _ = counts;
    }
}

/// Nobody looks.
impl Observer for () {}

/// The assembly of one instruction.
pub(crate) fn describe(program: &Program, &instruction: &Instruction) -> String {
    let luts = program.luts.clone();
    let alone = Program { geometry: program.geometry, luts, instructions: vec![instruction] };
    alone.to_string().lines().last().unwrap_or("").to_owned()
}

struct Walk<'o, O> {
    geometry: Geometry,
    /// The domain at the port, for each column.
    positions: Vec<u8>,
    /// The domain that the instruction wants at the port, for each column that it names.
    targets: Vec<Option<usize>>,
    /// The domains that hold something, for each column.
    written: Vec<u128>,
    observer: &'o mut O,
    counts: ProgramCounts,
}

impl<O: Observer> Walk<'_, O> {
    fn instruction(&mut self, instruction: &Instruction, tables: &[TableCounts]) -> Result<(), Rule> {
        match *instruction {
            Instruction::Load { destination, .. } => {
                some_bits(destination.bits)?;
                self.inside(destination, usize::from(destination.bits))?;
                self.align_across(&[destination], usize::from(destination.bits));
                for bit in 0..usize::from(destination.bits) {
                    let (column, domain) = destination.cell(bit);
                    self.align([(column, domain)]);
                    self.written[column] |= 1 << domain;
                    self.observer.works(&[(column, domain)], Work { compares: 0, writes: 1, reads: 0 });
                }
                self.counts.loaded_bits += u64::from(destination.bits);
                self.counts.serial.writes += u64::from(destination.bits);
            }
            Instruction::Store { source, signed, .. } => {
                some_bits(source.bits)?;
                let most = if signed { 32 } else { 31 };
                if source.bits > most {
                    return Err(Rule::StoredWidth { bits: source.bits, most });
                }
                self.inside(source, usize::from(source.bits))?;
                self.align_across(&[source], usize::from(source.bits));
                for bit in 0..usize::from(source.bits) {
                    let cell = source.cell(bit);
                    self.holds_something(cell)?;
                    self.align([cell]);
                    self.observer.works(&[cell], Work { compares: 0, writes: 0, reads: 1 });
                }
                self.counts.stored_bits += u64::from(source.bits);
                self.counts.serial.reads += u64::from(source.bits);
            }
            Instruction::Apply { lut, bits, operands } => {
                let operands = operands.as_slice();
                operands.iter().map(|operand| operand.bits).chain([bits]).try_for_each(some_bits)?;
                let table = tables.get(usize::from(lut)).ok_or(Rule::NoTable(lut))?;
                if operands.len() != table.columns {
                    return Err(Rule::OperandCount { expected: table.columns, found: operands.len() });
                }
                for &operand in operands {
                    self.inside(operand, usize::from(bits))?;
                }
                self.align_across(operands, usize::from(bits));
                for bit in 0..usize::from(bits) {
                    self.apply(bit, operands, table)?;
                }
                let bits = u64::from(bits);
                let used = &mut self.counts.tables[usize::from(lut)];
                used.bits += bits;
                used.compares += bits * table.compares;
                used.compared_columns += bits * table.compared_columns;
                used.broadcast_bits += bits * table.broadcast_bits;
                self.counts.compares += bits * table.compares;
                self.counts.compared_columns += bits * table.compared_columns;
                self.counts.broadcast_bits += bits * table.broadcast_bits;
                self.counts.serial.compares += bits * table.compares;
                self.counts.serial.writes += bits * table.writes;
            }
        }
        Ok(())
    }

    fn apply(&mut self, bit: usize, operands: &[Operand], table: &TableCounts) -> Result<(), Rule> {
        let mut cells = [(0, 0); 4];
        for (place, operand) in operands.iter().enumerate() {
            let cell = operand.cell(bit);
            if cells[..place].iter().any(|&(column, _)| column == cell.0) {
                return Err(Rule::SharedTrack { column: cell.0 });
            }
            cells[place] = cell;
        }
        let cells = &cells[..operands.len()];
        for (&cell, _) in cells.iter().zip(&table.needs_content).filter(|&(_, &needed)| needed) {
            self.holds_something(cell)?;
        }
        self.align(cells.iter().copied());
        for (&(column, domain), _) in cells.iter().zip(&table.fills).filter(|&(_, &filled)| filled) {
            self.written[column] |= 1 << domain;
        }
        let work = Work { compares: table.compares, writes: table.writes, reads: 0 };
        self.observer.works(cells, work);
        Ok(())
    }

    /// Brings words that lie across columns to their ports when an instruction begins: all of their columns shift together. A
    /// column that two of them want at different domains waits for its bit.
    fn align_across(&mut self, operands: &[Operand], bits: usize) {
        let across = || operands.iter().filter(|operand| operand.direction == Direction::Across);
        let cells = || across().flat_map(|operand| (0..bits).map(|bit| operand.cell(bit)));
        for (column, domain) in cells() {
            self.targets[column] = Some(domain);
        }
        let wanted_twice: Vec<usize> = cells()
            .filter(|&(column, domain)| self.targets[column] != Some(domain))
            .map(|(column, _)| column)
            .collect();
        let aligned = cells().filter(|(column, _)| !wanted_twice.contains(column));
        self.align(aligned);
    }

    /// Brings domains to their ports; the columns shift together.
    fn align(&mut self, cells: impl IntoIterator<Item = (usize, usize)>) {
        let mut farthest = 0;
        for (column, domain) in cells {
            let steps = u64::from(self.positions[column].abs_diff(domain as u8));
            self.positions[column] = domain as u8;
            if steps > 0 {
                self.counts.moves[steps as usize] += 1;
                self.observer.shifts(column, steps);
            }
            self.counts.track_steps += steps;
            farthest = farthest.max(steps);
        }
        self.counts.serial.shifts += farthest;
    }

    fn holds_something(&self, (column, domain): (usize, usize)) -> Result<(), Rule> {
        if self.written[column] >> domain & 1 == 0 {
            return Err(Rule::NeverWritten { column, domain });
        }
        Ok(())
    }

    fn inside(&self, operand: Operand, bits: usize) -> Result<(), Rule> {
        let (column, domain) = operand.cell(bits.saturating_sub(1));
        if column >= self.geometry.columns() || domain >= self.geometry.domains() {
            let operand = operand.to_string();
            return Err(Rule::OutsideArray { operand, column, domain, geometry: self.geometry });
        }
        Ok(())
    }
}

fn some_bits(bits: u8) -> Result<(), Rule> {
    if bits == 0 { Err(Rule::NoBits) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use compiler::assembly::parse;

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
        assert_eq!(counts.serial, SerialSteps { compares: 0, writes: 4, shifts: 16, reads: 0 });
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
}
