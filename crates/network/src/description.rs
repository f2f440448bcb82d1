//! The YAML file that describes a network: its layers, its checkpoint, and what is documented about it.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// No extent of a layer comes near; it keeps products of extents within the machine's integers.
const LARGEST: usize = 1 << 16;

/// A network as its YAML file describes it.
///
/// The file is named after the network; paths in it are relative to its folder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NetworkDescription {
    /// The network's name, and the file's.
    pub name: String,
    /// One line for tables and figures.
    pub title: String,
    /// The checkpoint that holds the weights.
    pub checkpoint: PathBuf,
    /// Golden vectors: a few images with the logits, accumulators and activations that inference must give.
    pub golden: Option<PathBuf>,
    /// The image that the network reads.
    pub input: InputDescription,
    /// Bits of the activations between layers, 1 to 8; the image's pixels have 8.
    pub activation_bits: u32,
    /// Every activation step of the checkpoint is divided by this. 17 turns 4-bit steps into the 8-bit steps of the same
    /// range (255 = 17 · 15): a network for costs, not one that was trained.
    pub step_divisor: Option<u32>,
    /// The share of zero weights that training aimed at.
    pub sparsity: f64,
    /// What it was trained on.
    pub data_set: DataSet,
    /// The layers, from the image to the logits. The last one gives the logits, every other one is requantized.
    #[serde(with = "serde_yaml::with::singleton_map_recursive")]
    #[schemars(with = "Vec<LayerDescription>")]
    pub layers: Vec<LayerDescription>,
    /// Accuracies that were measured elsewhere.
    #[serde(default)]
    pub documented_accuracy: DocumentedAccuracy,
}

/// The extents of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InputDescription {
    /// Colour channels.
    pub channels: usize,
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
}

/// The data sets that this project reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DataSet {
    /// Fashion-MNIST (Xiao, Rasul, Vollgraf 2017, arXiv 1708.07747), padded to 32 x 32.
    FashionMnist,
    /// CIFAR-10 (Krizhevsky 2009).
    Cifar10,
}

/// One layer of a description.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum LayerDescription {
    /// A convolution with batch norm and, unless it is the last layer, requantization.
    Convolution(ConvolutionDescription),
    /// A fully connected layer with batch norm and, unless it is the last layer, requantization. A feature map is flattened
    /// channel-major first.
    FullyConnected(FullyConnectedDescription),
    /// A max pool.
    MaxPool(MaxPoolDescription),
    /// The sum over all positions of each channel; the next layer's input step is divided by their number.
    SumPool(SumPoolDescription),
    /// ResNet's basic block: two 3x3 convolutions and a shortcut, which is a 1x1 convolution where shapes change.
    BasicBlock(BasicBlockDescription),
}

/// See [`LayerDescription::Convolution`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConvolutionDescription {
    /// The prefix of its tensors.
    pub name: String,
    /// Output channels.
    pub outputs: usize,
    /// Rows and columns of the kernel.
    pub kernel: usize,
    /// The step between positions.
    #[serde(default = "one")]
    pub stride: usize,
    /// Zeros on every side.
    #[serde(default)]
    pub padding: usize,
}

/// See [`LayerDescription::FullyConnected`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FullyConnectedDescription {
    /// The prefix of its tensors.
    pub name: String,
    /// Outputs.
    pub outputs: usize,
}

/// See [`LayerDescription::MaxPool`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MaxPoolDescription {
    /// Rows and columns of the window.
    pub kernel: usize,
    /// The step between windows.
    pub stride: usize,
    /// Padding on every side.
    #[serde(default)]
    pub padding: usize,
}

/// See [`LayerDescription::SumPool`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SumPoolDescription {}

/// See [`LayerDescription::BasicBlock`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BasicBlockDescription {
    /// The prefix of its tensors.
    pub name: String,
    /// Output channels of both convolutions.
    pub outputs: usize,
    /// The stride of the first convolution and of the shortcut.
    #[serde(default = "one")]
    pub stride: usize,
}

fn one() -> usize {
    1
}

impl LayerDescription {
    /// The layer's name; pools have none.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Convolution(layer) => Some(&layer.name),
            Self::FullyConnected(layer) => Some(&layer.name),
            Self::BasicBlock(block) => Some(&block.name),
            Self::MaxPool(_) | Self::SumPool(_) => None,
        }
    }

    fn extents(&self) -> Vec<usize> {
        match self {
            Self::Convolution(layer) => vec![layer.outputs, layer.kernel, layer.stride, layer.padding],
            Self::FullyConnected(layer) => vec![layer.outputs],
            Self::BasicBlock(block) => vec![block.outputs, block.stride],
            Self::MaxPool(pool) => vec![pool.kernel, pool.stride, pool.padding],
            Self::SumPool(_) => Vec::new(),
        }
    }
}

/// Accuracies that were measured when the network was trained, for comparison only.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DocumentedAccuracy {
    /// A float network of the same shape.
    pub float_network: Option<AccuracyRecord>,
    /// The ternary network, evaluated in floating point.
    pub float_evaluation: Option<AccuracyRecord>,
    /// The ternary network, evaluated in integers.
    pub integer_inference: Option<AccuracyRecord>,
}

/// A documented accuracy and where it stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccuracyRecord {
    /// The share of images whose class was found, 0 to 1.
    pub top1: f64,
    /// On how many images, where that is known; the first ones of the data.
    pub images: Option<usize>,
    /// Which images.
    pub data: String,
    /// Where the figure stands.
    pub source: String,
}

/// Why a description cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DescriptionError {
    /// The file cannot be read.
    #[error("{}: cannot be read: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file is not a description; the reason names the field.
    #[error("{}{}: {reason}", path.display(), place(*position))]
    Yaml {
        /// The file.
        path: PathBuf,
        /// Line and column, from 1, where they are known.
        position: Option<(usize, usize)>,
        /// The field, what was found and what was expected.
        reason: String,
    },
    /// The network's name is not the file's.
    #[error("{}: field `name` is `{found}`; expected `{expected}`, like the file", path.display())]
    Name {
        /// The file.
        path: PathBuf,
        /// The name in the file.
        found: String,
        /// The name of the file.
        expected: String,
    },
    /// A number is out of range.
    #[error("{}: field `{field}` is {found}; expected {expected}", path.display())]
    Range {
        /// The file.
        path: PathBuf,
        /// The field.
        field: &'static str,
        /// The number.
        found: String,
        /// What it may be.
        expected: &'static str,
    },
    /// Two layers have one name.
    #[error("{}: layer `{layer}`: a second one of that name", path.display())]
    DuplicateLayer {
        /// The file.
        path: PathBuf,
        /// The name.
        layer: String,
    },
}

impl DescriptionError {
    fn yaml(path: &Path, error: &serde_yaml::Error) -> Self {
        let position = error.location().map(|location| (location.line(), location.column()));
        let mut reason = error.to_string();
        // The position stands before the message already.
        if let Some((line, column)) = position
            && let Some(rest) = reason.strip_suffix(&format!(" at line {line} column {column}"))
        {
            reason = rest.into();
        }
        Self::Yaml { path: path.into(), position, reason }
    }
}

fn place(position: Option<(usize, usize)>) -> String {
    position.map_or_else(String::new, |(line, column)| format!(":{line}:{column}"))
}

impl NetworkDescription {
    /// Reads a description from a YAML file.
    ///
    /// # Errors
    /// If the file cannot be read, is not a description, or contradicts itself. Whether its layers fit each other and the
    /// checkpoint is checked when the network is built.
    pub fn load(path: &Path) -> Result<Self, DescriptionError> {
        let text = fs::read_to_string(path)
            .map_err(|source| DescriptionError::Read { path: path.into(), source })?;
        Self::parse(&text, path)
    }

    /// Reads a description from the text of the file `path`.
    ///
    /// # Errors
    /// As for [`Self::load`].
    pub fn parse(text: &str, path: &Path) -> Result<Self, DescriptionError> {
        let description: Self =
            serde_yaml::from_str(text).map_err(|error| DescriptionError::yaml(path, &error))?;
        description.check(path)?;
        Ok(description)
    }

    fn check(&self, path: &Path) -> Result<(), DescriptionError> {
        let expected = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        if self.name != expected {
            return Err(DescriptionError::Name { path: path.into(), found: self.name.clone(), expected });
        }
        let range = |field, found: String, expected| {
            Err(DescriptionError::Range { path: path.into(), field, found, expected })
        };
        let InputDescription { channels, height, width } = self.input;
        if [channels, height, width].iter().any(|extent| !(1..=LARGEST).contains(extent)) {
            return range("input", format!("{channels}x{height}x{width}"), "extents of 1 to 65536");
        }
        if !(1..=8).contains(&self.activation_bits) {
            return range("activation_bits", self.activation_bits.to_string(), "1 to 8");
        }
        if self.step_divisor == Some(0) {
            return range("step_divisor", "0".into(), "at least 1");
        }
        if !(0.0..1.0).contains(&self.sparsity) {
            return range("sparsity", self.sparsity.to_string(), "0 to less than 1");
        }
        let accuracy = &self.documented_accuracy;
        for (field, record) in [
            ("documented_accuracy.float_network.top1", &accuracy.float_network),
            ("documented_accuracy.float_evaluation.top1", &accuracy.float_evaluation),
            ("documented_accuracy.integer_inference.top1", &accuracy.integer_inference),
        ] {
            if let Some(record) = record.as_ref().filter(|record| !(0.0..=1.0).contains(&record.top1)) {
                return range(field, record.top1.to_string(), "a share of 0 to 1");
            }
        }
        if let Some(extent) = self.layers.iter().flat_map(LayerDescription::extents).find(|&n| n > LARGEST) {
            return range(
                "layers",
                extent.to_string(),
                "outputs, kernels, strides and paddings of at most 65536",
            );
        }
        let mut names = BTreeSet::new();
        match self.layers.iter().filter_map(LayerDescription::name).find(|name| !names.insert(*name)) {
            Some(name) => Err(DescriptionError::DuplicateLayer { path: path.into(), layer: name.into() }),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "\
name: small
title: Small
checkpoint: small.safetensors.zst
input: {channels: 1, height: 8, width: 8}
activation_bits: 4
sparsity: 0.5
data_set: fashion-mnist
layers:
  - convolution: {name: conv1, outputs: 4, kernel: 3, padding: 1}
  - max_pool: {kernel: 2, stride: 2}
  - sum_pool: {}
  - fully_connected: {name: fc1, outputs: 10}
";

    fn parse(text: &str) -> Result<NetworkDescription, String> {
        NetworkDescription::parse(text, Path::new("networks/small.yaml")).map_err(|error| error.to_string())
    }

    #[test]
    fn layers_are_read_in_order_with_their_defaults() {
        let description = parse(GOOD).unwrap();
        let convolution =
            ConvolutionDescription { name: "conv1".into(), outputs: 4, kernel: 3, stride: 1, padding: 1 };
        assert_eq!(description.layers[0], LayerDescription::Convolution(convolution));
        assert_eq!(description.layers[2], LayerDescription::SumPool(SumPoolDescription {}));
        assert_eq!(description.golden, None);
    }

    #[test]
    fn what_is_written_is_read_back() {
        let description = parse(GOOD).unwrap();
        assert_eq!(parse(&serde_yaml::to_string(&description).unwrap()).unwrap(), description);
    }

    #[test]
    fn mistakes_are_told_with_file_line_column_and_field() {
        for (from, to, place, words) in [
            ("outputs: 4,", "outputs: four,", ":9:41", "outputs: invalid type: string \"four\""),
            ("padding: 1}", "pading: 1}", ":9:", "unknown field `pading`"),
            ("max_pool:", "mean_pool:", ":10:", "unknown variant `mean_pool`"),
            ("name: fc1, ", "", ":12:", "missing field `name`"),
            (
                "fashion-mnist",
                "mnist",
                ":7:11",
                "unknown variant `mnist`, expected `fashion-mnist` or `cifar10`",
            ),
            ("sparsity: 0.5\n", "", "", "missing field `sparsity`"),
            ("title: Small\n", "title: \"Small\n", ":13:1", "while scanning a quoted scalar at line 2"),
        ] {
            let error = parse(&GOOD.replace(from, to)).unwrap_err();
            assert!(error.starts_with(&format!("networks/small.yaml{place}")), "{to}: {error}");
            assert!(error.contains(words), "{to}: {error}");
        }
    }

    #[test]
    fn contradictions_are_told_with_field_or_layer() {
        for (from, to, words) in [
            ("name: small\n", "name: other\n", "field `name` is `other`; expected `small`"),
            ("bits: 4", "bits: 9", "field `activation_bits` is 9; expected 1 to 8"),
            ("sparsity: 0.5", "sparsity: .nan", "field `sparsity` is NaN"),
            ("height: 8", "height: 0", "field `input` is 1x0x8"),
            ("padding: 1}", "padding: 18446744073709551615}", "field `layers` is 18446744073709551615"),
            ("name: fc1", "name: conv1", "layer `conv1`: a second one"),
        ] {
            let error = parse(&GOOD.replace(from, to)).unwrap_err();
            assert!(error.contains(words), "{to}: {error}");
        }
    }
}
