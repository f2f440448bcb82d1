//! Wear: how often each cell is written, executed on data.
//!
//! Every write to a column goes through the junction at the tracks' port, whichever domain is there; a domain is written only
//! when it stands at the port. So the junction of a (row, column) is written as often as all of its domains together. A write is
//! counted when a pulse is sent, whether or not the bit changes.

use ap_program::{Cell, Instruction, Program};
use network::{Evaluation, FeatureMap};

use crate::block::{Block, Cells, Table, first_rows};
use crate::execute::{Hooks, Lane, Port, Purpose, execute_for};
use crate::kernel::Kernel;
use crate::layer::{MachineError, MachineLayer};
use crate::machine::Machine;

/// Writes to the cells of a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wear {
    /// Processors, rows, columns and domains.
    extents: [usize; 4],
    images: usize,
    /// Through each junction, by processor, row and column.
    junctions: Vec<u64>,
    /// To each domain of the row with the most written junction, by column and domain.
    domains: Vec<u64>,
}

/// A place that is written, and how often in one inference.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HotSpot {
    pub processor: usize,
    pub row: usize,
    pub column: usize,
    /// Writes in one inference.
    pub writes: f64,
}

impl Wear {
    /// The junction that is written most.
    pub fn hottest_junction(&self) -> HotSpot {
        let [_, rows, columns, _] = self.extents;
        let most =
            self.junctions.iter().enumerate().max_by_key(|&(index, &writes)| (writes, usize::MAX - index));
        let (index, &writes) = most.unwrap_or((0, &0));
        HotSpot {
            processor: index / (rows * columns).max(1),
            row: index / columns.max(1) % rows.max(1),
            column: index % columns.max(1),
            writes: writes as f64 / self.images as f64,
        }
    }

    /// The domain that is written most in the row of the most written junction, and which of its track it is.
    pub fn hottest_domain(&self) -> (HotSpot, usize) {
        let domains = self.extents[3].max(1);
        let most =
            self.domains.iter().enumerate().max_by_key(|&(index, &writes)| (writes, usize::MAX - index));
        let (index, &writes) = most.unwrap_or((0, &0));
        let hottest = self.hottest_junction();
        let spot = HotSpot { column: index / domains, writes: writes as f64 / self.images as f64, ..hottest };
        (spot, index % domains)
    }

    /// Writes to each column of a processor, in the mean of its rows.
    pub fn by_column(&self, processor: usize) -> Vec<f64> {
        let [_, rows, columns, _] = self.extents;
        let mut sums = vec![0; columns];
        for (index, &writes) in
            self.junctions.iter().enumerate().skip(processor * rows * columns).take(rows * columns)
        {
            sums[index % columns] += writes;
        }
        sums.into_iter().map(|sum| sum as f64 / (rows * self.images) as f64).collect()
    }

    /// Writes through a junction of the hottest row if they are spread evenly over its columns: what moving the columns' roles
    /// around from time to time comes to.
    pub fn levelled_over_columns(&self) -> f64 {
        let columns = self.extents[2].max(1);
        let rows = self.junctions.chunks(columns).map(|row| row.iter().sum::<u64>());
        rows.max().unwrap_or(0) as f64 / (columns * self.images) as f64
    }

    /// The same for a domain: writes to the most written place of the hottest row's tracks, spread evenly over its columns.
    pub fn domain_levelled_over_columns(&self) -> f64 {
        let (columns, domains) = (self.extents[2].max(1), self.extents[3].max(1));
        let of_place =
            |domain: usize| self.domains.iter().skip(domain).step_by(domains).copied().sum::<u64>();
        let most = (0..domains).map(of_place).max().unwrap_or(0);
        most as f64 / (columns * self.images) as f64
    }

    /// All writes of an inference.
    pub fn total(&self) -> f64 {
        self.junctions.iter().sum::<u64>() as f64 / self.images as f64
    }
}

impl Machine {
    /// Executes images, given as their evaluations, and counts the writes to every cell. All layers run on the same processors.
    ///
    /// # Errors
    /// If an evaluation is of another network.
    pub fn wear(&self, images: &[Evaluation]) -> Result<Wear, MachineError> {
        let geometry = self.options().geometry;
        let (rows, columns, domains) = (geometry.rows(), geometry.columns(), geometry.domains());
        let processors = self.layers().iter().map(MachineLayer::processors).max().unwrap_or(0) as usize;
        let mut wear = Wear {
            extents: [processors, rows, columns, domains],
            images: images.len().max(1),
            junctions: vec![0; processors * rows * columns],
            domains: vec![0; columns * domains],
        };
        self.each_input(images, |prepared, input| {
            for (processor, of_rows) in prepared.junction_writes(input)?.into_iter().enumerate() {
                let junctions = wear.junctions[processor * rows * columns..].iter_mut();
                junctions.zip(of_rows).for_each(|(sum, more)| *sum += more);
            }
            Ok(())
        })?;
        let HotSpot { processor, row, .. } = wear.hottest_junction();
        self.each_input(images, |prepared, input| {
            let of_row = prepared.domain_writes(input, processor, row)?;
            wear.domains.iter_mut().zip(of_row).for_each(|(sum, more)| *sum += more);
            Ok(())
        })?;
        Ok(wear)
    }

    /// Does something with every layer and its input in every image.
    fn each_input(
        &self,
        images: &[Evaluation],
        mut work: impl FnMut(&MachineLayer, &FeatureMap) -> Result<(), MachineError>,
    ) -> Result<(), MachineError> {
        for ((id, layer), prepared) in self.network().linear_layers().zip(self.layers()) {
            let unknown = || MachineError::Unknown(layer.name().to_owned());
            let source = self.network().source(id).ok_or_else(unknown)?;
            for image in images {
                work(prepared, image.activations(source).ok_or_else(unknown)?)?;
            }
        }
        Ok(())
    }
}

/// Writes by row and column, and by column and domain.
pub(crate) type BlockWear = (Vec<u64>, Vec<u64>);

/// Runs a program and counts the writes to each cell.
pub(crate) fn count_writes(program: &Program, rows: usize, port: &mut dyn Port) -> BlockWear {
    execute_for(CountWrites, Kernel::best(), program, rows, port)
}

/// An execution that counts the writes to each cell.
struct CountWrites;

impl Purpose for CountWrites {
    type Hooks<const WORDS: usize> = Counts<WORDS>;
    type Outcome = BlockWear;

    fn begin<const WORDS: usize>(&self, program: &Program, rows: usize) -> Counts<WORDS> {
        let (columns, domains) = (program.geometry.columns(), program.geometry.domains());
        Counts {
            occupied: first_rows(rows),
            sums: vec![Vec::new(); columns],
            domains: vec![0; columns * domains],
            extent: domains,
        }
    }

    fn end<const WORDS: usize>(self, counts: Counts<WORDS>, rows: usize) -> BlockWear {
        let of_rows = (0..rows).flat_map(|row| counts.sums.iter().map(move |planes| number(planes, row)));
        (of_rows.collect(), counts.domains)
    }
}

impl<const WORDS: usize> Hooks<WORDS> for Counts<WORDS> {
    fn is_plain(&mut self, _: usize, instruction: &Instruction) -> bool {
        matches!(instruction, Instruction::Store { .. })
    }

    fn fill(&mut self, block: &mut Block<WORDS>, lane: Lane, plane: [u64; WORDS]) {
        block.planes[lane.place] = plane;
        self.add(lane.cell, &[u64::MAX; WORDS]);
    }

    #[inline(always)]
    fn apply(&mut self, table: &Table, _: u8, cells: &mut Cells<WORDS>, lanes: &[Lane]) {
        for pass in &table.passes {
            let tag = pass.tag(cells);
            pass.write_tagged(cells, &tag);
            for (lane, (written, _)) in lanes.iter().zip(&pass.write) {
                if *written != 0 {
                    self.add(lane.cell, &tag);
                }
            }
        }
    }
}

/// Counts for the rows of a block.
struct Counts<const WORDS: usize> {
    occupied: [u64; WORDS],
    /// For each column, how often it was written in each row: bit planes of the numbers, the least significant first.
    sums: Vec<Vec<[u64; WORDS]>>,
    /// Summed over the rows, by column and domain.
    domains: Vec<u64>,
    /// Domains of a track.
    extent: usize,
}

impl<const WORDS: usize> Counts<WORDS> {
    /// Counts a write to a cell of some rows.
    #[inline(always)]
    fn add(&mut self, (column, domain): Cell, tag: &[u64; WORDS]) {
        let mut carry: [u64; WORDS] = std::array::from_fn(|word| tag[word] & self.occupied[word]);
        self.domains[column * self.extent + domain] +=
            carry.iter().map(|word| u64::from(word.count_ones())).sum::<u64>();
        for plane in &mut self.sums[column] {
            if carry == [0; WORDS] {
                return;
            }
            for (plane, carry) in plane.iter_mut().zip(&mut carry) {
                (*plane, *carry) = (*plane ^ *carry, *plane & *carry);
            }
        }
        if carry != [0; WORDS] {
            self.sums[column].push(carry);
        }
    }
}

/// The number that a row has in bit planes.
fn number<const WORDS: usize>(planes: &[[u64; WORDS]], row: usize) -> u64 {
    planes.iter().enumerate().fold(0, |sum, (bit, plane)| sum | (plane[row / 64] >> (row % 64) & 1) << bit)
}

impl MachineLayer {
    /// Writes through the junctions of each processor that takes part, by row and column: a processor for each program and block
    /// of rows, in this order.
    fn junction_writes(&self, input: &FeatureMap) -> Result<Vec<Vec<u64>>, MachineError> {
        let rows = self.geometry().rows();
        self.each_block(input, |program, used, port| {
            let (mut junctions, _) = count_writes(program, used, port);
            junctions.resize(rows * program.geometry.columns(), 0);
            junctions
        })
    }

    /// Writes to the domains of one row, by column and domain; none if it takes no part.
    fn domain_writes(
        &self,
        input: &FeatureMap,
        processor: usize,
        row: usize,
    ) -> Result<Vec<u64>, MachineError> {
        let of_row = self.on_row(input, processor, row, |program, port| count_writes(program, 1, port).1)?;
        Ok(of_row.unwrap_or_default())
    }
}
