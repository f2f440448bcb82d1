//! The language of an associative processor in racetrack memory: programs, and what they do to the machine.
//!
//! A program is a list of instructions for an array of rows, columns and domains ([`Geometry`]): words are loaded, look-up tables of
//! compare and write ([`Lut`]) run over their bits, words are stored. Its text is [`assembly`]. What a program does, and which
//! rules it keeps, is told by one [`walk`](walk()) to whoever observes it; [`CheckedProgram`] is one that keeps them, with its
//! counts. [`interpret`] is the reference that everything else is compared with. All of it is defined in `docs/assembly.md`.
//!
//! The crate knows neither where programs come from nor what an event costs.

pub mod assembly;
mod checked;
mod counts;
mod encoding;
mod geometry;
mod interpreter;
mod lut;
mod operand;
mod program;
mod rules;
mod walk;

pub use checked::CheckedProgram;
pub use counts::{Counter, ProgramCounts, SerialSteps, TableUse};
pub use encoding::{DecodeError, EncodedProgram};
pub use geometry::{Carry, Geometry, GeometryError};
pub use interpreter::{Interpretation, Refusal, interpret};
pub use lut::{Latch, Lut, LutError, Pass, Pattern};
pub use operand::{Direction, Format, NoFormat, Operand, Operands};
pub use program::{Instruction, Program, Tap};
pub use rules::{ProgramError, Rule, RuleName};
pub use walk::{Cell, Movement, Observer, Step, Table, walk};
