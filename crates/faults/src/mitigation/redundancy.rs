//! Spare rows and columns: a test after fabrication finds stuck cells, and a row or column that has one is replaced.
//!
//! A processor whose spares are used up keeps the rest of its stuck cells. Spare rows search and shift like the others; spare
//! columns rest.

use std::collections::BTreeSet;

use ap_program::Geometry;
use rtm_ap::{Events, MachineLayer, PerRows};

use super::{Overhead, Protection};
use crate::models::{FaultKind, StuckCell};
use crate::rates::FaultRates;

/// So many spare rows in each processor.
#[derive(Debug)]
pub struct SpareRows(pub u32);

impl Protection for SpareRows {
    fn repair(&self, stuck: Vec<StuckCell>) -> Vec<StuckCell> {
        repair(stuck, self.0, |cell| cell.row)
    }

    fn overhead(&self, geometry: Geometry) -> Overhead {
        Overhead { rows: f64::from(self.0) / geometry.rows() as f64, ..Overhead::NOTHING }
    }

    fn events(&self, layer: &MachineLayer, events: Events, _: &[FaultKind], _: &FaultRates) -> Events {
        with_rows(layer, events, self.0)
    }
}

/// So many spare columns in each processor.
#[derive(Debug)]
pub struct SpareColumns(pub u32);

impl Protection for SpareColumns {
    fn repair(&self, stuck: Vec<StuckCell>) -> Vec<StuckCell> {
        repair(stuck, self.0, |cell| u32::from(cell.column))
    }

    fn overhead(&self, geometry: Geometry) -> Overhead {
        Overhead { columns: f64::from(self.0) / geometry.columns() as f64, ..Overhead::NOTHING }
    }
}

/// The stuck cells that are left when the first `spares` lines of each processor that have one are replaced.
fn repair(stuck: Vec<StuckCell>, spares: u32, line: impl Fn(&StuckCell) -> u32) -> Vec<StuckCell> {
    let mut replaced: BTreeSet<(u32, u32)> = BTreeSet::new();
    let mut left = Vec::new();
    for cell in stuck {
        let place = (cell.processor, line(&cell));
        let used = replaced.range((cell.processor, 0)..=(cell.processor, u32::MAX)).count() as u32;
        if replaced.contains(&place) || used < spares {
            replaced.insert(place);
        } else {
            left.push(cell);
        }
    }
    left
}

fn with_rows(layer: &MachineLayer, events: Events, spares: u32) -> Events {
    let more = 1.0 + f64::from(spares) / layer.geometry().rows() as f64;
    let of_rows = |count: PerRows| PerRows { physical: count.physical * more, ..count };
    Events {
        row_searches: of_rows(events.row_searches),
        searched_bits: of_rows(events.searched_bits),
        tagged_bits: of_rows(events.tagged_bits),
        broadcast_bits: of_rows(events.broadcast_bits),
        latch: events.latch.map(of_rows),
        track_steps: of_rows(events.track_steps),
        ..events
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn spares_replace_whole_lines_and_those_beyond_them_stay() {
        let cell = |processor, row, column| StuckCell { processor, row, column, value: true };
        let stuck = vec![cell(0, 1, 5), cell(0, 1, 9), cell(0, 2, 5), cell(0, 3, 5), cell(1, 0, 0)];
        let by_rows = repair(stuck.clone(), 2, |cell| cell.row);
        assert_eq!(by_rows, [cell(0, 3, 5)]);
        let by_columns = repair(stuck.clone(), 1, |cell| u32::from(cell.column));
        assert_eq!(by_columns, [cell(0, 1, 9)]);
        assert_eq!(repair(stuck.clone(), 0, |cell| cell.row), stuck);
    }

    proptest! {
        #[test]
        fn the_first_lines_with_a_stuck_cell_are_replaced_whole_and_no_others(
            cells in prop::collection::vec((0_u32..3, 0_u32..6, 0_u16..6), 0..40),
            spares in 0_u32..5,
        ) {
            let stuck: Vec<StuckCell> = cells
                .into_iter()
                .map(|(processor, row, column)| StuckCell { processor, row, column, value: row % 2 == 0 })
                .collect();
            let left = SpareRows(spares).repair(stuck.clone());
            for processor in 0..3 {
                let mut rows = Vec::new();
                for cell in stuck.iter().filter(|cell| cell.processor == processor) {
                    if !rows.contains(&cell.row) {
                        rows.push(cell.row);
                    }
                }
                let replaced = &rows[..rows.len().min(spares as usize)];
                let expected: Vec<&StuckCell> = stuck
                    .iter()
                    .filter(|cell| cell.processor == processor && !replaced.contains(&cell.row))
                    .collect();
                let found: Vec<&StuckCell> = left.iter().filter(|cell| cell.processor == processor).collect();
                prop_assert_eq!(found, expected);
            }
        }
    }
}
