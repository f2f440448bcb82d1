//! Monte Carlo over images and trials: what faults do to a network's answers.

use std::convert::Infallible;
use std::ops::Range;
use std::sync::Arc;

use network::{Evaluation, EvaluationError, FeatureMap, ReferenceEngine, class_of};
use rayon::prelude::*;
use rtm_ap::{Effect, Machine, MachineError, Strike};

use crate::batch::{self, Inference};
use crate::mitigation::{Context, Mitigation};
use crate::models::{FaultKind, FaultModel, StuckCell, draw_stuck_cells};
use crate::rates::FaultRates;
use crate::sampling::{Fault, HazardMap, Sampling};
use crate::stream::Stream;

/// One point of a study.
#[derive(Debug, Clone, PartialEq)]
pub struct FaultPoint {
    /// How likely faults are.
    pub rates: FaultRates,
    /// Which kinds there are.
    pub kinds: Vec<FaultKind>,
    /// What protects the machine.
    pub mitigation: Mitigation,
    /// Which inferences are drawn.
    pub sampling: Sampling,
    /// The point's number: it keys the random streams. Points that share it see the same random numbers.
    pub stage: u64,
    /// The layers that faults strike; all if there is none.
    pub layers: Option<Range<usize>>,
}

/// An inference that is not known to be as without faults.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Record {
    pub trial: u64,
    pub image: u32,
    /// The class that it got.
    pub class: u16,
    /// Whether any logit is other than without faults.
    pub changed_logits: bool,
    /// Faults that were drawn.
    pub faults: u32,
    /// The first layer with an accumulator other than without faults.
    pub first_failing: Option<u16>,
    /// The sum of squares of the logits' differences to those without faults, as a share of the latter's sum of squares.
    pub noise: f64,
    /// Rows that never passed their check.
    pub given_up: u32,
}

/// Why a campaign cannot run.
#[derive(Debug, thiserror::Error)]
pub enum CampaignError {
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
    Machine(#[from] MachineError),
}

/// Images inferred without faults.
#[derive(Debug, Clone)]
pub struct CleanRun(Arc<[Evaluation]>);

impl CleanRun {
    /// Infers images without faults.
    ///
    /// # Errors
    /// If they do not fit the network.
    pub fn of(machine: &Machine, images: &[FeatureMap]) -> Result<Self, CampaignError> {
        let network = machine.network();
        let evaluate = |image: &FeatureMap| network.evaluate(image, &mut ReferenceEngine);
        Ok(Self(images.par_iter().map(evaluate).collect::<Result<Vec<_>, _>>()?.into()))
    }
}

/// A network, compiled, with images and their fault-free evaluations.
#[derive(Debug)]
pub struct Campaign<'a> {
    machine: &'a Machine,
    inputs: &'a [FeatureMap],
    labels: &'a [u16],
    clean: CleanRun,
    seed: u64,
    /// Inferences that run together; it bounds the memory.
    batch: usize,
}

/// Values of struck inferences that one thread keeps at once.
const VALUES_TOGETHER: usize = 16_000_000;

impl<'a> Campaign<'a> {
    /// Prepares a campaign: infers every image without faults.
    ///
    /// # Errors
    /// If images do not fit the network, or labels the images.
    pub fn new(
        machine: &'a Machine,
        images: &'a [FeatureMap],
        labels: &'a [u16],
        seed: u64,
    ) -> Result<Self, CampaignError> {
        Self::after(machine, images, labels, seed, CleanRun::of(machine, images)?)
    }

    /// A campaign over images that have been inferred without faults.
    ///
    /// # Errors
    /// If labels do not fit the images.
    pub fn after(
        machine: &'a Machine,
        images: &'a [FeatureMap],
        labels: &'a [u16],
        seed: u64,
        clean: CleanRun,
    ) -> Result<Self, CampaignError> {
        if images.len() != labels.len() || images.len() != clean.0.len() {
            return Err(CampaignError::Labels { labels: labels.len(), images: images.len() });
        }
        let network = machine.network();
        let values: usize =
            network.linear_layers().map(|(_, layer)| layer.input().len() + 2 * layer.output().len()).sum();
        let batch = (VALUES_TOGETHER / values.max(1)).clamp(4, 256);
        Ok(Self { machine, inputs: images, labels, clean, seed, batch })
    }

    /// The machine.
    pub fn machine(&self) -> &'a Machine {
        self.machine
    }

    /// The images' number.
    pub fn images(&self) -> usize {
        self.clean.0.len()
    }

    /// The images.
    pub fn inputs(&self) -> &'a [FeatureMap] {
        self.inputs
    }

    /// The images' labels.
    pub fn labels(&self) -> &'a [u16] {
        self.labels
    }

    /// The class that an image gets without faults.
    pub fn clean_class(&self, image: usize) -> Option<usize> {
        self.clean.0.get(image).map(Evaluation::class)
    }

    /// How many images get their label's class without faults.
    pub fn clean_correct(&self) -> u64 {
        let right = |(clean, label): &(&Evaluation, &u16)| clean.class() == usize::from(**label);
        self.clean.0.iter().zip(self.labels).filter(right).count() as u64
    }

    /// A point with the hazards of the machine's programs.
    pub fn prepare(&self, point: &FaultPoint) -> PreparedPoint<'_> {
        self.prepare_with(point, &point.mitigation.models(&point.kinds, &point.rates))
    }

    /// A point with other models of faults than those of its kinds.
    pub fn prepare_with(&self, point: &FaultPoint, models: &[Box<dyn FaultModel>]) -> PreparedPoint<'_> {
        let layers = point.layers.clone().unwrap_or(0..self.machine.layers().len());
        let hazards = HazardMap::new(self.machine, models, layers);
        PreparedPoint { campaign: self, point: point.clone(), models: format!("{models:?}"), hazards }
    }
}

/// A point of a campaign, ready to run.
pub struct PreparedPoint<'c> {
    campaign: &'c Campaign<'c>,
    point: FaultPoint,
    models: String,
    hazards: HazardMap<'c>,
}

impl PreparedPoint<'_> {
    /// The point.
    pub fn point(&self) -> &FaultPoint {
        &self.point
    }

    /// The models of faults that strike, with their rates, as text: what the point's kinds and protection come to.
    pub fn models(&self) -> &str {
        &self.models
    }

    /// The campaign.
    pub fn campaign(&self) -> &Campaign<'_> {
        self.campaign
    }

    /// The expected number of faults in one inference, in all copies of the rows, stuck cells not counted.
    pub fn expected_faults(&self) -> f64 {
        self.hazards.total() * f64::from(self.point.mitigation.copies())
    }

    /// The probability that an inference is of the kind that is drawn.
    pub fn weight(&self) -> f64 {
        self.point.sampling.weight(self.hazards.total())
    }

    /// Runs some trials over all images; gives a record of each inference that a fault strikes, in the order of trial and
    /// image. All others answer as without faults.
    ///
    /// # Errors
    /// If the machine fails.
    pub fn run(&self, trials: Range<u64>) -> Result<Vec<Record>, CampaignError> {
        let images = self.campaign.images() as u64;
        let hardware: Vec<Vec<StuckCell>> = trials.clone().map(|trial| self.hardware(trial)).collect();
        let start = trials.start;
        let struck: Vec<(u64, u64)> = (trials.start * images..trials.end * images)
            .into_par_iter()
            .map(|number| (number / images, number % images))
            .filter(|&(trial, image)| {
                !hardware[(trial - start) as usize].is_empty() || self.is_struck(trial, image)
            })
            .collect();
        let batches = struck
            .par_chunks(self.campaign.batch)
            .map(|chunk| self.batch(chunk, |trial| hardware[(trial - start) as usize].as_slice()))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(batches.into_iter().flatten().collect())
    }

    /// The stream of the faults of a copy of an image's rows.
    fn faults(&self, trial: u64, image: u64, copy: u64) -> Stream {
        Stream::faults(self.campaign.seed, self.point.stage, trial, image, copy)
    }

    /// Whether any copy of any row has a fault.
    fn is_struck(&self, trial: u64, image: u64) -> bool {
        (0..u64::from(self.point.mitigation.copies())).any(|copy| {
            let mut generator = self.faults(trial, image, copy).generator();
            self.hazards.first(self.point.sampling, &mut generator) < self.hazards.total()
        })
    }

    /// The stuck cells of a trial's hardware.
    fn hardware(&self, trial: u64) -> Vec<StuckCell> {
        if !self.point.kinds.contains(&FaultKind::StuckCell) {
            return Vec::new();
        }
        let machine = self.campaign.machine;
        let copies = u64::from(self.point.mitigation.copies());
        let mut generator = Stream::hardware(self.campaign.seed, self.point.stage, trial).generator();
        let rate = self.point.rates.stuck_cell;
        let cells =
            draw_stuck_cells(rate, copies * installed(machine), machine.options().geometry, &mut generator);
        self.point.mitigation.repair(cells)
    }

    fn batch<'h>(
        &self,
        chunk: &[(u64, u64)],
        hardware: impl Fn(u64) -> &'h [StuckCell] + Sync,
    ) -> Result<Vec<Record>, CampaignError> {
        let campaign = self.campaign;
        let context = Context { machine: campaign.machine, hazards: &self.hazards, rates: &self.point.rates };
        let (mut inferences, counts): (Vec<Inference<'_>>, Vec<(u32, u32)>) = chunk
            .par_iter()
            .map(|&(trial, image)| {
                let faults: Vec<Vec<Fault>> = (0..u64::from(self.point.mitigation.copies()))
                    .map(|copy| {
                        let mut generator = self.faults(trial, image, copy).generator();
                        let first = self.hazards.first(self.point.sampling, &mut generator);
                        let mut faults = self.hazards.draw(first, &mut generator);
                        faults.extend(stuck_faults(campaign.machine, hardware(trial), copy));
                        faults.sort_unstable();
                        faults
                    })
                    .collect();
                // That a track comes back into step is no fault of its own.
                let is_fault = |fault: &&Fault| !matches!(fault.strike.effect, Effect::Realign { .. });
                let count = faults.iter().flatten().filter(is_fault).count() as u32;
                let stream = Stream::protection(campaign.seed, self.point.stage, trial, image);
                let mut generator = stream.generator();
                let left = self.point.mitigation.treat(&faults, &context, &mut generator);
                let clean = &campaign.clean.0[image as usize];
                let inference = Inference::new(campaign.machine.network(), clean, left.rows);
                (inference, (count, left.given_up))
            })
            .unzip();
        batch::run(campaign.machine, &mut inferences)?;
        let record = |index: usize| {
            let ((trial, image), inference, (faults, given_up)) =
                (chunk[index], &inferences[index], counts[index]);
            let clean = campaign.clean.0[image as usize].logits();
            let logits = inference.logits.as_deref().unwrap_or(clean);
            Record {
                trial,
                image: image as u32,
                class: class_of(logits) as u16,
                changed_logits: logits != clean,
                faults,
                first_failing: inference.first_failing.map(|layer| layer as u16),
                noise: noise(logits, clean),
                given_up,
            }
        };
        Ok((0..chunk.len()).map(record).collect())
    }
}

/// Processors of the largest layer: all layers run on the same ones.
pub(crate) fn installed(machine: &Machine) -> u64 {
    machine.layers().iter().map(rtm_ap::MachineLayer::processors).max().unwrap_or(0)
}

/// The squared distance of logits from those without faults, as a share of the latter's squared length.
fn noise(logits: &[i64], clean: &[i64]) -> f64 {
    let square = |value: f64| value * value;
    let signal: f64 = clean.iter().map(|&logit| square(logit as f64)).sum();
    let noise: f64 =
        logits.iter().zip(clean).map(|(&a, &b)| square((i128::from(a) - i128::from(b)) as f64)).sum();
    if noise == 0.0 { 0.0 } else { noise / signal.max(1.0) }
}

/// What stuck cells do to the rows that a copy's processors hold in each layer.
fn stuck_faults(machine: &Machine, cells: &[StuckCell], copy: u64) -> Vec<Fault> {
    let rows = machine.options().geometry.rows() as u64;
    let first = copy * installed(machine);
    let mut faults = Vec::new();
    for (layer, prepared) in machine.layers().iter().enumerate() {
        let (count, programs) = (prepared.rows(), prepared.compiled().programs.len() as u64);
        let blocks = count.physical / rows;
        for cell in cells {
            let Some(processor) = u64::from(cell.processor).checked_sub(first) else { continue };
            let (program, position) = (processor / blocks, processor % blocks * rows + u64::from(cell.row));
            if program < programs && position < count.occupied {
                let effect = Effect::Stick { column: cell.column, value: cell.value };
                faults.push(Fault {
                    layer: layer as u32,
                    program: program as u32,
                    position: position as u32,
                    strike: Strike { instruction: 0, bit: 0, effect },
                });
            }
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use ap_program::Geometry;
    use compiler::{Layout, Options, Sharing};
    use network::{Accumulators, ImageSet, LinearEngine, LinearLayer, Network};
    use rtm_ap::StruckRow;
    use technology::{Parameters, TechnologyFile};

    use super::*;
    use crate::mitigation::RowRuns;
    use crate::rates::LiteratureRates;
    use sample_networks::random_network;

    /// Executes every row of every layer, struck or not, and infers nothing from what changed.
    struct Direct<'d> {
        machine: &'d Machine,
        rows: &'d [RowRuns],
        layer: usize,
    }

    impl LinearEngine for Direct<'_> {
        type Error = MachineError;

        fn accumulate(
            &mut self,
            layer: &LinearLayer,
            input: &FeatureMap,
        ) -> Result<Accumulators, MachineError> {
            let prepared = &self.machine.layers()[self.layer];
            let shape = layer.output();
            let mut sums = vec![0; shape.len()];
            for program in 0..prepared.compiled().programs.len() {
                let strikes = |position: usize| {
                    let here = |row: &&RowRuns| {
                        (row.layer as usize, row.program as usize, row.position as usize)
                            == (self.layer, program, position)
                    };
                    self.rows.iter().find(here).map_or(&[][..], |row| row.runs[0].as_slice())
                };
                let rows: Vec<StruckRow<'_>> = (0..shape.positions())
                    .map(|position| StruckRow { input, position, strikes: strikes(position) })
                    .collect();
                for (output, values) in prepared.execute_struck(program, &rows)? {
                    let start = output as usize * shape.positions();
                    sums[start..start + values.len()].copy_from_slice(&values);
                }
            }
            self.layer += 1;
            Ok(Accumulators::new(shape, sums).unwrap())
        }
    }

    fn literature() -> FaultRates {
        let experiments = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments");
        let file = experiments.join("technology/faults/literature.yaml");
        let file = TechnologyFile::<()>::load(&file, &[LiteratureRates::DECLARATIONS]).unwrap();
        FaultRates::of(&LiteratureRates::resolve(&file.parameters).unwrap()).unwrap()
    }

    fn machine(network: Network) -> Machine {
        let options = Options {
            geometry: Geometry::new(256, 256, 64).unwrap(),
            sharing: Sharing::PerChannel,
            layout: Layout::Along,
            outputs_per_processor: None,
        };
        Machine::compile(Arc::new(network), &options).unwrap()
    }

    /// Compares the records of the first images of a trial with inferences in which every row of every layer is executed.
    fn compare(campaign: &Campaign<'_>, machine: &Machine, images: &[FeatureMap], point: &FaultPoint) {
        let prepared = campaign.prepare(point);
        let records = prepared.run(0..1).unwrap();
        assert_eq!(records.len(), images.len());
        for (image, record) in records.iter().enumerate().take(3) {
            let mut generator = prepared.faults(0, image as u64, 0).generator();
            let first = prepared.hazards.first(point.sampling, &mut generator);
            let faults = prepared.hazards.draw(first, &mut generator);
            let context = Context { machine, hazards: &prepared.hazards, rates: &point.rates };
            let left = point.mitigation.treat(&[faults], &context, &mut generator);
            let mut direct = Direct { machine, rows: &left.rows, layer: 0 };
            let evaluation = machine.network().evaluate(&images[image], &mut direct).unwrap();
            let clean = campaign.clean.0[image].logits();
            assert_eq!(usize::from(record.class), evaluation.class());
            assert_eq!(
                record.noise,
                noise(evaluation.logits(), clean),
                "{}, image {image}",
                point.mitigation
            );
        }
    }

    fn point(rate: f64, mitigation: Mitigation, stage: u64) -> FaultPoint {
        FaultPoint {
            rates: FaultRates {
                write_failure: rate,
                pinning: rate,
                ..literature().with_shift_rate(rate).unwrap()
            },
            kinds: vec![FaultKind::OutOfStepByOne, FaultKind::WriteFailure, FaultKind::Pinning],
            mitigation,
            sampling: Sampling::AtLeastOneFault,
            stage,
            layers: None,
        }
    }

    #[test]
    fn an_inference_in_a_batch_is_that_of_executing_every_row_of_every_layer() {
        let experiments = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments");
        let (_, network) = Network::load(&experiments.join("networks/vgg8-fashion-s85-a4.yaml")).unwrap();
        let golden = experiments.join("networks/golden/vgg8-fashion-s85-a4.safetensors.zst");
        let golden = ImageSet::from_golden(&golden).unwrap();
        let (images, labels) = (golden.feature_maps(), golden.labels().unwrap());
        let machine = machine(network);
        let campaign = Campaign::new(&machine, &images, labels, 11).unwrap();
        for (stage, (rate, mitigation)) in (0..).zip([
            (1e-8, Mitigation::None),
            (1e-6, Mitigation::None),
            (1e-6, Mitigation::RealignEachLoad),
        ]) {
            compare(&campaign, &machine, &images, &point(rate, mitigation, stage));
        }
    }

    #[test]
    fn faults_are_followed_through_networks_of_any_graph() {
        for network in 0..40_u32 {
            let choices: Vec<u32> =
                (0..64_u32).map(|n| (network * 64 + n).wrapping_mul(2_654_435_761) >> 7).collect();
            let network = Network::from_seed(&random_network(&choices)).unwrap();
            let shape = network.input().shape();
            let image = |image: usize| {
                let pixels = (0..shape.len()).map(|place| ((place * 89 + image * 31) % 256) as u16);
                FeatureMap::new(shape, pixels.collect()).unwrap()
            };
            let (images, machine): (Vec<FeatureMap>, Machine) =
                ((0..2).map(image).collect(), machine(network));
            let campaign = Campaign::new(&machine, &images, &[0, 0], 11).unwrap();
            for (stage, rate) in [(0, 1e-5), (1, 1e-3)] {
                compare(&campaign, &machine, &images, &point(rate, Mitigation::None, stage));
            }
        }
    }
}
