//! The tables that compiled programs use: what each has to compute, from which the passes are synthesized once.
//!
//! `C` is the carry or the borrow, `A` the left or the added operand, `B` the right operand or the target, `R` a result in
//! columns of its own. Out-of-place tables clear `R` first, by a write to every row: the seek to `R` is then paid once.

use std::sync::OnceLock;

use ap_program::{Carry, Latch, Lut, LutError, Pass, Pattern};

use super::{BitFunction, LatchCost, ScheduleCost, SynthesisError, synthesize_with};

/// The operations that programs are made of, one bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LutKind {
    /// `R <- 0`.
    Clear,
    /// `(C, B) <- A + B + C`.
    AddInPlace,
    /// `(C, B) <- B - A - C`.
    SubtractInPlace,
    /// `(C, B) <- B + C`.
    CarryInPlace,
    /// `(C, B) <- B - C`.
    BorrowInPlace,
    /// `(C, R) <- A + B + C`.
    Add,
    /// `(C, R) <- A - B - C`.
    Subtract,
    /// `(C, R) <- A + C`.
    Carry,
    /// `(C, R) <- A - C`.
    Borrow,
    /// `(C, R) <- -B - C`.
    Negate,
    /// `R <- C, C <- 0`: the last carry becomes a bit of the result.
    MoveCarry,
    /// `R <- C`: the last borrow is the sign, which goes on.
    CopyBorrow,
}

impl LutKind {
    /// Every kind, in the order of [`standard_luts`].
    pub const ALL: [Self; 12] = [
        Self::Clear,
        Self::AddInPlace,
        Self::SubtractInPlace,
        Self::CarryInPlace,
        Self::BorrowInPlace,
        Self::Add,
        Self::Subtract,
        Self::Carry,
        Self::Borrow,
        Self::Negate,
        Self::MoveCarry,
        Self::CopyBorrow,
    ];

    /// Its place in [`standard_luts`].
    pub const fn index(self) -> usize {
        self as usize
    }

    /// What it computes where the carry is in a latch: the same, but a carry that is moved to a result need not be cleared, since the latch
    /// is when the next word begins.
    pub fn function_with(self, carry: Carry) -> BitFunction<'static> {
        match (self, carry) {
            (Self::MoveCarry, Carry::Latch) => BitFunction { unused: 1, ..self.function() },
            _ => self.function(),
        }
    }

    /// What becomes of the latch when an instruction with the table begins; none for tables without a carry. The lowest bit of a word
    /// always has both operands: their tables begin a word, and all others go on.
    pub const fn latch(self) -> Option<Latch> {
        match self {
            Self::Clear => None,
            Self::AddInPlace | Self::SubtractInPlace | Self::Add | Self::Subtract => Some(Latch::Cleared),
            _ => Some(Latch::Kept),
        }
    }

    /// What it computes, on columns that are cleared where the table clears them itself.
    pub fn function(self) -> BitFunction<'static> {
        const CAB: &[&str] = &["C", "A", "B"];
        const CABR: &[&str] = &["C", "A", "B", "R"];
        const CB: &[&str] = &["C", "B"];
        const CAR: &[&str] = &["C", "A", "R"];
        const CBR: &[&str] = &["C", "B", "R"];
        const CR: &[&str] = &["C", "R"];
        let in_place = |name, columns, writable, result| BitFunction {
            name,
            columns,
            writable,
            cleared: 0,
            unused: 0,
            result,
        };
        let out_of_place = |name, columns: &'static [&'static str], result| {
            let target = 1 << (columns.len() - 1);
            BitFunction { name, columns, writable: 1 | target, cleared: target, unused: 0, result }
        };
        match self {
            Self::Clear => in_place("clear", &["R"], 1, |_| 0),
            Self::AddInPlace => in_place("add_in_place", CAB, 0b101, |s| {
                let sum = bit(s, 0) + bit(s, 1) + bit(s, 2);
                high(sum) | low(sum) << 2
            }),
            Self::SubtractInPlace => in_place("subtract_in_place", CAB, 0b101, |s| {
                let difference = bit(s, 2) - bit(s, 1) - bit(s, 0);
                high(difference) | low(difference) << 2
            }),
            Self::CarryInPlace => in_place("carry_in_place", CB, 0b11, |s| {
                let sum = bit(s, 0) + bit(s, 1);
                high(sum) | low(sum) << 1
            }),
            Self::BorrowInPlace => in_place("borrow_in_place", CB, 0b11, |s| {
                let difference = bit(s, 1) - bit(s, 0);
                high(difference) | low(difference) << 1
            }),
            Self::Add => out_of_place("add", CABR, |s| {
                let sum = bit(s, 0) + bit(s, 1) + bit(s, 2);
                high(sum) | low(sum) << 3
            }),
            Self::Subtract => out_of_place("subtract", CABR, |s| {
                let difference = bit(s, 1) - bit(s, 2) - bit(s, 0);
                high(difference) | low(difference) << 3
            }),
            Self::Carry => out_of_place("carry", CAR, |s| {
                let sum = bit(s, 0) + bit(s, 1);
                high(sum) | low(sum) << 2
            }),
            Self::Borrow => out_of_place("borrow", CAR, |s| {
                let difference = bit(s, 1) - bit(s, 0);
                high(difference) | low(difference) << 2
            }),
            Self::Negate => out_of_place("negate", CBR, |s| {
                let difference = -bit(s, 1) - bit(s, 0);
                high(difference) | low(difference) << 2
            }),
            Self::MoveCarry => out_of_place("move_carry", CR, |s| (s & 1) << 1),
            Self::CopyBorrow => out_of_place("copy_borrow", CR, |s| (s & 1) | (s & 1) << 1),
        }
    }
}

pub(super) fn bit(state: u8, column: u32) -> i8 {
    (state >> column & 1) as i8
}
/// The sum's or difference's bit of this weight.
pub(super) fn low(sum: i8) -> u8 {
    sum as u8 & 1
}
/// Its carry or borrow into the next.
pub(super) fn high(sum: i8) -> u8 {
    u8::from(!(0..=1).contains(&sum))
}

/// The table of a kind, synthesized for the fewest cycles.
pub fn lut(kind: LutKind, carry: Carry) -> Result<&'static Lut, SynthesisError> {
    standard_luts(carry).map(|luts| &luts[kind.index()])
}

/// Every table, in the order of [`LutKind::ALL`].
pub fn standard_luts(carry: Carry) -> Result<&'static [Lut], SynthesisError> {
    // Made by the thread that asks first, alone: handed to the pool, they would wait for workers that may be waiting for them.
    type Luts = OnceLock<Result<Vec<Lut>, SynthesisError>>;
    static COLUMN: Luts = OnceLock::new();
    static LATCH: Luts = OnceLock::new();
    let luts = match carry {
        Carry::Column => &COLUMN,
        Carry::Latch => &LATCH,
    };
    let build = |kind: LutKind| match (carry, kind.latch()) {
        (Carry::Latch, Some(at_start)) => table_with_latch(&kind.function_with(carry), 0, at_start),
        _ => table(&kind.function()),
    };
    luts.get_or_init(|| LutKind::ALL.into_iter().map(build).collect()).as_deref().map_err(Clone::clone)
}

/// The table of a function all of whose columns are columns.
pub(crate) fn table(function: &BitFunction<'_>) -> Result<Lut, SynthesisError> {
    passes_of(function, None)
}

/// The table of a function one of whose columns is the latch.
pub(crate) fn table_with_latch(
    function: &BitFunction<'_>,
    latch: usize,
    at_start: Latch,
) -> Result<Lut, SynthesisError> {
    let lut = passes_of(function, Some(LatchCost::beside_cycles(1 << latch)))?;
    Ok(latched(&lut, latch, at_start)?)
}

/// A table in which one of the columns has become the latch, which patterns have behind the others.
fn latched(lut: &Lut, latch: usize, at_start: Latch) -> Result<Lut, LutError> {
    let mut columns = lut.columns().to_vec();
    let last = columns.len() - 1;
    let name = columns.remove(latch);
    let below = (1_u8 << latch) - 1;
    let moved = |bits: u8| (bits & below) | (bits >> 1 & !below) & !(1 << last) | (bits >> latch & 1) << last;
    let pattern = |pattern: Pattern| Pattern::new(moved(pattern.mask()), moved(pattern.value()));
    let pass = |pass: &Pass| Pass { key: pattern(pass.key), write: pattern(pass.write) };
    Lut::with_latch(lut.name(), columns, (name, at_start), lut.passes().iter().map(pass).collect())
}

fn passes_of(function: &BitFunction<'_>, latch: Option<LatchCost>) -> Result<Lut, SynthesisError> {
    let (lut, _) = synthesize_with(function, ScheduleCost::CYCLES, latch)?;
    // A table that sets the result in every row first overwrites whatever it held.
    let set_first =
        |pass: &Pass| !pass.compares() && pass.write.mask() & function.cleared == function.cleared;
    if function.cleared == 0 || lut.passes().first().is_some_and(set_first) {
        return Ok(lut);
    }
    let clear = Pass { key: Pattern::NONE, write: Pattern::new(function.cleared, 0) };
    let passes = std::iter::once(clear).chain(lut.passes().iter().copied()).collect();
    Ok(Lut::new(lut.name(), lut.columns().to_vec(), passes)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_computes_its_function_on_every_state_of_a_row() {
        for kind in LutKind::ALL {
            let (function, lut) = (kind.function(), lut(kind, Carry::Column).unwrap());
            for state in 0..1_u8 << function.columns.len() {
                let wanted = (function.result)(state & !function.cleared) & function.writable;
                let expected = (state & !function.writable) | wanted;
                assert_eq!(lut.apply(state), expected, "{kind:?} on {state:04b}:\n{lut}");
            }
        }
    }

    #[test]
    fn every_table_with_the_carry_in_a_latch_computes_its_function_on_every_state_of_a_row() {
        for kind in LutKind::ALL {
            let (function, lut) = (kind.function_with(Carry::Latch), lut(kind, Carry::Latch).unwrap());
            let last = lut.width() - 1;
            for state in 0..1_u8 << function.columns.len() {
                let wanted = (function.result)(state & !function.cleared) & function.writable;
                let expected = (state & !function.writable) | wanted;
                // The function has the carry first, the table the latch last.
                let (moved, back) = match lut.latch() {
                    None => (state, (|s, _| s) as fn(u8, usize) -> u8),
                    Some(_) => (
                        state >> 1 | (state & 1) << last,
                        (|s, last| s << 1 & 0xf | s >> last) as fn(u8, usize) -> u8,
                    ),
                };
                let found = back(lut.apply(moved), last) & ((1 << function.columns.len()) - 1);
                assert_eq!(
                    found & !function.unused,
                    expected & !function.unused,
                    "{kind:?} on {state:04b}:\n{lut}"
                );
            }
        }
    }

    #[test]
    fn tables_with_the_latch_take_as_many_cycles_and_no_more_writes_of_cells() {
        let cells =
            |lut: &Lut| lut.passes().iter().filter(|pass| pass.write.mask() & lut.column_mask() != 0).count();
        for kind in LutKind::ALL {
            let [column, latch] = [Carry::Column, Carry::Latch].map(|carry| lut(kind, carry).unwrap());
            assert_eq!(latch.cycles(), column.cycles(), "{column}\n{latch}");
            assert!(cells(latch) <= cells(column), "{column}\n{latch}");
            assert_eq!(latch.latch(), kind.latch());
        }
    }

    #[test]
    fn no_table_writes_to_every_row_twice_in_a_row() {
        for kind in LutKind::ALL {
            let lut = lut(kind, Carry::Column).unwrap();
            let broadcasts = lut.passes().iter().take_while(|pass| !pass.compares()).count();
            assert!(broadcasts <= 1, "{lut}");
        }
    }

    #[test]
    fn tables_agree_with_whole_number_arithmetic_bit_by_bit() {
        // Eight-bit words, chained through the carry, for all pairs: a mistake in `function` itself would show here.
        for (kind, expected) in [
            (LutKind::AddInPlace, (|a, b| a + b) as fn(i32, i32) -> i32),
            (LutKind::SubtractInPlace, |a, b| b - a),
            (LutKind::Add, |a, b| a + b),
            (LutKind::Subtract, |a, b| a - b),
        ] {
            let lut = lut(kind, Carry::Column).unwrap();
            let target = lut.columns().len() as u32 - 1;
            for a in 0..64_i32 {
                for b in 0..64_i32 {
                    let (mut carry, mut result) = (0_u8, 0_i32);
                    for i in 0..8 {
                        let state = carry | ((a >> i & 1) as u8) << 1 | ((b >> i & 1) as u8) << 2;
                        let after = lut.apply(state);
                        carry = after & 1;
                        result |= i32::from(after >> target & 1) << i;
                    }
                    assert_eq!(result, expected(a, b) & 0xff, "{kind:?} {a} {b}");
                }
            }
        }
    }

    #[test]
    fn the_adders_take_as_few_passes_as_the_textbook_ones() {
        let compares = |kind| lut(kind, Carry::Column).unwrap().compares();
        assert_eq!(compares(LutKind::AddInPlace), 4);
        assert_eq!(compares(LutKind::SubtractInPlace), 4);
        assert!(compares(LutKind::Add) <= 5);
        assert!(compares(LutKind::Subtract) <= 5);
        assert_eq!(compares(LutKind::Clear), 0);
    }

    #[test]
    fn the_search_finds_the_six_masked_passes_of_the_reversed_subtraction() {
        let function = BitFunction {
            name: "reverse_subtract_in_place",
            columns: &["C", "A", "B"],
            writable: 0b101,
            cleared: 0,
            unused: 0,
            result: |s| {
                let difference = bit(s, 1) - bit(s, 2) - bit(s, 0);
                high(difference) | low(difference) << 2
            },
        };
        let (lut, _) = synthesize_with(&function, ScheduleCost::CYCLES, None).unwrap();
        assert!(lut.passes().len() <= 6, "{lut}");
        for state in 0..8 {
            assert_eq!(lut.apply(state) & 0b101, (function.result)(state) & 0b101);
        }
    }

    #[test]
    fn a_function_that_would_merge_rows_and_tell_them_apart_later_is_refused() {
        // R <- A where A itself may not be searched is impossible to state; R <- parity of a column that is lost is not.
        let swap = BitFunction {
            name: "swap",
            columns: &["A", "B"],
            writable: 0b11,
            cleared: 0,
            unused: 0,
            result: |s| s >> 1 | (s & 1) << 1,
        };
        assert_eq!(
            synthesize_with(&swap, ScheduleCost::CYCLES, None),
            Err(SynthesisError::Impossible("swap".into()))
        );
    }

    #[test]
    fn patterns_are_read_back_from_their_text() {
        for mask in 0..16 {
            for value in 0..16 {
                let pattern = Pattern::new(mask, value);
                assert_eq!(Pattern::parse(&pattern.text(4)), Some(pattern));
            }
        }
        assert_eq!(Pattern::parse("01x"), None);
    }
}
