//! How often programs run each table, and what other schedules of the tables make of their events.

use compiler::lut::LutKind;
use rtm_ap::{Events, Machine};

use super::Scheduled;

/// How often a network's programs run each table, in bits.
pub(super) struct TableUse {
    /// In all rows.
    rows: [f64; LutKind::ALL.len()],
    /// One after the other: of each layer the program with the most searches.
    serial: [u64; LutKind::ALL.len()],
}

impl TableUse {
    pub fn of(machine: &Machine) -> Self {
        let mut uses = Self { rows: [0.0; LutKind::ALL.len()], serial: [0; LutKind::ALL.len()] };
        for layer in machine.layers() {
            let physical = layer.rows().physical as f64;
            let longest = layer.counts().enumerate().max_by_key(|(_, counts)| counts.compares);
            for (index, counts) in layer.counts().enumerate() {
                for (table, used) in counts.tables.iter().enumerate().take(uses.rows.len()) {
                    uses.rows[table] += physical * used.bits as f64;
                    if longest.is_some_and(|(longest, _)| longest == index) {
                        uses.serial[table] += used.bits;
                    }
                }
            }
        }
        uses
    }

    /// The events with other schedules than the base's.
    pub fn with_schedules(&self, total: &Events, base: &[Scheduled], found: &[Scheduled]) -> Events {
        let of = |schedules: &[Scheduled], value: fn(&Scheduled) -> f64| -> f64 {
            self.rows.iter().zip(schedules).map(|(rows, schedule)| rows * value(schedule)).sum()
        };
        let serial = |schedules: &[Scheduled], value: fn(&Scheduled) -> u64| -> u64 {
            self.serial.iter().zip(schedules).map(|(bits, schedule)| bits * value(schedule)).sum()
        };
        let ratio = |value: fn(&Scheduled) -> f64| of(found, value) / of(base, value);
        let written = ratio(|schedule| schedule.written_bits);
        let compared = ratio(|schedule| schedule.compared_columns as f64);
        let mut events = *total;
        events.row_searches = events.row_searches * ratio(|schedule| schedule.compares as f64);
        events.searched_bits = events.searched_bits * compared;
        events.driven_columns *= compared;
        events.tagged_bits = events.tagged_bits * written;
        events.broadcast_bits = events.broadcast_bits * written;
        let change = |value: fn(&Scheduled) -> u64| (serial(found, value), serial(base, value));
        let (compares, before) = change(|schedule| schedule.compares);
        events.serial.compares = (events.serial.compares + compares).saturating_sub(before);
        let (writes, before) = change(|schedule| schedule.writes);
        events.serial.writes = (events.serial.writes + writes).saturating_sub(before);
        events
    }
}
