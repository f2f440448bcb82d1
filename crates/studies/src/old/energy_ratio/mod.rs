//! The headline: energy of a crossbar over energy of the RTM-AP at the same node, for every stated baseline, with the spread that the
//! parameters' ranges leave.

pub mod break_even;
pub mod flows;
pub mod replication;

use compiler::Geometry;
use crossbar::Design;
use digital::MacArray;
use rayon::prelude::*;
use rtm_ap::{Cost, Events, ProcessorDesign, ProcessorParameters, SearchModel, chip_area, cost};
use tables::{Column, Schema, Table, Value};
use technology::{ParameterSet, Prior, Quantity, TechnologyFile};

use super::Outcome;
use super::costs::{CROSSBAR, PROCESSOR, microjoules, milliseconds};
use super::draws::{Spread, drawn, drawn_processors};
use crate::error::RunError;
use crate::manifest::{CrossbarPoint, DigitalPoint, Manifest, PublishedPoint, RatioStudy};
use crate::models::{Models, crossbar_report, weight_sparsity};
use crate::progress::Progress;
use crate::stages::run::MachineRun;

/// The name of the digital reference in tables.
const DIGITAL: &str = "digital";

/// Ratios.
pub static RATIOS: Schema = Schema::new(
    "ratios",
    "Energy of a crossbar, or of the digital reference, over energy of the RTM-AP at the same node for one image: above 1 the \
     RTM-AP needs less.",
    &[
        Column::text("baseline", "Name of the baseline."),
        Column::text(
            "origin",
            "`model`: the crossbar model; `digital`: the digital reference; `published`: measured or published by others.",
        ),
        Column::real("node", "nm", "Technology node of both systems."),
        Column::text("weights", "Weights of the baseline: ternary or 8-bit."),
        Column::integer("activation_bits", "", "Bits of the baseline's activations."),
        Column::real("baseline_energy", "uJ", "Energy of the baseline at its nominal parameters."),
        Column::text("technology", "Technology of the RTM-AP."),
        Column::text("search_model", "How the RTM-AP's searches are charged."),
        Column::real("processor_energy", "uJ", "Energy of the RTM-AP at its nominal parameters."),
        Column::real("ratio", "", "Ratio at the nominal parameters."),
        Column::text(
            "prior",
            "How parameters are drawn from their ranges: `flat`, every place as likely; `peaked`, the middle likeliest.",
        ),
        Column::real(
            "ratio_p05",
            "",
            "5 % point over draws from both sides' ranges, what they share drawn once.",
        ),
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
        Column::text("system", "`RTM-AP`, `crossbar` or `digital`."),
        Column::text("configuration", "Technology of the RTM-AP, or name of the baseline."),
        Column::text("search_model", "How the RTM-AP's searches are charged.").optional(),
        Column::real("node", "nm", "Technology node."),
        Column::real("energy", "uJ", "Energy for one image."),
        Column::real("latency", "ms", "Latency for one image, layer after layer."),
        Column::real("power", "mW", "Energy over latency."),
        Column::real(
            "area",
            "mm2",
            "Area of the arrays with their periphery, the RTM-AP's with its program memory.",
        ),
        Column::integer("arrays", "", "Associative processors side by side, subarrays, or arrays of units."),
        Column::integer("program_bytes", "B", "Size of the RTM-AP's program, 8 bytes a word.").optional(),
    ],
);

/// A baseline and its energies, µJ.
pub(super) struct Baseline {
    name: String,
    origin: &'static str,
    node: f64,
    weights: &'static str,
    activation_bits: u32,
    nominal: f64,
    /// For each prior, one energy for each draw; a published energy has no spread of its own.
    drawn: Vec<Vec<f64>>,
    source: String,
    /// Latency, ms, area, mm², and arrays, where the baseline was computed here.
    beside: Option<(f64, f64, i64)>,
}

/// The RTM-AP under one technology and search model at one node, µJ.
struct Processor {
    technology: String,
    model: SearchModel,
    node: f64,
    nominal: f64,
    /// For each prior.
    drawn: Vec<Vec<f64>>,
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
    let mut systems = Table::new(&SYSTEMS);
    let steps = study.crossbars.len() + study.digital.len();
    let bar = progress.bar("drawing the baselines' parameters", steps as u64);
    let baselines = baselines(manifest, study, models, &run, &mut systems, &bar)?;
    bar.finish();
    let mut nodes: Vec<f64> = baselines.iter().map(|baseline| baseline.node).collect();
    nodes.sort_by(f64::total_cmp);
    nodes.dedup();
    let steps = study.technologies.len() * nodes.len();
    let bar = progress.bar("drawing the processors' parameters", steps as u64);
    let processors = processors(manifest, study, models, &run, &nodes, &mut systems, &bar)?;
    bar.finish();

    let mut ratios = Table::new(&RATIOS);
    let mut points = Vec::new();
    for baseline in &baselines {
        for processor in processors.iter().filter(|processor| processor.node == baseline.node) {
            for (index, &prior) in study.priors.iter().enumerate() {
                points.push(push_ratio(
                    &mut ratios,
                    baseline,
                    processor,
                    (index, prior),
                    study.claimed_ratio,
                )?);
            }
        }
    }
    let mut summary = summary(study, &points, &systems)?;
    let headline = baselines.iter().find(|baseline| baseline.name == study.headline.baseline);
    let of_headline = Context { manifest, study, models, baseline: headline };
    let bar = progress.spinner("compiling in other ways");
    let flows = flows::flows(&of_headline, &mut summary)?;
    bar.finish();
    let bar = progress.spinner("splitting outputs over more processors");
    let replication = replication::replication(&of_headline, &mut summary)?;
    bar.finish();
    let break_even = break_even::break_even(&of_headline, &mut summary)?;
    let focus = figures::RatioFocus {
        claimed: study.claimed_ratio,
        baseline: &study.headline.baseline,
        technology: &study.headline.technology,
        search_model: study.headline.search_model.name(),
    };
    let points: Vec<figures::NamedPoint> = study.break_even.iter().flat_map(break_even::points).collect();
    let tables = figures::RatioTables {
        ratios: &ratios,
        systems: &systems,
        flows: &flows,
        replication: &replication,
        break_even: &break_even,
    };
    let figure = figures::energy_ratio(&manifest.title, focus, tables, &points)?;
    let mut tables = vec![ratios, systems, flows];
    // What the manifest does not ask for leaves no file.
    tables.extend([replication, break_even].into_iter().filter(|table| !table.is_empty()));
    Ok(Outcome { tables, figure, summary })
}

/// What the parts of the study that stand on the headline's baseline share.
struct Context<'a> {
    manifest: &'a Manifest,
    study: &'a RatioStudy,
    models: &'a Models<'a>,
    baseline: Option<&'a Baseline>,
}

fn baselines(
    manifest: &Manifest,
    study: &RatioStudy,
    models: &Models<'_>,
    run: &MachineRun,
    systems: &mut Table,
    bar: &indicatif::ProgressBar,
) -> Result<Vec<Baseline>, RunError> {
    let layers = models.crossbar_layers(&study.network, &study.images)?;
    let sparsity = weight_sparsity(run.network());
    let draws = |energy: &(dyn Fn(Prior, u64) -> Result<f64, RunError> + Sync)| {
        let of_prior = |&prior: &Prior| {
            (0..study.draws)
                .into_par_iter()
                .map(|trial| energy(prior, trial))
                .collect::<Result<Vec<f64>, _>>()
        };
        study.priors.iter().map(of_prior).collect::<Result<Vec<_>, RunError>>()
    };
    let mut baselines = Vec::new();
    for point in &study.crossbars {
        let file = models.crossbar_technology(point)?;
        let report = crossbar_report(&file, point, &layers, sparsity)?;
        let arrays = report.layers.iter().map(|layer| layer.subarrays as i64).sum();
        let mut baseline = modelled(point, &file, microjoules(report.total_energy()));
        baseline.beside =
            Some((milliseconds(report.latency().total()), report.area.total().base() * 1e-6, arrays));
        baseline.drawn = draws(&|prior, trial| {
            let parameters = drawn(&file.parameters, prior, manifest.seed, trial);
            let drawn = TechnologyFile::<Design> {
                name: String::new(),
                title: String::new(),
                design: file.design,
                parameters,
            };
            Ok(microjoules(crossbar_report(&drawn, point, &layers, sparsity)?.total_energy()))
        })?;
        push_baseline(systems, CROSSBAR, &baseline)?;
        baselines.push(baseline);
        bar.inc(1);
    }
    for point in &study.digital {
        let file = models.digital_technology(&point.technology, point.node_nm)?;
        let layers = models.matrix_layers(&study.network)?;
        let bits = (point.weights.bits(), point.activation_bits);
        let evaluate = |parameters: &ParameterSet| -> Result<digital::DigitalReport, RunError> {
            let array = MacArray::new(file.design, parameters)?;
            Ok(array.evaluate(&layers, bits.0, bits.1, point.zero_weights.into())?)
        };
        let report = evaluate(&file.parameters)?;
        let mut baseline = digital_baseline(point, file.design.node_nm, microjoules(report.energy()));
        baseline.beside = Some((milliseconds(report.latency()), report.area.base() * 1e-6, 1));
        baseline.drawn = draws(&|prior, trial| {
            Ok(microjoules(evaluate(&drawn(&file.parameters, prior, manifest.seed, trial))?.energy()))
        })?;
        push_baseline(systems, DIGITAL, &baseline)?;
        baselines.push(baseline);
        bar.inc(1);
    }
    for point in &study.published {
        baselines.push(published(point, models)?);
    }
    Ok(baselines)
}

fn processors(
    manifest: &Manifest,
    study: &RatioStudy,
    models: &Models<'_>,
    run: &MachineRun,
    nodes: &[f64],
    systems: &mut Table,
    bar: &indicatif::ProgressBar,
) -> Result<Vec<Processor>, RunError> {
    let (total, words, geometry) = (run.total(), run.words(), study.machine.0.geometry);
    let mut processors = Vec::new();
    for technology in &study.technologies {
        let file = models.processor_technology(technology)?;
        for &node in nodes {
            let parameters = ProcessorParameters::varied(&file.parameters, node)?;
            let sets = (study.priors.iter())
                .map(|&prior| drawn_processors(&file, node, prior, manifest.seed, study.draws))
                .collect::<Result<Vec<_>, _>>()?;
            for &model in &study.search_models {
                let padding = file.design.padding_rows;
                let nominal = cost(&total, total.processors, geometry, &parameters, model, padding);
                let area = chip_area(total.processors, words, geometry, &parameters).base();
                if node == file.design.node_nm {
                    push_processor(systems, (technology, node), model, &nominal, area, &total, words)?;
                }
                processors.push(Processor {
                    technology: technology.clone(),
                    model,
                    node,
                    nominal: microjoules(nominal.energy.total()),
                    drawn: sets
                        .iter()
                        .map(|set| drawn_energies(set, &total, geometry, &file, model))
                        .collect(),
                });
            }
            bar.inc(1);
        }
    }
    Ok(processors)
}

/// The energy of events under each draw, µJ.
fn drawn_energies(
    sets: &[ProcessorParameters],
    events: &Events,
    geometry: Geometry,
    file: &TechnologyFile<ProcessorDesign>,
    model: SearchModel,
) -> Vec<f64> {
    let energy = |parameters: &ProcessorParameters| {
        let padding = file.design.padding_rows;
        microjoules(cost(events, events.processors, geometry, parameters, model, padding).energy.total())
    };
    sets.par_iter().map(energy).collect()
}

fn modelled(point: &CrossbarPoint, file: &TechnologyFile<Design>, nominal: f64) -> Baseline {
    Baseline {
        name: point.name.clone(),
        origin: "model",
        node: file.design.node_nm,
        weights: point.weights.name(),
        activation_bits: point.activation_bits,
        nominal,
        drawn: Vec::new(),
        source: format!("crossbar model, technology {}", file.name),
        beside: None,
    }
}

fn digital_baseline(point: &DigitalPoint, node: f64, nominal: f64) -> Baseline {
    Baseline {
        name: point.name.clone(),
        origin: DIGITAL,
        node,
        weights: point.weights.name(),
        activation_bits: point.activation_bits,
        nominal,
        drawn: Vec::new(),
        source: format!("model of a digital array, technology {}", point.technology),
        beside: None,
    }
}

fn push_baseline(table: &mut Table, system: &str, baseline: &Baseline) -> Result<(), RunError> {
    let Some((latency, area, arrays)) = baseline.beside else { return Ok(()) };
    table.push_row([
        ("system", system.into()),
        ("configuration", baseline.name.as_str().into()),
        ("search_model", Value::Missing),
        ("node", baseline.node.into()),
        ("energy", baseline.nominal.into()),
        ("latency", latency.into()),
        // µJ over ms are mW.
        ("power", (baseline.nominal / latency).into()),
        ("area", area.into()),
        ("arrays", arrays.into()),
        ("program_bytes", Value::Missing),
    ])?;
    Ok(())
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
        beside: None,
    })
}

/// A row of the table, as far as the summary needs it.
struct Point {
    baseline: String,
    technology: String,
    model: SearchModel,
    prior: Prior,
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
    (index, prior): (usize, Prior),
    claimed: f64,
) -> Result<Point, RunError> {
    let of_prior = |drawn: &'_ [Vec<f64>]| drawn.get(index).cloned().unwrap_or_default();
    let (above, below) = (of_prior(&baseline.drawn), of_prior(&processor.drawn));
    let spread = Spread::of_ratios(baseline.nominal, &above, &below, claimed);
    let point = Point {
        baseline: baseline.name.clone(),
        technology: processor.technology.clone(),
        model: processor.model,
        prior,
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
        ("prior", prior.name().into()),
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
    (technology, node): (&str, f64),
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
        ("node", node.into()),
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
    for p in points.iter().filter(|point| {
        point.baseline == headline.baseline
            && point.technology == headline.technology
            && point.model == headline.search_model
    }) {
        lines.push(format!(
            "{} prior: median {:.4} x, 5-95 % {:.4} to {:.4}; {:.2} % of the draws reach {claimed} x",
            p.prior.name(),
            p.median,
            p.low,
            p.high,
            100.0 * p.reaches
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
