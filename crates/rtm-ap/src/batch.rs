//! Several images that go through a layer together: their output positions fill rows side by side, and one fetch of the program
//! serves all that fit on the processors.

use crate::allocation::{LayerDemand, in_rounds};
use crate::events::{Events, PerRows};

/// What a layer asks for, and the rows that one image fills.
#[derive(Debug, Clone, Copy)]
pub struct LayerRows<'a> {
    /// Its programs and the processors that one image takes.
    pub demand: &'a LayerDemand,
    /// Rows that hold an output position of one image.
    pub occupied: u64,
    /// Rows of the processor that the events are of.
    pub array: u64,
    /// Rows of the processors that the batch runs on: a program does not depend on them.
    pub onto: u64,
}

impl Events {
    /// The events of a batch of images, on so many processors as are installed, from those of one image: what happens in rows and on the
    /// way to the buffer happens for every image; a program runs once for all rows that take part in it. A batch of one on as many
    /// processors of as many rows as it takes is the image itself. What a row without a position does is known only where one image leaves
    /// some empty; otherwise those of the batch are taken to rest.
    #[must_use]
    pub fn of_batch(&self, rows: LayerRows<'_>, images: u32, installed: u64) -> Self {
        let LayerRows { demand, occupied, array, onto } = rows;
        let programs = (demand.programs.len() as u64).max(1);
        let (array, onto) = (array.max(1), onto.max(1));
        let blocks_of_one = demand.processors / programs;
        let blocks = (occupied * u64::from(images)).div_ceil(onto);
        let images = f64::from(images);
        let padding_of_one = (blocks_of_one * array).saturating_sub(occupied);
        let padding = (blocks * onto) as f64 - occupied as f64 * images;
        let share = if padding_of_one == 0 { 0.0 } else { padding / padding_of_one as f64 };
        let in_rows = |count: PerRows| PerRows {
            occupied: count.occupied * images,
            physical: count.occupied * images + (count.physical - count.occupied) * share,
        };
        let block_share = blocks as f64 / blocks_of_one.max(1) as f64;
        let together = Self {
            row_searches: in_rows(self.row_searches),
            searched_bits: in_rows(self.searched_bits),
            driven_columns: self.driven_columns * block_share,
            precharged: self.precharged.map(in_rows),
            tagged_bits: in_rows(self.tagged_bits),
            broadcast_bits: in_rows(self.broadcast_bits),
            latch: self.latch.map(in_rows),
            track_steps: in_rows(self.track_steps),
            loaded_bits: self.loaded_bits * images,
            stored_bits: self.stored_bits * images,
            output_bits: self.output_bits * images,
            words_fetched: self.words_fetched,
            encoded_bits_fetched: self.encoded_bits_fetched,
            words_broadcast: self.words_broadcast * block_share,
            requantizations: self.requantizations * images,
            pool_operations: self.pool_operations * images,
            processors: blocks * programs,
            serial: self.serial,
        };
        let demand = LayerDemand { processors: blocks * programs, ..demand.clone() };
        in_rounds(&demand, together, installed)
    }
}

#[cfg(test)]
mod tests {
    use ap_program::SerialSteps;

    use super::*;
    use crate::allocation::ProgramDemand;
    use crate::segments::Precharges;

    /// 49 positions on arrays of 256 rows, two programs.
    fn layer() -> (Events, LayerDemand) {
        let serial =
            SerialSteps { compares: 100, writes: 90, shifts: 80, reads: 7, ..SerialSteps::default() };
        let program = |words| ProgramDemand { words, serial, encoded_bits: 10 * words, decoder_bits: 100 };
        let programs = vec![program(11), program(13)];
        let of_rows = |count: f64| PerRows { occupied: 49.0 * count, physical: 256.0 * count };
        let events = Events {
            row_searches: of_rows(4.0),
            track_steps: of_rows(3.0),
            tagged_bits: PerRows { occupied: 20.0, physical: 20.0 + 207.0 * 0.5 },
            loaded_bits: 49.0,
            words_fetched: 24.0,
            encoded_bits_fetched: 240.0,
            words_broadcast: 24.0,
            requantizations: 98.0,
            processors: 2,
            serial,
            ..Events::default()
        };
        (events, LayerDemand { processors: 2, programs, precharges: Precharges::default() })
    }

    #[test]
    fn a_batch_of_one_is_the_image() {
        let (events, demand) = layer();
        let rows = LayerRows { demand: &demand, occupied: 49, array: 256, onto: 256 };
        assert_eq!(events.of_batch(rows, 1, 2), events);
    }

    #[test]
    fn five_images_share_a_program_and_leave_eleven_rows_empty() {
        let (events, demand) = layer();
        let rows = LayerRows { demand: &demand, occupied: 49, array: 256, onto: 256 };
        let batch = events.of_batch(rows, 5, 2);
        assert_eq!((batch.words_fetched, batch.serial, batch.processors), (24.0, events.serial, 2));
        assert_eq!(batch.row_searches, PerRows { occupied: 5.0 * 196.0, physical: 1024.0 });
        assert!((batch.tagged_bits.physical - (100.0 + 11.0 * 0.5)).abs() < 1e-9);
        assert_eq!((batch.loaded_bits, batch.requantizations), (245.0, 490.0));
    }

    #[test]
    fn images_beyond_the_installed_processors_fetch_the_program_again() {
        let (events, demand) = layer();
        let rows = LayerRows { demand: &demand, occupied: 49, array: 256, onto: 256 };
        // 12 images take 3 blocks of rows, 6 processors with two programs: in three rounds of two.
        let batch = events.of_batch(rows, 12, 2);
        assert_eq!(batch.serial.compares, 300);
        assert_eq!(batch.processors, 2);
        assert_eq!(batch.words_broadcast, 72.0);
        assert_eq!(batch.words_fetched, 11.0 + 24.0 + 13.0);
        assert_eq!(batch.encoded_bits_fetched, 480.0);
    }
}
