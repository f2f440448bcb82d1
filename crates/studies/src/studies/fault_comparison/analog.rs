//! Crossbars whose cells and wires are not ideal: a stage for each condition.

use crossbar::CrossbarParameters;
use crossbar::execution::{AnalogCrossbar, Device, NonIdealities};
use faults::Stream;
use network::FeatureMap;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use technology::{Number, ParameterSet, Parameters, Prior, Quantity, Resistance};
use workspace::stages::{Stage, StageKind};
use workspace::{Failure, Inputs, Progress};

use crate::faulty::Faulty;
use crate::images::{image_set, labelled};
use crate::loaded::network;
use crate::simulation::fitted;
use crate::studies::accuracy::AnalogPoint;
use crate::technologies;

technology::parameters! {
    /// How resistive cells and wires differ from ideal ones.
    pub struct AnalogParameters {
        /// Standard deviation of the logarithm of a cell's conductance.
        conductance_spread: Number = "cell.conductance_spread" per "",
        /// Probability that a cell is stuck at its largest conductance.
        stuck_on: Number = "cell.stuck_on" per "",
        /// Probability that a cell is stuck at its smallest conductance.
        stuck_off: Number = "cell.stuck_off" per "",
        /// Resistance of a wire from one cell to the next.
        wire: Resistance = "wire.per_cell" per "",
    }
}

/// What is not ideal.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// The name in tables and figures.
    pub name: &'static str,
    /// Its number among the conditions: it keys the random streams.
    number: u64,
    non_idealities: NonIdealities,
}

impl Condition {
    /// Whether cells and wires are ideal.
    pub fn is_ideal(&self) -> bool {
        self.number == 0
    }
}

/// What is not ideal in a crossbar, condition by condition; the first is ideal, the last has all at the low ends of their ranges.
///
/// # Errors
/// If a parameter is missing.
pub(super) fn conditions(parameters: &ParameterSet) -> Result<Vec<Condition>, Failure> {
    let none = NonIdealities::default();
    let all = |a: &AnalogParameters| NonIdealities {
        conductance_spread: a.conductance_spread.base(),
        stuck_on: a.stuck_on.base(),
        stuck_off: a.stuck_off.base(),
        wire_resistance: a.wire,
    };
    let nominal = all(&AnalogParameters::resolve(parameters)?);
    // Cells and wires of a mature process.
    let at_low_ends = all(&AnalogParameters::resolve(&parameters.at_quantiles(Prior::Flat, |_| 0.05))?);
    let named = [
        ("converters alone", none),
        ("spread of conductances", NonIdealities { conductance_spread: nominal.conductance_spread, ..none }),
        ("stuck cells", NonIdealities { stuck_on: nominal.stuck_on, stuck_off: nominal.stuck_off, ..none }),
        ("resistance of wires", NonIdealities { wire_resistance: nominal.wire_resistance, ..none }),
        ("all of these", nominal),
        ("all of these, at the low ends of their ranges", at_low_ends),
    ];
    let condition = |(number, (name, non_idealities))| Condition { name, number, non_idealities };
    Ok((0..).zip(named).map(condition).collect())
}

/// Images through crossbars whose cells are drawn, trial by trial.
#[derive(Debug, Clone, PartialEq)]
pub struct Cells {
    /// The network and its images.
    pub faulty: Faulty,
    pub crossbar: AnalogPoint,
    /// Its number: it keys the random streams.
    pub number: u64,
    /// What is not ideal.
    pub condition: Condition,
    /// How many images, from the last of the set back, calibrate converters.
    pub calibration: usize,
    /// Times that cells are drawn.
    pub trials: u64,
}

/// The class of every image in every trial.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inferred(Vec<Vec<usize>>);

impl Inferred {
    /// How many trials there were.
    pub fn trials(&self) -> u64 {
        self.0.len() as u64
    }

    /// Of every image, the share of trials whose class is as asked for.
    pub fn shares(&self, is: impl Fn(usize, usize) -> bool) -> Vec<f64> {
        let images = self.0.first().map_or(0, Vec::len);
        let of_image = |image: usize| {
            let count = self.0.iter().filter(|classes| is(image, classes[image])).count();
            count as f64 / self.0.len() as f64
        };
        (0..images).map(of_image).collect()
    }

    /// Of every trial and image, 1 where the class is as asked for.
    pub fn each(&self, is: impl Fn(usize, usize) -> bool) -> Vec<Vec<f64>> {
        let of_trial = |classes: &Vec<usize>| {
            classes.iter().enumerate().map(|(image, &class)| f64::from(u8::from(is(image, class)))).collect()
        };
        self.0.iter().map(of_trial).collect()
    }
}

impl Stage for Cells {
    type Output = Inferred;
    const KIND: StageKind = StageKind { name: "analog-cells", sources: env!("TRITRACK_CROSSBAR_SOURCES") };

    fn what(&self) -> String {
        let (network, crossbar, condition) = (&self.faulty.network, &self.crossbar.name, self.condition.name);
        format!("{network} on {crossbar}: {condition}, {} trials", self.trials)
    }

    fn ingredients(&self, inputs: &Inputs<'_>) -> Result<Vec<String>, Failure> {
        let file = technologies::crossbar(inputs, &self.crossbar.technology)?;
        let parameters = CrossbarParameters::resolve(&file.parameters)?;
        let mut ingredients = self.faulty.ingredients(inputs)?;
        ingredients.extend([
            format!("{:?}", self.crossbar.reading(&file)),
            format!("{:?} {:?}", parameters.on_resistance, parameters.off_resistance),
            format!("{} {:?}", self.number, self.condition),
            format!("{} {}", self.calibration, self.trials),
        ]);
        Ok(ingredients)
    }

    fn compute(&self, inputs: &Inputs<'_>, progress: Progress) -> Result<Inferred, Failure> {
        let loaded = network(inputs, &self.faulty.network)?;
        let (network, shape) = (&loaded.network, loaded.network.input().shape());
        let all = &image_set(inputs, &loaded, &self.faulty.images)?.set;
        let calibration = fitted(all, shape, all.len().saturating_sub(self.calibration)..all.len())?;
        let images = labelled(inputs, &self.faulty.network, &self.faulty.images)?.images;
        let file = technologies::crossbar(inputs, &self.crossbar.technology)?;
        let parameters = CrossbarParameters::resolve(&file.parameters)?;
        let device =
            Device { on_resistance: parameters.on_resistance, off_resistance: parameters.off_resistance };
        let ideal = AnalogCrossbar::new(network, self.crossbar.reading(&file), &calibration)?;
        let bar = progress.bar("inferring in cells that are not ideal", self.trials);
        let mut classes = Vec::new();
        for trial in 0..self.trials {
            let Condition { number, non_idealities, .. } = &self.condition;
            let stream = Stream::cells(self.faulty.seed, self.number, trial, *number);
            let programmed = match self.condition.is_ideal() {
                true => ideal.clone(),
                false => ideal.clone().with_cells(device, non_idealities, &mut stream.generator()),
            };
            let of_image = |image: &FeatureMap| {
                let mut engine = &programmed;
                Ok::<_, Failure>(network.evaluate(image, &mut engine)?.class())
            };
            classes.push(images.par_iter().map(of_image).collect::<Result<_, _>>()?);
            bar.inc(1);
        }
        bar.finish_and_clear();
        Ok(Inferred(classes))
    }
}
