//! Lists of layer shapes in YAML.

use std::path::Path;

use network::{Shape, Window};
use serde::Deserialize;

use crate::{Activations, CrossbarError, LayerShape, Pool};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    /// Where the shapes come from; for the reader.
    #[serde(rename = "source")]
    _source: String,
    layers: Vec<WrittenLayer>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenLayer {
    name: String,
    /// Channels, height, width.
    input: [usize; 3],
    outputs: usize,
    #[serde(default = "one_by_one")]
    kernel: [usize; 2],
    #[serde(default = "one")]
    stride: usize,
    #[serde(default)]
    padding: usize,
    #[serde(default)]
    pool: WrittenPool,
    activations: Activations,
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

fn one_by_one() -> [usize; 2] {
    [1, 1]
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
/// `pool` is the extent of the pool that follows, or `global`.
///
/// # Errors
/// If the file cannot be read or is not of this form; the message names the line or the layer.
pub fn load_shapes(path: &Path) -> Result<Vec<LayerShape>, CrossbarError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| CrossbarError::Unreadable { path: path.to_owned(), source })?;
    parse_shapes(&text, path)
}

pub(crate) fn parse_shapes(text: &str, path: &Path) -> Result<Vec<LayerShape>, CrossbarError> {
    let malformed = |line, message| CrossbarError::Malformed { path: path.to_owned(), line, message };
    let written: Written = serde_yaml::from_str(text)
        .map_err(|error| malformed(error.location().map_or(0, |place| place.line()), error.to_string()))?;
    written
        .layers
        .into_iter()
        .map(|layer| {
            let [channels, height, width] = layer.input;
            let [kernel_height, kernel_width] = layer.kernel;
            let window = Window::new(kernel_height, kernel_width, layer.stride, layer.padding)
                .map_err(|error| malformed(0, format!("layer `{}`: {error}", layer.name)))?;
            let shape = LayerShape {
                name: layer.name,
                input: Shape::new(channels, height, width),
                outputs: layer.outputs,
                window,
                pool: match layer.pool {
                    WrittenPool::None => Pool::None,
                    WrittenPool::Local(extent) => Pool::Local { extent },
                    WrittenPool::Named(NamedPool::Global) => Pool::Global,
                },
                activations: layer.activations,
            };
            shape.stored_share().map_err(|error| malformed(0, error.to_string()))?;
            Ok(shape)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

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
            ("{name: a, input: [3, 8, 8], outputs: 4, pool: 0, activations: {kind: uniform}}", "pool of 0x0"),
            ("{name: a, input: [3, 8, 8], outputs: 4}", "missing field `activations`"),
        ] {
            let message = parse(layer).unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
        }
    }
}
