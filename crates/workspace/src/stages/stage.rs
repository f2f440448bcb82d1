//! A stage: a part of an experiment whose result is kept by itself.

use std::any::Any;
use std::fmt::Debug;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tables::Table;

use crate::error::Failure;
use crate::inputs::Inputs;
use crate::progress::Progress;
use crate::stages::shard::Shard;
use crate::stages::store::{Key, Presence, StageKind, StageStore};

/// A part of an experiment whose result is kept by itself. Equal stages have equal results.
pub trait Stage: Debug + PartialEq + Send + Sync + 'static {
    /// What it gives.
    type Output: Serialize + DeserializeOwned + Send + Sync + 'static;
    /// What kind of stage it is of.
    const KIND: StageKind;

    /// Of what it is, in a line.
    fn what(&self) -> String;

    /// Whether it is small enough to be computed beside others of its kind; one that fills all cores and much memory is not.
    fn is_small(&self) -> bool {
        false
    }

    /// Everything that the result depends on beside the sources, in a stated order.
    ///
    /// # Errors
    /// If an input is missing or wrong.
    fn ingredients(&self, inputs: &Inputs<'_>) -> Result<Vec<String>, Failure>;

    /// Computes the result.
    ///
    /// # Errors
    /// If an input is missing or wrong, or a model refuses.
    fn compute(&self, inputs: &Inputs<'_>, progress: Progress) -> Result<Self::Output, Failure>;
}

/// Where the units of series come from.
#[derive(Debug, Default)]
pub(crate) enum Source<'t> {
    /// They are computed where they are not kept.
    #[default]
    Computed,
    /// Series take the units that shards ran.
    FromShards(&'t [Table]),
}

/// A declared stage of some kind, as the engine runs it.
pub(crate) trait AnyStage: Debug + Send + Sync {
    fn kind(&self) -> StageKind;
    fn what(&self) -> String;
    /// Everything that its result depends on beside the sources.
    fn ingredients(&self, inputs: &Inputs<'_>) -> Result<Vec<String>, Failure>;
    /// The key of its result, if it has one for all of it, and whether that is there.
    fn state(&self, inputs: &Inputs<'_>, store: &StageStore) -> Result<Option<(Key, Presence)>, Failure>;
    /// Its result.
    fn run(
        &self,
        inputs: &Inputs<'_>,
        store: &StageStore,
        source: &Source<'_>,
        progress: Progress,
    ) -> Result<Arc<dyn Any + Send + Sync>, Failure>;
    /// What a shard runs of it, as a table; nothing if it cannot be divided.
    fn shard(&self, inputs: &Inputs<'_>, shard: Shard, progress: Progress) -> Result<Option<Table>, Failure>;
    /// Its number among those that can be divided, if it can.
    fn series(&self) -> Option<u64>;
    /// How many of a table's rows are of it.
    fn rows(&self, table: &Table) -> Result<usize, Failure>;
    /// What is wrong with the units of a shard that are in a table, if anything is; with a draw, one of them is computed again.
    fn flaw(
        &self,
        inputs: &Inputs<'_>,
        shard: Shard,
        table: &Table,
        draw: Option<u64>,
    ) -> Result<Option<String>, Failure>;
    /// Whether it is computed beside others.
    fn is_small(&self) -> bool;
    fn as_any(&self) -> &dyn Any;
}

impl<S: Stage> AnyStage for S {
    fn kind(&self) -> StageKind {
        S::KIND
    }

    fn what(&self) -> String {
        Stage::what(self)
    }

    fn ingredients(&self, inputs: &Inputs<'_>) -> Result<Vec<String>, Failure> {
        Stage::ingredients(self, inputs)
    }

    fn state(&self, inputs: &Inputs<'_>, store: &StageStore) -> Result<Option<(Key, Presence)>, Failure> {
        let key = Key::new(S::KIND, Stage::ingredients(self, inputs)?);
        let presence = store.presence(&key);
        Ok(Some((key, presence)))
    }

    fn run(
        &self,
        inputs: &Inputs<'_>,
        store: &StageStore,
        _: &Source<'_>,
        progress: Progress,
    ) -> Result<Arc<dyn Any + Send + Sync>, Failure> {
        let key = Key::new(S::KIND, Stage::ingredients(self, inputs)?);
        let output: S::Output = store.get_or_compute(&key, || self.compute(inputs, progress))?;
        Ok(Arc::new(output))
    }

    fn shard(&self, _: &Inputs<'_>, _: Shard, _: Progress) -> Result<Option<Table>, Failure> {
        Ok(None)
    }

    fn series(&self) -> Option<u64> {
        None
    }

    fn rows(&self, _: &Table) -> Result<usize, Failure> {
        Ok(0)
    }

    fn flaw(&self, _: &Inputs<'_>, _: Shard, _: &Table, _: Option<u64>) -> Result<Option<String>, Failure> {
        Ok(None)
    }

    fn is_small(&self) -> bool {
        Stage::is_small(self)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
