//! What a table does to a row, without stepping through its passes.
//!
//! Rows do not know of each other, so the passes of a table are a function of the row's bits: what they become, and how many
//! bits are written to the row while it is tagged. For the tables of additions that function is a handful of operations
//! on whole words. Which of them a table has is not taken from its name: each is tried on every state of a row against the table's
//! own passes, and a table that none fits is run pass by pass.

use ap_program::Lut;

use crate::block::{Cells, Table};

/// What becomes of the columns of a table, the rows to which an odd number of bits of cells, and two bits, are written while tagged, and
/// those whose latch is. A table's latch is the first column here.
#[derive(Debug, Clone, Copy)]
pub(crate) struct After<const COLUMNS: usize> {
    pub columns: [u64; COLUMNS],
    pub one: u64,
    pub two: u64,
    pub latch: u64,
}

/// The functions that tables are recognized as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fused {
    Clear,
    AddInPlace,
    SubtractInPlace,
    CarryInPlace,
    BorrowInPlace,
    Add,
    Subtract,
    Carry,
    Borrow,
    Negate,
    MoveCarry,
    CopyBorrow,
    Latched(Latched),
}

/// The functions that tables with the latch are recognized as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Latched {
    AddInPlace,
    SubtractInPlace,
    CarryInPlace,
    BorrowInPlace,
    Add,
    Subtract,
    Carry,
    Borrow,
    Negate,
    Copy,
}

impl Latched {
    const ALL: [Self; 10] = [
        Self::AddInPlace,
        Self::SubtractInPlace,
        Self::CarryInPlace,
        Self::BorrowInPlace,
        Self::Add,
        Self::Subtract,
        Self::Carry,
        Self::Borrow,
        Self::Negate,
        Self::Copy,
    ];

    fn is(self, lut: &Lut) -> bool {
        match self {
            Self::AddInPlace => agrees(lut, latched_add_in_place),
            Self::SubtractInPlace => agrees(lut, latched_subtract_in_place),
            Self::CarryInPlace => agrees(lut, latched_carry_in_place),
            Self::BorrowInPlace => agrees(lut, latched_borrow_in_place),
            Self::Add => agrees(lut, latched_add),
            Self::Subtract => agrees(lut, latched_subtract),
            Self::Carry => agrees(lut, latched_carry),
            Self::Borrow => agrees(lut, latched_borrow),
            Self::Negate => agrees(lut, latched_negate),
            Self::Copy => agrees(lut, latched_copy),
        }
    }
}

impl Fused {
    const ALL: [Self; 12] = [
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

    /// The function that a table is, if it is one of these.
    pub(crate) fn of(lut: &Lut) -> Option<Self> {
        match lut.latch() {
            None => Self::ALL.into_iter().find(|fused| fused.is(lut)),
            Some(_) => Latched::ALL.into_iter().find(|latched| latched.is(lut)).map(Self::Latched),
        }
    }

    fn is(self, lut: &Lut) -> bool {
        match self {
            Self::Clear => agrees(lut, clear),
            Self::AddInPlace => agrees(lut, add_in_place),
            Self::SubtractInPlace => agrees(lut, subtract_in_place),
            Self::CarryInPlace => agrees(lut, carry_in_place),
            Self::BorrowInPlace => agrees(lut, borrow_in_place),
            Self::Add => agrees(lut, add),
            Self::Subtract => agrees(lut, subtract),
            Self::Carry => agrees(lut, carry),
            Self::Borrow => agrees(lut, borrow),
            Self::Negate => agrees(lut, negate),
            Self::MoveCarry => agrees(lut, move_carry),
            Self::CopyBorrow => agrees(lut, copy_borrow),
            Self::Latched(latched) => latched.is(lut),
        }
    }
}

/// Whether a function does in every state of a row what a table's passes do.
fn agrees<const COLUMNS: usize>(lut: &Lut, function: impl Fn([u64; COLUMNS]) -> After<COLUMNS>) -> bool {
    if lut.width() != COLUMNS {
        return false;
    }
    // Row `s` of a word is in state `s`. Patterns have the latch behind the columns, functions before them.
    let latches = COLUMNS - lut.columns().len();
    let place = |column: usize| (column + COLUMNS - latches) % COLUMNS;
    let states = 0..1_u8 << COLUMNS;
    let column =
        |column: usize| states.clone().fold(0, |word, s| word | u64::from(s >> place(column) & 1) << s);
    let after = function(std::array::from_fn(column));
    states.clone().all(|start| {
        let (mut state, mut cells, mut latched) = (start, 0, 0);
        for pass in lut.passes() {
            if pass.key.matches(state) {
                state = pass.write.written_to(state);
                if pass.compares() {
                    let of_pass = pass.write.within(lut.column_mask()).width();
                    cells += of_pass;
                    latched += pass.write.width() - of_pass;
                }
            }
        }
        let bit = |word: u64| (word >> start & 1) as u32;
        let becomes =
            (0..COLUMNS).fold(0, |s, column| s | (bit(after.columns[column]) as u8) << place(column));
        state == becomes && cells == bit(after.one) + 2 * bit(after.two) && latched == bit(after.latch)
    })
}

#[inline(always)]
pub(crate) fn clear([_]: [u64; 1]) -> After<1> {
    After { columns: [0], one: 0, two: 0, latch: 0 }
}

#[inline(always)]
pub(crate) fn add_in_place([c, a, b]: [u64; 3]) -> After<3> {
    let (differ, sum) = (c ^ a, a ^ b);
    After { columns: [(c & a) | (b & differ), a, c ^ sum], one: differ & sum, two: differ & !sum, latch: 0 }
}

#[inline(always)]
pub(crate) fn subtract_in_place([c, a, b]: [u64; 3]) -> After<3> {
    let (differ, sum) = (c ^ a, a ^ b);
    After { columns: [(c & a) | (!b & differ), a, c ^ sum], one: differ & !sum, two: differ & sum, latch: 0 }
}

#[inline(always)]
pub(crate) fn carry_in_place([c, b]: [u64; 2]) -> After<2> {
    After { columns: [c & b, c ^ b], one: c & b, two: c & !b, latch: 0 }
}

#[inline(always)]
pub(crate) fn borrow_in_place([c, b]: [u64; 2]) -> After<2> {
    After { columns: [c & !b, c ^ b], one: c & !b, two: c & b, latch: 0 }
}

#[inline(always)]
pub(crate) fn add([c, a, b, _]: [u64; 4]) -> After<4> {
    let (either, both) = (a | b, a & b);
    After {
        columns: [both | (c & either), a, b, a ^ b ^ c],
        one: both | (!c & either),
        two: c & !either,
        latch: 0,
    }
}

#[inline(always)]
pub(crate) fn subtract([c, a, b, _]: [u64; 4]) -> After<4> {
    After {
        columns: [(!a & (b | c)) | (b & c), a, b, a ^ b ^ c],
        one: (!b & (a | c)) | (a & b & c),
        two: !c & !a & b,
        latch: 0,
    }
}

#[inline(always)]
pub(crate) fn carry([c, a, _]: [u64; 3]) -> After<3> {
    After { columns: [c & a, a, c ^ a], one: a & !c, two: c & !a, latch: 0 }
}

#[inline(always)]
pub(crate) fn borrow([c, a, _]: [u64; 3]) -> After<3> {
    After { columns: [c & !a, a, c ^ a], one: !(c | a), two: c & a, latch: 0 }
}

#[inline(always)]
pub(crate) fn negate([c, b, _]: [u64; 3]) -> After<3> {
    After { columns: [c | b, b, c ^ b], one: c & !b, two: b & !c, latch: 0 }
}

#[inline(always)]
pub(crate) fn move_carry([c, _]: [u64; 2]) -> After<2> {
    After { columns: [0, c], one: 0, two: c, latch: 0 }
}

#[inline(always)]
pub(crate) fn copy_borrow([c, _]: [u64; 2]) -> After<2> {
    After { columns: [c, c], one: c, two: 0, latch: 0 }
}

/// The same result as another function, by passes that write the latch apart.
#[inline(always)]
fn latched<const COLUMNS: usize>(of: After<COLUMNS>, cells: u64, latch: u64) -> After<COLUMNS> {
    After { columns: of.columns, one: cells, two: 0, latch }
}

#[inline(always)]
pub(crate) fn latched_add_in_place([c, a, b]: [u64; 3]) -> After<3> {
    latched(add_in_place([c, a, b]), c ^ a, (c ^ a) & !(a ^ b))
}

#[inline(always)]
pub(crate) fn latched_subtract_in_place([c, a, b]: [u64; 3]) -> After<3> {
    latched(subtract_in_place([c, a, b]), c ^ a, (c ^ a) & (a ^ b))
}

#[inline(always)]
pub(crate) fn latched_carry_in_place([c, b]: [u64; 2]) -> After<2> {
    latched(carry_in_place([c, b]), c, c & !b)
}

#[inline(always)]
pub(crate) fn latched_borrow_in_place([c, b]: [u64; 2]) -> After<2> {
    latched(borrow_in_place([c, b]), c, c & b)
}

#[inline(always)]
pub(crate) fn latched_add([c, a, b, r]: [u64; 4]) -> After<4> {
    latched(add([c, a, b, r]), a ^ b ^ c, (a & b) | (c & !(a | b)))
}

#[inline(always)]
pub(crate) fn latched_subtract([c, a, b, r]: [u64; 4]) -> After<4> {
    latched(subtract([c, a, b, r]), a ^ b ^ c, (a & !b) | (!a & b & !c))
}

#[inline(always)]
pub(crate) fn latched_carry([c, a, r]: [u64; 3]) -> After<3> {
    latched(carry([c, a, r]), c ^ a, c & !a)
}

#[inline(always)]
pub(crate) fn latched_borrow([c, a, r]: [u64; 3]) -> After<3> {
    latched(borrow([c, a, r]), !(c ^ a), c & a)
}

#[inline(always)]
pub(crate) fn latched_negate([c, b, r]: [u64; 3]) -> After<3> {
    latched(negate([c, b, r]), c ^ b, b & !c)
}

#[inline(always)]
pub(crate) fn latched_copy([c, r]: [u64; 2]) -> After<2> {
    latched(copy_borrow([c, r]), c, 0)
}

/// What a table makes of the bits of its columns, without the counts.
#[inline(always)]
pub(crate) fn run<const WORDS: usize>(table: &Table, cells: &mut Cells<WORDS>) {
    match table.fused {
        Some(Fused::Clear) => each_word(cells, clear),
        Some(Fused::AddInPlace) => each_word(cells, add_in_place),
        Some(Fused::SubtractInPlace) => each_word(cells, subtract_in_place),
        Some(Fused::CarryInPlace) => each_word(cells, carry_in_place),
        Some(Fused::BorrowInPlace) => each_word(cells, borrow_in_place),
        Some(Fused::Add) => each_word(cells, add),
        Some(Fused::Subtract) => each_word(cells, subtract),
        Some(Fused::Carry) => each_word(cells, carry),
        Some(Fused::Borrow) => each_word(cells, borrow),
        Some(Fused::Negate) => each_word(cells, negate),
        Some(Fused::MoveCarry) => each_word(cells, move_carry),
        Some(Fused::CopyBorrow) => each_word(cells, copy_borrow),
        Some(Fused::Latched(_)) | None => {
            for pass in &table.passes {
                let tag = pass.tag(cells);
                pass.write_tagged(cells, &tag);
            }
        }
    }
}

#[inline(always)]
fn each_word<const WORDS: usize, const COLUMNS: usize>(
    cells: &mut Cells<WORDS>,
    function: impl Fn([u64; COLUMNS]) -> After<COLUMNS>,
) {
    for word in 0..WORDS {
        let made = function(std::array::from_fn(|column| cells[column][word]));
        for (cell, made) in cells.iter_mut().zip(made.columns) {
            cell[word] = made;
        }
    }
}

#[cfg(test)]
mod tests {
    use ap_program::{Carry, Pass, Pattern};
    use compiler::lut::{LutKind, lut};

    use super::*;

    #[test]
    fn every_table_of_compiled_programs_is_recognized() {
        let recognized: Vec<Option<Fused>> =
            LutKind::ALL.into_iter().map(|kind| Fused::of(lut(kind, Carry::Column).unwrap())).collect();
        assert_eq!(recognized, Fused::ALL.map(Some));
        // What moves a carry and what copies a borrow are the same where neither clears the latch.
        for kind in LutKind::ALL {
            let found = Fused::of(lut(kind, Carry::Latch).unwrap());
            let is_latched = matches!(found, Some(Fused::Latched(_)));
            assert_eq!(is_latched, kind.latch().is_some(), "{kind:?}: {found:?}");
        }
    }

    #[test]
    fn a_table_with_one_pass_changed_is_not_taken_for_what_it_was() {
        for kind in LutKind::ALL {
            let table = lut(kind, Carry::Column).unwrap();
            for place in 0..table.passes().len() {
                for (key, write) in [(1, 0), (0, 1)] {
                    let mut passes = table.passes().to_vec();
                    let Pass { key: k, write: w } = passes[place];
                    let flipped = |p: Pattern, by: u8| Pattern::new(p.mask(), p.value() ^ by);
                    passes[place] = Pass { key: flipped(k, key), write: flipped(w, write) };
                    let changed = Lut::new(table.name(), table.columns().to_vec(), passes).unwrap();
                    let does =
                        |lut: &Lut| (0..1 << lut.columns().len()).map(|s| lut.apply(s)).collect::<Vec<_>>();
                    if does(&changed) != does(table) {
                        assert_ne!(Fused::of(&changed), Fused::of(table), "{changed}");
                    }
                }
            }
        }
    }
}
