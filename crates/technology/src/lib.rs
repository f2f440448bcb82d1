//! Physical quantities with units, and technology files: the parameters of a hardware model, each with its value, unit,
//! 5 % and 95 % points, source and mark.
//!
//! A hardware model declares what it needs with [`parameters!`]; a file has to give exactly that. The typed struct that the
//! model computes with is resolved from the file's [`ParameterSet`], which can be varied first: one parameter set by hand,
//! one moved to an end of its range, or all of them drawn at given quantiles.

mod declaration;
mod error;
mod file;
mod parameter;
mod set;
mod units;

pub use declaration::{Declaration, Parameters};
pub use error::TechnologyError;
pub use file::TechnologyFile;
pub use names::{Named, UnknownName, Variant, names};
pub use parameter::{Distribution, Mark, Parameter, Prior};
pub use set::ParameterSet;
pub use units::{
    Area, Capacitance, Current, Dimension, Energy, FeatureArea, Length, Number, Power, Quantity, Resistance,
    Time, Voltage, parse_unit,
};
