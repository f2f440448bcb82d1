//! Compiled programs against the sums that the weights stand for, on random layers.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use ap_program::assembly;
use ap_program::{Geometry, Instruction};
use compiler::{Layout, Options, Sharing, check, compile_layer, share_layer};
use network::TernaryWeights;
use proptest::prelude::*;

fn options(sharing: Sharing) -> Options {
    Options {
        geometry: Geometry::new(256, 256, 64).unwrap(),
        sharing,
        layout: Layout::Along,
        outputs_per_processor: None,
    }
}

fn layer() -> impl Strategy<Value = (TernaryWeights, u32)> {
    (1_usize..10, 1_usize..4, 1_usize..4, 1_usize..4, 1_u32..9, 0_u32..100).prop_flat_map(
        |(outputs, inputs, height, width, bits, density)| {
            let weight = (0_u32..100, prop::bool::ANY).prop_map(move |(draw, negative)| {
                if draw >= density {
                    0
                } else if negative {
                    -1
                } else {
                    1
                }
            });
            prop::collection::vec(weight, outputs * inputs * height * width).prop_map(move |values| {
                (TernaryWeights::new([outputs, inputs, height, width], values).unwrap(), (1 << bits) - 1)
            })
        },
    )
}

proptest! {
    #[test]
    fn every_way_of_sharing_and_every_layout_keeps_the_sums((weights, maximum) in layer(), seed: u64) {
        for (sharing, layout) in Sharing::ALL.into_iter().flat_map(|s| Layout::ALL.map(|layout| (s, layout))) {
            let options = Options { layout, ..options(sharing) };
            let compiled = compile_layer("random", &weights, maximum, &options).unwrap();
            let mut stored = 0;
            for program in &compiled.programs {
                check::check(program, &weights, maximum, seed).unwrap();
                stored += program.outputs().count();
            }
            prop_assert_eq!(stored, weights.outputs());
        }
    }

    #[test]
    fn sharing_never_adds_operations_and_keeps_the_accumulates((weights, maximum) in layer()) {
        let unrolled = share_layer("random", &weights, maximum, Sharing::None);
        let shared = share_layer("random", &weights, maximum, Sharing::PerChannel);
        prop_assert_eq!(unrolled.adders() + unrolled.accumulates(), weights.nonzeros());
        prop_assert!(shared.adders() <= unrolled.adders());
        prop_assert_eq!(shared.accumulates(), unrolled.accumulates());
    }

    #[test]
    fn a_program_is_read_back_from_its_assembly((weights, maximum) in layer()) {
        let compiled = compile_layer("random", &weights, maximum, &options(Sharing::PerChannel)).unwrap();
        for program in &compiled.programs {
            prop_assert_eq!(&assembly::parse(&program.to_string()).unwrap(), &**program);
        }
    }

    #[test]
    fn outputs_split_over_processors_are_computed_once_each((weights, maximum) in layer(), most in 1_usize..5) {
        let options = Options { outputs_per_processor: Some(most), ..options(Sharing::PerChannel) };
        let compiled = compile_layer("random", &weights, maximum, &options).unwrap();
        let mut outputs = Vec::new();
        for program in &compiled.programs {
            check::check(program, &weights, maximum, 1).unwrap();
            prop_assert!(program.outputs().count() <= most);
            outputs.extend(program.outputs().map(|(output, _)| output));
        }
        prop_assert_eq!(outputs, (0..weights.outputs() as u32).collect::<Vec<_>>());
    }

    #[test]
    fn operands_of_one_instruction_lie_in_different_columns((weights, maximum) in layer()) {
        let compiled = compile_layer("random", &weights, maximum, &options(Sharing::PerChannel)).unwrap();
        for instruction in compiled.programs.iter().flat_map(|program| &program.instructions) {
            if let Instruction::Apply { operands, .. } = instruction {
                let mut columns: Vec<u16> = operands.as_slice().iter().map(|operand| operand.column).collect();
                columns.sort_unstable();
                columns.dedup();
                prop_assert_eq!(columns.len(), operands.as_slice().len());
            }
        }
    }
}

#[test]
fn a_layer_that_is_too_wide_for_one_processor_is_split() {
    let values = (0..64 * 8).map(|i| [1, 0, -1][i % 3]).collect();
    let weights = TernaryWeights::new([64, 8, 1, 1], values).unwrap();
    let geometry = Geometry::new(256, 16, 16).unwrap();
    let options = Options {
        geometry,
        sharing: Sharing::PerChannel,
        layout: Layout::Along,
        outputs_per_processor: None,
    };
    let compiled = compile_layer("wide", &weights, 15, &options).unwrap();
    assert!(compiled.programs.len() > 1);
    for program in &compiled.programs {
        check::check(program, &weights, 15, 7).unwrap();
    }
}

#[test]
fn a_layer_whose_words_exceed_a_track_is_refused_with_the_shortage() {
    let weights = TernaryWeights::new([1, 1, 3, 3], vec![1; 9]).unwrap();
    let geometry = Geometry::new(256, 256, 8).unwrap();
    let options =
        Options { geometry, sharing: Sharing::None, layout: Layout::Along, outputs_per_processor: None };
    let message = compile_layer("narrow", &weights, 255, &options).unwrap_err().to_string();
    assert!(message.contains("a word of 12 bits does not fit a track of 8 domains"), "{message}");
}

#[test]
fn a_checker_notices_a_program_with_one_wrong_sign() {
    let weights = TernaryWeights::new([2, 1, 1, 3], vec![1, -1, 0, 1, 1, 1]).unwrap();
    let wrong = TernaryWeights::new([2, 1, 1, 3], vec![1, 1, 0, 1, 1, 1]).unwrap();
    let compiled = compile_layer("small", &weights, 15, &options(Sharing::PerChannel)).unwrap();
    assert!(check::check(&compiled.programs[0], &wrong, 15, 3).is_err());
}
