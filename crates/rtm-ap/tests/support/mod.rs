//! What the tests of the machine share.

#![allow(dead_code, clippy::unwrap_used, clippy::expect_used)]

use ap_program::{Interpretation, Tap};
use rtm_ap::{Execution, Port};

/// A port whose elements are a function of row and tap, and which keeps what is stored.
pub struct Elements<F> {
    element: F,
    pub stores: Vec<(u32, Vec<i64>)>,
}

impl<F: FnMut(usize, Tap) -> u16> Elements<F> {
    pub fn new(element: F) -> Self {
        Self { element, stores: Vec::new() }
    }
}

impl<F: FnMut(usize, Tap) -> u16> Port for Elements<F> {
    fn load(&mut self, tap: Tap, values: &mut [u16]) {
        for (row, value) in values.iter_mut().enumerate() {
            *value = (self.element)(row, tap);
        }
    }

    fn store(&mut self, output: u32, values: &[i32]) {
        self.stores.push((output, values.iter().map(|&value| i64::from(value)).collect()));
    }
}

/// The two implementations of the machine gave the same: values, events that depend on data, and events that do not.
pub fn assert_agreement(slow: &Interpretation, fast: &Execution, stores: &[(u32, Vec<i64>)], rows: usize) {
    let (counts, serial, rows) = (&fast.counts, fast.counts.serial, rows as u64);
    let expected = Interpretation {
        stores: stores.to_vec(),
        words: counts.words,
        row_searches: counts.compares * rows,
        searched_bits: counts.compared_columns * rows,
        searched_latches: counts.compared_latches * rows,
        tagged_bits: fast.tagged_bits.clone(),
        tagged_latches: fast.tagged_latches.clone(),
        broadcast_bits: counts.broadcast_bits * rows,
        broadcast_latches: counts.broadcast_latches * rows,
        track_steps: counts.track_steps * rows,
        loaded_bits: counts.loaded_bits * rows,
        stored_bits: counts.stored_bits * rows,
        serial_compares: serial.compares,
        serial_writes: serial.writes,
        serial_latch_writes: serial.latch_writes,
        serial_shifts: serial.shifts,
        serial_reads: serial.reads,
    };
    assert_eq!(slow, &expected);
}
