//! Stages as studies declare them, and their results.

use std::any::{Any, type_name};
use std::fmt::Debug;
use std::marker::PhantomData;
use std::sync::Arc;

use rayon::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tables::Table;

use crate::error::{Failure, WorkspaceError};
use crate::inputs::Inputs;
use crate::progress::Progress;
use crate::shards::Shard;
use crate::stages::series::{Ran, Series, SeriesStage};
use crate::stages::store::{Key, Presence, StageStore};

/// What a stage computes, and which sources it is computed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StageKind {
    /// Its name, in files and messages.
    pub name: &'static str,
    /// The fingerprint of the sources of the crates that compute it.
    pub sources: &'static str,
}

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
    /// Whether it can be divided.
    fn is_series(&self) -> bool;
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

    fn state(&self, inputs: &Inputs<'_>, store: &StageStore) -> Result<Option<(Key, Presence)>, Failure> {
        let key = Key::new(S::KIND, self.ingredients(inputs)?);
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
        let key = Key::new(S::KIND, self.ingredients(inputs)?);
        let output: S::Output = store.get_or_compute(&key, || self.compute(inputs, progress))?;
        Ok(Arc::new(output))
    }

    fn shard(&self, _: &Inputs<'_>, _: Shard, _: Progress) -> Result<Option<Table>, Failure> {
        Ok(None)
    }

    fn is_series(&self) -> bool {
        false
    }

    fn is_small(&self) -> bool {
        Stage::is_small(self)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// The result of a declared stage, to come.
#[derive(Debug)]
pub struct Promise<T> {
    place: usize,
    of: PhantomData<fn() -> T>,
}

impl<T> Clone for Promise<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Promise<T> {}

/// The stages of an experiment, each once.
#[derive(Debug, Default)]
pub struct Declared {
    pub(crate) stages: Vec<Box<dyn AnyStage>>,
}

impl Declared {
    /// Declares a stage.
    pub fn stage<S: Stage>(&mut self, stage: S) -> Promise<S::Output> {
        let known = |known: &dyn AnyStage| known.as_any().downcast_ref::<S>() == Some(&stage);
        let place = self.stages.iter().position(|stage| known(&**stage)).unwrap_or_else(|| {
            self.stages.push(Box::new(stage));
            self.stages.len() - 1
        });
        Promise { place, of: PhantomData }
    }

    /// Declares a stage that consists of units.
    pub fn series<S: Series>(&mut self, series: S) -> Promise<Ran<S::Item>> {
        self.stages.push(Box::new(SeriesStage(series)));
        Promise { place: self.stages.len() - 1, of: PhantomData }
    }

    /// Computes all of them, in their order; small ones that follow one another are computed together.
    pub(crate) fn run(
        &self,
        run: impl Fn(&dyn AnyStage) -> Result<Arc<dyn Any + Send + Sync>, Failure> + Sync,
    ) -> Result<Results, Failure> {
        let mut values = Vec::with_capacity(self.stages.len());
        for group in self.stages.chunk_by(|a, b| a.is_small() && b.is_small()) {
            match group {
                [one] => values.push(run(&**one)?),
                many => {
                    let given: Result<Vec<_>, _> = many.par_iter().map(|stage| run(&**stage)).collect();
                    values.extend(given?);
                }
            }
        }
        Ok(Results { values })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.stages.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.stages.is_empty()
    }
}

/// What the declared stages gave.
#[derive(Debug, Default)]
pub struct Results {
    pub(crate) values: Vec<Arc<dyn Any + Send + Sync>>,
}

impl Results {
    /// The result of a stage.
    ///
    /// # Errors
    /// If the stage was declared by another study: a mistake in this one.
    pub fn of<T: Send + Sync + 'static>(&self, promise: Promise<T>) -> Result<Arc<T>, WorkspaceError> {
        let value = self.values.get(promise.place).map(Arc::clone);
        let value = value.and_then(|value| value.downcast::<T>().ok());
        value.ok_or(WorkspaceError::Undeclared { what: type_name::<T>() })
    }
}
