//! The encoded form of a program, as a program store keeps it: a dictionary of the operands that the program uses, prefix codes for
//! operations and operands, and the instructions. `docs/assembly.md` defines it.
//!
//! Geometry and tables are not part of it: the controller holds them for all programs of a layer.

mod bits;
mod prefix_code;

use std::collections::HashMap;
use std::hash::Hash;

use crate::{Direction, Geometry, Instruction, Lut, Operand, Operands, Program, Tap};
use bits::{BitReader, BitWriter};
use prefix_code::PrefixCode;

/// Places in which operands have a code of their own: the four of an `apply`, and that of `load` and `store`.
const SLOTS: usize = 5;
const MOVED: usize = 4;

/// A program in its encoded form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodedProgram {
    bytes: Vec<u8>,
    bits: u64,
    dictionary: usize,
}

/// What can be wrong with an encoded program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// It ends within something.
    #[error("the encoded program ends before its last instruction")]
    Ends,
    /// A number that is larger than any that can stand there.
    #[error("a number of the encoded program is out of its range")]
    Number,
    /// A code that is none, or that overlaps others.
    #[error("bits of the encoded program are no code")]
    Code,
    /// An `apply` of a table that is not given.
    #[error("the encoded program applies table {0}, which is not given")]
    Table(u64),
}

/// What an instruction does, apart from its operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Operation {
    Load,
    Store { signed: bool },
    Apply { lut: u8, bits: u8 },
}

/// The elements and outputs that were named last: most often the next one follows.
#[derive(Debug, Clone, Copy, Default)]
struct Last {
    tap: Option<Tap>,
    output: Option<u32>,
}

impl Last {
    fn next_tap(self) -> Option<Tap> {
        let tap = self.tap?;
        Some(Tap { column: tap.column.checked_add(1)?, ..tap })
    }

    fn next_output(self) -> Option<u32> {
        self.output.map_or(Some(0), |output| output.checked_add(1))
    }
}

impl EncodedProgram {
    /// Encodes a program.
    pub fn of(program: &Program) -> Self {
        let instructions = &program.instructions;
        let operations = Dictionary::of(instructions.iter().map(operation));
        let operands =
            Dictionary::of(instructions.iter().flat_map(|i| placed_operands(i).map(|(_, operand)| operand)));
        let mut bits = BitWriter::default();
        bits.number(operations.entries.len() as u64);
        for operation in &operations.entries {
            write_operation(&mut bits, *operation);
        }
        bits.number(operands.entries.len() as u64);
        for operand in &operands.entries {
            write_operand(&mut bits, *operand);
        }
        let operation_code = PrefixCode::of_counts(&operations.counts);
        operation_code.write_lengths(&mut bits);
        let codes: [PrefixCode; SLOTS] = std::array::from_fn(|slot| {
            let mut counts = vec![0; operands.entries.len()];
            let of_slot = instructions.iter().flat_map(placed_operands).filter(|(at, _)| *at == slot);
            of_slot.for_each(|(_, operand)| counts[operands.number(&operand)] += 1);
            PrefixCode::of_counts(&counts)
        });
        codes.iter().for_each(|code| code.write_lengths(&mut bits));
        bits.number(instructions.len() as u64);
        let mut last = Last::default();
        for instruction in instructions {
            operation_code.write(&mut bits, operations.number(&operation(instruction)));
            for (slot, operand) in placed_operands(instruction) {
                codes[slot].write(&mut bits, operands.number(&operand));
            }
            write_name(&mut bits, instruction, &mut last);
        }
        let dictionary = operations.entries.len() + operands.entries.len();
        let (bytes, bits) = bits.finish();
        Self { bytes, bits, dictionary }
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Its size, bits.
    pub fn bits(&self) -> u64 {
        self.bits
    }

    /// Bits that a decoder has to hold while it runs the program: every operand of the dictionary, and for each code the order of its
    /// symbols.
    pub fn decoder_bits(&self) -> u64 {
        let entries = self.dictionary as u64;
        let number = u64::from(usize::BITS - self.dictionary.leading_zeros());
        // Column, domain, bits and direction of an operand.
        entries * (16 + 8 + 8 + 1) + (SLOTS as u64 + 1) * entries * number
    }

    /// Decodes bytes to a program for an array with tables.
    ///
    /// # Errors
    /// If the bytes are no encoded program, or it applies a table that is not given.
    pub fn decode(bytes: &[u8], geometry: Geometry, luts: &[Lut]) -> Result<Program, DecodeError> {
        let mut bits = BitReader::new(bytes);
        // Nothing is made room for that the bytes could not hold.
        let most = bytes.len().saturating_mul(8);
        let count = |bits: &mut BitReader<'_>| match usize::try_from(bits.number()?) {
            Ok(count) if count <= most => Ok(count),
            _ => Err(DecodeError::Number),
        };
        let operations = count(&mut bits)?;
        let operations = (0..operations).map(|_| read_operation(&mut bits)).collect::<Result<Vec<_>, _>>()?;
        let operands = count(&mut bits)?;
        let operands = (0..operands).map(|_| read_operand(&mut bits)).collect::<Result<Vec<_>, _>>()?;
        let operation_code = PrefixCode::read_lengths(&mut bits, operations.len())?;
        let codes = (0..SLOTS).map(|_| PrefixCode::read_lengths(&mut bits, operands.len()));
        let codes = codes.collect::<Result<Vec<_>, _>>()?;
        let length = count(&mut bits)?;
        let mut last = Last::default();
        let mut instructions = Vec::with_capacity(length);
        for _ in 0..length {
            let operation = operations[operation_code.read(&mut bits)?];
            let operand = |bits: &mut BitReader<'_>, slot: usize| Ok(operands[codes[slot].read(bits)?]);
            instructions.push(match operation {
                Operation::Apply { lut, bits: applied } => {
                    let table = luts.get(usize::from(lut)).ok_or(DecodeError::Table(lut.into()))?;
                    let read = (0..table.columns().len()).map(|slot| operand(&mut bits, slot));
                    let read = read.collect::<Result<Vec<Operand>, DecodeError>>()?;
                    Instruction::Apply { lut, bits: applied, operands: Operands::new(&read) }
                }
                Operation::Load => {
                    let destination = operand(&mut bits, MOVED)?;
                    Instruction::Load { tap: read_tap(&mut bits, &mut last)?, destination }
                }
                Operation::Store { signed } => {
                    let source = operand(&mut bits, MOVED)?;
                    Instruction::Store { output: read_output(&mut bits, &mut last)?, source, signed }
                }
            });
        }
        Ok(Program { geometry, luts: luts.to_vec(), instructions })
    }
}

/// Distinct values in the order of their first occurrence, and how often each occurs.
struct Dictionary<T> {
    entries: Vec<T>,
    counts: Vec<u64>,
    numbers: HashMap<T, usize>,
}

impl<T: Copy + Eq + Hash> Dictionary<T> {
    fn of(values: impl Iterator<Item = T>) -> Self {
        let mut all = Self { entries: Vec::new(), counts: Vec::new(), numbers: HashMap::new() };
        for value in values {
            let number = *all.numbers.entry(value).or_insert(all.entries.len());
            if number == all.entries.len() {
                all.entries.push(value);
                all.counts.push(0);
            }
            all.counts[number] += 1;
        }
        all
    }

    /// The number of a value that occurs.
    fn number(&self, value: &T) -> usize {
        self.numbers.get(value).copied().unwrap_or(0)
    }
}

fn operation(instruction: &Instruction) -> Operation {
    match *instruction {
        Instruction::Load { .. } => Operation::Load,
        Instruction::Store { signed, .. } => Operation::Store { signed },
        Instruction::Apply { lut, bits, .. } => Operation::Apply { lut, bits },
    }
}

/// The operands of an instruction, each with the slot whose code it has.
fn placed_operands(instruction: &Instruction) -> impl Iterator<Item = (usize, Operand)> + '_ {
    let (applied, moved) = match instruction {
        Instruction::Load { destination, .. } => (&[][..], Some(*destination)),
        Instruction::Store { source, .. } => (&[][..], Some(*source)),
        Instruction::Apply { operands, .. } => (operands.as_slice(), None),
    };
    applied.iter().copied().enumerate().chain(moved.map(|operand| (MOVED, operand)))
}

fn write_operation(bits: &mut BitWriter, operation: Operation) {
    match operation {
        Operation::Load => bits.value(0, 2),
        Operation::Store { signed } => bits.value(if signed { 2 } else { 1 }, 2),
        Operation::Apply { lut, bits: applied } => {
            bits.value(3, 2);
            bits.value(lut.into(), 8);
            bits.value(applied.into(), 8);
        }
    }
}

fn read_operation(bits: &mut BitReader<'_>) -> Result<Operation, DecodeError> {
    Ok(match bits.value(2)? {
        0 => Operation::Load,
        1 => Operation::Store { signed: false },
        2 => Operation::Store { signed: true },
        _ => Operation::Apply { lut: bits.value(8)? as u8, bits: bits.value(8)? as u8 },
    })
}

fn write_operand(bits: &mut BitWriter, operand: Operand) {
    bits.bit(operand.direction == Direction::Across);
    bits.number(operand.column.into());
    bits.number(operand.domain.into());
    bits.number(operand.bits.into());
}

fn read_operand(bits: &mut BitReader<'_>) -> Result<Operand, DecodeError> {
    let direction = if bits.bit()? { Direction::Across } else { Direction::Along };
    let column = u16::try_from(bits.number()?).map_err(|_| DecodeError::Number)?;
    let mut byte = || u8::try_from(bits.number()?).map_err(|_| DecodeError::Number);
    Ok(Operand { column, domain: byte()?, bits: byte()?, direction })
}

/// Which element is loaded, or which output is stored: one bit if it follows the last one.
fn write_name(bits: &mut BitWriter, instruction: &Instruction, last: &mut Last) {
    match *instruction {
        Instruction::Load { tap, .. } => {
            bits.bit(last.next_tap() != Some(tap));
            if last.next_tap() != Some(tap) {
                bits.number(tap.channel.into());
                bits.number(tap.row.into());
                bits.number(tap.column.into());
            }
            last.tap = Some(tap);
        }
        Instruction::Store { output, .. } => {
            bits.bit(last.next_output() != Some(output));
            if last.next_output() != Some(output) {
                bits.number(output.into());
            }
            last.output = Some(output);
        }
        Instruction::Apply { .. } => {}
    }
}

fn read_tap(bits: &mut BitReader<'_>, last: &mut Last) -> Result<Tap, DecodeError> {
    let tap = if bits.bit()? {
        let channel = u32::try_from(bits.number()?).map_err(|_| DecodeError::Number)?;
        let mut byte = || u8::try_from(bits.number()?).map_err(|_| DecodeError::Number);
        Tap { channel, row: byte()?, column: byte()? }
    } else {
        last.next_tap().ok_or(DecodeError::Number)?
    };
    last.tap = Some(tap);
    Ok(tap)
}

fn read_output(bits: &mut BitReader<'_>, last: &mut Last) -> Result<u32, DecodeError> {
    let output = if bits.bit()? {
        u32::try_from(bits.number()?).map_err(|_| DecodeError::Number)?
    } else {
        last.next_output().ok_or(DecodeError::Number)?
    };
    last.output = Some(output);
    Ok(output)
}
