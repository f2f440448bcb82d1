//! What every system that computes a network has in common: a [`Workload`] goes in, a [`Report`] comes out.
//!
//! ```text
//! Workload (layers' shapes, weights, statistics) ─┐
//! ParameterSet (of the system, as read or drawn) ─┴─ System ── Report (energy by part, latency, arrays, area, layer by layer)
//! ```
//!
//! A system is a machine of a stated design under a stated technology: an associative processor, a crossbar, a digital array, or an
//! energy that others published ([`Quoted`]). Each lives in a crate of its own and implements [`System`]; none of them knows another.
//! Whoever compares them holds `Box<dyn System>` and asks for reports, at the nominal parameters or at drawn ones. This crate knows
//! no hardware: it holds what is said of a network, and how a machine answers.

mod error;
mod layer;
mod precision;
mod quoted;
mod report;
mod workload;

use std::fmt::Debug;

use technology::{Declaration, Energy, ParameterSet};

pub use error::{ShapeError, SystemError};
pub use layer::{LayerShape, Pool};
pub use precision::{Activations, Precision, WeightStatistics};
pub use quoted::Quoted;
pub use report::{LayerReport, Machine, Parts, Report};
pub use workload::{Layer, Workload};

/// A machine of a stated design and technology that networks are computed on.
pub trait System: Debug + Send + Sync {
    /// What kind of machine it is, as tables name it: `RTM-AP`, `crossbar`, `digital`, `published`.
    fn kind(&self) -> &'static str;

    /// Its configuration: the name of its technology, or that of a point of an experiment.
    fn name(&self) -> &str;

    /// The way in which its model charges, where there are several: `active-bits`, `match-line`.
    fn variant(&self) -> Option<&'static str> {
        None
    }

    /// The node that it stands at, nm.
    fn node_nm(&self) -> f64;

    /// Its parameters at their nominal values, with ranges to draw from; an empty set where nothing is modelled.
    fn parameters(&self) -> &ParameterSet;

    /// What the parameters are, in the order in which its model declares them.
    fn declarations(&self) -> Vec<Declaration>;

    /// Whatever does not depend on parameters, done once for a workload: checks, placements, counts.
    ///
    /// # Errors
    /// If the system cannot compute the workload.
    fn prepare<'a>(&'a self, workload: &'a Workload) -> Result<Box<dyn Prepared + 'a>, SystemError>;

    /// What a workload costs under other values of the parameters.
    ///
    /// # Errors
    /// If the system cannot compute the workload, or a parameter is missing or makes an equation meaningless.
    fn evaluate_with(&self, parameters: &ParameterSet, workload: &Workload) -> Result<Report, SystemError> {
        self.prepare(workload)?.report(parameters)
    }

    /// What a workload costs under the nominal parameters.
    ///
    /// # Errors
    /// As for [`System::evaluate_with`].
    fn evaluate(&self, workload: &Workload) -> Result<Report, SystemError> {
        self.evaluate_with(self.parameters(), workload)
    }
}

/// A system with a workload that it can compute, to be asked under many values of the parameters.
pub trait Prepared: Debug + Send + Sync {
    /// What the workload costs.
    ///
    /// # Errors
    /// If a parameter is missing or makes an equation meaningless.
    fn report(&self, parameters: &ParameterSet) -> Result<Report, SystemError>;

    /// The energy of [`Prepared::report`], to the last bit, without the rest of it: draws ask for no more.
    ///
    /// # Errors
    /// As for [`Prepared::report`].
    fn energy(&self, parameters: &ParameterSet) -> Result<Energy, SystemError> {
        Ok(self.report(parameters)?.energy())
    }
}
