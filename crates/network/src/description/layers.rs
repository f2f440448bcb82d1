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
    /// Groups of channels: an output reads the inputs of its own group only. As many as inputs: a depthwise convolution.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub groups: usize,
    /// What becomes of the accumulators.
    #[serde(default, skip_serializing_if = "is_default")]
    pub activation: ActivationDescription,
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
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
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
    /// Padding, which counts as 0.
    #[serde(default, skip_serializing_if = "PaddingDescription::is_none")]
    pub padding: PaddingDescription,
}

/// See [`LayerDescription::Add`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AddDescription {
    /// The prefix of its tensors, `act.step` and perhaps `act.zero`.
    pub name: String,
    /// The layers: their accumulators where they have `activation: none`, else their activations.
    pub of: Vec<String>,
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
            Self::BasicBlock(block) => Some(&block.name),
            Self::Bottleneck(block) => Some(&block.name),
            Self::InvertedResidual(block) => Some(&block.name),
            Self::MaxPool(pool) => pool.name.as_deref(),
            Self::SumPool(pool) => pool.name.as_deref(),
        }
    }

    /// The layer that `from` names.
    pub fn from(&self) -> Option<&str> {
        match self {
            Self::Convolution(layer) => layer.from.as_deref(),
            Self::FullyConnected(layer) => layer.from.as_deref(),
            Self::Rescale(layer) => layer.from.as_deref(),
            Self::BasicBlock(block) => block.from.as_deref(),
            Self::Bottleneck(block) => block.from.as_deref(),
            Self::InvertedResidual(block) => block.from.as_deref(),
            Self::MaxPool(pool) => pool.from.as_deref(),
            Self::SumPool(pool) => pool.from.as_deref(),
            Self::Add(_) | Self::Concat(_) => None,
        }
    }
}
