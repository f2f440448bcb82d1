//! Stages as studies declare them, and their results.

use std::any::{Any, type_name};
use std::marker::PhantomData;
use std::sync::Arc;

use rayon::prelude::*;

use crate::error::{Failure, WorkspaceError};
use crate::stages::series::{Ran, Series, SeriesStage};
use crate::stages::stage::{AnyStage, Stage};

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
