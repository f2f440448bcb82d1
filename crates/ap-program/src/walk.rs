//! The walk over a program: what it does to the tracks and at their ports, step by step in the order of time.
//!
//! Whoever wants to know something about a program observes the walk instead of reading instructions: counts, times, places where
//! faults can strike, probabilities, the bits of some rows. Rules are checked on the way, so what an observer is told of is legal.
//! `docs/assembly.md` defines order and rules.

use crate::{
    Carry, Direction, Geometry, Instruction, Latch, Lut, Operand, Pass, Program, ProgramError, Rule, Tap,
};

/// A cell of every row: its column and its domain.
pub type Cell = (usize, usize);

/// The tracks of a column move until another domain stands at the port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Movement {
    pub column: usize,
    /// The domain at the port before.
    pub from: usize,
    /// The domain at the port then.
    pub to: usize,
    /// The bit of the instruction that needs it.
    pub bit: u8,
    /// The operand that this bit belongs to, in the order of the instruction's.
    pub operand: u8,
}

impl Movement {
    /// Steps of one track.
    pub fn distance(self) -> usize {
        self.from.abs_diff(self.to)
    }
}

/// What is done in one bit of an instruction to cells that stand at their ports.
#[derive(Debug, Clone, Copy)]
pub enum Step<'s> {
    /// A cell is filled from the window.
    Fill {
        /// The element.
        tap: Tap,
        /// The bit of it.
        bit: usize,
        cell: Cell,
    },
    /// A table's passes.
    Apply {
        table: &'s Table<'s>,
        /// A cell for each of its columns.
        cells: &'s [Cell],
    },
    /// A cell is read out of all rows.
    Read {
        /// The output that it belongs to.
        output: u32,
        /// The bit of it.
        bit: usize,
        /// Whether the bit is a sign.
        is_sign: bool,
        cell: Cell,
    },
}

/// A table of a program, with what its passes do in one bit: of those in the first bit of an instruction that clears the latch only the
/// ones that a row can match.
#[derive(Debug, Clone, Copy)]
pub struct Table<'p> {
    /// Its place among the program's tables.
    pub number: usize,
    /// Its passes.
    pub lut: &'p Lut,
    /// Searches.
    pub compares: u64,
    /// Columns that searches leave unmasked.
    pub compared_columns: u64,
    /// Searches whose key names the latch.
    pub compared_latches: u64,
    /// Bits written to every row, the latch's left out.
    pub broadcast_bits: u64,
    /// Bits of the latch written to every row.
    pub broadcast_latches: u64,
    /// Writes to cells: every pass has one but those that write the latch alone.
    pub writes: u64,
    /// Writes to the latch alone.
    pub latch_writes: u64,
    /// Bits written to cells of a row that every search tags.
    pub written_bits: u64,
    /// The columns that have to hold something before, a bit for each, the latch behind the last.
    needs_content: u8,
    /// The columns that are filled in every row.
    fills: u8,
}

impl<'p> Table<'p> {
    /// In the first bit of an instruction, and in the others.
    fn both(number: usize, lut: &'p Lut) -> [Self; 2] {
        let first: Vec<&Pass> = lut.first_passes().into_iter().map(|place| &lut.passes()[place]).collect();
        [Self::new(number, lut, &first), Self::new(number, lut, &lut.passes().iter().collect::<Vec<_>>())]
    }

    fn new(number: usize, lut: &'p Lut, passes: &[&Pass]) -> Self {
        let (mut fills, mut needs_content) = (0_u8, 0_u8);
        for pass in passes {
            if pass.compares() {
                needs_content |= (pass.key.mask() | pass.write.mask()) & !fills;
            } else {
                fills |= pass.write.mask();
            }
        }
        let columns = lut.column_mask();
        let sum = |count: &dyn Fn(&Pass) -> u32| passes.iter().map(|p| u64::from(count(p))).sum::<u64>();
        let broadcast =
            |pass: &Pass, mask: u8| if pass.compares() { 0 } else { pass.write.within(mask).width() };
        let latch_writes =
            sum(&|pass| u32::from(pass.write.mask() & !columns != 0 && pass.write.mask() & columns == 0));
        Self {
            number,
            lut,
            compares: sum(&|pass| u32::from(pass.compares())),
            compared_columns: sum(&|pass| pass.key.within(columns).width()),
            compared_latches: sum(&|pass| pass.key.within(!columns).width()),
            broadcast_bits: sum(&|pass| broadcast(pass, columns)),
            broadcast_latches: sum(&|pass| broadcast(pass, !columns)),
            writes: passes.len() as u64 - latch_writes,
            latch_writes,
            written_bits: sum(&|pass| pass.write.within(columns).width()),
            needs_content,
            fills,
        }
    }

    /// Whether every row is written in one of its columns.
    pub fn fills(&self, column: usize) -> bool {
        self.fills >> column & 1 == 1
    }
}

/// Is told what a program does. Every method does nothing unless it is written.
pub trait Observer {
    /// An instruction begins; `place` counts from 0.
    fn begins(&mut self, place: usize, instruction: &Instruction) {
        let _ = (place, instruction);
    }

    /// The latch of every row is cleared, before the instruction's first step.
    fn clears_latch(&mut self) {}

    /// Columns move, all of them together, before the next step. There is at least one.
    fn moves(&mut self, movements: &[Movement]) {
        let _ = movements;
    }

    /// One bit of the instruction is worked on.
    fn steps(&mut self, step: Step<'_>) {
        let _ = step;
    }

    /// The instruction is done.
    fn ends(&mut self) {}

    /// The program is done, and every column moves back to domain 0 from where it stands, all of them together.
    fn returns(&mut self, positions: &[u8]) {
        let _ = positions;
    }
}

/// Nobody looks: the rules alone are checked.
impl Observer for () {}

/// Two look, one after the other.
impl<A: Observer, B: Observer> Observer for (A, B) {
    fn begins(&mut self, place: usize, instruction: &Instruction) {
        self.0.begins(place, instruction);
        self.1.begins(place, instruction);
    }

    fn clears_latch(&mut self) {
        self.0.clears_latch();
        self.1.clears_latch();
    }

    fn moves(&mut self, movements: &[Movement]) {
        self.0.moves(movements);
        self.1.moves(movements);
    }

    fn steps(&mut self, step: Step<'_>) {
        self.0.steps(step);
        self.1.steps(step);
    }

    fn ends(&mut self) {
        self.0.ends();
        self.1.ends();
    }

    fn returns(&mut self, positions: &[u8]) {
        self.0.returns(positions);
        self.1.returns(positions);
    }
}

/// Walks through a program from its first instruction to the way home.
///
/// # Errors
/// The first instruction that breaks a rule. The observer was told of all before it, and perhaps of some of its bits.
pub fn walk(program: &Program, observer: &mut impl Observer) -> Result<(), ProgramError> {
    let columns = program.geometry.columns();
    let mut walk = Walk {
        geometry: program.geometry,
        positions: vec![0; columns],
        targets: vec![None; columns],
        filled: vec![0; columns],
        latch_is_filled: false,
        movements: Vec::new(),
        observer,
    };
    let tables: Vec<[Table<'_>; 2]> =
        program.luts.iter().enumerate().map(|(number, lut)| Table::both(number, lut)).collect();
    for (place, instruction) in program.instructions.iter().enumerate() {
        walk.observer.begins(place, instruction);
        walk.instruction(instruction, &tables).map_err(|rule| ProgramError {
            instruction: place,
            text: program.text_of(instruction),
            rule,
        })?;
        walk.observer.ends();
    }
    walk.observer.returns(&walk.positions);
    Ok(())
}

struct Walk<'o, O> {
    geometry: Geometry,
    /// The domain at the port, for each column.
    positions: Vec<u8>,
    /// The domain that the instruction wants at the port, for each column that it names.
    targets: Vec<Option<usize>>,
    /// The domains that hold something, for each column.
    filled: Vec<u128>,
    latch_is_filled: bool,
    movements: Vec<Movement>,
    observer: &'o mut O,
}

impl<O: Observer> Walk<'_, O> {
    fn instruction(&mut self, instruction: &Instruction, tables: &[[Table<'_>; 2]]) -> Result<(), Rule> {
        match *instruction {
            Instruction::Load { tap, destination } => self.load(tap, destination),
            Instruction::Store { output, source, signed } => self.store(output, source, signed),
            Instruction::Apply { lut, bits, operands } => {
                let operands = operands.as_slice();
                operands.iter().map(|operand| operand.bits).chain([bits]).try_for_each(some_bits)?;
                let table = tables.get(usize::from(lut)).ok_or(Rule::NoTable(lut))?;
                let of_table = table[0].lut;
                if of_table.latch().is_some() && self.geometry.carry() == Carry::Column {
                    return Err(Rule::NoLatch { table: of_table.name().to_owned() });
                }
                let expected = of_table.columns().len();
                if operands.len() != expected {
                    return Err(Rule::OperandCount { expected, found: operands.len() });
                }
                self.apply(table, bits, operands)
            }
        }
    }

    fn load(&mut self, tap: Tap, destination: Operand) -> Result<(), Rule> {
        some_bits(destination.bits)?;
        self.inside(destination, destination.bits)?;
        self.align_across(&[destination], destination.bits);
        for bit in 0..destination.bits {
            let cell = destination.cell(usize::from(bit));
            self.align(bit, &[cell]);
            self.filled[cell.0] |= 1 << cell.1;
            self.observer.steps(Step::Fill { tap, bit: usize::from(bit), cell });
        }
        Ok(())
    }

    fn store(&mut self, output: u32, source: Operand, signed: bool) -> Result<(), Rule> {
        some_bits(source.bits)?;
        let most = if signed { 32 } else { 31 };
        if source.bits > most {
            return Err(Rule::StoredWidth { bits: source.bits, most });
        }
        self.inside(source, source.bits)?;
        self.align_across(&[source], source.bits);
        for bit in 0..source.bits {
            let cell = source.cell(usize::from(bit));
            self.holds_something(cell)?;
            self.align(bit, &[cell]);
            let is_sign = signed && bit + 1 == source.bits;
            self.observer.steps(Step::Read { output, bit: usize::from(bit), is_sign, cell });
        }
        Ok(())
    }

    fn apply(&mut self, tables: &[Table<'_>; 2], bits: u8, operands: &[Operand]) -> Result<(), Rule> {
        for &operand in operands {
            self.inside(operand, bits)?;
        }
        if tables[0].lut.latch() == Some(Latch::Cleared) {
            self.latch_is_filled = true;
            self.observer.clears_latch();
        }
        self.align_across(operands, bits);
        for bit in 0..bits {
            let table = &tables[usize::from(bit > 0)];
            let mut cells = [(0, 0); 4];
            for (place, operand) in operands.iter().enumerate() {
                let cell = operand.cell(usize::from(bit));
                if cells[..place].iter().any(|&(column, _)| column == cell.0) {
                    return Err(Rule::SharedTrack { column: cell.0 });
                }
                cells[place] = cell;
            }
            let cells = &cells[..operands.len()];
            for (place, &cell) in cells.iter().enumerate() {
                if table.needs_content >> place & 1 == 1 {
                    self.holds_something(cell)?;
                }
            }
            if table.needs_content >> cells.len() & 1 == 1 && !self.latch_is_filled {
                return Err(Rule::LatchNeverCleared);
            }
            self.align(bit, cells);
            for (place, &(column, domain)) in cells.iter().enumerate() {
                self.filled[column] |= u128::from(table.fills >> place & 1) << domain;
            }
            self.latch_is_filled |= table.fills >> cells.len() & 1 == 1;
            self.observer.steps(Step::Apply { table, cells });
        }
        Ok(())
    }

    /// Brings words that lie across columns to their ports when an instruction begins: all of their columns move together. A
    /// column that two of them want at different domains waits for its bit.
    fn align_across(&mut self, operands: &[Operand], bits: u8) {
        if operands.iter().all(|operand| operand.direction == Direction::Along) {
            return;
        }
        let across = || (0_u8..).zip(operands).filter(|(_, word)| word.direction == Direction::Across);
        let cells = || {
            across()
                .flat_map(|(place, word)| (0..bits).map(move |bit| (bit, place, word.cell(usize::from(bit)))))
        };
        for (_, _, (column, domain)) in cells() {
            self.targets[column] = Some(domain);
        }
        let wanted_twice: Vec<usize> = cells()
            .filter(|&(_, _, (column, domain))| self.targets[column] != Some(domain))
            .map(|(_, _, (column, _))| column)
            .collect();
        for (bit, operand, cell) in cells() {
            if !wanted_twice.contains(&cell.0) {
                self.move_to(cell, bit, operand);
            }
        }
        self.moved();
    }

    /// Brings the cells of a bit to their ports.
    fn align(&mut self, bit: u8, cells: &[Cell]) {
        for (operand, &cell) in (0..).zip(cells) {
            self.move_to(cell, bit, operand);
        }
        self.moved();
    }

    fn move_to(&mut self, (column, domain): Cell, bit: u8, operand: u8) {
        let from = usize::from(std::mem::replace(&mut self.positions[column], domain as u8));
        if from != domain {
            self.movements.push(Movement { column, from, to: domain, bit, operand });
        }
    }

    fn moved(&mut self) {
        if !self.movements.is_empty() {
            self.observer.moves(&self.movements);
            self.movements.clear();
        }
    }

    fn holds_something(&self, (column, domain): Cell) -> Result<(), Rule> {
        if self.filled[column] >> domain & 1 == 0 {
            return Err(Rule::NeverWritten { column, domain });
        }
        Ok(())
    }

    fn inside(&self, operand: Operand, bits: u8) -> Result<(), Rule> {
        let (column, domain) = operand.cell(usize::from(bits).saturating_sub(1));
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
