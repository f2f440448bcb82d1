//! What programs do with the columns of an array.

use ap_program::{Cell, CheckedProgram, Observer, Step};

use crate::layer::MachineLayer;
use crate::machine::Machine;

names::names! {
    /// What a column holds.
    #[derive(Hash, PartialOrd, Ord)]
    pub enum ColumnRole: "what a column holds" {
        /// The carry of additions.
        Carry = "carry",
        /// Words that are stored.
        Accumulators = "accumulators",
        /// Words that are loaded.
        Inputs = "inputs",
        /// Words that are neither.
        Terms = "terms",
    }
}

impl Machine {
    /// What the programs of all layers keep in each column.
    pub fn column_roles(&self) -> Vec<Vec<ColumnRole>> {
        let mut all = vec![[false; ColumnRole::ALL.len()]; self.options().geometry.columns()];
        for program in self.layers().iter().flat_map(MachineLayer::programs) {
            for (all, of_program) in all.iter_mut().zip(Roles::of(program)) {
                all.iter_mut().zip(of_program).for_each(|(all, here)| *all |= here);
            }
        }
        let roles = |held: [bool; ColumnRole::ALL.len()]| {
            ColumnRole::ALL.into_iter().zip(held).filter(|&(_, held)| held).map(|(role, _)| role).collect()
        };
        all.into_iter().map(roles).collect()
    }
}

/// By column the roles that were seen, in their order; the last one as far as words end there.
struct Roles {
    seen: Vec<[bool; ColumnRole::ALL.len()]>,
    /// The cells that the instruction used last.
    last: Vec<Cell>,
}

impl Roles {
    fn of(program: &CheckedProgram) -> Vec<[bool; ColumnRole::ALL.len()]> {
        let mut roles = Self { seen: vec![[false; 4]; program.geometry.columns()], last: Vec::new() };
        program.walk(&mut roles);
        for [others @ .., terms] in &mut roles.seen {
            *terms &= !others.iter().any(|&seen| seen);
        }
        roles.seen
    }

    fn see(&mut self, role: ColumnRole, (column, _): Cell) {
        self.seen[column][role as usize] = true;
    }
}

impl Observer for Roles {
    fn steps(&mut self, step: Step<'_>) {
        match step {
            Step::Fill { cell, .. } => self.see(ColumnRole::Inputs, cell),
            Step::Read { cell, .. } => self.see(ColumnRole::Accumulators, cell),
            Step::Apply { table, cells } => {
                if table.lut.columns().first().is_some_and(|name| name == "C") {
                    self.see(ColumnRole::Carry, cells[0]);
                }
                self.last.clear();
                self.last.extend_from_slice(cells);
            }
        }
    }

    fn ends(&mut self) {
        while let Some(cell) = self.last.pop() {
            self.see(ColumnRole::Terms, cell);
        }
    }
}
