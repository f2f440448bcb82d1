//! What the columns of a machine hold.

use compiler::Instruction;
use rtm_ap::Machine;

/// What programs keep in each column.
pub(super) fn roles(machine: &Machine) -> Vec<String> {
    const ROLES: [&str; 4] = ["carry", "accumulators", "inputs", "terms"];
    let columns = machine.options().geometry.columns();
    let mut holds = vec![[false; 4]; columns];
    let programs = machine.layers().iter().flat_map(|layer| &layer.compiled().programs);
    for program in programs {
        let mut of_program = vec![[false; 3]; columns];
        for instruction in &program.instructions {
            let (role, word, bits) = match instruction {
                Instruction::Store { source, .. } => (1, source, source.bits),
                Instruction::Load { destination, .. } => (2, destination, destination.bits),
                Instruction::Apply { lut, operands, .. } => {
                    let table = program.luts.get(usize::from(*lut));
                    let has_carry = table.is_some_and(|t| t.columns().first().is_some_and(|c| c == "C"));
                    match operands.as_slice().first() {
                        Some(carry) if has_carry => (0, carry, 1),
                        _ => continue,
                    }
                }
            };
            for bit in 0..usize::from(bits) {
                of_program[word.cell(bit).0][role] = true;
            }
        }
        // What is written and neither of these holds shared terms.
        for instruction in &program.instructions {
            let Instruction::Apply { bits, operands, .. } = instruction else { continue };
            for word in operands.as_slice() {
                let column = word.cell(usize::from(*bits) - 1).0;
                let known = of_program[column].iter().any(|&known| known);
                holds[column][3] |= !known;
            }
        }
        for (holds, of_program) in holds.iter_mut().zip(&of_program) {
            holds.iter_mut().zip(of_program).for_each(|(holds, &here)| *holds |= here);
        }
    }
    let name = |holds: &[bool; 4]| {
        let names: Vec<&str> =
            ROLES.iter().zip(holds).filter(|(_, holds)| **holds).map(|(name, _)| *name).collect();
        if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
    };
    holds.iter().map(name).collect()
}
