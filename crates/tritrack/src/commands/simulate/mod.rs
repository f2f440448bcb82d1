//! `tritrack simulate`: a network on the associative processor, image by image, with what it costs.

mod tables;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ::tables::Table;
use clap::Args;
use compiler::Options;
use network::{Accuracy, Checkpoint, ImageSet, Network, Tensor, TensorValues};
use rtm_ap::{ActivationsAt, Allocation, Machine, ProcessorDesign, ProcessorParameters};
use serde_json::json;
use studies::simulation::{Plan, Simulation, fitted, images_together};
use studies::{loaded, technologies};
use technology::TechnologyFile;
use workspace::{Failure, Inputs, Progress, WorkspaceError};

use super::images::ImageArguments;
use super::{Format, MachineArguments, print_table};
use crate::choice::Choice;
use crate::error::CommandError;
use tables::Priced;
#[cfg(test)]
pub use tables::{PassRow, ProcessorsRow, SimulationRow, TraceRow};

/// Shown after the command's help.
pub const EXAMPLES: &str = "\
Examples:
  tritrack simulate vgg8-fashion-s85-a4 --images fashion-mnist --count 1000   top-1, events, energy, latency
  tritrack simulate resnet18-s80-a4 --processors whole-network                each layer on processors of its own
  tritrack simulate resnet18-s80-a4 --show processors                         what other numbers of processors would do
  tritrack simulate vgg8-fashion-s85-a4 --layers conv1,fc2 --show passes      two layers, by kind of pass
  tritrack simulate vgg8-fashion-s85-a4 --layers fc2 --trace --format csv     instruction by instruction
  tritrack simulate vgg9-s85-a4 --images ~/cifar-10-batches-bin --check       every value against the integer inference";

/// Arguments of `tritrack simulate`.
#[derive(Debug, Clone, Args)]
pub struct Arguments {
    /// A network of the workspace, by name
    network: String,
    #[command(flatten)]
    images: ImageArguments,
    /// Layers to run on the processor, by name; the others are inferred and not shown. All if left out
    #[arg(long, value_name = "LAYER", value_delimiter = ',')]
    layers: Vec<String>,
    /// Technology of the associative processor, by name
    #[arg(long, default_value = "paper-like")]
    technology: String,
    /// Processors installed: largest-layer, whole-network (layers work on different images), or a number (larger layers take turns)
    #[arg(long, value_name = "COUNT", default_value_t = Allocation::LargestLayer)]
    processors: Allocation,
    /// Where activations are requantized and pooled: periphery, or on the arrays by programs: shift-and-add, thresholds
    #[arg(long, value_name = "WHERE", default_value_t = ActivationsAt::Periphery)]
    activations: ActivationsAt,
    /// What is printed
    #[arg(long, value_parser = Choice::<View>::default(), default_value_t = View::Layers)]
    show: View,
    /// Print what every instruction does on the first image instead
    #[arg(long, conflicts_with = "show")]
    trace: bool,
    /// Compare every accumulator, activation and logit with the integer inference, and stop where one differs
    #[arg(long)]
    check: bool,
    /// Write the logits, I64 [n, classes], to a safetensors file
    #[arg(long, value_name = "FILE")]
    logits: Option<PathBuf>,
    /// Write the table as Parquet, with every column
    #[arg(long, value_name = "FILE")]
    parquet: Option<PathBuf>,
    /// How the table is printed; text leaves out some columns
    #[arg(long, value_parser = Choice::<Format>::default(), default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    machine: MachineArguments,
}

names::names! {
    /// What is told of a simulation.
    pub enum View: "a view", by default Layers {
        /// Events and costs of every layer
        Layers = "layers",
        /// Searches and writes by kind of pass
        Passes = "passes",
        /// Latency, energy and area by the number of processors
        Processors = "processors",
    }
}

/// Instructions of a trace that fit the memory.
const TRACED: usize = 1_000_000;

/// A network, what it runs on, and what is to be told of it.
#[derive(Debug)]
pub struct Question<'a> {
    /// What is run.
    pub network: &'a Arc<Network>,
    /// The array and the compiler's options.
    pub options: Options,
    /// What it is priced by.
    pub technology: &'a TechnologyFile<ProcessorDesign>,
    /// How many processors there are.
    pub processors: Allocation,
    /// Where activations are made.
    pub activations: ActivationsAt,
    /// The layers that run on the processor, by name; all if empty. The others are inferred and not told of.
    pub layers: &'a [String],
    /// Whether every value is compared with the integer inference.
    pub check: bool,
}

impl Question<'_> {
    fn machine(&self) -> Result<Machine, Failure> {
        if self.processors != Allocation::LargestLayer && self.activations != ActivationsAt::Periphery {
            let message = "--processors goes with activations at the periphery: programs for activations are made for the \
                           processors of the largest layer";
            return Err(WorkspaceError::argument(message).into());
        }
        Ok(Machine::compile(Arc::clone(self.network), &self.options)?.with_activations(self.activations)?)
    }

    /// Runs the images, and makes the table of a view.
    ///
    /// # Errors
    /// If the images do not fit, a layer is not known or does not fit the array, or a value differs where it is checked.
    pub fn answer(&self, set: &ImageSet, view: View) -> Result<(Table, Simulation), Failure> {
        let domains = self.options.geometry.domains();
        let node_nm = self.technology.design.node_nm;
        let parameters = ProcessorParameters::varied(&self.technology.parameters, node_nm, domains)?;
        let layers = chosen(self.network, self.layers)?;
        let ran = |layer: usize| layers.is_empty() || layers.contains(&layer);
        let machine = self.machine()?;
        let simulation = Plan { machine: &machine, layers: &layers, check: self.check }.run(set, Progress)?;
        let priced = Priced {
            machine: &machine,
            file: self.technology,
            parameters: &parameters,
            allocation: self.processors,
        };
        let table = match view {
            View::Layers => {
                let first = 0..set.len().min(images_together(self.network));
                let sample = fitted(set, self.network.input().shape(), first)?;
                let statistics = self.network.activation_statistics(&sample)?;
                let expected = machine.expected_events(|layer, bit| {
                    statistics.get(layer).map_or(0.5, |(_, statistics)| statistics.share_with_bit(bit))
                });
                priced.layers(&simulation, &expected, ran)?
            }
            View::Passes => {
                let names = machine.layers().iter().map(|layer| layer.compiled().name.as_str());
                let shown = names.zip(&simulation.layers).enumerate().filter(|(index, _)| ran(*index));
                tables::passes(shown.map(|(_, layer)| layer))?
            }
            View::Processors => priced.processors(&simulation)?,
        };
        Ok((table, simulation))
    }

    /// What every instruction of the layers does on the first image.
    ///
    /// # Errors
    /// As for [`Question::answer`], and if there are more instructions than fit the memory.
    pub fn trace(&self, set: &ImageSet) -> Result<Table, Failure> {
        let layers = chosen(self.network, self.layers)?;
        trace(&self.machine()?, set, |layer| layers.is_empty() || layers.contains(&layer))
    }
}

/// Runs the command.
///
/// # Errors
/// If the network or the images are not there, do not fit together, or a file cannot be written.
pub fn run(arguments: &Arguments, inputs: &Inputs<'_>, output: &mut impl Write) -> Result<(), Failure> {
    let loaded = loaded::network(inputs, &arguments.network)?;
    let file = technologies::processor(inputs, &arguments.technology)?;
    let question = Question {
        network: &loaded.network,
        options: arguments.machine.options()?,
        technology: &file,
        processors: arguments.processors,
        activations: arguments.activations,
        layers: &arguments.layers,
        check: arguments.check,
    };
    let set = arguments.images.load(inputs, &loaded)?;
    if arguments.trace {
        let table = question.trace(&set)?;
        if let Some(path) = &arguments.parquet {
            ::tables::write_parquet(&table, path)?;
        }
        print_table(&table, arguments.format, output)?;
        return Ok(());
    }
    let (table, simulation) = question.answer(&set, arguments.show)?;
    if let Some(path) = &arguments.logits {
        write_logits(path, set.len(), loaded.network.classes(), &simulation)?;
    }
    if let Some(path) = &arguments.parquet {
        ::tables::write_parquet(&table, path)?;
    }
    let accuracy = set.labels().map(|labels| Accuracy::of(simulation.classes.iter().copied(), labels));
    print(arguments, &set, accuracy, table, output)
}

/// The places of layers among the linear ones.
fn chosen(network: &Network, names: &[String]) -> Result<Vec<usize>, CommandError> {
    let known: Vec<&str> = network.linear_layers().map(|(_, layer)| layer.name()).collect();
    let place = |name: &String| {
        known.iter().position(|known| known == name).ok_or_else(|| CommandError::UnknownLayer {
            layer: name.clone(),
            known: known.iter().map(|&name| name.to_owned()).collect(),
        })
    };
    names.iter().map(place).collect()
}

fn trace(machine: &Machine, set: &ImageSet, ran: impl Fn(usize) -> bool) -> Result<Table, Failure> {
    let network = machine.network();
    let layers =
        || machine.layers().iter().enumerate().filter(|(index, _)| ran(*index)).map(|(_, layer)| layer);
    let instructions: usize = layers().map(|layer| layer.compiled().statistics.words).sum();
    if instructions > TRACED {
        let message = format!(
            "the layers have {instructions} instructions, more than the {TRACED} that a trace holds; choose some with --layers"
        );
        return Err(WorkspaceError::argument(message).into());
    }
    let image = fitted(set, network.input().shape(), 0..set.len().min(1))?;
    let mut traced = Vec::new();
    for image in &image {
        let values = network.evaluate(image, &mut network::ReferenceEngine)?;
        for layer in layers() {
            let name = layer.compiled().name.as_str();
            let input = network
                .layer_named(name)
                .and_then(|(id, _)| network.source(id))
                .and_then(|source| values.activations(source));
            if let Some(input) = input {
                traced.push((name, layer.trace(input)?));
            }
        }
    }
    tables::trace(&traced)
}

fn write_logits(path: &Path, images: usize, classes: usize, simulation: &Simulation) -> Result<(), Failure> {
    let tensor = Tensor::new(vec![images, classes], TensorValues::I64(simulation.logits.clone()))
        .map_err(|e| WorkspaceError::argument(e.to_string()))?;
    let mut checkpoint = Checkpoint::new(path);
    checkpoint.insert("logits", tensor);
    checkpoint.save(path).map_err(network::NetworkError::from)?;
    Ok(())
}

fn print(
    arguments: &Arguments,
    set: &ImageSet,
    accuracy: Option<Accuracy>,
    table: Table,
    output: &mut impl Write,
) -> Result<(), Failure> {
    let top1 = accuracy.map(|accuracy| {
        format!(
            "top-1 on {} ({} images): {:.4} ({} correct)",
            set.name(),
            accuracy.images,
            accuracy.share(),
            accuracy.correct
        )
    });
    match arguments.format {
        Format::Text => {
            let shown = if arguments.show == View::Layers { table.select(&tables::SHOWN)? } else { table };
            print_table(&shown, Format::Text, output)?;
            top1.into_iter().for_each(|line| drop(writeln!(output, "{line}")));
            if arguments.check {
                let _ = writeln!(output, "every value of {} images equals the integer inference", set.len());
            }
        }
        Format::Csv | Format::Parquet => {
            print_table(&table, arguments.format, output)?;
            // Beside the table, so that it stays one.
            top1.into_iter().for_each(|line| drop(writeln!(std::io::stderr(), "{line}")));
        }
        Format::Json => {
            let table: serde_json::Value =
                serde_json::from_str(&::tables::to_json(&table)).unwrap_or_default();
            let document = json!({
                "network": arguments.network,
                "images": {"set": set.name(), "count": set.len()},
                "accuracy": accuracy.map(|a| json!({"top1": a.share(), "correct": a.correct, "images": a.images})),
                "checked": arguments.check,
                "table": table,
            });
            let _ = writeln!(output, "{document:#}");
        }
    }
    Ok(())
}
