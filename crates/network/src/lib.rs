//! Under construction.
mod shape;
mod ternary;
mod window;

pub use shape::Shape;
pub use ternary::{TernaryWeights, TernaryWeightsError};
pub use window::{Window, WindowError};
