//! The machines among which the best is sought, and what a network does on those of one shape: a stage.

use compiler::{Geometry, GeometryError};
use rtm_ap::Machine;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use workspace::stages::{Stage, StageKind};
use workspace::{Failure, Inputs, Progress};

use crate::machine::Way;
use crate::run::{MACHINE_SOURCES, MachineRun, Run};

/// Every combination is a machine, and in each of them every layer is compiled in whichever way serves best.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Space {
    /// Rows of an array. Programs do not depend on them, so that many cost no time.
    #[schemars(length(min = 1))]
    pub rows: Vec<u64>,
    /// Columns of an array.
    #[schemars(length(min = 1))]
    pub columns: Vec<u64>,
    /// Domains of a track.
    #[schemars(length(min = 1))]
    pub domains: Vec<u64>,
    /// Numbers of processors, beside as many as one image of the largest layer takes. They cost no time.
    #[serde(default)]
    pub processors: Vec<u64>,
    /// Ways to compile a layer.
    #[schemars(length(min = 1))]
    pub ways: Vec<Way>,
}

impl Space {
    /// The shapes that have to be compiled for, at the largest number of rows.
    ///
    /// # Errors
    /// If one is out of range.
    pub fn shapes(&self) -> Result<Vec<Geometry>, GeometryError> {
        let rows = self.rows.iter().copied().max().unwrap_or(1);
        let columns = self.columns.iter();
        let shapes = columns.flat_map(|&columns| self.domains.iter().map(move |&domains| (columns, domains)));
        shapes.map(|(columns, domains)| Geometry::new(rows, columns, domains)).collect()
    }
}

/// A network on arrays of a shape, every layer compiled in one way, executed.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial(pub Run);

/// What it did; nothing where a layer does not fit the arrays.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tried(pub Option<MachineRun>);

impl Stage for Trial {
    type Output = Tried;
    const KIND: StageKind = StageKind { name: "trial-machine", sources: MACHINE_SOURCES };

    fn what(&self) -> String {
        self.0.what("executed if it fits")
    }

    fn ingredients(&self, inputs: &Inputs<'_>) -> Result<Vec<String>, Failure> {
        self.0.ingredients(inputs)
    }

    fn compute(&self, inputs: &Inputs<'_>, progress: Progress) -> Result<Tried, Failure> {
        let bar = progress.spinner("compiling and executing a network");
        let network = crate::loaded::network(inputs, &self.0.network)?;
        let machine = Machine::compile(std::sync::Arc::clone(&network.network), &self.0.options).ok();
        let tried = machine.map(|machine| self.0.executed(inputs, &machine)).transpose();
        bar.finish_and_clear();
        Ok(Tried(tried?))
    }
}
