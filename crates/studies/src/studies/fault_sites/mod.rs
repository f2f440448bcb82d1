//! What one fault does to an answer, by the layer and by the bit where it strikes.

mod figure;
mod single;

use faults::{Campaign, FaultKind, Record, Stream, Summary};
use figures::Figure;
use rtm_ap::MachineLayer;
use schemars::JsonSchema;
use serde::Deserialize;
use tables::{Schema, Table, TypedRow};
use workspace::stages::{Declared, Promise, Ran, Results};
use workspace::{Checks, Failure, Inputs, Manifest, Study, rows_of};
use yaml::FieldPath;

use crate::faulty::Faulty;
use crate::images::Images;
use crate::machine::MachineSettings;
use crate::names::{FaultRatesName, NetworkName};
use crate::technologies;
use crate::trials::{KeptRecord, Trials, prepared, records};
use single::{KINDS, SingleFaults, Site, certain};

/// What one fault does, by layer and by bit.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FaultSitesStudy {
    /// The network.
    #[schemars(with = "NetworkName")]
    network: String,
    /// The images; they need labels.
    images: Images,
    /// The associative processor.
    machine: MachineSettings,
    /// The file of fault rates, for how slips depend on the distance.
    #[schemars(with = "FaultRatesName")]
    rates: String,
    /// Times that all images are inferred with one fault, for each layer, and for each layer and bit.
    #[schemars(range(min = 1))]
    trials: u64,
    /// Confidence of the intervals.
    #[schemars(extend("exclusiveMinimum" = 0, "exclusiveMaximum" = 1))]
    confidence: f64,
}

tables::table! {
    /// Inferences with exactly one fault in a layer, at a random place of its run: what comes of it.
    pub struct LayerRow: "by_layer" {
        /// Name of the network.
        network: String,
        /// Name of the layer.
        layer: String,
        /// Kind of fault.
        fault: String,
        /// Images times trials.
        inferences: u64,
        /// Share with another class than without the fault.
        changed_answers: f64,
        /// Lower end of its interval: the wider of a bootstrap over images and Clopper-Pearson's, which takes inferences for independent.
        changed_low: f64,
        /// Upper end of it, in the same way.
        changed_high: f64,
        /// Share with a logit other than without the fault.
        changed_logits: f64,
        /// Mean squared error of the logits, as a share of their square.
        noise: f64,
        /// Lower end of its interval: bootstrap over images.
        noise_low: f64,
        /// Upper end of it.
        noise_high: f64,
        /// Share of the network's faults of this kind that strike the layer.
        share_of_hazard: f64,
        /// Confidence of the interval.
        confidence: f64,
    }
}

tables::table! {
    /// Inferences with exactly one failed write to a bit of an accumulator of a layer: what comes of it.
    pub struct BitRow: "by_bit" {
        /// Name of the network.
        network: String,
        /// Name of the layer.
        layer: String,
        /// The bit, 0 for the least significant.
        bit: u8,
        /// Images times trials.
        inferences: u64,
        /// Share with another class than without the fault.
        changed_answers: f64,
        /// Lower end of its interval: the wider of a bootstrap over images and Clopper-Pearson's, which takes inferences for independent.
        changed_low: f64,
        /// Upper end of it, in the same way.
        changed_high: f64,
        /// Share with a logit other than without the fault.
        changed_logits: f64,
        /// Mean squared error of the logits, as a share of their square.
        noise: f64,
        /// Lower end of its interval: bootstrap over images.
        noise_low: f64,
        /// Upper end of it.
        noise_high: f64,
        /// Confidence of the interval.
        confidence: f64,
    }
}

/// The sites, each with its faults to come.
pub type Stages = Vec<(SingleFaults, Promise<Ran<KeptRecord>>)>;

impl Study for FaultSitesStudy {
    const NAME: &'static str = "fault_sites";
    const MEANING: &'static str = "What one fault does, by layer and by bit.";
    const TABLES: &'static [&'static Schema] = &[LayerRow::SCHEMA, BitRow::SCHEMA];
    type Stages = Stages;

    fn check(&self, path: &FieldPath, checks: &mut Checks<'_>) {
        self.images.check(path, &self.network, checks);
    }

    fn points(&mut self) -> Vec<&mut dyn std::any::Any> {
        vec![&mut self.network, &mut self.images, &mut self.machine]
    }

    fn trim(&mut self) {
        self.images.at_most(30);
        self.trials = self.trials.min(2);
    }

    fn stages(
        &self,
        manifest: &Manifest,
        inputs: &Inputs<'_>,
        declared: &mut Declared,
    ) -> Result<Stages, Failure> {
        let faulty = self.faulty(manifest);
        let rates = certain(&technologies::fault_rates(inputs, &self.rates)?)?;
        let machine = faulty.machine(inputs)?;
        let layers = 0..machine.layers().len();
        let by_kind =
            KINDS.into_iter().flat_map(|kind| layers.clone().map(move |layer| Site::Kind { kind, layer }));
        let bits = machine.layers().iter().map(accumulator_bits).enumerate();
        let by_bit = bits.flat_map(|(layer, bits)| (0..bits).map(move |bit| Site::Bit { layer, bit }));
        let site = |(number, site): (u64, Site)| {
            let point = site.point(rates, number);
            let trials = Trials { faulty: faulty.clone(), point, number, trials: self.trials };
            let faults = SingleFaults { site, trials };
            (faults.clone(), declared.series(faults))
        };
        Ok((0..).zip(by_kind.chain(by_bit)).map(site).collect())
    }

    fn tables(
        &self,
        manifest: &Manifest,
        inputs: &Inputs<'_>,
        stages: &Stages,
        results: &Results,
    ) -> Result<(Vec<Table>, Vec<String>), Failure> {
        let machine = self.faulty(manifest).machine(inputs)?;
        let name = |layer: usize| machine.layers()[layer].compiled().name.clone();
        let struck = self.faulty(manifest).with_campaign(inputs, |campaign| {
            stages
                .iter()
                .map(|(faults, ran)| self.struck(campaign, faults, &*results.of(*ran)?))
                .collect::<Result<Vec<_>, _>>()
        })?;
        let mut by_layer = Table::new(LayerRow::SCHEMA);
        let mut worst: Vec<(FaultKind, String, f64)> = Vec::new();
        for of_kind in KINDS {
            let of_kind = struck.iter().filter_map(|struck| match struck.site {
                Site::Kind { kind, layer } if kind == of_kind => Some((kind, layer, struck)),
                _ => None,
            });
            let total: f64 = of_kind.clone().map(|(_, _, struck)| struck.hazard).sum();
            for (kind, layer, struck) in of_kind {
                let Some(s) = &struck.summary else { continue };
                match worst.last_mut().filter(|(of, _, _)| *of == kind) {
                    None => worst.push((kind, name(layer), s.silent_corruptions)),
                    Some(last) if last.2 < s.silent_corruptions => {
                        (last.1, last.2) = (name(layer), s.silent_corruptions);
                    }
                    Some(_) => {}
                }
                by_layer.push(self.layer_row(name(layer), kind, s, struck.hazard / total))?;
            }
        }
        let mut by_bit = Table::new(BitRow::SCHEMA);
        for struck in &struck {
            if let (Site::Bit { layer, bit }, Some(s)) = (struck.site, &struck.summary) {
                by_bit.push(self.bit_row(name(layer), bit, s))?;
            }
        }
        let summary = worst.iter().map(|(kind, layer, share)| {
            format!("one {}: worst in {layer}, {:.2} % of answers change", kind.name(), 100.0 * share)
        });
        Ok((vec![by_layer, by_bit], summary.collect()))
    }

    fn figure(&self, manifest: &Manifest, tables: &[Table]) -> Result<Figure, Failure> {
        Ok(figure::fault_sites(&manifest.title, &rows_of(tables)?, &rows_of(tables)?))
    }
}

/// What faults at a site did.
struct Struck {
    site: Site,
    /// Expected faults in an inference at the rate that makes one certain to be alone.
    hazard: f64,
    /// Nothing, where no fault of the kind can strike.
    summary: Option<Summary>,
}

impl FaultSitesStudy {
    fn faulty(&self, manifest: &Manifest) -> Faulty {
        Faulty::of(&self.network, self.machine, &self.images, manifest)
    }

    fn struck(
        &self,
        campaign: &Campaign<'_>,
        faults: &SingleFaults,
        ran: &Ran<KeptRecord>,
    ) -> Result<Struck, Failure> {
        let point = &faults.trials.point;
        let hazard = prepared(campaign, point, faults.site.models().as_deref()).expected_faults();
        let stream = Stream::resampling(faults.trials.faulty.seed, point.stage);
        let records: Vec<Record> = records(&ran.items);
        let summary = (hazard > 0.0)
            .then(|| Summary::of(campaign, &records, self.trials, 1.0, self.confidence, stream))
            .transpose()?;
        Ok(Struck { site: faults.site, hazard, summary })
    }

    fn layer_row(&self, layer: String, kind: FaultKind, s: &Summary, share_of_hazard: f64) -> LayerRow {
        LayerRow {
            network: self.network.clone(),
            layer,
            fault: kind.name().into(),
            inferences: s.inferences,
            changed_answers: s.silent_corruptions,
            changed_low: s.silent_corruptions_interval.low,
            changed_high: s.silent_corruptions_interval.high,
            changed_logits: s.changed_logits,
            noise: s.noise,
            noise_low: s.noise_interval.low,
            noise_high: s.noise_interval.high,
            share_of_hazard,
            confidence: self.confidence,
        }
    }

    fn bit_row(&self, layer: String, bit: u8, s: &Summary) -> BitRow {
        BitRow {
            network: self.network.clone(),
            layer,
            bit,
            inferences: s.inferences,
            changed_answers: s.silent_corruptions,
            changed_low: s.silent_corruptions_interval.low,
            changed_high: s.silent_corruptions_interval.high,
            changed_logits: s.changed_logits,
            noise: s.noise,
            noise_low: s.noise_interval.low,
            noise_high: s.noise_interval.high,
            confidence: self.confidence,
        }
    }
}

/// The longest accumulator of a layer, in bits.
fn accumulator_bits(layer: &MachineLayer) -> u8 {
    let outputs = layer.compiled().programs.iter().flat_map(|program| program.outputs());
    outputs.map(|(_, format)| format.bits).max().unwrap_or(0)
}
