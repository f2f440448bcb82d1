//! The break-even: for which energies of a shift and of a search the ratio would reach the claim, all else nominal.

use rtm_ap::{ProcessorParameters, SearchModel, cost};
use tables::{Column, Schema, Table};
use technology::{Energy, Power, Quantity};

use super::Context;
use crate::error::RunError;
use crate::manifest::{BreakEvenPlan, LogRange};
use crate::studies::costs::microjoules;

/// The map.
pub static BREAK_EVEN: Schema = Schema::new(
    "break_even",
    "The ratio against the headline's baseline over the energies of a shift and of a search, every other parameter of the headline's \
     technology at its nominal value, searches charged by active bits.",
    &[
        Column::text("flow", "Name of the way to compile."),
        Column::text(
            "others",
            "`nominal`, or `free`: everything but shifts and searches costs nothing, so that the claim cannot be reached above the line.",
        ),
        Column::real("shift", "pJ", "Energy to move one track by one domain."),
        Column::real("search", "fJ", "Energy to search one bit."),
        Column::real("ratio", "", "Energy of the baseline over energy of the RTM-AP."),
    ],
);

/// The places of a range, evenly spaced on a logarithmic scale.
fn places(range: &LogRange) -> Vec<f64> {
    let steps = (range.steps.max(2) - 1) as f64;
    let (low, high) = (libm::log(range.low), libm::log(range.high));
    (0..range.steps.max(2)).map(|step| libm::exp(low + (high - low) * step as f64 / steps)).collect()
}

/// The points that the literature gives.
pub(super) fn points(plan: &BreakEvenPlan) -> impl Iterator<Item = figures::NamedPoint> + '_ {
    plan.points.iter().map(|point| figures::NamedPoint {
        name: point.name.clone(),
        x: point.shift_pj,
        y: point.search_fj,
    })
}

/// Every flow of the study's list.
pub(super) fn break_even(context: &Context<'_>, summary: &mut Vec<String>) -> Result<Table, RunError> {
    let mut table = Table::new(&BREAK_EVEN);
    let Context { study, models, baseline, .. } = context;
    let (Some(baseline), Some(plan)) = (baseline, &study.break_even) else { return Ok(table) };
    let file = models.processor_technology(&study.headline.technology)?;
    let nominal = ProcessorParameters::varied(&file.parameters, baseline.node)?;
    for name in &plan.flows {
        let Some(flow) = study.flows.iter().find(|flow| flow.name == *name) else { continue };
        let run =
            models.run_with_activations(&study.network, flow.machine.0, flow.activations, &study.images)?;
        let total = run.total();
        let free = ProcessorParameters {
            write_bit: Energy::ZERO,
            read_bit: Energy::ZERO,
            fetch_word: Energy::ZERO,
            decode_word: Energy::ZERO,
            broadcast_word: Energy::ZERO,
            movement_bit: Energy::ZERO,
            buffer_bit: Energy::ZERO,
            requantization: Energy::ZERO,
            pool_operation: Energy::ZERO,
            leakage: Power::ZERO,
            ..nominal.clone()
        };
        for (others, parameters) in [("nominal", &nominal), ("free", &free)] {
            let ratio = |shift: f64, search: f64| {
                let parameters = ProcessorParameters {
                    shift_step: Energy::picojoules(shift),
                    search_active_bit: Energy::picojoules(search * 1e-3),
                    ..parameters.clone()
                };
                let (model, padding) = (SearchModel::ActiveBits, file.design.padding_rows);
                let geometry = flow.machine.0.geometry;
                let energy = cost(&total, total.processors, geometry, &parameters, model, padding).energy;
                baseline.nominal / microjoules(energy.total())
            };
            for &search in &places(&plan.search_fj) {
                for &shift in &places(&plan.shift_pj) {
                    table.push_row([
                        ("flow", flow.name.as_str().into()),
                        ("others", others.into()),
                        ("shift", shift.into()),
                        ("search", search.into()),
                        ("ratio", ratio(shift, search).into()),
                    ])?;
                }
            }
            if others == "nominal" {
                summary.push(format!(
                    "break-even of `{}`: with free shifts and searches, all else nominal, {:.4} x",
                    flow.name,
                    ratio(0.0, 0.0)
                ));
            } else {
                let shift =
                    nominal.shift_step.base() * ratio(nominal.shift_step.base(), 0.0) / study.claimed_ratio;
                let search_fj = nominal.search_active_bit.base() * 1e3;
                let search = search_fj * ratio(0.0, search_fj) / study.claimed_ratio;
                summary.push(format!(
                    "break-even of `{}`, everything else free: {:.4} x needs a shift below {shift:.6} pJ and a search below {search:.4} fJ a bit",
                    flow.name, study.claimed_ratio
                ));
            }
        }
    }
    Ok(table)
}
