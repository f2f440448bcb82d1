//! Every network on both systems: energy, latency, arrays, area and their products.

mod drawn_weights;
mod expectation;
mod figure;
mod figure_table;

use figures::Figure;
use rtm_ap::SearchModel;
use schemars::JsonSchema;
use serde::Deserialize;
use system::{Report, System};
use tables::{Schema, Table, TypedRow};
use workspace::stages::{Declared, Promise, Results};
use workspace::{Checks, Failure, Inputs, Manifest, Study, rows_of};
use yaml::FieldPath;

use crate::images::Images;
use crate::loaded::{network, weight_sparsity, workload};
use crate::machine::Flow;
use crate::names::{ComponentsName, NetworkName, ProcessorName};
use crate::quick::keep_ends;
use crate::run::{Executed, Expected, MachineRun, Run};
use crate::systems::{
    CrossbarPoint, DigitalPoint, WeightPrecision, ZeroWeightsName, microjoules, milliseconds,
    square_millimetres, system_of_flow,
};
use crate::technologies;
use drawn_weights::{DrawnWeightsRow, TrainedAgainstDrawn};
use expectation::ExpectationRow;

/// Every network on both systems.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NetworksStudy {
    /// The networks.
    #[schemars(length(min = 1))]
    networks: Vec<NetworkPoint>,
    /// The ways to compile them.
    #[schemars(length(min = 1))]
    flows: Vec<Flow>,
    /// Technology files of the associative processor.
    #[schemars(with = "Vec<ProcessorName>", length(min = 1))]
    technologies: Vec<String>,
    /// How searches are charged; the figure shows the first.
    #[schemars(length(min = 1))]
    search_models: Vec<SearchModel>,
    /// The crossbar, with the networks' ternary weights and bits of activation.
    crossbar: MatchingBaseline,
    /// The digital reference, with the networks' ternary weights and bits of activation.
    digital: Option<MatchingBaseline>,
    /// Whether events are expected from the programs and the images' share of set bits instead of executed: for networks whose
    /// execution would take too long.
    #[serde(default)]
    expected: bool,
    /// What the weights of trained networks share more than drawn ones.
    sharing: Option<TrainedAgainstDrawn>,
    /// What others published of the same kind of network; told in the figure, not compared.
    #[serde(default)]
    quoted: Vec<QuotedPoint>,
    /// Whether the figure is the table itself.
    #[serde(default)]
    as_table: bool,
}

/// A network with the images that feed executed events.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NetworkPoint {
    /// The network.
    #[schemars(with = "NetworkName")]
    pub network: String,
    /// The images.
    pub images: Images,
}

/// A baseline whose weights and activations are those of the network that it computes.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct MatchingBaseline {
    /// The name in tables and figures.
    name: String,
    /// The technology file.
    technology: String,
    /// The node to scale it to, nm; the file's own if left out.
    node_nm: Option<f64>,
    /// The component library that prices what it shares with other systems; the file's own if left out.
    #[schemars(with = "Option<ComponentsName>")]
    components: Option<String>,
}

impl MatchingBaseline {
    /// As a crossbar.
    fn crossbar(&self, activation_bits: u32) -> CrossbarPoint {
        let point = CrossbarPoint::matching(&self.name, &self.technology, self.node_nm, activation_bits);
        CrossbarPoint { components: self.components.clone(), ..point }
    }

    /// As a digital array.
    fn array(&self, activation_bits: u32) -> DigitalPoint {
        DigitalPoint {
            name: self.name.clone(),
            technology: self.technology.clone(),
            node_nm: self.node_nm,
            weights: WeightPrecision::Ternary,
            activation_bits,
            zero_weights: ZeroWeightsName::Computed,
            batch: 1,
        }
    }
}

/// An energy that others published.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct QuotedPoint {
    /// Whose.
    name: String,
    /// Of which kind of network.
    network: String,
    /// Energy of one inference, µJ.
    energy_uj: f64,
    /// How far it can be trusted.
    mark: technology::Mark,
    /// Where it comes from.
    source: String,
}

tables::table! {
    /// What one image of every network costs on every system, at nominal parameters.
    pub struct NetworkRow: "networks" {
        /// Name of the network.
        network: String,
        /// Bits of the network's activations, on both systems.
        activation_bits: u32,
        /// Share of the network's weights that are 0.
        weight_sparsity: f64,
        /// `RTM-AP`, `crossbar` or `digital`.
        system: String,
        /// Technology of the RTM-AP, or name of the crossbar or the digital reference.
        configuration: String,
        /// Name of the way in which the RTM-AP's program was compiled.
        flow: Option<String>,
        /// Way of sharing subexpressions.
        sharing: Option<String>,
        /// How words lie in the array.
        layout: Option<String>,
        /// How the RTM-AP's searches are charged.
        search_model: Option<String>,
        /// Energy for one image, leakage included.
        energy: f64 = "uJ",
        /// Latency for one image, layer after layer.
        latency: f64 = "ms",
        /// Energy over latency.
        power: f64 = "mW",
        /// Energy times latency.
        energy_delay: f64 = "uJ ms",
        /// Associative processors side by side, subarrays, or arrays of units.
        arrays: u64,
        /// Area of the arrays with their periphery, the RTM-AP's with its program memory.
        area: f64 = "mm2",
        /// Energy of the crossbar over this energy.
        energy_ratio: f64,
        /// Latency of the crossbar over this latency.
        latency_ratio: f64,
    }
}

tables::table! {
    /// Energies that others published for the same kinds of network: told, not compared, as their networks, precisions and nodes differ.
    pub struct QuotedRow: "quoted" {
        /// Whose.
        name: String,
        /// Kind of network.
        network: String,
        /// Energy of one inference.
        energy: f64 = "uJ",
        /// How far it can be trusted.
        mark: String,
        /// Where it comes from.
        source: String,
    }
}

/// Of every network the run of each flow.
pub type Stages = Vec<Vec<Promise<MachineRun>>>;

impl Study for NetworksStudy {
    const NAME: &'static str = "networks";
    const MEANING: &'static str = "Every network on both systems.";
    const TABLES: &'static [&'static Schema] =
        &[NetworkRow::SCHEMA, ExpectationRow::SCHEMA, QuotedRow::SCHEMA, DrawnWeightsRow::SCHEMA];
    type Stages = Stages;

    fn check(&self, path: &FieldPath, checks: &mut Checks<'_>) {
        check_points(&path.field("networks"), &self.networks, checks);
        for (index, flow) in self.flows.iter().enumerate() {
            flow.check_alike(&path.field("flows").item(index), checks);
        }
        let technology = |field: &str| path.field(field).field("technology");
        checks.name("crossbar technology", &technology("crossbar"), &self.crossbar.technology);
        if let Some(digital) = &self.digital {
            checks.name("digital technology", &technology("digital"), &digital.technology);
        }
    }

    fn points(&mut self) -> Vec<&mut dyn std::any::Any> {
        self.flows.iter_mut().map(|flow| flow as &mut dyn std::any::Any).collect()
    }

    fn trim(&mut self) {
        // What is too large to be executed takes long to compile, too.
        if self.expected {
            self.networks.truncate(1);
        }
        if let Some(sharing) = &mut self.sharing {
            sharing.networks.truncate(1);
        }
        keep_ends(&mut self.networks);
        self.networks.iter_mut().for_each(|point| point.images.at_most(1));
        self.flows.truncate(2);
    }

    fn users_data(&self) -> Vec<&'static str> {
        self.networks.iter().filter_map(|point| point.images.set.users_data()).collect()
    }

    fn stages(&self, _: &Manifest, _: &Inputs<'_>, declared: &mut Declared) -> Result<Stages, Failure> {
        let mut of_network = |point: &NetworkPoint| {
            let run = |flow: &Flow| {
                let run = Run::of_flow(&point.network, flow, &point.images);
                if self.expected { declared.stage(Expected(run)) } else { declared.stage(Executed(run)) }
            };
            self.flows.iter().map(run).collect()
        };
        Ok(self.networks.iter().map(&mut of_network).collect())
    }

    fn tables(
        &self,
        _: &Manifest,
        inputs: &Inputs<'_>,
        stages: &Stages,
        results: &Results,
    ) -> Result<(Vec<Table>, Vec<String>), Failure> {
        let mut table = Table::new(NetworkRow::SCHEMA);
        let mut expectations = Table::new(ExpectationRow::SCHEMA);
        let mut summary = Vec::new();
        for (point, runs) in self.networks.iter().zip(stages) {
            summary.push(self.network(point, runs, inputs, results, (&mut table, &mut expectations))?);
        }
        let quoted = Table::of(self.quoted.iter().map(|point| QuotedRow {
            name: point.name.clone(),
            network: point.network.clone(),
            energy: point.energy_uj,
            mark: point.mark.name().into(),
            source: point.source.clone(),
        }))?;
        let (drawn, lines) = match &self.sharing {
            Some(sharing) => sharing.table(inputs)?,
            None => (Table::new(DrawnWeightsRow::SCHEMA), Vec::new()),
        };
        summary.extend(lines);
        // The table of networks is made from the same runs: once is enough.
        let expectations = (!self.as_table).then_some(expectations);
        let tables = [table, quoted, drawn].into_iter().chain(expectations);
        Ok((tables.filter(|table| !table.is_empty()).collect(), summary))
    }

    fn figure(&self, manifest: &Manifest, tables: &[Table]) -> Result<Figure, Failure> {
        let (rows, quoted) = (rows_of(tables)?, rows_of(tables)?);
        Ok(if self.as_table {
            figure_table::network_table(&manifest.title, &rows, &quoted)
        } else if self.expected {
            figure::networks_from_shapes(&manifest.title, &rows, &rows_of(tables)?)
        } else {
            figure::networks(&manifest.title, &rows, &quoted)
        })
    }
}

/// Checks the images of networks.
pub fn check_points(path: &FieldPath, points: &[NetworkPoint], checks: &mut Checks<'_>) {
    for (index, point) in points.iter().enumerate() {
        point.images.check(&path.item(index), &point.network, checks);
    }
}

impl NetworksStudy {
    /// Adds the rows of a network; gives the line that sums them up.
    fn network(
        &self,
        point: &NetworkPoint,
        runs: &[Promise<MachineRun>],
        inputs: &Inputs<'_>,
        results: &Results,
        (table, expectations): (&mut Table, &mut Table),
    ) -> Result<String, Failure> {
        let loaded = network(inputs, &point.network)?;
        let weight_sparsity = weight_sparsity(&loaded.network);
        let activation_bits = loaded.description.activation_bits;
        let own = workload(inputs, &point.network, &point.images, WeightPrecision::Ternary, activation_bits)?;
        let crossbar = self.crossbar.crossbar(activation_bits).system(inputs)?;
        let against = Costs::of(&crossbar.evaluate(&own)?);
        let mut push = |system: &dyn System, how: [Option<&str>; 3], costs: Costs| {
            let [flow, sharing, layout] = how.map(|name| name.map(str::to_owned));
            table.push(NetworkRow {
                network: point.network.clone(),
                activation_bits,
                weight_sparsity,
                system: system.kind().into(),
                configuration: system.name().into(),
                flow,
                sharing,
                layout,
                search_model: system.variant().map(str::to_owned),
                energy: costs.energy,
                latency: costs.latency,
                power: costs.energy / costs.latency,
                energy_delay: costs.energy * costs.latency,
                arrays: costs.arrays,
                area: costs.area,
                energy_ratio: against.energy / costs.energy,
                latency_ratio: against.latency / costs.latency,
            })
        };
        let (mut ratios, mut overestimates) = (Vec::new(), Vec::new());
        for (flow, run) in self.flows.iter().zip(runs) {
            let (run, options) = (results.of(*run)?, flow.machine.0);
            if !self.expected {
                overestimates.push(expectation::push(expectations, &point.network, &flow.name, &run)?);
            }
            for technology in &self.technologies {
                let file = technologies::processor(inputs, technology)?;
                for &model in &self.search_models {
                    let system = system_of_flow(&file, technology, model, &point.network, (flow, &run));
                    let costs = Costs::of(&system.evaluate(&own)?);
                    let how = [&*flow.name, options.sharing.name(), options.layout.name()];
                    push(&system, how.map(Some), costs)?;
                    ratios.push(against.energy / costs.energy);
                }
            }
        }
        push(&crossbar, [None; 3], against)?;
        if let Some(digital) = &self.digital {
            let digital = digital.array(activation_bits).system(inputs)?;
            push(&digital, [None; 3], Costs::of(&digital.evaluate(&own)?))?;
        }
        Ok(self.told(&point.network, against, &ratios, &overestimates))
    }

    /// A network in a line: what it costs on the crossbar, the ratios, and how much more bits are expected than are written.
    fn told(&self, network: &str, against: Costs, ratios: &[f64], overestimates: &[f64]) -> String {
        let least = |values: &[f64]| values.iter().copied().fold(f64::INFINITY, f64::min);
        let most = |values: &[f64]| values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let from_programs = match self.expected {
            true => "bits written to tagged rows are expected from the program".into(),
            false => format!(
                "from the program alone, {:+.0} to {:+.0} % more bits are expected in tagged rows than are written",
                100.0 * least(overestimates),
                100.0 * most(overestimates),
            ),
        };
        format!(
            "{network}: crossbar {:.4} µJ, {:.4} ms; RTM-AP {:.4} to {:.4} times its energy efficiency; {from_programs}",
            against.energy,
            against.latency,
            least(ratios),
            most(ratios),
        )
    }
}

/// What one image costs on a system, in the units of the table.
#[derive(Clone, Copy)]
struct Costs {
    energy: f64,
    latency: f64,
    arrays: u64,
    area: f64,
}

impl Costs {
    fn of(report: &Report) -> Self {
        Self {
            energy: microjoules(report.energy()),
            latency: report.latency().map_or(0.0, milliseconds),
            arrays: report.arrays().unwrap_or(0),
            area: report.area().map_or(0.0, square_millimetres),
        }
    }
}
