//! Monte Carlo over images and trials: what shift faults do to a network's answers.
//!
//! Only what a fault touches is executed. The hazard of a whole image is known from its programs; an image whose hazard stays
//! below the first draw has no slip and keeps its fault-free answer. Otherwise layers before the first slip keep their
//! fault-free accumulators, a layer with slips is executed on slipping tracks, and layers after it are inferred from the
//! changed activations.

use std::convert::Infallible;

use network::{
    Accumulators, Evaluation, EvaluationError, FeatureMap, LinearEngine, LinearLayer, Network,
    ReferenceEngine, class_of,
};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use rtm_ap::{Machine, MachineError, MachineLayer};

use crate::rates::ShiftFaultRates;
use crate::slips::{RandomSlips, exponential};
use crate::stream::Stream;

/// When displaced tracks are brought back into step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Realignment {
    /// Between layers only: the unprotected machine, whose tracks are filled anew with every layer.
    EachLayer,
    /// Also whenever windows are loaded, once for each group of input channels.
    EachLoad,
}

impl Realignment {
    /// The name in files and tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::EachLayer => "none",
            Self::EachLoad => "realign-each-load",
        }
    }
}

/// One point of a study.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FaultPoint {
    /// The probabilities of slips.
    pub rates: ShiftFaultRates,
    /// When tracks are re-aligned.
    pub realignment: Realignment,
    /// The point's number: it keys the random streams. Points that share it see the same random numbers.
    pub stage: u64,
}

/// What a point gave, over all trials and images.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PointResult {
    /// Images inferred: trials x images.
    pub inferences: u64,
    /// Of these, how many got the label's class.
    pub correct: u64,
    /// How many got another class than without faults.
    pub changed_answers: u64,
    /// How many had any logit other than without faults.
    pub changed_logits: u64,
    /// How many had at least one slip.
    pub with_slips: u64,
    /// Slips, in all inferences.
    pub slips: u64,
}

impl std::ops::AddAssign for PointResult {
    fn add_assign(&mut self, other: Self) {
        self.inferences += other.inferences;
        self.correct += other.correct;
        self.changed_answers += other.changed_answers;
        self.changed_logits += other.changed_logits;
        self.with_slips += other.with_slips;
        self.slips += other.slips;
    }
}

/// Why a study cannot run.
#[derive(Debug, thiserror::Error)]
pub enum StudyError {
    /// The number of labels is not the number of images.
    #[error("{labels} labels given for {images} images")]
    Labels {
        /// Labels.
        labels: usize,
        /// Images.
        images: usize,
    },
    /// An image does not fit the network.
    #[error(transparent)]
    Reference(#[from] EvaluationError<Infallible>),
    /// The machine failed.
    #[error(transparent)]
    Machine(#[from] EvaluationError<MachineError>),
}

/// A network, compiled, with images and their fault-free evaluations.
#[derive(Debug)]
pub struct Study<'a> {
    machine: &'a Machine,
    images: &'a [FeatureMap],
    labels: &'a [u8],
    clean: Vec<Evaluation>,
    seed: u64,
}

impl<'a> Study<'a> {
    /// Prepares a study: infers every image without faults.
    ///
    /// # Errors
    /// If images do not fit the network, or labels the images.
    pub fn new(
        machine: &'a Machine,
        images: &'a [FeatureMap],
        labels: &'a [u8],
        seed: u64,
    ) -> Result<Self, StudyError> {
        if images.len() != labels.len() {
            return Err(StudyError::Labels { labels: labels.len(), images: images.len() });
        }
        let network = machine.network();
        let clean = images
            .par_iter()
            .map(|image| network.evaluate(image, &mut ReferenceEngine))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self { machine, images, labels, clean, seed })
    }

    /// How many images get their label's class without faults.
    pub fn clean_correct(&self) -> u64 {
        self.clean
            .iter()
            .zip(self.labels)
            .filter(|(clean, label)| clean.class() == usize::from(**label))
            .count() as u64
    }

    /// The expected number of slips in one inference.
    pub fn expected_slips(&self, rates: ShiftFaultRates) -> f64 {
        self.machine.layers().iter().map(|layer| layer_hazard(layer, rates)).sum()
    }

    /// Runs one trial of a point over all images.
    ///
    /// # Errors
    /// If the machine fails.
    pub fn trial(&self, point: &FaultPoint, trial: u64) -> Result<PointResult, StudyError> {
        let hazards: Vec<f64> =
            self.machine.layers().iter().map(|layer| layer_hazard(layer, point.rates)).collect();
        let results: Vec<PointResult> = (0..self.images.len())
            .into_par_iter()
            .map(|image| self.inference(point, trial, image, &hazards))
            .collect::<Result<_, _>>()?;
        let mut total = PointResult::default();
        results.into_iter().for_each(|result| total += result);
        Ok(total)
    }

    fn inference(
        &self,
        point: &FaultPoint,
        trial: u64,
        image: usize,
        hazards: &[f64],
    ) -> Result<PointResult, StudyError> {
        let stream = Stream { seed: self.seed, stage: point.stage, trial, unit: image as u64 };
        let mut generator = stream.generator();
        let remaining = exponential(&mut generator);
        let clean = &self.clean[image];
        let label = usize::from(self.labels[image]);
        let mut result = PointResult { inferences: 1, ..PointResult::default() };
        if remaining > hazards.iter().sum() {
            result.correct = u64::from(clean.class() == label);
            return Ok(result);
        }
        let mut engine = FaultyEngine {
            machine: self.machine,
            clean,
            point,
            hazards,
            generator: &mut generator,
            remaining,
            layer: 0,
            touched: false,
            slips: 0,
        };
        let network: &Network = self.machine.network();
        let evaluation = network.evaluate(&self.images[image], &mut engine)?;
        let class = class_of(evaluation.logits());
        result.correct = u64::from(class == label);
        result.changed_answers = u64::from(class != clean.class());
        result.changed_logits = u64::from(evaluation.logits() != clean.logits());
        result.with_slips = u64::from(engine.slips > 0);
        result.slips = engine.slips;
        Ok(result)
    }
}

/// The expected slips of a layer in one inference.
fn layer_hazard(layer: &MachineLayer, rates: ShiftFaultRates) -> f64 {
    let of_row: f64 = layer
        .counts()
        .iter()
        .flat_map(|counts| counts.moves.iter().enumerate())
        .map(|(distance, &moves)| moves as f64 * rates.hazard(distance))
        .sum();
    of_row * layer.rows().occupied as f64
}

struct FaultyEngine<'e> {
    machine: &'e Machine,
    clean: &'e Evaluation,
    point: &'e FaultPoint,
    hazards: &'e [f64],
    generator: &'e mut ChaCha8Rng,
    /// Hazard until the next slip.
    remaining: f64,
    layer: usize,
    /// Whether a slip has happened, so that activations may differ from the clean ones.
    touched: bool,
    slips: u64,
}

impl LinearEngine for FaultyEngine<'_> {
    type Error = MachineError;

    fn accumulate(&mut self, layer: &LinearLayer, input: &FeatureMap) -> Result<Accumulators, MachineError> {
        let index = self.layer;
        self.layer += 1;
        let Some((prepared, &hazard)) = self.machine.layers().get(index).zip(self.hazards.get(index)) else {
            return Err(MachineError::Unknown(layer.name().to_owned()));
        };
        // The draw is without memory: what a layer without a slip used up of it is simply gone.
        if self.remaining > hazard {
            self.remaining -= hazard;
            let id = self.machine.network().layer_named(layer.name()).map(|(id, _)| id);
            let clean = id.and_then(|id| self.clean.accumulators(id));
            return match clean {
                Some(clean) if !self.touched => Ok(clean.clone()),
                _ => ReferenceEngine
                    .accumulate(layer, input)
                    .map_err(|_: Infallible| MachineError::Unknown(layer.name().to_owned())),
            };
        }
        self.touched = true;
        let domains = self.machine.options().geometry.domains();
        let (rates, realignment) = (self.point.rates, self.point.realignment);
        let mut slips = RandomSlips::new(self.generator, rates, domains, self.remaining, realignment);
        let (accumulators, outcome) = prepared.execute_slipping(input, &mut slips)?;
        self.remaining = slips.remaining();
        self.slips += outcome.slips;
        Ok(accumulators)
    }
}
