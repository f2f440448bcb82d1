//! The typed graph of a float network.

use std::collections::BTreeMap;

use network::Shape;

use crate::operation::Operation;
use crate::pixels::PixelScale;

/// No map of this field's networks comes near; it keeps a mistake from asking for the whole memory.
const LARGEST: usize = 1 << 28;

/// One of a network's nodes. Ids are handed out by the [`FloatNetworkBuilder`], so every edge leads to an earlier node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(usize);

impl NodeId {
    /// The image.
    pub const IMAGE: Self = Self(0);

    /// Its place among the nodes, in execution order; the image is 0.
    pub fn index(self) -> usize {
        self.0
    }
}

/// A value and how it is made.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    name: String,
    operation: Operation,
    inputs: Vec<NodeId>,
    shape: Shape,
}

impl Node {
    /// Its name, unique in the network.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it computes.
    pub fn operation(&self) -> &Operation {
        &self.operation
    }

    /// What it reads.
    pub fn inputs(&self) -> &[NodeId] {
        &self.inputs
    }

    /// The shape of its value.
    pub fn shape(&self) -> Shape {
        self.shape
    }
}

/// A trained network in floating point.
#[derive(Debug, Clone, PartialEq)]
pub struct FloatNetwork {
    name: String,
    pixels: PixelScale,
    nodes: Vec<Node>,
    output: NodeId,
}

/// Why nodes do not make a network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FloatGraphError {
    /// A node reads values that do not fit it.
    #[error("node `{node}` ({operation}): reads {}; expected {expected}", shapes(found))]
    Inputs {
        node: String,
        /// What it computes.
        operation: &'static str,
        /// Shapes of what it reads.
        found: Vec<Shape>,
        /// What it can read.
        expected: String,
    },
    /// Two nodes have one name.
    #[error("node `{0}`: a second one of that name")]
    DuplicateName(String),
    /// A node reads a value that this network does not have.
    #[error("node `{0}`: reads a value of another network")]
    UnknownSource(String),
    /// A value is absurdly large, or empty.
    #[error("node `{node}`: a value of shape {shape}; expected 1 to {LARGEST} values")]
    Size {
        node: String,
        /// The shape of its value.
        shape: Shape,
    },
    /// The scale of the pixels is for another number of channels.
    #[error("means and deviations of {found} channels; the image has {expected}")]
    PixelScale {
        /// Channels of the scale.
        found: usize,
        /// Channels of the image.
        expected: usize,
    },
}

fn shapes(shapes: &[Shape]) -> String {
    if shapes.is_empty() {
        return "nothing".into();
    }
    shapes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Builds a [`FloatNetwork`] node by node, in execution order.
#[derive(Debug)]
pub struct FloatNetworkBuilder {
    nodes: Vec<Node>,
    names: BTreeMap<String, NodeId>,
}

impl FloatNetworkBuilder {
    /// A network that reads images of the given shape.
    ///
    /// # Errors
    /// If the shape is empty or absurdly large.
    pub fn new(name: impl Into<String>, image: Shape) -> Result<Self, FloatGraphError> {
        let name = name.into();
        check_size(&name, image)?;
        let node = Node { name: name.clone(), operation: Operation::Input, inputs: Vec::new(), shape: image };
        Ok(Self { nodes: vec![node], names: BTreeMap::from([(name, NodeId::IMAGE)]) })
    }

    /// Adds a node.
    ///
    /// # Errors
    /// If the name is taken, or the values that it reads do not fit it.
    pub fn add(
        &mut self,
        name: impl Into<String>,
        operation: Operation,
        inputs: Vec<NodeId>,
    ) -> Result<NodeId, FloatGraphError> {
        let name = name.into();
        let shapes = inputs.iter().map(|&input| self.shape(input)).collect::<Option<Vec<Shape>>>();
        let Some(found) = shapes else { return Err(FloatGraphError::UnknownSource(name)) };
        let shape = match operation.output(&found) {
            Ok(shape) => shape,
            Err(expected) => {
                return Err(FloatGraphError::Inputs {
                    node: name,
                    operation: operation.name(),
                    found,
                    expected,
                });
            }
        };
        check_size(&name, shape)?;
        if self.names.contains_key(&name) {
            return Err(FloatGraphError::DuplicateName(name));
        }
        let id = NodeId(self.nodes.len());
        self.names.insert(name.clone(), id);
        self.nodes.push(Node { name, operation, inputs, shape });
        Ok(id)
    }

    /// The shape of a value; `None` for an id of another network.
    pub fn shape(&self, id: NodeId) -> Option<Shape> {
        self.nodes.get(id.0).map(|node| node.shape)
    }

    /// A node; `None` for an id of another network.
    pub fn node(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(id.0)
    }

    /// The node of a name.
    pub fn named(&self, name: &str) -> Option<NodeId> {
        self.names.get(name).copied()
    }

    /// Ends the network with its result. Nodes that it does not depend on are left out.
    ///
    /// # Errors
    /// If the output is not one of this network, or the scale is for another number of channels.
    pub fn finish(
        self,
        name: impl Into<String>,
        pixels: PixelScale,
        output: NodeId,
    ) -> Result<FloatNetwork, FloatGraphError> {
        let name = name.into();
        let (found, expected) = (pixels.mean().len(), self.nodes[0].shape.channels);
        if found != expected {
            return Err(FloatGraphError::PixelScale { found, expected });
        }
        if output.0 >= self.nodes.len() {
            return Err(FloatGraphError::UnknownSource(name));
        }
        let mut needed = vec![false; self.nodes.len()];
        (needed[0], needed[output.0]) = (true, true);
        for (index, node) in self.nodes.iter().enumerate().rev() {
            if needed[index] {
                node.inputs.iter().for_each(|input| needed[input.0] = true);
            }
        }
        let mut places = vec![NodeId::IMAGE; self.nodes.len()];
        let mut nodes = Vec::new();
        for (index, mut node) in self.nodes.into_iter().enumerate().filter(|(index, _)| needed[*index]) {
            places[index] = NodeId(nodes.len());
            node.inputs.iter_mut().for_each(|input| *input = places[input.0]);
            nodes.push(node);
        }
        Ok(FloatNetwork { name, pixels, nodes, output: places[output.0] })
    }
}

fn check_size(node: &str, shape: Shape) -> Result<(), FloatGraphError> {
    let length = shape.channels.checked_mul(shape.height).and_then(|length| length.checked_mul(shape.width));
    match length {
        Some(1..=LARGEST) => Ok(()),
        _ => Err(FloatGraphError::Size { node: node.into(), shape }),
    }
}

impl FloatNetwork {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The same network under another name.
    #[must_use]
    pub fn named(self, name: impl Into<String>) -> Self {
        Self { name: name.into(), ..self }
    }

    /// How pixels become its input.
    pub fn pixels(&self) -> &PixelScale {
        &self.pixels
    }

    /// The same network for pixels that are scaled otherwise.
    ///
    /// # Errors
    /// If the scale is for another number of channels.
    pub fn with_pixels(self, pixels: PixelScale) -> Result<Self, FloatGraphError> {
        let (found, expected) = (pixels.mean().len(), self.input().channels);
        if found != expected {
            return Err(FloatGraphError::PixelScale { found, expected });
        }
        Ok(Self { pixels, ..self })
    }

    /// The shape of the image.
    pub fn input(&self) -> Shape {
        self.nodes[0].shape
    }

    /// All nodes in execution order, the image first.
    pub fn nodes(&self) -> impl ExactSizeIterator<Item = (NodeId, &Node)> {
        self.nodes.iter().enumerate().map(|(index, node)| (NodeId(index), node))
    }

    /// A node; `None` for an id of another network.
    pub fn node(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(id.0)
    }

    /// The result.
    pub fn output(&self) -> NodeId {
        self.output
    }

    /// For each node, the last one that reads it; the result and what nobody reads have none.
    pub fn last_readers(&self) -> Vec<Option<NodeId>> {
        let mut last = vec![None; self.nodes.len()];
        for (id, node) in self.nodes() {
            node.inputs.iter().for_each(|input| last[input.0] = Some(id));
        }
        last[self.output.0] = None;
        last
    }

    /// For each node, how many nodes read it; the network's reader of the result counts as one.
    pub fn reader_counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.nodes.len()];
        self.nodes.iter().flat_map(|node| &node.inputs).for_each(|input| counts[input.0] += 1);
        counts[self.output.0] += 1;
        counts
    }

    /// All trained numbers: weights, biases and batch norms.
    pub fn parameters(&self) -> usize {
        self.nodes.iter().map(|node| node.operation.parameters()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Convolution, Window};

    fn convolution(outputs: usize, inputs: usize, kernel: usize) -> Operation {
        let window = Window::new([kernel, kernel], [1, 1], [0; 4]).unwrap();
        let weights = vec![1.0; outputs * inputs * kernel * kernel];
        Operation::Convolution(Convolution::new([outputs, inputs], 1, window, weights, None).unwrap())
    }

    #[test]
    fn shapes_that_do_not_fit_name_node_operation_found_and_expected() {
        let mut builder = FloatNetworkBuilder::new("input", Shape::new(3, 4, 4)).unwrap();
        let wrong = builder.add("conv1", convolution(8, 4, 3), vec![NodeId::IMAGE]).unwrap_err();
        assert_eq!(wrong.to_string(), "node `conv1` (convolution): reads 3x4x4; expected 4 channels");
        let wrong = builder.add("conv1", convolution(8, 3, 5), vec![NodeId::IMAGE]).unwrap_err();
        assert!(wrong.to_string().ends_with("expected a padded input of at least [5, 5]"), "{wrong}");
        let conv = builder.add("conv1", convolution(8, 3, 3), vec![NodeId::IMAGE]).unwrap();
        assert_eq!(builder.shape(conv), Some(Shape::new(8, 2, 2)));
        let wrong = builder.add("sum", Operation::Add, vec![conv, NodeId::IMAGE]).unwrap_err();
        assert_eq!(wrong.to_string(), "node `sum` (add): reads 8x2x2, 3x4x4; expected 8x2x2");
        assert_eq!(
            builder.add("conv1", Operation::Relu, vec![conv]),
            Err(FloatGraphError::DuplicateName("conv1".into()))
        );
        assert!(builder.add("x", Operation::Relu, vec![NodeId(9)]).is_err());
        assert!(builder.add("x", Operation::Relu, vec![]).is_err());
    }

    #[test]
    fn nodes_that_the_result_does_not_need_are_left_out() {
        let mut builder = FloatNetworkBuilder::new("input", Shape::new(3, 4, 4)).unwrap();
        let unused = builder.add("unused", Operation::Relu, vec![NodeId::IMAGE]).unwrap();
        builder.add("unused too", Operation::Flatten, vec![unused]).unwrap();
        let mean = builder.add("mean", Operation::GlobalAveragePool, vec![NodeId::IMAGE]).unwrap();
        let network = builder.finish("net", PixelScale::unit(3), mean).unwrap();
        let names: Vec<&str> = network.nodes().map(|(_, node)| node.name()).collect();
        assert_eq!((names, network.output()), (vec!["input", "mean"], NodeId(1)));
        assert_eq!(network.reader_counts(), [1, 1]);
    }

    #[test]
    fn absurd_sizes_and_scales_are_refused() {
        assert!(FloatNetworkBuilder::new("input", Shape::new(usize::MAX, 2, 2)).is_err());
        assert!(FloatNetworkBuilder::new("input", Shape::new(0, 2, 2)).is_err());
        let builder = FloatNetworkBuilder::new("input", Shape::new(3, 2, 2)).unwrap();
        assert!(builder.finish("net", PixelScale::unit(1), NodeId::IMAGE).is_err());
    }
}
