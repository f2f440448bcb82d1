//! The float network's values on the calibration images, computed when first asked for and forgotten after the last use.

use std::rc::Rc;

use float_network::{FloatMap, FloatNetwork, NodeId, evaluate_node};

pub(crate) struct FloatRun<'a> {
    network: &'a FloatNetwork,
    values: Vec<Option<Rc<Vec<FloatMap>>>>,
    /// How often each value is still to be read.
    left: Vec<usize>,
}

impl<'a> FloatRun<'a> {
    /// A run over images, of which the values of some nodes will be asked for, as often as they are named.
    pub fn new(
        network: &'a FloatNetwork,
        images: Vec<FloatMap>,
        asked: impl Iterator<Item = NodeId>,
    ) -> Self {
        let mut left = vec![0; network.nodes().len()];
        network.nodes().flat_map(|(_, node)| node.inputs()).for_each(|input| left[input.index()] += 1);
        asked.for_each(|node| left[node.index()] += 1);
        let mut values = vec![None; network.nodes().len()];
        values[NodeId::IMAGE.index()] = Some(Rc::new(images));
        Self { network, values, left }
    }

    /// A node's value for each image; counts as one of the times that it was to be read.
    pub fn take(&mut self, id: NodeId) -> Rc<Vec<FloatMap>> {
        // Nodes before it that are still missing, in execution order.
        let mut needed = vec![false; id.index() + 1];
        needed[id.index()] = self.values[id.index()].is_none();
        for place in (0..=id.index()).rev() {
            if needed[place] {
                let inputs =
                    self.network.nodes().nth(place).map(|(_, node)| node.inputs()).unwrap_or_default();
                for input in inputs {
                    needed[input.index()] = self.values[input.index()].is_none();
                }
            }
        }
        for (node_id, node) in self.network.nodes().take(id.index() + 1) {
            if !needed[node_id.index()] {
                continue;
            }
            let inputs: Vec<Rc<Vec<FloatMap>>> =
                node.inputs().iter().map(|&input| self.read(input)).collect();
            let inputs: Vec<&[FloatMap]> = inputs.iter().map(|maps| maps.as_slice()).collect();
            self.values[node_id.index()] = Some(Rc::new(evaluate_node(node, &inputs)));
        }
        self.read(id)
    }

    fn read(&mut self, id: NodeId) -> Rc<Vec<FloatMap>> {
        let place = id.index();
        self.left[place] = self.left[place].saturating_sub(1);
        let value =
            if self.left[place] == 0 { self.values[place].take() } else { self.values[place].clone() };
        value.unwrap_or_default()
    }
}
