//! What a layer's programs do, instruction by instruction.

use compiler::Program;
use network::FeatureMap;

use crate::counts::{Observer, ProgramCounts, ProgramError, describe};
use crate::events::SerialSteps;
use crate::execute::execute_told;
use crate::layer::{MachineError, MachineLayer, SIMULATED_ROWS};

/// One instruction of a program, executed in all rows of a layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TracedInstruction {
    /// The program among those of the layer.
    pub program: usize,
    /// The place in the program, counted from 0.
    pub instruction: usize,
    /// As assembly.
    pub text: String,
    /// What it takes, one step after the other.
    pub serial: SerialSteps,
    /// Steps of tracks in one row.
    pub track_steps: u64,
    /// Bits written to tagged rows, over all rows that hold an output position.
    pub tagged_bits: u64,
}

/// Notes what was counted when each instruction was done.
#[derive(Default)]
struct Notes {
    done: Vec<(SerialSteps, u64)>,
}

impl Observer for Notes {
    fn instruction_ends(&mut self, counts: &ProgramCounts) {
        self.done.push((counts.serial, counts.track_steps));
    }
}

impl MachineLayer {
    /// Runs the programs on the activations of one image, and tells what each instruction did. The tracks' way home behind the
    /// last instruction belongs to none.
    ///
    /// # Errors
    /// If the activations are not of the layer's shape.
    pub fn trace(&self, input: &FeatureMap) -> Result<Vec<TracedInstruction>, MachineError> {
        self.check_input(input)?;
        let mut traced = Vec::new();
        for (index, program) in self.compiled().programs.iter().enumerate() {
            let counted = counted(program).map_err(|source| MachineError::Program {
                layer: self.compiled().name.clone(),
                source: Box::new(source),
            })?;
            let mut tagged = vec![0; program.instructions.len()];
            for block in self.blocks_of(index, 1, SIMULATED_ROWS) {
                let mut port = self.port(std::slice::from_ref(&input), block);
                let mut places = tagged.iter_mut();
                execute_told(program, block.rows, &mut port, &mut |bits| {
                    places.next().into_iter().for_each(|sum| *sum += bits);
                });
            }
            let mut before = (SerialSteps::default(), 0);
            for (place, (instruction, done)) in program.instructions.iter().zip(counted).enumerate() {
                traced.push(TracedInstruction {
                    program: index,
                    instruction: place,
                    text: describe(program, instruction),
                    serial: done.0.since(before.0),
                    track_steps: done.1 - before.1,
                    tagged_bits: tagged[place],
                });
                before = done;
            }
        }
        Ok(traced)
    }
}

fn counted(program: &Program) -> Result<Vec<(SerialSteps, u64)>, ProgramError> {
    let mut notes = Notes::default();
    ProgramCounts::observed(program, &mut notes)?;
    Ok(notes.done)
}
