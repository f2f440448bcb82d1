//! The break-even: for which energies of a shift and of a search the ratio would reach the claim, all else nominal.

use rtm_ap::{Events, NetworkEvents, Operation, Pricing, ProcessorParameters, SearchModel};
use schemars::JsonSchema;
use serde::Deserialize;
use tables::{Table, TypedRow};
use technology::{Energy, Power, Quantity};
use workspace::stages::Results;
use workspace::{Checks, Failure};
use yaml::FieldPath;

use super::baselines::Baseline;
use super::{Context, Stages};
use crate::machine::Flow;
use crate::names::ProcessorName;
use crate::systems::{Priced, events_of_batch, microjoules};

/// A map of the ratio over the energies of a shift and of a search.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BreakEvenPlan {
    /// Flows of the study, by name.
    pub flows: Vec<String>,
    /// Energy of a shift, pJ a track and step.
    shift_pj: LogRange,
    /// Energy of a search, fJ a bit.
    search_fj: LogRange,
    /// Points that are marked on the map.
    points: Vec<MarkedPoint>,
}

/// Evenly spaced places on a logarithmic scale.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct LogRange {
    /// The first.
    #[schemars(extend("exclusiveMinimum" = 0))]
    low: f64,
    /// The last.
    high: f64,
    /// How many.
    #[schemars(range(min = 2))]
    steps: usize,
}

/// A shift's and a search's energy together: stated with their source, or those of a technology file.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct MarkedPoint {
    /// The name in the figure.
    name: String,
    /// The technology file that gives both, at its nominal values on this study's machine.
    #[schemars(with = "Option<ProcessorName>")]
    technology: Option<String>,
    /// Energy of a shift, pJ a track and step.
    shift_pj: Option<f64>,
    /// Energy of a search, fJ a bit.
    search_fj: Option<f64>,
    /// Where they come from.
    source: Option<String>,
}

impl LogRange {
    /// The places.
    fn places(self) -> Vec<f64> {
        let steps = (self.steps.max(2) - 1) as f64;
        let (low, high) = (libm::log(self.low), libm::log(self.high));
        (0..self.steps.max(2)).map(|step| libm::exp(low + (high - low) * step as f64 / steps)).collect()
    }
}

impl BreakEvenPlan {
    /// Ranges ascend.
    pub fn check(&self, path: &FieldPath, checks: &mut Checks<'_>) {
        for (field, range) in [("shift_pj", self.shift_pj), ("search_fj", self.search_fj)] {
            if range.high <= range.low || !range.high.is_finite() {
                let LogRange { low, high, .. } = range;
                checks.report(
                    &path.field(field),
                    &format!("from {low} to {high}; expected an ascending range"),
                );
            }
        }
        for (index, point) in self.points.iter().enumerate() {
            let stated = [point.shift_pj.is_some(), point.search_fj.is_some(), point.source.is_some()];
            if stated != [point.technology.is_none(); 3] {
                let message = "expected a `technology`, or `shift_pj`, `search_fj` and their `source`";
                checks.report(&path.field("points").item(index), message);
            }
        }
    }
}

tables::table! {
    /// Pairs of energies that are marked on the map.
    pub struct MarkRow: "marks" {
        /// Name of the pair.
        name: String,
        /// Energy to move one track by one domain.
        shift: f64 = "pJ",
        /// Energy to search one bit.
        search: f64 = "fJ",
        /// Where they come from.
        source: String,
    }
}

tables::table! {
    /// The ratio against the headline's baseline over the energies of a shift and of a search, every other parameter of the headline's
    /// technology at its nominal value, searches charged by active bits.
    pub struct BreakEvenRow: "break_even" {
        /// Name of the way to compile.
        flow: String,
        /// `nominal`, or `free`: everything but shifts and searches costs nothing, so that the claim cannot be reached above the line.
        others: String,
        /// Energy to move one track by one domain.
        shift: f64 = "pJ",
        /// Energy to search one bit.
        search: f64 = "fJ",
        /// Energy of the baseline over energy of the RTM-AP.
        ratio: f64,
    }
}

impl Context<'_> {
    /// The pairs of energies that are marked on the map.
    pub(super) fn marks(&self, baseline: &Baseline) -> Result<Table, Failure> {
        let mut table = Table::new(MarkRow::SCHEMA);
        for point in self.study.break_even.iter().flat_map(|plan| &plan.points) {
            let (shift, search, source) = match &point.technology {
                None => (
                    point.shift_pj.unwrap_or_default(),
                    point.search_fj.unwrap_or_default(),
                    point.source.clone().unwrap_or_default(),
                ),
                Some(technology) => {
                    let priced = Priced::by(self.inputs, technology, self.study.machine)?;
                    let domains = self.study.machine.0.geometry.domains();
                    let nominal =
                        ProcessorParameters::varied(&priced.file().parameters, baseline.node, domains)?;
                    let search_fj = nominal.search_active_bit.base() * 1e3;
                    (nominal.shift_step.base(), search_fj, format!("technology file {technology}"))
                }
            };
            table.push(MarkRow { name: point.name.clone(), shift, search, source })?;
        }
        Ok(table)
    }

    /// Every flow of the study's list.
    pub(super) fn break_even(
        &self,
        baseline: &Baseline,
        stages: &Stages,
        results: &Results,
        summary: &mut Vec<String>,
    ) -> Result<Table, Failure> {
        let mut table = Table::new(BreakEvenRow::SCHEMA);
        let Some(plan) = &self.study.break_even else { return Ok(table) };
        let priced = Priced::by(self.inputs, &self.study.headline.technology, self.study.machine)?;
        for name in &plan.flows {
            let found = self.study.flows.iter().zip(&stages.flows).find(|(flow, _)| flow.name == *name);
            let Some((flow, run)) = found else { continue };
            let run = run.of(self.inputs, results)?;
            let operation = flow.operation.unwrap_or(priced.file().design.operation());
            let installed = operation.processors.unwrap_or(run.processors());
            let events = events_of_batch(&self.study.network, flow.machine, &run, operation.batch, installed);
            let domains = flow.machine.0.geometry.domains();
            let nominal = ProcessorParameters::varied(&priced.file().parameters, baseline.node, domains)?;
            for (others, parameters) in [("nominal", nominal.clone()), ("free", others_free(&nominal))] {
                let map = Map { flow, events: &events, operation, parameters, baseline: baseline.nominal };
                for search in plan.search_fj.places() {
                    for shift in plan.shift_pj.places() {
                        let ratio = map.ratio(shift, search);
                        let (flow, others) = (flow.name.clone(), others.to_owned());
                        table.push(BreakEvenRow { flow, others, shift, search, ratio })?;
                    }
                }
                summary.push(match others {
                    "nominal" => format!(
                        "break-even of `{}`: with free shifts and searches, all else nominal, {:.4} x",
                        flow.name,
                        map.ratio(0.0, 0.0)
                    ),
                    _ => self.needs(&map, &nominal),
                });
            }
        }
        Ok(table)
    }

    /// What a shift and a search alone would have to cost.
    fn needs(&self, map: &Map<'_>, nominal: &ProcessorParameters) -> String {
        let claimed = self.study.claimed_ratio;
        let shift_pj = nominal.shift_step.base();
        let shift = shift_pj * map.ratio(shift_pj, 0.0) / claimed;
        let search_fj = nominal.search_active_bit.base() * 1e3;
        let search = search_fj * map.ratio(0.0, search_fj) / claimed;
        format!(
            "break-even of `{}`, everything else free: {claimed:.4} x needs a shift below {shift:.6} pJ and a search below {search:.4} \
             fJ a bit",
            map.flow.name
        )
    }
}

/// Parameters by which everything but shifts and searches is free.
fn others_free(nominal: &ProcessorParameters) -> ProcessorParameters {
    ProcessorParameters {
        write_bit: Energy::ZERO,
        read_bit: Energy::ZERO,
        store_sram: Energy::ZERO,
        store_edram: Energy::ZERO,
        store_way: Energy::ZERO,
        buffer_leakage: Power::ZERO,
        store_sram_leakage: Power::ZERO,
        store_edram_leakage: Power::ZERO,
        decode_word: Energy::ZERO,
        broadcast_word: Energy::ZERO,
        decode_encoded: Energy::ZERO,
        movement_bit: Energy::ZERO,
        buffer_bit: Energy::ZERO,
        requantization: Energy::ZERO,
        pool_operation: Energy::ZERO,
        row_leakage: Power::ZERO,
        column_leakage: Power::ZERO,
        controller_leakage: Power::ZERO,
        latch_write: Energy::ZERO,
        latch_leakage: Power::ZERO,
        segment_leakage: Power::ZERO,
        ..nominal.clone()
    }
}

/// A flow's events with all that the ratio depends on but two energies.
struct Map<'f> {
    flow: &'f Flow,
    events: &'f NetworkEvents,
    operation: Operation,
    parameters: ProcessorParameters,
    /// µJ.
    baseline: f64,
}

impl Map<'_> {
    /// The ratio with a shift of so many pJ and a search of so many fJ.
    fn ratio(&self, shift: f64, search: f64) -> f64 {
        let search = Energy::picojoules(search * 1e-3);
        let parameters = ProcessorParameters {
            shift_step: Energy::picojoules(shift),
            search_active_bit: search,
            latch_compare: search,
            ..self.parameters.clone()
        };
        let pricing = Pricing {
            geometry: self.events.geometry,
            parameters: &parameters,
            model: SearchModel::ActiveBits,
            operation: self.operation,
            kept: self.events.kept,
        };
        let of_layer = |(_, events): &(String, Events)| {
            microjoules(pricing.cost(events, self.events.installed).energy.total())
        };
        let batch: f64 = self.events.layers.iter().map(of_layer).sum();
        self.baseline * f64::from(self.events.images.max(1)) / batch
    }
}
