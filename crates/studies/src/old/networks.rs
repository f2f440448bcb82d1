//! Every network on both systems: energy, latency, arrays, area and their products.

use digital::{MacArray, ZeroWeights};
use rtm_ap::{ProcessorParameters, chip_area, cost};
use tables::{Column, Schema, Table, Value};
use technology::{Parameters, Quantity};

use super::Outcome;
use super::costs::{CROSSBAR, PROCESSOR, microjoules, milliseconds};
use super::drawn_weights::{self, DRAWN_WEIGHTS};
use super::expectation::{self, EXPECTATIONS};
use crate::error::RunError;
use crate::manifest::{
    CrossbarPoint, Flow, Manifest, MatchingCrossbar, NetworkPoint, NetworksStudy, WeightPrecision,
};
use crate::models::{Models, crossbar_report, weight_sparsity};
use crate::progress::Progress;
use crate::stages::run::MachineRun;

/// Networks on systems.
pub static NETWORKS: Schema = Schema::new(
    "networks",
    "What one image of every network costs on every system, at nominal parameters.",
    &[
        Column::text("network", "Name of the network."),
        Column::integer("activation_bits", "", "Bits of the network's activations, on both systems."),
        Column::real("weight_sparsity", "", "Share of the network's weights that are 0."),
        Column::text("system", "`RTM-AP`, `crossbar` or `digital`."),
        Column::text(
            "configuration",
            "Technology of the RTM-AP, or name of the crossbar or the digital reference.",
        ),
        Column::text("flow", "Name of the way in which the RTM-AP's program was compiled.").optional(),
        Column::text("sharing", "Way of sharing subexpressions.").optional(),
        Column::text("layout", "How words lie in the array.").optional(),
        Column::text("search_model", "How the RTM-AP's searches are charged.").optional(),
        Column::real("energy", "uJ", "Energy for one image, leakage included."),
        Column::real("latency", "ms", "Latency for one image, layer after layer."),
        Column::real("power", "mW", "Energy over latency."),
        Column::real("energy_delay", "uJ ms", "Energy times latency."),
        Column::integer("arrays", "", "Associative processors side by side, subarrays, or arrays of units."),
        Column::real(
            "area",
            "mm2",
            "Area of the arrays with their periphery, the RTM-AP's with its program memory.",
        ),
        Column::real("energy_ratio", "", "Energy of the crossbar over this energy."),
        Column::real("latency_ratio", "", "Latency of the crossbar over this latency."),
    ],
);

/// What others published.
pub static QUOTED: Schema = Schema::new(
    "quoted",
    "Energies that others published for the same kinds of network: told, not compared, as their networks, precisions and nodes differ.",
    &[
        Column::text("name", "Whose."),
        Column::text("network", "Kind of network."),
        Column::real("energy", "uJ", "Energy of one inference."),
        Column::text("mark", "How far it can be trusted."),
        Column::text("source", "Where it comes from."),
    ],
);

/// What one image costs on a system.
#[derive(Clone, Copy)]
struct Costs {
    /// µJ.
    energy: f64,
    /// ms.
    latency: f64,
    arrays: i64,
    /// mm².
    area: f64,
}

pub fn run(
    manifest: &Manifest,
    study: &NetworksStudy,
    models: &Models<'_>,
    progress: &Progress,
) -> Result<Outcome, RunError> {
    let mut table = Table::new(&NETWORKS);
    let mut expectations = Table::new(&EXPECTATIONS);
    let mut summary = Vec::new();
    let bar =
        progress.bar("compiling and executing networks", (study.networks.len() * study.flows.len()) as u64);
    for point in &study.networks {
        let loaded = models.network(&point.network)?;
        let sparsity = weight_sparsity(&loaded.network);
        let bits = loaded.description.activation_bits;
        let crossbar = crossbar_costs(study, point, models, bits, sparsity)?;
        let mut push = |system: &str, configuration: &str, how: [Value; 4], costs: Costs| {
            let [flow, sharing, layout, search_model] = how;
            table.push_row([
                ("network", point.network.as_str().into()),
                ("activation_bits", i64::from(bits).into()),
                ("weight_sparsity", sparsity.into()),
                ("system", system.into()),
                ("configuration", configuration.into()),
                ("flow", flow),
                ("sharing", sharing),
                ("layout", layout),
                ("search_model", search_model),
                ("energy", costs.energy.into()),
                ("latency", costs.latency.into()),
                ("power", (costs.energy / costs.latency).into()),
                ("energy_delay", (costs.energy * costs.latency).into()),
                ("arrays", costs.arrays.into()),
                ("area", costs.area.into()),
                ("energy_ratio", (crossbar.energy / costs.energy).into()),
                ("latency_ratio", (crossbar.latency / costs.latency).into()),
            ])
        };
        let mut ratios = Vec::new();
        let mut overestimates = Vec::new();
        for flow in &study.flows {
            let options = flow.machine.0;
            let run = if study.expected {
                models.expected_run_with_activations(
                    &point.network,
                    options,
                    flow.activations,
                    &point.images,
                )?
            } else {
                models.run_with_activations(&point.network, options, flow.activations, &point.images)?
            };
            if !study.expected {
                overestimates.push(expectation::push(&mut expectations, &point.network, &flow.name, &run)?);
            }
            for technology in &study.technologies {
                for costs in processor_costs(study, flow, technology, models, &run)? {
                    let (model, costs) = costs;
                    let how = [
                        flow.name.as_str().into(),
                        options.sharing.name().into(),
                        options.layout.name().into(),
                        model.into(),
                    ];
                    push(PROCESSOR, technology, how, costs)?;
                    ratios.push(crossbar.energy / costs.energy);
                }
            }
            bar.inc(1);
        }
        let none = || [Value::Missing, Value::Missing, Value::Missing, Value::Missing];
        push(CROSSBAR, &study.crossbar.name, none(), crossbar)?;
        if let Some(digital) = &study.digital {
            push("digital", &digital.name, none(), digital_costs(digital, point, models, bits)?)?;
        }
        let from_programs = match study.expected {
            true => "bits written to tagged rows are expected from the program".into(),
            false => format!(
                "from the program alone, {:+.0} to {:+.0} % more bits are expected in tagged rows than are written",
                100.0 * overestimates.iter().copied().fold(f64::INFINITY, f64::min),
                100.0 * overestimates.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            ),
        };
        summary.push(format!(
            "{}: crossbar {:.4} µJ, {:.4} ms; RTM-AP {:.4} to {:.4} times its energy efficiency; {from_programs}",
            point.network,
            crossbar.energy,
            crossbar.latency,
            ratios.iter().copied().fold(f64::INFINITY, f64::min),
            ratios.iter().copied().fold(0.0, f64::max),
        ));
    }
    bar.finish();
    let mut quoted = Table::new(&QUOTED);
    for point in &study.quoted {
        quoted.push_row([
            ("name", point.name.as_str().into()),
            ("network", point.network.as_str().into()),
            ("energy", point.energy_uj.into()),
            ("mark", point.mark.name().into()),
            ("source", point.source.as_str().into()),
        ])?;
    }
    let (drawn, lines) = match &study.sharing {
        Some(sharing) => drawn_weights::run(sharing, models)?,
        None => (Table::new(&DRAWN_WEIGHTS), Vec::new()),
    };
    summary.extend(lines);
    let figure = if study.as_table {
        figures::network_table(&manifest.title, &table, &quoted)?
    } else if study.expected {
        figures::networks_from_shapes(&manifest.title, &table, &drawn)?
    } else {
        figures::networks(&manifest.title, &table, &quoted)?
    };
    // The table of networks is made from the same runs: once is enough.
    let expectations = (!study.as_table).then_some(expectations);
    let tables =
        [table, quoted, drawn].into_iter().chain(expectations).filter(|table| !table.is_empty()).collect();
    Ok(Outcome { tables, figure, summary })
}

fn digital_costs(
    digital: &MatchingCrossbar,
    point: &NetworkPoint,
    models: &Models<'_>,
    activation_bits: u32,
) -> Result<Costs, RunError> {
    let file = models.digital_technology(&digital.technology, digital.node_nm)?;
    let array = MacArray::new(file.design, &file.parameters)?;
    let layers = models.matrix_layers(&point.network)?;
    let report =
        array.evaluate(&layers, WeightPrecision::Ternary.bits(), activation_bits, ZeroWeights::Computed)?;
    Ok(Costs {
        energy: microjoules(report.energy()),
        latency: milliseconds(report.latency()),
        arrays: 1,
        area: report.area.base() * 1e-6,
    })
}

fn crossbar_costs(
    study: &NetworksStudy,
    point: &NetworkPoint,
    models: &Models<'_>,
    activation_bits: u32,
    sparsity: f64,
) -> Result<Costs, RunError> {
    let crossbar = CrossbarPoint {
        name: study.crossbar.name.clone(),
        technology: study.crossbar.technology.clone(),
        node_nm: study.crossbar.node_nm,
        weights: WeightPrecision::Ternary,
        activation_bits,
        zero_skipping: None,
        gating: None,
    };
    let file = models.crossbar_technology(&crossbar)?;
    let layers = models.crossbar_layers(&point.network, &point.images)?;
    let report = crossbar_report(&file, &crossbar, &layers, sparsity)?;
    Ok(Costs {
        energy: microjoules(report.total_energy()),
        latency: milliseconds(report.latency().total()),
        arrays: report.layers.iter().map(|layer| layer.subarrays as i64).sum(),
        area: report.area.total().base() * 1e-6,
    })
}

/// The costs of a run under every search model, with the models' names.
fn processor_costs(
    study: &NetworksStudy,
    flow: &Flow,
    technology: &str,
    models: &Models<'_>,
    run: &MachineRun,
) -> Result<Vec<(&'static str, Costs)>, RunError> {
    let file = models.processor_technology(technology)?;
    let parameters = ProcessorParameters::resolve(&file.parameters)?;
    let geometry = flow.machine.0.geometry;
    let total = run.total();
    let area = chip_area(total.processors, run.words(), geometry, &parameters).base();
    let costs = study.search_models.iter().map(|&model| {
        let cost = cost(&total, total.processors, geometry, &parameters, model, file.design.padding_rows);
        let costs = Costs {
            energy: microjoules(cost.energy.total()),
            latency: milliseconds(cost.latency),
            arrays: total.processors as i64,
            area: area * 1e-6,
        };
        (model.name(), costs)
    });
    Ok(costs.collect())
}
