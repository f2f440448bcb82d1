//! Random layers on the machine, against the reference convolution.

#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "support/layers.rs"]
mod layers;

use std::collections::BTreeMap;

use ap_program::{Geometry, interpret};
use compiler::{Options, Sharing};
use layers::case;
use network::{FeatureMap, LinearEngine, ReferenceEngine};
use proptest::prelude::*;
use rtm_ap::{LatchEvents, MachineError, MachineLayer};

proptest! {
    #[test]
    fn the_machine_computes_the_convolution(case in case()) {
        let reference = ReferenceEngine.accumulate(&case.layer, &case.input).unwrap();
        let machine = MachineLayer::compile(&case.layer, &case.options).unwrap();
        let (sums, _) = machine.execute(&case.input).unwrap();
        prop_assert_eq!(sums, reference);
    }

    #[test]
    fn counted_and_executed_events_agree_exactly_where_data_has_no_say(case in case()) {
        let machine = MachineLayer::compile(&case.layer, &case.options).unwrap();
        let (_, mut executed) = machine.execute(&case.input).unwrap();
        let mut expected = machine.expected_events(|_| 0.5);
        for events in [&mut executed, &mut expected] {
            events.events.tagged_bits = Default::default();
            events.events.latch.tagged = Default::default();
            events.tables.iter_mut().for_each(|table| {
                table.tagged_bits = Default::default();
                table.latch.tagged = Default::default();
            });
        }
        prop_assert_eq!(executed, expected);
    }

    #[test]
    fn an_image_of_zeros_writes_exactly_what_is_expected_of_it(case in case()) {
        let machine = MachineLayer::compile(&case.layer, &case.options).unwrap();
        let zeros = FeatureMap::new(case.layer.input(), vec![0; case.layer.input().len()]).unwrap();
        let (_, executed) = machine.execute(&zeros).unwrap();
        prop_assert_eq!(executed, machine.expected_events(|_| 0.0));
    }

    #[test]
    fn splitting_outputs_over_processors_keeps_the_sums(case in case(), most in 1_usize..4) {
        let whole = MachineLayer::compile(&case.layer, &case.options).unwrap();
        let split = Options { outputs_per_processor: Some(most), ..case.options };
        let split = MachineLayer::compile(&case.layer, &split).unwrap();
        prop_assert_eq!(whole.execute(&case.input).unwrap().0, split.execute(&case.input).unwrap().0);
    }

    #[test]
    fn the_slow_interpreter_computes_the_same_sums_and_writes_the_same_bits(case in case()) {
        let machine = MachineLayer::compile(&case.layer, &case.options).unwrap();
        let (sums, events) = machine.execute(&case.input).unwrap();
        let (shape, input, window) = (case.layer.output(), case.layer.input(), case.layer.window());
        let rows = case.options.geometry.rows();
        let mut interpreted = vec![0; shape.len()];
        let (mut tagged_bits, mut track_steps, mut searched_bits) = (BTreeMap::new(), 0, 0);
        let mut latches = [0; 3];
        for program in &machine.compiled().programs {
            for first in (0..shape.positions()).step_by(rows) {
                let used = (shape.positions() - first).min(rows);
                let run = interpret(program, used, |row, tap| {
                    let position = ((first + row) / shape.width, (first + row) % shape.width);
                    window
                        .source(input, position, (usize::from(tap.row), usize::from(tap.column)))
                        .map_or(0, |(y, x)| case.input.values()[(tap.channel as usize * input.height + y) * input.width + x])
                })
                .unwrap();
                for (output, values) in &run.stores {
                    for (row, &value) in values.iter().enumerate() {
                        interpreted[*output as usize * shape.positions() + first + row] = value;
                    }
                }
                for (table, bits) in program.luts.iter().zip(run.tagged_bits) {
                    *tagged_bits.entry(table.name().to_owned()).or_insert(0.0) += bits as f64;
                }
                track_steps += run.track_steps;
                searched_bits += run.searched_bits;
                let of_run = [run.searched_latches, run.tagged_latches.iter().sum(), run.broadcast_latches];
                latches.iter_mut().zip(of_run).for_each(|(sum, of_run)| *sum += of_run);
            }
        }
        let sums: Vec<i64> = sums.values().iter().map(|&sum| i64::from(sum)).collect();
        prop_assert_eq!(interpreted, sums);
        tagged_bits.retain(|_, bits| *bits > 0.0);
        let by_table: BTreeMap<String, f64> = (events.tables.iter())
            .map(|table| (table.name.clone(), table.tagged_bits.occupied))
            .filter(|&(_, bits)| bits > 0.0)
            .collect();
        prop_assert_eq!(by_table, tagged_bits);
        prop_assert_eq!(track_steps as f64, events.events.track_steps.occupied);
        prop_assert_eq!(searched_bits as f64, events.events.searched_bits.occupied);
        let LatchEvents { searches, tagged, broadcast } = events.events.latch;
        prop_assert_eq!(latches.map(|count| count as f64), [searches, tagged, broadcast].map(|count| count.occupied));
    }

    #[test]
    fn no_program_of_the_compiler_breaks_a_rule(
        case in case(),
        columns in 4_u64..40,
        domains in 1_u64..33,
        sharing in prop::sample::select(Sharing::ALL.to_vec()),
    ) {
        // Layers that do not fit are refused by the compiler; none may come out that the machine refuses.
        let geometry = Geometry::new(case.options.geometry.rows() as u64, columns, domains).unwrap();
        let geometry = geometry.with_carry(case.options.geometry.carry());
        let options = Options { geometry, sharing, ..case.options };
        match MachineLayer::compile(&case.layer, &options) {
            Ok(machine) => {
                for program in &machine.compiled().programs {
                    prop_assert!(interpret(program, 1, |_, _| 0).is_ok());
                }
            }
            Err(MachineError::Compile(_)) => {}
            Err(other) => return Err(TestCaseError::fail(other.to_string())),
        }
    }
}
