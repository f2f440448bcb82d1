//! What each way to compile the network adds.

use std::sync::Arc;

use system::System;
use tables::{Table, TypedRow};
use technology::Prior;
use workspace::Failure;
use workspace::stages::Results;

use super::baselines::Baseline;
use super::{Context, Stages};
use crate::draws::Spread;
use crate::systems::{microjoules, milliseconds, system_of_flow};
use crate::technologies;

tables::table! {
    /// What each way to compile the network costs, with the headline's technology, and its ratio against the headline's baseline.
    pub struct FlowRow: "flows" {
        /// Name of the way to compile.
        flow: String,
        /// Way of sharing subexpressions.
        sharing: String,
        /// How words lie in the array.
        layout: String,
        /// Where activations are requantized and pooled: at the periphery, or on the arrays by shift-and-add or thresholds.
        activations: String,
        /// How searches are charged.
        search_model: String,
        /// Additions and subtractions in the programs, accumulates included.
        operations: usize,
        /// Program words.
        words: usize,
        /// Steps of tracks for one image, in all rows.
        track_steps: f64,
        /// Searches for one image, in all rows.
        row_searches: f64,
        /// Bits that move between buffer and processors for one image, both ways.
        moved_bits: f64,
        /// Energy for one image at the nominal parameters.
        energy: f64 = "uJ",
        /// Images that go through together.
        batch: u32,
        /// Latency for one image at the nominal parameters, of a batch its share.
        latency: f64 = "ms",
        /// Energy of the baseline over this energy, at the nominal parameters.
        ratio: f64,
        /// 5 % point of the ratio over draws from both sides' ranges.
        ratio_p05: f64,
        /// Median over the draws.
        ratio_p50: f64,
        /// 95 % point over the draws.
        ratio_p95: f64,
    }
}

impl Context<'_> {
    /// Every way to compile against the headline's baseline, at its node.
    pub(super) fn flows(
        &self,
        baseline: &Baseline,
        stages: &Stages,
        results: &Results,
        summary: &mut Vec<String>,
    ) -> Result<Table, Failure> {
        let (study, own) = (self.study, self.own()?);
        let headline = &study.headline;
        let file = technologies::processor(self.inputs, &headline.technology)?;
        let prior = study.priors.first().copied().unwrap_or(Prior::Flat);
        let above = baseline.drawn.first().cloned().unwrap_or_default();
        let mut runs = Vec::new();
        for (flow, run) in study.flows.iter().zip(&stages.flows) {
            let run = run.of(self.inputs, results)?;
            for &model in &study.search_models {
                let system = system_of_flow(&file, &headline.technology, model, &study.network, (flow, &run));
                let system = system.at_node(baseline.node);
                runs.push((flow, model, Arc::clone(&run), system));
            }
        }
        let prepared = runs.iter().map(|(.., system)| system.prepare(&own)).collect::<Result<Vec<_>, _>>()?;
        let drawn = self.drawn_energies(&file, prior, &prepared)?;
        let mut table = Table::new(FlowRow::SCHEMA);
        for (((flow, model, run, system), prepared), below) in runs.iter().zip(&prepared).zip(&drawn) {
            let (options, total) = (flow.machine.0, run.total());
            let report = prepared.report(system.parameters())?;
            let (energy, latency) =
                (microjoules(report.energy()), report.latency().map_or(0.0, milliseconds));
            let spread = Spread::of_ratios(baseline.nominal, &above, below, study.claimed_ratio);
            let ratio = baseline.nominal / energy;
            table.push(FlowRow {
                flow: flow.name.clone(),
                sharing: options.sharing.name().into(),
                layout: options.layout.name().into(),
                activations: flow.activations.name().into(),
                search_model: model.name().into(),
                operations: run.layers.iter().map(|layer| layer.operations).sum(),
                words: run.kept.words,
                track_steps: total.track_steps.physical,
                row_searches: total.row_searches.physical,
                moved_bits: total.loaded_bits + total.output_bits,
                energy,
                batch: flow.operation.map_or(1, |operation| operation.batch),
                latency,
                ratio,
                ratio_p05: spread.low,
                ratio_p50: spread.median,
                ratio_p95: spread.high,
            })?;
            if *model == headline.search_model {
                summary.push(format!("flow `{}`: {ratio:.4} x ({energy:.4} µJ, {latency:.4} ms)", flow.name));
            }
        }
        Ok(table)
    }
}
