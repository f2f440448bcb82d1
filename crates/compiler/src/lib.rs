//! The compiler from ternary layers to programs for associative processors.
//!
//! A layer with constant ternary weights is unrolled into signed sums of its inputs (the weights are folded into the program
//! and stored nowhere), common subexpressions are shared, every value gets an exact bit width, a column and a domain, and
//! every addition becomes look-up-table passes of compare and write, bit by bit, on all rows at once. The flow follows
//! "Full-Stack Optimization for CAM-Only DNN Inference" (de Lima et al., DATE 2024, arXiv 2401.12630); the tables of passes
//! are found by exhaustive search instead of being typed in.
//!
//! The crate knows the machine's rules and extents, but no time and no energy.

pub mod activation;
mod arithmetic;
mod bounds;
pub mod check;
pub mod flow;
pub mod ir;
pub mod kept;
pub mod lut;
mod options;
pub mod pass;
pub mod passes;
mod pipeline;
mod random;

pub use ap_program::{Carry, Geometry, GeometryError};
pub use bounds::per_channel_lower_bound;
pub use flow::FlowError;
pub use options::{Layout, Options};
pub use passes::place::PlacementError;
pub use passes::{Sharing, Tiling};
pub use pipeline::{
    CompileError, CompiledLayer, LayerStatistics, compile_layer, compile_layer_in_groups, share_layer,
    share_layer_in_groups,
};
