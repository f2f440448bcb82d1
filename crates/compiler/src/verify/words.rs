//! Operations on words: values are there when they are used, formats hold every value with no bit too many, and what is stored
//! expands to the weights.

use ap_program::Format;

use super::{Expansion, VerificationError, stored_once};
use crate::flow::LayerWeights;
use crate::passes::schedule::{Schedule, ValueId, ValueKind, WordOperation};

pub fn verify(schedule: &Schedule, from: &LayerWeights, outputs: &[u32]) -> Result<(), VerificationError> {
    let mut values = Values {
        schedule,
        maximum: from.input_maximum,
        expansions: vec![None; schedule.values.len()],
        ranges: vec![None; schedule.values.len()],
    };
    let mut stored = Vec::new();
    for (operation, &word_operation) in schedule.operations.iter().enumerate() {
        match word_operation {
            WordOperation::Load { value } => match schedule.values[value.index()].kind {
                ValueKind::Input { tap } => values.set(value, Expansion::of(tap))?,
                _ => return Err(not_there(operation, value, " as an input")),
            },
            WordOperation::Clear { value } => values.set(value, Expansion::default())?,
            WordOperation::Store { value } => {
                let ValueKind::Accumulator { output } = schedule.values[value.index()].kind else {
                    return Err(not_there(operation, value, " as an accumulator"));
                };
                values.get(operation, value)?.verify(output, from)?;
                stored.push(output);
            }
            WordOperation::Combine { result, left, right, subtract } => {
                let mut sum = values.get(operation, left)?.clone();
                sum.add(values.get(operation, right)?, subtract);
                values.set(result, sum)?;
            }
            WordOperation::Accumulate { target, addend, subtract } => {
                if target == addend {
                    return Err(not_there(operation, addend, " beside itself"));
                }
                values.get(operation, target)?;
                let mut sum = values.expansions[target.index()].take().unwrap_or_default();
                sum.add(values.get(operation, addend)?, subtract);
                values.set(target, sum)?;
            }
        }
    }
    values.verify_widths()?;
    stored_once(&stored, outputs)
}

/// What every value is at a point of the schedule.
struct Values<'a> {
    schedule: &'a Schedule,
    /// The largest input.
    maximum: u32,
    expansions: Vec<Option<Expansion>>,
    /// The least and the largest that a value was able to be so far.
    ranges: Vec<Option<(i64, i64)>>,
}

impl Values<'_> {
    fn get(&self, operation: usize, id: ValueId) -> Result<&Expansion, VerificationError> {
        self.expansions[id.index()].as_ref().ok_or_else(|| not_there(operation, id, ""))
    }

    fn set(&mut self, id: ValueId, expansion: Expansion) -> Result<(), VerificationError> {
        let (least, most) = expansion.range(self.maximum);
        let format = self.schedule.values[id.index()].format;
        if !holds(format, least, most) {
            return Err(VerificationError::Format {
                value: name(id),
                least,
                most,
                format: format.to_string(),
            });
        }
        let (lowest, highest) = self.ranges[id.index()].unwrap_or((least, most));
        self.ranges[id.index()] = Some((least.min(lowest), most.max(highest)));
        self.expansions[id.index()] = Some(expansion);
        Ok(())
    }

    /// No value has a bit that it never needs, or a sign that is never used.
    fn verify_widths(&self) -> Result<(), VerificationError> {
        for (id, (value, range)) in (0..).map(ValueId).zip(self.schedule.values.iter().zip(&self.ranges)) {
            let (Some((least, most)), Format { bits, signed }) = (*range, value.format) else { continue };
            let narrower = bits > 1 && holds(Format { bits: bits - 1, signed }, least, most);
            if narrower || signed && least >= 0 {
                let format = value.format.to_string();
                return Err(VerificationError::TooWide { value: name(id), least, most, format });
            }
        }
        Ok(())
    }
}

/// Whether a format holds every value of a range.
fn holds(Format { bits, signed }: Format, least: i64, most: i64) -> bool {
    // No range needs more bits than its own type has.
    let bits = bits.min(64);
    let (lowest, highest) =
        if signed { (-1_i128 << (bits - 1), (1_i128 << (bits - 1)) - 1) } else { (0, (1_i128 << bits) - 1) };
    lowest <= i128::from(least) && i128::from(most) <= highest
}

fn name(id: ValueId) -> String {
    format!("v{}", id.0)
}

fn not_there(operation: usize, id: ValueId, how: &str) -> VerificationError {
    VerificationError::NotThere { user: format!("operation {operation}"), used: format!("v{}{how}", id.0) }
}
