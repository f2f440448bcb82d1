//! What a fault does to one row, and when: at the bit of the instruction where it strikes.

use ap_program::{CheckedProgram, Instruction, Movement, Observer, Operand, Program, Step};

/// A fault in one row.
///
/// Strikes are ordered by the time at which they take effect. Several of one bit take effect in the order of [`Effect`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Strike {
    /// The instruction's index in its program.
    pub instruction: u32,
    /// The bit of it, counted from 0.
    pub bit: u8,
    /// What happens.
    pub effect: Effect,
}

/// What a fault does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// From now on every bit that is read through the row's port in a column is this one. Writes have no effect that can be
    /// seen.
    Stick {
        column: u16,
        /// What is read.
        value: bool,
    },
    /// The row's track in a column is back in step.
    Realign { column: u16 },
    /// Before the bit is accessed, the row's track in a column comes to lie some domains farther than the others: what is read
    /// and written is the domain that many places behind.
    Slip {
        column: u16,
        /// By how many domains; adds to what the track is displaced already.
        by: i8,
    },
    /// A wall of the row's track in a column stays where it is while the others move. What lies from it on ends up one domain
    /// off: outwards, so that the domain before is stretched over two, or inwards, so that the domain is lost.
    Pin {
        column: u16,
        /// The first domain that is moved.
        domain: u8,
        /// Outwards, else inwards.
        outwards: bool,
    },
    /// A search does not find the row although it matches.
    Miss { pass: u8 },
    /// A search finds the row although it does not match.
    FalseMatch { pass: u8 },
    /// A cell of the row keeps its bit when it is written.
    WriteFails {
        /// The pass; 0 for a load.
        pass: u8,
        /// The operand that is written, in the order of the instruction's.
        operand: u8,
    },
}

/// A move of a column's tracks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Move {
    /// The instruction that needs it.
    pub instruction: u32,
    /// The bit of it that needs it.
    pub bit: u8,
    /// The operand whose column moves.
    pub operand: u8,
}

impl Move {
    /// The column.
    pub fn column(self, program: &Program) -> u16 {
        let cell = |instruction: &Instruction| {
            operands(instruction).nth(usize::from(self.operand)).map(|o| o.cell(usize::from(self.bit)))
        };
        program
            .instructions
            .get(self.instruction as usize)
            .and_then(cell)
            .map_or(0, |(column, _)| column as u16)
    }
}

/// A bit that is written in every row that is tagged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct WrittenBit {
    pub instruction: u32,
    /// The bit of it.
    pub bit: u8,
    /// The pass; 0 for a load.
    pub pass: u8,
    pub operand: u8,
}

/// A search of one bit of an instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Search {
    pub instruction: u32,
    /// The bit of it.
    pub bit: u8,
    pub pass: u8,
}

/// Where faults can strike in one row of a program: its moves, its written bits and its searches, each found by number.
#[derive(Debug, Clone, Default)]
pub struct StrikeSites {
    /// By distance, in the order of time.
    moves: Vec<Vec<Move>>,
    /// How many bits were written, and searches made, before each instruction, and at the end.
    written_before: Vec<u64>,
    searches_before: Vec<u64>,
    /// The instructions that begin a group of loads.
    load_groups: Vec<u32>,
    /// Bits of instructions before which some column moves, by the farthest distance that one moves.
    moving_bits: Vec<u64>,
}

impl StrikeSites {
    /// The sites of a program.
    pub fn of(program: &CheckedProgram) -> Self {
        let domains = program.geometry.domains();
        let sites =
            Self { moves: vec![Vec::new(); domains], moving_bits: vec![0; domains], ..Self::default() };
        let mut finder =
            SiteFinder { sites, written: 0, searches: 0, in_loads: false, place: 0, moves: Vec::new() };
        program.walk(&mut finder);
        finder.sites.written_before.push(finder.written);
        finder.sites.searches_before.push(finder.searches);
        finder.sites
    }

    /// The moves by a distance, in the order of time.
    pub fn moves(&self, distance: usize) -> &[Move] {
        self.moves.get(distance).map_or(&[], Vec::as_slice)
    }

    /// How many bits are written in a row that is always tagged.
    pub fn written_bits(&self) -> u64 {
        self.written_before.last().copied().unwrap_or(0)
    }

    /// How many searches there are.
    pub fn searches(&self) -> u64 {
        self.searches_before.last().copied().unwrap_or(0)
    }

    /// A written bit by its number, in the order of time; `None` beyond the last.
    pub fn written_bit(&self, program: &Program, number: u64) -> Option<WrittenBit> {
        let (instruction, rest) = place_of(&self.written_before, number)?;
        let place = |bit: u64, pass: usize, operand: usize| WrittenBit {
            instruction: instruction as u32,
            bit: bit as u8,
            pass: pass as u8,
            operand: operand as u8,
        };
        match *program.instructions.get(instruction)? {
            Instruction::Load { .. } => Some(place(rest, 0, 0)),
            Instruction::Store { .. } => None,
            Instruction::Apply { lut, .. } => {
                let lut = program.luts.get(usize::from(lut))?;
                let written = |passes: &mut dyn Iterator<Item = usize>| -> Vec<(usize, usize)> {
                    let of_pass = |pass: usize| {
                        let mask = lut.passes()[pass].write.mask();
                        let is_written = move |column: &usize| mask >> column & 1 == 1;
                        (0..lut.columns().len()).filter(is_written).map(move |column| (pass, column))
                    };
                    passes.flat_map(of_pass).collect()
                };
                let first = written(&mut lut.first_passes().into_iter());
                let (bit, (pass, column)) = in_bits(rest, &first, &written(&mut (0..lut.passes().len())))?;
                Some(place(bit, pass, column))
            }
        }
    }

    /// A search by its number, in the order of time; `None` beyond the last.
    pub fn search(&self, program: &Program, number: u64) -> Option<Search> {
        let (instruction, rest) = place_of(&self.searches_before, number)?;
        let Instruction::Apply { lut, .. } = *program.instructions.get(instruction)? else { return None };
        let lut = program.luts.get(usize::from(lut))?;
        let searches = |pass: &usize| lut.passes()[*pass].compares();
        let first: Vec<usize> = lut.first_passes().into_iter().filter(searches).collect();
        let others: Vec<usize> = (0..lut.passes().len()).filter(searches).collect();
        let (bit, pass) = in_bits(rest, &first, &others)?;
        Some(Search { instruction: instruction as u32, bit: bit as u8, pass: pass as u8 })
    }

    /// The first instruction at or after one that begins a group of loads.
    pub fn next_load_group(&self, from: u32) -> Option<u32> {
        let at = self.load_groups.partition_point(|&start| start < from);
        self.load_groups.get(at).copied()
    }

    /// How many bits of instructions need some column to move, by the farthest distance; the columns of one bit move together.
    pub fn moving_bits(&self) -> &[u64] {
        &self.moving_bits
    }

    /// How many groups of loads there are.
    pub fn load_groups(&self) -> usize {
        self.load_groups.len()
    }
}

/// Finds sites on a walk.
struct SiteFinder {
    sites: StrikeSites,
    written: u64,
    searches: u64,
    in_loads: bool,
    /// The instruction.
    place: u32,
    /// Its moves, with their distances.
    moves: Vec<(Move, usize)>,
}

impl Observer for SiteFinder {
    fn begins(&mut self, place: usize, instruction: &Instruction) {
        self.place = place as u32;
        self.sites.written_before.push(self.written);
        self.sites.searches_before.push(self.searches);
        let is_load = matches!(instruction, Instruction::Load { .. });
        if is_load && !self.in_loads {
            self.sites.load_groups.push(self.place);
        }
        self.in_loads = is_load;
    }

    fn moves(&mut self, movements: &[Movement]) {
        let site = |movement: &Movement| {
            let &Movement { bit, operand, .. } = movement;
            (Move { instruction: self.place, bit, operand }, movement.distance())
        };
        self.moves.extend(movements.iter().map(site));
    }

    fn steps(&mut self, step: Step<'_>) {
        match step {
            Step::Fill { .. } => self.written += 1,
            Step::Apply { table, .. } => {
                self.written += table.written_bits;
                self.searches += table.compares;
            }
            Step::Read { .. } => {}
        }
    }

    /// Words across columns move when the instruction begins; a fault of such a move shows at the bit that needs it.
    fn ends(&mut self) {
        self.moves.sort_by_key(|(site, _)| (site.bit, site.operand));
        for of_bit in self.moves.chunk_by(|(a, _), (b, _)| a.bit == b.bit) {
            of_bit.iter().for_each(|&(site, distance)| self.sites.moves[distance].push(site));
            let farthest = of_bit.iter().map(|&(_, distance)| distance).max();
            farthest.into_iter().for_each(|farthest| self.sites.moving_bits[farthest] += 1);
        }
        self.moves.clear();
    }
}

/// The bit of an instruction that a number falls into, and what it is there: of what there is in the first bit, and in each other.
fn in_bits<T: Copy>(number: u64, first: &[T], others: &[T]) -> Option<(u64, T)> {
    match number.checked_sub(first.len() as u64) {
        None => Some((0, *first.get(number as usize)?)),
        Some(rest) => {
            let count = others.len() as u64;
            Some((1 + rest.checked_div(count)?, *others.get((rest % count) as usize)?))
        }
    }
}

/// The place in cumulated counts that a number falls into, and how far into it.
fn place_of(before: &[u64], number: u64) -> Option<(usize, u64)> {
    if number >= before.last().copied()? {
        return None;
    }
    let place = before.partition_point(|&count| count <= number) - 1;
    Some((place, number - before[place]))
}

/// The words that an instruction names, in the order in which it aligns them.
pub(crate) fn operands(instruction: &Instruction) -> impl Iterator<Item = Operand> + '_ {
    let one = match instruction {
        Instruction::Load { destination, .. } => Some(*destination),
        Instruction::Store { source, .. } => Some(*source),
        Instruction::Apply { .. } => None,
    };
    let several = match instruction {
        Instruction::Apply { operands, .. } => operands.as_slice(),
        _ => &[],
    };
    one.into_iter().chain(several.iter().copied())
}
