//! The headline: energy of a crossbar over energy of the RTM-AP at the same node, for every stated baseline, with the spread that the
//! parameters' ranges leave.

mod baselines;
mod break_even;
mod figure;
mod flows;
mod pairs;
mod processors;
mod replication;
mod summary;

use figures::Figure;
use rtm_ap::{ActivationsAt, SearchModel};
use schemars::JsonSchema;
use serde::Deserialize;
use tables::{Schema, Table, TypedRow};
use technology::Prior;
use workspace::stages::{Declared, Promise, Results};
use workspace::{Checks, Failure, Inputs, Manifest, Study, rows_of};
use yaml::FieldPath;

use crate::draws::Spread;
use crate::images::Images;
use crate::machine::{Flow, MachineSettings};
use crate::names::{NetworkName, ProcessorName};
use crate::run::{Executed, Expected, FlowRun, MachineRun, Run};
use crate::systems::{CrossbarPoint, DigitalPoint, OtherPoint, events_of};
use baselines::{Baseline, PublishedPoint};
use break_even::{BreakEvenPlan, BreakEvenRow, MarkRow};
use flows::FlowRow;
use pairs::{Pair, PairRow};
use processors::Processor;
use replication::{ReplicationPlan, ReplicationRow};

/// The ratio against every baseline, with its spread.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RatioStudy {
    /// The network.
    #[schemars(with = "NetworkName")]
    network: String,
    /// The images that feed executed events.
    images: Images,
    /// The associative processor.
    machine: MachineSettings,
    /// Technology files of the associative processor.
    #[schemars(with = "Vec<ProcessorName>", length(min = 1))]
    technologies: Vec<String>,
    /// How searches are charged.
    #[schemars(length(min = 1))]
    search_models: Vec<SearchModel>,
    /// The ratio that the claim states.
    claimed_ratio: f64,
    /// Draws from the parameters' ranges.
    #[schemars(range(min = 100))]
    draws: u64,
    /// How parameters are drawn; the figure's first panel shows the first.
    #[serde(default = "both_priors")]
    #[schemars(length(min = 1))]
    priors: Vec<Prior>,
    /// Baselines that the crossbar model computes.
    crossbars: Vec<CrossbarPoint>,
    /// Digital references.
    #[serde(default)]
    digital: Vec<DigitalPoint>,
    /// Baselines of any kind of system.
    #[serde(default)]
    others: Vec<OtherPoint>,
    /// Baselines whose energy others measured or published.
    published: Vec<PublishedPoint>,
    /// What the figure shows; everything that there is if left out.
    #[serde(default = "everything")]
    #[schemars(length(min = 1))]
    shown: Vec<Shown>,
    /// The baseline that the summary names.
    headline: Headline,
    /// Other ways to compile, held against the headline's baseline: what each step beyond the study's own machine adds.
    #[serde(default)]
    flows: Vec<Flow>,
    /// Pairs of equals, each a flow against a baseline: what the figure shows first.
    #[serde(default)]
    pairs: Vec<Pair>,
    /// Outputs split over more processors, to stand at the baseline's area and latency.
    replication: Option<ReplicationPlan>,
    /// The map of shift and search energies.
    break_even: Option<BreakEvenPlan>,
}

names::names! {
    /// A part of the figure.
    pub enum Shown: "a part of the figure" {
        /// Pairs of equals.
        Pairs = "pairs",
        /// The headline's technology against every baseline.
        Baselines = "baselines",
        /// Every technology against the headline's baseline.
        Technologies = "technologies",
        /// Ways to compile.
        Flows = "flows",
        /// Outputs split over more processors.
        Replication = "replication",
        /// What shifts and searches would have to cost.
        BreakEven = "break-even",
    }
}

fn everything() -> Vec<Shown> {
    Shown::ALL.to_vec()
}

fn both_priors() -> Vec<Prior> {
    vec![Prior::Flat, Prior::Peaked]
}

/// Which of a study's points the summary names.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Headline {
    /// The baseline's name.
    baseline: String,
    /// The technology.
    technology: String,
    /// The search model.
    search_model: SearchModel,
}

tables::table! {
    /// Energy of a crossbar, or of the digital reference, over energy of the RTM-AP at the same node for one image: above 1 the
    /// RTM-AP needs less.
    pub struct RatioRow: "ratios" {
        /// Name of the baseline.
        baseline: String,
        /// `model`: the crossbar model; `digital`: the digital reference; `published`: measured or published by others.
        origin: String,
        /// Technology node of both systems.
        node: f64 = "nm",
        /// Weights of the baseline: ternary or 8-bit.
        weights: String,
        /// Bits of the baseline's activations.
        activation_bits: u32,
        /// Energy of the baseline at its nominal parameters.
        baseline_energy: f64 = "uJ",
        /// Technology of the RTM-AP.
        technology: String,
        /// How the RTM-AP's searches are charged.
        search_model: String,
        /// Energy of the RTM-AP at its nominal parameters.
        processor_energy: f64 = "uJ",
        /// Ratio at the nominal parameters.
        ratio: f64,
        /// How parameters are drawn from their ranges: `flat`, every place as likely; `peaked`, the middle likeliest.
        prior: String,
        /// 5 % point over draws from both sides' ranges, what they share drawn once.
        ratio_p05: f64,
        /// Median over the draws.
        ratio_p50: f64,
        /// 95 % point over the draws.
        ratio_p95: f64,
        /// Share of the draws in which the ratio reaches the claim.
        reaches_claim: f64,
        /// Where the baseline's energy comes from.
        source: String,
    }
}

tables::table! {
    /// What stands beside the energy: latency, power, area and arrays of every system at its nominal parameters.
    pub struct SystemRow: "systems" {
        /// `RTM-AP`, `crossbar` or `digital`.
        system: String,
        /// Technology of the RTM-AP, or name of the baseline.
        configuration: String,
        /// How the RTM-AP's searches are charged.
        search_model: Option<String>,
        /// Technology node.
        node: f64 = "nm",
        /// Energy for one image.
        energy: f64 = "uJ",
        /// Latency for one image, layer after layer.
        latency: f64 = "ms",
        /// Energy over latency.
        power: f64 = "mW",
        /// Area of the arrays with their periphery, the RTM-AP's with its program memory.
        area: f64 = "mm2",
        /// Associative processors side by side, subarrays, or arrays of units.
        arrays: u64,
        /// Size of the RTM-AP's program, 8 bytes a word.
        program_bytes: Option<u64> = "B",
    }
}

/// The runs that the study asks for.
pub struct Stages {
    run: Promise<MachineRun>,
    /// In the order of the flows.
    flows: Vec<FlowRun>,
    /// By flow, then by the most outputs of a processor.
    replication: Vec<(String, Vec<SplitRun>)>,
}

/// The most outputs of a processor, 0 for as many as fit, and the run.
type SplitRun = (usize, Promise<MachineRun>);

impl Study for RatioStudy {
    const NAME: &'static str = "energy_ratio";
    const MEANING: &'static str = "The ratio against every baseline, with its spread.";
    const TABLES: &'static [&'static Schema] = &[
        RatioRow::SCHEMA,
        SystemRow::SCHEMA,
        PairRow::SCHEMA,
        FlowRow::SCHEMA,
        ReplicationRow::SCHEMA,
        BreakEvenRow::SCHEMA,
        MarkRow::SCHEMA,
    ];
    type Stages = Stages;

    fn check(&self, path: &FieldPath, checks: &mut Checks<'_>) {
        self.images.check(path, &self.network, checks);
        let flows: Vec<&str> = self.flows.iter().map(|flow| flow.name.as_str()).collect();
        let plans = [
            ("replication", self.replication.as_ref().map(|plan| &plan.flows)),
            ("break_even", self.break_even.as_ref().map(|plan| &plan.flows)),
        ];
        for (field, named) in plans {
            for (index, flow) in named.into_iter().flatten().enumerate() {
                checks.one_of(&path.field(field).field("flows").item(index), flow, &flows);
            }
        }
        for (index, name) in self.replication.iter().flat_map(|plan| &plan.flows).enumerate() {
            if let Some(flow) = self.flow(name) {
                flow.check_alike(&path.field("replication").field("flows").item(index), checks);
            }
        }
        if let Some(plan) = &self.break_even {
            plan.check(&path.field("break_even"), checks);
        }
        for (index, point) in self.published.iter().enumerate() {
            point.check(&path.field("published").item(index), checks);
        }
        for (index, point) in self.others.iter().enumerate() {
            point.check(&path.field("others").item(index), checks);
        }
        let baselines: Vec<&str> = self.baseline_names().collect();
        let technologies: Vec<&str> = self.technologies.iter().map(String::as_str).collect();
        let headline = path.field("headline");
        checks.one_of(&headline.field("baseline"), &self.headline.baseline, &baselines);
        checks.one_of(&headline.field("technology"), &self.headline.technology, &technologies);
        for (index, pair) in self.pairs.iter().enumerate() {
            let place = path.field("pairs").item(index);
            checks.one_of(&place.field("flow"), &pair.flow, &flows);
            checks.one_of(&place.field("baseline"), &pair.baseline, &baselines);
        }
    }

    fn points(&mut self) -> Vec<&mut dyn std::any::Any> {
        let mut points: Vec<&mut dyn std::any::Any> =
            vec![&mut self.network, &mut self.images, &mut self.machine];
        points.extend(self.flows.iter_mut().map(|flow| flow as &mut dyn std::any::Any));
        points
    }

    fn substituted(&mut self) {
        // What others published is of the network that they took.
        self.published.clear();
        let left: Vec<String> = self.baseline_names().map(str::to_owned).collect();
        self.pairs.retain(|pair| left.contains(&pair.baseline));
    }

    fn trim(&mut self) {
        self.images.at_most(1);
        self.draws = self.draws.min(1000);
        self.replication = None;
        // The break-even is drawn for some of the flows: these are what the figure is about.
        if let Some(plan) = &self.break_even {
            self.flows.retain(|flow| plan.flows.contains(&flow.name));
        }
        let flows: Vec<String> = self.flows.iter().map(|flow| flow.name.clone()).collect();
        self.pairs.retain(|pair| flows.contains(&pair.flow));
    }

    fn stages(&self, _: &Manifest, inputs: &Inputs<'_>, declared: &mut Declared) -> Result<Stages, Failure> {
        let run = declared.stage(Executed(Run::of(&self.network, self.machine, &self.images)));
        let of_flow = |flow: &Flow| Run::of_flow(&self.network, flow, &self.images);
        let flows = (self.flows.iter())
            .map(|flow| FlowRun::declare(&self.network, flow, &self.images, inputs, declared))
            .collect::<Result<_, _>>()?;
        let mut replication = Vec::new();
        if let Some(plan) = &self.replication {
            for flow in plan.flows.iter().filter_map(|name| self.flow(name)) {
                let split = |&outputs: &usize| {
                    let mut run = of_flow(flow);
                    run.options.outputs_per_processor = (outputs > 0).then_some(outputs);
                    // As many outputs as fit is what the flow itself was executed with.
                    let promise = match outputs {
                        0 => declared.stage(Executed(run)),
                        _ => declared.stage(Expected(Run { activations: ActivationsAt::Periphery, ..run })),
                    };
                    (outputs, promise)
                };
                replication.push((flow.name.clone(), plan.outputs_per_processor.iter().map(split).collect()));
            }
        }
        Ok(Stages { run, flows, replication })
    }

    fn tables(
        &self,
        manifest: &Manifest,
        inputs: &Inputs<'_>,
        stages: &Stages,
        results: &Results,
    ) -> Result<(Vec<Table>, Vec<String>), Failure> {
        let run = results.of(stages.run)?;
        let context = Context { manifest, study: self, inputs };
        let baselines = context.baselines()?;
        let mut nodes: Vec<f64> = baselines.iter().map(|baseline| baseline.node).collect();
        nodes.sort_by(f64::total_cmp);
        nodes.dedup();
        let processors = context.processors(&events_of(&self.network, self.machine, &run), &nodes)?;
        let rows = self.ratios(&baselines, &processors);
        let systems: Vec<SystemRow> = (baselines.iter().filter_map(Baseline::system))
            .chain(processors.iter().filter_map(|processor| processor.system.clone()))
            .collect();
        let mut summary = self.summary(&rows, &systems);
        let headline = baselines.iter().find(|baseline| baseline.name == self.headline.baseline);
        let mut tables = vec![Table::of(rows)?, Table::of(systems)?];
        let Some(baseline) = headline else { return Ok((tables, summary)) };
        tables.push(context.flows(baseline, stages, results, &mut summary)?);
        // What the manifest does not ask for leaves no file.
        let asked_for = [
            context.pairs(&baselines, stages, results, &mut summary)?,
            context.replication(baseline, stages, results, &mut summary)?,
            context.break_even(baseline, stages, results, &mut summary)?,
            context.marks(baseline)?,
        ];
        tables.extend(asked_for.into_iter().filter(|table| !table.is_empty()));
        Ok((tables, summary))
    }

    fn figure(&self, manifest: &Manifest, tables: &[Table]) -> Result<Figure, Failure> {
        let focus = figure::RatioFocus {
            claimed: self.claimed_ratio,
            baseline: &self.headline.baseline,
            technology: &self.headline.technology,
            search_model: self.headline.search_model.name(),
            shown: &self.shown,
        };
        let marks: Vec<MarkRow> = rows_of(tables)?;
        let points: Vec<figure::NamedPoint> = marks
            .into_iter()
            .map(|mark| figure::NamedPoint { name: mark.name, x: mark.shift, y: mark.search })
            .collect();
        let rows = figure::RatioRows {
            ratios: &rows_of(tables)?,
            systems: &rows_of(tables)?,
            pairs: &rows_of(tables)?,
            flows: &rows_of(tables)?,
            replication: &rows_of(tables)?,
            break_even: &rows_of(tables)?,
        };
        Ok(figure::energy_ratio(&manifest.title, focus, rows, &points))
    }
}

/// What the parts of the study share.
struct Context<'a> {
    manifest: &'a Manifest,
    study: &'a RatioStudy,
    inputs: &'a Inputs<'a>,
}

impl RatioStudy {
    /// The names of all baselines.
    fn baseline_names(&self) -> impl Iterator<Item = &str> {
        (self.crossbars.iter().map(|point| point.name.as_str()))
            .chain(self.digital.iter().map(|point| point.name.as_str()))
            .chain(self.others.iter().map(|point| point.name.as_str()))
            .chain(self.published.iter().map(|point| point.name.as_str()))
    }

    fn flow(&self, name: &str) -> Option<&Flow> {
        self.flows.iter().find(|flow| flow.name == name)
    }

    /// Every baseline against the processors at its node, under every prior.
    fn ratios(&self, baselines: &[Baseline], processors: &[Processor]) -> Vec<RatioRow> {
        let mut rows = Vec::new();
        for baseline in baselines {
            for processor in processors.iter().filter(|processor| processor.node == baseline.node) {
                for (index, &prior) in self.priors.iter().enumerate() {
                    let of_prior = |drawn: &[Vec<f64>]| drawn.get(index).cloned().unwrap_or_default();
                    let (above, below) = (of_prior(&baseline.drawn), of_prior(&processor.drawn));
                    let spread = Spread::of_ratios(baseline.nominal, &above, &below, self.claimed_ratio);
                    rows.push(RatioRow {
                        baseline: baseline.name.clone(),
                        origin: baseline.origin.into(),
                        node: baseline.node,
                        weights: baseline.weights.into(),
                        activation_bits: baseline.activation_bits,
                        baseline_energy: baseline.nominal,
                        technology: processor.technology.clone(),
                        search_model: processor.model.name().into(),
                        processor_energy: processor.nominal,
                        ratio: baseline.nominal / processor.nominal,
                        prior: prior.name().into(),
                        ratio_p05: spread.low,
                        ratio_p50: spread.median,
                        ratio_p95: spread.high,
                        reaches_claim: spread.reaches,
                        source: baseline.source.clone(),
                    });
                }
            }
        }
        rows
    }
}
