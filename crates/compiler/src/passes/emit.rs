//! `emit`: word operations become instructions, each a table and the bits it runs over.

use ap_program::{Format, Geometry, Instruction, Lut, Operand, Operands, Program};

use crate::arithmetic::{Reads, Segment, WordSchedule, in_place, out_of_place};
use crate::ir::{PlacedWords, Placement, ValueId, ValueKind, WordOperation, Words};
use crate::lut::{LutKind, standard_luts};
use crate::pass::{Transform, TransformError};

/// The pass.
pub struct Emit;

impl Transform for Emit {
    const NAME: &'static str = "emit";
    const DESCRIPTION: &'static str = "turns operations on words into look-up tables over their bits";
    type Takes = PlacedWords;
    type Makes = Program;
    type Told = Geometry;

    fn run(placed: PlacedWords, geometry: Geometry) -> Result<Program, TransformError> {
        let luts = standard_luts(placed.placement.carry())?;
        Ok(emit(&placed.words, &placed.placement, luts, geometry))
    }
}

/// The same pass for the naive layout.
pub struct EmitRewinding;

impl Transform for EmitRewinding {
    const NAME: &'static str = "emit-rewinding";
    const DESCRIPTION: &'static str = "the same with the tracks rewound after every operation";
    type Takes = PlacedWords;
    type Makes = Program;
    type Told = Geometry;

    fn run(placed: PlacedWords, geometry: Geometry) -> Result<Program, TransformError> {
        let luts = standard_luts(placed.placement.carry())?;
        Ok(emit_rewinding(&placed.words, &placed.placement, luts, geometry))
    }
}

/// The program of a placed schedule.
fn emit(schedule: &Words, placement: &Placement, luts: &[Lut], geometry: Geometry) -> Program {
    let mut emitter = Emitter { carry: placement.carry, carry_is_clear: false, instructions: Vec::new() };
    for &operation in &schedule.operations {
        emitter.operation(operation, schedule, placement);
    }
    Program { geometry, luts: luts.to_vec(), instructions: emitter.instructions }
}

/// The same, and after every operation the tracks of its words go back to where the words begin: by tables without passes, which
/// only shift.
fn emit_rewinding(schedule: &Words, placement: &Placement, luts: &[Lut], geometry: Geometry) -> Program {
    let mut emitter = Emitter { carry: placement.carry, carry_is_clear: false, instructions: Vec::new() };
    let first = luts.len();
    let luts = luts.iter().cloned().chain(Lut::rewinds()).collect();
    for &operation in &schedule.operations {
        emitter.operation(operation, schedule, placement);
        let words: Vec<Operand> = operation.values().map(|id| placement.operands[id.index()]).collect();
        if words.iter().any(|word| word.bits > 1) {
            let (lut, operands) = ((first + words.len() - 1) as u8, Operands::new(&words));
            emitter.instructions.push(Instruction::Apply { lut, bits: 1, operands });
        }
    }
    Program { geometry, luts, instructions: emitter.instructions }
}

struct Emitter {
    /// The carry's cell, if it is not in the latch.
    carry: Option<Operand>,
    carry_is_clear: bool,
    instructions: Vec<Instruction>,
}

impl Emitter {
    fn operation(&mut self, operation: WordOperation, schedule: &Words, placement: &Placement) {
        let place = |id: ValueId| placement.operands[id.index()];
        let format = |id: ValueId| -> Format { schedule.values[id.index()].format };
        match operation {
            WordOperation::Load { value } => {
                if let ValueKind::Input { tap } = schedule.values[value.index()].kind {
                    self.instructions.push(Instruction::Load { tap, destination: place(value) });
                }
            }
            WordOperation::Clear { value } => self.apply(LutKind::Clear, format(value).bits, &[place(value)]),
            WordOperation::Store { value } => {
                if let ValueKind::Accumulator { output } = schedule.values[value.index()].kind {
                    let signed = format(value).signed;
                    self.instructions.push(Instruction::Store { output, source: place(value), signed });
                }
            }
            WordOperation::Accumulate { target, addend, subtract } => {
                let word = in_place(format(target), format(addend), subtract);
                self.word(&word, place(addend), place(target), None);
            }
            WordOperation::Combine { result, left, right, subtract } => {
                let word = out_of_place(format(result), format(left), format(right), subtract);
                self.word(&word, place(left), place(right), Some(place(result)));
            }
        }
    }

    /// Emits the segments of a word; in place, `right` is the target and there is no result.
    fn word(&mut self, word: &WordSchedule, left: Operand, right: Operand, result: Option<Operand>) {
        // A latch is cleared by the table that begins the word.
        if let Some(carry) = self.carry.filter(|_| !self.carry_is_clear) {
            self.apply(LutKind::Clear, 1, &[carry]);
        }
        for &Segment { lut, reads, first, bits } in &word.segments {
            let carry = self.carry.filter(|_| lut != LutKind::Clear);
            let (left, right) = match reads {
                Reads::Both => (Some(left), Some(right)),
                Reads::Left => (Some(left), None),
                Reads::Right => (None, Some(right)),
                Reads::Neither => (None, None),
            };
            let words = [left, right, result].into_iter().flatten().map(|word| word.from_bit(first));
            let operands: Vec<Operand> = carry.into_iter().chain(words).collect();
            self.apply(lut, bits, &operands);
        }
        self.carry_is_clear = word.leaves_carry_clear;
    }

    fn apply(&mut self, lut: LutKind, bits: u8, operands: &[Operand]) {
        let operands = Operands::new(operands);
        self.instructions.push(Instruction::Apply { lut: lut.index() as u8, bits, operands });
    }
}
