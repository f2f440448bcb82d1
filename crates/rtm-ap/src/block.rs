//! The cells of a block of rows as bit planes: one bit of a row in one bit of a word.

use ap_program::{Cell, Direction, Latch, Lut, Operand, Pass, Program};

use crate::events::Tagged;
use crate::fused::{self, After, Fused, Latched};

/// A table in the form that the inner loop reads.
pub(crate) struct Table {
    /// All passes at once, if the table is one of those that are known.
    pub(crate) fused: Option<Fused>,
    pub(crate) passes: Vec<TablePass>,
    /// Those that run in the first bit of an instruction, by their places.
    pub(crate) first_passes: Vec<usize>,
    /// What becomes of the latch at the start, if the table has it; it is the column behind the last.
    pub(crate) latch: Option<Latch>,
    /// The columns that some pass writes.
    pub(crate) written: Vec<bool>,
}

/// A pass over the four columns that a table can have, those that take no part included: the loop then has no branches.
pub(crate) struct TablePass {
    /// For each column, what to flip so that a match is 1, and all ones if the column is masked.
    key: [(u64, u64); 4],
    compares: bool,
    /// For each column, all ones if it is written, and the bit as a word of its copies.
    pub(crate) write: [(u64, u64); 4],
    /// How many cells it writes to a row, and latches.
    written: Tagged<u64>,
}

impl TablePass {
    /// The rows that the pass finds.
    #[inline(always)]
    pub(crate) fn tag<const WORDS: usize>(&self, [a, b, c, d]: &Cells<WORDS>) -> [u64; WORDS] {
        let key = &self.key;
        std::array::from_fn(|word| {
            ((a[word] ^ key[0].0) | key[0].1)
                & ((b[word] ^ key[1].0) | key[1].1)
                & ((c[word] ^ key[2].0) | key[2].1)
                & ((d[word] ^ key[3].0) | key[3].1)
        })
    }

    /// Writes the rows that are tagged.
    #[inline(always)]
    pub(crate) fn write_tagged<const WORDS: usize>(&self, cells: &mut Cells<WORDS>, tag: &[u64; WORDS]) {
        for (cell, &(mask, value)) in cells.iter_mut().zip(&self.write) {
            for (bits, tag) in cell.iter_mut().zip(tag) {
                *bits ^= (*bits ^ value) & tag & mask;
            }
        }
    }
}

impl Table {
    pub(crate) fn of(lut: &Lut) -> Self {
        let copies = |bits: u8, column: usize| if bits >> column & 1 == 1 { u64::MAX } else { 0 };
        let written_by = |pass: &Pass| {
            let cells = u64::from(pass.write.within(lut.column_mask()).width());
            Tagged { cells, latches: u64::from(pass.write.width()) - cells }
        };
        let of_pass = |pass: &Pass| TablePass {
            key: std::array::from_fn(|c| (!copies(pass.key.value(), c), !copies(pass.key.mask(), c))),
            compares: pass.compares(),
            write: std::array::from_fn(|c| (copies(pass.write.mask(), c), copies(pass.write.value(), c))),
            written: written_by(pass),
        };
        let written = |column: usize| lut.passes().iter().any(|pass| pass.write.mask() >> column & 1 == 1);
        Self {
            fused: Fused::of(lut),
            passes: lut.passes().iter().map(of_pass).collect(),
            first_passes: lut.first_passes(),
            latch: lut.latch(),
            written: (0..lut.columns().len()).map(written).collect(),
        }
    }
}

/// The cells of up to `64 · WORDS` rows.
pub(crate) struct Block<const WORDS: usize> {
    /// Domains of a track, spare ones included, and how many spare ones lie before domain 0.
    track: usize,
    spare: usize,
    /// By column, then domain; the last is that of the latches.
    pub(crate) planes: Vec<[u64; WORDS]>,
    /// The rows of the block that hold an output position.
    occupied: [u64; WORDS],
    pub(crate) tagged: Tagged<u64>,
}

/// The first so many rows of a block.
pub(crate) fn first_rows<const WORDS: usize>(rows: usize) -> [u64; WORDS] {
    std::array::from_fn(|word| match rows.saturating_sub(64 * word) {
        0 => 0,
        rest @ 1..64 => (1 << rest) - 1,
        _ => u64::MAX,
    })
}

/// The bits of one row-block in the columns that an instruction names.
pub(crate) type Cells<const WORDS: usize> = [[u64; WORDS]; 4];

impl<const WORDS: usize> Block<WORDS> {
    /// A block with `spare` domains before the first and behind the last one of every track.
    pub(crate) fn new(program: &Program, rows: usize, spare: usize) -> Self {
        let track = program.geometry.domains() + 2 * spare;
        let planes = vec![[0; WORDS]; program.geometry.columns() * track + 1];
        Self { track, spare, planes, occupied: first_rows(rows), tagged: Tagged::default() }
    }

    /// Index of the plane of the latches.
    pub(crate) fn latch(&self) -> usize {
        self.planes.len() - 1
    }

    /// Clears the latch of every row.
    pub(crate) fn clear_latch(&mut self) {
        let latch = self.latch();
        self.planes[latch] = [0; WORDS];
    }

    /// Planes from a column to the next.
    pub(crate) fn track(&self) -> usize {
        self.track
    }

    /// Index of the plane that holds a cell.
    pub(crate) fn place(&self, (column, domain): Cell) -> usize {
        column * self.track + self.spare + domain
    }

    /// Moves a row's bits from one domain of a track on by one domain, away from the track's start or towards it.
    pub(crate) fn pin(&mut self, (word, bit): (usize, u64), column: usize, domain: usize, outwards: bool) {
        let first = self.place((column, domain));
        let end = (column + 1) * self.track;
        let take = |planes: &mut [[u64; WORDS]], to: usize, from: usize| {
            planes[to][word] = (planes[to][word] & !bit) | (planes[from][word] & bit);
        };
        if outwards {
            (first + 1..end).rev().for_each(|to| take(&mut self.planes, to, to - 1));
        } else {
            (first..end - 1).for_each(|to| take(&mut self.planes, to, to + 1));
            self.planes[end - 1][word] &= !bit;
        }
    }

    /// Runs a table over bits, all passes of a bit at once where that is known to be the same.
    #[inline(always)]
    pub(crate) fn apply_all(&mut self, table: &Table, bits: u8, operands: &[Operand]) {
        match table.fused {
            Some(Fused::Clear) => self.fuse::<1, 0b1>(bits, operands, fused::clear),
            Some(Fused::AddInPlace) => self.fuse::<3, 0b101>(bits, operands, fused::add_in_place),
            Some(Fused::SubtractInPlace) => self.fuse::<3, 0b101>(bits, operands, fused::subtract_in_place),
            Some(Fused::CarryInPlace) => self.fuse::<2, 0b11>(bits, operands, fused::carry_in_place),
            Some(Fused::BorrowInPlace) => self.fuse::<2, 0b11>(bits, operands, fused::borrow_in_place),
            Some(Fused::Add) => self.fuse::<4, 0b1001>(bits, operands, fused::add),
            Some(Fused::Subtract) => self.fuse::<4, 0b1001>(bits, operands, fused::subtract),
            Some(Fused::Carry) => self.fuse::<3, 0b101>(bits, operands, fused::carry),
            Some(Fused::Borrow) => self.fuse::<3, 0b101>(bits, operands, fused::borrow),
            Some(Fused::Negate) => self.fuse::<3, 0b101>(bits, operands, fused::negate),
            Some(Fused::MoveCarry) => self.fuse::<2, 0b11>(bits, operands, fused::move_carry),
            Some(Fused::CopyBorrow) => self.fuse::<2, 0b10>(bits, operands, fused::copy_borrow),
            Some(Fused::Latched(latched)) => self.apply_latched(latched, bits, operands),
            None => {
                for bit in 0..usize::from(bits) {
                    self.apply(table, bit, operands);
                }
            }
        }
    }

    /// The same for a table with the latch, which functions have as their first column.
    #[inline(always)]
    fn apply_latched(&mut self, table: Latched, bits: u8, operands: &[Operand]) {
        match table {
            Latched::AddInPlace => self.fuse::<3, 0b101>(bits, operands, fused::latched_add_in_place),
            Latched::SubtractInPlace => {
                self.fuse::<3, 0b101>(bits, operands, fused::latched_subtract_in_place);
            }
            Latched::CarryInPlace => self.fuse::<2, 0b11>(bits, operands, fused::latched_carry_in_place),
            Latched::BorrowInPlace => self.fuse::<2, 0b11>(bits, operands, fused::latched_borrow_in_place),
            Latched::Add => self.fuse::<4, 0b1001>(bits, operands, fused::latched_add),
            Latched::Subtract => self.fuse::<4, 0b1001>(bits, operands, fused::latched_subtract),
            Latched::Carry => self.fuse::<3, 0b101>(bits, operands, fused::latched_carry),
            Latched::Borrow => self.fuse::<3, 0b101>(bits, operands, fused::latched_borrow),
            Latched::Negate => self.fuse::<3, 0b101>(bits, operands, fused::latched_negate),
            Latched::Copy => self.fuse::<2, 0b10>(bits, operands, fused::latched_copy),
        }
    }

    /// Runs a function of `COLUMNS` columns over bits; those of `WRITTEN` are written back. Where there is an operand less, the first
    /// column is the latch.
    #[inline(always)]
    fn fuse<const COLUMNS: usize, const WRITTEN: u8>(
        &mut self,
        bits: u8,
        operands: &[Operand],
        function: impl Fn([u64; COLUMNS]) -> After<COLUMNS>,
    ) {
        let latches = COLUMNS.saturating_sub(operands.len());
        if operands.len() > COLUMNS || latches > 1 {
            return;
        }
        let (mut places, mut steps, mut word_bits) = ([self.latch(); COLUMNS], [0; COLUMNS], [1; COLUMNS]);
        for (column, operand) in operands.iter().enumerate() {
            places[latches + column] = self.place(operand.cell(0));
            steps[latches + column] = match operand.direction {
                Direction::Along => 1,
                Direction::Across => self.track,
            };
            word_bits[latches + column] = operand.bits;
        }
        let (mut ones, mut twos, mut latched) = (0, 0, 0);
        for bit in 1..=bits {
            let cells: [[u64; WORDS]; COLUMNS] = places.map(|place| self.planes[place]);
            let mut after = cells;
            for word in 0..WORDS {
                let made = function(std::array::from_fn(|column| cells[column][word]));
                for (after, made) in after.iter_mut().zip(made.columns) {
                    after[word] = made;
                }
                ones += u64::from((made.one & self.occupied[word]).count_ones());
                twos += u64::from((made.two & self.occupied[word]).count_ones());
                latched += u64::from((made.latch & self.occupied[word]).count_ones());
            }
            for column in 0..COLUMNS {
                if WRITTEN >> column & 1 == 1 {
                    self.planes[places[column]] = after[column];
                }
                // Beyond a word's last bit it is the last bit again.
                if bit < word_bits[column] {
                    places[column] += steps[column];
                }
            }
        }
        self.tagged += Tagged { cells: ones + 2 * twos, latches: latched };
    }

    #[inline(always)]
    fn apply(&mut self, table: &Table, bit: usize, operands: &[Operand]) {
        let mut cells = [[0_u64; WORDS]; 4];
        let mut places = [0; 4];
        for (i, &operand) in operands.iter().enumerate() {
            places[i] = self.place(operand.cell(bit));
            cells[i] = self.planes[places[i]];
        }
        let latch = self.latch();
        if table.latch.is_some() {
            cells[operands.len()] = self.planes[latch];
        }
        self.run(table, &mut cells);
        if table.latch.is_some() {
            self.planes[latch] = cells[operands.len()];
        }
        for (i, _) in table.written.iter().enumerate().filter(|&(_, &written)| written) {
            self.planes[places[i]] = cells[i];
        }
    }

    /// The passes of a table on the cells of its columns.
    #[inline(always)]
    pub(crate) fn run(&mut self, table: &Table, cells: &mut Cells<WORDS>) {
        for pass in &table.passes {
            let tag = pass.tag(cells);
            if pass.compares {
                let tagged = |word: usize| u64::from((tag[word] & self.occupied[word]).count_ones());
                let rows = (0..WORDS).map(tagged).sum::<u64>();
                self.tagged += pass.written.map(|columns| rows * columns);
            }
            pass.write_tagged(cells, &tag);
        }
    }

    #[inline(always)]
    pub(crate) fn fill(&mut self, destination: Operand, values: &[u16]) {
        each_plane(values, usize::from(destination.bits), |bit, plane| {
            let place = self.place(destination.cell(bit));
            self.planes[place] = plane;
        });
    }

    pub(crate) fn read(&self, source: Operand, signed: bool, sums: &mut [i32]) {
        sums.fill(0);
        for bit in 0..usize::from(source.bits) {
            add_plane(&self.planes[self.place(source.cell(bit))], weight(source, signed, bit), sums);
        }
    }
}

/// The first bits of the values of all rows, one after the other.
#[inline(always)]
pub(crate) fn each_plane<const WORDS: usize>(
    values: &[u16],
    bits: usize,
    mut of_bit: impl FnMut(usize, [u64; WORDS]),
) {
    let mut bytes = vec![0_u8; 64 * WORDS];
    for half in 0..bits.div_ceil(8) {
        for (byte, value) in bytes.iter_mut().zip(values) {
            *byte = value.checked_shr(8 * half as u32).unwrap_or(0) as u8;
        }
        for bit in 8 * half..bits.min(8 * half + 8) {
            of_bit(bit, plane_of_bytes(&bytes, bit % 8));
        }
    }
}

/// One bit of the bytes of all rows.
#[inline(always)]
fn plane_of_bytes<const WORDS: usize>(bytes: &[u8], bit: usize) -> [u64; WORDS] {
    let mut plane = [0; WORDS];
    for (word, rows) in plane.iter_mut().zip(bytes.as_chunks::<64>().0) {
        for (index, eight) in rows.as_chunks::<8>().0.iter().enumerate() {
            let bits = u64::from_le_bytes(*eight) >> bit & 0x0101_0101_0101_0101;
            *word |= (bits.wrapping_mul(GATHER) >> 56) << (8 * index);
        }
    }
    plane
}

/// Eight bits, one in the lowest place of each byte, are gathered into a byte by a multiplication with this: the products of
/// bit `i` and of `2^(7(8 - i))` meet in the uppermost byte, and no two of them anywhere else.
const GATHER: u64 = 0x0102_0408_1020_4080;

/// What a bit of a word stands for: its power of two, negative for a sign.
pub(crate) fn weight(word: Operand, signed: bool, bit: usize) -> i32 {
    let magnitude = 1_i64 << bit;
    (if signed && bit + 1 == usize::from(word.bits) { -magnitude } else { magnitude }) as i32
}

/// Adds a bit's weight to the sums of the rows that hold a 1.
#[inline(always)]
pub(crate) fn add_plane<const WORDS: usize>(plane: &[u64; WORDS], weight: i32, sums: &mut [i32]) {
    for (chunk, word) in sums.chunks_mut(64).zip(plane) {
        for (row, sum) in chunk.iter_mut().enumerate() {
            *sum = sum.wrapping_add(weight * (word >> row & 1) as i32);
        }
    }
}
