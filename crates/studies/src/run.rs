//! A network run on a machine: what is kept of it, and the machine itself for those who need more.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use compiler::Options;
use network::Network;
use rtm_ap::{ActivationsAt, Events, LayerDemand, Machine, MachineLayer};
use serde::{Deserialize, Serialize};

use crate::error::RunError;
use crate::manifest::Images;

/// What is run, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunRequest {
    /// The network, by name.
    pub network: String,
    /// The array and the compiler's options.
    pub options: Options,
    /// Where activations are made.
    pub activations: ActivationsAt,
    /// The images.
    pub images: Images,
    /// Whether its programs are executed, or their events expected from the program alone.
    pub way: Way,
}

impl RunRequest {
    /// A network executed over images, with activations made at the periphery.
    pub fn executed(network: &str, options: Options, images: &Images) -> Self {
        Self {
            network: network.to_owned(),
            options,
            activations: ActivationsAt::Periphery,
            images: images.clone(),
            way: Way::Executed,
        }
    }

    /// The same with activations made where it is said.
    pub fn with_activations(self, activations: ActivationsAt) -> Self {
        Self { activations, ..self }
    }

    /// The same with events expected from the program alone.
    pub fn expected(self) -> Self {
        Self { way: Way::Expected, ..self }
    }
}

/// How events are come by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// By execution.
    Executed,
    /// From the program, and the share of set bits in the images' activations.
    Expected,
}

/// What a compiled layer is, in numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunLayer {
    /// Its name.
    pub name: String,
    /// Additions and subtractions of its programs.
    pub operations: usize,
    /// Rows that hold an output position.
    pub occupied_rows: u64,
    /// What it asks of the processors.
    pub demand: LayerDemand,
}

impl From<&MachineLayer> for RunLayer {
    fn from(layer: &MachineLayer) -> Self {
        let compiled = layer.compiled();
        Self {
            name: compiled.name.clone(),
            operations: compiled.statistics.operations(),
            occupied_rows: layer.rows().occupied,
            demand: layer.into(),
        }
    }
}

/// What is kept of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// For each linear layer, the mean over the images.
    pub events: Vec<Events>,
    /// For each linear layer, the events expected from the program and the images' share of set bits.
    pub expected: Vec<Events>,
    /// The layers.
    pub layers: Vec<RunLayer>,
    /// Program words of all layers, and of activations that are made on the arrays.
    pub words: usize,
}

/// A network run on a machine.
#[derive(Debug)]
pub struct MachineRun {
    network: Arc<Network>,
    options: Options,
    activations: ActivationsAt,
    kept: Kept,
    machine: RefCell<Option<Rc<Machine>>>,
}

impl MachineRun {
    /// What was kept of a run of a network.
    pub fn new(network: Arc<Network>, request: &RunRequest, kept: Kept, machine: Option<Machine>) -> Self {
        Self {
            network,
            options: request.options,
            activations: request.activations,
            kept,
            machine: RefCell::new(machine.map(Rc::new)),
        }
    }

    /// The network.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// The compiled network. It is compiled when it is asked for, unless it has just run.
    ///
    /// # Errors
    /// If it does not compile.
    pub fn machine(&self) -> Result<Rc<Machine>, RunError> {
        if let Some(machine) = &*self.machine.borrow() {
            return Ok(Rc::clone(machine));
        }
        let machine = Rc::new(
            Machine::compile(Arc::clone(&self.network), &self.options)?.with_activations(self.activations)?,
        );
        *self.machine.borrow_mut() = Some(Rc::clone(&machine));
        Ok(machine)
    }

    /// Lets go of the compiled network: it is large, and made again when it is asked for.
    pub fn release_machine(&self) {
        self.machine.borrow_mut().take();
    }

    /// For each linear layer, the mean of the events over the images.
    pub fn events(&self) -> &[Events] {
        &self.kept.events
    }

    /// For each linear layer, the events expected from the program alone and the images' share of set bits.
    pub fn expected(&self) -> &[Events] {
        &self.kept.expected
    }

    /// The layers.
    pub fn layers(&self) -> &[RunLayer] {
        &self.kept.layers
    }

    /// What every layer asks of the processors.
    pub fn demands(&self) -> Vec<LayerDemand> {
        self.kept.layers.iter().map(|layer| layer.demand.clone()).collect()
    }

    /// Processors that the largest layer takes.
    pub fn processors(&self) -> u64 {
        self.kept.layers.iter().map(|layer| layer.demand.processors).max().unwrap_or(0)
    }

    /// The events of all layers, one after the other.
    pub fn total(&self) -> Events {
        let mut total = Events::default();
        self.kept.events.iter().for_each(|events| total += *events);
        total
    }

    /// Program words of all layers, and of activations that are made on the arrays.
    pub fn words(&self) -> usize {
        self.kept.words
    }
}
