//! The machines among which the best is sought, and what a network does on those of one shape: a stage.

use compiler::{Carry, Geometry, GeometryError};
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
    /// Where the carry of additions is kept; in a column if left out.
    #[serde(default = "in_a_column")]
    #[schemars(length(min = 1))]
    pub carry: Vec<Carry>,
    /// Numbers of processors, beside as many as one image of the largest layer takes. They cost no time.
    #[serde(default)]
    pub processors: Vec<u64>,
    /// Ways to compile a layer.
    #[schemars(length(min = 1))]
    pub ways: Vec<Way>,
}

fn in_a_column() -> Vec<Carry> {
    vec![Carry::Column]
}

impl Space {
    /// Rows of the arrays that trials are executed on: the most that there are.
    pub fn executed_rows(&self) -> u64 {
        self.rows.iter().copied().max().unwrap_or(1)
    }

    /// The shapes that have to be compiled for, with the rows of trials.
    ///
    /// # Errors
    /// If one is out of range.
    pub fn shapes(&self) -> Result<Vec<Geometry>, GeometryError> {
        let rows = self.executed_rows();
        let mut shapes = Vec::new();
        for &columns in &self.columns {
            for &domains in &self.domains {
                let shape = Geometry::new(rows, columns, domains)?;
                shapes.extend(self.carry.iter().map(|&carry| shape.with_carry(carry)));
            }
        }
        Ok(shapes)
    }
}

impl Space {
    /// In what a machine stands at an end of the space beyond which a better one may lie.
    pub fn edges(&self, geometry: Geometry, processors: u64) -> Vec<&'static str> {
        let [rows, columns, domains] =
            [geometry.rows(), geometry.columns(), geometry.domains()].map(|extent| extent as u64);
        let sides = [
            ("rows", &self.rows, rows),
            ("columns", &self.columns, columns),
            ("domains", &self.domains, domains),
            ("processors", &self.processors, processors),
        ];
        let is_end = |values: &[u64], value: u64| {
            values.len() > 1 && (values.iter().min() == Some(&value) || values.iter().max() == Some(&value))
        };
        sides.into_iter().filter(|(_, values, value)| is_end(values, *value)).map(|(name, ..)| name).collect()
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
