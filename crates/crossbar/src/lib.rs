//! An analytical model of a resistive-crossbar in-memory accelerator: energy by part, latency by part and area of a network
//! whose layers are computed one after the other.
//!
//! What goes in is a workload of the crate `system`, and [`CrossbarSystem`] is what that crate calls a system.
//!
//! The machine is a chip of tiles, tiles of processing elements, processing elements of subarrays. A subarray holds a block
//! of a layer's weight matrix as conductances. Inputs come one bit plane at a time on the word lines, all rows at once; a few
//! columns at a time are read by converters that the columns share; shift-adders weigh the planes and adder trees sum the
//! subarrays. The organisation follows the published descriptions of DNN+NeuroSim (Peng et al., IEDM 2019, and the V1.3
//! manual); the equations and the code are this project's own, from components whose energies a technology file gives with
//! their sources. The groups of a grouped convolution stand along the diagonals of subarrays, as many as fit into each; the cells
//! beside the diagonal are counted. [`validation`] compares the model with measured runs of DNN+NeuroSim, layer by layer and part by part.
//!
//! ```text
//! shapes (LayerShape) + Precision + technology file (Design, CrossbarParameters) -> Crossbar::evaluate -> NetworkReport
//! ```
//!
//! Every energy is an expectation over the stated statistics of activations and weights. What a crossbar computes, with the
//! rounding of its converters and cells that are not ideal, is [`execution`].

mod activity;
mod array;
pub mod component_validation;
mod converter;
mod design;
mod error;
pub mod execution;
mod floor_plan;
mod grouping;
mod interconnect;
mod latency;
mod leakage;
mod model;
mod parameters;
mod placed;
mod ports;
mod report;
mod scaling;
mod shapes;
mod system;
mod technology_file;
pub mod validation;
mod work;

pub use self::system::CrossbarSystem;
pub use ::system::{Activations, LayerShape, Pool, Precision, WeightStatistics};
pub use design::{
    ColumnSampling, Converter, Counting, Design, Gating, Grouping, IdleTiles, Interconnect, Mapping,
    TileAdders, Transfers, ZeroSkipping,
};
pub use error::CrossbarError;
pub use model::Crossbar;
pub use parameters::CrossbarParameters;
pub use report::{AreaParts, EnergyParts, LatencyParts, LayerReport, NetworkReport};
pub use shapes::load_shapes;
pub use technology_file::{load_technology, load_technology_with};
