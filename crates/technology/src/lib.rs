//! Physical quantities with units, and technology files: the parameters of a hardware model, each with its value, unit,
//! 5 % and 95 % points, source and mark.
//!
//! A hardware model declares what it needs with [`parameters!`]; a file has to give exactly that. The typed struct that the
//! model computes with is resolved from the file's [`ParameterSet`], which can be varied first: one parameter set by hand,
//! one moved to an end of its range, or all of them drawn at given quantiles. What systems are built of in common stands once in a
//! [`Library`] of components; their files count how many they take ([`Bill`]). What moves to another node does so by the rules of
//! [`node`].

mod components;
mod declaration;
mod error;
mod file;
pub mod node;
mod parameter;
mod set;
mod units;

pub use components::{Bill, ComponentParameters, Library, LibraryDesign};
pub use declaration::{Declaration, Parameters, Price};
pub use error::TechnologyError;
pub use file::TechnologyFile;
pub use names::{Named, UnknownName, Variant, names};
pub use parameter::{Distribution, Mark, Parameter, Prior};
pub use set::ParameterSet;
pub use units::{
    Area, Capacitance, Current, Dimension, Energy, FeatureArea, Length, Number, Power, Quantity, Resistance,
    Time, Voltage, parse_unit,
};
