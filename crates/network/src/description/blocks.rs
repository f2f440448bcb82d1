//! What blocks of the literature stand for, layer by layer.

use super::extents::{PaddingDescription, Sides};
use super::layers::{
    ActivationDescription, AddDescription, BasicBlockDescription, BottleneckDescription,
    ConvolutionDescription, InvertedResidualDescription,
};
use super::wiring::Plain;

/// A convolution of a block: square, padded so that a stride of 1 keeps the map's extents.
struct Part<'a> {
    block: &'a str,
    part: &'a str,
    from: String,
    outputs: usize,
    kernel: usize,
    stride: usize,
    groups: usize,
    activation: ActivationDescription,
}

impl Part<'_> {
    fn layer(self) -> Plain {
        Plain::Convolution(ConvolutionDescription {
            name: format!("{}.{}", self.block, self.part),
            from: Some(self.from),
            outputs: self.outputs,
            kernel: Sides::Both(self.kernel),
            stride: Sides::Both(self.stride),
            padding: PaddingDescription::Every(self.kernel / 2),
            dilation: Sides::Both(1),
            groups: self.groups,
            activation: self.activation,
            bits: None,
            signed: false,
        })
    }
}

/// What a block reads.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry<'a> {
    pub name: &'a str,
    pub channels: usize,
}

use ActivationDescription::{None as Unrounded, Requantized};

/// He et al., "Deep Residual Learning for Image Recognition", CVPR 2016, figure 5, left.
pub(super) fn basic_block(block: &BasicBlockDescription, entry: Entry<'_>) -> Vec<Plain> {
    let &BasicBlockDescription { ref name, outputs, stride, .. } = block;
    let part = |part, from: String, stride, activation| {
        Part { block: name, part, from, outputs, kernel: 3, stride, groups: 1, activation }.layer()
    };
    let mut layers = vec![
        part("conv1", entry.name.into(), stride, Requantized),
        part("conv2", format!("{name}.conv1"), 1, Unrounded),
    ];
    let shortcut = shortcut(&mut layers, name, entry, outputs, stride);
    layers.push(sum(name, vec![format!("{name}.conv2"), shortcut], false));
    layers
}

/// The same, figure 5, right, with the stride at the 3x3 convolution (torchvision's "V1.5").
pub(super) fn bottleneck(block: &BottleneckDescription, entry: Entry<'_>) -> Vec<Plain> {
    let &BottleneckDescription { ref name, width, outputs, stride, groups, .. } = block;
    let point = |part, from: String, outputs, activation| {
        Part { block: name, part, from, outputs, kernel: 1, stride: 1, groups: 1, activation }.layer()
    };
    let (part, from) = ("conv2", format!("{name}.conv1"));
    let middle =
        Part { block: name, part, from, outputs: width, kernel: 3, stride, groups, activation: Requantized };
    let mut layers = vec![
        point("conv1", entry.name.into(), width, Requantized),
        middle.layer(),
        point("conv3", format!("{name}.conv2"), outputs, Unrounded),
    ];
    let shortcut = shortcut(&mut layers, name, entry, outputs, stride);
    layers.push(sum(name, vec![format!("{name}.conv3"), shortcut], false));
    layers
}

/// Sandler et al., "MobileNetV2: Inverted Residuals and Linear Bottlenecks", CVPR 2018, figure 4.
pub(super) fn inverted_residual(block: &InvertedResidualDescription, entry: Entry<'_>) -> Vec<Plain> {
    let &InvertedResidualDescription { ref name, outputs, stride, expansion, .. } = block;
    let wide = entry.channels.saturating_mul(expansion);
    let point = |part, from: String, outputs, activation| {
        Part { block: name, part, from, outputs, kernel: 1, stride: 1, groups: 1, activation }.layer()
    };
    let mut layers = Vec::new();
    let mut from = entry.name.to_owned();
    if expansion != 1 {
        layers.push(point("expand", from, wide, Requantized));
        from = format!("{name}.expand");
    }
    let (part, groups) = ("depthwise", wide);
    let depthwise =
        Part { block: name, part, from, outputs: wide, kernel: 3, stride, groups, activation: Requantized };
    layers.push(depthwise.layer());
    layers.push(point("project", format!("{name}.depthwise"), outputs, Unrounded));
    let mut of = vec![format!("{name}.project")];
    if stride == 1 && outputs == entry.channels {
        of.push(entry.name.into());
    }
    layers.push(sum(name, of, true));
    layers
}

/// The name of what a residual block adds: its input, or a convolution that gives it the block's shape.
fn shortcut(layers: &mut Vec<Plain>, block: &str, entry: Entry<'_>, outputs: usize, stride: usize) -> String {
    if stride == 1 && outputs == entry.channels {
        return entry.name.into();
    }
    let (part, from, activation) = ("downsample", entry.name.into(), Unrounded);
    layers.push(Part { block, part, from, outputs, kernel: 1, stride, groups: 1, activation }.layer());
    format!("{block}.downsample")
}

fn sum(name: &str, of: Vec<String>, signed: bool) -> Plain {
    Plain::Add(AddDescription { name: name.into(), of, bits: None, signed })
}
