//! Rows that faults strike, against an execution of one row that is written out plainly.

#![allow(clippy::unwrap_used)]

#[path = "support/layers.rs"]
mod layers;

use std::collections::BTreeMap;

use ap_program::{Instruction, Latch, Operand, Program};
use layers::{Case, case};
use network::FeatureMap;
use proptest::prelude::*;
use rtm_ap::{Effect, MachineLayer, Strike, StrikeSites, StruckRow};

const SPARE: i32 = 16;

/// One row: each track a list of bits, with how far it is displaced, and what its port always reads if it is stuck.
struct Row {
    tracks: Vec<Vec<bool>>,
    offsets: Vec<i32>,
    stuck: Vec<Option<bool>>,
}

impl Row {
    fn at(&self, (column, domain): (usize, usize)) -> usize {
        (domain as i32 + SPARE + self.offsets[column]) as usize
    }

    fn read(&self, cell: (usize, usize)) -> bool {
        self.stuck[cell.0].unwrap_or(self.tracks[cell.0][self.at(cell)])
    }

    fn write(&mut self, cell: (usize, usize), bit: bool) {
        let at = self.at(cell);
        self.tracks[cell.0][at] = bit;
    }

    fn befall(&mut self, effect: Effect) {
        match effect {
            Effect::Stick { column, value } => self.stuck[usize::from(column)] = Some(value),
            Effect::Realign { column } => self.offsets[usize::from(column)] = 0,
            Effect::Slip { column, by } => {
                let offset = &mut self.offsets[usize::from(column)];
                *offset = (*offset + i32::from(by)).clamp(-SPARE, SPARE);
            }
            Effect::Pin { column, domain, outwards } => {
                let track = &mut self.tracks[usize::from(column)];
                let first = usize::from(domain) + SPARE as usize;
                if outwards {
                    track.insert(first, track[first]);
                    track.pop();
                } else {
                    track.remove(first);
                    track.push(false);
                }
            }
            Effect::Miss { .. } | Effect::FalseMatch { .. } | Effect::WriteFails { .. } => {}
        }
    }
}

/// What a program stores in one row.
fn run_plainly(
    program: &Program,
    element: impl Fn(ap_program::Tap) -> u16,
    strikes: &[Strike],
) -> BTreeMap<u32, i32> {
    let columns = program.geometry.columns();
    let mut row = Row {
        tracks: vec![vec![false; program.geometry.domains() + 2 * SPARE as usize]; columns],
        offsets: vec![0; columns],
        stuck: vec![None; columns],
    };
    let mut latch = false;
    let mut strikes = strikes.to_vec();
    strikes.sort_unstable();
    let mut stored = BTreeMap::new();
    for (index, &instruction) in program.instructions.iter().enumerate() {
        let bits = match instruction {
            Instruction::Load { destination, .. } => destination.bits,
            Instruction::Apply { bits, .. } => bits,
            Instruction::Store { source, .. } => source.bits,
        };
        let mut sum = 0_i64;
        for bit in 0..bits {
            let here: Vec<Effect> = strikes
                .iter()
                .filter(|s| (s.instruction, s.bit) == (index as u32, bit))
                .map(|s| s.effect)
                .collect();
            here.iter().for_each(|&effect| row.befall(effect));
            let cell = |operand: Operand| operand.cell(usize::from(bit));
            match instruction {
                Instruction::Load { tap, destination } => {
                    if !here.contains(&Effect::WriteFails { pass: 0, operand: 0 }) {
                        row.write(cell(destination), element(tap) >> bit & 1 == 1);
                    }
                }
                Instruction::Store { source, signed, .. } => {
                    let weight = if signed && bit + 1 == bits { -(1_i64 << bit) } else { 1 << bit };
                    sum += weight * i64::from(row.read(cell(source)));
                }
                Instruction::Apply { lut, operands, .. } => {
                    let lut = &program.luts[usize::from(lut)];
                    let operands = operands.as_slice();
                    latch &= bit > 0 || lut.latch() != Some(Latch::Cleared);
                    for (pass_index, pass) in lut.passes().iter().enumerate() {
                        if bit == 0 && !lut.first_passes().contains(&pass_index) {
                            continue;
                        }
                        let of_latch = u8::from(latch) << operands.len();
                        let state = (operands.iter().enumerate()).fold(of_latch, |state, (place, &o)| {
                            state | u8::from(row.read(cell(o))) << place
                        });
                        let named = |effect: Effect| here.contains(&effect);
                        let matches = pass.key.matches(state);
                        let tagged = (matches && !named(Effect::Miss { pass: pass_index as u8 }))
                            || named(Effect::FalseMatch { pass: pass_index as u8 });
                        for (place, &operand) in operands.iter().enumerate() {
                            let fails =
                                named(Effect::WriteFails { pass: pass_index as u8, operand: place as u8 });
                            if tagged && pass.write.mask() >> place & 1 == 1 && !fails {
                                row.write(cell(operand), pass.write.value() >> place & 1 == 1);
                            }
                        }
                        if tagged && pass.write.mask() >> operands.len() & 1 == 1 {
                            latch = pass.write.value() >> operands.len() & 1 == 1;
                        }
                    }
                }
            }
        }
        if let Instruction::Store { output, .. } = instruction {
            stored.insert(output, sum as i32);
        }
    }
    stored
}

/// Raw numbers that become a strike somewhere in a program.
type Draw = (u8, u64, u64, bool, u8);

fn strike(program: &Program, sites: &StrikeSites, (kind, place, more, sign, by): Draw) -> Option<Strike> {
    let moves: u64 = (1..program.geometry.domains()).map(|distance| sites.moves(distance).len() as u64).sum();
    let some_move = || {
        let number = place.checked_rem(moves)? as usize;
        (1..program.geometry.domains()).flat_map(|distance| sites.moves(distance)).nth(number).copied()
    };
    let at = |instruction, bit, effect| Some(Strike { instruction, bit, effect });
    match kind {
        0..4 => {
            let found = some_move()?;
            let by = i8::try_from(by % 3 + 1).ok()?;
            let by = if sign { by } else { -by };
            at(found.instruction, found.bit, Effect::Slip { column: found.column(program), by })
        }
        4 => {
            let found = some_move()?;
            at(found.instruction, found.bit, Effect::Realign { column: found.column(program) })
        }
        5 => {
            let found = some_move()?;
            let domain = (more % program.geometry.domains() as u64) as u8;
            at(
                found.instruction,
                found.bit,
                Effect::Pin { column: found.column(program), domain, outwards: sign },
            )
        }
        6 | 7 => {
            let found = sites.search(program, place.checked_rem(sites.searches())?)?;
            let pass = found.pass;
            let effect = if sign { Effect::Miss { pass } } else { Effect::FalseMatch { pass } };
            at(found.instruction, found.bit, effect)
        }
        8 => {
            let found = sites.written_bit(program, place.checked_rem(sites.written_bits())?)?;
            let effect = Effect::WriteFails { pass: found.pass, operand: found.operand };
            at(found.instruction, found.bit, effect)
        }
        _ => {
            let column = (more % program.geometry.columns() as u64) as u16;
            at(0, 0, Effect::Stick { column, value: sign })
        }
    }
}

fn element(case: &Case, position: usize) -> impl Fn(ap_program::Tap) -> u16 + '_ {
    let width = case.layer.output().width;
    move |tap| {
        let place = (position / width, position % width);
        let source = case.layer.window().source(
            case.layer.input(),
            place,
            (usize::from(tap.row), usize::from(tap.column)),
        );
        let Some((y, x)) = source else { return 0 };
        let input = case.layer.input();
        case.input.values()[(tap.channel as usize * input.height + y) * input.width + x]
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rows_executed_together_store_what_each_stores_alone(
        case in case(),
        draws in prop::collection::vec((0_u8..10, any::<u64>(), any::<u64>(), any::<bool>(), any::<u8>()), 0..24),
        rows in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..6), 1..150),
    ) {
        let machine = MachineLayer::compile(&case.layer, &case.options).unwrap();
        let positions = case.layer.output().positions();
        for (index, program) in machine.compiled().programs.iter().enumerate() {
            let sites = machine.strike_sites(index).unwrap();
            let all: Vec<Strike> = draws.iter().filter_map(|&draw| strike(program, sites, draw)).collect();
            let lists: Vec<Vec<Strike>> = rows
                .iter()
                .enumerate()
                .map(|(row, &(_, share))| all.iter().copied().skip(row % 5).step_by(share + 1).collect())
                .collect();
            let struck: Vec<StruckRow<'_>> = rows
                .iter()
                .zip(&lists)
                .map(|(&(place, _), strikes)| StruckRow { input: &case.input, position: place.index(positions), strikes })
                .collect();
            let together = machine.execute_struck(index, &struck).unwrap();
            for (row, struck) in struck.iter().enumerate() {
                let alone = run_plainly(program, element(&case, struck.position), struck.strikes);
                let stored: BTreeMap<u32, i32> = together.iter().map(|(output, values)| (*output, values[row])).collect();
                prop_assert_eq!(stored, alone, "row {}", row);
            }
        }
    }

    #[test]
    fn rows_that_nothing_strikes_store_the_convolution(case in case()) {
        let machine = MachineLayer::compile(&case.layer, &case.options).unwrap();
        let (sums, _) = machine.execute(&case.input).unwrap();
        let positions = sums.shape().positions();
        let rows: Vec<StruckRow<'_>> =
            (0..positions).map(|position| StruckRow { input: &case.input, position, strikes: &[] }).collect();
        for program in 0..machine.compiled().programs.len() {
            for (output, values) in machine.execute_struck(program, &rows).unwrap() {
                let start = output as usize * positions;
                prop_assert_eq!(&values[..], &sums.values()[start..start + positions]);
            }
        }
    }

    #[test]
    fn the_sites_are_the_moves_writes_and_searches_that_are_counted(case in case()) {
        let machine = MachineLayer::compile(&case.layer, &case.options).unwrap();
        for (index, (program, counts)) in machine.compiled().programs.iter().zip(machine.counts()).enumerate() {
            let sites = machine.strike_sites(index).unwrap();
            for (distance, &moves) in counts.moves.iter().enumerate() {
                prop_assert_eq!(sites.moves(distance).len() as u64, moves);
            }
            prop_assert_eq!(sites.searches(), counts.compares);
            let places: Vec<_> = (0..sites.searches()).map(|n| sites.search(program, n).unwrap()).collect();
            prop_assert!(places.windows(2).all(|w| (w[0].instruction, w[0].bit, w[0].pass) < (w[1].instruction, w[1].bit, w[1].pass)));
            prop_assert!(sites.written_bits() >= counts.loaded_bits + counts.broadcast_bits);
            for number in 0..sites.written_bits() {
                prop_assert!(sites.written_bit(program, number).is_some());
            }
            prop_assert!(sites.written_bit(program, sites.written_bits()).is_none());
        }
    }
}

#[test]
fn a_row_of_another_shape_is_refused() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let case = Strategy::new_tree(&case(), &mut runner).unwrap();
    let case = proptest::strategy::ValueTree::current(&case);
    let machine = MachineLayer::compile(&case.layer, &case.options).unwrap();
    let wrong = FeatureMap::new(network::Shape::new(1, 1, 1), vec![0]).unwrap();
    let row = StruckRow { input: &wrong, position: 0, strikes: &[] };
    assert!(machine.execute_struck(0, &[row]).is_err());
}
