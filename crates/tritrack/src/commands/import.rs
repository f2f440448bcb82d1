//! `tritrack import`: an ONNX model to a float network of the workspace, or to a network where it is quantized already.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use float_network::{FloatNetwork, Operation, PixelScale, SavedNetwork};
use network::Shape;
use onnx::{ImportOptions, PixelRange};
use quantizer::{check_quantizable, keep_quantized};
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
  tritrack import vgg16.onnx --mean 103.939,116.779,123.68 --bgr          pixels of 0 to 255, blue first
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
    /// The output of the model that is the result, where it has several; the first one if left out
    #[arg(long, value_name = "NAME")]
    result: Option<String>,
    #[command(flatten)]
    pixels: PixelArguments,
    /// How the table is printed
    #[arg(long, value_parser = Choice::<Format>::default(), default_value_t = Format::Text)]
    format: Format,
}

/// What training did to the pixels.
#[derive(Debug, Clone, Args)]
pub struct PixelArguments {
    /// Means that training took off pixels, one for each channel: of pixels of 0 to 1, or, where one is above 1, of 0 to 255; 0 if left
    /// out
    #[arg(long, value_name = "MEAN", value_delimiter = ',')]
    mean: Vec<f64>,
    /// Deviations that it divided them by, one for each channel, of pixels of the same range; 1 if left out
    #[arg(long, value_name = "DEVIATION", value_delimiter = ',')]
    deviation: Vec<f64>,
    /// The range of pixels that the model reads, where nothing else was done to them; what the model itself shows if left out
    #[arg(long, value_enum, conflicts_with_all = ["mean", "deviation"])]
    pixels: Option<Range>,
    /// The model reads blue, green and red; means and deviations are in that order too
    #[arg(long)]
    bgr: bool,
}

/// The range of pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Range {
    /// 0 to 1
    Unit,
    /// 0 to 255
    Raw,
}

impl PixelArguments {
    /// What is known of a model's pixels before it is read.
    ///
    /// # Errors
    /// If a number is out of range.
    pub fn options(&self) -> Result<ImportOptions, Failure> {
        let range = self.pixels.map(|range| match range {
            Range::Unit => PixelRange::Unit,
            Range::Raw => PixelRange::Raw,
        });
        Ok(ImportOptions { pixels: self.scale()?, range, is_bgr: self.bgr, ..ImportOptions::default() })
    }

    /// The network with its pixels scaled as was said, if anything was.
    ///
    /// # Errors
    /// If a number is out of range, or there are not as many as channels.
    pub fn applied_to(&self, network: FloatNetwork) -> Result<FloatNetwork, Failure> {
        let ImportOptions { pixels, range, .. } = self.options()?;
        if self.bgr {
            let message = "--bgr is said when a model is imported, or quantized from its ONNX file";
            return Err(WorkspaceError::argument(message).into());
        }
        let channels = network.input().channels;
        match pixels.or(range.map(|range| range.scale(channels))) {
            Some(pixels) => network
                .with_pixels(pixels)
                .map_err(|error| WorkspaceError::argument(error.to_string()).into()),
            None => Ok(network),
        }
    }

    fn scale(&self) -> Result<Option<PixelScale>, Failure> {
        let channels = self.mean.len().max(self.deviation.len());
        if channels == 0 {
            return Ok(None);
        }
        let or = |values: &[f64], default: f64| {
            if values.is_empty() { vec![default; channels] } else { values.to_vec() }
        };
        let scale = PixelScale::of_either(or(&self.mean, 0.0), or(&self.deviation, 1.0));
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
        result: arguments.result.clone(),
        ..arguments.pixels.options()?
    };
    let imported = onnx::import(&arguments.model, &options)?;
    let (network, mut notes) = (imported.network, imported.notes);
    let name = network.name().to_owned();
    quantize::check_name(&name)?;
    let folder = quantize::folder_for_networks(workspace, arguments.output.as_deref())?;
    if is_quantized(&network) {
        match keep_quantized(&network) {
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
    let next = match check_quantizable(&network) {
        Ok(()) => next(&name, arguments.output.as_deref()),
        Err(reason) => {
            notes.push(format!("`quantize` will not take this network: {reason}"));
            "it can be read in floating point only".into()
        }
    };
    let path = folder.join(format!("{name}.float.safetensors"));
    let saved = SavedNetwork { network, notes };
    saved.save(&path)?;
    let files = [workspace.shown(&path).to_string()];
    print(arguments, &saved.network, &nodes(&saved.network)?, &files, &saved.notes, &next, output)
}

fn is_quantized(network: &FloatNetwork) -> bool {
    network.nodes().any(|(_, node)| matches!(node.operation(), Operation::Quantize(_)))
}

/// A command that can be typed as it stands; images of one's own are better.
fn next(name: &str, output: Option<&Path>) -> String {
    let network = match output {
        Some(folder) => folder.join(format!("{name}.float.safetensors")).display().to_string(),
        None => name.to_owned(),
    };
    let output =
        output.map_or(String::new(), |folder| format!(" --output {}", word(&folder.display().to_string())));
    format!(
        "next: tritrack quantize {} --images fashion-mnist --count 1128{output}\n\
         (better with images that the network is for: --images and a folder of them)",
        word(&network)
    )
}

/// A word as a shell takes it: quoted where it could be something else.
fn word(text: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '/');
    if !text.is_empty() && text.chars().all(is_plain) && !text.starts_with('-') {
        return text.into();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
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
                "pixels": network.pixels().to_string(),
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
            let _ = writeln!(output, "pixels are fed as: {}", network.pixels());
            notes.iter().for_each(|note| drop(writeln!(output, "note: {note}")));
            files.iter().for_each(|file| drop(writeln!(output, "written: {file}")));
            let _ = writeln!(output, "{next}");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_command_can_be_typed_as_it_stands() {
        let typed = next("mine", None);
        assert!(
            typed.starts_with("next: tritrack quantize mine --images fashion-mnist --count 1128\n"),
            "{typed}"
        );
        let typed = next("mine", Some(Path::new("my nets/a'b")));
        let expected = "next: tritrack quantize 'my nets/a'\\''b/mine.float.safetensors' --images fashion-mnist \
                        --count 1128 --output 'my nets/a'\\''b'\n";
        assert!(typed.starts_with(expected), "{typed}");
    }
}
