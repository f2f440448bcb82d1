//! What each way to compile the network adds.

use rtm_ap::{ProcessorParameters, cost};
use tables::{Column, Schema, Table};
use technology::Prior;

use super::{Context, drawn_energies};
use crate::error::RunError;
use crate::studies::costs::{microjoules, milliseconds};
use crate::studies::draws::{Spread, drawn_processors};

/// Ways to compile.
pub static FLOWS: Schema = Schema::new(
    "flows",
    "What each way to compile the network costs, with the headline's technology, and its ratio against the headline's baseline.",
    &[
        Column::text("flow", "Name of the way to compile."),
        Column::text("sharing", "Way of sharing subexpressions."),
        Column::text("layout", "How words lie in the array."),
        Column::text(
            "activations",
            "Where activations are requantized and pooled: at the periphery, or on the arrays by shift-and-add or thresholds.",
        ),
        Column::text("search_model", "How searches are charged."),
        Column::integer(
            "operations",
            "",
            "Additions and subtractions in the programs, accumulates included.",
        ),
        Column::integer("words", "", "Program words."),
        Column::real("track_steps", "", "Steps of tracks for one image, in all rows."),
        Column::real("row_searches", "", "Searches for one image, in all rows."),
        Column::real("energy", "uJ", "Energy for one image at the nominal parameters."),
        Column::real("latency", "ms", "Latency for one image at the nominal parameters."),
        Column::real("ratio", "", "Energy of the baseline over this energy, at the nominal parameters."),
        Column::real("ratio_p05", "", "5 % point of the ratio over draws from both sides' ranges."),
        Column::real("ratio_p50", "", "Median over the draws."),
        Column::real("ratio_p95", "", "95 % point over the draws."),
    ],
);

/// Every way to compile against the headline's baseline, at its node.
pub(super) fn flows(context: &Context<'_>, summary: &mut Vec<String>) -> Result<Table, RunError> {
    let mut table = Table::new(&FLOWS);
    let Context { manifest, study, models, baseline } = context;
    let Some(baseline) = baseline else { return Ok(table) };
    let headline = &study.headline;
    let file = models.processor_technology(&headline.technology)?;
    let parameters = ProcessorParameters::varied(&file.parameters, baseline.node)?;
    let prior = study.priors.first().copied().unwrap_or(Prior::Flat);
    let sets = drawn_processors(&file, baseline.node, prior, manifest.seed, study.draws)?;
    let above = baseline.drawn.first().cloned().unwrap_or_default();
    for flow in &study.flows {
        let options = flow.machine.0;
        let run = models.run_with_activations(&study.network, options, flow.activations, &study.images)?;
        let total = run.total();
        let operations: usize = run.layers().iter().map(|layer| layer.operations).sum();
        for &model in &study.search_models {
            let padding = file.design.padding_rows;
            let nominal = cost(&total, total.processors, options.geometry, &parameters, model, padding);
            let energy = microjoules(nominal.energy.total());
            let below = drawn_energies(&sets, &total, options.geometry, &file, model);
            let spread = Spread::of_ratios(baseline.nominal, &above, &below, study.claimed_ratio);
            table.push_row([
                ("flow", flow.name.as_str().into()),
                ("sharing", options.sharing.name().into()),
                ("layout", options.layout.name().into()),
                ("activations", flow.activations.name().into()),
                ("search_model", model.name().into()),
                ("operations", (operations as i64).into()),
                ("words", (run.words() as i64).into()),
                ("track_steps", total.track_steps.physical.into()),
                ("row_searches", total.row_searches.physical.into()),
                ("energy", energy.into()),
                ("latency", milliseconds(nominal.latency).into()),
                ("ratio", (baseline.nominal / energy).into()),
                ("ratio_p05", spread.low.into()),
                ("ratio_p50", spread.median.into()),
                ("ratio_p95", spread.high.into()),
            ])?;
            if model == headline.search_model {
                summary.push(format!(
                    "flow `{}`: {:.4} x ({energy:.4} µJ, {:.4} ms)",
                    flow.name,
                    baseline.nominal / energy,
                    milliseconds(nominal.latency),
                ));
            }
        }
    }
    Ok(table)
}
