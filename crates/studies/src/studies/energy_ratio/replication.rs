//! At equal area, and at equal latency: outputs split over more processors take less time and more area, and load windows more often.

use rtm_ap::{Allocation, Pricing, ProcessorParameters};
use schemars::JsonSchema;
use serde::Deserialize;
use tables::{Table, TypedRow};
use workspace::Failure;
use workspace::stages::Results;

use super::baselines::{Baseline, Beside};
use super::{Context, Stages};
use crate::machine::Flow;
use crate::run::MachineRun;
use crate::systems::{Priced, microjoules, milliseconds, square_millimetres};

/// Outputs split over processors.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplicationPlan {
    /// Flows of the study, by name.
    pub flows: Vec<String>,
    /// The most outputs that one processor computes; 0 for as many as fit.
    pub outputs_per_processor: Vec<usize>,
}

tables::table! {
    /// What fewer outputs a processor, and so more processors, give: with the headline's technology and search model, events expected
    /// from the programs and the images' share of set bits. `iso` marks the rows that stand closest to the headline's baseline.
    pub struct ReplicationRow: "replication" {
        /// Name of the way to compile.
        flow: String,
        /// The most outputs that one processor computes; 0 for as many as fit.
        outputs_per_processor: usize,
        /// Associative processors installed: as many as the largest layer takes.
        processors: u64,
        /// Program words.
        words: usize,
        /// Energy for one image.
        energy: f64 = "uJ",
        /// Latency for one image, layer after layer.
        latency: f64 = "ms",
        /// Time between images if every layer kept processors of its own.
        interval: f64 = "ms",
        /// Area of the processors with the program memory.
        area: f64 = "mm2",
        /// Energy of the baseline over this energy.
        energy_ratio: f64,
        /// Latency of the baseline over this latency.
        latency_ratio: f64,
        /// Area of the baseline over this area.
        area_ratio: f64,
        /// `area`: the most processors within the baseline's area; `latency`: the fewest that reach the baseline's latency;
        /// `nearest latency`: the fastest, where none reaches it; else empty.
        iso: String,
    }
}

impl Context<'_> {
    /// Every flow of the study's list at every number of outputs a processor.
    pub(super) fn replication(
        &self,
        baseline: &Baseline,
        stages: &Stages,
        results: &Results,
        summary: &mut Vec<String>,
    ) -> Result<Table, Failure> {
        let mut table = Table::new(ReplicationRow::SCHEMA);
        let Some(beside) = baseline.beside else { return Ok(table) };
        let headline = &self.study.headline;
        let priced = Priced::by(self.inputs, &headline.technology, self.study.machine)?;
        for (name, splits) in &stages.replication {
            let Some(flow) = self.study.flow(name) else { continue };
            let domains = flow.machine.0.geometry.domains();
            let parameters = ProcessorParameters::varied(&priced.file().parameters, baseline.node, domains)?;
            let mut rows = Vec::new();
            for &(outputs, run) in splits {
                let run = results.of(run)?;
                let pricing = priced.with(&parameters, flow.machine, headline.search_model, run.kept);
                rows.push(split(flow, outputs, &run, &pricing, (baseline, beside)));
            }
            mark(&mut rows, beside);
            for row in rows {
                summary.extend((!row.iso.is_empty()).then(|| in_words(&row, baseline, beside)));
                table.push(row)?;
            }
        }
        Ok(table)
    }
}

/// A flow on so many processors that each computes at most so many outputs.
fn split(
    flow: &Flow,
    outputs_per_processor: usize,
    run: &MachineRun,
    pricing: &Pricing<'_>,
    (baseline, beside): (&Baseline, Beside),
) -> ReplicationRow {
    let demands = run.demands();
    let of = |allocation: Allocation| {
        let allocated = allocation.apply(&demands, &run.events);
        (allocated.installed, pricing.network(&allocated))
    };
    let (processors, cost) = of(Allocation::LargestLayer);
    let (_, pipelined) = of(Allocation::WholeNetwork);
    let (energy, latency) = (microjoules(cost.energy()), milliseconds(cost.latency));
    let area = square_millimetres(pricing.chip_area(processors));
    ReplicationRow {
        flow: flow.name.clone(),
        outputs_per_processor,
        processors,
        words: run.kept.words,
        energy,
        latency,
        interval: milliseconds(pipelined.interval),
        area,
        energy_ratio: baseline.nominal / energy,
        latency_ratio: beside.latency / latency,
        area_ratio: beside.area / area,
        iso: String::new(),
    }
}

/// Marks the rows that stand closest to a baseline.
fn mark(rows: &mut [ReplicationRow], beside: Beside) {
    let within =
        (0..rows.len()).filter(|&row| rows[row].area <= beside.area).max_by_key(|&row| rows[row].processors);
    let reaching = (0..rows.len())
        .filter(|&row| rows[row].latency <= beside.latency)
        .min_by_key(|&row| rows[row].processors);
    let fastest = (0..rows.len()).min_by(|&a, &b| rows[a].latency.total_cmp(&rows[b].latency));
    for (index, row) in rows.iter_mut().enumerate() {
        let mut iso = Vec::new();
        if within == Some(index) {
            iso.push("area");
        }
        if reaching == Some(index) {
            iso.push("latency");
        } else if reaching.is_none() && fastest == Some(index) {
            iso.push("nearest latency");
        }
        row.iso = iso.join(", ");
    }
}

fn in_words(row: &ReplicationRow, baseline: &Baseline, beside: Beside) -> String {
    format!(
        "equal {} (`{}`): {} processors with {} outputs each: {:.4} µJ, {:.4} ms, {:.4} mm2, against {:.4} µJ, {:.4} ms, {:.4} mm2",
        row.iso.replace(", ", " and "),
        row.flow,
        row.processors,
        if row.outputs_per_processor == 0 { "all".to_owned() } else { row.outputs_per_processor.to_string() },
        row.energy,
        row.latency,
        row.area,
        baseline.nominal,
        beside.latency,
        beside.area,
    )
}
