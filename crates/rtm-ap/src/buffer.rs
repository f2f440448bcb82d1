//! What the buffer beside the processors has to hold.

use crate::allocation::LayerDemand;
use network::{Addend, LayerId, Network, Node, Operation, ValueId};

/// What a machine keeps of a network, whose sizes decide what its memories cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Kept {
    /// Program words of 64 bits.
    pub words: usize,
    /// Bits of the programs in their encoded form.
    pub encoded_bits: u64,
    /// Bits that the decoders of encoded programs hold which run side by side.
    pub decoder_bits: u64,
    /// The most bits of activations and accumulators that have to be held at one time for one image.
    pub buffer_bits: u64,
}

impl Kept {
    /// What programs of layers take, and a buffer. Programs that are no layer's, which make activations on the arrays, are taken to be
    /// encoded as tightly as those of layers.
    pub fn of<'d>(
        words: usize,
        layers: impl Iterator<Item = &'d LayerDemand> + Clone,
        buffer_bits: u64,
    ) -> Self {
        let encoded: u64 = layers.clone().map(LayerDemand::encoded_bits).sum();
        let of_layers: u64 = layers.clone().map(LayerDemand::words).sum();
        let encoded_bits = (encoded as f64 * words as f64 / of_layers.max(1) as f64) as u64;
        let decoders =
            |layer: &LayerDemand| layer.programs.iter().map(|program| program.decoder_bits).sum::<u64>();
        Self { words, encoded_bits, decoder_bits: layers.map(decoders).max().unwrap_or(0), buffer_bits }
    }
}

/// Bits of an accumulator of a layer, sign included: of the largest sum that its weights and inputs can give.
pub(crate) fn accumulator_bits(network: &Network, id: LayerId) -> u64 {
    network.layer(id).map_or(0, |layer| {
        let weights = layer.weights();
        let nonzeros = |output| weights.filter(output).iter().filter(|&&weight| weight != 0).count() as u64;
        let reach =
            (0..weights.outputs()).map(nonzeros).max().unwrap_or(0) * u64::from(layer.input_maximum());
        u64::from(u64::BITS - reach.leading_zeros()) + 1
    })
}

/// The most bits that have to be held at one time: every activation from when it is made until it is used for the last time, and
/// accumulators that wait for those of another layer.
pub fn buffer_bits(network: &Network) -> u64 {
    let nodes: Vec<Node<'_>> = network.nodes().collect();
    let mut held: Vec<(usize, usize, u64)> = Vec::new();
    let end = nodes.len();
    for (made, node) in nodes.iter().enumerate() {
        let (value, bits) = match node {
            Node::Linear(id, layer) => {
                (ValueId::Accumulators(*id), layer.output().len() as u64 * accumulator_bits(network, *id))
            }
            Node::Activation(id, activation) => {
                (ValueId::Activation(*id), activation.shape().len() as u64 * u64::from(activation.bits()))
            }
        };
        let last = (made + 1..end).rev().find(|&later| uses(network, &nodes[later], value)).unwrap_or(made);
        // Accumulators that are used at once stay in the arrays.
        let stays = matches!(node, Node::Linear(..)) && last <= made + 1;
        if !stays && !is_a_name(node) {
            held.push((made, last, bits));
        }
    }
    let at = |place: usize| {
        let now = held.iter().filter(|(made, last, _)| (*made..=*last).contains(&place));
        now.map(|(_, _, bits)| bits).sum::<u64>()
    };
    (0..end).map(at).max().unwrap_or(0)
}

/// Whether a node uses a value, itself or under another name.
fn uses(network: &Network, node: &Node<'_>, value: ValueId) -> bool {
    match node {
        Node::Linear(id, _) => {
            network.source(*id).is_some_and(|source| reads(network, ValueId::Activation(source), value))
        }
        Node::Activation(_, activation) => match activation.operation() {
            Operation::Requantize { addends, .. } => {
                addends.iter().map(Addend::source).any(|source| reads(network, source, value))
            }
            operation => operation.sources().into_iter().any(|source| reads(network, source, value)),
        },
    }
}

/// Whether a value is another one, or a name for it.
fn reads(network: &Network, read: ValueId, value: ValueId) -> bool {
    if read == value {
        return true;
    }
    let ValueId::Activation(id) = read else { return false };
    network.activation(id).is_some_and(|activation| match activation.operation() {
        Operation::Flatten { .. } | Operation::Concat { .. } | Operation::Pick { .. } => {
            activation.operation().sources().into_iter().any(|source| reads(network, source, value))
        }
        _ => false,
    })
}

fn is_a_name(node: &Node<'_>) -> bool {
    let Node::Activation(_, activation) = node else { return false };
    matches!(
        activation.operation(),
        Operation::Flatten { .. } | Operation::Concat { .. } | Operation::Pick { .. }
    )
}
