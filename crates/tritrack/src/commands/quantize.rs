//! `tritrack quantize`: a float network to a network with ternary weights and rounded activations, without training.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use float_network::{FloatMap, FloatNetwork, SavedNetwork};
use network::{Accuracy, ImageSet, Network, NetworkDescription, class_of};
use quantizer::{
    Correction, Fit, Granularity, LayerReport, NetworkFile, PostTrained, PostTraining, Sparsity, StepRule,
    ThresholdRule, WeightRule, quantize_network,
};
use serde_json::json;
use studies::loaded::NETWORKS;
use tables::Table;
use workspace::{Failure, Inputs, Progress, Workspace, WorkspaceError};

use super::images::ImageArguments;
use super::import::PixelArguments;
use super::{Format, print_table};
use crate::choice::Choice;

tables::table! {
    /// What became of each layer when a float network was quantized. Signal over noise is against the float network's values on the
    /// calibration images.
    pub struct QuantizationRow: "quantization" {
        /// Name of the layer.
        layer: String,
        /// Weights of the layer.
        weights: usize,
        /// Share of its weights that are 0.
        sparsity: Option<f64>,
        /// Signal over noise of its weights; none where they are as they were.
        weight_snr: Option<f64> = "dB",
        /// Of its output, batch norm folded as trained; none without noise.
        output_snr_before: Option<f64> = "dB",
        /// Of its output with its correction.
        output_snr: Option<f64> = "dB",
        /// Of what the next layers read: after the activation, rounded.
        activation_snr: Option<f64> = "dB",
        /// What an activation of 1 stands for.
        step: Option<f64>,
        /// The activation that stands for 0.
        zero: Option<i64>,
    }
}

/// Shown after the command's help.
pub const EXAMPLES: &str = "\
Examples:
  tritrack quantize mine --images fashion-mnist --count 2128              128 images calibrate, 2000 measure accuracy
  tritrack quantize mine --images fashion-mnist --sparsity 0.8 --by-sensitivity --correction batch-norm
  tritrack quantize mine.onnx --images ~/imagenet/val --count 1000 --calibration 200 --bits 8 --steps percentile
  tritrack simulate mine-ternary --images fashion-mnist --count 100 --check   then: bit for bit on the processor";

/// Arguments of `tritrack quantize`.
#[derive(Debug, Clone, Args)]
pub struct Arguments {
    /// A float network: the name of an imported one, its file, or an ONNX model
    network: String,
    #[command(flatten)]
    images: ImageArguments,
    /// Of the images, how many calibrate: the first ones. The others measure accuracy, where they have labels
    #[arg(long, value_name = "COUNT", default_value_t = 128)]
    calibration: usize,
    /// Share of weights that become 0; if left out, what TWN leaves
    #[arg(long, value_name = "SHARE")]
    sparsity: Option<f64>,
    /// Give layers that bear it more zeros than others, all together having the sparsity
    #[arg(long, requires = "sparsity")]
    by_sensitivity: bool,
    /// TWN: weights up to this many times the mean magnitude become 0; 0.7 if left out
    #[arg(long, value_name = "FACTOR", conflicts_with_all = ["sparsity", "threshold"])]
    twn: Option<f64>,
    /// Weights up to this magnitude become 0
    #[arg(long, value_name = "MAGNITUDE", conflicts_with = "sparsity")]
    threshold: Option<f64>,
    /// What shares a threshold
    #[arg(long, value_enum, default_value_t = Shares::Filter)]
    per: Shares,
    /// What ternary weights are to be near to: the float network's outputs on the calibration images, or its weights
    #[arg(long, value_enum, default_value_t = Near::Outputs)]
    near: Near,
    /// Bits of activations, 1 to 8; 4 if left out, or those of a model that is quantized already
    #[arg(long)]
    bits: Option<u32>,
    /// How the steps between activations are chosen
    #[arg(long, value_enum, default_value_t = Steps::Mse)]
    steps: Steps,
    /// With --steps percentile: the share of values, in percent, that the range holds on either side
    #[arg(long, value_name = "PERCENT", default_value_t = 99.9)]
    percentile: f64,
    /// What is brought back to the float network's on the calibration images: nothing, each channel's mean, or its mean and variance
    #[arg(long, value_enum, default_value_t = Corrected::BatchNorm)]
    correction: Corrected,
    /// The new network's name; the float network's with `-ternary` if left out
    #[arg(long)]
    name: Option<String>,
    /// Where it is written; the workspace's experiments/networks if left out
    #[arg(long, value_name = "FOLDER")]
    output: Option<PathBuf>,
    #[command(flatten)]
    pixels: PixelArguments,
    /// Write the table as Parquet
    #[arg(long, value_name = "FILE")]
    parquet: Option<PathBuf>,
    /// How the table is printed
    #[arg(long, value_parser = Choice::<Format>::default(), default_value_t = Format::Text)]
    format: Format,
}

/// What shares a threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Shares {
    /// All weights of a layer
    Layer,
    /// The weights of one output
    Filter,
}

/// What ternary weights are to be near to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Near {
    /// What each layer gives on the calibration images, with what the layers before it give by then
    Outputs,
    /// The trained weights, each on its own
    Weights,
}

/// How the steps between activations are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Steps {
    /// The range with the least mean square of the rounding error
    Mse,
    /// The range that holds a share of the values
    Percentile,
    /// The range that holds all values
    MinMax,
}

/// What is brought back to the float network's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Corrected {
    /// Nothing: batch norms are folded as trained
    None,
    /// Each channel's mean
    Bias,
    /// Each channel's mean and variance: batch norm estimated anew
    BatchNorm,
}

impl Arguments {
    fn options(&self) -> Result<PostTraining, Failure> {
        let weights = match self.sparsity {
            Some(share) if self.by_sensitivity => WeightRule::BySensitivity(Sparsity::new(share)?),
            sparsity => WeightRule::Same(ThresholdRule::stated(sparsity, self.twn, self.threshold)?),
        };
        if !(50.0..=100.0).contains(&self.percentile) {
            let message = format!("--percentile {}: expected 50 to 100", self.percentile);
            return Err(WorkspaceError::argument(message).into());
        }
        Ok(PostTraining {
            weights,
            granularity: match self.per {
                Shares::Layer => Granularity::Layer,
                Shares::Filter => Granularity::Filter,
            },
            fit: match self.near {
                Near::Outputs => Fit::Outputs,
                Near::Weights => Fit::Weights,
            },
            bits: self.bits,
            steps: match self.steps {
                Steps::Mse => StepRule::MeanSquare,
                Steps::Percentile => StepRule::Percentile(1.0 - self.percentile / 100.0),
                Steps::MinMax => StepRule::MinMax,
            },
            correction: match self.correction {
                Corrected::None => Correction::None,
                Corrected::Bias => Correction::Bias,
                Corrected::BatchNorm => Correction::BatchNorm,
            },
        })
    }
}

/// Runs the command.
///
/// # Errors
/// If the network or the images are not there or do not fit together, or the network has what a network file cannot hold.
pub fn run(arguments: &Arguments, inputs: &Inputs<'_>, output: &mut impl Write) -> Result<(), Failure> {
    let options = arguments.options()?;
    let float = load(arguments, inputs)?;
    let name = arguments.name.clone().unwrap_or_else(|| format!("{}-ternary", float.name()));
    check_name(&name)?;
    let folder = folder_for_networks(inputs.workspace(), arguments.output.as_deref())?;
    check_free(&folder, &name)?;
    let set = arguments.images.load_for(inputs, float.input())?;
    set.check_labels(float.node(float.output()).map_or(0, |node| node.shape().len()))?;
    if arguments.calibration > set.len() || arguments.calibration == 0 {
        let message = format!(
            "--calibration {}: expected 1 to the number of images, {}",
            arguments.calibration,
            set.len()
        );
        return Err(WorkspaceError::argument(message).into());
    }
    let calibration = part(&set, 0..arguments.calibration)?.fitted_to(float.input())?;
    let others = part(&set, arguments.calibration..set.len())?;

    let bar = Progress.bar("quantizing layers", 0);
    let quantized = quantize_network(&float, &calibration, &options, &mut |done, all| {
        bar.set_length(all as u64);
        bar.set_position(done as u64);
    })?;
    bar.finish_and_clear();

    let checkpoint = format!("{name}.safetensors.zst");
    let title = title(&quantized, &name);
    let text = quantized.file.text(&name, &title, &checkpoint, "");
    let description = NetworkDescription::parse(&text, &folder.join(format!("{name}.yaml")));
    let description = description.map_err(network::NetworkError::from)?;
    let network = Network::assemble(&description, &quantized.checkpoint)?;
    let accuracies = accuracies(&float, &network, &others)?;
    let more = match &accuracies {
        Some(accuracies) => documented(accuracies, &others, arguments.calibration),
        None => String::new(),
    };
    let files = write(&quantized, &folder, &name, &title, &more)?;
    let table = table(&quantized.layers)?;
    if let Some(path) = &arguments.parquet {
        tables::write_parquet(&table, path)?;
    }
    let files: Vec<String> = files.iter().map(|path| inputs.workspace().shown(path).to_string()).collect();
    print(arguments, (&float, &quantized), &table, accuracies.as_ref(), &calibration, &files, output)
}

/// The float network: by name, by file, or straight from a model.
fn load(arguments: &Arguments, inputs: &Inputs<'_>) -> Result<FloatNetwork, Failure> {
    let path = Path::new(&arguments.network);
    if path.extension().is_some_and(|extension| extension == "onnx") {
        return Ok(onnx::import(path, &arguments.pixels.options()?)?.network);
    }
    let network = if path.is_file() {
        SavedNetwork::load(path)?.network
    } else {
        let path = inputs.workspace().input(NETWORKS, &format!("{}{FLOAT}", arguments.network));
        if !path.is_file() {
            return Err(WorkspaceError::UnknownName {
                kind: "float network",
                name: arguments.network.clone(),
                known: float_networks(inputs.workspace())?,
            }
            .into());
        }
        SavedNetwork::load(&path)?.network
    };
    arguments.pixels.applied_to(network)
}

/// Names become files: no folders, no extension that a file could be mistaken by.
///
/// # Errors
/// If a name is empty or has other characters than letters, digits, `.`, `_` and `-`.
pub fn check_name(name: &str) -> Result<(), Failure> {
    let is_legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.chars().all(is_legal) {
        return Ok(());
    }
    let message =
        format!("`{name}` cannot name a network; expected letters, digits, `.`, `_` and `-` (see --name)");
    Err(WorkspaceError::argument(message).into())
}

/// A network that somebody wrote, or trained, is not replaced.
///
/// # Errors
/// If there is one of that name.
fn check_free(folder: &Path, name: &str) -> Result<(), Failure> {
    let path = folder.join(format!("{name}.yaml"));
    match files::read_text(&path) {
        Ok(text) if !NetworkFile::is_made(&text) => {
            let path = path.display();
            let message =
                format!("{path} is there already, and was not made by quantization; give another --name");
            Err(WorkspaceError::argument(message).into())
        }
        _ => Ok(()),
    }
}

fn part(set: &ImageSet, images: std::ops::Range<usize>) -> Result<ImageSet, Failure> {
    let pixels = images.clone().filter_map(|image| set.pixels(image)).flatten().copied().collect();
    let labels = set.labels().map(|labels| labels[images].to_vec());
    Ok(ImageSet::new(set.name(), set.shape(), pixels, labels)?)
}

/// Top-1 of the float network and of the quantized one.
struct Accuracies {
    float: Accuracy,
    quantized: Accuracy,
}

/// Images whose values fit the memory together.
const TOGETHER: usize = 64;

fn accuracies(
    float: &FloatNetwork,
    network: &Network,
    images: &ImageSet,
) -> Result<Option<Accuracies>, Failure> {
    let Some(labels) = images.labels().filter(|labels| !labels.is_empty()) else { return Ok(None) };
    let bar = Progress.bar("measuring accuracy", images.len() as u64);
    let (mut float_classes, mut classes) = (Vec::new(), Vec::new());
    for first in (0..images.len()).step_by(TOGETHER) {
        let some = part(images, first..images.len().min(first + TOGETHER))?.fitted_to(float.input())?;
        let results = float.infer(&float.pixels().maps(&some));
        let results = results.map_err(|error| WorkspaceError::argument(error.to_string()))?;
        float_classes.extend(results.iter().map(FloatMap::class));
        classes.extend(network.infer_all(&some.feature_maps())?.iter().map(|logits| class_of(logits)));
        bar.inc(some.len() as u64);
    }
    bar.finish_and_clear();
    let accuracy = |classes: Vec<usize>| Accuracy::of(classes, labels);
    Ok(Some(Accuracies { float: accuracy(float_classes), quantized: accuracy(classes) }))
}

/// What the network's file says about accuracy.
fn documented(accuracies: &Accuracies, images: &ImageSet, calibration: usize) -> String {
    let record = |accuracy: Accuracy, of: &str| {
        let data = json!(format!("{}, without the first {calibration}", images.name()));
        let source = json!(format!("measured when it was quantized: {of}"));
        format!(
            "{{top1: {:.4}, images: {}, data: {data}, source: {source}}}",
            accuracy.share(),
            accuracy.images
        )
    };
    format!(
        "documented_accuracy:\n  float_network: {}\n  integer_inference: {}\n",
        record(accuracies.float, "the float network"),
        record(accuracies.quantized, "integer inference")
    )
}

/// One line about a quantized network.
pub fn title(quantized: &PostTrained, name: &str) -> String {
    let (sparsity, bits) = (quantized.file.sparsity(), quantized.file.bits());
    format!("{name} (ternary, sparsity {sparsity:.2}, {bits}-bit activations)")
}

/// Writes a network and its checkpoint, the checkpoint first.
///
/// # Errors
/// If a file cannot be written.
pub fn write(
    quantized: &PostTrained,
    folder: &Path,
    name: &str,
    title: &str,
    more: &str,
) -> Result<[PathBuf; 2], Failure> {
    let file = format!("{name}.safetensors.zst");
    let (path, description) = (folder.join(&file), folder.join(format!("{name}.yaml")));
    check_free(folder, name)?;
    let mut checkpoint = quantized.checkpoint.clone();
    network::tie(&mut checkpoint, &quantized.file.text(name, title, &file, more));
    // A run that is killed between the two leaves files that do not belong together, which whoever reads them is told.
    let digest = checkpoint.save(&path)?;
    let text = quantized.file.tied_text(name, title, (&file, &digest), more);
    tables::write_atomically(&description, text.as_bytes())?;
    Ok([description, path])
}

/// The layers as a table. Infinite ratios are left out: nothing differs.
///
/// # Errors
/// If a row does not fit the schema: a mistake here.
pub fn table(layers: &[LayerReport]) -> Result<Table, Failure> {
    let finite = |value: Option<f64>| value.filter(|value| value.is_finite());
    let rows = layers.iter().map(|layer| QuantizationRow {
        layer: layer.name.clone(),
        weights: layer.weights,
        sparsity: (layer.weights > 0).then_some(layer.sparsity),
        weight_snr: finite(Some(layer.weight_snr)),
        output_snr_before: finite(layer.output_snr_before),
        output_snr: finite(layer.output_snr),
        activation_snr: finite(layer.activation_snr),
        step: finite(layer.step.map(|(step, _)| step)),
        zero: layer.step.map(|(_, zero)| i64::from(zero)),
    });
    Ok(Table::of(rows)?)
}

/// How the files of float networks end.
const FLOAT: &str = ".float.safetensors";

/// The names of all imported float networks, sorted.
fn float_networks(workspace: &Workspace) -> Result<Vec<String>, WorkspaceError> {
    let folder = workspace.inputs_folder().join(NETWORKS);
    let unreadable = |source| WorkspaceError::Unreadable { path: folder.clone(), source };
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&folder).map_err(unreadable)? {
        let file = entry.map_err(unreadable)?.file_name().to_string_lossy().into_owned();
        names.extend(file.strip_suffix(FLOAT).map(str::to_owned));
    }
    names.sort();
    Ok(names)
}

/// Where networks are written: the given folder, or that of the workspace's networks.
///
/// # Errors
/// If it cannot be made.
pub fn folder_for_networks(workspace: &Workspace, given: Option<&Path>) -> Result<PathBuf, WorkspaceError> {
    let folder = given.map_or_else(|| workspace.inputs_folder().join(NETWORKS), Path::to_owned);
    match std::fs::create_dir_all(&folder) {
        Ok(()) => Ok(folder),
        Err(source) => Err(WorkspaceError::Unwritable { path: folder, source }),
    }
}

fn print(
    arguments: &Arguments,
    (float, quantized): (&FloatNetwork, &PostTrained),
    table: &Table,
    accuracies: Option<&Accuracies>,
    calibration: &ImageSet,
    files: &[String],
    output: &mut impl Write,
) -> Result<(), Failure> {
    let top1 = accuracies.map(|Accuracies { float, quantized }| {
        format!(
            "top-1 on {} other images of {}: float {:.4}, quantized {:.4}",
            float.images,
            calibration.name(),
            float.share(),
            quantized.share()
        )
    });
    match arguments.format {
        Format::Json => {
            let table: serde_json::Value = serde_json::from_str(&tables::to_json(table)).unwrap_or_default();
            let share = |accuracy: Accuracy| json!({"top1": accuracy.share(), "correct": accuracy.correct, "images": accuracy.images});
            let document = json!({
                "network": arguments.network,
                "files": files,
                "images": {"set": calibration.name(), "calibration": calibration.len()},
                "sparsity": quantized.file.sparsity(),
                "activation_bits": quantized.file.bits(),
                "pixels": float.pixels().to_string(),
                "accuracy": accuracies.map(|a| json!({"float": share(a.float), "quantized": share(a.quantized)})),
                "notes": quantized.notes,
                "table": table,
            });
            let _ = writeln!(output, "{document:#}");
        }
        Format::Csv | Format::Parquet => {
            print_table(table, arguments.format, output)?;
            // Beside the table, so that it stays one.
            top1.into_iter().for_each(|line| drop(writeln!(std::io::stderr(), "{line}")));
        }
        Format::Text => {
            print_table(table, Format::Text, output)?;
            let (sparsity, bits) = (quantized.file.sparsity(), quantized.file.bits());
            let _ = writeln!(
                output,
                "sparsity {sparsity:.4}, activations of {bits} bits, calibrated on {} images of {}",
                calibration.len(),
                calibration.name()
            );
            let _ = writeln!(output, "pixels are fed as: {}", float.pixels());
            top1.into_iter().for_each(|line| drop(writeln!(output, "{line}")));
            quantized.notes.iter().for_each(|note| drop(writeln!(output, "note: {note}")));
            files.iter().for_each(|file| drop(writeln!(output, "written: {file}")));
        }
    }
    Ok(())
}
