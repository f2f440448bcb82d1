//! The tables of programs for activations.

use std::sync::OnceLock;

use ap_program::{Carry, Latch, Lut};

use crate::lut::{BitFunction, LutKind, SynthesisError, table, table_with_latch};

/// One bit of an operation on activations. `F` is a flag, `A` an operand, `B` the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Table {
    /// `B <- 0`.
    Clear,
    /// `B <- 1`.
    Set,
    /// `(C, B) <- A + B + C`.
    Add,
    /// `(C, B) <- B - A - C`.
    Subtract,
    /// `(C, B) <- B + C`: a constant's bit that is 0.
    Carry,
    /// `(C, B) <- B - C`: a constant's bit that is 0.
    Borrow,
    /// `(C, B) <- B + 1 + C`.
    AddOne,
    /// `(C, B) <- B - 1 - C`.
    SubtractOne,
    /// `B <- 1` where `A = 1`.
    SetWhereOne,
    /// `B <- 1` where `A = 0`.
    SetWhereZero,
    /// `B <- 0` where `A = 1`.
    ClearWhereOne,
    /// `B <- 0` where `A = 0`.
    ClearWhereZero,
    /// From bit 0 upward: `F`, whether what was seen of A is larger than what was seen of B.
    Greater,
    /// `B <- A` where `F = 1`.
    Select,
}

impl Table {
    pub(super) const ALL: [Self; 14] = [
        Self::Clear,
        Self::Set,
        Self::Add,
        Self::Subtract,
        Self::Carry,
        Self::Borrow,
        Self::AddOne,
        Self::SubtractOne,
        Self::SetWhereOne,
        Self::SetWhereZero,
        Self::ClearWhereOne,
        Self::ClearWhereZero,
        Self::Greater,
        Self::Select,
    ];

    fn function(self) -> BitFunction<'static> {
        let function = |name, columns, writable, result| BitFunction {
            name,
            columns,
            writable,
            cleared: 0,
            unused: 0,
            result,
        };
        const CB: &[&str] = &["C", "B"];
        const AB: &[&str] = &["A", "B"];
        const FAB: &[&str] = &["F", "A", "B"];
        match self {
            Self::Clear => LutKind::Clear.function(),
            Self::Add => LutKind::AddInPlace.function(),
            Self::Subtract => LutKind::SubtractInPlace.function(),
            Self::Carry => LutKind::CarryInPlace.function(),
            Self::Borrow => LutKind::BorrowInPlace.function(),
            Self::Set => function("set", &["B"], 1, |_| 1),
            // Bit 0 of a state is C, bit 1 is B. B + 1 + C carries unless both are 0; its bit is 1 if they are equal.
            Self::AddOne => function("add_one_in_place", CB, 0b11, |s| {
                u8::from(s != 0) | u8::from(s == 0b00 || s == 0b11) << 1
            }),
            // B - 1 - C borrows unless B is 1 and C is 0.
            Self::SubtractOne => function("subtract_one_in_place", CB, 0b11, |s| {
                u8::from(s != 0b10) | u8::from(s == 0b00 || s == 0b11) << 1
            }),
            Self::SetWhereOne => function("set_where_one", AB, 0b10, |s| (s & 0b10) | (s & 1) << 1),
            Self::SetWhereZero => function("set_where_zero", AB, 0b10, |s| (s & 0b10) | (!s & 1) << 1),
            Self::ClearWhereOne => function("clear_where_one", AB, 0b10, |s| s & (!s & 1) << 1),
            Self::ClearWhereZero => function("clear_where_zero", AB, 0b10, |s| s & (s & 1) << 1),
            Self::Greater => function("greater", FAB, 0b1, |s| match s >> 1 {
                0b01 => 1,
                0b10 => 0,
                _ => s & 1,
            }),
            Self::Select => {
                function("select", FAB, 0b100, |s| if s & 1 == 1 { (s & 0b10) << 1 } else { s & 0b100 })
            }
        }
    }
}

/// A table one of whose columns is the carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum WithCarry {
    /// [`Table::Add`].
    Add,
    /// [`Table::Subtract`].
    Subtract,
    /// [`Table::Carry`].
    Carry,
    /// [`Table::Borrow`].
    Borrow,
    /// [`Table::AddOne`].
    AddOne,
    /// [`Table::SubtractOne`].
    SubtractOne,
    /// `C <- 1` where `A = 1`.
    SetCarryWhereOne,
    /// `C <- 1` where `A = 0`.
    SetCarryWhereZero,
    /// `C <- 0` where `A = 1`.
    ClearCarryWhereOne,
    /// `C <- 0` where `A = 0`.
    ClearCarryWhereZero,
    /// `B <- 0` where `C = 1`.
    ClearWhereCarry,
}

impl WithCarry {
    const ALL: [Self; 11] = [
        Self::Add,
        Self::Subtract,
        Self::Carry,
        Self::Borrow,
        Self::AddOne,
        Self::SubtractOne,
        Self::SetCarryWhereOne,
        Self::SetCarryWhereZero,
        Self::ClearCarryWhereOne,
        Self::ClearCarryWhereZero,
        Self::ClearWhereCarry,
    ];

    /// The table of columns alone, and which of its columns is the carry.
    pub(super) fn of_columns(self) -> (Table, usize) {
        match self {
            Self::Add => (Table::Add, 0),
            Self::Subtract => (Table::Subtract, 0),
            Self::Carry => (Table::Carry, 0),
            Self::Borrow => (Table::Borrow, 0),
            Self::AddOne => (Table::AddOne, 0),
            Self::SubtractOne => (Table::SubtractOne, 0),
            Self::SetCarryWhereOne => (Table::SetWhereOne, 1),
            Self::SetCarryWhereZero => (Table::SetWhereZero, 1),
            Self::ClearCarryWhereOne => (Table::ClearWhereOne, 1),
            Self::ClearCarryWhereZero => (Table::ClearWhereZero, 1),
            Self::ClearWhereCarry => (Table::ClearWhereOne, 0),
        }
    }

    /// The table's place where the carry is in a latch: behind those of columns alone, first those that clear it.
    pub(super) fn number(self, at_start: Latch) -> u8 {
        let cleared_before = match at_start {
            Latch::Cleared => 0,
            Latch::Kept => Self::ALL.len(),
        };
        (Table::ALL.len() + cleared_before + self as usize) as u8
    }

    fn build(self, at_start: Latch) -> Result<Lut, SynthesisError> {
        let (table, column) = self.of_columns();
        let function = table.function();
        let name = match (self, at_start) {
            (Self::SetCarryWhereOne, _) => "set_carry_where_one",
            (Self::SetCarryWhereZero, _) => "set_carry_where_zero",
            (Self::ClearCarryWhereOne, _) => "clear_carry_where_one",
            (Self::ClearCarryWhereZero, _) => "clear_carry_where_zero",
            (Self::ClearWhereCarry, _) => "clear_where_carry",
            _ => function.name,
        };
        let name = match at_start {
            Latch::Cleared => format!("{name}_from_0"),
            Latch::Kept => name.to_owned(),
        };
        table_with_latch(&BitFunction { name: &name, ..function }, column, at_start)
    }
}

/// Every table, in the order of [`Table::ALL`]; where the carry is in a latch, those that have it behind them.
pub(super) fn tables(carry: Carry) -> Result<&'static [Lut], SynthesisError> {
    type Tables = OnceLock<Result<Vec<Lut>, SynthesisError>>;
    static COLUMN: Tables = OnceLock::new();
    static LATCH: Tables = OnceLock::new();
    let of_columns = || Table::ALL.into_iter().map(|of| table(&of.function()));
    let of_latch = |at_start| WithCarry::ALL.into_iter().map(move |table| table.build(at_start));
    let tables = match carry {
        Carry::Column => COLUMN.get_or_init(|| of_columns().collect()),
        Carry::Latch => LATCH.get_or_init(|| {
            of_columns().chain(of_latch(Latch::Cleared)).chain(of_latch(Latch::Kept)).collect()
        }),
    };
    tables.as_deref().map_err(Clone::clone)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs a table over the bits of words, bit 0 first; columns with one bit are flags.
    fn run(table: Table, bits: u32, words: &mut [u32]) {
        let lut = &tables(Carry::Column).unwrap()[table as usize];
        for bit in 0..bits {
            let flags = lut.columns().iter().map(|name| name == "C" || name == "F").collect::<Vec<_>>();
            let at = |column: usize| if flags[column] { 0 } else { bit };
            let state = (0..words.len()).fold(0, |s, c| s | ((words[c] >> at(c) & 1) as u8) << c);
            let after = lut.apply(state);
            for (column, word) in words.iter_mut().enumerate() {
                *word = *word & !(1 << at(column)) | u32::from(after >> column & 1) << at(column);
            }
        }
    }

    #[test]
    fn a_constant_of_ones_is_added_and_subtracted_bit_by_bit() {
        for value in 0..16 {
            let mut words = [0, value];
            run(Table::AddOne, 4, &mut words);
            assert_eq!(words[1] | words[0] << 4, value + 15);
            let mut words = [0, value];
            run(Table::SubtractOne, 4, &mut words);
            assert_eq!((words[1], words[0]), ((value + 1) & 15, u32::from(value < 15)));
        }
    }

    #[test]
    fn the_larger_of_two_words_is_told_and_selected() {
        for a in 0..16 {
            for b in 0..16 {
                let mut words = [0, a, b];
                run(Table::Greater, 4, &mut words);
                assert_eq!(words, [u32::from(a > b), a, b]);
                run(Table::Select, 4, &mut words);
                assert_eq!(words[2], a.max(b));
            }
        }
    }

    #[test]
    fn flags_write_where_they_are_one_or_zero() {
        for a in 0..2 {
            for b in 0..2 {
                let after = |table| {
                    let mut words = [a, b];
                    run(table, 1, &mut words);
                    words[1]
                };
                assert_eq!(after(Table::SetWhereOne), a | b);
                assert_eq!(after(Table::SetWhereZero), (1 - a) | b);
                assert_eq!(after(Table::ClearWhereOne), b & (1 - a));
                assert_eq!(after(Table::ClearWhereZero), b & a);
            }
        }
    }

    #[test]
    fn a_conditional_write_takes_one_pass() {
        for table in [Table::SetWhereOne, Table::SetWhereZero, Table::ClearWhereOne, Table::ClearWhereZero] {
            assert_eq!(tables(Carry::Column).unwrap()[table as usize].cycles(), 2);
        }
    }
}
