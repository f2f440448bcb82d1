//! Which nodes of a float network are functions of one earlier value: a swish that an exporter wrote as a product of a value and
//! of a function of that value is one table, not two values.

use std::rc::Rc;

use float_network::{FloatNetwork, NodeId, Operation};

use crate::expression::Expression;

/// For each node, the earlier one that it is a function of, where it reads that one in several ways.
pub(crate) struct Elementwise {
    functions: Vec<Option<(NodeId, Expression)>>,
    /// How many nodes that the result depends on read each node.
    readers: Vec<usize>,
}

impl Elementwise {
    pub fn of(network: &FloatNetwork) -> Self {
        // For each node, itself and those before it, from which only functions of one value lead to it.
        let mut chains: Vec<Vec<(NodeId, Expression)>> = Vec::new();
        let mut functions: Vec<Option<(NodeId, Expression)>> = Vec::new();
        for (id, node) in network.nodes() {
            let mut chain = vec![(id, Expression::Value)];
            let mut function = None;
            match (node.operation(), node.inputs()) {
                (Operation::Multiply | Operation::Add, &[a, b])
                    if node.shape() == network.node(a).map_or(node.shape(), |a| a.shape())
                        && node.shape() == network.node(b).map_or(node.shape(), |b| b.shape()) =>
                {
                    let common = chains[a.index()].iter().find_map(|(root, of_a)| {
                        let (_, of_b) = chains[b.index()].iter().find(|(other, _)| other == root)?;
                        Some((*root, of_a.clone(), of_b.clone()))
                    });
                    // The image twice, or a value twice, is no more than a scale.
                    if let Some((root, of_a, of_b)) = common.filter(|_| a != b) {
                        let (of_a, of_b) = (Rc::new(of_a), Rc::new(of_b));
                        function = Some((
                            root,
                            match node.operation() {
                                Operation::Multiply => Expression::Product(of_a, of_b),
                                _ => Expression::Sum(of_a, of_b),
                            },
                        ));
                    }
                }
                (operation, &[input]) => {
                    let further = chains[input.index()].iter();
                    chain.extend(further.filter_map(|(root, e)| Some((*root, e.clone().then(operation)?))));
                }
                _ => {}
            }
            if let Some((root, expression)) = &function {
                chain.push((*root, expression.clone()));
            }
            chains.push(chain);
            functions.push(function);
        }
        let mut readers = vec![0; functions.len()];
        readers[network.output().index()] = 1;
        for (id, node) in network.nodes().collect::<Vec<_>>().into_iter().rev() {
            if readers[id.index()] == 0 {
                continue;
            }
            match &functions[id.index()] {
                Some((root, _)) => readers[root.index()] += 1,
                None => node.inputs().iter().for_each(|input| readers[input.index()] += 1),
            }
        }
        Self { functions, readers }
    }

    /// The earlier node that a node is a function of, and which.
    pub fn function(&self, id: NodeId) -> Option<&(NodeId, Expression)> {
        self.functions[id.index()].as_ref()
    }

    /// How many nodes read a node; none where only a table stands for those.
    pub fn readers(&self, id: NodeId) -> usize {
        self.readers[id.index()]
    }
}
