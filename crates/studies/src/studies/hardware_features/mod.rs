//! What features of the hardware buy: more tag registers, searches that add to a tag, wider writes, masked keys, and match
//! lines in segments.
//!
//! The cheapest schedule of every table is found for each hardware, and put in the place of the one that the programs have:
//! which tables they run, over how many bits and in how many rows, stays the same. Bits written to tagged rows are those that
//! were executed, times what the schedules say that a bit of all states writes, against the base's.

mod figure;
mod schedules;
mod segments;
mod uses;

use compiler::Carry;
use compiler::lut::{Features, LutKind};
use figures::Figure;
use rtm_ap::{Events, Kept, ProcessorParameters, SearchModel};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, de};
use tables::{Schema, Table, TypedRow};
use workspace::stages::{Declared, Promise, Results};
use workspace::{Checks, Failure, Inputs, Manifest, Study, WorkspaceError, rows_of};
use yaml::FieldPath;

use crate::images::Images;
use crate::machine::Flow;
use crate::names::{Choice, NetworkName, ProcessorName};
use crate::run::{Executed, MachineRun, Run};
use crate::systems::{Priced, microjoules, milliseconds};
use schedules::{ScheduleRow, Scheduled, schedules_of};
use segments::{SegmentRow, active_columns, segment_counts};
use uses::TableUse;

/// What features of the hardware buy.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HardwareFeaturesStudy {
    /// The network.
    #[schemars(with = "NetworkName")]
    network: String,
    /// The images that feed executed events.
    images: Images,
    /// The hardware, as it is written in tables.
    #[schemars(with = "Vec<Choice<Features>>", length(min = 1))]
    features: Vec<WrittenFeatures>,
    /// The technology.
    #[schemars(with = "ProcessorName")]
    technology: String,
    /// How searches are charged.
    #[schemars(length(min = 1))]
    search_models: Vec<SearchModel>,
    /// Ways to compile.
    #[schemars(length(min = 1))]
    flows: Vec<Flow>,
}

/// Hardware by the name that tables give it.
#[derive(Debug, Clone, Copy)]
struct WrittenFeatures(Features);

impl<'de> Deserialize<'de> for WrittenFeatures {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        let known: Vec<Features> = Features::all().chain([Features::FULL_KEYS]).collect();
        let found = known.iter().find(|features| features.to_string() == name);
        found.map(|&features| Self(features)).ok_or_else(|| {
            let names: Vec<String> = known.iter().map(|features| format!("`{features}`")).collect();
            de::Error::custom(format!(
                "`{name}` is no hardware that is known; there are: {}",
                names.join("; ")
            ))
        })
    }
}

tables::table! {
    /// A network's programs with the schedules of each hardware.
    pub struct HardwareRow: "hardware" {
        /// Name of the way to compile.
        flow: String,
        /// What the hardware can do.
        features: String,
        /// How searches are charged.
        search_model: String,
        /// Searches for one image, in all rows.
        row_searches: f64,
        /// Searches and writes one after the other.
        serial_cycles: f64,
        /// Energy for one image.
        energy: f64 = "uJ",
        /// Latency for one image.
        latency: f64 = "ms",
        /// Energy over that of the base hardware.
        relative_energy: f64,
        /// Latency over that of the base hardware.
        relative_latency: f64,
    }
}

impl Study for HardwareFeaturesStudy {
    const NAME: &'static str = "hardware_features";
    const MEANING: &'static str = "What features of the hardware buy.";
    const TABLES: &'static [&'static Schema] =
        &[ScheduleRow::SCHEMA, HardwareRow::SCHEMA, SegmentRow::SCHEMA];
    type Stages = Vec<(Run, Promise<MachineRun>)>;

    fn check(&self, path: &FieldPath, checks: &mut Checks<'_>) {
        self.images.check(path, &self.network, checks);
        for (index, flow) in self.flows.iter().enumerate() {
            flow.check_alike(&path.field("flows").item(index), checks);
        }
        for (index, _) in self.flows.iter().enumerate().filter(|(_, flow)| flow.operation.is_some()) {
            let place = path.field("flows").item(index).field("operation");
            checks.report(
                &place,
                "this study compares hardware that is run as the technology says; leave `operation` out",
            );
        }
    }

    fn points(&mut self) -> Vec<&mut dyn std::any::Any> {
        let mut points: Vec<&mut dyn std::any::Any> = vec![&mut self.network, &mut self.images];
        points.extend(self.flows.iter_mut().map(|flow| flow as &mut dyn std::any::Any));
        points
    }

    fn trim(&mut self) {
        self.images.at_most(1);
        self.flows.truncate(2);
    }

    fn stages(&self, _: &Manifest, _: &Inputs<'_>, declared: &mut Declared) -> Result<Self::Stages, Failure> {
        if let Some(flow) = self.flows.iter().find(|flow| flow.machine.0.geometry.carry() != Carry::Column) {
            let message = format!(
                "hardware_features: flow `{}` keeps the carry in a latch; the schedules that are compared keep it in a column",
                flow.name
            );
            return Err(WorkspaceError::argument(message).into());
        }
        let run = |flow: &Flow| {
            let run = Run::of_flow(&self.network, flow, &self.images);
            (run.clone(), declared.stage(Executed(run)))
        };
        Ok(self.flows.iter().map(run).collect())
    }

    fn tables(
        &self,
        _: &Manifest,
        inputs: &Inputs<'_>,
        stages: &Self::Stages,
        results: &Results,
    ) -> Result<(Vec<Table>, Vec<String>), Failure> {
        let mut schedules = Table::new(ScheduleRow::SCHEMA);
        let mut of_hardware = Vec::new();
        for WrittenFeatures(features) in &self.features {
            let found = schedules_of(*features)?;
            for (kind, schedule) in LutKind::ALL.into_iter().zip(&found) {
                schedules.push(schedule.row(*features, kind))?;
            }
            of_hardware.push((*features, found));
        }
        let base = schedules_of(Features::BASE)?;
        let (mut hardware, mut segments) = (Table::new(HardwareRow::SCHEMA), Table::new(SegmentRow::SCHEMA));
        let mut summary = Vec::new();
        for (flow, (run, executed)) in self.flows.iter().zip(stages) {
            let executed = results.of(*executed)?;
            let machine = run.machine(inputs)?;
            let by = Priced::by(inputs, &self.technology, flow.machine)?;
            let priced = OnFlow { flow, total: executed.total(), kept: executed.kept, by };
            let uses = TableUse::of(&machine);
            for (features, found) in &of_hardware {
                let events = uses.with_schedules(&priced.total, &base, found);
                for &model in &self.search_models {
                    let row = priced.row(*features, model, &events);
                    summary.push(format!(
                        "flow `{}`, {features}, {}: {:.3} x the energy, {:.3} x the latency",
                        flow.name,
                        model.name(),
                        row.relative_energy,
                        row.relative_latency
                    ));
                    hardware.push(row)?;
                }
            }
            let columns = flow.machine.0.geometry.columns();
            for count in segment_counts().filter(|count| columns.is_multiple_of(count.count() as usize)) {
                segments.push(priced.segments(count.count() as usize, active_columns(&machine, count)))?;
            }
        }
        Ok((vec![schedules, hardware, segments], summary))
    }

    fn figure(&self, manifest: &Manifest, tables: &[Table]) -> Result<Figure, Failure> {
        Ok(figure::hardware_features(
            &manifest.title,
            &rows_of(tables)?,
            &rows_of(tables)?,
            &rows_of(tables)?,
        ))
    }
}

/// A flow with its events, and what they are priced by.
struct OnFlow<'s> {
    flow: &'s Flow,
    total: Events,
    kept: Kept,
    by: Priced,
}

impl OnFlow<'_> {
    /// Energy, µJ, and latency, ms.
    fn costs(&self, events: &Events, parameters: &ProcessorParameters, model: SearchModel) -> (f64, f64) {
        let pricing = self.by.with(parameters, self.flow.machine, model, self.kept);
        let cost = pricing.cost(events, events.processors);
        (microjoules(cost.energy.total()), milliseconds(cost.latency))
    }

    fn row(&self, features: Features, model: SearchModel, events: &Events) -> HardwareRow {
        let (energy, latency) = self.costs(events, &self.by.parameters, model);
        let (before, time_before) = self.costs(&self.total, &self.by.parameters, model);
        HardwareRow {
            flow: self.flow.name.clone(),
            features: features.to_string(),
            search_model: model.name().into(),
            row_searches: events.row_searches.physical,
            serial_cycles: (events.serial.compares + events.serial.writes) as f64,
            energy,
            latency,
            relative_energy: energy / before,
            relative_latency: latency / time_before,
        }
    }

    fn segments(&self, segments: usize, active: f64) -> SegmentRow {
        let columns = self.flow.machine.0.geometry.columns() as f64;
        let mut spared = self.by.parameters.clone();
        spared.search_match_line_bit = self.by.parameters.search_match_line_bit * (active / columns);
        let (whole, _) = self.costs(&self.total, &self.by.parameters, SearchModel::MatchLine);
        let (energy, _) = self.costs(&self.total, &spared, SearchModel::MatchLine);
        SegmentRow {
            flow: self.flow.name.clone(),
            segments,
            active_columns: active,
            energy,
            relative_energy: energy / whole,
        }
    }
}
