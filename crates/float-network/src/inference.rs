//! Inference over many images at once, node by node.

use network::Shape;
use rayon::prelude::*;

use crate::FloatMap;
use crate::graph::{FloatNetwork, Node, NodeId};
use crate::operation::Operation;
use crate::pooling::{average_pool, global_average_pool, max_pool};

/// An image does not fit the network's input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an image of {found}; the network reads {expected}")]
pub struct InferenceError {
    /// The image's shape.
    pub found: Shape,
    /// The network's.
    pub expected: Shape,
}

/// Images that are inferred together: enough to use every thread, few enough for the memory.
const TOGETHER: usize = 32;

impl FloatNetwork {
    /// The result for each image.
    ///
    /// # Errors
    /// If an image does not fit the network's input.
    pub fn infer(&self, images: &[FloatMap]) -> Result<Vec<FloatMap>, InferenceError> {
        let expected = self.input();
        if let Some(image) = images.iter().find(|image| image.shape() != expected) {
            return Err(InferenceError { found: image.shape(), expected });
        }
        Ok(images.chunks(TOGETHER).flat_map(|images| self.infer_together(images)).collect())
    }

    fn infer_together(&self, images: &[FloatMap]) -> Vec<FloatMap> {
        let last_readers = self.last_readers();
        let mut values: Vec<Option<Vec<FloatMap>>> = vec![None; self.nodes().len()];
        for (id, node) in self.nodes() {
            let inputs = node.inputs().iter().filter_map(|input| values[input.index()].as_deref());
            let inputs: Vec<&[FloatMap]> = inputs.collect();
            let result = if id == NodeId::IMAGE { images.to_vec() } else { evaluate_node(node, &inputs) };
            values[id.index()] = Some(result);
            for (index, last) in last_readers.iter().enumerate() {
                if *last == Some(id) {
                    values[index] = None;
                }
            }
        }
        values[self.output().index()].take().unwrap_or_default()
    }
}

/// A node's value for each image, from those that it reads: for each of these, one map an image, of the shapes that the node was
/// built for.
pub fn evaluate_node(node: &Node, inputs: &[&[FloatMap]]) -> Vec<FloatMap> {
    let Some(&first) = inputs.first() else { return Vec::new() };
    let output = node.shape();
    let each = |of: &(dyn Fn(&FloatMap) -> FloatMap + Sync)| first.par_iter().map(of).collect::<Vec<_>>();
    match node.operation() {
        Operation::Input => first.to_vec(),
        Operation::Convolution(convolution) => convolution.evaluate(first, output),
        Operation::FullyConnected(layer) => layer.evaluate(first, output),
        Operation::BatchNorm(norm) => {
            let affine: Vec<(f64, f64)> = (0..norm.channels()).map(|k| norm.scale_and_shift(k)).collect();
            each(&|map| map.map(|k, value| (f64::from(value) * affine[k].0 + affine[k].1) as f32))
        }
        Operation::Relu => each(&|map| map.map(|_, value| value.max(0.0))),
        &Operation::Clip { low, high } => each(&|map| map.map(|_, value| value.clamp(low, high))),
        &Operation::Function(function) => {
            each(&|map| map.map(|_, value| function.of(f64::from(value)) as f32))
        }
        &Operation::MaxPool(window) => each(&|map| max_pool(map, window, output)),
        &Operation::AveragePool(pool) => each(&|map| average_pool(map, pool, output)),
        Operation::GlobalAveragePool => each(&|map| global_average_pool(map, output)),
        Operation::Flatten => each(&|map| FloatMap::of(output, map.values().to_vec())),
        &Operation::Pad([top, left, ..]) => each(&|map| pad(map, top, left, output)),
        &Operation::Quantize(quantization) => each(&|map| map.map(|_, value| quantization.nearest(value))),
        Operation::Add => {
            let sum = |image: usize| {
                let mut values = first[image].values().to_vec();
                for other in &inputs[1..] {
                    values.iter_mut().zip(other[image].values()).for_each(|(sum, value)| *sum += value);
                }
                FloatMap::of(output, values)
            };
            (0..first.len()).into_par_iter().map(sum).collect()
        }
        Operation::Multiply => {
            let Some(&gates) = inputs.get(1) else { return Vec::new() };
            let product = |(map, gate): (&FloatMap, &FloatMap)| {
                let repeats = (map.values().len() / gate.values().len().max(1)).max(1);
                let gates = gate.values().iter().flat_map(|&gate| std::iter::repeat_n(gate, repeats));
                let values = map.values().iter().zip(gates).map(|(value, gate)| value * gate);
                FloatMap::of(output, values.collect())
            };
            first.par_iter().zip(gates).map(product).collect()
        }
        Operation::Pick(channels) => each(&|map| {
            let positions = output.positions();
            let picked =
                channels.iter().flat_map(|channel| &map.values()[channel * positions..][..positions]);
            FloatMap::of(output, picked.copied().collect())
        }),
        Operation::Concat => {
            let concat = |image: usize| {
                let parts: Vec<&[f32]> = inputs.iter().map(|input| input[image].values()).collect();
                FloatMap::of(output, parts.concat())
            };
            (0..first.len()).into_par_iter().map(concat).collect()
        }
    }
}

fn pad(map: &FloatMap, top: usize, left: usize, output: Shape) -> FloatMap {
    let mut values = vec![0.0; output.len()];
    let width = map.shape().width;
    for (row, row_values) in map.values().chunks_exact(width).enumerate() {
        let (channel, y) = (row / map.shape().height, row % map.shape().height);
        let start = (channel * output.height + y + top) * output.width + left;
        values[start..start + width].copy_from_slice(row_values);
    }
    FloatMap::of(output, values)
}
