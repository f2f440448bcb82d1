//! Pairs of equals: a way to compile and run the associative processor against a way to build and run a baseline.

use schemars::JsonSchema;
use serde::Deserialize;
use system::System;
use tables::{Table, TypedRow};
use technology::Prior;
use workspace::Failure;
use workspace::stages::Results;

use super::baselines::Baseline;
use super::{Context, Stages};
use crate::draws::Spread;
use crate::systems::{microjoules, milliseconds, square_millimetres, system_of_flow};
use crate::technologies;

/// A flow against a baseline.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pair {
    /// The name in tables and figures.
    pub name: String,
    /// A flow of the study.
    pub flow: String,
    /// A baseline of the study.
    pub baseline: String,
}

tables::table! {
    /// Pairs of equals: both plain, both at their best, and the baselines that keep the network's accuracy; with the headline's technology.
    pub struct PairRow: "pairs" {
        /// Name of the pair.
        pair: String,
        /// The way to compile and run the RTM-AP.
        flow: String,
        /// The baseline.
        baseline: String,
        /// How the RTM-AP's searches are charged.
        search_model: String,
        /// Technology node of both systems.
        node: f64 = "nm",
        /// What rows without an output position do.
        padding_rows: String,
        /// What idle processors do.
        idle_processors: String,
        /// What the program is kept in.
        store: String,
        /// Images that go through the RTM-AP together.
        batch: u32,
        /// Energy of the RTM-AP for one image.
        energy: f64 = "uJ",
        /// Energy of the baseline for one image.
        baseline_energy: f64 = "uJ",
        /// Time of the RTM-AP for one image, of a batch its share.
        latency: f64 = "ms",
        /// Time of the baseline for one image.
        baseline_latency: Option<f64> = "ms",
        /// Area of the RTM-AP with program and buffer.
        area: f64 = "mm2",
        /// Area of the baseline.
        baseline_area: Option<f64> = "mm2",
        /// Energy of the baseline over energy of the RTM-AP, at nominal parameters.
        ratio: f64,
        /// 5 % point over draws from both sides' ranges.
        ratio_p05: f64,
        /// Median over the draws.
        ratio_p50: f64,
        /// 95 % point over the draws.
        ratio_p95: f64,
        /// Share of the draws in which the ratio reaches the claim.
        reaches_claim: f64,
    }
}

impl Context<'_> {
    /// Every pair under every search model.
    pub(super) fn pairs(
        &self,
        baselines: &[Baseline],
        stages: &Stages,
        results: &Results,
        summary: &mut Vec<String>,
    ) -> Result<Table, Failure> {
        let (study, own) = (self.study, self.own()?);
        let technology = &study.headline.technology;
        let file = technologies::processor(self.inputs, technology)?;
        let prior = study.priors.first().copied().unwrap_or(Prior::Flat);
        let mut of_pairs = Vec::new();
        for pair in &study.pairs {
            let found = study.flows.iter().zip(&stages.flows).find(|(flow, _)| flow.name == pair.flow);
            let baseline = baselines.iter().find(|baseline| baseline.name == pair.baseline);
            let Some(((flow, run), baseline)) = found.zip(baseline) else { continue };
            let run = run.of(self.inputs, results)?;
            for &model in &study.search_models {
                let system = system_of_flow(&file, technology, model, &study.network, (flow, &run));
                of_pairs.push((pair, flow, baseline, model, system.at_node(baseline.node)));
            }
        }
        let prepared =
            of_pairs.iter().map(|(.., system)| system.prepare(&own)).collect::<Result<Vec<_>, _>>()?;
        let drawn = self.drawn_energies(&file, prior, &prepared)?;
        let mut table = Table::new(PairRow::SCHEMA);
        for (((pair, flow, baseline, model, system), prepared), below) in
            of_pairs.iter().zip(&prepared).zip(&drawn)
        {
            let operation = flow.operation.unwrap_or(file.design.operation());
            let report = prepared.report(system.parameters())?;
            let above = baseline.drawn.first().cloned().unwrap_or_default();
            let spread = Spread::of_ratios(baseline.nominal, &above, below, study.claimed_ratio);
            let energy = microjoules(report.energy());
            let ratio = baseline.nominal / energy;
            let latency = report.latency().map_or(0.0, milliseconds);
            if *model == study.headline.search_model {
                let (name, against) = (&pair.name, baseline.nominal);
                summary.push(format!(
                    "pair `{name}`: {ratio:.4} x ({energy:.1} µJ, {latency:.2} ms an image, against {against:.1} µJ)"
                ));
            }
            table.push(PairRow {
                pair: pair.name.clone(),
                flow: flow.name.clone(),
                baseline: baseline.name.clone(),
                search_model: model.name().into(),
                node: baseline.node,
                padding_rows: operation.padding_rows.name().into(),
                idle_processors: operation.idle_processors.name().into(),
                store: operation.store.name().into(),
                batch: operation.batch,
                energy,
                baseline_energy: baseline.nominal,
                latency,
                baseline_latency: baseline.beside.map(|beside| beside.latency),
                area: report.area().map_or(0.0, square_millimetres),
                baseline_area: baseline.beside.map(|beside| beside.area),
                ratio,
                ratio_p05: spread.low,
                ratio_p50: spread.median,
                ratio_p95: spread.high,
                reaches_claim: spread.reaches,
            })?;
        }
        Ok(table)
    }
}
