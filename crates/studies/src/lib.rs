//! The studies of Tritrack: what experiments compute, each in a folder of its own below [`studies`], and what they share: networks,
//! images and technologies of a workspace, runs on machines, trials with faults.
//!
//! [`registry`] tells the engine of a workspace what there is.

pub mod costs;
mod drawing;
mod draws;
mod error;
pub mod faulty;
mod files;
pub mod images;
pub mod loaded;
pub mod machine;
mod names;
mod quick;
mod registry;
pub mod run;
pub mod simulation;
pub mod studies;
pub mod systems;
pub mod technologies;
pub mod trials;
pub mod variation;

pub use error::StudyError;
pub use registry::{FILES, registry};
pub use studies::STUDIES;
