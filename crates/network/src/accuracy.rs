//! Top-1 accuracy.

use std::convert::Infallible;

use crate::inference::class_of;
use crate::{EvaluationError, ImageSet, Network};

/// How many images were classified as labelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accuracy {
    /// Images whose largest logit is their label's.
    pub correct: usize,
    /// Images classified.
    pub images: usize,
}

impl Accuracy {
    /// The share that is correct; 0 of none.
    pub fn share(self) -> f64 {
        if self.images == 0 { 0.0 } else { self.correct as f64 / self.images as f64 }
    }

    /// Counts the classes that are as labelled; the images beyond the shorter of both are not counted.
    pub fn of(classes: impl IntoIterator<Item = usize>, labels: &[u16]) -> Self {
        let hits = classes.into_iter().zip(labels).map(|(class, &label)| class == usize::from(label));
        hits.fold(Self { correct: 0, images: 0 }, |so_far, hit| Self {
            correct: so_far.correct + usize::from(hit),
            images: so_far.images + 1,
        })
    }
}

/// Why an accuracy cannot be measured.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccuracyError {
    /// The images' classes are not known.
    #[error("{0}: these images have no labels")]
    NoLabels(String),
    /// The images do not fit the network.
    #[error(transparent)]
    Evaluation(#[from] EvaluationError<Infallible>),
}

impl Network {
    /// Top-1 accuracy on labelled images, by the reference engine, in parallel.
    ///
    /// # Errors
    /// If the images have no labels or do not fit the network's input.
    pub fn accuracy(&self, images: &ImageSet) -> Result<Accuracy, AccuracyError> {
        let labels = images.labels().ok_or_else(|| AccuracyError::NoLabels(images.name().into()))?;
        let logits = self.infer_all(&images.feature_maps())?;
        Ok(Accuracy::of(logits.iter().map(|logits| class_of(logits)), labels))
    }
}
