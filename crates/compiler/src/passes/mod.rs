//! The compiler's passes, in the order in which they run.

pub mod emit;
pub mod fold;
pub mod place;
pub mod schedule;
pub mod share;
pub mod split;
pub mod tile;
pub mod widths;
