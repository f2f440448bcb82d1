//! An associative processor in racetrack memory: runs compiled programs bit for bit and counts what happens.
//!
//! A processor is an array of rows x columns of content-addressable cells; behind each cell lies a racetrack of domains with
//! one access port, and the tracks of a column shift together. A pass compares a key with the unmasked columns of all rows
//! and writes the rows that match. Rows hold output positions; positions beyond the rows of one processor go to further
//! processors, which receive the same program. Requantization and pools are done at the arrays' periphery, or by programs
//! of their own. The architecture follows "Full-Stack Optimization for CAM-Only DNN Inference" (de Lima et al., DATE 2024,
//! arXiv 2401.12630).
//!
//! Events become energy, latency and area by the parameters of a technology file. The crate knows nothing of accuracy.

mod activation;
mod allocation;
mod batch;
mod block;
mod buffer;
mod columns;
mod cost;
mod events;
mod execute;
mod expectation;
mod formula;
mod fused;
mod kernel;
mod layer;
mod machine;
mod node;
mod operation;
mod program_events;
mod segments;
mod store;
mod strike;
mod struck;
mod system;
mod technology_parameters;
mod timeline;
mod trace;
mod track;
mod utilization;
mod wear;

pub use ap_program::{ProgramCounts, SerialSteps};

pub use self::system::{NetworkEvents, ProcessorSystem};
pub use activation::ActivationsAt;
pub use allocation::{Allocated, Allocation, LayerDemand, ProgramDemand, UnknownAllocation};
pub use batch::LayerRows;
pub use buffer::{Kept, buffer_bits};
pub use columns::ColumnRole;
pub use cost::{AreaAdditions, Cost, EnergyParts, NetworkCost, Pricing, processor_area, processor_area_with};
pub use events::{Events, LatchEvents, PerRows, RowCount, TableEvents, Tagged};
pub use execute::{Execution, ExecutionError, Port, execute_program};
pub use expectation::expected_tagged_bits;
pub use formula::{TERMS, Term, formulas};
pub use layer::{MachineError, MachineLayer, StruckRow};
pub use machine::{Machine, Run};
pub use operation::{IdleProcessors, Operation, PaddingRows, ProgramEncoding, ProgramStore};
pub use program_events::ProgramEvents;
pub use segments::{Precharged, Precharges, Segments};
pub use store::Store;
pub use strike::{Effect, Move, Search, Strike, StrikeSites, WrittenBit};
pub use technology_parameters::{
    ProcessorDesign, ProcessorParameters, SearchModel, ShiftSource, load_technology, load_technology_with,
};
pub use timeline::Timeline;
pub use trace::TracedInstruction;
pub use track::{TrackParameters, TrackStep};
pub use utilization::{LayerTimeline, Utilization};
pub use wear::{HotSpot, Wear};
