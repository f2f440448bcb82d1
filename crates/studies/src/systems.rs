//! The systems that experiments compare, as manifests name them: each is a technology of a kind, opened with its file.
//!
//! A further kind of system is a crate that implements [`System`], a folder of technology files, and a line in [`KINDS`].

use std::sync::Arc;

use compiler::Geometry;
use crossbar::execution::WeightEncoding;
use crossbar::{CrossbarSystem, Gating, IdleTiles, ZeroSkipping};
use digital::{DigitalSystem, ZeroWeights};
use rtm_ap::{
    Events, Kept, LayerRows, NetworkEvents, Pricing, ProcessorDesign, ProcessorParameters, ProcessorSystem,
    SearchModel,
};
use schemars::JsonSchema;
use serde::Deserialize;
use system::{Precision, System, WeightStatistics};
use technology::{Energy, Quantity, TechnologyFile, Time};
use workspace::{Checks, Failure, Inputs};
use yaml::FieldPath;

use crate::images::Images;
use crate::machine::{Flow, MachineSettings};
use crate::names::{ComponentsName, CrossbarName, DigitalName};
use crate::run::{MachineRun, RunLayer};
use crate::{loaded, technologies};

/// The name of the associative processor in tables.
pub const PROCESSOR: &str = "RTM-AP";
/// The component library that studies price all systems by where nothing else is said.
pub const COMMON_COMPONENTS: &str = "cmos";
/// The name of the crossbar in tables.
pub const CROSSBAR: &str = "crossbar";

/// A kind of system that a manifest may name among `others`.
pub struct SystemKind {
    /// Its name in manifests: the folder of its technology files.
    pub name: &'static str,
    /// Opens a technology, moved to a node if one is given; the system bears the point's name.
    pub open: OpenSystem,
}

/// Opens a technology, given as the point's name, the technology's, and a node in nm.
pub type OpenSystem = fn(&Inputs<'_>, &str, &str, Option<f64>) -> Result<Box<dyn System>, Failure>;

/// The kinds of systems that compute a workload from its shapes and statistics alone.
pub static KINDS: [SystemKind; 2] = [
    SystemKind {
        name: "crossbar",
        open: |inputs, point, technology, node_nm| {
            let mut file = TechnologyFile::clone(&*technologies::crossbar(inputs, technology)?);
            file.design.node_nm = node_nm.unwrap_or(file.design.node_nm);
            Ok(Box::new(CrossbarSystem::new(point, file.design, file.parameters)))
        },
    },
    SystemKind {
        name: "digital",
        open: |inputs, point, technology, node_nm| {
            let file = digital_technology(inputs, technology, node_nm)?;
            Ok(Box::new(DigitalSystem::new(point, file.design, file.parameters, ZeroWeights::Computed)))
        },
    },
];

names::names! {
    /// What a baseline's weights are.
    pub enum WeightPrecision: "a precision of weights" {
        /// The network's own ternary weights.
        Ternary = "ternary",
        /// Weights of eight bits in the same shapes.
        EightBit = "8-bit" | "eight_bit",
    }
}

impl WeightPrecision {
    /// The weights of a network with a share of zeros, and its activations, as a system takes them.
    pub fn precision(self, weight_sparsity: f64, activation_bits: u32) -> Precision {
        let weights = match self {
            Self::Ternary => WeightStatistics::Ternary { zeros: weight_sparsity },
            Self::EightBit => WeightStatistics::Symmetric { bits: 8 },
        };
        Precision { weights, activation_bits }
    }
}

/// One crossbar that the model computes.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CrossbarPoint {
    /// The name in tables and figures.
    pub name: String,
    /// The technology file.
    #[schemars(with = "CrossbarName")]
    pub technology: String,
    /// The node to scale it to, nm; the file's own if left out.
    pub node_nm: Option<f64>,
    /// What its weights are.
    pub weights: WeightPrecision,
    /// Bits of its activations.
    pub activation_bits: u32,
    /// Whether empty bit planes are skipped; as the file says if left out.
    #[serde(default)]
    pub zero_skipping: Option<ZeroSkipping>,
    /// Whether segments without weights are gated; as the file says if left out.
    #[serde(default)]
    pub gating: Option<Gating>,
    /// What tiles whose layer is not computed do; as the file says if left out.
    #[serde(default)]
    pub idle_tiles: Option<IdleTiles>,
    /// How weights become codes of cells; as the file says if left out.
    #[serde(default)]
    pub encoding: Option<WeightEncoding>,
    /// Bits of a cell; as the file says if left out.
    #[serde(default)]
    pub cell_bits: Option<u32>,
    /// The component library that prices what it shares with other systems; the file's own if left out.
    #[serde(default)]
    #[schemars(with = "Option<ComponentsName>")]
    pub components: Option<String>,
}

impl CrossbarPoint {
    /// A crossbar with a network's own weights and activations.
    pub fn matching(name: &str, technology: &str, node_nm: Option<f64>, activation_bits: u32) -> Self {
        Self {
            name: name.to_owned(),
            technology: technology.to_owned(),
            node_nm,
            weights: WeightPrecision::Ternary,
            activation_bits,
            zero_skipping: None,
            gating: None,
            idle_tiles: None,
            encoding: None,
            cell_bits: None,
            components: None,
        }
    }

    /// The system.
    ///
    /// # Errors
    /// If its technology is missing or wrong.
    pub fn system(&self, inputs: &Inputs<'_>) -> Result<CrossbarSystem, Failure> {
        let mut file = technologies::crossbar(inputs, &self.technology)?;
        if let Some(library) = &self.components {
            file = Arc::new(file.with_components(&*technologies::components(inputs, library)?));
        }
        let mut design = file.design;
        design.node_nm = self.node_nm.unwrap_or(design.node_nm);
        design.zero_skipping = self.zero_skipping.unwrap_or(design.zero_skipping);
        design.gating = self.gating.unwrap_or(design.gating);
        design.idle_tiles = self.idle_tiles.unwrap_or(design.idle_tiles);
        design.encoding = self.encoding.unwrap_or(design.encoding);
        design.cell_bits = self.cell_bits.unwrap_or(design.cell_bits);
        Ok(CrossbarSystem::new(&self.name, design, file.parameters.clone()))
    }

    /// What one image of a network costs on it.
    ///
    /// # Errors
    /// If an input is missing or wrong, or the model does not cover it.
    pub fn report(
        &self,
        inputs: &Inputs<'_>,
        network: &str,
        images: &Images,
    ) -> Result<system::Report, Failure> {
        let workload = loaded::workload(inputs, network, images, self.weights, self.activation_bits)?;
        Ok(self.system(inputs)?.evaluate(&workload)?)
    }
}

/// A digital reference.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DigitalPoint {
    /// The name in tables and figures.
    pub name: String,
    /// The technology file.
    #[schemars(with = "DigitalName")]
    pub technology: String,
    /// The node to scale it to, nm; the file's own if left out.
    pub node_nm: Option<f64>,
    /// What its weights are.
    pub weights: WeightPrecision,
    /// Bits of its activations.
    pub activation_bits: u32,
    /// What is done with weights that are zero.
    #[serde(default)]
    pub zero_weights: ZeroWeightsName,
    /// Images that go through together, for which weights are loaded once.
    #[serde(default = "one_image")]
    #[schemars(range(min = 1))]
    pub batch: u32,
}

fn one_image() -> u32 {
    1
}

names::names! {
    /// What a digital reference does with weights that are zero.
    pub enum ZeroWeightsName: "what is done with weights that are zero", by default Computed {
        /// They are multiplied like the others.
        Computed = "computed",
        /// They are skipped.
        Skipped = "skipped",
    }
}

impl From<ZeroWeightsName> for ZeroWeights {
    fn from(name: ZeroWeightsName) -> Self {
        match name {
            ZeroWeightsName::Computed => Self::Computed,
            ZeroWeightsName::Skipped => Self::Skipped,
        }
    }
}

/// A technology of a digital array, moved to a node.
fn digital_technology(
    inputs: &Inputs<'_>,
    name: &str,
    node_nm: Option<f64>,
) -> Result<TechnologyFile<digital::ArrayDesign>, Failure> {
    let mut file = TechnologyFile::clone(&*technologies::digital(inputs, name)?);
    file.design.node_nm = node_nm.unwrap_or(file.design.node_nm);
    Ok(file)
}

impl DigitalPoint {
    /// The system.
    ///
    /// # Errors
    /// If its technology is missing or wrong.
    pub fn system(&self, inputs: &Inputs<'_>) -> Result<DigitalSystem, Failure> {
        let file = digital_technology(inputs, &self.technology, self.node_nm)?;
        let system = DigitalSystem::new(&self.name, file.design, file.parameters, self.zero_weights.into());
        Ok(system.in_batches(self.batch))
    }
}

/// A baseline of any kind of system.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OtherPoint {
    /// The kind of system: the folder of its technology files.
    pub system: String,
    /// The name in tables and figures.
    pub name: String,
    /// The technology file.
    pub technology: String,
    /// The node to scale it to, nm; the file's own if left out.
    pub node_nm: Option<f64>,
    /// What its weights are.
    pub weights: WeightPrecision,
    /// Bits of its activations.
    pub activation_bits: u32,
}

impl OtherPoint {
    /// Its kind is known, and its technology is there.
    pub fn check(&self, path: &FieldPath, checks: &mut Checks<'_>) {
        let kinds: Vec<&str> = KINDS.iter().map(|kind| kind.name).collect();
        checks.one_of(&path.field("system"), &self.system, &kinds);
        let technology = format!("{} technology", self.system);
        checks.name(&technology, &path.field("technology"), &self.technology);
    }
}

/// What a run made happen, as a system of the associative processor takes it: image by image, on as many processors as the largest
/// layer takes.
pub fn events_of(network: &str, machine: MachineSettings, run: &MachineRun) -> Arc<NetworkEvents> {
    events_of_batch(network, machine, run, 1, run.processors())
}

/// The same for images that go through together, on so many processors.
pub fn events_of_batch(
    network: &str,
    machine: MachineSettings,
    run: &MachineRun,
    images: u32,
    installed: u64,
) -> Arc<NetworkEvents> {
    let geometry = machine.0.geometry;
    events_on(network, geometry, (run, geometry.rows() as u64), images, installed)
}

/// The same on arrays of a geometry that has other rows than those that the run was executed with.
pub fn events_on(
    network: &str,
    geometry: Geometry,
    (run, executed_rows): (&MachineRun, u64),
    images: u32,
    installed: u64,
) -> Arc<NetworkEvents> {
    let (array, onto) = (executed_rows, geometry.rows() as u64);
    let of_layer = |(layer, events): (&RunLayer, &Events)| {
        let rows = LayerRows { demand: &layer.demand, occupied: layer.occupied_rows, array, onto };
        (layer.name.clone(), events.of_batch(rows, images, installed))
    };
    Arc::new(NetworkEvents {
        network: network.to_owned(),
        geometry,
        layers: run.layers.iter().zip(&run.events).map(of_layer).collect(),
        kept: run.kept,
        installed,
        images,
    })
}

/// The associative processor under a technology and a search model.
pub fn processor(
    file: &TechnologyFile<ProcessorDesign>,
    name: &str,
    model: SearchModel,
    events: &Arc<NetworkEvents>,
) -> ProcessorSystem {
    ProcessorSystem::new(name, file.design, file.parameters.clone(), model, Arc::clone(events))
}

/// The associative processor under a technology and a search model, as a flow runs it.
pub fn system_of_flow(
    file: &TechnologyFile<ProcessorDesign>,
    name: &str,
    model: SearchModel,
    network: &str,
    (flow, run): (&Flow, &MachineRun),
) -> ProcessorSystem {
    let operation = flow.operation.unwrap_or(file.design.operation());
    let installed = operation.processors.unwrap_or(run.processors());
    let events = events_of_batch(network, flow.machine, run, operation.batch, installed);
    processor(file, name, model, &events).operated(operation)
}

/// A technology with its parameters at their nominal values, to price events by.
pub struct Priced {
    file: Arc<TechnologyFile<ProcessorDesign>>,
    /// The parameters, at the technology's own node.
    pub parameters: ProcessorParameters,
}

impl Priced {
    /// A technology of the associative processor, for a machine.
    ///
    /// # Errors
    /// If it is missing or wrong.
    pub fn by(inputs: &Inputs<'_>, technology: &str, machine: MachineSettings) -> Result<Self, Failure> {
        let file = technologies::processor(inputs, technology)?;
        let parameters =
            ProcessorParameters::varied(&file.parameters, file.design.node_nm, machine.0.geometry.domains())?;
        Ok(Self { parameters, file })
    }

    /// How events on a machine with such memories are charged.
    pub fn on(&self, machine: MachineSettings, model: SearchModel, kept: Kept) -> Pricing<'_> {
        self.with(&self.parameters, machine, model, kept)
    }

    /// The same with other parameters.
    pub fn with<'p>(
        &self,
        parameters: &'p ProcessorParameters,
        machine: MachineSettings,
        model: SearchModel,
        kept: Kept,
    ) -> Pricing<'p> {
        let operation = self.file.design.operation();
        Pricing { geometry: machine.0.geometry, parameters, model, operation, kept }
    }

    /// The technology file.
    pub fn file(&self) -> &TechnologyFile<ProcessorDesign> {
        &self.file
    }
}

/// Energy in µJ.
pub fn microjoules(energy: Energy) -> f64 {
    energy.base() * 1e-6
}

/// Time in ms.
pub fn milliseconds(time: Time) -> f64 {
    time.base() * 1e-6
}

/// Area in mm².
pub fn square_millimetres(area: technology::Area) -> f64 {
    area.base() * 1e-6
}
