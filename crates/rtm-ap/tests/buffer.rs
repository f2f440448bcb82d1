//! What the buffer has to hold, against a slow reading of the graph.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use network::{LayerId, Network, Node, Operation, ValueId};
use proptest::prelude::*;
use rtm_ap::buffer_bits;
use sample_networks::random_network;

/// Whether a value is another one, or a name for it.
fn reads(network: &Network, read: ValueId, value: ValueId) -> bool {
    let ValueId::Activation(id) = read else { return read == value };
    let operation = network.activation(id).unwrap().operation();
    let names =
        matches!(operation, Operation::Flatten { .. } | Operation::Concat { .. } | Operation::Pick { .. });
    read == value || names && operation.sources().into_iter().any(|source| reads(network, source, value))
}

fn sources(network: &Network, node: &Node<'_>) -> Vec<ValueId> {
    match node {
        Node::Linear(id, _) => vec![ValueId::Activation(network.source(*id).unwrap())],
        Node::Activation(_, activation) => activation.operation().sources(),
    }
}

/// Bits of the largest sum of as many inputs as the densest filter has weights, and a sign.
fn accumulator_bits(network: &Network, id: LayerId) -> u64 {
    let layer = network.layer(id).unwrap();
    let filters = (0..layer.weights().outputs()).map(|output| layer.weights().filter(output));
    let most = filters.map(|filter| filter.iter().filter(|&&weight| weight != 0).count()).max().unwrap();
    let largest = most as u64 * u64::from(layer.input_maximum());
    (0..).find(|&bits| largest < 1 << bits).unwrap() + 1
}

/// For every node: everything that was made by then, is used from then on, and is no other's name.
fn slow(network: &Network) -> u64 {
    let nodes: Vec<Node<'_>> = network.nodes().collect();
    let last_use = |value: ValueId, made: usize| {
        let uses =
            |place: &usize| sources(network, &nodes[*place]).iter().any(|&read| reads(network, read, value));
        (made + 1..nodes.len()).filter(uses).max().unwrap_or(made)
    };
    let held_at = |place: usize| -> u64 {
        let bits = nodes[..=place].iter().enumerate().map(|(made, node)| match node {
            Node::Linear(id, layer) => {
                let last = last_use(ValueId::Accumulators(*id), made);
                let waits = last > made + 1 && last >= place;
                if waits { layer.output().len() as u64 * accumulator_bits(network, *id) } else { 0 }
            }
            Node::Activation(_, activation)
                if matches!(
                    activation.operation(),
                    Operation::Flatten { .. } | Operation::Concat { .. } | Operation::Pick { .. }
                ) =>
            {
                0
            }
            Node::Activation(id, activation) => {
                let is_held = last_use(ValueId::Activation(*id), made) >= place;
                if is_held { activation.shape().len() as u64 * u64::from(activation.bits()) } else { 0 }
            }
        });
        bits.sum()
    };
    (0..nodes.len()).map(held_at).max().unwrap_or(0)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_buffer_holds_what_was_made_and_is_still_used(choices in prop::collection::vec(any::<u32>(), 64)) {
        let network = Network::from_seed(&random_network(&choices)).unwrap();
        prop_assert_eq!(buffer_bits(&network), slow(&network));
    }
}
