//! Stages that consist of many equal units, such as the trials of a point: they can be divided over machines, and go on until enough
//! is known.

use std::any::Any;
use std::fmt::Debug;
use std::ops::Range;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tables::{Table, TypedRow};

use crate::error::Failure;
use crate::inputs::Inputs;
use crate::progress::Progress;
use crate::stages::shard::Shard;
use crate::stages::stage::{AnyStage, Source};
use crate::stages::store::{Key, Presence, StageKind, StageStore};

/// What a unit gave, as shards write it.
pub trait Unit: Serialize + DeserializeOwned + Clone + Debug + Send + Sync + 'static {
    /// A row of the table that a shard writes.
    type Row: TypedRow;

    /// The row, for the series of a number.
    fn row(&self, series: u64) -> Self::Row;

    /// The number of the series, and what the unit gave.
    fn of_row(row: Self::Row) -> (u64, Self);

    /// The unit.
    fn unit(&self) -> u64;

    /// The same with the digits that tables keep, so that it makes no difference whether it was in one.
    #[must_use]
    fn rounded(self) -> Self;
}

/// A stage of units. Units are computed in steps; after each step the series may have enough.
pub trait Series: Debug + Send + Sync + 'static {
    /// What a unit gives, any number of them.
    type Item: Unit;
    /// What kind of stage it is of.
    const KIND: StageKind;

    /// Its number among the series of its experiment.
    fn number(&self) -> u64;

    /// Of what it is, in a line.
    fn what(&self) -> String;

    /// Everything that the units depend on beside the sources, in a stated order.
    ///
    /// # Errors
    /// If an input is missing or wrong.
    fn ingredients(&self, inputs: &Inputs<'_>) -> Result<Vec<String>, Failure>;

    /// The most units.
    fn most(&self) -> u64;

    /// Units of a step.
    fn step(&self) -> u64 {
        self.most()
    }

    /// Whether so many units, which gave these items, are enough.
    ///
    /// # Errors
    /// If an input is missing or wrong.
    fn is_enough(&self, _inputs: &Inputs<'_>, _items: &[Self::Item], units: u64) -> Result<bool, Failure> {
        Ok(units >= self.most())
    }

    /// Computes units, in their order.
    ///
    /// # Errors
    /// If an input is missing or wrong, or a model refuses.
    fn compute(&self, inputs: &Inputs<'_>, units: Range<u64>) -> Result<Vec<Self::Item>, Failure>;
}

/// What the units of a series gave.
#[derive(Debug, Clone, PartialEq)]
pub struct Ran<T> {
    /// In the order of the units.
    pub items: Vec<T>,
    /// How many units ran.
    pub units: u64,
}

/// A series among the stages of an experiment.
#[derive(Debug)]
pub(crate) struct SeriesStage<S>(pub S);

impl<S: Series> SeriesStage<S> {
    fn step(
        &self,
        inputs: &Inputs<'_>,
        store: &StageStore,
        ingredients: &[String],
        units: Range<u64>,
    ) -> Result<Vec<S::Item>, Failure> {
        let range = format!("{units:?}");
        let key = Key::new(S::KIND, ingredients.iter().chain([&range]));
        store.get_or_compute(&key, || self.computed(inputs, units))
    }

    fn computed(&self, inputs: &Inputs<'_>, units: Range<u64>) -> Result<Vec<S::Item>, Failure> {
        Ok(self.0.compute(inputs, units)?.into_iter().map(Unit::rounded).collect())
    }

    /// The items of this series in the tables of shards, in the order of their units.
    fn of_tables(&self, tables: &[Table]) -> Result<Vec<S::Item>, Failure> {
        let mut items: Vec<S::Item> = Vec::new();
        for table in tables {
            let rows = table.typed::<<S::Item as Unit>::Row>()?.into_iter().map(S::Item::of_row);
            items.extend(rows.filter(|(series, _)| *series == self.0.number()).map(|(_, item)| item));
        }
        // Stable: the items of a unit come from one shard, in their order.
        items.sort_by_key(Unit::unit);
        Ok(items)
    }
}

impl<S: Series> AnyStage for SeriesStage<S> {
    fn kind(&self) -> StageKind {
        S::KIND
    }

    fn what(&self) -> String {
        self.0.what()
    }

    fn ingredients(&self, inputs: &Inputs<'_>) -> Result<Vec<String>, Failure> {
        self.0.ingredients(inputs)
    }

    fn state(&self, _: &Inputs<'_>, _: &StageStore) -> Result<Option<(Key, Presence)>, Failure> {
        Ok(None)
    }

    fn run(
        &self,
        inputs: &Inputs<'_>,
        store: &StageStore,
        source: &Source<'_>,
        progress: Progress,
    ) -> Result<Arc<dyn Any + Send + Sync>, Failure> {
        let (most, mut units) = (self.0.most(), 0);
        let mut items: Vec<S::Item> = Vec::new();
        let known = match source {
            Source::FromShards(tables) => Some(self.of_tables(tables)?),
            Source::Computed => None,
        };
        let ingredients = self.0.ingredients(inputs)?;
        let bar = progress.bar("running trials", most);
        loop {
            let next = (units + self.0.step().max(1)).min(most);
            match &known {
                Some(known) => {
                    let of_step = |item: &&S::Item| (units..next).contains(&item.unit());
                    items.extend(known.iter().filter(of_step).cloned());
                }
                None => items.extend(self.step(inputs, store, &ingredients, units..next)?),
            }
            units = next;
            bar.set_position(units);
            if units == most || self.0.is_enough(inputs, &items, units)? {
                bar.finish_and_clear();
                return Ok(Arc::new(Ran { items, units }));
            }
        }
    }

    fn shard(&self, inputs: &Inputs<'_>, shard: Shard, _: Progress) -> Result<Option<Table>, Failure> {
        let number = self.0.number();
        let mut table = Table::new(<S::Item as Unit>::Row::SCHEMA);
        for unit in (0..self.0.most()).filter(|&unit| shard.runs(number, unit)) {
            for item in self.computed(inputs, unit..unit + 1)? {
                table.push(item.row(number))?;
            }
        }
        Ok(Some(table))
    }

    fn series(&self) -> Option<u64> {
        Some(self.0.number())
    }

    fn rows(&self, table: &Table) -> Result<usize, Failure> {
        Ok(self.of_tables(std::slice::from_ref(table))?.len())
    }

    fn flaw(
        &self,
        inputs: &Inputs<'_>,
        shard: Shard,
        table: &Table,
        draw: Option<u64>,
    ) -> Result<Option<String>, Failure> {
        let (number, most) = (self.0.number(), self.0.most());
        let items = self.of_tables(std::slice::from_ref(table))?;
        let foreign = |item: &&S::Item| item.unit() >= most || !shard.runs(number, item.unit());
        if let Some(item) = items.iter().find(foreign) {
            return Ok(Some(format!("unit {} of series {number} is none of its own", item.unit())));
        }
        let Some(unit) = draw.and_then(|draw| shard.drawn(number, most, draw)) else { return Ok(None) };
        let rows = |items: Vec<S::Item>| Table::of(items.into_iter().map(|item| item.row(number)));
        let again = rows(self.computed(inputs, unit..unit + 1)?)?;
        let there = rows(items.into_iter().filter(|item| item.unit() == unit).collect())?;
        let is_same = again == there;
        Ok((!is_same)
            .then(|| format!("unit {unit} of series {number} gives something else when it runs again")))
    }

    fn is_small(&self) -> bool {
        false
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
