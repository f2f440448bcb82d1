//! The compiler's passes, in the order in which they run.

pub mod fold;
pub mod share;
pub mod widths;
pub mod schedule;
pub mod place;
pub mod emit;
