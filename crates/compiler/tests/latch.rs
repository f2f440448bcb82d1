//! Programs for arrays whose rows keep the carry in a latch.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;

use ap_program::{Instruction, Latch, Pass, Program};
use compiler::flow::run_passes;
use compiler::ir::{LayerWeights, Stage, Verification};
use compiler::lut::{LutKind, standard_luts};
use compiler::{Carry, Geometry, Layout, Options, Sharing, check, compile_layer};
use network::TernaryWeights;
use proptest::prelude::*;

fn weights() -> impl Strategy<Value = TernaryWeights> {
    (1_usize..24, 1_usize..6, 1_usize..4, 1_usize..4).prop_flat_map(|(outputs, inputs, height, width)| {
        let count = outputs * inputs * height * width;
        prop::collection::vec(prop::sample::select(vec![0_i8, 0, 1, -1]), count)
            .prop_map(move |values| TernaryWeights::new([outputs, inputs, height, width], values).unwrap())
    })
}

fn options(carry: Carry, layout: Layout, sharing: Sharing) -> Options {
    let geometry = Geometry::new(256, 128, 48).unwrap().with_carry(carry);
    Options { geometry, sharing, layout, outputs_per_processor: None }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn programs_with_a_latch_compute_the_layer_in_every_layout(
        weights in weights(),
        bits in 1_u32..6,
        layout in prop::sample::select(vec![Layout::Naive, Layout::Along, Layout::Tiled]),
        sharing in prop::sample::select(vec![Sharing::None, Sharing::PerChannel, Sharing::CrossChannel]),
    ) {
        let maximum = (1 << bits) - 1;
        let of = |carry| compile_layer("layer", &weights, maximum, &options(carry, layout, sharing));
        let (Ok(latch), Ok(column)) = (of(Carry::Latch), of(Carry::Column)) else { return Ok(()) };
        for program in &latch.programs {
            let of_program = program.outputs().map(|(output, _)| output).collect::<Vec<_>>();
            prop_assert!(!of_program.is_empty());
            check::check(program, &weights, maximum, 7).unwrap();
            // The text says all of it.
            let text = program.to_string();
            prop_assert_eq!(&text.parse::<Program>().unwrap(), &**program);
        }
        let words = |layer: &compiler::CompiledLayer| layer.statistics.words;
        prop_assert!(latch.programs.len() < column.programs.len() || words(&latch) <= words(&column));
    }
}

#[test]
fn a_word_is_begun_by_a_table_that_clears_the_latch_and_no_instruction_clears_a_carry() {
    let values = (0..8 * 3 * 9).map(|i| [1, 0, -1, 0, 1, -1, 0][i % 7]).collect();
    let weights = TernaryWeights::new([8, 3, 3, 3], values).unwrap();
    for layout in [Layout::Naive, Layout::Along, Layout::Tiled] {
        let layer = compile_layer("layer", &weights, 15, &options(Carry::Latch, layout, Sharing::PerChannel))
            .unwrap();
        for program in &layer.programs {
            let mut open = false;
            for instruction in &program.instructions {
                let Instruction::Apply { lut, .. } = *instruction else { continue };
                match program.luts[usize::from(lut)].latch() {
                    Some(Latch::Cleared) => open = true,
                    Some(Latch::Kept) => assert!(open),
                    None => {}
                }
            }
            assert!(open);
            assert_eq!(
                program.counts().broadcast_latches,
                program.counts().tables.iter().map(|t| t.broadcast_latches).sum::<u64>()
            );
        }
    }
}

/// Every table on every state of a row, by hand: the sum's bit and the carry of whole numbers.
#[test]
fn tables_with_the_latch_add_and_subtract_whole_numbers() {
    let luts = standard_luts(Carry::Latch).unwrap();
    for (kind, expected) in [
        (LutKind::AddInPlace, (|a, b, c| a + b + c) as fn(i32, i32, i32) -> i32),
        (LutKind::SubtractInPlace, |a, b, c| b - a - c),
        (LutKind::Add, |a, b, c| a + b + c),
        (LutKind::Subtract, |a, b, c| a - b - c),
    ] {
        let lut = &luts[kind.index()];
        let (latch, result) = (lut.columns().len(), lut.columns().len() - 1);
        for state in 0..1_u8 << lut.width() {
            let bit = |of: u8, place: usize| i32::from(of >> place & 1);
            let after = lut.apply(state);
            let value = expected(bit(state, 0), bit(state, 1), bit(state, latch));
            assert_eq!(bit(after, result), value & 1, "{lut}\n{state:04b}");
            assert_eq!(bit(after, latch) == 1, !(0..=1).contains(&value), "{lut}\n{state:04b}");
        }
    }
}

#[test]
fn a_carry_that_becomes_a_bit_is_not_cleared_in_the_latch() {
    let luts = standard_luts(Carry::Latch).unwrap();
    for kind in [LutKind::MoveCarry, LutKind::CopyBorrow] {
        let lut = &luts[kind.index()];
        let writes_latch = |pass: &Pass| pass.write.mask() & !lut.column_mask() != 0;
        assert!(!lut.passes().iter().any(writes_latch), "{lut}");
    }
}

#[test]
fn stages_with_a_latch_are_verified_and_read_back_from_their_text() {
    let values = (0..8 * 3 * 9).map(|i| [1, 0, -1, 0, 1, -1, 0][i % 7]).collect();
    let weights = Arc::new(TernaryWeights::new([8, 3, 3, 3], values).unwrap());
    for layout in [Layout::Naive, Layout::Along, Layout::Tiled] {
        let options = options(Carry::Latch, layout, Sharing::PerChannel);
        let layer = compile_layer("layer", &weights, 15, &options).unwrap();
        let from = LayerWeights { layer: "layer".into(), input_maximum: 15, weights: Arc::clone(&weights) };
        for settings in &layer.flow.parts {
            let mut placed = None;
            run_passes(&layer.flow.passes, &from, settings, Verification::EveryPass, |pass, stage| {
                assert_eq!(&Stage::parse(&stage.to_string()).unwrap(), stage, "{pass}");
                if let Stage::Placed(stage) = stage {
                    placed = Some(stage.clone());
                }
            })
            .unwrap();
            // Placed for a latch, it is none for an array without.
            let mut without = settings.clone();
            without.geometry = without.geometry.with_carry(Carry::Column);
            let refused = Stage::Placed(placed.unwrap()).verify(&from, &without).unwrap_err().to_string();
            assert_eq!(refused, "the carry is placed in a latch; the array keeps it in a column");
        }
    }
}
