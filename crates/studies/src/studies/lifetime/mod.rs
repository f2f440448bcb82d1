//! How long cells last: writes to every cell, executed on images, against the endurance of memories.

mod figure;
mod wear;

use faults::{MemoryCell, years};
use figures::Figure;
use rtm_ap::SearchModel;
use schemars::JsonSchema;
use serde::Deserialize;
use tables::{Schema, Table, TypedRow};
use technology::{Quantity, Time};
use workspace::stages::{Declared, Promise, Results};
use workspace::{Checks, Failure, Inputs, Manifest, Study, rows_of};
use yaml::FieldPath;

use crate::images::Images;
use crate::machine::MachineSettings;
use crate::names::{EnduranceName, NetworkName, ProcessorName};
use crate::run::{Executed, MachineRun, Run};
use crate::systems::Priced;
use crate::technologies;
use wear::{Wear, Worn};

/// How long cells last that are written.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LifetimeStudy {
    /// The network.
    #[schemars(with = "NetworkName")]
    network: String,
    /// The images whose execution is counted.
    images: Images,
    /// The associative processor.
    machine: MachineSettings,
    /// The file of endurances.
    #[schemars(with = "EnduranceName")]
    endurance: String,
    /// Technology whose latency bounds the inferences of one machine.
    #[schemars(with = "ProcessorName")]
    technology: String,
    /// Inferences per second.
    #[schemars(length(min = 1))]
    inference_rates: Vec<f64>,
}

tables::table! {
    /// Years until the most written cell of a machine wears out, by inference rate.
    pub struct LifetimeRow: "lifetimes" {
        /// Name of the network.
        network: String,
        /// What wears: the junction at a track's port, a domain of a track, or a cell of another memory in the place of each domain.
        cell: String,
        /// `none`; or `columns`: columns change their roles from time to time, so that a row's writes spread evenly over them.
        levelling: String,
        /// Writes to the most written cell in one inference.
        writes: f64,
        /// Writes that the cell endures.
        endurance: f64,
        /// 5 % point.
        endurance_low: f64,
        /// 95 % point.
        endurance_high: f64,
        /// Inferences per second.
        inference_rate: f64 = "1/s",
        /// Years.
        years: f64,
        /// At the 5 % point of the endurance.
        years_low: f64,
        /// At the 95 % point.
        years_high: f64,
        /// Inferences per second of one machine that never pauses.
        most_inferences: f64 = "1/s",
    }
}

tables::table! {
    /// Writes to each column of the processor with the most written cell, in one inference, the mean of its rows.
    pub struct WearRow: "wear" {
        /// Name of the network.
        network: String,
        /// The column.
        column: usize,
        /// What programs keep in it: the carry, accumulators, inputs and terms.
        holds: String,
        /// Writes through a junction of the column.
        writes: f64,
        /// Share of the row's writes.
        share: f64,
    }
}

/// The run whose latency bounds the inferences, and the writes to every cell.
pub struct Stages {
    run: Promise<MachineRun>,
    wear: Promise<Worn>,
}

impl Study for LifetimeStudy {
    const NAME: &'static str = "lifetime";
    const MEANING: &'static str = "How long cells last that are written.";
    const TABLES: &'static [&'static Schema] = &[LifetimeRow::SCHEMA, WearRow::SCHEMA];
    type Stages = Stages;

    fn check(&self, path: &FieldPath, checks: &mut Checks<'_>) {
        self.images.check(path, &self.network, checks);
        for (index, rate) in self.inference_rates.iter().enumerate() {
            if !(rate.is_finite() && *rate > 0.0) {
                let path = path.field("inference_rates").item(index);
                checks.report(&path, &format!("is {rate}; expected a rate above 0"));
            }
        }
    }

    fn points(&mut self) -> Vec<&mut dyn std::any::Any> {
        vec![&mut self.network, &mut self.images, &mut self.machine]
    }

    fn trim(&mut self) {
        self.images.at_most(1);
    }

    fn stages(&self, _: &Manifest, _: &Inputs<'_>, declared: &mut Declared) -> Result<Stages, Failure> {
        let run = Run::of(&self.network, self.machine, &self.images);
        Ok(Stages { wear: declared.stage(Wear(run.clone())), run: declared.stage(Executed(run)) })
    }

    fn tables(
        &self,
        _: &Manifest,
        inputs: &Inputs<'_>,
        stages: &Stages,
        results: &Results,
    ) -> Result<(Vec<Table>, Vec<String>), Failure> {
        let worn = results.of(stages.wear)?;
        let most_inferences = 1e9 / self.latency(inputs, &*results.of(stages.run)?)?.base();
        let endurances = technologies::endurance(inputs, &self.endurance)?;
        let mut lifetimes = Table::new(LifetimeRow::SCHEMA);
        let mut summary = vec![worn.in_words()];
        for cell in MemoryCell::ALL {
            let endurance = cell.endurance(&endurances)?;
            // Spread over columns, a junction gets its share of the row, and a domain its share of what is written at its place of
            // all tracks.
            let (unlevelled, spread) = match cell {
                MemoryCell::RacetrackJunction => (worn.junction_writes, worn.levelled),
                _ => (worn.domain_writes, worn.domain_levelled),
            };
            for (levelling, writes) in [("none", unlevelled), ("columns", spread)] {
                for &rate in &self.inference_rates {
                    let of = |endurance: f64| years(endurance, writes, rate);
                    lifetimes.push(LifetimeRow {
                        network: self.network.clone(),
                        cell: cell.name().into(),
                        levelling: levelling.into(),
                        writes,
                        endurance: endurance.writes,
                        endurance_low: endurance.low,
                        endurance_high: endurance.high,
                        inference_rate: rate,
                        years: of(endurance.writes),
                        years_low: of(endurance.low),
                        years_high: of(endurance.high),
                        most_inferences,
                    })?;
                }
                let at_most = |endurance: f64| years(endurance, writes, most_inferences);
                summary.push(format!(
                    "{}, levelling {levelling}: {:.3e} years without pause ({:.1e} to {:.1e})",
                    cell.name(),
                    at_most(endurance.writes),
                    at_most(endurance.low),
                    at_most(endurance.high)
                ));
            }
        }
        let total: f64 = worn.by_column.iter().sum();
        let columns = worn.by_column.iter().zip(&worn.roles).enumerate();
        let columns = Table::of(columns.map(|(column, (&writes, holds))| WearRow {
            network: self.network.clone(),
            column,
            holds: holds.clone(),
            writes,
            share: writes / total,
        }))?;
        Ok((vec![lifetimes, columns], summary))
    }

    fn figure(&self, manifest: &Manifest, tables: &[Table]) -> Result<Figure, Failure> {
        Ok(figure::lifetime(&manifest.title, &rows_of(tables)?, &rows_of(tables)?))
    }
}

impl LifetimeStudy {
    /// The latency of an image, which is the same whichever way searches are charged.
    fn latency(&self, inputs: &Inputs<'_>, run: &MachineRun) -> Result<Time, Failure> {
        let priced = Priced::by(inputs, &self.technology, self.machine)?;
        let pricing = priced.on(self.machine, SearchModel::ActiveBits, run.kept);
        let latency = |sum, events| sum + pricing.latency(events);
        Ok(run.events.iter().fold(Time::ZERO, latency))
    }
}
