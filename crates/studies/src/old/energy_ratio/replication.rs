//! At equal area, and at equal latency: outputs split over more processors take less time and more area, and load windows more often.

use rtm_ap::{Allocation, NetworkCost, ProcessorParameters, chip_area};
use tables::{Column, Schema, Table};
use technology::Quantity;

use super::Context;
use crate::error::RunError;
use crate::studies::costs::{microjoules, milliseconds};

/// Outputs split over processors.
pub static REPLICATION: Schema = Schema::new(
    "replication",
    "What fewer outputs a processor, and so more processors, give: with the headline's technology and search model, events expected \
     from the programs and the images' share of set bits. `iso` marks the rows that stand closest to the headline's baseline.",
    &[
        Column::text("flow", "Name of the way to compile."),
        Column::integer(
            "outputs_per_processor",
            "",
            "The most outputs that one processor computes; 0 for as many as fit.",
        ),
        Column::integer(
            "processors",
            "",
            "Associative processors installed: as many as the largest layer takes.",
        ),
        Column::integer("words", "", "Program words."),
        Column::real("energy", "uJ", "Energy for one image."),
        Column::real("latency", "ms", "Latency for one image, layer after layer."),
        Column::real("interval", "ms", "Time between images if every layer kept processors of its own."),
        Column::real("area", "mm2", "Area of the processors with the program memory."),
        Column::real("energy_ratio", "", "Energy of the baseline over this energy."),
        Column::real("latency_ratio", "", "Latency of the baseline over this latency."),
        Column::real("area_ratio", "", "Area of the baseline over this area."),
        Column::text(
            "iso",
            "`area`: the most processors within the baseline's area; `latency`: the fewest that reach the baseline's latency; \
             `nearest latency`: the fastest, where none reaches it; else empty.",
        ),
    ],
);

struct Row {
    flow: String,
    outputs: usize,
    processors: u64,
    words: usize,
    energy: f64,
    latency: f64,
    interval: f64,
    area: f64,
}

/// Every flow of the study's list at every number of outputs a processor.
pub(super) fn replication(context: &Context<'_>, summary: &mut Vec<String>) -> Result<Table, RunError> {
    let mut table = Table::new(&REPLICATION);
    let Context { study, models, baseline, .. } = context;
    let (Some(baseline), Some(plan)) = (baseline, &study.replication) else { return Ok(table) };
    let Some((baseline_latency, baseline_area, _)) = baseline.beside else { return Ok(table) };
    let headline = &study.headline;
    let file = models.processor_technology(&headline.technology)?;
    let parameters = ProcessorParameters::varied(&file.parameters, baseline.node)?;
    for name in &plan.flows {
        let Some(flow) = study.flows.iter().find(|flow| flow.name == *name) else { continue };
        let mut rows = Vec::new();
        for &outputs in &plan.outputs_per_processor {
            let mut options = flow.machine.0;
            options.outputs_per_processor = (outputs > 0).then_some(outputs);
            // As many outputs as fit is what the flow itself was executed with.
            let run = match outputs {
                0 => models.run_with_activations(&study.network, options, flow.activations, &study.images)?,
                _ => models.expected_run(&study.network, options, &study.images)?,
            };
            let demands = run.demands();
            let of = |allocation: Allocation| {
                let allocated = allocation.apply(&demands, run.events());
                let cost = NetworkCost::of(
                    &allocated,
                    options.geometry,
                    &parameters,
                    headline.search_model,
                    file.design.padding_rows,
                );
                (allocated.installed, cost)
            };
            let (processors, cost) = of(Allocation::LargestLayer);
            let (_, pipelined) = of(Allocation::WholeNetwork);
            rows.push(Row {
                flow: flow.name.clone(),
                outputs,
                processors,
                words: run.words(),
                energy: microjoules(cost.energy()),
                latency: milliseconds(cost.latency),
                interval: milliseconds(pipelined.interval),
                area: chip_area(processors, run.words(), options.geometry, &parameters).base() * 1e-6,
            });
        }
        let within = (0..rows.len())
            .filter(|&row| rows[row].area <= baseline_area)
            .max_by_key(|&row| rows[row].processors);
        let reaching = (0..rows.len())
            .filter(|&row| rows[row].latency <= baseline_latency)
            .min_by_key(|&row| rows[row].processors);
        let fastest = (0..rows.len()).min_by(|&a, &b| rows[a].latency.total_cmp(&rows[b].latency));
        for (index, row) in rows.iter().enumerate() {
            let mut iso = Vec::new();
            if within == Some(index) {
                iso.push("area");
            }
            if reaching == Some(index) {
                iso.push("latency");
            } else if reaching.is_none() && fastest == Some(index) {
                iso.push("nearest latency");
            }
            push(&mut table, row, baseline.nominal, (baseline_latency, baseline_area), &iso.join(", "))?;
            if !iso.is_empty() {
                summary.push(format!(
                    "equal {} (`{}`): {} processors with {} outputs each: {:.4} µJ, {:.4} ms, {:.4} mm2, against {:.4} µJ, \
                     {baseline_latency:.4} ms, {baseline_area:.4} mm2",
                    iso.join(" and "),
                    row.flow,
                    row.processors,
                    if row.outputs == 0 { "all".to_owned() } else { row.outputs.to_string() },
                    row.energy,
                    row.latency,
                    row.area,
                    baseline.nominal,
                ));
            }
        }
    }
    Ok(table)
}

fn push(
    table: &mut Table,
    row: &Row,
    baseline_energy: f64,
    (baseline_latency, baseline_area): (f64, f64),
    iso: &str,
) -> Result<(), RunError> {
    table.push_row([
        ("flow", row.flow.as_str().into()),
        ("outputs_per_processor", (row.outputs as i64).into()),
        ("processors", (row.processors as i64).into()),
        ("words", (row.words as i64).into()),
        ("energy", row.energy.into()),
        ("latency", row.latency.into()),
        ("interval", row.interval.into()),
        ("area", row.area.into()),
        ("energy_ratio", (baseline_energy / row.energy).into()),
        ("latency_ratio", (baseline_latency / row.latency).into()),
        ("area_ratio", (baseline_area / row.area).into()),
        ("iso", iso.into()),
    ])?;
    Ok(())
}
