//! Arrays of many shapes: what rows, columns, domains, layout, sharing and splitting do to energy, latency and area, on networks of
//! several sparsities and bits of activation.
//!
//! Nothing is executed: a network is compiled for every shape, the programs are counted, and bits written to tagged rows are
//! expected from the images' share of set bits. Programs do not depend on the rows of an array, so those cost no compilation.

use std::sync::Arc;

use compiler::{Geometry, Options};
use network::Network;
use rayon::prelude::*;
use rtm_ap::{Events, Machine, ProcessorDesign, ProcessorParameters, SearchModel, chip_area, cost};
use tables::{Column, Schema, Table};
use technology::{ParameterSet, Quantity, TechnologyFile};

use super::Outcome;
use super::costs::{microjoules, milliseconds};
use crate::error::RunError;
use crate::manifest::{DesignSpaceStudy, Manifest, SpaceNetwork};
use crate::models::{Models, set_bit_shares, share_of, weight_sparsity, weights_digest};
use crate::progress::Progress;
use crate::stages::cache::{Key, Kind};

/// Points of the space.
pub static POINTS: Schema = Schema::new(
    "points",
    "Energy, latency and area of a network on arrays of many shapes, at nominal parameters, from programs alone.",
    &[
        Column::text("network", "Name of the network."),
        Column::text(
            "weights",
            "`trained`: the network's own; `thresholded`: float weights made ternary at another sparsity and not trained again.",
        ),
        Column::real("weight_sparsity", "", "Share of the network's weights that are 0."),
        Column::integer("activation_bits", "", "Bits of the network's activations."),
        Column::integer("rows", "", "Rows of an array."),
        Column::integer("columns", "", "Columns of an array."),
        Column::integer("domains", "", "Domains of a track."),
        Column::text("way", "Name of the way to compile."),
        Column::text("sharing", "Way of sharing subexpressions."),
        Column::text("layout", "How words lie in the array."),
        Column::integer(
            "outputs_per_processor",
            "",
            "The most outputs that one processor computes; 0 for as many as fit.",
        ),
        Column::text("technology", "Technology of the RTM-AP."),
        Column::text("search_model", "How searches are charged."),
        Column::integer("processors", "", "Associative processors installed."),
        Column::real("energy", "uJ", "Energy for one image."),
        Column::real("latency", "ms", "Latency for one image, layer after layer."),
        Column::real("area", "mm2", "Area of the processors with the program memory."),
        Column::flag(
            "front",
            "Whether no point of the same network, technology and search model is as good in energy, latency and area and better in one.",
        ),
    ],
);

/// A compiled shape with the events on each number of rows.
struct Compiled {
    columns: u64,
    domains: u64,
    way: usize,
    words: usize,
    /// In the order of the study's rows.
    events: Vec<Vec<Events>>,
}

/// A point, without what its shape says.
struct Point {
    compiled: usize,
    rows: usize,
    technology: usize,
    model: SearchModel,
    processors: u64,
    energy: f64,
    latency: f64,
    area: f64,
}

impl Point {
    fn goals(&self) -> [f64; 3] {
        [self.energy, self.latency, self.area]
    }
}

pub fn run(
    manifest: &Manifest,
    study: &DesignSpaceStudy,
    models: &Models<'_>,
    progress: &Progress,
) -> Result<Outcome, RunError> {
    let mut table = Table::new(&POINTS);
    let mut summary = Vec::new();
    let shapes = study.columns.len() * study.domains.len() * study.ways.len();
    let bar = progress.bar("compiling for arrays of many shapes", (study.networks.len() * shapes) as u64);
    let mut refused = 0;
    for point in &study.networks {
        let network = match &point.thresholded {
            Some(thresholded) => models.thresholded(&point.network, thresholded)?,
            None => Arc::clone(&models.network(&point.network)?.network),
        };
        let (compiled, not_compiled) = compile(study, (point, &network), models, &bar)?;
        refused += not_compiled * study.rows.len();
        let points = price(study, models, &compiled)?;
        let fronts = fronts(&points);
        let bits = models.network(&point.network)?.description.activation_bits;
        push(&mut table, study, (point, &network, bits), (&compiled, &points, &fronts))?;
        let best = |goal: usize| {
            points.iter().min_by(|a, b| a.goals()[goal].total_cmp(&b.goals()[goal])).map(|best| {
                let shape = &compiled[best.compiled];
                format!(
                    "{} x {} x {}, {}: {:.4} µJ, {:.4} ms, {:.4} mm2",
                    study.rows[best.rows],
                    shape.columns,
                    shape.domains,
                    study.ways[shape.way].name,
                    best.energy,
                    best.latency,
                    best.area
                )
            })
        };
        summary.push(format!(
            "{}, {:.1} % zeros: {} points, {} on the front; least energy {}",
            point.network,
            100.0 * weight_sparsity(&network),
            points.len(),
            fronts.iter().filter(|&&on| on).count(),
            best(0).unwrap_or_default()
        ));
    }
    bar.finish();
    summary.push(format!("{} points in all; {refused} shapes were too small for a layer", table.rows()));
    let focus = figures::SpaceFocus {
        technology: study.technologies.first().map_or("", String::as_str),
        search_model: study.search_models.first().map_or("", |model| model.name()),
    };
    let figure = figures::design_space(&manifest.title, focus, &table)?;
    Ok(Outcome { tables: vec![table], figure, summary })
}

/// Compiles a network for every shape; gives also how many shapes were too small.
fn compile(
    study: &DesignSpaceStudy,
    (point, network): (&SpaceNetwork, &Arc<Network>),
    models: &Models<'_>,
    bar: &indicatif::ProgressBar,
) -> Result<(Vec<Compiled>, usize), RunError> {
    let loaded = models.network(&point.network)?;
    let images = models.images(&loaded, &point.images)?;
    let shares = set_bit_shares(network, &images)?;
    // What a threshold makes of the weights does not stand in the network's files.
    let weights = weights_digest(network);
    let mut shapes: Vec<(u64, u64, usize, Options, Key)> = Vec::new();
    let first_rows = study.rows.first().copied().unwrap_or(1);
    for &columns in &study.columns {
        for &domains in &study.domains {
            for (way, chosen) in study.ways.iter().enumerate() {
                let geometry = Geometry::new(first_rows, columns, domains)
                    .map_err(|error| RunError::Argument { message: format!("design_space: {error}") })?;
                let options = Options {
                    geometry,
                    sharing: chosen.sharing,
                    layout: chosen.layout,
                    outputs_per_processor: chosen.outputs_per_processor,
                };
                let more = [weights.clone(), format!("{options:?} {:?}", study.rows)];
                let key = models.stage_key(Kind::ArrayShape, &loaded, &images, &more);
                shapes.push((columns, domains, way, options, key));
            }
        }
    }
    let stages = models.stages();
    let of_shape = |(columns, domains, way, options, key): &(u64, u64, usize, Options, Key)| {
        let found = stages.get_or_compute(key, || {
            let compiled = Machine::compile(Arc::clone(network), options).ok();
            Ok(compiled.map(|machine| {
                let events =
                    machine.expected_events_on(&study.rows, |layer, bit| share_of(&shares, layer, bit));
                (machine.program_words(), events)
            }))
        })?;
        bar.inc(1);
        Ok::<_, RunError>(found.map(|(words, events)| Compiled {
            columns: *columns,
            domains: *domains,
            way: *way,
            words,
            events,
        }))
    };
    let compiled = shapes.par_iter().map(of_shape).collect::<Result<Vec<_>, _>>()?;
    let all = compiled.len();
    let compiled: Vec<Compiled> = compiled.into_iter().flatten().collect();
    let refused = all - compiled.len();
    Ok((compiled, refused))
}

fn price(
    study: &DesignSpaceStudy,
    models: &Models<'_>,
    compiled: &[Compiled],
) -> Result<Vec<Point>, RunError> {
    let mut points = Vec::new();
    for (technology, name) in study.technologies.iter().enumerate() {
        let file = models.processor_technology(name)?;
        for (index, shape) in compiled.iter().enumerate() {
            let parameters = parameters(&file, shape.domains)?;
            for (rows, events) in shape.events.iter().enumerate() {
                let geometry = Geometry::new(study.rows[rows], shape.columns, shape.domains)
                    .map_err(|error| RunError::Argument { message: format!("design_space: {error}") })?;
                let mut total = Events::default();
                events.iter().for_each(|layer| total += *layer);
                for &model in &study.search_models {
                    let padding = file.design.padding_rows;
                    let cost = cost(&total, total.processors, geometry, &parameters, model, padding);
                    points.push(Point {
                        compiled: index,
                        rows,
                        technology,
                        model,
                        processors: total.processors,
                        energy: microjoules(cost.energy.total()),
                        latency: milliseconds(cost.latency),
                        area: chip_area(total.processors, shape.words, geometry, &parameters).base() * 1e-6,
                    });
                }
            }
        }
    }
    Ok(points)
}

/// A technology's parameters for tracks of a length: where the step is computed from the track, a longer one costs more.
fn parameters(file: &TechnologyFile<ProcessorDesign>, domains: u64) -> Result<ProcessorParameters, RunError> {
    let node_nm = file.design.node_nm;
    let with_spares = 2.0 * domains as f64 - 1.0;
    let set: ParameterSet = match file.parameters.get("track.domains") {
        Some(_) => file.parameters.with_value("track.domains", with_spares)?,
        None => file.parameters.clone(),
    };
    Ok(ProcessorParameters::varied(&set, node_nm)?)
}

/// Whether each point is beaten by none of the same technology and search model.
fn fronts(points: &[Point]) -> Vec<bool> {
    let beaten = |point: &Point| {
        points.iter().any(|other| {
            let pairs = || other.goals().into_iter().zip(point.goals());
            (other.technology, other.model) == (point.technology, point.model)
                && pairs().all(|(other, own)| other <= own)
                && pairs().any(|(other, own)| other < own)
        })
    };
    points.par_iter().map(|point| !beaten(point)).collect()
}

fn push(
    table: &mut Table,
    study: &DesignSpaceStudy,
    (point_of, network, activation_bits): (&SpaceNetwork, &Network, u32),
    (compiled, points, fronts): (&[Compiled], &[Point], &[bool]),
) -> Result<(), RunError> {
    let sparsity = weight_sparsity(network);
    let weights = match point_of.thresholded {
        Some(_) => "thresholded",
        None => "trained",
    };
    for (point, &front) in points.iter().zip(fronts) {
        let shape = &compiled[point.compiled];
        let way = &study.ways[shape.way];
        table.push_row([
            ("network", point_of.network.as_str().into()),
            ("weights", weights.into()),
            ("weight_sparsity", sparsity.into()),
            ("activation_bits", i64::from(activation_bits).into()),
            ("rows", (study.rows[point.rows] as i64).into()),
            ("columns", (shape.columns as i64).into()),
            ("domains", (shape.domains as i64).into()),
            ("way", way.name.as_str().into()),
            ("sharing", way.sharing.name().into()),
            ("layout", way.layout.name().into()),
            ("outputs_per_processor", (way.outputs_per_processor.unwrap_or(0) as i64).into()),
            ("technology", study.technologies[point.technology].as_str().into()),
            ("search_model", point.model.name().into()),
            ("processors", (point.processors as i64).into()),
            ("energy", point.energy.into()),
            ("latency", point.latency.into()),
            ("area", point.area.into()),
            ("front", front.into()),
        ])?;
    }
    Ok(())
}
