//! The layers of a description, as they are written.

use serde::{Deserialize, Serialize};

use super::extents::{PaddingDescription, Sides};

/// One layer of a description. A layer reads the one before it unless `from` names another, or `input`, the image.
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
    /// The sum over all positions of each channel, or over windows of them; it stands for the mean, the step of its readers'
    /// input being as many times smaller.
    SumPool(SumPoolDescription),
    /// The sum of several layers, requantized once.
    Add(AddDescription),
    /// The channels of several layers, one after the other.
    Concat(ConcatDescription),
    /// A batch norm on its own: each channel times a factor, and an offset, requantized.
    Rescale(RescaleDescription),
    /// The values of a map, channel-major, as channels of one position.
    Flatten(FlattenDescription),
    /// Some channels of a layer, in an order of its own: a part of it, or a shuffle.
    Pick(PickDescription),
    /// A function of one value, as a table of what each integer becomes: a sigmoid, a swish.
    Table(TableDescription),
    /// The product of two layers, requantized; the second one may have one position, which stands for all: a gate.
    Multiply(MultiplyDescription),
    /// ResNet's basic block: two 3x3 convolutions and a shortcut, which is a 1x1 convolution where shapes change.
    BasicBlock(BasicBlockDescription),
    /// ResNet's bottleneck block: convolutions of 1x1, 3x3 and 1x1, and a shortcut as in a basic block.
    Bottleneck(BottleneckDescription),
    /// MobileNetV2's block: a 1x1 convolution to more channels, a 3x3 depthwise one, a 1x1 one to fewer without an activation
    /// of its own, and the input added where shapes allow.
    InvertedResidual(InvertedResidualDescription),
}

/// What becomes of a layer's accumulators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ActivationDescription {
    /// They are requantized with the layer's own step.
    #[default]
    Requantized,
    /// Nothing: an `add` reads the accumulators themselves.
    None,
}

/// See [`LayerDescription::Convolution`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConvolutionDescription {
    /// The prefix of its tensors.
    pub name: String,
    /// The layer that it reads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Output channels.
    pub outputs: usize,
    /// Rows and columns of the kernel.
    pub kernel: Sides,
    /// The step between positions, along rows and along columns.
    #[serde(default)]
    pub stride: Sides,
    /// What is added around the input, filled with what stands for 0.
    #[serde(default, skip_serializing_if = "PaddingDescription::is_none")]
    pub padding: PaddingDescription,
    /// How far apart taps lie, along rows and along columns; 1: side by side.
    #[serde(default, skip_serializing_if = "is_default")]
    pub dilation: Sides,
    /// Groups of channels: an output reads the inputs of its own group only. As many as inputs: a depthwise convolution.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub groups: usize,
    /// What becomes of the accumulators.
    #[serde(default, skip_serializing_if = "is_default")]
    pub activation: ActivationDescription,
    /// Bits of its activations, 1 to 8, where they are not the network's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bits: Option<u32>,
    /// Whether its real values can be negative after requantization. Only a network from a seed needs to be told: 0 then stands
    /// in the middle of the range. A checkpoint says it by the tensor `act.zero`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub signed: bool,
}

/// See [`LayerDescription::FullyConnected`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FullyConnectedDescription {
    /// The prefix of its tensors.
    pub name: String,
    /// The layer that it reads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Outputs.
    pub outputs: usize,
    /// What becomes of the accumulators.
    #[serde(default, skip_serializing_if = "is_default")]
    pub activation: ActivationDescription,
    /// Bits of its activations, 1 to 8, where they are not the network's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bits: Option<u32>,
    /// As for a convolution.
    #[serde(default, skip_serializing_if = "is_default")]
    pub signed: bool,
}

/// See [`LayerDescription::MaxPool`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MaxPoolDescription {
    /// What others call it; the name of what it reads with `.pool` if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The layer that it reads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Rows and columns of the window.
    pub kernel: Sides,
    /// The step between windows.
    pub stride: Sides,
    /// Padding, which never is the largest.
    #[serde(default, skip_serializing_if = "PaddingDescription::is_none")]
    pub padding: PaddingDescription,
}

/// See [`LayerDescription::SumPool`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SumPoolDescription {
    /// What others call it; the name of what it reads with `.sum` if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The layer that it reads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Rows and columns of the window; the whole map if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kernel: Option<Sides>,
    /// The step between windows; the kernel's extents if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stride: Option<Sides>,
    /// Padding.
    #[serde(default, skip_serializing_if = "PaddingDescription::is_none")]
    pub padding: PaddingDescription,
    /// Whether the padding counts, as 0; otherwise the mean is over what lies inside.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub counts_padding: bool,
}

impl Default for SumPoolDescription {
    fn default() -> Self {
        let (name, from, kernel, stride, padding) = Default::default();
        Self { name, from, kernel, stride, padding, counts_padding: true }
    }
}

/// See [`LayerDescription::Add`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AddDescription {
    /// The prefix of its tensors, `act.step` and perhaps `act.zero`.
    pub name: String,
    /// The layers: their accumulators where they have `activation: none`, else their activations.
    pub of: Vec<String>,
    /// Bits of its activations, 1 to 8, where they are not the network's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bits: Option<u32>,
    /// As for a convolution.
    #[serde(default, skip_serializing_if = "is_default")]
    pub signed: bool,
}

/// See [`LayerDescription::Concat`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConcatDescription {
    /// What others call it.
    pub name: String,
    /// The layers, all with the same step.
    pub of: Vec<String>,
}

/// See [`LayerDescription::Rescale`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RescaleDescription {
    /// The prefix of its tensors: those of a batch norm, `act.step` and perhaps `act.zero`.
    pub name: String,
    /// The layer that it reads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Bits of its activations, 1 to 8, where they are not the network's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bits: Option<u32>,
    /// As for a convolution.
    #[serde(default, skip_serializing_if = "is_default")]
    pub signed: bool,
}

/// See [`LayerDescription::Flatten`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FlattenDescription {
    /// What others call it.
    pub name: String,
    /// The layer that it reads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
}

/// See [`LayerDescription::Pick`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PickDescription {
    /// What others call it.
    pub name: String,
    /// The layer that it reads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// For each channel of the result, which one of the layer it is, from 0.
    pub channels: Vec<usize>,
}

/// See [`LayerDescription::Table`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TableDescription {
    /// The prefix of its tensors: `table` I32, one value for each integer that the layer's bits can hold; `act.step` and perhaps
    /// `act.zero`. A network from a seed has hard swish there: x · clip(x / 6 + ½, 0, 1).
    pub name: String,
    /// The layer that it reads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Bits of its activations, 1 to 8, where they are not the network's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bits: Option<u32>,
}

/// See [`LayerDescription::Multiply`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MultiplyDescription {
    /// The prefix of its tensors, `act.step` and perhaps `act.zero`.
    pub name: String,
    /// The two layers.
    pub of: [String; 2],
    /// Bits of its activations, 1 to 8, where they are not the network's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bits: Option<u32>,
    /// As for a convolution.
    #[serde(default, skip_serializing_if = "is_default")]
    pub signed: bool,
}

/// See [`LayerDescription::BasicBlock`]. Its layers are NAME.conv1, NAME.conv2, NAME.downsample and the sum NAME.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BasicBlockDescription {
    /// The prefix of its tensors.
    pub name: String,
    /// The layer that it reads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Output channels of both convolutions.
    pub outputs: usize,
    /// The stride of the first convolution and of the shortcut.
    #[serde(default = "one")]
    pub stride: usize,
}

/// See [`LayerDescription::Bottleneck`]. Its layers are NAME.conv1, NAME.conv2, NAME.conv3, NAME.downsample and the sum NAME.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BottleneckDescription {
    /// The prefix of its tensors.
    pub name: String,
    /// The layer that it reads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Output channels of the first two convolutions.
    pub width: usize,
    /// Output channels of the block.
    pub outputs: usize,
    /// The stride of the 3x3 convolution and of the shortcut.
    #[serde(default = "one")]
    pub stride: usize,
    /// Groups of the 3x3 convolution.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub groups: usize,
}

/// See [`LayerDescription::InvertedResidual`]. Its layers are NAME.expand (unless `expansion` is 1), NAME.depthwise, NAME.project
/// and the sum NAME, whose real values can be negative.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InvertedResidualDescription {
    /// The prefix of its tensors.
    pub name: String,
    /// The layer that it reads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Output channels of the block.
    pub outputs: usize,
    /// The stride of the depthwise convolution.
    #[serde(default = "one")]
    pub stride: usize,
    /// The depthwise convolution has as many times more channels than the block's input.
    pub expansion: usize,
}

const fn one() -> usize {
    1
}

const fn is_one(number: &usize) -> bool {
    *number == 1
}

const fn yes() -> bool {
    true
}

const fn is_yes(choice: &bool) -> bool {
    *choice
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl LayerDescription {
    /// The layer's name; pools may have none.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Convolution(layer) => Some(&layer.name),
            Self::FullyConnected(layer) => Some(&layer.name),
            Self::Add(layer) => Some(&layer.name),
            Self::Concat(layer) => Some(&layer.name),
            Self::Rescale(layer) => Some(&layer.name),
            Self::Flatten(layer) => Some(&layer.name),
            Self::Pick(layer) => Some(&layer.name),
            Self::Table(layer) => Some(&layer.name),
            Self::Multiply(layer) => Some(&layer.name),
            Self::BasicBlock(block) => Some(&block.name),
            Self::Bottleneck(block) => Some(&block.name),
            Self::InvertedResidual(block) => Some(&block.name),
            Self::MaxPool(pool) => pool.name.as_deref(),
            Self::SumPool(pool) => pool.name.as_deref(),
        }
    }

    /// The bits of its activations, where they are not the network's.
    pub fn bits(&self) -> Option<u32> {
        match self {
            Self::Convolution(layer) => layer.bits,
            Self::FullyConnected(layer) => layer.bits,
            Self::Add(layer) => layer.bits,
            Self::Rescale(layer) => layer.bits,
            Self::Table(layer) => layer.bits,
            Self::Multiply(layer) => layer.bits,
            _ => None,
        }
    }

    /// The layer that `from` names.
    pub fn from(&self) -> Option<&str> {
        match self {
            Self::Convolution(layer) => layer.from.as_deref(),
            Self::FullyConnected(layer) => layer.from.as_deref(),
            Self::Rescale(layer) => layer.from.as_deref(),
            Self::Flatten(layer) => layer.from.as_deref(),
            Self::Pick(layer) => layer.from.as_deref(),
            Self::Table(layer) => layer.from.as_deref(),
            Self::BasicBlock(block) => block.from.as_deref(),
            Self::Bottleneck(block) => block.from.as_deref(),
            Self::InvertedResidual(block) => block.from.as_deref(),
            Self::MaxPool(pool) => pool.from.as_deref(),
            Self::SumPool(pool) => pool.from.as_deref(),
            Self::Add(_) | Self::Concat(_) | Self::Multiply(_) => None,
        }
    }
}
