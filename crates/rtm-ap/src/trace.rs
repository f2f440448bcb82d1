//! What a layer's programs do, instruction by instruction.

use ap_program::{CheckedProgram, Counter, Movement, Observer, SerialSteps, Step};
use network::FeatureMap;

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
struct Notes {
    counter: Counter,
    done: Vec<(SerialSteps, u64)>,
}

impl Notes {
    fn of(program: &CheckedProgram) -> Vec<(SerialSteps, u64)> {
        let mut notes = Self { counter: Counter::new(program), done: Vec::new() };
        program.walk(&mut notes);
        notes.done
    }
}

impl Observer for Notes {
    fn moves(&mut self, movements: &[Movement]) {
        self.counter.moves(movements);
    }

    fn steps(&mut self, step: Step<'_>) {
        self.counter.steps(step);
    }

    fn ends(&mut self) {
        let counts = self.counter.counts();
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
        for (index, program) in self.programs().iter().enumerate() {
            let counted = Notes::of(program);
            let mut tagged = vec![0; program.instructions.len()];
            for block in self.blocks_of(index, 1, SIMULATED_ROWS) {
                let mut port = self.port(std::slice::from_ref(&input), block);
                let bits = execute_told(program, block.rows, &mut port);
                tagged.iter_mut().zip(bits).for_each(|(sum, bits)| *sum += bits);
            }
            let mut before = (SerialSteps::default(), 0);
            for (place, (instruction, done)) in program.instructions.iter().zip(counted).enumerate() {
                traced.push(TracedInstruction {
                    program: index,
                    instruction: place,
                    text: program.text_of(instruction),
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
