//! `tritrack compile`: a network's layers as sums, programs or counts.

mod effort;
mod passes;

use std::io::Write;
use std::time::Instant;

use clap::{Args, ValueEnum};
use compiler::pass::Pass;
use compiler::{Sharing, share_layer};
use network::LinearLayer;
use rtm_ap::MachineLayer;
use studies::loaded;
use tables::{Table, TypedRow};
use workspace::{Failure, Inputs, WorkspaceError};

use effort::{Effort, Found};

use super::{Format, MachineArguments, print_table};
use crate::choice::Choice;
use crate::error::CommandError;

tables::table! {
    /// What the compiler makes of every layer.
    pub struct CompilationRow: "compilation" {
        /// Name of the layer.
        layer: String,
        /// Way of sharing subexpressions.
        algorithm: String,
        /// How words lie in the array; `unlimited` where no array was asked for.
        layout: String,
        /// Weights other than 0.
        nonzeros: usize,
        /// Additions and subtractions; the first term of a sum is free.
        adders: usize,
        /// Additions into accumulators.
        accumulates: usize,
        /// Programs that share the outputs.
        processors: Option<usize>,
        /// Columns of the array in use.
        columns: Option<usize>,
        /// Program words.
        words: Option<usize>,
        /// Bits of the program, 64 for each word.
        program_bits: Option<usize>,
        /// Bits of the layer's weights, packed at 2 bits each.
        packed_weight_bits: usize,
        /// Searches in one row.
        passes: Option<u64>,
        /// Steps of tracks in one row, over all columns.
        column_steps: Option<u64>,
        /// Time of compilation.
        seconds: f64 = "s",
        /// Where shared terms are from: `kept` by an earlier search, or `searched` now.
        found: Option<String>,
        /// Pairs of terms that came or went in that search: its work.
        searched: Option<u64>,
    }
}

/// Bits of a program word: a table's number, the bits it runs over, and up to four operands' columns and domains, which
/// take up to 62.
const WORD_BITS: usize = 64;

/// What to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Emit {
    /// The layer's sums with their shared definitions
    Ir,
    /// The programs as assembly
    Asm,
    /// Counts, a row for each layer
    Stats,
    /// The layer's shared definitions as a graph for Graphviz
    Dot,
}

/// Arguments of `tritrack compile`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  tritrack compile resnet18-s80-a4                                        counts of every layer
  tritrack compile resnet18-s80-a4 --cse cross-channel --unlimited        the same, whatever fits an array
  tritrack compile resnet18-s80-a4 --layer stem --cse cross-channel --unlimited --effort best
  tritrack compile vgg8-fashion-s85-a4 --layer fc2 --emit asm             a layer's programs
  tritrack compile vgg8-fashion-s85-a4 --layer fc2 --passes fold,share    a layer's sums after two passes
  tritrack compile vgg8-fashion-s85-a4 --verify                           every stage of every layer checked")]
pub struct Arguments {
    /// A network of the workspace, by name
    #[arg(required_unless_present = "list_passes")]
    network: Option<String>,
    /// One layer only, by name
    #[arg(long)]
    layer: Option<String>,
    /// Share without regard to any array: all input channels at once if the algorithm looks across them
    #[arg(long)]
    unlimited: bool,
    /// What is done to share more across channels: greedy, or best
    #[arg(long, default_value_t = Effort::Greedy)]
    effort: Effort,
    /// What to print; the last stage as text if passes are named
    #[arg(long, value_enum)]
    emit: Option<Emit>,
    /// Run these passes only, in this order, on the parts of the layer that the layout makes
    #[arg(long, value_name = "PASSES", value_delimiter = ',')]
    passes: Vec<String>,
    /// Print the representation after a pass, or after `all`
    #[arg(long, value_name = "PASS")]
    print_ir_after: Option<String>,
    /// Check the representation after every pass against the weights
    #[arg(long)]
    verify: bool,
    /// List the passes with what they do
    #[arg(long)]
    list_passes: bool,
    /// How counts are printed
    #[arg(long, value_parser = Choice::<Format>::default(), default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    machine: MachineArguments,
}

/// Runs the command.
///
/// # Errors
/// If the network or the layer is not there, or a layer does not fit.
pub fn run(arguments: &Arguments, inputs: &Inputs<'_>, output: &mut impl Write) -> Result<(), Failure> {
    let Some(network) = arguments.network.as_deref().filter(|_| !arguments.list_passes) else {
        for pass in Pass::ALL {
            let _ = writeln!(output, "{:<15} {}", pass.name(), pass.description());
        }
        return Ok(());
    };
    let loaded = loaded::network(inputs, network)?;
    let mut options = arguments.machine.options()?;
    if arguments.effort == Effort::Best {
        if options.sharing != Sharing::CrossChannel {
            let message = format!("--effort best searches across channels, and --cse is {}", options.sharing);
            return Err(WorkspaceError::argument(message).into());
        }
        options.sharing = Sharing::Searched;
    }
    let all: Vec<&LinearLayer> = loaded.network.linear_layers().map(|(_, layer)| layer).collect();
    let layers: Vec<&LinearLayer> = match &arguments.layer {
        None => all,
        Some(name) => {
            let known: Vec<String> = all.iter().map(|layer| layer.name().to_owned()).collect();
            let chosen = all.into_iter().find(|layer| layer.name() == name);
            let unknown = || CommandError::UnknownLayer { layer: name.clone(), known };
            vec![chosen.ok_or_else(unknown)?]
        }
    };
    if !arguments.passes.is_empty() || arguments.print_ir_after.is_some() || arguments.verify {
        return passes::run(arguments, &options, &layers, output);
    }
    let emit = arguments.emit.unwrap_or(Emit::Stats);
    let mut table = Table::new(CompilationRow::SCHEMA);
    for layer in layers {
        let started = Instant::now();
        let maximum = u32::from(layer.input_maximum());
        if arguments.unlimited && options.sharing == Sharing::Searched && emit != Emit::Asm {
            let mut notes = Vec::new();
            let found = effort::best(inputs.workspace(), network, layer, |path, error| {
                notes.push(format!("{}: {error}", inputs.workspace().shown(path)));
            })?;
            match emit {
                Emit::Ir => drop(write!(output, "{}", found.sums)),
                Emit::Dot => drop(write!(output, "{}", found.sums.to_dot())),
                Emit::Asm | Emit::Stats => {
                    let counts = [found.sums.adders_without_accumulators(), 0];
                    let made = Made { counts, found: Some((found, notes)), ..Made::default() };
                    push(&mut table, layer, options.sharing.name(), "unlimited", made, started)?;
                }
            }
            continue;
        }
        let shared = || share_layer(layer.name(), layer.weights(), maximum, options.sharing);
        match emit {
            Emit::Ir => {
                let _ = write!(output, "{}", shared());
            }
            Emit::Dot => {
                let _ = write!(output, "{}", shared().to_dot());
            }
            Emit::Asm => {
                let compiled = MachineLayer::compile(layer, &options)?;
                for program in &compiled.compiled().programs {
                    let _ = write!(output, "; layer {}\n{program}", layer.name());
                }
            }
            Emit::Stats if arguments.unlimited => {
                let counts = [shared().adders_without_accumulators(), 0];
                let made = Made { counts, ..Made::default() };
                push(&mut table, layer, options.sharing.name(), "unlimited", made, started)?;
            }
            Emit::Stats => {
                let compiled = MachineLayer::compile(layer, &options)?;
                push_compiled(&mut table, layer, &compiled, options.sharing, started)?;
            }
        }
    }
    if emit == Emit::Stats {
        print_table(&table, arguments.format, output)?;
    }
    Ok(())
}

/// What the compiler made of a layer for an array, in one row.
///
/// # Errors
/// If the row does not fit the schema: a mistake here.
pub fn statistics(
    layer: &LinearLayer,
    compiled: &MachineLayer,
    sharing: Sharing,
    started: Instant,
) -> Result<Table, Failure> {
    let mut table = Table::new(CompilationRow::SCHEMA);
    push_compiled(&mut table, layer, compiled, sharing, started)?;
    Ok(table)
}

fn push_compiled(
    table: &mut Table,
    layer: &LinearLayer,
    compiled: &MachineLayer,
    sharing: Sharing,
    started: Instant,
) -> Result<(), Failure> {
    let statistics = compiled.compiled().statistics;
    let counts = [statistics.adders, statistics.accumulates];
    let made = Made { counts, compiled: Some(compiled), found: None };
    push(table, layer, sharing.name(), compiled.compiled().layout.name(), made, started)
}

/// What was made of a layer.
#[derive(Default)]
struct Made<'m> {
    /// Additions, and those into accumulators.
    counts: [usize; 2],
    compiled: Option<&'m MachineLayer>,
    /// What a search found, and why something that was kept was passed over.
    found: Option<(Found, Vec<String>)>,
}

fn push(
    table: &mut Table,
    layer: &LinearLayer,
    algorithm: &str,
    layout: &str,
    Made { counts: [adders, accumulates], compiled, found }: Made<'_>,
    started: Instant,
) -> Result<(), Failure> {
    let source = found.as_ref().map(|(found, refused)| match &refused[..] {
        [] => found.source.name().to_owned(),
        notes => format!("{}; passed over: {}", found.source, notes.join("; ")),
    });
    let of_programs =
        |value: fn(&rtm_ap::ProgramCounts) -> u64| compiled.map(|layer| layer.counts().map(value).sum());
    let statistics = compiled.map(|layer| layer.compiled().statistics);
    table.push(CompilationRow {
        layer: layer.name().into(),
        algorithm: algorithm.into(),
        layout: layout.into(),
        nonzeros: layer.weights().nonzeros(),
        adders,
        accumulates,
        processors: compiled.map(|layer| layer.compiled().programs.len()),
        columns: statistics.map(|s| s.columns),
        words: statistics.map(|s| s.words),
        program_bits: statistics.map(|s| WORD_BITS * s.words),
        packed_weight_bits: 2 * layer.weights().values().len(),
        passes: of_programs(|counts| counts.compares),
        column_steps: of_programs(|counts| counts.track_steps),
        seconds: started.elapsed().as_secs_f64(),
        found: source,
        searched: found.map(|(found, _)| found.work),
    })?;
    Ok(())
}
