//! Where look-up tables come from: the passes that carry out one bit of an operation, found by search.

mod exact;
mod features;
mod library;
mod operations;
mod synthesis;

pub use exact::{Synthesis, synthesize_steps};
pub use features::{Features, Step, StepSchedule, Tag, TagRegisters};
pub use library::{LutKind, lut, standard_luts};
pub(crate) use library::{table, table_with_latch};
pub use operations::{ScheduleRow, operations, schedule_table};
pub use synthesis::{BitFunction, LatchCost, ScheduleCost, SynthesisError, synthesize, synthesize_with};
