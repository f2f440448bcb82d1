//! The YAML file that describes a network: its layers, its checkpoint, and what is documented about it.

mod blocks;
mod error;
mod extents;
mod layers;
mod places;
mod wiring;

use std::cell::LazyCell;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub(crate) use error::shown;
pub use error::{DescriptionError, Mistake};
pub use extents::{PaddingDescription, PixelZero, Sides};
pub use layers::{
    ActivationDescription, AddDescription, BasicBlockDescription, BottleneckDescription, ConcatDescription,
    ConvolutionDescription, FlattenDescription, FullyConnectedDescription, InvertedResidualDescription,
    LayerDescription, MaxPoolDescription, MultiplyDescription, PickDescription, RescaleDescription,
    SumPoolDescription, TableDescription,
};
pub(crate) use places::Places;
pub(crate) use wiring::{Plain, Source, Wired, wire};

/// No extent of an image comes near.
const LARGEST: usize = 1 << 16;

/// A network as its YAML file describes it.
///
/// The file is named after the network; paths in it are relative to its folder. Its weights come from a checkpoint, or are drawn
/// from a seed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NetworkDescription {
    /// The network's name, and the file's.
    pub name: String,
    /// One line for tables and figures.
    pub title: String,
    /// The checkpoint that holds the weights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<PathBuf>,
    /// BLAKE3 of the checkpoint's bytes, if it is to be that one and no other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint_digest: Option<String>,
    /// The weights, if there is no checkpoint: a network from its shapes alone, for costs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seeded: Option<SeededDescription>,
    /// Golden vectors: a few images with the logits, accumulators and activations that inference must give.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub golden: Option<PathBuf>,
    /// The image that the network reads.
    pub input: InputDescription,
    /// Bits of the activations between layers, 1 to 8; the image's pixels have 8.
    pub activation_bits: u32,
    /// Every activation step of the checkpoint is divided by this. 17 turns 4-bit steps into the 8-bit steps of the same
    /// range (255 = 17 · 15): a network for costs, not one that was trained.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step_divisor: Option<u32>,
    /// The share of zero weights that training aimed at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sparsity: Option<f64>,
    /// What it was trained on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_set: Option<DataSet>,
    /// The layers, from the image to the logits. The last one gives the logits, every other one is requantized unless it says
    /// otherwise.
    #[serde(with = "serde_yaml::with::singleton_map_recursive")]
    #[schemars(with = "Vec<LayerDescription>")]
    pub layers: Vec<LayerDescription>,
    /// Accuracies that were measured elsewhere.
    #[serde(default, skip_serializing_if = "DocumentedAccuracy::is_empty")]
    pub documented_accuracy: DocumentedAccuracy,
}

/// Weights that are drawn: each is 0 with the probability `sparsity`, else -1 or 1 alike. Real weights share more subexpressions.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SeededDescription {
    /// Of the stream that they are drawn from.
    pub seed: u64,
    /// The share of zero weights, 0 to less than 1.
    pub sparsity: f64,
}

/// The image that a network reads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InputDescription {
    /// Colour channels.
    pub channels: usize,
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// The pixel that stands for 0, for each channel or for all; it fills the padding.
    #[serde(default, skip_serializing_if = "PixelZero::is_zero")]
    pub zero: PixelZero,
    /// What a pixel of 1 more stands for; 1/255 if nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<f64>,
}

impl InputDescription {
    /// An image whose pixels of 0 to 255 stand for 0 to 1.
    pub const fn new(channels: usize, height: usize, width: usize) -> Self {
        Self { channels, height, width, zero: PixelZero::All(0), step: None }
    }
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

impl DocumentedAccuracy {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
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

impl NetworkDescription {
    /// Reads a description from a YAML file.
    ///
    /// # Errors
    /// If the file cannot be read, is not a description, or contradicts itself. Whether its layers fit each other and the
    /// checkpoint is checked when the network is built.
    pub fn load(path: &Path) -> Result<Self, DescriptionError> {
        Ok(Self::load_with_text(path)?.0)
    }

    /// The same with the file's text.
    pub(crate) fn load_with_text(path: &Path) -> Result<(Self, String), DescriptionError> {
        let text =
            files::read_text(path).map_err(|source| DescriptionError::Read { path: path.into(), source })?;
        Ok((Self::parse(&text, path)?, text))
    }

    /// Reads a description from the text of the file `path`.
    ///
    /// # Errors
    /// As for [`Self::load`].
    pub fn parse(text: &str, path: &Path) -> Result<Self, DescriptionError> {
        // The other reader has no bound of its own.
        if let Err((place, reason)) = yaml::Node::parse(text) {
            let position = Some((place.line, place.column));
            return Err(DescriptionError::Yaml { path: path.into(), position, reason });
        }
        let description: Self =
            serde_yaml::from_str(text).map_err(|error| DescriptionError::yaml(path, &error))?;
        let mistakes = description.mistakes(text, path);
        if mistakes.is_empty() {
            Ok(description)
        } else {
            Err(DescriptionError::Mistakes { path: path.into(), mistakes })
        }
    }

    /// Everything that contradicts itself.
    fn mistakes(&self, text: &str, path: &Path) -> Vec<Mistake> {
        let mut mistakes = Vec::new();
        let places = LazyCell::new(|| Places::of(text));
        let mut field = |field: &str, found: &dyn std::fmt::Display, expected: &str| {
            let position = places.field(field);
            let what = format!("field `{field}` is {found}; expected {expected}");
            mistakes.push(Mistake { position, what });
        };
        let expected = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        if self.name != expected {
            field("name", &format!("`{}`", self.name), &format!("`{expected}`, like the file"));
        }
        let &InputDescription { channels, height, width, ref zero, step } = &self.input;
        if [channels, height, width].iter().any(|extent| !(1..=LARGEST).contains(extent)) {
            field("input", &format!("{channels}x{height}x{width}"), "extents of 1 to 65536");
        }
        match zero {
            PixelZero::Each(zeros) if zeros.len() != channels => {
                let found = format!("{} pixels", zeros.len());
                field("input.zero", &found, &format!("one, or one for each of {channels} channels"));
            }
            PixelZero::All(_) | PixelZero::Each(_) => {
                if let Some(pixel) = zero.of_channels(1).iter().find(|&&pixel| pixel > 255) {
                    field("input.zero", pixel, "pixels of 0 to 255");
                }
            }
        }
        if let Some(step) = step.filter(|step| !(step.is_finite() && *step > 0.0)) {
            field("input.step", &step, "a finite number above 0");
        }
        if !(1..=8).contains(&self.activation_bits) {
            field("activation_bits", &self.activation_bits, "1 to 8");
        }
        if self.step_divisor == Some(0) {
            field("step_divisor", &0, "at least 1");
        }
        let sparsities =
            [("sparsity", self.sparsity), ("seeded.sparsity", self.seeded.map(|seeded| seeded.sparsity))];
        for (name, sparsity) in sparsities {
            if let Some(sparsity) = sparsity.filter(|sparsity| !(0.0..1.0).contains(sparsity)) {
                field(name, &sparsity, "0 to less than 1");
            }
        }
        match (&self.checkpoint, &self.seeded) {
            (None, None) => field("checkpoint", &"missing", "a file, or `seeded` with a seed and a sparsity"),
            (Some(_), Some(_)) => field("seeded", &"given beside `checkpoint`", "one of the two"),
            _ => {}
        }
        let accuracy = &self.documented_accuracy;
        for (name, record) in [
            ("documented_accuracy.float_network.top1", &accuracy.float_network),
            ("documented_accuracy.float_evaluation.top1", &accuracy.float_evaluation),
            ("documented_accuracy.integer_inference.top1", &accuracy.integer_inference),
        ] {
            if let Some(record) = record.as_ref().filter(|record| !(0.0..=1.0).contains(&record.top1)) {
                field(name, &record.top1, "a share of 0 to 1");
            }
        }
        if let Err(of_layers) = wire(channels, &self.layers) {
            let of_list = places.layers();
            mistakes.extend(of_layers.into_iter().map(|(layer, what)| {
                let position = of_list.get(layer).copied().or_else(|| places.field("layers"));
                Mistake { position, what }
            }));
        }
        mistakes
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
        let LayerDescription::Convolution(convolution) = &description.layers[0] else {
            panic!("{:?}", description.layers[0])
        };
        assert_eq!((convolution.kernel, convolution.stride), (Sides::Both(3), Sides::Both(1)));
        assert_eq!((convolution.padding, convolution.groups), (PaddingDescription::Every(1), 1));
        assert_eq!((convolution.activation, &convolution.from), (ActivationDescription::Requantized, &None));
        assert_eq!(description.layers[2], LayerDescription::SumPool(SumPoolDescription::default()));
        assert_eq!(description.golden, None);
    }

    /// Everything that a description can hold.
    const GENERAL: &str = "\
name: small
title: Small
seeded: {seed: 1, sparsity: 0.8}
input: {channels: 3, height: 9, width: 8, zero: [124, 116, 104], step: 0.017}
activation_bits: 4
layers:
  - convolution: {name: a, from: input, outputs: 6, kernel: [3, 1], stride: [2, 1], padding: [1, 0, 0, 0]}
  - convolution: {name: b, outputs: 6, kernel: 3, padding: 1, groups: 6, activation: none}
  - add: {name: c, of: [b, a], signed: true}
  - rescale: {name: d, from: a}
  - max_pool: {name: e, from: c, kernel: 3, stride: 1, padding: 1}
  - concat: {name: f, of: [c, e]}
  - sum_pool: {kernel: 2, stride: [1, 2], padding: [0, 0, 1, 1]}
  - bottleneck: {name: g, width: 4, outputs: 8, groups: 2}
  - inverted_residual: {name: h, outputs: 8, expansion: 6}
  - fully_connected: {name: i, outputs: 10}
";

    #[test]
    fn what_is_written_is_read_back() {
        for text in [GOOD, GENERAL] {
            let description = parse(text).unwrap();
            assert_eq!(parse(&serde_yaml::to_string(&description).unwrap()).unwrap(), description);
        }
    }

    #[test]
    fn blocks_are_taken_apart_and_every_layer_finds_its_sources() {
        let description = parse(GENERAL).unwrap();
        let wired = wire(3, &description.layers).unwrap();
        let name = |source: &Source| match source {
            Source::Image => "input",
            Source::Layer(place) => &wired[*place].name,
        };
        let shown: Vec<String> = wired
            .iter()
            .map(|layer| {
                format!("{} {}", layer.name, layer.sources.iter().map(name).collect::<Vec<_>>().join(" "))
            })
            .collect();
        let expected = "a input, b a, c b a, d a, e c, f c e, f.sum f, g.conv1 f.sum, g.conv2 g.conv1, g.conv3 g.conv2, \
                        g.downsample f.sum, g g.conv3 g.downsample, h.expand g, h.depthwise h.expand, \
                        h.project h.depthwise, h h.project g, i h";
        assert_eq!(shown.join(", "), expected);
    }

    #[test]
    fn every_mistake_is_told_at_once_with_its_line() {
        let mut text = GENERAL.to_owned();
        for (from, to) in [
            ("from: input", "from: nowhere"),
            ("groups: 6", "groups: 4"),
            ("of: [b, a]", "of: [a, z]"),
            ("from: a}", "from: b}"),
            ("name: e", "name: a"),
            ("activation_bits: 4", "activation_bits: 0"),
            ("[124, 116, 104]", "[124, 116]"),
        ] {
            text = text.replace(from, to);
        }
        let expected = "\
networks/small.yaml:4:43: field `input.zero` is 2 pixels; expected one, or one for each of 3 channels
networks/small.yaml:5:1: field `activation_bits` is 0; expected 1 to 8
networks/small.yaml:7:5: layer `a`: field `from` is `nowhere`, which no layer before it is called
networks/small.yaml:8:5: layer `b`: field `groups` is 4; expected a divisor of 6 inputs and of 6 outputs
networks/small.yaml:9:5: layer `c`: field `of` holds `z`, which no layer before it is called
networks/small.yaml:10:5: layer `d`: reads `b`, which has `activation: none`; only an `add` can
networks/small.yaml:11:5: layer `a`: a second one of that name
networks/small.yaml:12:5: layer `f`: field `of` holds `e`, which no layer before it is called";
        assert_eq!(parse(&text).unwrap_err(), expected);
    }

    #[test]
    fn mistakes_are_told_with_file_line_column_and_field() {
        for (from, to, place, words) in [
            ("outputs: 4,", "outputs: four,", ":9:41", "outputs: invalid type: string \"four\""),
            ("padding: 1}", "pading: 1}", ":9:", "unknown field `pading`"),
            ("max_pool:", "mean_pool:", ":10:", "unknown variant `mean_pool`"),
            ("name: fc1, ", "", ":12:", "missing field `name`"),
            ("kernel: 3", "kernel: [3, 3, 3]", ":9:", "expected a number, or [rows, columns]"),
            ("padding: 1}", "padding: -1}", ":9:", "expected a number, or [top, left, bottom, right]"),
            (
                "fashion-mnist",
                "mnist",
                ":7:11",
                "unknown variant `mnist`, expected `fashion-mnist` or `cifar10`",
            ),
            ("activation_bits: 4\n", "", "", "missing field `activation_bits`"),
            ("title: Small\n", "title: \"Small\n", ":2:8", "invalid indentation in quoted scalar"),
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
            (
                "padding: 1}",
                "padding: 18446744073709551615}",
                "layer `conv1`: field `padding` is 18446744073709551615",
            ),
            ("name: fc1", "name: conv1", "layer `conv1`: a second one"),
            ("checkpoint: small.safetensors.zst\n", "", "field `checkpoint` is missing; expected a file"),
            ("sum_pool: {}", "sum_pool: {stride: 2}", "go with `kernel`"),
        ] {
            let error = parse(&GOOD.replace(from, to)).unwrap_err();
            assert!(error.contains(words), "{to}: {error}");
        }
    }
}
