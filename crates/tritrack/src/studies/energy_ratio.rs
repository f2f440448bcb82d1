//! The headline: energy of a crossbar over energy of the RTM-AP, for every stated baseline, with the spread that the
//! parameters' ranges leave.

use compiler::Geometry;
use crossbar::Design;
use faults::Stream;
use rand::RngExt;
use rayon::prelude::*;
use rtm_ap::{
    Cost, Events, PaddingRows, ProcessorDesign, ProcessorParameters, SearchModel, cost, processor_area,
};
use tables::{Column, Schema, Table, Value};
use technology::{ParameterSet, Parameters, Quantity, TechnologyFile};

use super::Outcome;
use super::costs::{CROSSBAR, PROCESSOR, microjoules, milliseconds};
use crate::error::RunError;
use crate::manifest::{CrossbarPoint, Manifest, PublishedPoint, RatioStudy};
use crate::models::{Models, crossbar_report, weight_sparsity};
use crate::progress::Progress;

/// Ratios.
pub static RATIOS: Schema = Schema::new(
    "ratios",
    "Energy of a crossbar over energy of the RTM-AP for one image: above 1 the RTM-AP needs less.",
    &[
        Column::text("baseline", "Name of the crossbar."),
        Column::text("origin", "`model`: computed here; `published`: measured or published by others."),
        Column::real("node", "nm", "Technology node of the crossbar."),
        Column::text("weights", "Weights of the crossbar: ternary or 8-bit."),
        Column::integer("activation_bits", "", "Bits of the crossbar's activations."),
        Column::real("baseline_energy", "uJ", "Energy of the crossbar at its nominal parameters."),
        Column::text("technology", "Technology of the RTM-AP."),
        Column::text("search_model", "How the RTM-AP's searches are charged."),
        Column::real("processor_energy", "uJ", "Energy of the RTM-AP at its nominal parameters."),
        Column::real("ratio", "", "Ratio at the nominal parameters."),
        Column::real("ratio_p05", "", "5 % point over draws from both sides' ranges."),
        Column::real("ratio_p50", "", "Median over the draws."),
        Column::real("ratio_p95", "", "95 % point over the draws."),
        Column::real("reaches_claim", "", "Share of the draws in which the ratio reaches the claim."),
        Column::text("source", "Where the baseline's energy comes from."),
    ],
);

/// Systems.
pub static SYSTEMS: Schema = Schema::new(
    "systems",
    "What stands beside the energy: latency, power, area and arrays of every system at its nominal parameters.",
    &[
        Column::text("system", "`RTM-AP` or `crossbar`."),
        Column::text("configuration", "Technology of the RTM-AP, or name of the crossbar."),
        Column::text("search_model", "How the RTM-AP's searches are charged.").optional(),
        Column::real("energy", "uJ", "Energy for one image."),
        Column::real("latency", "ms", "Latency for one image, layer after layer."),
        Column::real("power", "mW", "Energy over latency."),
        Column::real(
            "area",
            "mm2",
            "Area of the arrays with their periphery, the RTM-AP's with its program memory.",
        ),
        Column::integer("arrays", "", "Associative processors side by side, or subarrays."),
        Column::integer("program_bytes", "B", "Size of the RTM-AP's program, 8 bytes a word.").optional(),
    ],
);

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

/// A baseline and its energies, µJ.
struct Baseline {
    name: String,
    origin: &'static str,
    node: f64,
    weights: &'static str,
    activation_bits: u32,
    nominal: f64,
    /// One for each draw; a published energy has no spread of its own.
    drawn: Vec<f64>,
    source: String,
}

/// The RTM-AP under one technology and search model, µJ.
struct Processor {
    technology: String,
    model: SearchModel,
    nominal: f64,
    drawn: Vec<f64>,
}

pub fn run(
    manifest: &Manifest,
    study: &RatioStudy,
    models: &Models<'_>,
    progress: &Progress,
) -> Result<Outcome, RunError> {
    let bar = progress.spinner("compiling and executing the network");
    let run = models.run(&study.network, study.machine.0, &study.images)?;
    bar.finish();
    let total = run.total();
    let words = run.words();

    let points = study.technologies.len() + study.crossbars.len();
    let bar = progress.bar("drawing parameters", points as u64);
    let mut systems = Table::new(&SYSTEMS);
    let mut processors = Vec::new();
    for technology in &study.technologies {
        let file = models.processor_technology(technology)?;
        let parameters = ProcessorParameters::resolve(&file.parameters)?;
        let geometry = study.machine.0.geometry;
        let sets = drawn_sets(&file.parameters, manifest.seed, study.draws);
        for &model in &study.search_models {
            let nominal =
                cost(&total, total.processors, geometry, &parameters, model, file.design.padding_rows);
            let area = (processor_area(geometry, &parameters) * total.processors as f64).base()
                + parameters.program_bit_area.base() * 64.0 * words as f64;
            push_processor(&mut systems, technology, model, &nominal, area, &total, words)?;
            processors.push(Processor {
                technology: technology.clone(),
                model,
                nominal: microjoules(nominal.energy.total()),
                drawn: drawn_processor(&sets, &total, geometry, &file, model)?,
            });
        }
        bar.inc(1);
    }

    let layers = models.crossbar_layers(&study.network, &study.images)?;
    let sparsity = weight_sparsity(run.machine.network());
    let mut baselines = Vec::new();
    for point in &study.crossbars {
        let file = models.crossbar_technology(point)?;
        let report = crossbar_report(&file, point, &layers, sparsity)?;
        let (energy, latency) = (report.total_energy(), report.latency().total());
        systems.push_row([
            ("system", CROSSBAR.into()),
            ("configuration", point.name.as_str().into()),
            ("search_model", Value::Missing),
            ("energy", microjoules(energy).into()),
            ("latency", milliseconds(latency).into()),
            ("power", (energy / latency).base().into()),
            ("area", (report.area.total().base() * 1e-6).into()),
            ("arrays", (report.layers.iter().map(|layer| layer.subarrays as i64).sum::<i64>()).into()),
            ("program_bytes", Value::Missing),
        ])?;
        let drawn = drawn_sets(&file.parameters, manifest.seed, study.draws)
            .par_iter()
            .map(|set| {
                let drawn = TechnologyFile::<Design> { parameters: set.clone(), ..file.clone() };
                Ok(microjoules(crossbar_report(&drawn, point, &layers, sparsity)?.total_energy()))
            })
            .collect::<Result<Vec<f64>, RunError>>()?;
        baselines.push(modelled(point, &file, microjoules(energy), drawn));
        bar.inc(1);
    }
    for point in &study.published {
        baselines.push(published(point, models)?);
    }
    bar.finish();

    let mut ratios = Table::new(&RATIOS);
    let mut points = Vec::new();
    for baseline in &baselines {
        for processor in &processors {
            points.push(push_ratio(&mut ratios, baseline, processor, study.claimed_ratio)?);
        }
    }
    let mut summary = summary(study, &points, &systems)?;
    let flows = flows(manifest, study, models, &baselines, &mut summary)?;
    let headline = &study.headline;
    let focus = figures::RatioFocus {
        claimed: study.claimed_ratio,
        baseline: &headline.baseline,
        technology: &headline.technology,
    };
    let figure = figures::energy_ratio(&manifest.title, focus, &ratios, &systems, &flows)?;
    Ok(Outcome { tables: vec![ratios, systems, flows], figure, summary })
}

/// Every way to compile against the headline's baseline.
fn flows(
    manifest: &Manifest,
    study: &RatioStudy,
    models: &Models<'_>,
    baselines: &[Baseline],
    summary: &mut Vec<String>,
) -> Result<Table, RunError> {
    let mut table = Table::new(&FLOWS);
    let headline = &study.headline;
    let Some(baseline) = baselines.iter().find(|baseline| baseline.name == headline.baseline) else {
        return Ok(table);
    };
    let file = models.processor_technology(&headline.technology)?;
    let parameters = ProcessorParameters::resolve(&file.parameters)?;
    let sets = drawn_sets(&file.parameters, manifest.seed, study.draws);
    for flow in &study.flows {
        let options = flow.machine.0;
        let run = models.run_with_activations(&study.network, options, flow.activations, &study.images)?;
        let total = run.total();
        let statistics = || run.machine.layers().iter().map(|layer| layer.compiled().statistics);
        for &model in &study.search_models {
            let padding = file.design.padding_rows;
            let nominal = cost(&total, total.processors, options.geometry, &parameters, model, padding);
            let energy = microjoules(nominal.energy.total());
            let drawn = drawn_processor(&sets, &total, options.geometry, &file, model)?;
            let spread = Spread::of(baseline, &drawn, study.claimed_ratio);
            table.push_row([
                ("flow", flow.name.as_str().into()),
                ("sharing", options.sharing.name().into()),
                ("layout", options.layout.name().into()),
                ("activations", flow.activations.name().into()),
                ("search_model", model.name().into()),
                ("operations", (statistics().map(|s| s.operations() as i64).sum::<i64>()).into()),
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

/// Ratios over the draws.
struct Spread {
    low: f64,
    median: f64,
    high: f64,
    /// The share of draws in which the ratio reaches the claim.
    reaches: f64,
}

impl Spread {
    fn of(baseline: &Baseline, drawn: &[f64], claimed: f64) -> Self {
        let mut ratios: Vec<f64> = drawn
            .iter()
            .enumerate()
            .map(|(draw, energy)| baseline.drawn.get(draw).unwrap_or(&baseline.nominal) / energy)
            .collect();
        ratios.sort_by(f64::total_cmp);
        let at = |share: f64| ratios[(share * (ratios.len() - 1) as f64).round() as usize];
        let reaches = ratios.iter().filter(|&&ratio| ratio >= claimed).count() as f64 / ratios.len() as f64;
        Self { low: at(0.05), median: at(0.5), high: at(0.95), reaches }
    }
}

/// Parameter sets drawn from their ranges: draw `i` of a technology is the same in every experiment with the seed.
fn drawn_sets(parameters: &ParameterSet, seed: u64, draws: u64) -> Vec<ParameterSet> {
    let name = blake3::hash(parameters.technology().as_bytes());
    let mut stage = [0; 8];
    stage.copy_from_slice(&name.as_bytes()[..8]);
    let stage = u64::from_le_bytes(stage);
    (0..draws)
        .into_par_iter()
        .map(|trial| {
            let mut generator = Stream { seed, stage, trial, unit: 0 }.generator();
            parameters.at_quantiles(|_| generator.random())
        })
        .collect()
}

fn drawn_processor(
    sets: &[ParameterSet],
    events: &Events,
    geometry: Geometry,
    file: &TechnologyFile<ProcessorDesign>,
    model: SearchModel,
) -> Result<Vec<f64>, RunError> {
    let padding: PaddingRows = file.design.padding_rows;
    sets.par_iter()
        .map(|set| {
            let parameters = ProcessorParameters::resolve(set)?;
            Ok(microjoules(
                cost(events, events.processors, geometry, &parameters, model, padding).energy.total(),
            ))
        })
        .collect()
}

fn modelled(point: &CrossbarPoint, file: &TechnologyFile<Design>, nominal: f64, drawn: Vec<f64>) -> Baseline {
    Baseline {
        name: point.name.clone(),
        origin: "model",
        node: file.design.node_nm,
        weights: point.weights.name(),
        activation_bits: point.activation_bits,
        nominal,
        drawn,
        source: format!("crossbar model, technology {}", file.name),
    }
}

fn published(point: &PublishedPoint, models: &Models<'_>) -> Result<Baseline, RunError> {
    let nominal = match (&point.energy_uj, &point.measured_case) {
        (Some(energy), _) => *energy,
        (None, Some(case)) => {
            let file = models.reference("neurosim/measured.csv")?;
            microjoules(crossbar::validation::measured_total(&file.with_file_name(""), case)?)
        }
        (None, None) => f64::NAN,
    };
    Ok(Baseline {
        name: point.name.clone(),
        origin: "published",
        node: point.node_nm,
        weights: point.weights.name(),
        activation_bits: point.activation_bits,
        nominal,
        drawn: Vec::new(),
        source: point.source.clone(),
    })
}

/// A row of the table, as far as the summary needs it.
struct Point {
    baseline: String,
    technology: String,
    model: SearchModel,
    ratio: f64,
    low: f64,
    median: f64,
    high: f64,
    reaches: f64,
    baseline_energy: f64,
    processor_energy: f64,
}

fn push_ratio(
    table: &mut Table,
    baseline: &Baseline,
    processor: &Processor,
    claimed: f64,
) -> Result<Point, RunError> {
    let spread = Spread::of(baseline, &processor.drawn, claimed);
    let point = Point {
        baseline: baseline.name.clone(),
        technology: processor.technology.clone(),
        model: processor.model,
        ratio: baseline.nominal / processor.nominal,
        low: spread.low,
        median: spread.median,
        high: spread.high,
        reaches: spread.reaches,
        baseline_energy: baseline.nominal,
        processor_energy: processor.nominal,
    };
    table.push_row([
        ("baseline", baseline.name.as_str().into()),
        ("origin", baseline.origin.into()),
        ("node", baseline.node.into()),
        ("weights", baseline.weights.into()),
        ("activation_bits", i64::from(baseline.activation_bits).into()),
        ("baseline_energy", baseline.nominal.into()),
        ("technology", processor.technology.as_str().into()),
        ("search_model", processor.model.name().into()),
        ("processor_energy", processor.nominal.into()),
        ("ratio", point.ratio.into()),
        ("ratio_p05", point.low.into()),
        ("ratio_p50", point.median.into()),
        ("ratio_p95", point.high.into()),
        ("reaches_claim", spread.reaches.into()),
        ("source", baseline.source.as_str().into()),
    ])?;
    Ok(point)
}

fn push_processor(
    table: &mut Table,
    technology: &str,
    model: SearchModel,
    cost: &Cost,
    area: f64,
    events: &Events,
    words: usize,
) -> Result<(), RunError> {
    table.push_row([
        ("system", PROCESSOR.into()),
        ("configuration", technology.into()),
        ("search_model", model.name().into()),
        ("energy", microjoules(cost.energy.total()).into()),
        ("latency", milliseconds(cost.latency).into()),
        ("power", cost.power().base().into()),
        ("area", (area * 1e-6).into()),
        ("arrays", (events.processors as i64).into()),
        ("program_bytes", (8 * words as i64).into()),
    ])?;
    Ok(())
}

fn summary(study: &RatioStudy, points: &[Point], systems: &Table) -> Result<Vec<String>, RunError> {
    let mut lines = Vec::new();
    let headline = &study.headline;
    let claimed = study.claimed_ratio;
    let chosen = points.iter().find(|point| {
        point.baseline == headline.baseline
            && point.technology == headline.technology
            && point.model == headline.search_model
    });
    if let Some(p) = chosen {
        let (energies, latencies, areas, arrays) = (
            systems.text("configuration")?,
            systems.real("latency")?,
            systems.real("area")?,
            systems.integer("arrays")?,
        );
        let row = energies.iter().position(|name| name == &headline.technology).unwrap_or(0);
        lines.push(format!(
            "measured: {:.4} x the energy efficiency of {} ({:.4} µJ against {:.4} µJ; 5-95 %: {:.4} to {:.4}), technology {}, \
             search {}",
            p.ratio,
            p.baseline,
            p.baseline_energy,
            p.processor_energy,
            p.low,
            p.high,
            p.technology,
            p.model.name(),
        ));
        lines.push(format!(
            "at a latency of {:.4} ms, {:.4} mm2 and {} associative processors",
            latencies[row], areas[row], arrays[row]
        ));
    }
    let reached: Vec<&Point> = points.iter().filter(|point| point.ratio >= claimed).collect();
    let best = points.iter().max_by(|a, b| a.ratio.total_cmp(&b.ratio));
    let verdict = if reached.len() == points.len() {
        "reproduced against every stated baseline".to_owned()
    } else if reached.is_empty() {
        "not reproduced against any stated baseline".to_owned()
    } else {
        format!("reproduced at {} of {} points only", reached.len(), points.len())
    };
    lines.push(format!("claim: {claimed} x; verdict: {verdict}"));
    if let Some(best) = best {
        lines.push(format!(
            "highest ratio: {:.4} (median {:.4}) against {}, technology {}, search {}; {:.2} % of its draws reach the claim",
            best.ratio,
            best.median,
            best.baseline,
            best.technology,
            best.model.name(),
            100.0 * best.reaches,
        ));
    }
    Ok(lines)
}
