//! The events of programs that run side by side, each on the same rows.

use ap_program::{CheckedProgram, SerialSteps};

use crate::events::{Events, LatchEvents, PerRows, RowCount, TableEvents, Tagged};

/// Bits that each table of each program wrote to tagged rows, summed over blocks of rows and divided by the images.
pub(crate) fn mean_tagged_bits<'a>(
    programs: &[CheckedProgram],
    blocks: impl Iterator<Item = (usize, &'a Vec<Tagged<u64>>)>,
    images: usize,
) -> Vec<Vec<Tagged<f64>>> {
    let none = |program: &CheckedProgram| vec![Tagged::default(); program.luts.len()];
    let mut sums: Vec<Vec<Tagged<u64>>> = programs.iter().map(none).collect();
    for (program, tagged) in blocks {
        sums[program].iter_mut().zip(tagged).for_each(|(sum, &bits)| *sum += bits);
    }
    let mean = |tagged: Tagged<u64>| tagged.map(|bits| bits as f64 / images.max(1) as f64);
    sums.into_iter().map(|tables| tables.into_iter().map(mean).collect()).collect()
}

/// What programs did for one image: in all, and table by table.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ProgramEvents {
    /// In all.
    pub events: Events,
    /// The searches and writes, by table.
    pub tables: Vec<TableEvents>,
}

impl std::ops::AddAssign for ProgramEvents {
    fn add_assign(&mut self, other: Self) {
        self.events += other.events;
        TableEvents::merge(&mut self.tables, &other.tables);
    }
}

impl ProgramEvents {
    /// Of programs that run side by side, each on the same rows: those that do not depend on data from their counts, and the
    /// given bits that each table of each writes to tagged rows. A row that holds nothing writes `padding` bits, if any does.
    pub(crate) fn of(
        programs: &[CheckedProgram],
        tagged: &[Vec<Tagged<f64>>],
        padding: &[Vec<Tagged<f64>>],
        rows: RowCount,
        array_rows: u64,
    ) -> Self {
        let blocks = rows.physical / array_rows.max(1);
        let padding_rows = (rows.physical - rows.occupied) as f64;
        let mut all = Self::default();
        all.events.processors = blocks * programs.len() as u64;
        for (index, program) in programs.iter().enumerate() {
            let counts = program.counts();
            let of_table = |table: usize| {
                let bits = |of: &[Vec<Tagged<f64>>]| {
                    of.get(index).and_then(|tables| tables.get(table)).copied().unwrap_or_default()
                };
                let used = counts.tables[table];
                let (tagged, padding) = (bits(tagged), bits(padding));
                let in_rows = |occupied: f64, of_padding: f64| PerRows {
                    occupied,
                    physical: occupied + padding_rows * of_padding,
                };
                TableEvents {
                    name: program.luts[table].name().to_owned(),
                    bits: used.bits,
                    row_searches: PerRows::uniform(used.compares, rows),
                    searched_bits: PerRows::uniform(used.compared_columns, rows),
                    tagged_bits: in_rows(tagged.cells, padding.cells),
                    broadcast_bits: PerRows::uniform(used.broadcast_bits, rows),
                    latch: LatchEvents {
                        searches: PerRows::uniform(used.compared_latches, rows),
                        tagged: in_rows(tagged.latches, padding.latches),
                        broadcast: PerRows::uniform(used.broadcast_latches, rows),
                    },
                }
            };
            let tables: Vec<TableEvents> =
                (0..program.luts.len()).filter(|&t| counts.tables[t].bits > 0).map(of_table).collect();
            let events = &mut all.events;
            for table in &tables {
                events.row_searches += table.row_searches;
                events.searched_bits += table.searched_bits;
                events.tagged_bits += table.tagged_bits;
                events.broadcast_bits += table.broadcast_bits;
                events.latch += table.latch;
            }
            events.driven_columns += (counts.compared_columns * blocks) as f64;
            events.track_steps += PerRows::uniform(counts.track_steps, rows);
            events.loaded_bits += (counts.loaded_bits * rows.occupied) as f64;
            events.stored_bits += (counts.stored_bits * rows.occupied) as f64;
            events.words_fetched += counts.words as f64;
            events.words_broadcast += (counts.words * blocks) as f64;
            TableEvents::merge(&mut all.tables, &tables);
        }
        all.events.serial = programs
            .iter()
            .fold(SerialSteps::default(), |steps, program| steps.alongside(program.counts().serial));
        all
    }
}
