//! A network on a machine, with labelled images, as fault studies take it: compiled and inferred without faults once.

use std::sync::Arc;

use faults::{Campaign, CleanRun};
use network::FeatureMap;
use rtm_ap::{ActivationsAt, Machine};
use workspace::{Failure, Inputs, Manifest};

use crate::images::{Images, image_set, labelled};
use crate::loaded::network;
use crate::machine::MachineSettings;
use crate::run::compiled;

/// What faults strike.
#[derive(Debug, Clone, PartialEq)]
pub struct Faulty {
    /// The network, by name.
    pub network: String,
    /// The array and the compiler's options.
    pub machine: MachineSettings,
    /// The images; they need labels.
    pub images: Images,
    /// Keys the random streams.
    pub seed: u64,
}

/// What is the same for all points of a campaign.
struct Prepared {
    machine: Arc<Machine>,
    images: Vec<FeatureMap>,
    labels: Vec<u16>,
    clean: CleanRun,
}

impl Faulty {
    /// A network on a machine over images, with the random streams of an experiment.
    pub fn of(network: &str, machine: MachineSettings, images: &Images, manifest: &Manifest) -> Self {
        Self { network: network.to_owned(), machine, images: images.clone(), seed: manifest.seed }
    }

    /// Everything that a campaign depends on beside its points.
    ///
    /// # Errors
    /// If an input is missing or wrong.
    pub fn ingredients(&self, inputs: &Inputs<'_>) -> Result<Vec<String>, Failure> {
        let loaded = network(inputs, &self.network)?;
        let images = image_set(inputs, &loaded, &self.images)?;
        let mut ingredients = loaded.fingerprints.clone();
        ingredients.extend([
            images.ingredient(self.images.count),
            format!("{:?}", self.machine.0),
            self.seed.to_string(),
        ]);
        Ok(ingredients)
    }

    /// The compiled network.
    ///
    /// # Errors
    /// If it cannot be loaded or compiled.
    pub fn machine(&self, inputs: &Inputs<'_>) -> Result<Arc<Machine>, Failure> {
        let loaded = network(inputs, &self.network)?;
        let at = ActivationsAt::Periphery;
        compiled(inputs, &self.network, Arc::clone(&loaded.network), &self.machine.0, at)
    }

    /// Does something with a campaign over no images: what can strike, and how often, does not depend on them.
    ///
    /// # Errors
    /// If the network cannot be compiled, or what is done fails.
    pub fn with_hazards<T>(
        &self,
        inputs: &Inputs<'_>,
        work: impl FnOnce(&Campaign<'_>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        work(&Campaign::new(&*self.machine(inputs)?, &[], &[], self.seed)?)
    }

    /// Does something with the campaign.
    ///
    /// # Errors
    /// If it cannot be prepared, or what is done fails.
    pub fn with_campaign<T>(
        &self,
        inputs: &Inputs<'_>,
        work: impl FnOnce(&Campaign<'_>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let machine = self.machine(inputs)?;
        // Noted here: what is prepared once rests on them in every experiment.
        image_set(inputs, &*network(inputs, &self.network)?, &self.images)?;
        let prepared = inputs.load_large(&format!("{self:?}"), |_| {
            let labelled = labelled(inputs, &self.network, &self.images)?;
            let clean = CleanRun::of(&machine, &labelled.images)?;
            Ok(Prepared { machine, images: labelled.images, labels: labelled.labels, clean })
        })?;
        let Prepared { machine, images, labels, clean } = &*prepared;
        work(&Campaign::after(machine, images, labels, self.seed, clean.clone())?)
    }
}
