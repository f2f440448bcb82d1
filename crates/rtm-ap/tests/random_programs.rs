//! Random programs on both implementations of the machine, and random programs that break its rules.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use ap_program::{
    Carry, Direction, EncodedProgram, Geometry, Instruction, Latch, Lut, Operand, Operands, Pass, Pattern,
    Program, ProgramCounts, RuleName, Tap, interpret,
};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use rtm_ap::{ExecutionError, execute_program};
use support::{Elements, assert_agreement};

fn lut(name: usize) -> impl Strategy<Value = Lut> {
    (1_usize..=4).prop_flat_map(move |columns| {
        let pattern = (0_u8..1 << columns, 0_u8..1 << columns).prop_map(|(m, v)| Pattern::new(m, v));
        // A masked key, a broadcast, is drawn more often than by chance.
        let key = prop_oneof![4 => pattern.clone(), 1 => Just(Pattern::NONE)];
        prop::collection::vec((key, pattern), 0..6).prop_map(move |passes| {
            let passes = passes.into_iter().map(|(key, write)| Pass { key, write }).collect();
            let names = (0..columns).map(|column| format!("X{column}")).collect();
            Lut::new(format!("table{name}"), names, passes).unwrap()
        })
    })
}

/// A table one of whose columns is the latch, if it is left another.
fn latched(lut: &Lut, at_start: Latch) -> Lut {
    let (mut names, passes) = (lut.columns().to_vec(), lut.passes().to_vec());
    match names.pop() {
        Some(latch) if !names.is_empty() => {
            Lut::with_latch(lut.name(), names, (latch, at_start), passes).unwrap()
        }
        _ => lut.clone(),
    }
}

fn luts(carry: Carry) -> impl Strategy<Value = Vec<Lut>> {
    (lut(0), lut(1), lut(2)).prop_map(move |(a, b, c)| match carry {
        Carry::Column => vec![a, b, c],
        Carry::Latch => vec![latched(&a, Latch::Cleared), latched(&b, Latch::Kept), c],
    })
}

/// Operands near the array, now and then beyond it.
fn operand() -> impl Strategy<Value = Operand> {
    (0_u16..9, 0_u8..7, prop_oneof![9 => 1_u8..6, 1 => 0_u8..41], prop::bool::ANY).prop_map(
        |(column, domain, bits, across)| {
            let direction = if across { Direction::Across } else { Direction::Along };
            Operand { column, domain, bits, direction }
        },
    )
}

fn tap() -> impl Strategy<Value = Tap> {
    (0_u32..3, 0_u8..2, 0_u8..2).prop_map(|(channel, row, column)| Tap { channel, row, column })
}

fn instruction() -> impl Strategy<Value = Instruction> {
    prop_oneof![
        2 => (tap(), operand()).prop_map(|(tap, destination)| Instruction::Load { tap, destination }),
        4 => (0_u8..4, 0_u8..6, prop::collection::vec(operand(), 1..=4)).prop_map(|(lut, bits, operands)| {
            Instruction::Apply { lut, bits, operands: Operands::new(&operands) }
        }),
        1 => (0_u32..5, operand(), prop::bool::ANY)
            .prop_map(|(output, source, signed)| Instruction::Store { output, source, signed }),
    ]
}

/// Any instructions at all: hardly one such program keeps the rules.
fn program() -> impl Strategy<Value = Program> {
    prop::sample::select(Carry::ALL.to_vec()).prop_flat_map(|carry| {
        (luts(carry), prop::collection::vec(instruction(), 0..40)).prop_map(move |(luts, instructions)| {
            Program { geometry: Geometry::new(130, 8, 40).unwrap().with_carry(carry), luts, instructions }
        })
    })
}

/// Gives instructions the number of operands that their tables have, keeps most of those in different columns, and fills some
/// columns beforehand, so that more of the instructions keep the rules.
fn likely_legal_program() -> impl Strategy<Value = Program> {
    let filled = prop::collection::vec(0_u16..8, 3..14);
    (program(), filled, prop::collection::vec(operand(), 4), prop::bool::weighted(0.8)).prop_map(
        |(mut program, filled, more, spread)| {
            for instruction in &mut program.instructions {
                if let Instruction::Apply { lut, operands, .. } = instruction
                    && let Some(table) = program.luts.get(usize::from(*lut))
                {
                    let mut all: Vec<Operand> = operands.as_slice().iter().chain(&more).copied().collect();
                    for (place, operand) in all.iter_mut().enumerate().filter(|_| spread) {
                        operand.column = (operand.column % 2 + 2 * place as u16 + u16::from(*lut)) % 8;
                    }
                    *operands = Operands::new(&all[..table.columns().len()]);
                }
            }
            let fill = filled.into_iter().zip(0..).map(|(column, channel)| Instruction::Load {
                tap: Tap { channel, row: 0, column: 0 },
                destination: Operand { column, domain: 0, bits: 12, direction: Direction::Along },
            });
            program.instructions.splice(0..0, fill);
            program
        },
    )
}

/// Leaves out the instructions that break a rule, as the document has it.
fn legal(mut program: Program) -> Program {
    while let Err(refusal) = interpret(&program, 0, |_, _| 0) {
        program.instructions.remove(refusal.instruction);
    }
    program
}

fn legal_program() -> impl Strategy<Value = Program> {
    likely_legal_program().prop_map(legal)
}

/// Elements that look random, the same whenever they are asked for.
fn element(seed: u64) -> impl Fn(usize, Tap) -> u16 {
    move |row, tap| {
        let place = [row as u64, u64::from(tap.channel), u64::from(tap.row), u64::from(tap.column)];
        let mixed =
            place.iter().fold(seed | 1, |m, &p| (m ^ (m >> 29) ^ p).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        (mixed >> 40) as u16
    }
}

/// The rules that both implementations find broken, if any; they have to agree on the instruction and the rule.
fn verdict(program: &Program) -> Option<(usize, RuleName)> {
    let fast = ProgramCounts::of(program).err().map(|error| (error.instruction, error.rule.name()));
    let slow = interpret(program, 3, |_, _| 7).err().map(|refusal| (refusal.instruction, refusal.rule));
    assert_eq!(fast, slow, "\n{program}");
    fast
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn legal_programs_run_alike_on_both_implementations(
        program in legal_program(),
        rows in 0_usize..=130,
        seed: u64,
    ) {
        let slow = interpret(&program, rows, element(seed)).unwrap();
        let mut port = Elements::new(element(seed));
        let fast = execute_program(program.geometry, &program, rows, &mut port).unwrap();
        assert_agreement(&slow, &fast, &port.stores, rows);
    }

    #[test]
    fn a_program_is_its_text_read_back(program in program()) {
        let legal = legal(program);
        prop_assert_eq!(legal.to_string().parse::<Program>(), Ok(legal));
    }

    #[test]
    fn a_program_for_a_latch_is_refused_where_the_carry_is_a_column(program in legal_program()) {
        let has_latch = |instruction: &Instruction| match instruction {
            Instruction::Apply { lut, .. } => program.luts[usize::from(*lut)].latch().is_some(),
            _ => false,
        };
        let first = program.instructions.iter().position(has_latch);
        let without = Program { geometry: program.geometry.with_carry(Carry::Column), ..program.clone() };
        prop_assert_eq!(verdict(&without), first.map(|first| (first, RuleName::Latch)));
        // Nor does a machine without take the program as it is.
        if program.geometry.carry() == Carry::Latch {
            let refused = execute_program(without.geometry, &program, 1, &mut Elements::new(element(0)));
            prop_assert_eq!(refused, Err(ExecutionError::Geometry { found: program.geometry, expected: without.geometry }));
        }
    }

    #[test]
    fn a_program_is_its_encoded_form_decoded(program in legal_program()) {
        let encoded = EncodedProgram::of(&program);
        let decoded = EncodedProgram::decode(encoded.bytes(), program.geometry, &program.luts);
        prop_assert_eq!(decoded, Ok(program));
    }

    #[test]
    fn bytes_are_a_program_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..200), program in program()) {
        let _ = EncodedProgram::decode(&bytes, program.geometry, &program.luts);
        let mut changed = EncodedProgram::of(&legal(program.clone())).bytes().to_vec();
        for (at, byte) in bytes.iter().enumerate().take(3) {
            let place = (usize::from(*byte) * 31 + at) % changed.len();
            changed[place] ^= 1 << (byte % 8);
        }
        let _ = EncodedProgram::decode(&changed, program.geometry, &program.luts);
    }

    #[test]
    fn both_implementations_refuse_the_same_instructions_by_the_same_rules(
        raw in program(),
        likely in likely_legal_program(),
    ) {
        for mut program in [raw, likely] {
            // Without the instruction that was refused, the next one is.
            while let Some((instruction, _)) = verdict(&program) {
                let mut port = Elements::new(element(0));
                let refused = execute_program(program.geometry, &program, 3, &mut port);
                prop_assert!(matches!(refused, Err(ExecutionError::Program(error)) if error.instruction == instruction));
                prop_assert!(port.stores.is_empty());
                program.instructions.remove(instruction);
            }
        }
    }

    #[test]
    fn an_instruction_put_where_it_breaks_a_rule_is_named_with_the_rule(
        program in legal_program(),
        at: prop::sample::Index,
        domain in 20_u8..38,
    ) {
        let along = |column, domain, bits| Operand { column, domain, bits, direction: Direction::Along };
        let across = |column, domain, bits| Operand { column, domain, bits, direction: Direction::Across };
        let load = |destination| Instruction::Load { tap: Tap { channel: 0, row: 0, column: 0 }, destination };
        let store = |source, signed| Instruction::Store { output: 0, source, signed };
        let apply = |lut, bits, operands: &[Operand]| Instruction::Apply { lut, bits, operands: Operands::new(operands) };
        // Two tables more, at 3 and 4. Nothing that is drawn fills domain 39 for good, so it is empty: see the filter below.
        let mut program = program;
        let names = |count| (0..count).map(|column| format!("X{column}")).collect::<Vec<_>>();
        let pass = |key: &str, write: &str| Pass { key: Pattern::parse(key).unwrap(), write: Pattern::parse(write).unwrap() };
        program.luts.push(Lut::new("clear", names(1), vec![pass("-", "0")]).unwrap());
        program.luts.push(Lut::new("copy", names(2), vec![pass("--", "-0"), pass("1-", "-1")]).unwrap());
        let cases = [
            (load(along(0, domain, 41 - domain)), RuleName::Inside),
            (load(across(6, domain, 3)), RuleName::Inside),
            (load(along(0, 0, 0)), RuleName::Bits),
            (store(along(2, 0, 33), true), RuleName::StoredWidth),
            (store(along(2, 0, 32), false), RuleName::StoredWidth),
            (store(across(5, domain, 9), false), RuleName::Inside),
            (apply(3, 0, &[along(0, 0, 1)]), RuleName::Bits),
            (apply(5, 1, &[along(0, 0, 1)]), RuleName::Table),
            (apply(3, 1, &[along(0, 0, 1), along(1, 0, 1)]), RuleName::Operands),
            (apply(4, 1, &[along(0, 0, 1)]), RuleName::Operands),
            (apply(3, 41 - domain, &[along(4, domain, 40)]), RuleName::Inside),
            (apply(4, 1, &[along(3, 0, 2), along(3, 5, 2)]), RuleName::OnePort),
            (apply(4, 3, &[across(0, 0, 3), along(0, 1, 1)]), RuleName::OnePort),
            (apply(4, 1, &[along(7, 39, 1), along(1, 0, 1)]), RuleName::Filled),
            (store(along(7, 39, 1), false), RuleName::Filled),
        ];
        prop_assume!(!program.instructions.iter().any(|instruction| match instruction {
            Instruction::Load { destination, .. } => destination.domain + destination.bits > 39,
            Instruction::Apply { bits, operands, .. } =>
                operands.as_slice().iter().any(|o| o.domain + o.bits.min(*bits) > 39),
            Instruction::Store { .. } => false,
        }));
        let at = at.index(program.instructions.len() + 1);
        for (instruction, rule) in cases {
            let mut program = program.clone();
            program.instructions.insert(at, instruction);
            prop_assert_eq!(verdict(&program), Some((at, rule)), "{:?}", instruction);
        }
    }
}

#[test]
fn the_random_legal_programs_do_something() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut applied, mut searched, mut tagged, mut across, mut extended, mut stored) = (0, 0, 0, 0, 0, 0);
    for _ in 0..100 {
        let program = legal_program().new_tree(&mut runner).unwrap().current();
        for instruction in &program.instructions {
            if let Instruction::Apply { operands, bits, .. } = instruction {
                applied += 1;
                let operands = operands.as_slice();
                across += operands.iter().filter(|o| o.direction == Direction::Across && *bits > 1).count();
                extended += operands.iter().filter(|o| o.bits < *bits).count();
            }
        }
        let events = interpret(&program, 5, element(1)).unwrap();
        searched += usize::from(events.searched_bits > 0);
        tagged += usize::from(events.tagged_bits.iter().any(|&bits| bits > 0));
        stored += usize::from(!events.stores.is_empty());
    }
    assert!(applied > 300 && across > 100 && extended > 100, "{applied} {across} {extended}");
    assert!(searched > 40 && tagged > 25 && stored > 40, "{searched} {tagged} {stored}");
}

#[test]
fn more_rows_than_a_processor_has_are_refused() {
    let program = Program { geometry: Geometry::new(4, 8, 8).unwrap(), luts: vec![], instructions: vec![] };
    let refused = execute_program(program.geometry, &program, 5, &mut Elements::new(element(0)));
    assert_eq!(refused, Err(ExecutionError::Rows { found: 5, geometry: program.geometry }));
}

#[test]
fn a_program_for_another_array_is_refused() {
    let program = Program { geometry: Geometry::new(4, 8, 8).unwrap(), luts: vec![], instructions: vec![] };
    let processor = Geometry::new(4, 16, 8).unwrap();
    let refused = execute_program(processor, &program, 1, &mut Elements::new(element(0))).unwrap_err();
    assert_eq!(refused, ExecutionError::Geometry { found: program.geometry, expected: processor });
    let message = refused.to_string();
    assert!(message.contains("4 rows x 8 columns") && message.contains("4 rows x 16 columns"), "{message}");
}
