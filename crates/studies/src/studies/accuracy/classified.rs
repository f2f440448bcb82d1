//! Images classified on hardware: stages.

use std::sync::Arc;

use crossbar::execution::AnalogCrossbar;
use network::{Accuracy, FeatureMap, ReferenceEngine};
use rayon::prelude::*;
use rtm_ap::ActivationsAt;
use serde::{Deserialize, Serialize};
use workspace::stages::{Stage, StageKind};
use workspace::{Failure, Inputs, Progress};

use super::AnalogPoint;
use crate::error::StudyError;
use crate::images::{Images, image_set};
use crate::loaded::network;
use crate::machine::MachineSettings;
use crate::run::{MACHINE_SOURCES, compiled};
use crate::simulation::{Plan, fitted, images_together};
use crate::technologies;

/// The fingerprint of the sources that compute what crossbars do.
const CROSSBAR_SOURCES: &str = env!("TRITRACK_CROSSBAR_SOURCES");

/// Images on the associative processor, every value of which is compared with the reference; one that differs is an error.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ByProcessor {
    /// The network, by name.
    pub network: String,
    /// The array and the compiler's options.
    pub machine: MachineSettings,
    /// The images; they need labels.
    pub images: Images,
}

/// How many images got their label's class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Correct {
    /// So many.
    pub correct: usize,
    /// Of so many.
    pub images: usize,
}

/// Images through a crossbar's converters.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ByCrossbar {
    /// The network, by name.
    pub network: String,
    /// The set.
    pub images: Images,
    /// How many of them, from the first on.
    pub count: usize,
    /// How many, from the last of the set back, calibrate converters: those that are least likely to be classified too.
    pub calibration: usize,
    pub crossbar: AnalogPoint,
}

/// What a crossbar answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Classified {
    /// Of every image.
    pub classes: Vec<usize>,
    /// Images that got another class than by integer inference.
    pub changed_answers: usize,
    /// Images of which any value differs.
    pub changed_images: usize,
}

impl Stage for ByProcessor {
    type Output = Correct;
    const KIND: StageKind = StageKind { name: "classification", sources: MACHINE_SOURCES };

    fn what(&self) -> String {
        format!("{}, {} images of {} on the processor", self.network, self.images.count, self.images.set)
    }

    fn ingredients(&self, inputs: &Inputs<'_>) -> Result<Vec<String>, Failure> {
        let loaded = network(inputs, &self.network)?;
        let images = image_set(inputs, &loaded, &self.images)?;
        let mut ingredients = loaded.fingerprints.clone();
        ingredients.extend([images.ingredient(self.images.count), format!("{:?}", self.machine.0)]);
        Ok(ingredients)
    }

    fn compute(&self, inputs: &Inputs<'_>, progress: Progress) -> Result<Correct, Failure> {
        let loaded = network(inputs, &self.network)?;
        let set = image_set(inputs, &loaded, &self.images)?.set.first(self.images.count)?;
        let labels = set.labels().ok_or_else(|| StudyError::NoLabels(set.name().to_owned()))?;
        let (network, at) = (Arc::clone(&loaded.network), ActivationsAt::Periphery);
        let machine = compiled(inputs, &self.network, network, &self.machine.0, at)?;
        let executed = Plan { machine: &machine, layers: &[], check: true }.run(&set, progress)?;
        let Accuracy { correct, images } = Accuracy::of(executed.classes.iter().copied(), labels);
        Ok(Correct { correct, images })
    }
}

impl Stage for ByCrossbar {
    type Output = Classified;
    const KIND: StageKind = StageKind { name: "analog-classification", sources: CROSSBAR_SOURCES };

    fn what(&self) -> String {
        format!("{}, {} images of {} on {}", self.network, self.count, self.images.set, self.crossbar.name)
    }

    fn ingredients(&self, inputs: &Inputs<'_>) -> Result<Vec<String>, Failure> {
        let loaded = network(inputs, &self.network)?;
        let images = image_set(inputs, &loaded, &self.images)?;
        let reading = self.crossbar.reading(&*technologies::crossbar(inputs, &self.crossbar.technology)?);
        let mut ingredients = loaded.fingerprints.clone();
        ingredients.extend([
            images.ingredient(self.count),
            self.calibration.to_string(),
            format!("{reading:?}"),
        ]);
        Ok(ingredients)
    }

    fn compute(&self, inputs: &Inputs<'_>, progress: Progress) -> Result<Classified, Failure> {
        let loaded = network(inputs, &self.network)?;
        let (network, shape) = (&loaded.network, loaded.network.input().shape());
        let all = &image_set(inputs, &loaded, &self.images)?.set;
        let calibration = fitted(all, shape, all.len().saturating_sub(self.calibration)..all.len())?;
        let reading = self.crossbar.reading(&*technologies::crossbar(inputs, &self.crossbar.technology)?);
        let crossbar = AnalogCrossbar::new(network, reading, &calibration)?;
        let set = all.first(self.count)?;
        let bar = progress.bar("inferring through converters", set.len() as u64);
        let of_image = |image: &FeatureMap| {
            let clean = network.evaluate(image, &mut ReferenceEngine)?;
            let mut engine = &crossbar;
            let analog = network.evaluate(image, &mut engine)?;
            bar.inc(1);
            Ok::<_, Failure>((analog.class(), analog.class() != clean.class(), analog != clean))
        };
        let mut found = Classified { classes: Vec::new(), changed_answers: 0, changed_images: 0 };
        let together = images_together(network);
        for first in (0..set.len()).step_by(together) {
            let images = fitted(&set, shape, first..set.len().min(first + together))?;
            for (class, other_class, other_value) in
                images.par_iter().map(of_image).collect::<Result<Vec<_>, _>>()?
            {
                found.classes.push(class);
                found.changed_answers += usize::from(other_class);
                found.changed_images += usize::from(other_value);
            }
        }
        bar.finish_and_clear();
        Ok(found)
    }
}
