//! A digital reference: an array of multiply-accumulate units with static memory, so that a reader sees the absolute scale on which an
//! associative processor and a crossbar are compared.
//!
//! The array holds a block of a layer's weights, a weight in each unit, and streams the layer's vectors through it; partial sums
//! leave at its columns and are added up in a buffer when a matrix has more rows than the array. Every value on the way is moved
//! through registers, a buffer beside the array, and a large memory that holds all weights and the layers' activations. Energies
//! are those of components as published for 45 nm (Horowitz, ISSCC 2014); a technology file gives them with sources. Nothing is
//! taken from any particular chip: this is a scale, not a rival.

mod model;
mod parameters;
mod system;

pub use self::system::DigitalSystem;
pub use model::{
    DigitalError, DigitalParts, DigitalReport, LayerCost, MacArray, MatrixLayer, ZeroWeights,
    load_technology, load_technology_with,
};
pub use parameters::{ArrayDesign, ArrayParameters};
