//! Bits written to tagged rows, from the program alone: the probability of every cell to hold a 1 is carried through the
//! passes.
//!
//! Assumption: the bits that an instruction brings together are independent of each other when it starts. Within an
//! instruction's bit the joint distribution of its columns is followed exactly.

use ap_program::{Cell, CheckedProgram, Lut, Observer, Step, Tap};

use crate::events::Tagged;

/// What a table's passes do to a row, for each state of the table's columns.
struct Outcomes {
    /// Bits written to the row when a search tags it, over all passes.
    tagged_bits: [Tagged<f64>; STATES],
    /// The state after the last pass.
    end: [u8; STATES],
}

/// States of the columns of the widest table, a latch included.
const STATES: usize = 16;

impl Outcomes {
    fn of(lut: &Lut) -> Self {
        let mut outcomes = Self { tagged_bits: [Tagged::default(); STATES], end: [0; STATES] };
        for (start, (bits, end)) in outcomes.tagged_bits.iter_mut().zip(&mut outcomes.end).enumerate() {
            let mut state = start as u8;
            for pass in lut.passes() {
                if pass.key.matches(state) {
                    if pass.compares() {
                        let cells = pass.write.within(lut.column_mask()).width();
                        bits.cells += f64::from(cells);
                        bits.latches += f64::from(pass.write.width() - cells);
                    }
                    state = pass.write.written_to(state);
                }
            }
            *end = state;
        }
        outcomes
    }
}

/// The expected number of bits that each table of a program writes to tagged rows, for one row; `share` gives the probability
/// that a bit of a loaded element is 1. With probability 0 this is exact: it is what a row that holds nothing does.
pub fn expected_tagged_bits(program: &CheckedProgram, share: impl Fn(Tap, usize) -> f64) -> Vec<Tagged<f64>> {
    let domains = program.geometry.domains();
    let mut expectation = Expectation {
        share,
        domains,
        ones: vec![0.0; program.geometry.columns() * domains],
        latch: 0.0,
        outcomes: program.luts.iter().map(Outcomes::of).collect(),
        tagged_bits: vec![Tagged::default(); program.luts.len()],
    };
    program.walk(&mut expectation);
    expectation.tagged_bits
}

struct Expectation<F> {
    share: F,
    domains: usize,
    /// For each cell the probability that it holds a 1.
    ones: Vec<f64>,
    /// The same for the latch.
    latch: f64,
    outcomes: Vec<Outcomes>,
    tagged_bits: Vec<Tagged<f64>>,
}

impl<F: Fn(Tap, usize) -> f64> Observer for Expectation<F> {
    fn clears_latch(&mut self) {
        self.latch = 0.0;
    }

    fn steps(&mut self, step: Step<'_>) {
        let place = |(column, domain): Cell| column * self.domains + domain;
        match step {
            Step::Fill { tap, bit, cell } => self.ones[place(cell)] = (self.share)(tap, bit),
            Step::Read { .. } => {}
            Step::Apply { table, cells } => {
                let Outcomes { tagged_bits: of_state, end } = &self.outcomes[table.number];
                let mut joint = [0.0_f64; STATES];
                joint[0] = 1.0;
                let mut states = 1;
                let latch = table.lut.latch().map(|_| self.latch);
                for one in cells.iter().map(|&cell| self.ones[place(cell)]).chain(latch) {
                    for state in 0..states {
                        joint[state + states] = joint[state] * one;
                        joint[state] *= 1.0 - one;
                    }
                    states *= 2;
                }
                let mut after = [0.0_f64; 4];
                for state in 0..states {
                    self.tagged_bits[table.number] += of_state[state].map(|bits| joint[state] * bits);
                    for (column, one) in after.iter_mut().enumerate() {
                        *one += joint[state] * f64::from(end[state] >> column & 1);
                    }
                }
                for (&cell, one) in cells.iter().zip(after) {
                    self.ones[place(cell)] = one;
                }
                if latch.is_some() {
                    self.latch = after[cells.len()];
                }
            }
        }
    }
}
