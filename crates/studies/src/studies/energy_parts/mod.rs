//! Where the energy goes, in both systems, and how much of it is data movement.

mod figure;

use figures::Figure;
use schemars::JsonSchema;
use serde::Deserialize;
use tables::{Schema, Table, TypedRow};
use workspace::stages::{Declared, Promise, Results};
use workspace::{Checks, Failure, Inputs, Manifest, Study, rows_of};
use yaml::FieldPath;

use crate::costs::{CostStudy, Costed};
use crate::run::MachineRun;
use crate::systems::microjoules;

/// See [`CostStudy`].
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct EnergyPartsStudy(CostStudy);

tables::table! {
    /// Energy of one image by part, in both systems.
    pub struct PartRow: "parts" {
        /// `RTM-AP` or `crossbar`.
        system: String,
        /// Technology of the RTM-AP, or name of the crossbar.
        configuration: String,
        /// How the RTM-AP's searches are charged.
        search_model: Option<String>,
        /// What the energy goes into.
        part: String,
        /// Energy of the part over all layers.
        energy: f64 = "uJ",
        /// Its share of the system's energy.
        share: f64,
    }
}

impl Study for EnergyPartsStudy {
    const NAME: &'static str = "energy_parts";
    const MEANING: &'static str = "Where the energy goes, in both systems.";
    const TABLES: &'static [&'static Schema] = &[PartRow::SCHEMA];
    type Stages = Promise<MachineRun>;

    fn check(&self, path: &FieldPath, checks: &mut Checks<'_>) {
        self.0.check(path, checks);
    }

    fn points(&mut self) -> Vec<&mut dyn std::any::Any> {
        self.0.points()
    }

    fn trim(&mut self) {
        self.0.trim();
    }

    fn stages(
        &self,
        _: &Manifest,
        _: &Inputs<'_>,
        declared: &mut Declared,
    ) -> Result<Promise<MachineRun>, Failure> {
        Ok(self.0.run(declared))
    }

    fn tables(
        &self,
        _: &Manifest,
        inputs: &Inputs<'_>,
        run: &Promise<MachineRun>,
        results: &Results,
    ) -> Result<(Vec<Table>, Vec<String>), Failure> {
        let mut table = Table::new(PartRow::SCHEMA);
        let mut summary = Vec::new();
        for system in &self.0.systems(inputs, &*results.of(*run)?)? {
            let parts = totals(system);
            let total: f64 = parts.iter().map(|&(_, energy)| energy).sum();
            for &(part, energy) in &parts {
                table.push(PartRow {
                    system: system.system.into(),
                    configuration: system.configuration.clone(),
                    search_model: system.search_model.map(str::to_owned),
                    part: part.into(),
                    energy,
                    share: energy / total,
                })?;
            }
            summary.push(summed_up(system, &parts, total));
        }
        Ok((vec![table], summary))
    }

    fn figure(&self, manifest: &Manifest, tables: &[Table]) -> Result<Figure, Failure> {
        Ok(figure::energy_parts(&manifest.title, &rows_of(tables)?))
    }
}

fn summed_up(system: &Costed, parts: &[(&str, f64)], total: f64) -> String {
    let share = |names: &[&str]| {
        let sum: f64 = parts.iter().filter(|(part, _)| names.contains(part)).map(|&(_, energy)| energy).sum();
        100.0 * sum / total
    };
    match system.search_model {
        Some(model) => format!(
            "{} ({}, {model}): {:.2} % of the energy moves data between arrays, {:.1} % with the shifts",
            system.system,
            system.configuration,
            share(&["movement"]),
            share(&["movement", "shift"]),
        ),
        None => format!(
            "{} ({}): {:.1} % of the energy moves data (buffers and interconnect)",
            system.system,
            system.configuration,
            share(&["buffers", "interconnect"]),
        ),
    }
}

/// The parts over all layers, µJ, in the order of the first layer's.
fn totals(system: &Costed) -> Vec<(&'static str, f64)> {
    let mut totals: Vec<(&'static str, f64)> = Vec::new();
    for layer in system.report.layers() {
        for &(part, energy) in &layer.parts {
            match totals.iter_mut().find(|(known, _)| *known == part) {
                Some((_, sum)) => *sum += microjoules(energy),
                None => totals.push((part, microjoules(energy))),
            }
        }
    }
    totals
}
