//! The best machine for a network: every shape of a space is compiled for and executed, every layer takes the way that serves the whole
//! best, and a bound says how much better any machine of the space could be.

mod figure;
mod search;
mod space;

use std::collections::BTreeSet;
use std::sync::Arc;

use compiler::Geometry;
use figures::Figure;
use rayon::prelude::*;
use rtm_ap::{ActivationsAt, Operation, PaddingRows, ProcessorParameters, SearchModel};
use schemars::JsonSchema;
use serde::Deserialize;
use system::{Report, System};
use tables::{Schema, Table, TypedRow};
use workspace::stages::{Declared, Promise, Results};
use workspace::{Checks, Failure, Inputs, Manifest, Study, WorkspaceError, rows_of};
use yaml::FieldPath;

use crate::images::Images;
use crate::loaded::{network, workload};
use crate::machine::{Flow, Way};
use crate::names::{NetworkName, ProcessorName};
use crate::quick::keep_ends;
use crate::run::{FlowRun, MachineRun, Run};
use crate::systems::{
    CrossbarPoint, WeightPrecision, events_on, microjoules, milliseconds, processor, square_millimetres,
    system_of_flow,
};
use crate::technologies;
pub use search::Objective;
use search::{Array, Found, Goal, Offer, Prices};
pub use space::Space;
use space::{Trial, Tried};

/// The best machine of a space, by each technology and search model.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OptimizationStudy {
    /// The network.
    #[schemars(with = "NetworkName")]
    pub network: String,
    /// The images that feed executed events.
    pub images: Images,
    /// Technology files of the associative processor; the figure shows the first.
    #[schemars(with = "Vec<ProcessorName>", length(min = 1))]
    pub technologies: Vec<String>,
    /// How searches are charged; the figure shows the first.
    #[schemars(length(min = 1))]
    pub search_models: Vec<SearchModel>,
    /// What the best machine has the least of.
    #[serde(default)]
    pub objective: Objective,
    /// The most latency of an image, ms.
    #[serde(default)]
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub most_latency: Option<f64>,
    /// The most area, mm².
    #[serde(default)]
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub most_area: Option<f64>,
    /// Ways to run a machine, which cost no time. Rows without a position are switched off: of arrays of other rows than were executed, only
    /// what happens in the others is known.
    #[schemars(length(min = 1))]
    pub operations: Vec<Operation>,
    /// The machines.
    pub space: Space,
    /// What the best machine is held against; the table of machines gives the ratio to the first.
    #[schemars(length(min = 1))]
    pub crossbars: Vec<CrossbarPoint>,
    /// Machines on the way to the best one, to be shown beside it.
    #[serde(default)]
    pub steps: Vec<Flow>,
}

tables::table! {
    /// Machines of the space at nominal parameters, each with the ways that serve its layers best; of each technology and search model the best
    /// first. Machines out of the bounds are left out.
    pub struct MachineRow: "machines" {
        /// Technology of the RTM-AP.
        technology: String,
        /// How searches are charged.
        search_model: String,
        /// Place among the machines of the same technology and search model, from 1.
        rank: usize,
        /// Rows of an array.
        rows: u64,
        /// Columns of an array.
        columns: u64,
        /// Domains of a track.
        domains: u64,
        /// Where the carry of additions is kept.
        carry: String,
        /// Segments of a row's match line.
        segments: u32,
        /// Associative processors installed.
        processors: u64,
        /// Images that go through together.
        batch: u32,
        /// What the program is kept in.
        store: String,
        /// How the program is kept.
        encoding: String,
        /// What processors that a layer does not use do.
        idle_processors: String,
        /// Energy for one image.
        energy: f64 = "uJ",
        /// Latency for one image, of a batch its share.
        latency: f64 = "ms",
        /// Area of the processors with buffer and program memory.
        area: f64 = "mm2",
        /// Energy of the first crossbar over this energy.
        ratio: f64,
        /// How much of the objective (energy, or energy times latency) is left at the least, of the best machine's, whatever ways layers take on
        /// this array.
        bound: f64,
        /// Whether no machine of the same technology and search model is as good in energy, latency and area and better in one.
        front: bool,
        /// Ways to compile with the number of layers that take them.
        ways: String,
    }
}

tables::table! {
    /// The layers of the best machine of each technology and search model.
    pub struct BestLayerRow: "best_layers" {
        /// Technology of the RTM-AP.
        technology: String,
        /// How searches are charged.
        search_model: String,
        /// Name of the layer.
        layer: String,
        /// How words lie in the array.
        layout: String,
        /// Way of sharing subexpressions.
        sharing: String,
        /// The most outputs that one processor computes; 0 for as many as fit.
        outputs_per_processor: usize,
        /// Energy for one image.
        energy: f64 = "uJ",
        /// Latency for one image, of a batch its share.
        latency: f64 = "ms",
    }
}

tables::table! {
    /// Machines on the way to the best one, and that one, by part of the energy.
    pub struct StepRow: "steps" {
        /// Technology of the RTM-AP.
        technology: String,
        /// How searches are charged.
        search_model: String,
        /// Name of the machine.
        step: String,
        /// Energy for one image.
        energy: f64 = "uJ",
        /// Energy of searches.
        search: f64 = "uJ",
        /// Energy of writes.
        write: f64 = "uJ",
        /// Energy of reads.
        read: f64 = "uJ",
        /// Energy of shifts.
        shift: f64 = "uJ",
        /// Energy of fetching, decoding and broadcasting the program.
        program: f64 = "uJ",
        /// Energy of movement and buffers.
        movement: f64 = "uJ",
        /// Energy of requantization and pools.
        periphery: f64 = "uJ",
        /// Energy of leakage.
        leakage: f64 = "uJ",
        /// Latency for one image, of a batch its share.
        latency: f64 = "ms",
        /// Area of the processors with buffer and program memory.
        area: f64 = "mm2",
        /// Energy of the first crossbar over this energy.
        ratio: f64,
    }
}

tables::table! {
    /// What the best machines are held against.
    pub struct AgainstRow: "against" {
        /// Name of the crossbar.
        crossbar: String,
        /// Technology of the RTM-AP.
        technology: String,
        /// How searches are charged.
        search_model: String,
        /// Energy of the crossbar for one image.
        crossbar_energy: f64 = "uJ",
        /// Latency of the crossbar for one image.
        crossbar_latency: f64 = "ms",
        /// Energy of the best machine for one image.
        energy: f64 = "uJ",
        /// Energy of the crossbar over that of the best machine.
        ratio: f64,
    }
}

/// What is asked for: a trial for every shape and way, and the steps.
pub struct Stages {
    /// By shape, then by way.
    trials: Vec<(Geometry, Vec<Promise<Tried>>)>,
    steps: Vec<FlowRun>,
}

/// A machine with the array that it is of.
struct Placed {
    geometry: Geometry,
    processors: u64,
    operation: Operation,
    found: Found,
    bound: f64,
    /// The ways that every layer fits there.
    ways: Arc<[Way]>,
    /// The runs, one for each of these ways.
    runs: Arc<[Arc<MachineRun>]>,
}

impl Placed {
    fn beats(&self, other: &Self) -> bool {
        let goals = |placed: &Self| [placed.found.energy, placed.found.latency, placed.found.area];
        let pairs = || goals(self).into_iter().zip(goals(other));
        pairs().all(|(own, other)| own <= other) && pairs().any(|(own, other)| own < other)
    }

    fn row(
        &self,
        (technology, model): (&str, SearchModel),
        rank: usize,
        (ratio, bound): (f64, f64),
        front: bool,
    ) -> MachineRow {
        let Self { geometry, operation, found, .. } = self;
        MachineRow {
            technology: technology.to_owned(),
            search_model: model.name().to_owned(),
            rank,
            rows: geometry.rows() as u64,
            columns: geometry.columns() as u64,
            domains: geometry.domains() as u64,
            carry: geometry.carry().name().to_owned(),
            segments: operation.segments.count(),
            processors: self.processors,
            batch: operation.batch,
            store: operation.store.name().to_owned(),
            encoding: operation.encoding.name().to_owned(),
            idle_processors: operation.idle_processors.name().to_owned(),
            energy: found.energy,
            latency: found.latency,
            area: found.area,
            ratio,
            bound,
            front,
            ways: self.ways_in_words(),
        }
    }

    fn layer_rows(&self, technology: &str, model: SearchModel) -> Vec<BestLayerRow> {
        let names = self.runs.first().into_iter().flat_map(|run| &run.layers).map(|layer| &layer.name);
        let layers = names.zip(&self.found.ways).zip(&self.found.layers);
        let row = |((name, &way), &(energy, latency)): ((&String, &usize), &(f64, f64))| {
            let way = self.ways[way];
            BestLayerRow {
                technology: technology.to_owned(),
                search_model: model.name().to_owned(),
                layer: name.clone(),
                layout: way.layout.name().to_owned(),
                sharing: way.sharing.name().to_owned(),
                outputs_per_processor: way.outputs_per_processor.unwrap_or(0),
                energy,
                latency,
            }
        };
        layers.map(row).collect()
    }

    /// The ways with the number of layers that take them, the most frequent first.
    fn ways_in_words(&self) -> String {
        let count = |way: usize| self.found.ways.iter().filter(|&&taken| taken == way).count();
        let mut counted: Vec<(usize, usize)> =
            (0..self.ways.len()).map(|way| (count(way), way)).filter(|(count, _)| *count > 0).collect();
        counted.sort_by_key(|&(count, way)| (std::cmp::Reverse(count), way));
        let words = counted.iter().map(|&(count, way)| format!("{count} x {}", self.ways[way]));
        words.collect::<Vec<_>>().join("; ")
    }
}

impl Study for OptimizationStudy {
    const NAME: &'static str = "optimization";
    const MEANING: &'static str = "The best machine of a space, by each technology and search model.";
    const TABLES: &'static [&'static Schema] =
        &[MachineRow::SCHEMA, BestLayerRow::SCHEMA, StepRow::SCHEMA, AgainstRow::SCHEMA];
    type Stages = Stages;

    fn check(&self, path: &FieldPath, checks: &mut Checks<'_>) {
        self.images.check(path, &self.network, checks);
        for (index, operation) in self.operations.iter().enumerate() {
            let place = path.field("operations").item(index);
            if operation.padding_rows != PaddingRows::Gated {
                let message =
                    "expected gated: what empty rows of arrays do that were not executed is not known";
                checks.report(&place.field("padding_rows"), message);
            }
            if operation.processors.is_some() {
                let message =
                    "the number of processors is sought; give those to choose from in `space.processors`";
                checks.report(&place.field("processors"), message);
            }
        }
        if let Err(error) = self.space.shapes() {
            checks.report(&path.field("space"), &error.to_string());
        }
        let space = path.field("space");
        for (field, values) in [("rows", &self.space.rows), ("processors", &self.space.processors)] {
            for (index, _) in values.iter().enumerate().filter(|(_, value)| **value == 0) {
                checks.report(&space.field(field).item(index), "expected at least 1");
            }
        }
        for (index, way) in self.space.ways.iter().enumerate() {
            if way.outputs_per_processor == Some(0) {
                let place = space.field("ways").item(index).field("outputs_per_processor");
                checks.report(&place, "expected at least 1");
            }
        }
    }

    fn points(&mut self) -> Vec<&mut dyn std::any::Any> {
        let mut points: Vec<&mut dyn std::any::Any> = vec![&mut self.network, &mut self.images];
        points.extend(self.steps.iter_mut().map(|flow| flow as &mut dyn std::any::Any));
        points
    }

    fn trim(&mut self) {
        self.images.at_most(1);
        self.technologies.truncate(1);
        keep_ends(&mut self.space.columns);
        self.space.columns.truncate(1);
        self.space.domains.truncate(1);
        self.space.ways.truncate(2);
        keep_ends(&mut self.steps);
    }

    fn stages(&self, _: &Manifest, inputs: &Inputs<'_>, declared: &mut Declared) -> Result<Stages, Failure> {
        let shapes = self.space.shapes().map_err(|error| WorkspaceError::argument(error.to_string()))?;
        let trial = |geometry: Geometry, way: &Way| {
            Trial(Run {
                network: self.network.clone(),
                options: way.on(geometry),
                activations: ActivationsAt::Periphery,
                images: self.images.clone(),
            })
        };
        let trials = shapes.into_iter().map(|geometry| {
            let ways = self.space.ways.iter().map(|way| declared.stage(trial(geometry, way)));
            (geometry, ways.collect())
        });
        let trials = trials.collect();
        let step = |flow: &Flow| FlowRun::declare(&self.network, flow, &self.images, inputs, declared);
        let steps = self.steps.iter().map(step).collect::<Result<_, _>>()?;
        Ok(Stages { trials, steps })
    }

    fn tables(
        &self,
        _: &Manifest,
        inputs: &Inputs<'_>,
        stages: &Stages,
        results: &Results,
    ) -> Result<(Vec<Table>, Vec<String>), Failure> {
        let context = Context::new(self, inputs, stages, results)?;
        let mut made = Made::default();
        let mut summary = Vec::new();
        for technology in &self.technologies {
            for &model in &self.search_models {
                summary.push(context.best(technology, model, &mut made)?);
            }
        }
        if made.machines.is_empty() {
            return Err(WorkspaceError::argument(summary.join("\n")).into());
        }
        let tables = [
            Table::of(made.machines)?,
            Table::of(made.layers)?,
            Table::of(made.steps)?,
            Table::of(made.against)?,
        ];
        Ok((tables.into_iter().filter(|table| !table.is_empty()).collect(), summary))
    }

    fn figure(&self, manifest: &Manifest, tables: &[Table]) -> Result<Figure, Failure> {
        let focus = figure::Focus {
            network: &self.network,
            technology: &self.technologies[0],
            search_model: self.search_models[0].name(),
        };
        let rows = figure::Rows {
            machines: &rows_of(tables)?,
            steps: &rows_of(tables)?,
            against: &rows_of(tables)?,
        };
        Ok(figure::optimization(&manifest.title, focus, rows)?)
    }
}

/// The rows that are made.
#[derive(Default)]
struct Made {
    machines: Vec<MachineRow>,
    layers: Vec<BestLayerRow>,
    steps: Vec<StepRow>,
    against: Vec<AgainstRow>,
}

/// Of a shape the ways that every layer fits, and their runs.
struct Shape {
    geometry: Geometry,
    ways: Arc<[Way]>,
    runs: Arc<[Arc<MachineRun>]>,
}

/// What the search takes from.
struct Context<'a> {
    study: &'a OptimizationStudy,
    inputs: &'a Inputs<'a>,
    shapes: Vec<Shape>,
    steps: Vec<(&'a Flow, Arc<MachineRun>)>,
    /// Each crossbar's name, µJ and ms.
    crossbars: Vec<(String, f64, f64)>,
    own: system::Workload,
}

impl<'a> Context<'a> {
    fn new(
        study: &'a OptimizationStudy,
        inputs: &'a Inputs<'a>,
        stages: &Stages,
        results: &Results,
    ) -> Result<Self, Failure> {
        let mut shapes = Vec::new();
        for (geometry, trials) in &stages.trials {
            let (mut ways, mut runs) = (Vec::new(), Vec::new());
            for (way, trial) in study.space.ways.iter().zip(trials) {
                if let Some(run) = &results.of(*trial)?.0 {
                    ways.push(*way);
                    runs.push(Arc::new(run.clone()));
                }
            }
            shapes.push(Shape { geometry: *geometry, ways: ways.into(), runs: runs.into() });
        }
        let steps = (study.steps.iter().zip(&stages.steps))
            .map(|(flow, run)| Ok((flow, run.of(inputs, results)?)))
            .collect::<Result<_, Failure>>()?;
        let mut crossbars = Vec::new();
        for point in &study.crossbars {
            let report = point.report(inputs, &study.network, &study.images)?;
            let latency = report.latency().map_or(f64::NAN, milliseconds);
            crossbars.push((point.name.clone(), microjoules(report.energy()), latency));
        }
        let bits = network(inputs, &study.network)?.description.activation_bits;
        let own = workload(inputs, &study.network, &study.images, WeightPrecision::Ternary, bits)?;
        Ok(Self { study, inputs, shapes, steps, crossbars, own })
    }

    /// The machines of a technology and a search model, the best first.
    fn machines(
        &self,
        parameters_of: &(dyn Fn(Geometry) -> Result<ProcessorParameters, Failure> + Sync),
        model: SearchModel,
    ) -> Result<(Vec<Placed>, f64), Failure> {
        let study = self.study;
        let goal =
            Goal { objective: study.objective, most_latency: study.most_latency, most_area: study.most_area };
        let mut arrays: Vec<(&Shape, Geometry, u64)> = Vec::new();
        for shape in &self.shapes {
            for &rows in &study.space.rows {
                let [columns, domains] =
                    [shape.geometry.columns(), shape.geometry.domains()].map(|extent| extent as u64);
                let geometry = Geometry::new(rows, columns, domains)
                    .map_err(|error| WorkspaceError::argument(error.to_string()))?
                    .with_carry(shape.geometry.carry());
                let processors = study.space.processors.iter().copied();
                let processors: BTreeSet<u64> =
                    processors.chain(shape.runs.iter().map(|run| largest_layer(run, rows))).collect();
                arrays.extend(processors.into_iter().map(|processors| (shape, geometry, processors)));
            }
        }
        let executed_rows = study.space.executed_rows();
        let offers = arrays.par_iter().map(|(shape, geometry, processors)| {
            let parameters = parameters_of(*geometry)?;
            let runs: Vec<&MachineRun> = shape.runs.iter().map(|run| &**run).collect();
            let offer = |&operation: &Operation| {
                let prices = Prices { parameters: &parameters, model, operation };
                (operation, Array::new((*geometry, *processors), prices, &runs, executed_rows).best(goal))
            };
            let offers: Vec<(Operation, Offer)> = study.operations.iter().map(offer).collect();
            let bound = offers.iter().map(|(_, offer)| offer.bound).fold(f64::INFINITY, f64::min);
            let found = offers.into_iter().filter_map(|(operation, offer)| Some((operation, offer.found?)));
            let best = found.min_by(|(_, a), (_, b)| goal.order(a, b));
            let placed = best.map(|(operation, found)| Placed {
                geometry: *geometry,
                processors: *processors,
                operation,
                found,
                bound,
                ways: Arc::clone(&shape.ways),
                runs: Arc::clone(&shape.runs),
            });
            Ok::<_, Failure>((placed, bound))
        });
        let offers = offers.collect::<Result<Vec<_>, _>>()?;
        let least = offers.iter().map(|(_, bound)| *bound).fold(f64::INFINITY, f64::min);
        let mut machines: Vec<Placed> = offers.into_iter().filter_map(|(placed, _)| placed).collect();
        machines.sort_by(|a, b| goal.order(&a.found, &b.found));
        Ok((machines, least))
    }

    /// Finds the best machine of a technology under a search model and adds what it makes of it; gives the line that sums it up.
    fn best(&self, technology: &str, model: SearchModel, made: &mut Made) -> Result<String, Failure> {
        let study = self.study;
        let file = technologies::processor(self.inputs, technology)?;
        let parameters_of = |geometry: Geometry| {
            let node_nm = file.design.node_nm;
            Ok(ProcessorParameters::varied(&file.parameters, node_nm, geometry.domains())?)
        };
        let (machines, least) = self.machines(&parameters_of, model)?;
        let named = |what: &str| format!("{technology}, {model}: {what}");
        let Some(best) = machines.first() else {
            return Ok(named("no machine of the space is within the bounds"));
        };
        let value = study.objective.of(best.found.energy, best.found.latency);
        let baseline = self.crossbars.first().map_or(f64::NAN, |(_, energy, _)| *energy);
        let on_front: Vec<bool> =
            machines.par_iter().map(|machine| !machines.iter().any(|other| other.beats(machine))).collect();
        for (place, (machine, front)) in machines.iter().zip(on_front).enumerate() {
            let ratios = (baseline / machine.found.energy, machine.bound / value);
            made.machines.push(machine.row((technology, model), place + 1, ratios, front));
        }
        made.layers.extend(best.layer_rows(technology, model));
        for (name, crossbar_energy, crossbar_latency) in &self.crossbars {
            made.against.push(AgainstRow {
                crossbar: name.clone(),
                technology: technology.to_owned(),
                search_model: model.name().to_owned(),
                crossbar_energy: *crossbar_energy,
                crossbar_latency: *crossbar_latency,
                energy: best.found.energy,
                ratio: crossbar_energy / best.found.energy,
            });
        }
        self.steps(technology, model, best, made)?;
        let edges = self.study.space.edges(best.geometry, best.processors);
        Ok(named(&format!(
            "{}, {} segments, {} processors, batches of {}: {:.4} µJ and {:.4} ms an image, {:.4} mm2, {:.4} x of {}; no machine of \
             the space has less than {:.2} % of its {}; {}{}",
            best.geometry,
            best.operation.segments.count(),
            best.processors,
            best.operation.batch,
            best.found.energy,
            best.found.latency,
            best.found.area,
            baseline / best.found.energy,
            self.crossbars.first().map_or("", |(name, ..)| name),
            100.0 * least / value,
            study.objective,
            best.ways_in_words(),
            match edges.as_slice() {
                [] => String::new(),
                edges => format!("; at the edge of the space in {}", edges.join(", ")),
            },
        )))
    }

    /// The steps, and the best machine after them, as a system prices them.
    fn steps(
        &self,
        technology: &str,
        model: SearchModel,
        best: &Placed,
        made: &mut Made,
    ) -> Result<(), Failure> {
        if self.steps.is_empty() {
            return Ok(());
        }
        let file = technologies::processor(self.inputs, technology)?;
        let network_name = &self.study.network;
        for (flow, run) in &self.steps {
            let report =
                system_of_flow(&file, technology, model, network_name, (*flow, run)).evaluate(&self.own)?;
            made.steps.push(self.step(technology, model, &flow.name, &report));
        }
        let layers: Vec<&MachineRun> = best.found.ways.iter().map(|&way| &*best.runs[way]).collect();
        let buffer_bits = layers.first().map_or(0, |run| run.kept.buffer_bits);
        let run = MachineRun::mixed(layers.into_iter(), buffer_bits);
        let executed_rows = self.study.space.executed_rows();
        let operation = best.operation;
        let events =
            events_on(network_name, best.geometry, (&run, executed_rows), operation.batch, best.processors);
        let system = processor(&file, technology, model, &events).operated(operation);
        let report = system.evaluate(&self.own)?;
        made.steps.push(self.step(technology, model, BEST, &report));
        Ok(())
    }

    fn step(&self, technology: &str, model: SearchModel, name: &str, report: &Report) -> StepRow {
        let parts = report.parts();
        let part = |name: &str| {
            parts.iter().find(|(known, _)| *known == name).map_or(0.0, |(_, energy)| microjoules(*energy))
        };
        let energy = microjoules(report.energy());
        StepRow {
            technology: technology.to_owned(),
            search_model: model.name().to_owned(),
            step: name.to_owned(),
            energy,
            search: part("search"),
            write: part("write"),
            read: part("read"),
            shift: part("shift"),
            program: part("program"),
            movement: part("movement"),
            periphery: part("periphery"),
            leakage: part("leakage"),
            latency: report.latency().map_or(f64::NAN, milliseconds),
            area: report.area().map_or(f64::NAN, square_millimetres),
            ratio: self.crossbars.first().map_or(f64::NAN, |(_, baseline, _)| baseline / energy),
        }
    }
}

/// The name of the best machine among the steps.
const BEST: &str = "the best machine of the space";

/// Processors that one image of the largest layer takes on arrays of so many rows.
fn largest_layer(run: &MachineRun, rows: u64) -> u64 {
    let of_layer = |layer: &crate::run::RunLayer| {
        layer.occupied_rows.div_ceil(rows.max(1)) * layer.demand.programs.len() as u64
    };
    run.layers.iter().map(of_layer).max().unwrap_or(1).max(1)
}
