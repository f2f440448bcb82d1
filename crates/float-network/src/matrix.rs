//! The product of two matrices, in blocks that fit caches and registers. Each sum runs over the inner extent in one order, a
//! multiplication and an addition at a time, whatever the blocks are.

/// Rows of the left matrix that are computed together.
const ROWS: usize = 4;
/// Columns of the right matrix that are computed together.
pub(crate) const COLUMNS: usize = 8;
/// Inner extent of a block: a block of a panel fits the first cache.
const DEPTH: usize = 256;

/// A left matrix, its rows interleaved in groups.
#[derive(Debug)]
pub(crate) struct LeftMatrix {
    rows: usize,
    depth: usize,
    /// By group of rows, then by depth.
    groups: Vec<[f32; ROWS]>,
}

/// A right matrix, its columns in panels; the last one is filled up with zeros.
#[derive(Debug)]
pub(crate) struct RightMatrix {
    depth: usize,
    columns: usize,
    /// By panel, then by depth.
    panels: Vec<[f32; COLUMNS]>,
}

impl LeftMatrix {
    /// From row-major values.
    pub(crate) fn new(depth: usize, values: &[f32]) -> Self {
        let rows = values.len().checked_div(depth).unwrap_or(0);
        let mut groups = vec![[0.0; ROWS]; rows.div_ceil(ROWS) * depth];
        for (row, row_values) in values.chunks_exact(depth.max(1)).enumerate() {
            let group = row / ROWS * depth;
            for (place, &value) in groups[group..group + depth].iter_mut().zip(row_values) {
                place[row % ROWS] = value;
            }
        }
        Self { rows, depth, groups }
    }

    /// Rows.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// The product; `store(row, column, count, values)` receives it in pieces of a row, each once.
    pub(crate) fn times(&self, right: &RightMatrix, mut store: impl FnMut(usize, usize, &[f32])) {
        debug_assert_eq!(self.depth, right.depth);
        let panels = right.columns.div_ceil(COLUMNS);
        let mut sums = vec![[[0.0_f32; COLUMNS]; ROWS]; self.rows.div_ceil(ROWS) * panels];
        for start in (0..self.depth).step_by(DEPTH) {
            let end = self.depth.min(start + DEPTH);
            for (group, sums) in sums.chunks_exact_mut(panels.max(1)).enumerate() {
                let left = &self.groups[group * self.depth + start..group * self.depth + end];
                for (panel, sums) in sums.iter_mut().enumerate() {
                    let right = &right.panels[panel * self.depth + start..panel * self.depth + end];
                    *sums = block(*sums, left, right);
                }
            }
        }
        for (group, sums) in sums.chunks_exact(panels.max(1)).enumerate() {
            for row in group * ROWS..self.rows.min((group + 1) * ROWS) {
                for (panel, sums) in sums.iter().enumerate() {
                    let column = panel * COLUMNS;
                    store(row, column, &sums[row % ROWS][..COLUMNS.min(right.columns - column)]);
                }
            }
        }
    }
}

/// Adds the products of a block to its sums, which stay in registers.
#[inline]
fn block(
    mut sums: [[f32; COLUMNS]; ROWS],
    left: &[[f32; ROWS]],
    right: &[[f32; COLUMNS]],
) -> [[f32; COLUMNS]; ROWS] {
    for (left, right) in left.iter().zip(right) {
        for (sums, &left) in sums.iter_mut().zip(left) {
            for (sum, &right) in sums.iter_mut().zip(right) {
                *sum += left * right;
            }
        }
    }
    sums
}

impl RightMatrix {
    /// All zeros.
    pub(crate) fn zeros(depth: usize, columns: usize) -> Self {
        Self { depth, columns, panels: vec![[0.0; COLUMNS]; columns.div_ceil(COLUMNS) * depth] }
    }

    /// Sets an element.
    #[inline]
    pub(crate) fn set(&mut self, row: usize, column: usize, value: f32) {
        self.panels[column / COLUMNS * self.depth + row][column % COLUMNS] = value;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, cases: 48, ..ProptestConfig::default() })]

        #[test]
        fn products_are_those_of_the_plain_loop_to_the_last_bit(
            rows in 1..11_usize, depth in 1..600_usize, columns in 1..20_usize, seed in any::<u32>(),
        ) {
            let mut state = seed;
            let mut draw = || {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 8) as f32 / 8_388_608.0 - 1.0
            };
            let left: Vec<f32> = (0..rows * depth).map(|_| draw()).collect();
            let right: Vec<f32> = (0..depth * columns).map(|_| draw()).collect();
            let mut packed = RightMatrix::zeros(depth, columns);
            for (place, &value) in right.iter().enumerate() {
                packed.set(place / columns, place % columns, value);
            }
            let mut found = vec![f32::NAN; rows * columns];
            LeftMatrix::new(depth, &left).times(&packed, |row, column, values| {
                found[row * columns + column..][..values.len()].copy_from_slice(values);
            });
            for row in 0..rows {
                for column in 0..columns {
                    let sum = (0..depth).fold(0.0_f32, |sum, k| sum + left[row * depth + k] * right[k * columns + column]);
                    prop_assert_eq!(sum.to_bits(), found[row * columns + column].to_bits());
                }
            }
        }
    }
}
