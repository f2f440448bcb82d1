//! Which range of pixels a model expects: what the user says, or else what the model itself does to them first.

use float_network::{FloatNetwork, NodeId, Operation, PixelScale};

use crate::tensor::ElementType;
use crate::walk::ImportOptions;

/// A scale below this makes next to nothing of pixels of 0 to 1: it is one for pixels of 0 to 255. The largest that is used for those is
/// 1/58 or so (a deviation of ImageNet), the smallest for pixels of 0 to 1 is 1.
const SMALL: f64 = 0.1;
/// Neither is a mean above this one of pixels of 0 to 1.
const LARGE_MEAN: f64 = 1.5;

/// How pixels become a network's input, and what is to be said about it.
pub(crate) fn chosen(
    network: &FloatNetwork,
    element: ElementType,
    options: &ImportOptions,
) -> (PixelScale, Option<String>) {
    let channels = network.input().channels;
    let own = normalization(network);
    if let Some(given) = &options.pixels {
        let given = if options.is_bgr { reversed(given) } else { given.clone() };
        let is_twice =
            own.is_some() && given != PixelScale::unit(channels) && given != PixelScale::raw(channels);
        let note = "the model scales its input by itself too; the given mean and deviation come before that";
        return (given, is_twice.then(|| note.into()));
    }
    if let Some(range) = options.range {
        return (range.scale(channels), None);
    }
    if element == ElementType::INT8 {
        let scale = PixelScale::new(vec![128.0 / 255.0; channels], vec![1.0 / 255.0; channels]);
        let note = "its input is int8: pixels less 128".into();
        return (scale.unwrap_or_else(|_| PixelScale::raw(channels)), Some(note));
    }
    if !element.is_float() {
        return (PixelScale::raw(channels), Some(format!("its input is {element}: pixels of 0 to 255")));
    }
    match own {
        Some(normalization) if normalization.is_of_255() => {
            let note = "it scales pixels of 0 to 255 by itself (--pixels unit if it does not)".into();
            (PixelScale::raw(channels), Some(note))
        }
        Some(_) => {
            let note = "it scales pixels of 0 to 1 by itself (--pixels raw if they are of 0 to 255)".into();
            (PixelScale::unit(channels), Some(note))
        }
        None => {
            let note = "it does not scale its input, which is taken to be pixels of 0 to 1; \
                        say so if training read others (--mean and --deviation, or --pixels raw)";
            (PixelScale::unit(channels), Some(note.into()))
        }
    }
}

/// Means and deviations are given in the network's order of channels, and kept in the image's.
fn reversed(scale: &PixelScale) -> PixelScale {
    let turned = |values: &[f64]| values.iter().rev().copied().collect::<Vec<f64>>();
    // Legal as they were.
    PixelScale::new(turned(scale.mean()), turned(scale.deviation())).unwrap_or_else(|_| scale.clone())
}

/// Scales and shifts that the image goes through first.
struct Normalization {
    /// For each channel.
    scale_and_shift: Vec<(f64, f64)>,
}

impl Normalization {
    fn is_of_255(&self) -> bool {
        self.scale_and_shift
            .iter()
            .any(|&(scale, shift)| scale != 0.0 && (scale.abs() < SMALL || -shift / scale > LARGE_MEAN))
    }
}

/// What the nodes from the image on do to it, as long as one reads the other and each scales or shifts.
fn normalization(network: &FloatNetwork) -> Option<Normalization> {
    let mut at = NodeId::IMAGE;
    let mut found: Option<Normalization> = None;
    loop {
        let mut readers = network.nodes().filter(|(_, node)| node.inputs().contains(&at));
        let (Some((id, node)), None) = (readers.next(), readers.next()) else { return found };
        match node.operation() {
            Operation::BatchNorm(norm) => {
                let before = found.map_or_else(|| vec![(1.0, 0.0); norm.channels()], |n| n.scale_and_shift);
                let both = before.into_iter().enumerate().map(|(channel, (scale, shift))| {
                    let (next, more) = norm.scale_and_shift(channel);
                    (scale * next, shift * next + more)
                });
                found = Some(Normalization { scale_and_shift: both.collect() });
            }
            // What an image that is quantized already stands for.
            Operation::Pick(_) | Operation::Pad(_) | Operation::Flatten if found.is_none() => {}
            _ => return found,
        }
        at = id;
    }
}
