//! An energy that others published.

use std::collections::BTreeMap;

use technology::{Declaration, Energy, ParameterSet};

use crate::{Prepared, Report, System, SystemError, Workload};

/// An energy that others published for a workload: one number without spread, latency or area. It is theirs for the network that
/// they ran; that the workload is that network is for the one who quotes it to say.
#[derive(Debug, Clone, PartialEq)]
pub struct Quoted {
    name: String,
    node_nm: f64,
    energy: Energy,
    parameters: ParameterSet,
}

impl Quoted {
    /// The energy of one image at a node, under a name.
    pub fn new(name: impl Into<String>, node_nm: f64, energy: Energy) -> Self {
        let name = name.into();
        let parameters = ParameterSet::new(name.clone(), BTreeMap::new());
        Self { name, node_nm, energy, parameters }
    }
}

impl System for Quoted {
    fn kind(&self) -> &'static str {
        "published"
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn node_nm(&self) -> f64 {
        self.node_nm
    }

    fn parameters(&self) -> &ParameterSet {
        &self.parameters
    }

    fn declarations(&self) -> Vec<Declaration> {
        Vec::new()
    }

    fn prepare<'a>(&'a self, _: &'a Workload) -> Result<Box<dyn Prepared + 'a>, SystemError> {
        Ok(Box::new(self))
    }
}

impl Prepared for &Quoted {
    fn report(&self, _: &ParameterSet) -> Result<Report, SystemError> {
        Ok(Report::quoted(self.energy))
    }
}
