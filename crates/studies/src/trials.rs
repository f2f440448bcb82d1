//! Where the records of Monte Carlo trials come from: computed here and now, computed in part for a shard, or read from shards.
//!
//! A study asks for trials by the number of the point in its order. Which shard runs a trial depends on these two numbers alone,
//! and the records of a trial depend on its random stream alone, so that what shards bring together is what one run gives.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Range;

use faults::{PreparedPoint, Record};
use serde::{Deserialize, Serialize};
use tables::{Column, Schema, Table, round10};

use crate::error::RunError;

/// Records of trials, as shards keep them.
pub static RECORDS: Schema = Schema::new(
    "records",
    "Inferences that are not known to be as without faults, of the trials of a shard.",
    &[
        Column::integer("point", "", "Number of the point in the study's order."),
        Column::integer("trial", "", "The trial."),
        Column::integer("image", "", "The image."),
        Column::integer("class", "", "The class that it got."),
        Column::flag("changed_logits", "Whether any logit is other than without faults."),
        Column::integer("faults", "", "Faults that were drawn."),
        Column::integer("first_failing", "", "The first layer with another accumulator.").optional(),
        Column::real("noise", "", "Squared error of the logits, as a share of their square."),
        Column::integer("given_up", "", "Rows that never passed their check."),
    ],
);

/// A record as the store of stages keeps it.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct KeptRecord(u64, u32, u16, bool, u32, Option<u16>, f64, u32);

impl From<Record> for KeptRecord {
    fn from(record: Record) -> Self {
        let Record { trial, image, class, changed_logits, faults, first_failing, noise, given_up } = record;
        Self(trial, image, class, changed_logits, faults, first_failing, noise, given_up)
    }
}

impl From<KeptRecord> for Record {
    fn from(kept: KeptRecord) -> Self {
        let KeptRecord(trial, image, class, changed_logits, faults, first_failing, noise, given_up) = kept;
        Self { trial, image, class, changed_logits, faults, first_failing, noise, given_up }
    }
}

/// A part of a study's trials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// Which, counted from 0.
    pub index: u64,
    /// Of how many.
    pub count: u64,
}

impl Shard {
    /// Whether it runs a trial of a point.
    fn runs(self, point: u64, trial: u64) -> bool {
        (point + trial) % self.count == self.index
    }
}

/// Where records come from.
#[derive(Debug, Default)]
pub enum Trials {
    /// They are computed when they are asked for.
    #[default]
    Computed,
    /// Those of a shard are computed and kept; the others are left out.
    OfShard(Shard, RefCell<Vec<(u64, Record)>>),
    /// They were computed by shards; by point, in the order of trial and image.
    FromShards(BTreeMap<u64, Vec<Record>>),
}

impl Trials {
    /// Whether the records given are those of one shard only: then all trials have to be asked for, and what is made of them means
    /// nothing.
    pub fn is_partial(&self) -> bool {
        matches!(self, Self::OfShard(..))
    }

    /// The records of some trials of a point.
    ///
    /// # Errors
    /// If they cannot be computed.
    pub fn run(
        &self,
        point: u64,
        prepared: &PreparedPoint<'_>,
        trials: Range<u64>,
    ) -> Result<Vec<Record>, RunError> {
        match self {
            Self::Computed => Ok(rounded(prepared.run(trials)?)),
            Self::OfShard(shard, kept) => {
                let mut records = Vec::new();
                for trial in trials.filter(|&trial| shard.runs(point, trial)) {
                    records.extend(rounded(prepared.run(trial..trial + 1)?));
                }
                kept.borrow_mut().extend(records.iter().map(|&record| (point, record)));
                Ok(records)
            }
            Self::FromShards(records) => {
                let of_point = records.get(&point).map_or(&[][..], Vec::as_slice);
                let from = of_point.partition_point(|record| record.trial < trials.start);
                let to = of_point.partition_point(|record| record.trial < trials.end);
                Ok(of_point[from..to].to_vec())
            }
        }
    }

    /// What a shard kept, as a table.
    ///
    /// # Errors
    /// If the table does not take them.
    pub fn table(&self) -> Result<Table, RunError> {
        let mut table = Table::new(&RECORDS);
        if let Self::OfShard(_, kept) = self {
            for (point, record) in kept.borrow().iter() {
                table.push_row([
                    ("point", (*point as i64).into()),
                    ("trial", (record.trial as i64).into()),
                    ("image", i64::from(record.image).into()),
                    ("class", i64::from(record.class).into()),
                    ("changed_logits", record.changed_logits.into()),
                    ("faults", i64::from(record.faults).into()),
                    ("first_failing", record.first_failing.map(i64::from).into()),
                    ("noise", record.noise.into()),
                    ("given_up", i64::from(record.given_up).into()),
                ])?;
            }
        }
        Ok(table)
    }

    /// The records of the tables of all shards.
    ///
    /// # Errors
    /// If a table is not of shards.
    pub fn from_tables(tables: &[Table]) -> Result<Self, RunError> {
        let mut records: BTreeMap<u64, Vec<Record>> = BTreeMap::new();
        for table in tables {
            table.follows(&RECORDS)?;
            let (points, trials, images) =
                (table.integer("point")?, table.integer("trial")?, table.integer("image")?);
            let (classes, faults, given_up) =
                (table.integer("class")?, table.integer("faults")?, table.integer("given_up")?);
            let (changed, noise) = (table.flag("changed_logits")?, table.real("noise")?);
            let first_failing = table.optional_integer("first_failing")?;
            for row in 0..table.rows() {
                records.entry(points[row] as u64).or_default().push(Record {
                    trial: trials[row] as u64,
                    image: images[row] as u32,
                    class: classes[row] as u16,
                    changed_logits: changed[row],
                    faults: faults[row] as u32,
                    first_failing: first_failing[row].map(|layer| layer as u16),
                    noise: noise[row],
                    given_up: given_up[row] as u32,
                });
            }
        }
        for records in records.values_mut() {
            records.sort_by_key(|record| (record.trial, record.image));
        }
        Ok(Self::FromShards(records))
    }
}

/// Records with the digits that tables keep, so that it makes no difference whether they were in one.
fn rounded(mut records: Vec<Record>) -> Vec<Record> {
    records.iter_mut().for_each(|record| record.noise = round10(record.noise));
    records
}
