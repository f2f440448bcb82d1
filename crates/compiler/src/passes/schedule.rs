//! `schedule`: sums become a sequence of word operations on values that have a format but no place yet.
//!
//! Definitions are computed when they are first needed. A sum of several terms is either formed in a temporary and then
//! accumulated, or its terms are accumulated one by one: narrow temporaries against fewer words, whichever costs less.

use ap_program::{Carry, Format, Lut};

use crate::arithmetic::{WordSchedule, in_place, out_of_place};
use crate::ir::{Group, LayerSums, OutputSum, SignedTerm, TermId, ValueId, ValueKind, WordOperation, Words};
use crate::lut::standard_luts;
use crate::pass::{Transform, TransformError};
use crate::passes::widths::{Span, accumulator_spans, sum_spans, term_spans};

/// The pass.
pub struct Schedule;

impl Transform for Schedule {
    const NAME: &'static str = "schedule";
    const DESCRIPTION: &'static str = "orders operations on words and gives each its exact width";
    type Takes = LayerSums;
    type Makes = Words;
    type Told = ();

    fn run(sums: LayerSums, (): ()) -> Result<Words, TransformError> {
        // Tables with the carry in a latch take as many cycles.
        Ok(schedule(&sums, standard_luts(Carry::Column)?))
    }
}

/// Orders the work of a layer.
fn schedule(sums: &LayerSums, luts: &[Lut]) -> Words {
    let mut schedule = Words::default();
    let accumulators: Vec<ValueId> = sums
        .outputs
        .iter()
        .zip(accumulator_spans(sums))
        .map(|(&output, span)| {
            schedule.value(ValueKind::Accumulator { output }, span.format(sums.input_maximum))
        })
        .collect();
    schedule.operations.extend(accumulators.iter().map(|&value| WordOperation::Clear { value }));
    for group in &sums.groups {
        let terms = term_spans(group);
        let mut group_schedule = GroupSchedule {
            group,
            input_maximum: sums.input_maximum,
            value_of: vec![None; group.terms()],
            spans: &terms,
            luts,
            steps_per_bit: 2,
            schedule: &mut schedule,
        };
        for (sum, span) in group.sums.iter().zip(sum_spans(group, &terms)) {
            if let Ok(place) = sums.outputs.binary_search(&sum.output) {
                group_schedule.accumulate(sum, span, accumulators[place]);
            }
        }
    }
    schedule.operations.extend(accumulators.iter().map(|&value| WordOperation::Store { value }));
    schedule
}

/// The work on one group: terms are computed when they are first needed.
pub(crate) struct GroupSchedule<'a> {
    pub(crate) group: &'a Group,
    pub(crate) input_maximum: u32,
    /// The value of every term that was computed already.
    pub(crate) value_of: Vec<Option<ValueId>>,
    pub(crate) spans: &'a [Span],
    pub(crate) luts: &'a [Lut],
    /// Track steps that a bit of an operand costs, on average: forth and back along a track, none across columns.
    pub(crate) steps_per_bit: u64,
    pub(crate) schedule: &'a mut Words,
}

impl GroupSchedule<'_> {
    /// The value of a term, computed now if it was not before.
    fn term(&mut self, id: TermId) -> ValueId {
        if let Some(value) = self.value_of[id.index()] {
            return value;
        }
        let format = self.spans[id.index()].format(self.input_maximum);
        let value = if let Some(&tap) = self.group.taps.get(id.index()) {
            let value = self.schedule.value(ValueKind::Input { tap }, format);
            self.schedule.operations.push(WordOperation::Load { value });
            value
        } else {
            let definition = self.group.definitions[id.index() - self.group.taps.len()];
            let (left, right) = (self.term(definition.left), self.term(definition.right));
            let result = self.schedule.value(ValueKind::Temporary, format);
            let subtract = definition.subtract;
            self.schedule.operations.push(WordOperation::Combine { result, left, right, subtract });
            result
        };
        self.value_of[id.index()] = Some(value);
        value
    }

    /// Adds a sum to an accumulator.
    pub(crate) fn accumulate(&mut self, sum: &OutputSum, span: Span, target: ValueId) {
        let values: Vec<ValueId> = sum.terms.iter().map(|term| self.term(term.id)).collect();
        let (addend, subtract) = match self.temporary_sum(sum, span, &values, target) {
            Some(sum) => sum,
            None => {
                for (&addend, term) in values.iter().zip(&sum.terms) {
                    let subtract = term.negative;
                    self.schedule.operations.push(WordOperation::Accumulate { target, addend, subtract });
                }
                return;
            }
        };
        self.schedule.operations.push(WordOperation::Accumulate { target, addend, subtract });
    }

    /// Forms a sum in a temporary if that is cheaper than accumulating its terms; says whether it came out negated.
    fn temporary_sum(
        &mut self,
        sum: &OutputSum,
        span: Span,
        values: &[ValueId],
        target: ValueId,
    ) -> Option<(ValueId, bool)> {
        // The temporary starts with a term that counts positively; if there is none, the sum is formed negated.
        let negated = sum.terms.iter().all(|term| term.negative);
        let negative = |term: &SignedTerm| term.negative != negated;
        let first = sum.terms.iter().position(|term| !negative(term))?;
        let span = if negated { Span { added: span.subtracted, subtracted: span.added } } else { span };
        let format = span.format(self.input_maximum);
        let mut rest =
            sum.terms.iter().zip(values).enumerate().filter(|&(i, _)| i != first).map(|(_, pair)| pair);
        let (second, &right) = rest.next()?;
        let rest: Vec<(&SignedTerm, &ValueId)> = rest.collect();

        let (target_format, left) = (self.schedule.format(target), values[first]);
        let format_of = |id| self.schedule.format(id);
        let cost = |schedule: &WordSchedule, words: &[Format]| {
            schedule.cycles(self.luts)
                + self.steps_per_bit * words.iter().map(|word| u64::from(word.bits)).sum::<u64>()
        };
        let accumulate =
            |addend, negative| cost(&in_place(target_format, addend, negative), &[target_format, addend]);
        let one_by_one: u64 =
            sum.terms.iter().zip(values).map(|(t, &v)| accumulate(format_of(v), t.negative)).sum();
        let combine = out_of_place(format, format_of(left), format_of(right), negative(second));
        let in_temporary = cost(&combine, &[format, format_of(left), format_of(right)])
            + rest
                .iter()
                .map(|&(t, &v)| cost(&in_place(format, format_of(v), negative(t)), &[format, format_of(v)]))
                .sum::<u64>()
            + accumulate(format, negated);
        if one_by_one <= in_temporary {
            return None;
        }
        let result = self.schedule.value(ValueKind::Temporary, format);
        let operations = &mut self.schedule.operations;
        operations.push(WordOperation::Combine { result, left, right, subtract: negative(second) });
        for (term, &addend) in rest {
            operations.push(WordOperation::Accumulate { target: result, addend, subtract: negative(term) });
        }
        Some((result, negated))
    }
}
