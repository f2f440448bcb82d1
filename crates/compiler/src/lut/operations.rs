//! Operations beyond those that programs are made of, and the table of the cheapest schedules by hardware features.

use super::library::{bit, high, low};
use super::{
    BitFunction, Features, LutKind, ScheduleCost, StepSchedule, Synthesis, SynthesisError, synthesize_steps,
};

/// Every operation of the table: those of [`LutKind`], with the result's column cleared before where there is one; the
/// same with the result's column holding anything before (`_uncleared`); and operations that no compiled program uses yet.
pub fn operations() -> Vec<BitFunction<'static>> {
    let standard = LutKind::ALL.map(LutKind::function);
    let uncleared = standard.iter().filter(|function| function.cleared != 0).filter_map(|function| {
        let name = match function.name {
            "add" => "add_uncleared",
            "subtract" => "subtract_uncleared",
            "carry" => "carry_uncleared",
            "borrow" => "borrow_uncleared",
            "negate" => "negate_uncleared",
            "move_carry" => "move_carry_uncleared",
            "copy_borrow" => "copy_borrow_uncleared",
            _ => return None,
        };
        Some(BitFunction { name, cleared: 0, ..*function })
    });
    standard.iter().copied().chain(uncleared).chain(further()).collect()
}

fn further() -> [BitFunction<'static>; 12] {
    const CAB: &[&str] = &["C", "A", "B"];
    let function = |name, columns, writable, result| BitFunction {
        name,
        columns,
        writable,
        cleared: 0,
        unused: 0,
        result,
    };
    [
        // (C, B) <- A - B - C.
        function("reverse_subtract_in_place", CAB, 0b101, |s| {
            let difference = bit(s, 1) - bit(s, 2) - bit(s, 0);
            high(difference) | low(difference) << 2
        }),
        // (C, B) <- -B - C.
        function("negate_in_place", &["C", "B"], 0b11, |s| {
            let difference = -bit(s, 1) - bit(s, 0);
            high(difference) | low(difference) << 1
        }),
        BitFunction { cleared: 0b10, ..function("copy", &["A", "R"], 0b10, |s| (s & 1) << 1) },
        function("copy_uncleared", &["A", "R"], 0b10, |s| (s & 1) << 1),
        // A constant's bits are known: those that are 0 are `carry_in_place`. (C, B) <- B + 1 + C.
        function("add_one_in_place", &["C", "B"], 0b11, |s| {
            let sum = bit(s, 0) + bit(s, 1) + 1;
            u8::from(sum >= 2) | low(sum) << 1
        }),
        // The last bit of a word whose carry is dropped, and cleared for the next.
        function("add_last_in_place", CAB, 0b101, |s| low(bit(s, 0) + bit(s, 1) + bit(s, 2)) << 2),
        // The same bit if something else clears the carry.
        BitFunction {
            unused: 0b1,
            ..function("add_sum_only_in_place", CAB, 0b101, |s| low(bit(s, 0) + bit(s, 1) + bit(s, 2)) << 2)
        },
        function("subtract_last_in_place", CAB, 0b101, |s| low(bit(s, 2) - bit(s, 1) - bit(s, 0)) << 2),
        // B <- 0 where the sign S is set.
        function("relu", &["S", "B"], 0b10, |s| if s & 1 == 1 { 0 } else { s & 0b10 }),
        // B <- A where S is set.
        function("select", &["S", "A", "B"], 0b100, |s| if s & 1 == 1 { (s & 0b10) << 1 } else { s & 0b100 }),
        // From the most significant bit: D, whether A and B differed so far; S, whether A was larger then.
        function("compare_from_top", &["D", "S", "A", "B"], 0b11, decide),
        // The same, and B <- the bit of the larger.
        function("max_from_top", &["D", "S", "A", "B"], 0b1011, |s| {
            let (after, a, b) = (decide(s), s >> 2 & 1, s >> 3 & 1);
            let larger = if after & 1 == 0 || after >> 1 & 1 == 0 { b } else { a };
            after | larger << 3
        }),
    ]
}

/// D and S of `compare_from_top` after a bit of A and B.
fn decide(s: u8) -> u8 {
    let (a, b) = (s >> 2 & 1, s >> 3 & 1);
    if s & 1 == 1 || a == b { s & 0b11 } else { 1 | a << 1 }
}

/// The cheapest schedule of one operation on given hardware.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleRow {
    /// The operation's name.
    pub operation: &'static str,
    /// The hardware.
    pub features: Features,
    /// The steps, or how dear every schedule is at least. Compares, writes, expected written bits and cost are theirs.
    pub synthesis: Synthesis,
}

impl ScheduleRow {
    /// The schedule, if the search came to its end.
    pub fn schedule(&self) -> Option<&StepSchedule> {
        match &self.synthesis {
            Synthesis::Optimal(schedule) => Some(schedule),
            Synthesis::Open { .. } => None,
        }
    }
}

/// The cheapest schedules of some operations on some hardware, operations first. A search that keeps more than `most_states`
/// states is given up, which its row says.
///
/// # Errors
/// If an operation cannot be done.
pub fn schedule_table(
    operations: &[BitFunction<'static>],
    features: &[Features],
    cost: ScheduleCost,
    most_states: usize,
) -> Result<Vec<ScheduleRow>, SynthesisError> {
    let pairs = operations.iter().flat_map(|operation| features.iter().map(move |&f| (operation, f)));
    pairs
        .map(|(operation, features)| {
            let synthesis = synthesize_steps(operation, features, cost, most_states)?;
            Ok(ScheduleRow { operation: operation.name, features, synthesis })
        })
        .collect()
}
