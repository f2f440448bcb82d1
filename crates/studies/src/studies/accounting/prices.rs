//! What a price, or a way to run the machine, does to the ratio when it alone is changed.

use std::collections::BTreeMap;

use rtm_ap::{Operation, SearchModel};
use schemars::JsonSchema;
use serde::Deserialize;
use system::System;
use workspace::{Failure, Inputs};

use super::{Against, Ledger};
use crate::loaded::workload;
use crate::machine::Flow;
use crate::systems::{microjoules, milliseconds, system_of_flow};
use technology::ParameterSet;

/// A price or a way to run the machine that is changed alone.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PriceChange {
    /// What is changed, in words.
    name: String,
    /// Parameters of the associative processor, in the units of its file.
    #[serde(default)]
    set: BTreeMap<String, f64>,
    /// Parameters of the baseline, in the units of its file.
    #[serde(default)]
    baseline: BTreeMap<String, f64>,
    /// How the machine is run.
    operation: Option<Operation>,
}

tables::table! {
    /// What each price, and each way to run the machine, does to the ratio when it alone is changed.
    pub struct PriceRow: "prices" {
        /// What is changed; the first row changes nothing.
        change: String,
        /// Energy of the RTM-AP for one image.
        energy: f64 = "uJ",
        /// Latency of the RTM-AP for one image.
        latency: f64 = "ms",
        /// Energy of the baseline.
        baseline_energy: f64 = "uJ",
        /// Energy of the baseline over energy of the RTM-AP.
        ratio: f64,
        /// The ratio over that of the first row.
        relative: f64,
    }
}

impl Ledger<'_> {
    /// Nothing changed, then every change alone.
    pub(super) fn prices(
        &self,
        inputs: &Inputs<'_>,
        model: SearchModel,
        against: &Against,
    ) -> Result<Vec<PriceRow>, Failure> {
        let nothing = PriceChange {
            name: "nothing".to_owned(),
            set: BTreeMap::new(),
            baseline: BTreeMap::new(),
            operation: None,
        };
        let mut rows: Vec<PriceRow> = Vec::new();
        for change in std::iter::once(&nothing).chain(&self.study.prices) {
            let parameters = with_values(&self.file.parameters, &change.set)?;
            let operation = change.operation.or(self.study.flow.operation);
            let flow = Flow { operation, ..self.study.flow.clone() };
            let system = system_of_flow(
                &self.file,
                &self.study.technology,
                model,
                &self.study.network,
                (&flow, self.run),
            );
            let system = system.at_node(against.node_nm);
            let report = system.evaluate_with(&parameters, self.own)?;
            let baseline_energy = self.baseline(inputs, change)?.unwrap_or(against.energy);
            let energy = microjoules(report.energy());
            let ratio = baseline_energy / energy;
            let relative = ratio / rows.first().map_or(ratio, |first| first.ratio);
            rows.push(PriceRow {
                change: change.name.clone(),
                energy,
                latency: report.latency().map_or(0.0, milliseconds),
                baseline_energy,
                ratio,
                relative,
            });
        }
        Ok(rows)
    }

    /// The first baseline's energy with the change's values, µJ; nothing if it has none.
    fn baseline(&self, inputs: &Inputs<'_>, change: &PriceChange) -> Result<Option<f64>, Failure> {
        let Some(point) = self.study.crossbars.first().filter(|_| !change.baseline.is_empty()) else {
            return Ok(None);
        };
        let system = point.system(inputs)?;
        let given =
            workload(inputs, &self.study.network, &self.study.images, point.weights, point.activation_bits)?;
        let parameters = with_values(system.parameters(), &change.baseline)?;
        Ok(Some(microjoules(system.evaluate_with(&parameters, &given)?.energy())))
    }
}

fn with_values(set: &ParameterSet, values: &BTreeMap<String, f64>) -> Result<ParameterSet, Failure> {
    let mut changed = set.clone();
    for (path, value) in values {
        changed = changed.with_value(path, *value)?;
    }
    Ok(changed)
}
