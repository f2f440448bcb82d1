//! The layout that the others are measured against.

#![allow(clippy::unwrap_used)]

use std::collections::HashMap;
use std::path::Path;

use ap_program::{Geometry, Instruction};
use compiler::{CompiledLayer, Layout, Options, Sharing, compile_layer};
use network::{Network, TernaryWeights};
use proptest::prelude::*;

fn compiled(weights: &TernaryWeights, columns: u64, layout: Layout) -> CompiledLayer {
    let geometry = Geometry::new(256, columns, 64).unwrap();
    let options = Options { geometry, sharing: Sharing::PerChannel, layout, outputs_per_processor: None };
    compile_layer("layer", weights, 15, &options).unwrap()
}

/// The cells that an instruction visits, in order, and whether it only rewinds.
fn visits(compiled: &CompiledLayer, instruction: &Instruction) -> (Vec<(usize, usize)>, bool) {
    let (operands, bits, rewinds) = match instruction {
        Instruction::Load { destination: operand, .. } | Instruction::Store { source: operand, .. } => {
            (vec![*operand], operand.bits, false)
        }
        Instruction::Apply { lut, bits, operands } => {
            let without_passes = compiled.programs[0].luts[usize::from(*lut)].passes().is_empty();
            (operands.as_slice().to_vec(), *bits, without_passes)
        }
    };
    let cells = (0..usize::from(bits)).flat_map(|bit| operands.iter().map(move |operand| operand.cell(bit)));
    (cells.collect(), rewinds)
}

fn track_steps(compiled: &CompiledLayer) -> usize {
    compiled.programs.iter().fold(0, |steps, program| {
        let mut positions = vec![0_usize; program.geometry.columns()];
        let cells = program.instructions.iter().flat_map(|instruction| visits(compiled, instruction).0);
        steps
            + cells
                .map(|(column, domain)| domain.abs_diff(std::mem::replace(&mut positions[column], domain)))
                .sum::<usize>()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(30))]

    #[test]
    fn where_every_word_has_a_column_each_operation_travels_its_words_forth_and_back(
        values in prop::collection::vec(-1..=1_i8, 6 * 2 * 9),
    ) {
        let weights = TernaryWeights::new([6, 2, 3, 3], values).unwrap();
        let naive = compiled(&weights, 256, Layout::Naive);
        let (mut expected, mut reached) = (0, HashMap::new());
        for instruction in naive.programs.iter().flat_map(|program| &program.instructions) {
            let (cells, rewinds) = visits(&naive, instruction);
            if rewinds {
                prop_assert!(cells.iter().all(|&(_, domain)| domain == 0), "one word a column begins at domain 0");
                expected += reached.drain().map(|(_, farthest): (usize, usize)| 2 * farthest).sum::<usize>();
            } else {
                for (column, domain) in cells {
                    let farthest = reached.entry(column).or_insert(0);
                    *farthest = domain.max(*farthest);
                }
            }
        }
        prop_assert!(reached.values().all(|&farthest| farthest == 0), "every operation is followed by a rewind");
        prop_assert_eq!(track_steps(&naive), expected);
        prop_assert!(track_steps(&compiled(&weights, 256, Layout::Along)) <= expected);
    }

    #[test]
    fn where_columns_do_not_suffice_words_share_them_and_the_sums_stay_right(
        values in prop::collection::vec(-1..=1_i8, 40 * 2 * 9),
        seed in any::<u64>(),
    ) {
        let weights = TernaryWeights::new([40, 2, 3, 3], values).unwrap();
        let naive = compiled(&weights, 24, Layout::Naive);
        prop_assert_eq!(naive.programs.len(), compiled(&weights, 24, Layout::Along).programs.len());
        for program in &naive.programs {
            compiler::check::check(program, &weights, 15, seed).unwrap();
        }
    }
}

/// Both with as many outputs on a processor. Over all layers of this network, weighted by the rows that run them, the factor is 7.9
/// with all outputs on as few processors as hold them, and 6.3 with 64 on each.
#[test]
fn words_across_columns_take_less_than_a_quarter_of_the_naive_steps_on_layers_of_a_network() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments/networks/resnet18-s80-a4.yaml");
    let (_, network) = Network::load(&path).unwrap();
    for (name, outputs_per_processor) in
        [("layer1.0.conv1", None), ("layer2.0.downsample", None), ("layer2.0.downsample", Some(64))]
    {
        let (_, layer) = network.linear_layers().find(|(_, layer)| layer.name() == name).unwrap();
        let steps = |layout| {
            let geometry = Geometry::new(256, 256, 64).unwrap();
            let options = Options { geometry, sharing: Sharing::PerChannel, layout, outputs_per_processor };
            let maximum = u32::from(layer.input_maximum());
            let compiled = compile_layer(name, layer.weights(), maximum, &options).unwrap();
            assert_eq!(compiled.layout, layout);
            (compiled.programs.len(), track_steps(&compiled))
        };
        let ((processors, naive), (same_processors, tiled)) = (steps(Layout::Naive), steps(Layout::Tiled));
        assert_eq!(processors, same_processors);
        assert!(4 * tiled < naive, "{name}: {tiled} of {naive}");
    }
}
