//! `tritrack import`: an ONNX model to a float network of the workspace, or to a network where it is quantized already.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use float_network::{FloatNetwork, Operation, PixelScale, SavedNetwork};
use network::Shape;
use onnx::ImportOptions;
use quantizer::{
    Correction, Granularity, PostTraining, StepRule, ThresholdRule, WeightRule, quantize_network,
};
use serde_json::json;
use tables::Table;
use workspace::{Failure, Workspace, WorkspaceError};

use super::{Format, print_table, quantize};
use crate::choice::Choice;

tables::table! {
    /// The nodes of an imported network, in the order of their execution.
    pub struct NodeRow: "nodes" {
        /// Name of the node.
        node: String,
        /// What it computes.
        operation: String,
        /// Channels, rows and columns of its value.
        output: String,
        /// Trained numbers: weights, biases, batch norms.
        parameters: usize,
    }
}

/// Shown after the command's help.
pub const EXAMPLES: &str = "\
Examples:
  tritrack import mine.onnx                                    writes experiments/networks/mine.float.safetensors
  tritrack import mine.onnx --input-shape 3x224x224            where the model leaves the image's shape open
  tritrack import resnet18.onnx --mean 0.485,0.456,0.406 --deviation 0.229,0.224,0.225
  tritrack quantize mine --images fashion-mnist --count 1128   then: ternary weights and rounded activations";

/// Arguments of `tritrack import`.
#[derive(Debug, Clone, Args)]
pub struct Arguments {
    /// The model: an ONNX file; external data lie beside it
    model: PathBuf,
    /// The network's name; the file's without its extension if left out
    #[arg(long)]
    name: Option<String>,
    /// Where it is written; the workspace's experiments/networks if left out
    #[arg(long, value_name = "FOLDER")]
    output: Option<PathBuf>,
    /// Channels, rows and columns of an image, where the model leaves them open
    #[arg(long, value_name = "CxHxW", value_parser = shape)]
    input_shape: Option<Shape>,
    #[command(flatten)]
    pixels: PixelArguments,
    /// How the table is printed
    #[arg(long, value_parser = Choice::<Format>::default(), default_value_t = Format::Text)]
    format: Format,
}

/// What training did to the pixels.
#[derive(Debug, Clone, Args)]
pub struct PixelArguments {
    /// Means that training took off pixels of 0 to 1, one for each channel; 0 if left out
    #[arg(long, value_name = "MEAN", value_delimiter = ',')]
    mean: Vec<f64>,
    /// Deviations that it divided them by, one for each channel; 1 if left out
    #[arg(long, value_name = "DEVIATION", value_delimiter = ',')]
    deviation: Vec<f64>,
}

impl PixelArguments {
    /// The scale, if any was named.
    ///
    /// # Errors
    /// If a number is out of range.
    pub fn scale(&self) -> Result<Option<PixelScale>, Failure> {
        let channels = self.mean.len().max(self.deviation.len());
        if channels == 0 {
            return Ok(None);
        }
        let or = |values: &[f64], default: f64| {
            if values.is_empty() { vec![default; channels] } else { values.to_vec() }
        };
        let scale = PixelScale::new(or(&self.mean, 0.0), or(&self.deviation, 1.0));
        scale.map(Some).map_err(|error| WorkspaceError::argument(error.to_string()).into())
    }
}

fn shape(text: &str) -> Result<Shape, String> {
    let extents =
        text.split(['x', ',']).map(|extent| extent.trim().parse().ok().filter(|&extent| extent > 0));
    match extents.collect::<Option<Vec<usize>>>().as_deref() {
        Some(&[channels, height, width]) => Ok(Shape::new(channels, height, width)),
        _ => Err("expected channels, rows and columns, for example 3x224x224".into()),
    }
}

/// Runs the command.
///
/// # Errors
/// If the model cannot be read, has nodes that are not supported, or a file cannot be written.
pub fn run(workspace: &Workspace, arguments: &Arguments, output: &mut impl Write) -> Result<(), Failure> {
    let options = ImportOptions {
        name: arguments.name.clone(),
        input_shape: arguments.input_shape,
        pixels: arguments.pixels.scale()?,
    };
    let imported = onnx::import(&arguments.model, &options)?;
    let (network, mut notes) = (imported.network, imported.notes);
    let name = network.name().to_owned();
    quantize::check_name(&name)?;
    let folder = quantize::folder_for_networks(workspace, arguments.output.as_deref())?;
    if is_quantized(&network) {
        match directly(&network) {
            Ok(quantized) => {
                notes.extend(quantized.notes.iter().cloned());
                let written =
                    quantize::write(&quantized, &folder, &name, &quantize::title(&quantized, &name), "")?;
                let table = quantize::table(&quantized.layers)?;
                let files = written.iter().map(|path| workspace.shown(path).to_string()).collect::<Vec<_>>();
                let kept = "already ternary, with steps of its own: written as a network, as it is";
                return print(arguments, &network, &table, &files, &notes, kept, output);
            }
            Err(reason) => notes.push(format!("quantized already, but not as a network here is: {reason}")),
        }
    }
    let path = folder.join(format!("{name}.float.safetensors"));
    let saved = SavedNetwork { network, notes };
    saved.save(&path)?;
    let files = [workspace.shown(&path).to_string()];
    let next = format!("next: tritrack quantize {name} --images SET");
    print(arguments, &saved.network, &nodes(&saved.network)?, &files, &saved.notes, &next, output)
}

fn is_quantized(network: &FloatNetwork) -> bool {
    network.nodes().any(|(_, node)| matches!(node.operation(), Operation::Quantize(_)))
}

/// A network that is ternary already and brings all its steps along.
fn directly(network: &FloatNetwork) -> Result<quantizer::PostTrained, String> {
    let options = PostTraining {
        weights: WeightRule::Same(ThresholdRule::Twn(quantizer::Factor::PAPER)),
        granularity: Granularity::Filter,
        bits: None,
        steps: StepRule::MeanSquare,
        correction: Correction::None,
    };
    let images =
        network::ImageSet::new("none", network.input(), Vec::new(), None).map_err(|e| e.to_string())?;
    let quantized =
        quantize_network(network, &images, &options, &mut |_, _| ()).map_err(|e| e.to_string())?;
    match quantized.layers.iter().find(|layer| layer.weight_snr.is_finite()) {
        Some(layer) => Err(format!("the weights of `{}` are not ternary", layer.name)),
        None => Ok(quantized),
    }
}

fn nodes(network: &FloatNetwork) -> Result<Table, Failure> {
    let rows = network.nodes().map(|(_, node)| NodeRow {
        node: node.name().into(),
        operation: node.operation().name().into(),
        output: node.shape().to_string(),
        parameters: node.operation().parameters(),
    });
    Ok(Table::of(rows)?)
}

fn print(
    arguments: &Arguments,
    network: &FloatNetwork,
    table: &Table,
    files: &[String],
    notes: &[String],
    next: &str,
    output: &mut impl Write,
) -> Result<(), Failure> {
    match arguments.format {
        Format::Json => {
            let table: serde_json::Value = serde_json::from_str(&tables::to_json(table)).unwrap_or_default();
            let document = json!({
                "network": network.name(),
                "input": network.input().to_string(),
                "parameters": network.parameters(),
                "files": files,
                "notes": notes,
                "table": table,
            });
            let _ = writeln!(output, "{document:#}");
        }
        Format::Csv | Format::Parquet => {
            print_table(table, arguments.format, output)?;
        }
        Format::Text => {
            print_table(table, Format::Text, output)?;
            let _ = writeln!(output, "{} parameters, images of {}", network.parameters(), network.input());
            notes.iter().for_each(|note| drop(writeln!(output, "note: {note}")));
            files.iter().for_each(|file| drop(writeln!(output, "written: {file}")));
            let _ = writeln!(output, "{next}");
        }
    }
    Ok(())
}
