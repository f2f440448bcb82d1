//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::{REGISTRY, commands, reproduce};

/// Re-runs the claims of "Full-Stack Optimization for CAM-Only DNN Inference" (DATE 2024) from manifests.
#[derive(Debug, Parser)]
#[command(name = "tritrack", version, after_help = EXAMPLES)]
pub struct Arguments {
    /// The folder that holds `experiments/`; by default the nearest one above the current folder
    #[arg(long, global = true, value_name = "FOLDER", env = "TRITRACK_WORKSPACE", hide_env_values = true)]
    pub workspace: Option<PathBuf>,

    /// Threads to compute with, at most 1024; by default one for each core. Results do not depend on it
    #[arg(long, global = true, value_name = "COUNT", value_parser = jobs)]
    pub jobs: Option<usize>,

    /// The most memory that a file may ask for, such as 4GB; by default half of the computer's
    #[arg(long, global = true, value_name = "BYTES", value_parser = files::parse_bytes)]
    pub memory: Option<u64>,

    /// Data that the repository does not carry, by name: `cifar10` is the folder of its binary version, `own` whatever an experiment's
    /// images of the set `own` lie in
    #[arg(long, global = true, value_name = "NAME=PATH", value_parser = data_folder)]
    pub data: Vec<(&'static str, PathBuf)>,

    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run experiments: write their tables to `results/` and their figures to `figures/`
    #[command(after_help = reproduce::EXAMPLES)]
    Reproduce(reproduce::Arguments),
    /// Say what a run of experiments would compute, stage by stage, and why, without doing it
    #[command(after_help = commands::plan::EXAMPLES)]
    Plan(commands::plan::Arguments),
    /// Say which experiments' results are up to date, and why others are not
    #[command(after_help = "Examples:\n  tritrack status\n  tritrack status --format csv")]
    Status(commands::status::Arguments),
    /// Compare every number of the results with those of a revision or another folder
    #[command(after_help = commands::diff::EXAMPLES)]
    Diff(commands::diff::Arguments),
    /// Say how a row of a result table came about: what it means, and what it was made from
    #[command(after_help = commands::explain::EXAMPLES)]
    Explain(commands::explain::Arguments),
    /// Write claims, figures, tables and parameters to one page of HTML that needs nothing beside it
    #[command(after_help = commands::report::EXAMPLES)]
    Report(commands::report::Arguments),
    /// Run experiments again and compare with the results that are there, byte for byte
    #[command(after_help = commands::verify::EXAMPLES)]
    Verify(commands::verify::Arguments),
    /// Compute what a network costs on a crossbar, layer by layer, with any parameter changed
    #[command(after_help = commands::crossbar::EXAMPLES)]
    Crossbar(commands::crossbar::CrossbarArguments),
    /// What the results say of each claim: stated, measured, and the verdict
    #[command(after_help = commands::claims::EXAMPLES)]
    Claims(commands::claims::Arguments),
    /// Print a script that completes commands and options in a shell
    #[command(
        after_help = "Example: tritrack completions bash > ~/.local/share/bash-completion/completions/tritrack"
    )]
    Completions {
        /// The shell
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
    /// Print the JSON Schema of a kind of file, with which editors complete and check it
    #[command(after_help = commands::schema::EXAMPLES)]
    Schema(commands::schema::Arguments),
    /// List the experiments with their titles
    #[command(after_help = "Examples:\n  tritrack list\n  tritrack list --format json")]
    List(commands::list::Arguments),
    /// Read a trained network from an ONNX model
    #[command(after_help = commands::import::EXAMPLES)]
    Import(commands::import::Arguments),
    /// Make a float network's weights ternary and round its activations, with images that calibrate it
    #[command(after_help = commands::quantize::EXAMPLES)]
    Quantize(commands::quantize::Arguments),
    /// Compile a network's layers: sums, assembly, or counts of operations, passes and track steps
    #[command(
        after_help = "Example: tritrack compile resnet18-s80-a4 --layer stem --cse cross-channel --unlimited --format json"
    )]
    Compile(commands::compile::Arguments),
    /// Run a network on the associative processor, bit for bit: accuracy, events, energy and latency
    #[command(after_help = commands::simulate::EXAMPLES)]
    Simulate(commands::simulate::Arguments),
    /// Find the best machine for a network: arrays, processors, and for each layer the way to compile it
    #[command(after_help = commands::optimize::EXAMPLES)]
    Optimize(commands::optimize::Arguments),
    /// Inject faults into a network's execution: accuracy, silent corruptions, noise, with intervals
    #[command(after_help = commands::inject::EXAMPLES)]
    Inject(commands::inject::Arguments),
    /// Run a part of an experiment's trials
    #[command(after_help = commands::shard::EXAMPLES)]
    Shard(commands::shard::ShardArguments),
    /// Bring the parts of an experiment's trials together: the same results as in one run
    #[command(after_help = commands::shard::MERGE_EXAMPLES)]
    Merge(commands::shard::MergeArguments),
    /// Run an experiment's trials on a cluster, and merge them there
    #[command(after_help = commands::submit::EXAMPLES)]
    Submit(commands::submit::Arguments),
}

/// More threads than any computer has cores would only wait for each other.
fn jobs(text: &str) -> Result<usize, String> {
    const MOST: usize = 1024;
    let count = text.parse::<usize>().ok().filter(|count| (1..=MOST).contains(count));
    count.ok_or_else(|| format!("expected 1 to {MOST} threads"))
}

fn data_folder(text: &str) -> Result<(&'static str, PathBuf), String> {
    let (name, folder) =
        text.split_once('=').ok_or("expected NAME=PATH, for example cifar10=/data/cifar-10")?;
    let known = REGISTRY.program.users_data;
    let data = known.iter().find(|data| **data == name);
    let unknown = || format!("there is no data `{name}`; there is: {}", known.join(", "));
    Ok((data.ok_or_else(unknown)?, folder.into()))
}

const EXAMPLES: &str = "\
Examples:
  tritrack list                what there is to reproduce
  tritrack reproduce fig7      the headline: energy efficiency against every stated crossbar
  tritrack reproduce all       everything that the repository carries the data for
  tritrack import model.onnx   begin with a network of your own

The program may be installed (`cargo install --path crates/tritrack`) and called from anywhere: name the workspace's folder with --workspace
or in the variable TRITRACK_WORKSPACE.

Exit codes: 0 done; 1 a check that was asked for fails (claims --check, verify); 2 something is wrong with the input, and the
message says what and where.";
