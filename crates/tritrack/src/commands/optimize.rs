//! `tritrack optimize`: the best machine for a network among those of a space.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};

use ::tables::{Table, write_atomically};
use clap::Args;
use compiler::{Carry, Layout, Sharing};
use rtm_ap::{IdleProcessors, Operation, PaddingRows, ProgramEncoding, ProgramStore, SearchModel, Segments};
use serde_yaml::{Mapping, Value};
use studies::images::{ImageSource, Images};
use studies::loaded;
use studies::machine::Way;
use studies::studies::optimization::{BestLayerRow, MachineRow, Objective, OptimizationStudy, Space};
use studies::systems::CrossbarPoint;
use workspace::stages::Use;
use workspace::{Failure, Inputs, Manifest, WorkspaceError, locked, outcome, rows_of};

use super::{Format, print_table};
use crate::choice::Choice;

/// Shown after the command's help.
pub const EXAMPLES: &str = "\
Examples:
  tritrack optimize resnet18-s80-a4                               the least energy, by the technology paper-like
  tritrack optimize resnet18-s80-a4 --batch 1 --most-latency 50   one image at a time, within 50 ms
  tritrack optimize resnet18-s80-a4 --objective energy-delay --most-area 20
  tritrack optimize vgg9-s85-a4 --search-model match-line --write experiments/best.yaml
  tritrack reproduce best                                         the machine that was written, with the spread of its ratio

Every shape (columns x domains) is compiled for in every way (layout, sharing, outputs) and executed: these take the time, and what they give is
kept, so that another objective, technology or bound takes seconds. Rows, processors, batches and stores cost no time. In each machine every
layer takes the way that serves the whole best. `bound` says how much of the best machine's energy (or energy times latency) would be left at the
least on that array, whatever ways the layers took.";

/// The crossbar that the ratio is held against: its technology and node, nm.
const AGAINST: (&str, f64) = ("neurosim-rram-22nm", 45.0);
/// The components that it is built of, as the associative processor is.
const COMPONENTS: &str = "cmos";

/// What to seek, and where.
#[derive(Debug, Clone, Args)]
pub struct Arguments {
    /// A network of the workspace, by name
    network: String,
    /// Technology of the associative processor, by name
    #[arg(long, default_value = "paper-like")]
    technology: String,
    /// How searches are charged
    #[arg(long, value_parser = Choice::<SearchModel>::default(), default_value_t = SearchModel::ActiveBits)]
    search_model: SearchModel,
    /// What the best machine has the least of
    #[arg(long, value_parser = Choice::<Objective>::default(), default_value_t = Objective::Energy)]
    objective: Objective,
    /// The most latency of an image, of a batch its share
    #[arg(long, value_name = "MS", value_parser = positive)]
    most_latency: Option<f64>,
    /// The most area
    #[arg(long, value_name = "MM2", value_parser = positive)]
    most_area: Option<f64>,
    /// Images that are executed; golden ones if the network has any, or else Fashion-MNIST's
    #[arg(long, value_parser = Choice::<ImageSource>::default(), value_name = "SET")]
    images: Option<ImageSource>,
    /// How many images
    #[arg(long, default_value_t = 1, value_parser = at_least_one::<u64>)]
    count: u64,
    /// Machines to print, the best first; 0 for all
    #[arg(long, value_name = "COUNT", default_value_t = 10)]
    top: usize,
    /// Write the best machine as a manifest, which `tritrack reproduce` runs where it lies among the experiments
    #[arg(long, value_name = "FILE.yaml")]
    write: Option<PathBuf>,
    /// How the table is printed; text leaves out some columns
    #[arg(long, value_parser = Choice::<Format>::default(), default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    space: SpaceArguments,
}

/// The machines to choose from.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "The machines to choose from")]
struct SpaceArguments {
    /// Rows of an array
    #[arg(long, value_delimiter = ',', default_values_t = [64, 128, 256, 512], value_parser = at_least_one::<u64>)]
    rows: Vec<u64>,
    /// Columns of an array
    #[arg(long, value_delimiter = ',', default_values_t = [256, 512, 1024], value_parser = at_least_one::<u64>)]
    columns: Vec<u64>,
    /// Domains of a track
    #[arg(long, value_delimiter = ',', default_values_t = [32, 64], value_parser = at_least_one::<u64>)]
    domains: Vec<u64>,
    /// Where the carry of additions is kept
    #[arg(long, value_delimiter = ',', value_parser = Choice::<Carry>::default(), default_values_t = [Carry::Latch])]
    carry: Vec<Carry>,
    /// Segments of a row's match line: 1, 2, 4, 8, 16, 32 or 64; more than one only where searches are charged by match line
    #[arg(long, value_delimiter = ',', default_values_t = [1, 8, 16, 32, 64])]
    segments: Vec<u32>,
    /// Processors installed, beside as many as one image of the largest layer takes
    #[arg(long, value_delimiter = ',', default_values_t = [1, 2, 4, 8, 16, 32, 64], value_parser = at_least_one::<u64>)]
    processors: Vec<u64>,
    /// Images that go through together
    #[arg(long, value_delimiter = ',', default_values_t = [1, 16, 64], value_parser = at_least_one::<u32>)]
    batch: Vec<u32>,
    /// How words lie in the array
    #[arg(long, value_delimiter = ',', value_parser = Choice::<Layout>::default(), default_values_t = [Layout::Tiled])]
    layout: Vec<Layout>,
    /// How subexpressions are shared
    #[arg(long = "cse", value_delimiter = ',', value_name = "ALGORITHM", value_parser = Choice::<Sharing>::default(), default_values_t = [Sharing::PerChannel, Sharing::CrossChannel])]
    sharing: Vec<Sharing>,
    /// The most outputs that one processor computes; 0 for as many as fit
    #[arg(long, value_delimiter = ',', default_values_t = [0, 64])]
    outputs_per_processor: Vec<usize>,
    /// What the program is kept in
    #[arg(long, value_delimiter = ',', value_parser = Choice::<ProgramStore>::default(), default_values_t = ProgramStore::ALL)]
    store: Vec<ProgramStore>,
    /// How the program is kept
    #[arg(long, value_delimiter = ',', value_parser = Choice::<ProgramEncoding>::default(), default_values_t = ProgramEncoding::ALL)]
    encoding: Vec<ProgramEncoding>,
}

fn positive(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() && value > 0.0 => Ok(value),
        _ => Err("expected a number above 0".to_owned()),
    }
}

fn at_least_one<T: std::str::FromStr + PartialOrd + From<u8>>(text: &str) -> Result<T, String> {
    let value = text.parse::<T>().ok().filter(|value| *value >= T::from(1));
    value.ok_or_else(|| "expected a whole number from 1 on".to_owned())
}

impl SpaceArguments {
    fn space(&self) -> Space {
        let outputs: BTreeSet<usize> = self.outputs_per_processor.iter().copied().collect();
        let outputs: Vec<Option<usize>> =
            outputs.into_iter().map(|outputs| (outputs > 0).then_some(outputs)).collect();
        let mut ways = Vec::new();
        for &layout in &self.layout {
            for &sharing in &self.sharing {
                ways.extend(outputs.iter().map(|&outputs_per_processor| Way {
                    layout,
                    sharing,
                    outputs_per_processor,
                }));
            }
        }
        Space {
            rows: self.rows.clone(),
            columns: self.columns.clone(),
            domains: self.domains.clone(),
            carry: self.carry.clone(),
            processors: self.processors.clone(),
            ways,
        }
    }

    /// Rows without a position and processors that a layer does not use rest: both only save. Segments save where the line is charged.
    fn operations(&self, model: SearchModel) -> Result<Vec<Operation>, WorkspaceError> {
        let mut segments = Vec::new();
        for &count in &self.segments {
            let known = Segments::new(count).ok_or_else(|| {
                let known: Vec<String> =
                    Segments::all().map(|segments| segments.count().to_string()).collect();
                WorkspaceError::argument(format!("--segments {count}: expected {}", known.join(", ")))
            })?;
            segments.push(known);
        }
        if model == SearchModel::ActiveBits {
            segments = vec![Segments::ONE];
        }
        let mut operations = Vec::new();
        for &batch in &self.batch {
            for &store in &self.store {
                for &encoding in &self.encoding {
                    operations.extend(segments.iter().map(|&segments| Operation {
                        padding_rows: PaddingRows::Gated,
                        idle_processors: IdleProcessors::Off,
                        store,
                        encoding,
                        segments,
                        batch,
                        processors: None,
                    }));
                }
            }
        }
        Ok(operations)
    }
}

/// Runs the command.
///
/// # Errors
/// If an input is missing or wrong, no machine is within the bounds, or the manifest cannot be written.
pub fn run(arguments: &Arguments, inputs: &Inputs<'_>, output: &mut impl Write) -> Result<(), Failure> {
    let loaded = loaded::network(inputs, &arguments.network)?;
    let images = arguments.images.unwrap_or(match loaded.description.golden {
        Some(_) => ImageSource::Golden,
        None => ImageSource::FashionMnist,
    });
    let bits = loaded.description.activation_bits;
    let (technology, node_nm) = AGAINST;
    let name = format!("{node_nm} nm, ternary / {bits} bit");
    let crossbar = CrossbarPoint {
        components: Some(COMPONENTS.to_owned()),
        ..CrossbarPoint::matching(&name, technology, Some(node_nm), bits)
    };
    let study = OptimizationStudy {
        network: arguments.network.clone(),
        images: Images::of(images, usize::try_from(arguments.count).unwrap_or(usize::MAX)),
        technologies: vec![arguments.technology.clone()],
        search_models: vec![arguments.search_model],
        objective: arguments.objective,
        most_latency: arguments.most_latency,
        most_area: arguments.most_area,
        operations: arguments.space.operations(arguments.search_model)?,
        space: arguments.space.space(),
        crossbars: vec![crossbar],
        steps: Vec::new(),
    };
    let manifest = Manifest {
        id: "optimize".to_owned(),
        title: format!("The best machine for {}", arguments.network),
        seed: 0,
        study: Box::new(study),
        hash: String::new(),
        named: BTreeSet::new(),
    };
    let _lock = locked(inputs.workspace())?;
    let made = outcome(&manifest, inputs, Use::ReadAndWrite)?;
    let machines: Vec<MachineRow> = rows_of(&made.tables)?;
    let summary = made.summary.join("\n");
    let Some(best) = machines.first() else {
        return Err(WorkspaceError::argument(summary).into());
    };
    if let Some(path) = &arguments.write {
        let layers: Vec<BestLayerRow> = rows_of(&made.tables)?;
        let text = as_manifest(arguments, images, (path, bits), best, &layers)?;
        write_atomically(path, text.as_bytes())?;
    }
    let shown = if arguments.top == 0 { machines.len() } else { arguments.top };
    let table = Table::of(machines.into_iter().take(shown))?;
    match arguments.format {
        Format::Text => {
            print_table(&table.select(&SHOWN)?, Format::Text, output)?;
            let _ = writeln!(output, "\n{summary}");
            if let Some(path) = &arguments.write {
                let _ = writeln!(output, "wrote {}", path.display());
            }
        }
        format => print_table(&table, format, output)?,
    }
    Ok(())
}

/// What a text table shows.
const SHOWN: [&str; 10] =
    ["rank", "rows", "columns", "domains", "processors", "batch", "energy", "latency", "area", "ratio"];

/// The best machine as an experiment: its ratio with the spread that the parameters' ranges leave, beside the plain machine's.
fn as_manifest(
    arguments: &Arguments,
    images: ImageSource,
    (path, bits): (&Path, u32),
    best: &MachineRow,
    layers: &[BestLayerRow],
) -> Result<String, Failure> {
    let id = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let text = |text: &str| Value::String(text.to_owned());
    let way = |row: &BestLayerRow| {
        let outputs = (row.outputs_per_processor > 0)
            .then(|| ("outputs_per_processor", Value::from(row.outputs_per_processor)));
        let named = [("layout", text(&row.layout)), ("sharing", text(&row.sharing))];
        named.into_iter().chain(outputs).collect::<Vec<_>>()
    };
    let array = [
        ("rows", Value::from(best.rows)),
        ("columns", Value::from(best.columns)),
        ("domains", Value::from(best.domains)),
        ("carry", text(&best.carry)),
    ];
    let first = layers.first().map(way).unwrap_or_default();
    let machine = fields(array.into_iter().chain(first.clone()));
    // What most layers do need not be said of each.
    let others = layers.iter().filter(|row| way(row) != first);
    let others: Mapping = others.map(|row| (Value::from(row.layer.as_str()), fields(way(row)))).collect();
    let operation = fields([
        ("padding_rows", text(PaddingRows::Gated.name())),
        ("idle_processors", text(&best.idle_processors)),
        ("store", text(&best.store)),
        ("encoding", text(&best.encoding)),
        ("segments", Value::from(best.segments)),
        ("batch", Value::from(best.batch)),
        ("processors", Value::from(best.processors)),
    ]);
    let flow = [("name", text(FLOW)), ("machine", machine.clone()), ("operation", operation)];
    let flow = flow.into_iter().chain((!others.is_empty()).then_some(("layers", Value::Mapping(others))));
    let (technology, node_nm) = AGAINST;
    let baseline = format!("{node_nm} nm, ternary / {bits} bit");
    let crossbar = fields([
        ("name", text(&baseline)),
        ("technology", text(technology)),
        ("node_nm", Value::from(node_nm)),
        ("components", text(COMPONENTS)),
        ("weights", text("ternary")),
        ("activation_bits", Value::from(bits)),
    ]);
    let study = fields([
        ("network", text(&arguments.network)),
        ("images", fields([("set", text(images.name())), ("count", Value::from(arguments.count))])),
        ("machine", machine),
        ("technologies", Value::Sequence(vec![text(&arguments.technology)])),
        ("search_models", Value::Sequence(vec![text(arguments.search_model.name())])),
        ("claimed_ratio", Value::from(CLAIMED)),
        ("draws", Value::from(DRAWS)),
        ("shown", Value::Sequence(vec![text("flows")])),
        (
            "headline",
            fields([
                ("baseline", text(&baseline)),
                ("technology", text(&arguments.technology)),
                ("search_model", text(arguments.search_model.name())),
            ]),
        ),
        ("crossbars", Value::Sequence(vec![crossbar])),
        ("published", Value::Sequence(Vec::new())),
        ("flows", Value::Sequence(vec![fields(flow)])),
    ]);
    let title = format!("The best machine for {}", arguments.network);
    let manifest = fields([
        ("id", text(&id)),
        ("title", text(&title)),
        ("seed", Value::from(1)),
        ("energy_ratio", study),
    ]);
    let written = serde_yaml::to_string(&manifest).map_err(|e| WorkspaceError::argument(e.to_string()))?;
    Ok(format!("# The machine that `tritrack optimize` found: {}.\n{written}", best.ways))
}

/// The name of the flow that is written.
const FLOW: &str = "the best machine";
/// The ratio that the paper claims.
const CLAIMED: f64 = 7.5;
/// Draws of the parameters, as the headline's.
const DRAWS: u64 = 10_000;

fn fields<'f>(fields: impl IntoIterator<Item = (&'f str, Value)>) -> Value {
    Value::Mapping(fields.into_iter().map(|(name, value)| (Value::from(name), value)).collect())
}
