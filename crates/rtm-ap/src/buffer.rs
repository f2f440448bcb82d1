//! What the buffer beside the processors has to hold.

use std::collections::HashMap;

use network::{LayerId, Network, Node, Operation, ValueId};

use crate::allocation::LayerDemand;

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

/// A value that is held: from which node to which, and its bits.
#[derive(Debug)]
struct Held {
    made: usize,
    last: usize,
    bits: u64,
    /// Accumulators that the next node uses stay in the arrays.
    is_accumulators: bool,
}

/// The most bits that have to be held at one time: every activation from when it is made until it is used for the last time, and
/// accumulators that wait for those of another layer. Values that are only called by other names are held once.
pub fn buffer_bits(network: &Network) -> u64 {
    let mut held: Vec<Held> = Vec::new();
    // What each value is made of: itself, or what it is another name for.
    let mut parts: HashMap<ValueId, Vec<usize>> = HashMap::new();
    for (place, node) in network.nodes().enumerate() {
        let read = match node {
            Node::Linear(id, _) => network.source(id).map(ValueId::Activation).into_iter().collect(),
            Node::Activation(_, activation) => activation.operation().sources(),
        };
        let mut read: Vec<usize> =
            read.iter().filter_map(|value| parts.get(value)).flatten().copied().collect();
        read.sort_unstable();
        read.dedup();
        read.iter().for_each(|&part| held[part].last = place);
        let (value, values, bits) = match node {
            Node::Linear(id, layer) => {
                (ValueId::Accumulators(id), layer.output(), accumulator_bits(network, id))
            }
            Node::Activation(id, activation) if is_a_name(activation.operation()) => {
                parts.insert(ValueId::Activation(id), read);
                continue;
            }
            Node::Activation(id, activation) => {
                (ValueId::Activation(id), activation.shape(), u64::from(activation.bits()))
            }
        };
        parts.insert(value, vec![held.len()]);
        let is_accumulators = matches!(node, Node::Linear(..));
        held.push(Held { made: place, last: place, bits: values.len() as u64 * bits, is_accumulators });
    }
    held.retain(|value| !(value.is_accumulators && value.last <= value.made + 1));
    let at = |place: usize| {
        let now = held.iter().filter(|value| (value.made..=value.last).contains(&place));
        now.map(|value| value.bits).sum::<u64>()
    };
    (0..network.nodes().len()).map(at).max().unwrap_or(0)
}

/// Whether an operation only calls values by another name.
fn is_a_name(operation: &Operation) -> bool {
    matches!(operation, Operation::Flatten { .. } | Operation::Concat { .. } | Operation::Pick { .. })
}
