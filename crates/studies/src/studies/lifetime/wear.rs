//! The writes to every cell, executed on images: a stage.

use network::ReferenceEngine;
use rtm_ap::ColumnRole;
use serde::{Deserialize, Serialize};
use workspace::stages::{Stage, StageKind};
use workspace::{Failure, Inputs, Progress};

use crate::images::fitted_images;
use crate::loaded::network;
use crate::run::{Executed, MACHINE_SOURCES, Run};

/// The writes of a run.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Wear(pub Run);

/// Writes in one inference, where they matter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Worn {
    /// The column of the most written junction.
    pub column: usize,
    /// Writes through that junction.
    pub junction_writes: f64,
    /// Writes to the most written domain.
    pub domain_writes: f64,
    /// Writes through a junction, spread over the columns of its row.
    pub levelled: f64,
    /// Writes to a domain, spread over the columns.
    pub domain_levelled: f64,
    /// Writes to each column of the processor with the most written junction, the mean of its rows.
    pub by_column: Vec<f64>,
    /// What programs keep in each column.
    pub roles: Vec<String>,
}

impl Worn {
    /// In a line.
    pub fn in_words(&self) -> String {
        format!(
            "hottest junction: column {} ({}), {:.3e} writes an inference; hottest domain of its row {:.3e}; levelled over columns \
             {:.3e} and {:.3e}",
            self.column,
            self.roles.get(self.column).map_or("", String::as_str),
            self.junction_writes,
            self.domain_writes,
            self.levelled,
            self.domain_levelled,
        )
    }
}

impl Stage for Wear {
    type Output = Worn;
    const KIND: StageKind = StageKind { name: "wear", sources: MACHINE_SOURCES };

    fn what(&self) -> String {
        format!("writes to every cell: {}", Executed(self.0.clone()).what())
    }

    fn ingredients(&self, inputs: &Inputs<'_>) -> Result<Vec<String>, Failure> {
        Executed(self.0.clone()).ingredients(inputs)
    }

    fn compute(&self, inputs: &Inputs<'_>, progress: Progress) -> Result<Worn, Failure> {
        let loaded = network(inputs, &self.0.network)?;
        let images = fitted_images(inputs, &loaded, &self.0.images)?.feature_maps();
        let evaluate = |image| loaded.network.evaluate(image, &mut ReferenceEngine);
        let evaluations = images.iter().map(evaluate).collect::<Result<Vec<_>, _>>()?;
        let machine = self.0.machine(inputs)?;
        let bar = progress.spinner("counting writes to every cell");
        let wear = machine.wear(&evaluations)?;
        bar.finish_and_clear();
        let (junction, (domain, _)) = (wear.hottest_junction(), wear.hottest_domain());
        Ok(Worn {
            column: junction.column,
            junction_writes: junction.writes,
            domain_writes: domain.writes,
            levelled: wear.levelled_over_columns(),
            domain_levelled: wear.domain_levelled_over_columns(),
            by_column: wear.by_column(junction.processor),
            roles: machine.column_roles().iter().map(|roles| names_of(roles)).collect(),
        })
    }
}

/// What a column holds, in words.
fn names_of(roles: &[ColumnRole]) -> String {
    let names: Vec<&str> = roles.iter().map(|role| role.name()).collect();
    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
}
