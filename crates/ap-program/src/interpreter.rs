//! The reference: slow, and written from `docs/assembly.md` instead of from the [walk](crate::walk) or the simulator.
//!
//! Every row has its own cells, every cell is one `bool`, every step of every track is taken and counted, and rules are
//! checked when an instruction is about to be carried out. There is nothing clever here: what it computes can be compared
//! line by line with the document, and what a simulator and [`ProgramCounts`](crate::ProgramCounts) say can be compared with it.

use crate::{Carry, Direction, Geometry, Instruction, Latch, Lut, Operand, Pattern, Program, RuleName, Tap};

/// What a program did, counted one by one as it happened, over all rows in use.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Interpretation {
    /// The stored words of every `store`, in order: the output and its value in row 0, 1, ...
    pub stores: Vec<(u32, Vec<i64>)>,
    /// Instructions.
    pub words: u64,
    /// Searches of one row.
    pub row_searches: u64,
    /// Bits of cells that a search compared with its key.
    pub searched_bits: u64,
    /// Latches that a search compared with its key.
    pub searched_latches: u64,
    /// Bits written to rows that a search tagged, by table of the program.
    pub tagged_bits: Vec<u64>,
    /// Latches written in rows that a search tagged, by table of the program.
    pub tagged_latches: Vec<u64>,
    /// Bits written to rows without a search.
    pub broadcast_bits: u64,
    /// Latches written without a search, or cleared when an instruction began.
    pub broadcast_latches: u64,
    /// Steps of one track by one domain, the way home included.
    pub track_steps: u64,
    /// Bits filled in from the window.
    pub loaded_bits: u64,
    /// Bits read out.
    pub stored_bits: u64,
    /// Searches, one after the other.
    pub serial_compares: u64,
    /// Writes, one after the other.
    pub serial_writes: u64,
    /// Writes to the latch alone, one after the other.
    pub serial_latch_writes: u64,
    /// Steps of tracks, one after the other.
    pub serial_shifts: u64,
    /// Reads, one after the other.
    pub serial_reads: u64,
}

/// The first instruction that breaks a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("instruction {instruction} breaks the rule `{rule}`")]
pub struct Refusal {
    /// Counted from 0.
    pub instruction: usize,
    pub rule: RuleName,
}

/// Interprets a program on `rows` rows of one processor. `element` gives the window element of a row.
///
/// # Errors
/// The first instruction that breaks a rule. A program may be refused after elements were asked for.
pub fn interpret(
    program: &Program,
    rows: usize,
    mut element: impl FnMut(usize, Tap) -> u16,
) -> Result<Interpretation, Refusal> {
    let mut machine = Machine::new(program.geometry, rows);
    machine.events.tagged_bits = vec![0; program.luts.len()];
    machine.events.tagged_latches = vec![0; program.luts.len()];
    for (index, instruction) in program.instructions.iter().enumerate() {
        let done = match *instruction {
            Instruction::Load { tap, destination } => {
                machine.load(destination, &mut |row| u64::from(element(row, tap)))
            }
            Instruction::Apply { lut, bits, operands } => {
                let number = usize::from(lut);
                let lut = program.luts.get(number).map(|lut| (number, lut));
                machine.apply(lut, usize::from(bits), operands.as_slice())
            }
            Instruction::Store { output, source, signed } => machine.store(output, source, signed),
        };
        done.map_err(|rule| Refusal { instruction: index, rule })?;
        machine.events.words += 1;
    }
    machine.return_home();
    Ok(machine.events)
}

/// A cell's column and domain.
type Place = (usize, usize);

struct Machine {
    geometry: Geometry,
    /// The bit of each row, column and domain.
    bits: Vec<Vec<Vec<bool>>>,
    /// Whether each column and domain was filled; this is so in all rows at once.
    filled: Vec<Vec<bool>>,
    /// The latch of each row, and whether it was ever filled.
    latches: Vec<bool>,
    latch_filled: bool,
    /// The domain at the port, for each column.
    position: Vec<usize>,
    events: Interpretation,
}

impl Machine {
    fn new(geometry: Geometry, rows: usize) -> Self {
        let (columns, domains) = (geometry.columns(), geometry.domains());
        Self {
            geometry,
            // Undefined at the start. The other implementation takes 0; they agree because nothing depends on it.
            bits: vec![vec![vec![true; domains]; columns]; rows],
            filled: vec![vec![false; domains]; columns],
            latches: vec![true; rows],
            latch_filled: false,
            position: vec![0; columns],
            events: Interpretation::default(),
        }
    }

    fn load(&mut self, destination: Operand, element: &mut dyn FnMut(usize) -> u64) -> Result<(), RuleName> {
        let last = last_bit(destination)?;
        self.check_inside(place(destination, last))?;
        let elements: Vec<u64> = (0..self.bits.len()).map(element).collect();
        self.align_across(&[destination], last + 1);
        for bit in 0..=last {
            let (column, domain) = place(destination, bit);
            self.shift(&[(column, domain)]);
            for (row, element) in self.bits.iter_mut().zip(&elements) {
                row[column][domain] = bit < 64 && element >> bit & 1 == 1;
                self.events.loaded_bits += 1;
            }
            self.filled[column][domain] = true;
            self.events.serial_writes += 1;
        }
        Ok(())
    }

    fn store(&mut self, output: u32, source: Operand, signed: bool) -> Result<(), RuleName> {
        let last = last_bit(source)?;
        if last + 1 > if signed { 32 } else { 31 } {
            return Err(RuleName::StoredWidth);
        }
        self.check_inside(place(source, last))?;
        let mut values = vec![0_i64; self.bits.len()];
        self.align_across(&[source], last + 1);
        for bit in 0..=last {
            let (column, domain) = place(source, bit);
            self.check_filled((column, domain))?;
            self.shift(&[(column, domain)]);
            for (row, value) in self.bits.iter().zip(&mut values) {
                let weight = if signed && bit == last { -(1 << bit) } else { 1 << bit };
                *value += if row[column][domain] { weight } else { 0 };
                self.events.stored_bits += 1;
            }
            self.events.serial_reads += 1;
        }
        self.events.stores.push((output, values));
        Ok(())
    }

    fn apply(
        &mut self,
        lut: Option<(usize, &Lut)>,
        bits: usize,
        operands: &[Operand],
    ) -> Result<(), RuleName> {
        for &operand in operands {
            last_bit(operand)?;
        }
        if bits == 0 {
            return Err(RuleName::Bits);
        }
        let (number, lut) = lut.ok_or(RuleName::Table)?;
        if lut.latch().is_some() && self.geometry.carry() != Carry::Latch {
            return Err(RuleName::Latch);
        }
        if operands.len() != lut.columns().len() {
            return Err(RuleName::Operands);
        }
        for &operand in operands {
            self.check_inside(place(operand, bits - 1))?;
        }
        if lut.latch() == Some(Latch::Cleared) {
            for latch in &mut self.latches {
                *latch = false;
                self.events.broadcast_latches += 1;
            }
            self.latch_filled = true;
        }
        let runs = passes_that_run_first(lut);
        self.align_across(operands, bits);
        for bit in 0..bits {
            let places: Vec<Place> = operands.iter().map(|&operand| place(operand, bit)).collect();
            for (earlier, later) in pairs(&places) {
                if earlier.0 == later.0 {
                    return Err(RuleName::OnePort);
                }
            }
            self.shift(&places);
            for (pass, &runs_first) in lut.passes().iter().zip(&runs) {
                if bit == 0 && !runs_first {
                    continue;
                }
                let of_latch = |pattern: Pattern| match pattern.text(lut.width()).chars().nth(places.len()) {
                    Some('0') => Some(false),
                    Some('1') => Some(true),
                    _ => None,
                };
                let named = |pattern| Named { cells: named(pattern, &places), latch: of_latch(pattern) };
                self.pass(number, &named(pass.key), &named(pass.write))?;
            }
        }
        Ok(())
    }

    /// A search for the key, and a write to the rows that match. Without a key it is a broadcast.
    fn pass(&mut self, table: usize, key: &Named, write: &Named) -> Result<(), RuleName> {
        let broadcast = key.cells.is_empty() && key.latch.is_none();
        for &(cell, _) in &key.cells {
            self.check_filled(cell)?;
        }
        for &((column, domain), _) in &write.cells {
            if broadcast {
                self.filled[column][domain] = true;
            }
            self.check_filled((column, domain))?;
        }
        if broadcast && write.latch.is_some() {
            self.latch_filled = true;
        }
        if (key.latch.is_some() || write.latch.is_some()) && !self.latch_filled {
            return Err(RuleName::Filled);
        }
        for (row, latch) in self.bits.iter_mut().zip(&mut self.latches) {
            let cells_match = key.cells.iter().all(|&((column, domain), bit)| row[column][domain] == bit);
            let latch_matches = key.latch.is_none_or(|bit| *latch == bit);
            if !broadcast {
                self.events.row_searches += 1;
                self.events.searched_bits += key.cells.len() as u64;
                self.events.searched_latches += u64::from(key.latch.is_some());
            }
            if !(cells_match && latch_matches) {
                continue;
            }
            for &((column, domain), bit) in &write.cells {
                row[column][domain] = bit;
                if broadcast {
                    self.events.broadcast_bits += 1;
                } else {
                    self.events.tagged_bits[table] += 1;
                }
            }
            if let Some(bit) = write.latch {
                *latch = bit;
                if broadcast {
                    self.events.broadcast_latches += 1;
                } else {
                    self.events.tagged_latches[table] += 1;
                }
            }
        }
        self.events.serial_compares += u64::from(!broadcast);
        if write.cells.is_empty() && write.latch.is_some() {
            self.events.serial_latch_writes += 1;
        } else {
            self.events.serial_writes += 1;
        }
        Ok(())
    }

    /// Shifts the columns of all words that lie across columns, at the same time, when an instruction begins. A column that is
    /// wanted at two domains waits for its bit.
    fn align_across(&mut self, operands: &[Operand], bits: usize) {
        let across = operands.iter().filter(|operand| operand.direction == Direction::Across);
        let wanted: Vec<Place> =
            across.flat_map(|&operand| (0..bits).map(move |bit| place(operand, bit))).collect();
        let once = |cell: &&Place| !wanted.iter().any(|other| other.0 == cell.0 && other.1 != cell.1);
        let mut cells: Vec<Place> = wanted.iter().filter(once).copied().collect();
        // A sign that goes on names its cell again.
        cells.sort_unstable();
        cells.dedup();
        self.shift(&cells);
    }

    /// Shifts the columns of some cells, at the same time, until their domains are at the ports: one step at a time.
    fn shift(&mut self, cells: &[Place]) {
        loop {
            let mut moved = false;
            for &(column, domain) in cells {
                let position = &mut self.position[column];
                if *position == domain {
                    continue;
                }
                *position = if *position < domain { *position + 1 } else { *position - 1 };
                self.events.track_steps += self.bits.len() as u64;
                moved = true;
            }
            if !moved {
                return;
            }
            self.events.serial_shifts += 1;
        }
    }

    fn return_home(&mut self) {
        let home: Vec<Place> = (0..self.geometry.columns()).map(|column| (column, 0)).collect();
        self.shift(&home);
    }

    fn check_inside(&self, (column, domain): Place) -> Result<(), RuleName> {
        let inside = column < self.geometry.columns() && domain < self.geometry.domains();
        if inside { Ok(()) } else { Err(RuleName::Inside) }
    }

    fn check_filled(&self, (column, domain): Place) -> Result<(), RuleName> {
        if self.filled[column][domain] { Ok(()) } else { Err(RuleName::Filled) }
    }
}

/// For each pass of a table whether it runs in the first bit of an instruction: after the latch was cleared, only if a row could
/// match, whatever its cells hold.
fn passes_that_run_first(lut: &Lut) -> Vec<bool> {
    let mut runs = vec![lut.latch() != Some(Latch::Cleared); lut.passes().len()];
    // Every row that there could be, one by one; the latch stands behind the columns, and is 0.
    for row in 0..1_u8 << lut.columns().len() {
        let mut row = row;
        for (pass, runs) in lut.passes().iter().zip(&mut runs) {
            if pass.key.matches(row) {
                *runs = true;
                row = pass.write.written_to(row);
            }
        }
    }
    runs
}

/// What a pattern names: cells, and perhaps the latch, with their bits.
struct Named {
    cells: Vec<(Place, bool)>,
    latch: Option<bool>,
}

/// The number of an operand's last bit.
fn last_bit(operand: Operand) -> Result<usize, RuleName> {
    usize::from(operand.bits).checked_sub(1).ok_or(RuleName::Bits)
}

/// Where bit `bit` of an operand lies; a bit that it does not have is its last one.
fn place(operand: Operand, bit: usize) -> Place {
    let (column, domain) = (usize::from(operand.column), usize::from(operand.domain));
    let last = usize::from(operand.bits) - 1;
    let bit = if bit > last { last } else { bit };
    match operand.direction {
        Direction::Along => (column, domain + bit),
        Direction::Across => (column + bit, domain),
    }
}

/// The cells that a pattern names, with their bits.
fn named(pattern: Pattern, places: &[Place]) -> Vec<(Place, bool)> {
    let text = pattern.text(places.len());
    let symbols = text.chars().zip(places);
    symbols.filter(|&(symbol, _)| symbol != '-').map(|(symbol, &place)| (place, symbol == '1')).collect()
}

fn pairs(places: &[Place]) -> impl Iterator<Item = (Place, Place)> + '_ {
    let after = |index: usize| places.iter().skip(index + 1);
    places
        .iter()
        .enumerate()
        .flat_map(move |(index, &earlier)| after(index).map(move |&later| (earlier, later)))
}
