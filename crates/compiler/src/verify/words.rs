//! Operations on words: values are there when they are used, formats hold every value, and what is stored expands to the
//! weights.

use super::{Expansion, VerificationError, stored_once};
use crate::flow::LayerWeights;
use crate::passes::schedule::{Schedule, ValueId, ValueKind, WordOperation};

pub fn verify(schedule: &Schedule, from: &LayerWeights, outputs: &[u32]) -> Result<(), VerificationError> {
    let mut values: Vec<Option<Expansion>> = vec![None; schedule.values.len()];
    let mut stored = Vec::new();
    let there = |values: &[Option<Expansion>], operation: usize, id: ValueId| {
        values.get(id.index()).and_then(Clone::clone).ok_or_else(|| VerificationError::NotThere {
            user: format!("operation {operation}"),
            used: name(id),
        })
    };
    for (index, &operation) in schedule.operations.iter().enumerate() {
        let (changed, expansion) = match operation {
            WordOperation::Load { value } => match schedule.values[value.index()].kind {
                ValueKind::Input { tap } => (value, Expansion::of(tap)),
                _ => return Err(not_there(index, value, "an input")),
            },
            WordOperation::Clear { value } => (value, Expansion::default()),
            WordOperation::Store { value } => {
                let ValueKind::Accumulator { output } = schedule.values[value.index()].kind else {
                    return Err(not_there(index, value, "an accumulator"));
                };
                there(&values, index, value)?.verify(output, from)?;
                stored.push(output);
                continue;
            }
            WordOperation::Combine { result, left, right, subtract } => {
                let mut sum = there(&values, index, left)?;
                sum.add(&there(&values, index, right)?, subtract);
                (result, sum)
            }
            WordOperation::Accumulate { target, addend, subtract } => {
                let addend = there(&values, index, addend)?;
                let Some(sum) = values[target.index()].as_mut() else {
                    return Err(there(&values, index, target)
                        .err()
                        .unwrap_or_else(|| not_there(index, target, "a value")));
                };
                sum.add(&addend, subtract);
                (target, std::mem::take(sum))
            }
        };
        let format = schedule.values[changed.index()].format;
        let (least, most) = expansion.range(from.input_maximum);
        let (lowest, highest) = if format.signed {
            (-1_i128 << (format.bits - 1), (1_i128 << (format.bits - 1)) - 1)
        } else {
            (0, (1_i128 << format.bits.min(126)) - 1)
        };
        if i128::from(least) < lowest || i128::from(most) > highest {
            let sign = if format.signed { 's' } else { 'u' };
            let format = format!("{sign}{}", format.bits);
            return Err(VerificationError::Format { value: name(changed), least, most, format });
        }
        values[changed.index()] = Some(expansion);
    }
    stored_once(&stored, outputs)
}

fn name(id: ValueId) -> String {
    format!("v{}", id.0)
}

fn not_there(operation: usize, id: ValueId, what: &str) -> VerificationError {
    VerificationError::NotThere {
        user: format!("operation {operation}"),
        used: format!("v{} as {what}", id.0),
    }
}
