//! Networks of any graph on the machine, against integer inference.

#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use ap_program::Geometry;
use compiler::{Layout, Options, Sharing};
use network::{ActivationId, FeatureMap, Network, PixelZero, ReferenceEngine};
use proptest::prelude::*;
use rtm_ap::{ActivationsAt, Machine};
use sample_networks::random_network;

fn images(network: &Network, count: usize) -> Vec<FeatureMap> {
    let shape = network.input().shape();
    let image = |image: usize| {
        let pixels = (0..shape.len()).map(|place| ((place * 89 + image * 31) % 256) as u16).collect();
        FeatureMap::new(shape, pixels).unwrap()
    };
    (0..count).map(image).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_value_on_the_machine_is_that_of_integer_inference(
        choices in prop::collection::vec(any::<u32>(), 64),
        layout in prop::sample::select(vec![Layout::Along, Layout::Tiled, Layout::Best, Layout::Naive]),
        sharing in prop::sample::select(vec![Sharing::None, Sharing::PerChannel, Sharing::CrossChannel]),
        (rows, outputs) in (1_u64..40, prop::sample::select(vec![None, Some(1), Some(3)])),
        at in prop::sample::select(ActivationsAt::ALL.to_vec()),
    ) {
        let network = Arc::new(Network::from_seed(&random_network(&choices)).unwrap());
        let geometry = Geometry::new(rows, 256, 64).unwrap();
        let options = Options { geometry, sharing, layout, outputs_per_processor: outputs };
        let machine = Machine::compile(Arc::clone(&network), &options).unwrap();
        // Thresholds look at every value that a sum can take: the widest sums are left to the other way.
        let at = match at {
            ActivationsAt::Thresholds if machine.options().geometry.rows() > 20 => ActivationsAt::Periphery,
            at => at,
        };
        let machine = machine.with_activations(at).unwrap();
        let images = images(&network, 2);
        let run = machine.run_all(&images).unwrap();
        for (image, found) in images.iter().zip(&run.evaluations) {
            prop_assert_eq!(found, &network.evaluate(image, &mut ReferenceEngine).unwrap());
        }
    }

    #[test]
    fn padding_is_expected_to_hold_what_stands_for_zero(
        choices in prop::collection::vec(any::<u32>(), 64),
        zero in 0_u16..256,
    ) {
        // An image of nothing but what stands for 0: within it and around it every bit is known.
        let mut description = random_network(&choices);
        description.input.zero = PixelZero::All(zero);
        let network = Arc::new(Network::from_seed(&description).unwrap());
        let geometry = Geometry::new(16, 256, 64).unwrap();
        let (sharing, layout) = (Sharing::PerChannel, Layout::Along);
        let options = Options { geometry, sharing, layout, outputs_per_processor: None };
        let machine = Machine::compile(Arc::clone(&network), &options).unwrap();
        let shape = network.input().shape();
        let image = FeatureMap::new(shape, vec![zero; shape.len()]).unwrap();
        let run = machine.run(&image).unwrap();
        let expected = machine.expected_events(|_, bit| f64::from(zero >> bit & 1));
        let mut seen = 0;
        let without_programs =
            Machine::expect(&network, &options, |_, bit| f64::from(zero >> bit & 1), |_| seen += 1).unwrap();
        prop_assert_eq!((&without_programs, seen), (&expected, expected.len()));
        let layers = network.linear_layers().zip(expected.iter().zip(&run.events));
        for ((id, layer), (expected, executed)) in layers {
            let (found, wanted) = (executed.tagged_bits.occupied, expected.tagged_bits.occupied);
            if network.source(id) == Some(ActivationId::IMAGE) {
                prop_assert!((found - wanted).abs() <= 1e-9 * wanted, "{}: {} {}", layer.name(), found, wanted);
            }
            prop_assert_eq!(expected.row_searches, executed.row_searches, "{}", layer.name());
            prop_assert_eq!(expected.output_bits, executed.output_bits, "{}", layer.name());
            prop_assert_eq!(expected.pool_operations, executed.pool_operations, "{}", layer.name());
        }
    }
}
