//! Lists of layer shapes in YAML.

use std::path::Path;

use network::{Shape, Window};
use serde::Deserialize;
use yaml::Node;

use crate::{Activations, CrossbarError, LayerShape, Pool};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    /// Where the shapes come from; for the reader.
    #[serde(rename = "source", default)]
    _source: String,
    layers: Vec<WrittenLayer>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenLayer {
    name: Option<String>,
    /// Channels, height, width.
    input: [usize; 3],
    outputs: usize,
    #[serde(default = "one")]
    groups: usize,
    #[serde(default)]
    kernel: WrittenKernel,
    #[serde(default = "one")]
    stride: usize,
    #[serde(default)]
    padding: usize,
    #[serde(default)]
    pool: WrittenPool,
    activations: Option<Activations>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(untagged)]
enum WrittenKernel {
    Square(usize),
    Sides([usize; 2]),
}

impl Default for WrittenKernel {
    fn default() -> Self {
        Self::Square(1)
    }
}

#[derive(Deserialize, Default)]
#[serde(untagged)]
enum WrittenPool {
    #[default]
    None,
    Local(usize),
    Named(NamedPool),
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum NamedPool {
    Global,
}

fn one() -> usize {
    1
}

/// Reads a list of layer shapes:
///
/// ```yaml
/// source: where they come from
/// layers:
///   - {name: stem, input: [3, 224, 224], outputs: 64, kernel: [7, 7], stride: 2, padding: 3, pool: 2,
///      activations: {kind: uniform}}
///   - {name: fc, input: [512, 1, 1], outputs: 1000, activations: {kind: rectified, zeros: 0.5, mean: 0.25}}
/// ```
///
/// `pool` is the extent of the pool that follows, or `global`. Only `input` (channels, height, width) and `outputs` have to be given:
/// a layer without a name is numbered; without `groups` every output reads every input; without a kernel it is a point; without activations it is [`Activations::Uniform`] if it is
/// the first, as an image is, and [`Activations::TYPICAL`] if not. The list of layers may stand alone, without `source` and `layers`.
///
/// # Errors
/// If the file cannot be read or is not of this form; the message names the line or the layer.
pub fn load_shapes(path: &Path) -> Result<Vec<LayerShape>, CrossbarError> {
    let text = files::read_text(path)
        .map_err(|source| CrossbarError::Unreadable { path: path.to_owned(), source })?;
    parse_shapes(&text, path)
}

pub(crate) fn parse_shapes(text: &str, path: &Path) -> Result<Vec<LayerShape>, CrossbarError> {
    let malformed = |line, message| CrossbarError::Malformed { path: path.to_owned(), line, message };
    let malformed_yaml = |error: serde_yaml::Error| {
        malformed(error.location().map_or(0, |place| place.line()), error.to_string())
    };
    // The other reader has no bound of its own.
    if let Err((place, message)) = Node::parse(text) {
        return Err(malformed(place.line, message));
    }
    let first = text.lines().map(str::trim_start).find(|line| !line.is_empty() && !line.starts_with('#'));
    let layers: Vec<WrittenLayer> =
        if first.is_some_and(|line| line.starts_with('-') || line.starts_with('[')) {
            serde_yaml::from_str(text).map_err(malformed_yaml)?
        } else {
            serde_yaml::from_str::<Written>(text).map_err(malformed_yaml)?.layers
        };
    let lines = lines_of_layers(text);
    layers
        .into_iter()
        .enumerate()
        .map(|(index, layer)| {
            let line = lines.get(index).copied().unwrap_or(0);
            let name = layer.name.unwrap_or_else(|| format!("layer{}", index + 1));
            let [channels, height, width] = layer.input;
            let [kernel_height, kernel_width] = match layer.kernel {
                WrittenKernel::Square(side) => [side, side],
                WrittenKernel::Sides(sides) => sides,
            };
            let window = Window::new(kernel_height, kernel_width, layer.stride, layer.padding)
                .map_err(|error| malformed(line, format!("layer `{name}`: {error}")))?;
            if let Some(what) = layer.activations.and_then(not_a_share) {
                return Err(malformed(line, format!("layer `{name}`: {what}")));
            }
            let typical = if index == 0 { Activations::Uniform } else { Activations::TYPICAL };
            let shape = LayerShape {
                name,
                input: Shape::new(channels, height, width),
                groups: layer.groups,
                outputs: layer.outputs,
                window,
                pool: match layer.pool {
                    WrittenPool::None => Pool::None,
                    WrittenPool::Local(extent) => Pool::Local { rows: extent, columns: extent },
                    WrittenPool::Named(NamedPool::Global) => Pool::Global,
                },
                activations: layer.activations.unwrap_or(typical),
            };
            shape.stored_share().map_err(|error| malformed(line, error.to_string()))?;
            Ok(shape)
        })
        .collect()
}

/// What is wrong with activations, if anything.
fn not_a_share(activations: Activations) -> Option<String> {
    let wrong =
        |field: &str, found: f64, expected: &str| Some(format!("`{field}` is {found}; expected {expected}"));
    match activations {
        Activations::SetBits { share } if !(0.0..=1.0).contains(&share) => wrong("share", share, "0 to 1"),
        Activations::Rectified { zeros, .. } if !(0.0..=1.0).contains(&zeros) => {
            wrong("zeros", zeros, "0 to 1")
        }
        Activations::Rectified { mean, .. } if !(mean.is_finite() && mean > 0.0) => {
            wrong("mean", mean, "a finite number above 0")
        }
        _ => None,
    }
}

/// The lines on which the layers stand, by their place in the list.
fn lines_of_layers(text: &str) -> Vec<usize> {
    let Ok(root) = Node::parse(text) else { return Vec::new() };
    let layers = root.field("layers").unwrap_or(&root);
    layers.items().iter().map(|layer| layer.place.line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_in_a_layer_is_told_with_its_line_and_numbers_that_are_none_are_refused_where_they_stand() {
        let text = |layer: &str| {
            format!("source: a test\n# two\nlayers:\n\n  - {{input: [3, 8, 8], outputs: 4}}\n  - {layer}\n")
        };
        for (layer, expected) in [
            ("{name: b, input: [4, 2, 2], outputs: 4, kernel: 3}", "shapes.yaml:6: "),
            (
                "{name: b, input: [4, 8, 8], outputs: 4, kernel: 0}",
                "shapes.yaml:6: layer `b`: a window needs",
            ),
            (
                "{name: b, input: [4, 8, 8], outputs: 4, activations: {kind: rectified, zeros: .nan, mean: 0.3}}",
                "shapes.yaml:6: layer `b`: `zeros` is NaN; expected 0 to 1",
            ),
            (
                "{name: b, input: [4, 8, 8], outputs: 4, activations: {kind: rectified, zeros: 0.5, mean: .nan}}",
                "shapes.yaml:6: layer `b`: `mean` is NaN; expected a finite number above 0",
            ),
        ] {
            let error = parse_shapes(&text(layer), Path::new("shapes.yaml")).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
        }
    }

    fn parse(layer: &str) -> Result<Vec<LayerShape>, CrossbarError> {
        parse_shapes(&format!("source: a test\nlayers:\n  - {layer}\n"), Path::new("shapes.yaml"))
    }

    #[test]
    fn a_layer_is_read_with_its_defaults() {
        let layers =
            parse("{name: fc, input: [512, 1, 1], outputs: 10, activations: {kind: uniform}}").unwrap();
        assert_eq!(layers[0].window, Window::POINT);
        assert_eq!(layers[0].pool, Pool::None);
        assert_eq!(layers[0].output_extent().unwrap(), (1, 1));
    }

    #[test]
    fn a_list_may_stand_alone_with_the_least_of_each_layer() {
        let text = "# two layers\n- {input: [3, 8, 8], outputs: 4, kernel: 3, padding: 1}\n- {input: [4, 8, 8], outputs: 2}\n";
        let layers = parse_shapes(text, Path::new("shapes.yaml")).unwrap();
        assert_eq!((layers[0].name.as_str(), layers[1].name.as_str()), ("layer1", "layer2"));
        assert_eq!((layers[0].window.taps(), layers[1].window.taps()), (9, 1));
        assert_eq!(
            (layers[0].activations, layers[1].activations),
            (Activations::Uniform, Activations::TYPICAL)
        );
    }

    #[test]
    fn what_is_wrong_with_a_layer_is_said_with_its_place() {
        for (layer, expected) in [
            (
                "{name: a, input: [3, 8, 8], outputs: 4, kernels: [3, 3], activations: {kind: uniform}}",
                "shapes.yaml:3",
            ),
            (
                "{name: a, input: [3, 8, 8], outputs: 4, kernel: [3, 3], padding: 3, activations: {kind: uniform}}",
                "`a`",
            ),
            (
                "{name: a, input: [3, 2, 2], outputs: 4, kernel: [3, 3], activations: {kind: uniform}}",
                "smaller than",
            ),
            ("{name: a, input: [3, 8, 8], outputs: 0, activations: {kind: uniform}}", "0 outputs"),
            (
                "{name: a, input: [3, 8, 8], outputs: 4, groups: 2}",
                "2 groups of channels; expected a divisor of 3 inputs and of 4 outputs",
            ),
            ("{name: a, input: [3, 8, 8], outputs: 4, pool: 0, activations: {kind: uniform}}", "pool of 0x0"),
            ("{name: a, input: [3, 8, 8]}", "missing field `outputs`"),
            ("{name: a, input: [3, 8], outputs: 4}", "shapes.yaml:3"),
        ] {
            let message = parse(layer).unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
        }
    }
}
