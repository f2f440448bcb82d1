//! Arrays of many shapes: what rows, columns, domains, layout, sharing and splitting do to energy, latency and area, on networks of
//! several sparsities and bits of activation.
//!
//! Nothing is executed: a network is compiled for every shape, the programs are counted, and bits written to tagged rows are
//! expected from the images' share of set bits. Programs do not depend on the rows of an array, so those cost no compilation.

mod figure;
mod shape;

use compiler::{Carry, Geometry, Layout, Options, Sharing};
use figures::Figure;
use network::Network;
use rayon::prelude::*;
use rtm_ap::{Events, Kept, Pricing, ProcessorDesign, ProcessorParameters, SearchModel};
use schemars::JsonSchema;
use serde::Deserialize;
use tables::{Schema, Table, TypedRow};
use technology::TechnologyFile;
use workspace::stages::{Declared, Promise, Results};
use workspace::{Checks, Failure, Inputs, Manifest, Study, WorkspaceError, rows_of};
use yaml::FieldPath;

use crate::loaded::{network, weight_sparsity};
use crate::names::ProcessorName;
use crate::quick::keep_ends;
use crate::systems::{microjoules, milliseconds, square_millimetres};
use crate::technologies;
use shape::{ArrayShape, Compiled, SpaceNetwork};

/// Arrays of many shapes. Every combination is a point.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DesignSpaceStudy {
    /// The networks: they differ in sparsity and in the bits of their activations.
    #[schemars(length(min = 1))]
    networks: Vec<SpaceNetwork>,
    /// Technology files of the associative processor; the figure shows the first.
    #[schemars(with = "Vec<ProcessorName>", length(min = 1))]
    technologies: Vec<String>,
    /// How searches are charged; the figure shows the first.
    #[schemars(length(min = 1))]
    search_models: Vec<SearchModel>,
    /// Rows of an array.
    #[schemars(length(min = 1))]
    rows: Vec<u64>,
    /// Columns of an array.
    #[schemars(length(min = 1))]
    columns: Vec<u64>,
    /// Domains of a track.
    #[schemars(length(min = 1))]
    domains: Vec<u64>,
    /// Ways to compile.
    #[schemars(length(min = 1))]
    ways: Vec<Way>,
}

/// A way to compile, whatever the array.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Way {
    /// The name in tables and figures.
    name: String,
    /// How subexpressions are shared.
    sharing: Sharing,
    /// How words lie in the array.
    layout: Layout,
    /// Where the carry of additions is kept.
    #[serde(default)]
    carry: Carry,
    /// The most outputs that one processor computes.
    #[schemars(range(min = 1))]
    outputs_per_processor: Option<usize>,
}

tables::table! {
    /// Energy, latency and area of a network on arrays of many shapes, at nominal parameters, from programs alone.
    pub struct PointRow: "points" {
        /// Name of the network.
        network: String,
        /// `trained`: the network's own; `thresholded`: float weights made ternary at another sparsity and not trained again.
        weights: String,
        /// Share of the network's weights that are 0.
        weight_sparsity: f64,
        /// Bits of the network's activations.
        activation_bits: u32,
        /// Rows of an array.
        rows: u64,
        /// Columns of an array.
        columns: u64,
        /// Domains of a track.
        domains: u64,
        /// Name of the way to compile.
        way: String,
        /// Way of sharing subexpressions.
        sharing: String,
        /// How words lie in the array.
        layout: String,
        /// The most outputs that one processor computes; 0 for as many as fit.
        outputs_per_processor: usize,
        /// Technology of the RTM-AP.
        technology: String,
        /// How searches are charged.
        search_model: String,
        /// Associative processors installed.
        processors: u64,
        /// Energy for one image.
        energy: f64 = "uJ",
        /// Latency for one image, layer after layer.
        latency: f64 = "ms",
        /// Area of the processors with the program memory.
        area: f64 = "mm2",
        /// Whether no point of the same network, technology and search model is as good in energy, latency and area and better in one.
        front: bool,
    }
}

/// Of every network the shapes that it is compiled for, each with its way to compile.
pub type Stages = Vec<Vec<(ArrayShape, usize, Promise<Compiled>)>>;

/// A shape that every layer fits, with its way to compile and the events on each number of rows.
struct Fitting<'s> {
    columns: u64,
    domains: u64,
    way: &'s Way,
    kept: Kept,
    /// In the order of the study's rows.
    events: Vec<Vec<Events>>,
}

/// A point, without what its shape says.
struct Point {
    shape: usize,
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

impl Study for DesignSpaceStudy {
    const NAME: &'static str = "design_space";
    const MEANING: &'static str = "Arrays of many shapes.";
    const TABLES: &'static [&'static Schema] = &[PointRow::SCHEMA];
    type Stages = Stages;

    fn check(&self, path: &FieldPath, checks: &mut Checks<'_>) {
        for (index, point) in self.networks.iter().enumerate() {
            point.images.check(&path.field("networks").item(index), &point.network, checks);
        }
    }

    fn trim(&mut self) {
        self.networks.truncate(1);
        keep_ends(&mut self.columns);
        keep_ends(&mut self.domains);
    }

    fn stages(&self, _: &Manifest, _: &Inputs<'_>, declared: &mut Declared) -> Result<Stages, Failure> {
        self.networks.iter().map(|network| self.shapes(network, declared)).collect()
    }

    fn tables(
        &self,
        _: &Manifest,
        inputs: &Inputs<'_>,
        stages: &Stages,
        results: &Results,
    ) -> Result<(Vec<Table>, Vec<String>), Failure> {
        let mut table = Table::new(PointRow::SCHEMA);
        let mut summary = Vec::new();
        let mut refused = 0;
        for (point, shapes) in self.networks.iter().zip(stages) {
            let network = point.network(inputs)?;
            let mut fitting = Vec::new();
            for (shape, way, compiled) in shapes {
                match &results.of(*compiled)?.0 {
                    Some((kept, events)) => fitting.push(Fitting {
                        columns: shape.columns(),
                        domains: shape.domains(),
                        way: &self.ways[*way],
                        kept: *kept,
                        events: events.clone(),
                    }),
                    None => refused += self.rows.len(),
                }
            }
            let points = self.price(inputs, &fitting)?;
            let fronts = fronts(&points);
            self.push(&mut table, inputs, (point, &network), (&fitting, &points, &fronts))?;
            summary.push(self.summed_up(point, &network, (&fitting, &points, &fronts)));
        }
        summary.push(format!("{} points in all; {refused} shapes were too small for a layer", table.rows()));
        Ok((vec![table], summary))
    }

    fn figure(&self, manifest: &Manifest, tables: &[Table]) -> Result<Figure, Failure> {
        let focus = figure::SpaceFocus {
            technology: self.technologies.first().map_or("", String::as_str),
            search_model: self.search_models.first().map_or("", |model| model.name()),
        };
        Ok(figure::design_space(&manifest.title, focus, &rows_of(tables)?)?)
    }
}

impl DesignSpaceStudy {
    /// The shapes that a network is compiled for.
    fn shapes(
        &self,
        network: &SpaceNetwork,
        declared: &mut Declared,
    ) -> Result<Vec<(ArrayShape, usize, Promise<Compiled>)>, Failure> {
        let first_rows = self.rows.first().copied().unwrap_or(1);
        let mut shapes = Vec::new();
        for &columns in &self.columns {
            for &domains in &self.domains {
                for (index, way) in self.ways.iter().enumerate() {
                    let options = Options {
                        geometry: geometry(first_rows, columns, domains)?.with_carry(way.carry),
                        sharing: way.sharing,
                        layout: way.layout,
                        outputs_per_processor: way.outputs_per_processor,
                    };
                    let shape = ArrayShape { network: network.clone(), options, rows: self.rows.clone() };
                    shapes.push((shape.clone(), index, declared.stage(shape)));
                }
            }
        }
        Ok(shapes)
    }

    fn price(&self, inputs: &Inputs<'_>, fitting: &[Fitting<'_>]) -> Result<Vec<Point>, Failure> {
        let mut points = Vec::new();
        for (technology, name) in self.technologies.iter().enumerate() {
            let file = technologies::processor(inputs, name)?;
            for (index, shape) in fitting.iter().enumerate() {
                let parameters = parameters(&file, shape.domains)?;
                for (rows, events) in shape.events.iter().enumerate() {
                    let geometry = geometry(self.rows[rows], shape.columns, shape.domains)?;
                    let geometry = geometry.with_carry(shape.way.carry);
                    let mut total = Events::default();
                    events.iter().for_each(|layer| total += *layer);
                    for &model in &self.search_models {
                        let (parameters, operation) = (&parameters, file.design.operation());
                        let pricing = Pricing { geometry, parameters, model, operation, kept: shape.kept };
                        let cost = pricing.cost(&total, total.processors);
                        points.push(Point {
                            shape: index,
                            rows,
                            technology,
                            model,
                            processors: total.processors,
                            energy: microjoules(cost.energy.total()),
                            latency: milliseconds(cost.latency),
                            area: square_millimetres(pricing.chip_area(total.processors)),
                        });
                    }
                }
            }
        }
        Ok(points)
    }

    fn push(
        &self,
        table: &mut Table,
        inputs: &Inputs<'_>,
        (point_of, own): (&SpaceNetwork, &Network),
        (fitting, points, fronts): (&[Fitting<'_>], &[Point], &[bool]),
    ) -> Result<(), Failure> {
        let weight_sparsity = weight_sparsity(own);
        let activation_bits = network(inputs, &point_of.network)?.description.activation_bits;
        let weights = if point_of.thresholded.is_some() { "thresholded" } else { "trained" };
        for (point, &front) in points.iter().zip(fronts) {
            let shape = &fitting[point.shape];
            table.push(PointRow {
                network: point_of.network.clone(),
                weights: weights.into(),
                weight_sparsity,
                activation_bits,
                rows: self.rows[point.rows],
                columns: shape.columns,
                domains: shape.domains,
                way: shape.way.name.clone(),
                sharing: shape.way.sharing.name().into(),
                layout: shape.way.layout.name().into(),
                outputs_per_processor: shape.way.outputs_per_processor.unwrap_or(0),
                technology: self.technologies[point.technology].clone(),
                search_model: point.model.name().into(),
                processors: point.processors,
                energy: point.energy,
                latency: point.latency,
                area: point.area,
                front,
            })?;
        }
        Ok(())
    }

    fn summed_up(
        &self,
        point_of: &SpaceNetwork,
        network: &Network,
        (fitting, points, fronts): (&[Fitting<'_>], &[Point], &[bool]),
    ) -> String {
        let least = points.iter().min_by(|a, b| a.energy.total_cmp(&b.energy)).map(|best| {
            let shape = &fitting[best.shape];
            format!(
                "{} x {} x {}, {}: {:.4} µJ, {:.4} ms, {:.4} mm2",
                self.rows[best.rows],
                shape.columns,
                shape.domains,
                shape.way.name,
                best.energy,
                best.latency,
                best.area
            )
        });
        format!(
            "{}, {:.1} % zeros: {} points, {} on the front; least energy {}",
            point_of.network,
            100.0 * weight_sparsity(network),
            points.len(),
            fronts.iter().filter(|&&on| on).count(),
            least.unwrap_or_default()
        )
    }
}

fn geometry(rows: u64, columns: u64, domains: u64) -> Result<Geometry, WorkspaceError> {
    let wrong = |error: compiler::GeometryError| WorkspaceError::argument(format!("design_space: {error}"));
    Geometry::new(rows, columns, domains).map_err(wrong)
}

/// A technology's parameters for tracks of a length: where the step is computed from the track, a longer one costs more.
fn parameters(file: &TechnologyFile<ProcessorDesign>, domains: u64) -> Result<ProcessorParameters, Failure> {
    Ok(ProcessorParameters::varied(&file.parameters, file.design.node_nm, domains as usize)?)
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
